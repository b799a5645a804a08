/* What the gate tells: sentences, Markdown, JUnit, annotations; hostile names; limits of length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "reports/gate_view.h"
#include "reports/gate_writer.h"
#include "runner/repeat.h"
#include "tests/gate_records.h"

struct scene {
    struct gate_world world;
    struct record base, candidate;
    struct gate_options options;
    struct gate gate;
};

static void scene_judge(struct scene *scene)
{
    struct error error = {0};

    compare_options_default(&scene->options.compare);
    scene->options.repeat = repeat_line;
    assert_int_equal(gate_judge(&scene->gate, &scene->options, &(struct gate_source){&scene->base, "old.json"}, 1,
                                &(struct gate_source){&scene->candidate, "new.json"}, &error),
                     STATUS_OK);
}

/* The first cell decodes 5 % slower. */
static void scene_records(struct scene *scene, unsigned cells, unsigned slowed)
{
    scene->world = (struct gate_world){
        .state = 3, .cells = cells, .launches = 10, .noise = 0.01, .slowed = slowed, .slowdown = 0.05};
    gate_pair(&scene->world, &scene->base, &scene->candidate, true);
}

static void scene_close(struct scene *scene)
{
    gate_close(&scene->gate);
    record_close(&scene->base);
    record_close(&scene->candidate);
}

static char *written(const struct scene *scene, const char *format)
{
    static const struct writer_style style = {.utf8 = true, .width = 120};
    struct error error = {0};
    char *text;
    size_t length;

    assert_int_equal(gate_writer_text(gate_writer_find(format), &scene->gate, &style, &text, &length, &error),
                     STATUS_OK);
    assert_int_equal(length, strlen(text));
    return text;
}

static size_t count(const char *text, const char *word)
{
    size_t found = 0;

    for (; (text = strstr(text, word)); text += strlen(word))
        found++;
    return found;
}

static void expect_in(const char *text, const char *word)
{
    if (!strstr(text, word))
        fail_msg("'%s' is not in:\n%s", word, text);
}

static void test_sentences(void **state)
{
    struct scene scene;
    char text[GATE_LINE_MAX];

    (void)state;
    scene_records(&scene, 3, 1);
    scene_judge(&scene);
    gate_view_headline(text, sizeof text, &scene.gate);
    assert_string_equal(text, "regressed: 1 of 12 figures worse");
    gate_view_finding(text, sizeof text, &scene.gate, &scene.gate.rows[0]);
    expect_in(text, "model-0 q4_0: decode 4.7 % slower [3.7 to 5.6 %], 49.8 tok/s → 47.6 tok/s");
    gate_view_certainty(text, sizeof text, &scene.gate, &scene.gate.rows[0]);
    expect_in(text, "over 12 tests, 10 against 10 launches, a change of 2.0 % matters");
    expect_in(text, "--rerun");
    gate_row_repeat(text, sizeof text, &scene.gate, &scene.gate.rows[0]);
    assert_string_equal(text, "pocketmark run --model=model-0 --quant=q4_0 --prompt=128 --generate=32 --depth=0 "
                              "--engine=null --seed=42 --launches=10 --against=OLD_BINARY");
    scene_close(&scene);
}

static void test_text(void **state)
{
    struct scene scene;
    char *text;

    (void)state;
    scene_records(&scene, 3, 1);
    scene_judge(&scene);
    text = written(&scene, "text");
    assert_int_equal(strncmp(text, "regressed: ", 11), 0);
    expect_in(text, "again: pocketmark run --model=model-0");
    expect_in(text, "launches took turns");
    free(text);
    scene_close(&scene);
}

static void test_markdown(void **state)
{
    struct scene scene;
    char *text;

    (void)state;
    scene_records(&scene, 3, 1);
    scene_judge(&scene);
    text = written(&scene, "markdown");
    assert_int_equal(strncmp(text, "<!-- pocketmark -->\n", 20), 0);
    assert_int_equal(count(text, "<!-- pocketmark -->"), 1);
    assert_true(strstr(text, "| regressed |") < strstr(text, "<details>"));
    assert_int_equal(count(text, "<details>"), count(text, "</details>"));
    expect_in(text, "11 figures of no concern");
    expect_in(text, "Smallest changes these launches could show");
    free(text);
    scene_close(&scene);
}

static void test_markdown_fits_a_comment(void **state)
{
    struct scene scene;
    char *text;

    (void)state;
    scene_records(&scene, 400, 400);
    scene_judge(&scene);
    text = written(&scene, "markdown");
    assert_true(strlen(text) <= 65536);
    expect_in(text, "left out for length");
    expect_in(text, "</details>");
    free(text);
    scene_close(&scene);
}

static void test_annotations(void **state)
{
    struct scene scene;
    char *text;

    (void)state;
    scene_records(&scene, 30, 20);
    scene_judge(&scene);
    text = written(&scene, "github");
    assert_int_equal(count(text, "::error "), 1);
    assert_int_equal(count(text, "\n"),
                     count(text, "::error ") + count(text, "::warning ") + count(text, "::notice ") + 1);
    expect_in(text, "::error title=pocketmark%3A ");
    expect_in(text, " %25 slower");
    expect_in(text, "%0A… and ");
    free(text);
    scene_close(&scene);
}

