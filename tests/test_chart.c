#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/chart.h"
#include "tests/sample_record.h"

struct pictures {
    char folder[64], base[96], svg[112], png[112];
};

static int pictures_open(void **state)
{
    struct pictures *pictures = malloc(sizeof *pictures);

    assert_non_null(pictures);
    strcpy(pictures->folder, P_tmpdir "/pocketmark-chart-XXXXXX");
    assert_non_null(mkdtemp(pictures->folder));
    snprintf(pictures->base, sizeof pictures->base, "%s/it's `a` \"b\"", pictures->folder);
    snprintf(pictures->svg, sizeof pictures->svg, "%s.svg", pictures->base);
    snprintf(pictures->png, sizeof pictures->png, "%s.png", pictures->base);
    *state = pictures;
    return 0;
}

static int pictures_close(void **state)
{
    struct pictures *pictures = *state;

    unlink(pictures->svg);
    unlink(pictures->png);
    rmdir(pictures->folder); /* fails if anything else was left there, which the tests look for */
    free(pictures);
    return 0;
}

/* Draws; skips the test where gnuplot is not installed. */
static void draw(const struct record *record, const struct pictures *pictures)
{
    struct error error = {0};
    enum status status = chart_save(record, pictures->base, &error);

    if (status == STATUS_UNSUPPORTED) {
        print_message("%s\n", error.text);
        skip();
    }
    if (status != STATUS_OK)
        fail_msg("%s", error.text);
}

