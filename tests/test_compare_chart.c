/* Ratios drawn: as characters in a terminal, as charts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/compare_chart.h"
#include "reports/compare_view.h"
#include "reports/text.h"
#include "tests/contest.h"

enum { WIDTH = 23, MIDDLE = 11 };

static struct comparison_row row_of(double value, double low, double high)
{
    return (struct comparison_row){.ratio = {value, low, high}};
}

static void assert_drawn(const struct comparison *comparison, size_t index, const char *want)
{
    char text[COMPARE_LINE_MAX];

    compare_view_drawing(text, sizeof text, comparison, &comparison->rows[index]);
    assert_int_equal(text_columns(text), WIDTH);
    assert_string_equal(text, want);
}

static void test_drawing(void **state)
{
    struct comparison_row rows[] = {row_of(0.9, 0.85, 1.05), row_of(1, 1, 1), row_of(1.2, NAN, NAN),
                                    row_of(NAN, NAN, NAN), row_of(1 / 1.2, 1 / 1.2, 0.9)};
    const struct comparison comparison = {.rows = rows, .row_count = sizeof rows / sizeof *rows};
    char text[COMPARE_LINE_MAX];

    (void)state;
    compare_view_scale(text, sizeof text, &comparison);
    assert_string_equal(text, "0.833      1        1.2");
    assert_drawn(&comparison, 0, " ────●─────┼───        ");
    assert_drawn(&comparison, 1, "           ●           ");
    assert_drawn(&comparison, 2, "           │          ●");
    assert_drawn(&comparison, 3, "           │           ");
    assert_drawn(&comparison, 4, "●─────     │           ");
}

/* The scale follows the rows, whatever they are. */
static void test_scale(void **state)
{
    static const struct {
        double value;
        const char *scale;
    } cases[] = {
        {1, "0.98       1       1.02"},        {1.03, "0.952      1       1.05"}, {0.2, "0.2        1          5"},
        {7, "0.1        1         10"},        {1e4, "0.0001     1      1e+04"},  {1e-300, "1e-300     1     1e+300"},
        {INFINITY, "0.98       1       1.02"}, {0, "0.98       1       1.02"},    {-1, "0.98       1       1.02"}};
    char text[COMPARE_LINE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct comparison_row row = row_of(cases[i].value, cases[i].value, cases[i].value);
        const struct comparison comparison = {.rows = &row, .row_count = 1};
        compare_view_scale(text, sizeof text, &comparison);
        assert_string_equal(text, cases[i].scale);
        compare_view_drawing(text, sizeof text, &comparison, &row);
        assert_int_equal(text_columns(text), WIDTH);
    }
    compare_view_drawing(text, 8, &(struct comparison){0}, &(struct comparison_row){.ratio = {1, 1, 1}});
    assert_true(strlen(text) < 8);
}

/* ---- charts --------------------------------------------------------------------------------------------------------------- */

struct sample {
    struct record base, candidate;
    struct comparison comparison;
};