static void test_junit(void **state)
{
    struct scene scene;
    char *text;

    (void)state;
    scene_records(&scene, 3, 1);
    scene_judge(&scene);
    text = written(&scene, "junit");
    expect_in(text, "tests=\"12\" failures=\"1\" errors=\"0\" skipped=\"0\"");
    assert_int_equal(count(text, "<testcase "), 12);
    assert_int_equal(count(text, "<failure "), 1);
    assert_int_equal(count(text, "<system-out>"), 12);
    expect_in(text,
              "classname=\"d-0123456789abcdef.null.model-0\" name=\"model-0.q4_0.p128.n32 decode_tokens_per_second\"");
    free(text);
    scene_close(&scene);
}

/* Names from outside end no markup, no attribute, no annotation, and call nobody. */
static void test_hostile_names(void **state)
{
    static const char name[] = "a|b\n::error::x <script> \"&' @all `rm` %0A [l](u) \x80 ]]>";
    struct scene scene;
    char *text;

    (void)state;
    scene_records(&scene, 1, 1);
    snprintf(scene.base.cells[0].title, sizeof scene.base.cells[0].title, "%s", name);
    facts_text(&scene.base.cells[0].model, "name", NULL, name);
    facts_text(&scene.candidate.cells[0].model, "name", NULL, name);
    scene_judge(&scene);
    assert_int_equal(scene.gate.outcome, GATE_REGRESSED);
    text = written(&scene, "markdown");
    expect_in(text, "?rm?"); /* the command, in a code span */
    free(text);
    scene.options.repeat = NULL;
    text = written(&scene, "markdown");
    assert_null(strstr(text, "<script>"));
    assert_null(strstr(text, "@all"));
    expect_in(text, "a\\|b");
    free(text);
    text = written(&scene, "github");
    assert_null(strstr(text, "\n::error::x"));
    expect_in(text, "%250A");
    free(text);
    text = written(&scene, "junit");
    assert_null(strstr(text, "<script>"));
    assert_null(strstr(text, "]]>"));
    free(text);
    text = written(&scene, "text");
    assert_null(strstr(text, "\n::error"));
    free(text);
    scene_close(&scene);
}

static void test_refused(void **state)
{
    struct scene scene;
    char *text;

    (void)state;
    scene_records(&scene, 2, 0);
    facts_text(&scene.candidate.device, "device_id", NULL, "d-ffffffffffffffff");
    gate_blocks(&scene.base, 2);
    scene_judge(&scene);
    text = written(&scene, "text");
    assert_int_equal(strncmp(text, "not comparable: 1 of 1 baselines refused", 40), 0);
    expect_in(text, "device");
    free(text);
    text = written(&scene, "markdown");
    expect_in(text, "is refused");
    free(text);
    text = written(&scene, "github");
    assert_int_equal(strncmp(text, "::error title=pocketmark%3A baseline refused::old.json", 54), 0);
    free(text);
    text = written(&scene, "junit");
    expect_in(text, "tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\"");
    free(text);
    scene_close(&scene);
}

static void test_suffixes(void **state)
{
    (void)state;
    assert_string_equal(gate_writer_for_path("x.md")->name, "markdown");
    assert_string_equal(gate_writer_for_path("a.b/x.xml")->name, "junit");
    assert_string_equal(gate_writer_for_path("x.txt")->name, "text");
    assert_null(gate_writer_for_path(".md"));
    assert_null(gate_writer_for_path("x.github"));
    assert_null(gate_writer_find("html"));
}

/* A command for a shell is read by it as it was meant. */
static void test_repeat_is_quoted(void **state)
{
    struct gate_world world = {.state = 1, .cells = 1, .launches = 6};
    struct record record;
    char text[960], small[40];

    (void)state;
    gate_record(&world, &record, 1);
    facts_text(&record.cells[0].model, "name", NULL, "it's $(here)");
    repeat_line(text, sizeof text, &record, &record.cells[0]);
    expect_in(text, " '--model=it'\\''s $(here)' --quant=q4_0 ");
    repeat_line(small, sizeof small, &record, &record.cells[0]);
    assert_true(strlen(small) < sizeof small);
    facts_text(&record.cells[0].parameters, "workload", NULL, "matmul");
    repeat_line(text, sizeof text, &record, &record.cells[0]);
    assert_string_equal(text, "");
    facts_text(&record.workload, "name", NULL, "quick");
    repeat_line(text, sizeof text, &record, &record.cells[0]);
    expect_in(text, "pocketmark run quick ");
    expect_in(text, "--cells=model-0.q4_0.p128.n32");
    record_close(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences),     cmocka_unit_test(test_text),
        cmocka_unit_test(test_markdown),      cmocka_unit_test(test_markdown_fits_a_comment),
        cmocka_unit_test(test_annotations),   cmocka_unit_test(test_junit),
        cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_suffixes),      cmocka_unit_test(test_repeat_is_quoted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