static char *read_text(const char *path)
{
    char *text = calloc(1, 1 << 20);
    FILE *file = fopen(path, "rb");

    assert_non_null(text);
    assert_non_null(file);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

static void test_draws(void **state)
{
    const struct pictures *pictures = *state;
    struct record record;
    char *text;

    sample_record(&record);
    draw(&record, pictures);
    text = read_text(pictures->svg);
    assert_non_null(strstr(text, "<svg"));
    assert_non_null(strstr(text, "</svg>"));
    assert_non_null(strstr(text, "viewBox"));
    assert_non_null(strstr(text, "llama-3.2-1b q4_0"));
    assert_non_null(strstr(text, "Example Core 7 1234U"));
    assert_non_null(strstr(text, "tokens per second"));
    assert_non_null(strstr(text, "81 % of roof"));
    assert_null(strstr(text, "llama-3.1-8b")); /* skipped cells are not drawn */
    assert_null(strstr(text, "ffn_up"));
    free(text);
    text = read_text(pictures->png);
    assert_memory_equal(text, "\x89PNG\r\n\x1a\n", 8);
    free(text);
    record_close(&record);
}

/* Names come from outside and must stay text, for gnuplot as for the reader of the SVG. */
static void test_hostile_names(void **state)
{
    const struct pictures *pictures = *state;
    char trap[80];
    struct record record;
    char *text;

    snprintf(trap, sizeof trap, "%s/trap", pictures->folder);
    sample_record(&record);
    snprintf(record.cells[0].title, sizeof record.cells[0].title, "';system('touch %.60s');'<b>&`id`\n\\", trap);
    facts_text(&record.device, "cpu.name", NULL, "a_b^c{d} @x \"q\" `id` $HOME \\n\xff");
    draw(&record, pictures);
    assert_int_not_equal(access(trap, F_OK), 0);
    text = read_text(pictures->svg);
    assert_null(strstr(text, "<b>"));
    assert_non_null(strstr(text, "a_b^c{d} @x"));
    assert_non_null(strstr(text, ";system("));
    free(text);
    record_close(&record);
}

/* Only one of the two speeds, no intervals, no shares. */
static void test_sparse(void **state)
{
    const struct pictures *pictures = *state;
    struct record record;
    char *text;

    sample_record(&record);
    for (size_t i = 0; i < 2; i++) {
        record.cells[i].figures[FIELD_prefill_tokens_per_second].present = false;
        record.cells[i].figures[FIELD_prefill_utilization_ratio].present = false;
        record.cells[i].figures[FIELD_decode_utilization_ratio].present = false;
        record.cells[i].figures[FIELD_decode_tokens_per_second].ci_low = NAN;
        record.cells[i].figures[FIELD_decode_tokens_per_second].ci_high = NAN;
    }
    draw(&record, pictures);
    text = read_text(pictures->svg);
    assert_non_null(strstr(text, "Decode"));
    assert_null(strstr(text, "Prefill"));
    free(text);
    for (size_t i = 0; i < 2; i++) {
        record.cells[i].figures[FIELD_prefill_tokens_per_second].present = true;
        record.cells[i].figures[FIELD_decode_tokens_per_second].present = false;
    }
    draw(&record, pictures);
    text = read_text(pictures->svg);
    assert_non_null(strstr(text, "Prefill"));
    assert_non_null(strstr(text, "llama-3.2-1b q4_0"));
    assert_non_null(strstr(text, "Example Core"));
    assert_null(strstr(text, "Decode"));
    free(text);
    record_close(&record);
}

static void test_many_cells(void **state)
{
    const struct pictures *pictures = *state;
    struct record record;
    char id[32];

    sample_record(&record);
    for (int i = 0; i < 30; i++) {
        snprintf(id, sizeof id, "more.%d", i);
        sample_model(&record, id, "a-model-with-a-very-long-name-that-does-not-end-soon", "q4_0", 10 + i, 1 + i, 3e9);
    }
    draw(&record, pictures);
    record_close(&record);
}

static void test_nothing_to_draw(void **state)
{
    const struct pictures *pictures = *state;
    struct record record;
    struct error error = {0};

    sample_record(&record);
    record.cells[0].status = record.cells[1].status = CELL_FAILED;
    assert_int_equal(chart_save(&record, pictures->base, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "nothing to draw"));
    assert_int_not_equal(access(pictures->svg, F_OK), 0);
    record_close(&record);
}

static void test_without_gnuplot(void **state)
{
    const struct pictures *pictures = *state;
    char *path = getenv("PATH") ? strdup(getenv("PATH")) : NULL;
    struct record record;
    struct error error = {0};

    sample_record(&record);
    setenv("PATH", pictures->folder, 1);
    assert_int_equal(chart_save(&record, pictures->base, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "gnuplot is not installed"));
    assert_non_null(strstr(error.text, "gnuplot-nox"));
    if (path)
        setenv("PATH", path, 1);
    else
        unsetenv("PATH");
    free(path);
    assert_int_not_equal(access(pictures->svg, F_OK), 0);
    record_close(&record);
}

/* A gnuplot that fails: its own words are told. */
static void test_gnuplot_fails(void **state)
{
    const struct pictures *pictures = *state;
    char *path = getenv("PATH") ? strdup(getenv("PATH")) : NULL, fake[128];
    struct record record;
    struct error error = {0};
    FILE *file;

    snprintf(fake, sizeof fake, "%s/gnuplot", pictures->folder);
    assert_non_null(file = fopen(fake, "w"));
    fputs("#!/bin/sh\necho 'no such terminal' >&2\nexit 1\n", file);
    fclose(file);
    assert_int_equal(chmod(fake, 0755), 0);
    sample_record(&record);
    setenv("PATH", pictures->folder, 1);
    assert_int_equal(chart_save(&record, pictures->base, &error), STATUS_FAILED);
    if (path)
        setenv("PATH", path, 1);
    free(path);
    unlink(fake);
    assert_non_null(strstr(error.text, "no such terminal"));
    record_close(&record);
}

static void test_unwritable(void **state)
{
    struct record record;
    struct error error = {0};

    (void)state;
    sample_record(&record);
    assert_int_equal(chart_save(&record, "/nonexistent/folder/r", &error), STATUS_IO);
    assert_non_null(strstr(error.text, "/nonexistent/folder/r.svg"));
    record_close(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_draws, pictures_open, pictures_close),
        cmocka_unit_test_setup_teardown(test_hostile_names, pictures_open, pictures_close),
        cmocka_unit_test_setup_teardown(test_sparse, pictures_open, pictures_close),
        cmocka_unit_test_setup_teardown(test_many_cells, pictures_open, pictures_close),
        cmocka_unit_test_setup_teardown(test_nothing_to_draw, pictures_open, pictures_close),
        cmocka_unit_test_setup_teardown(test_without_gnuplot, pictures_open, pictures_close),
        cmocka_unit_test_setup_teardown(test_gnuplot_fails, pictures_open, pictures_close),
        cmocka_unit_test(test_unwritable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