static void sample_open(struct sample *sample)
{
    const struct record *records[] = {&sample->base, &sample->candidate};
    const char *names[] = {"old.json", "new.json"};
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

static void test_panels(void **state)
{
    struct sample sample;
    struct chart *chart;

    (void)state;
    sample_open(&sample);
    chart = compare_chart("ratios", &sample.comparison);
    assert_non_null(chart);
    assert_true(chart_used(chart) && !chart->failed);
    assert_string_equal(chart->id, "ratios");
    assert_int_equal(chart->panel_count, 3); /* energy has no ratio */
    assert_string_equal(chart->panels[0].title, "decode, higher is better");
    assert_string_equal(chart->panels[1].title, "prefill, higher is better");
    assert_string_equal(chart->panels[2].title, "peak private, lower is better");
    assert_string_equal(chart->panels[0].x_title, "ratio to old.json");
    assert_string_equal(chart->panels[0].labels[0], "llama-3.2-1b q4_0");
    assert_false(chart->panels[0].x_log);
    assert_int_equal(chart->panels[0].rule_count, 3);
    assert_float_equal(chart->panels[0].rules[1].at, 0.97, 1e-9);
    assert_float_equal(chart->panels[0].series[0].points[0].x, 0.9, 0.02);
    assert_non_null(strstr(chart->finding, "1 of 3 ratios is surely away from 1"));
    assert_non_null(strstr(chart->finding, "most of all decode of llama-3.2-1b q4_0: 0."));
    assert_non_null(strstr(chart->foot, "decode 3 %, prefill 5 %, peak private"));
    chart_free(chart);
    sample_close(&sample);
}

/* Far apart, the axis is logarithmic, and what matters is too near to 1 for lines of its own. */
static void test_wide(void **state)
{
    struct comparison_row rows[] = {row_of(0.05, 0.04, 0.06), row_of(8, 7, 9)};
    const struct compare_chart_row labelled[] = {{&rows[0], "a"}, {&rows[1], "b"}};
    struct chart *chart;

    (void)state;
    rows[0].field = rows[1].field = FIELD_decode_tokens_per_second;
    rows[0].delta_ratio = rows[1].delta_ratio = 0.03;
    rows[0].verdict = rows[1].verdict = VERDICT_INCONCLUSIVE;
    chart = compare_chart_rows("wide", "Wide", "the base", labelled, 2);
    assert_true(chart->panels[0].x_log);
    assert_int_equal(chart->panels[0].rule_count, 1);
    assert_string_equal(chart->finding,
                        "None of 2 ratios is surely away from 1 by as much as matters; 2 are inconclusive.");
    chart_free(chart);
}

static void test_many(void **state)
{
    enum { ROWS = CHART_ROWS_MAX + 6 };
    struct comparison_row rows[ROWS];
    struct compare_chart_row labelled[ROWS];
    struct chart *chart;

    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        rows[i] = row_of(1 + 0.001 * (double)i, 1, 1.1);
        rows[i].field = FIELD_decode_tokens_per_second;
        labelled[i] = (struct compare_chart_row){&rows[i], "\n\xff<script>"};
    }
    chart = compare_chart_rows("many", "Many", "base", labelled, ROWS);
    assert_int_equal(chart->panels[0].label_count, CHART_ROWS_MAX);
    assert_non_null(strstr(chart->foot, "6 more stand in the table"));
    chart_free(chart);
}

static void test_none(void **state)
{
    struct comparison_row row = row_of(NAN, NAN, NAN);
    const struct comparison comparison = {.rows = &row}, empty = {0};
    const struct compare_chart_row labelled = {&row, "a"};
    struct chart *chart = compare_chart_rows("none", "None", "base", &labelled, 1);
    struct error error = {0};

    (void)state;
    assert_false(chart_used(chart));
    chart_free(chart);
    chart = compare_chart("none", &empty);
    assert_false(chart_used(chart));
    chart_free(chart);
    assert_int_equal(compare_chart_save(&comparison, "/nowhere/x.svg", &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "nothing to draw"));
}

static void test_names(void **state)
{
    static const char *const others[] = {"x", "svg", ".svg", "x.svg.txt", "x.pdf", "", "x."};
    enum chart_form form;

    (void)state;
    assert_true(compare_chart_form("a.b/x.svg", &form));
    assert_int_equal(form, CHART_SVG_FILE);
    assert_true(compare_chart_form("x.png", &form));
    assert_int_equal(form, CHART_PNG);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(compare_chart_form(others[i], &form));
}

/* Where gnuplot is not installed the error says so, and nothing is left behind. */
static void test_save(void **state)
{
    char folder[] = P_tmpdir "/compare-chart-XXXXXX", path[64];
    struct sample sample;
    struct error error = {0};
    enum status status;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.svg", folder);
    sample_open(&sample);
    status = compare_chart_save(&sample.comparison, path, &error);
    assert_int_equal(status == STATUS_OK, access(path, R_OK) == 0);
    if (status != STATUS_OK)
        assert_non_null(strstr(error.text, "gnuplot"));
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    if (status == STATUS_OK) {
        assert_int_equal(compare_chart_save(&sample.comparison, path, &error), STATUS_IO);
        assert_non_null(strstr(error.text, path));
    }
    sample_close(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drawing), cmocka_unit_test(test_scale), cmocka_unit_test(test_panels),
        cmocka_unit_test(test_wide),    cmocka_unit_test(test_many),  cmocka_unit_test(test_none),
        cmocka_unit_test(test_names),   cmocka_unit_test(test_save),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
