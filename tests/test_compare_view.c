/* The words and files of comparisons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/compare_view.h"
#include "reports/compare_writer.h"
#include "reports/json_syntax.h"
#include "tests/contest.h"

struct sample {
    struct record base, candidate;
    struct comparison comparison;
};

static void sample_open(struct sample *sample, const char *candidate_name)
{
    const struct record *records[] = {&sample->base, &sample->candidate};
    const char *names[] = {"old.json", candidate_name};
    struct compare_options options;
    struct error error = {0};

    contest_whole(&sample->base, "d-one", contest_base_commit, 50, 1);
    contest_whole(&sample->candidate, "d-one", contest_next_commit, 45, 2);
    compare_options_default(&options);
    assert_int_equal(comparison_make(&sample->comparison, records, names, 2, &options, &error), STATUS_OK);
}

static void sample_close(struct sample *sample)
{
    comparison_close(&sample->comparison);
    record_close(&sample->base);
    record_close(&sample->candidate);
}

static char *written(const struct comparison *comparison, const char *path, size_t width, size_t *length)
{
    const struct compare_writer *writer = compare_writer_for_path(path);
    const struct writer_style style = {.colour = false, .utf8 = true, .width = width};
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    struct error error = {0};

    assert_non_null(writer);
    assert_int_equal(writer->write(comparison, &style, out, &error), STATUS_OK);
    fclose(out);
    return text;
}

static void assert_says(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (!strstr(text, *words))
            fail_msg("'%s' is not in:\n%s", *words, text);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_parts(void **state)
{
    struct figure figure = {.present = true, .value = 48.1, .ci_low = 47.6, .ci_high = 48.2};
    char text[COMPARE_LINE_MAX];

    (void)state;
    compare_view_figure(text, sizeof text, &figure, FIELD_decode_tokens_per_second);
    assert_string_equal(text, "48.1 tok/s ±1.0 %");
    figure.ci_low = figure.ci_high = NAN;
    compare_view_figure(text, sizeof text, &figure, FIELD_decode_tokens_per_second);
    assert_string_equal(text, "48.1 tok/s");
    figure.present = false;
    compare_view_figure(text, sizeof text, &figure, FIELD_decode_tokens_per_second);
    assert_string_equal(text, "–");
    compare_view_ratio(text, sizeof text, &(struct interval){0.951, 0.944, 0.958});
    assert_string_equal(text, "0.951 [0.944 0.958]");
    compare_view_ratio(text, sizeof text, &(struct interval){123.4, NAN, NAN});
    assert_string_equal(text, "123");
    compare_view_ratio(text, sizeof text, &(struct interval){NAN, NAN, NAN});
    assert_string_equal(text, "–");
    compare_view_p(text, sizeof text, 1e-9);
    assert_string_equal(text, "< 0.0001");
    compare_view_p(text, sizeof text, 0.0123);
    assert_string_equal(text, "0.012");
    compare_view_p(text, sizeof text, NAN);
    assert_string_equal(text, "–");
}

/* Every field has a name of its own. */
static void test_field_names(void **state)
{
    char names[FIELD_COUNT][COMPARE_LINE_MAX];

    (void)state;
    for (int i = 0; i < FIELD_COUNT; i++) {
        compare_view_field(names[i], sizeof names[i], (enum field)i);
        assert_true(*names[i]);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(names[i], names[k]);
    }
    assert_string_equal(names[FIELD_decode_tokens_per_second], "decode");
    assert_string_equal(names[FIELD_time_to_first_token_seconds], "time to first token");
}

static void test_text(void **state)
{
    struct sample sample;
    size_t length;
    char *text;

    (void)state;
    sample_open(&sample, "new.json");
    text = written(&sample.comparison, "x.txt", 180, &length);
    assert_says(text,
                TEXTS("new.json against old.json: build: commit ffeeddccbbaa against commit 001122334455\n",
                      "regressed", "peak private", "700 MB", "visible", "llama-3.2-1b q4_0: 1 regressed, 2 equivalent",
                      "energy_joules_per_token is known on neither side", "Holm over 3 tests"));
    assert_true(strstr(text, "regressed") < strstr(text, "equivalent"));
    assert_non_null(strstr(text, "1        1.2 ")); /* the scale of the drawn intervals */
    assert_non_null(strstr(text, "●"));
    assert_null(strstr(text, "\033["));
    free(text);
    /* Narrow: columns go, the verdict and the ratio stay. */
    text = written(&sample.comparison, "x.txt", 60, &length);
    assert_says(text, TEXTS("regressed", "ratio", "["));
    assert_null(strstr(text, "visible from"));
    assert_null(strstr(text, "●"));
    for (const char *line = text; *line; line = strchrnul(line, '\n') + 1)
        assert_true(strchrnul(line, '\n') - line < 100);
    free(text);
    sample_close(&sample);
}

static void test_markdown(void **state)
{
    struct sample sample;
    size_t length;
    char *text;

    (void)state;
    sample_open(&sample, "a|b<i>.json");
    text = written(&sample.comparison, "x.md", 0, &length);
    assert_says(text, TEXTS("# Comparison: llama-3.2-1b q4", "| verdict | figure | base | candidate | ratio [95 %] |",
                            "|---|---|---:|", "| regressed | decode |", "a\\|b&lt;i"));
    assert_null(strstr(text, "<i>"));
    assert_null(strstr(text, "●"));
    free(text);
    sample_close(&sample);
}

static void test_csv(void **state)
{
    struct sample sample;
    size_t length, lines = 0, commas = 0;
    char *text;

    (void)state;
    sample_open(&sample, "new.json");
    text = written(&sample.comparison, "x.csv", 0, &length);
    for (const char *line = text; *line; line = strchrnul(line, '\n') + 1, lines++) {
        size_t own = 0;
        for (const char *at = line; *at != '\n'; at++)
            own += *at == ',';
        commas = commas ? commas : own;
        assert_int_equal(own, commas);
    }
    assert_int_equal(lines, 4);
    assert_says(text, TEXTS("base,candidate,factor,", "old.json,new.json,build,commit 001122334455,", ",regressed,\n",
                            ",decode_tokens_per_second,tokens_per_second,"));
    free(text);
    sample_close(&sample);
}

static void test_json(void **state)
{
    struct sample sample;
    struct error error = {0};
    size_t length;
    char *text;

    (void)state;
    sample_open(&sample, "\"\\\xff\n.json");
    text = written(&sample.comparison, "x.json", 0, &length);
    if (json_syntax_check(text, length, &error))
        fail_msg("%s", error.text);
    assert_says(text, TEXTS("\"pocketmark.comparison\"", "\"regressed\": 1", "\"factor\": \"build\"",
                            "\"needed_launches\"", "\"verdict\": \"regressed\"", "\"mixed\": false"));
    free(text);
    sample_close(&sample);
}

static void test_colour(void **state)
{
    const struct writer_style style = {.colour = true, .utf8 = false, .width = 120};
    struct sample sample;
    struct error error = {0};
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    (void)state;
    sample_open(&sample, "new.json");
    assert_int_equal(compare_writer_for_path("x.txt")->write(&sample.comparison, &style, out, &error), STATUS_OK);
    fclose(out);
    assert_non_null(strstr(text, "\033[33m  llama-3.2-1b q4_0: 1 regressed"));
    for (size_t i = 0; i < length; i++)
        assert_true((unsigned char)text[i] < 0x80);
    free(text);
    sample_close(&sample);
}

/* Rows of one reason are told together, once. */
static void test_reasons(void **state)
{
    struct record base, candidate;
    const struct record *records[] = {&base, &candidate};
    const char *names[] = {"old.json", "new.json"};
    struct compare_options options;
    struct comparison comparison;
    struct error error = {0};
    char text[COMPARE_LINE_MAX];
    uint64_t seed = 1;
    size_t cursor = 0;

    (void)state;
    contest_record(&base, "d-one", contest_base_commit);
    contest_record(&candidate, "d-one", contest_next_commit);
    contest_launches(contest_cell(&base, "llama-3.2-1b", "q4_0"), 3, 50, 0.01, &seed);
    contest_launches(contest_cell(&candidate, "llama-3.2-1b", "q4_0"), 3, 50, 0.01, &seed);
    compare_options_default(&options);
    assert_int_equal(comparison_make(&comparison, records, names, 2, &options, &error), STATUS_OK);
    assert_true(compare_view_reason(text, sizeof text, &comparison, &cursor));
    assert_says(text, TEXTS("inconclusive: ", "llama-3.2-1b q4_0 decode", "llama-3.2-1b q4_0 prefill",
                            ": needs n ≥ 6 launches a side; there are 3 and 3"));
    assert_false(compare_view_reason(text, sizeof text, &comparison, &cursor));
    comparison_close(&comparison);
    record_close(&base);
    record_close(&candidate);
}

static void test_nothing(void **state)
{
    struct comparison comparison = {0};
    static const char *const paths[] = {"x.txt", "x.md", "x.csv", "x.json"};
    char text[COMPARE_LINE_MAX];
    size_t length;

    (void)state;
    compare_view_summary(text, sizeof text, &comparison);
    assert_string_equal(text, "neither side has any of the figures");
    for (size_t i = 0; i < 4; i++)
        free(written(&comparison, paths[i], 80, &length));
    assert_null(compare_writer_for_path("x.html"));
    assert_null(compare_writer_for_path(".md"));
}

static void test_save(void **state)
{
    char folder[] = "/tmp/compare-view-XXXXXX", path[64];
    struct sample sample;
    struct error error = {0};

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.csv", folder);
    sample_open(&sample, "new.json");
    assert_int_equal(compare_writer_save(compare_writer_for_path(path), &sample.comparison, path, &error), STATUS_OK);
    assert_int_equal(access(path, R_OK), 0);
    unlink(path);
    rmdir(folder);
    assert_int_equal(compare_writer_save(compare_writer_for_path(path), &sample.comparison, path, &error), STATUS_IO);
    assert_non_null(strstr(error.text, path));
    sample_close(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),    cmocka_unit_test(test_field_names), cmocka_unit_test(test_text),
        cmocka_unit_test(test_markdown), cmocka_unit_test(test_csv),         cmocka_unit_test(test_json),
        cmocka_unit_test(test_colour),   cmocka_unit_test(test_reasons),     cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_save),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
