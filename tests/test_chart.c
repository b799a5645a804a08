#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chart.h"
#include "reports/chart_script.h"
#include "tests/scratch_tree.h"
#include "tests/svg_check.h"

static const double none = NAN;

/* A chart's picture as text, to be freed; skips the test where gnuplot is not installed. */
static char *draw(const struct chart *chart, enum chart_form form, size_t *length)
{
    struct error error = {0};
    struct picture picture;
    enum status status = chart_draw(&chart, 1, form, &picture, &error);

    if (status == STATUS_UNSUPPORTED) {
        print_message("%s\n", error.text);
        skip();
    }
    if (status != STATUS_OK)
        fail_msg("%s: %s", chart->id, error.text);
    *length = picture.length;
    return picture.bytes;
}

/* Draws it as it stands in a page and checks that. Frees the chart; the SVG is to be freed. */
static char *draw_page(struct chart *chart)
{
    size_t length;
    char *svg = draw(chart, CHART_SVG, &length);

    svg_check(svg, length, chart->id);
    chart_free(chart);
    return svg;
}

/* The same, and draws it in all other forms. */
static char *draw_all(struct chart *chart)
{
    size_t length;
    char *bytes;

    assert_false(chart->failed);
    bytes = draw(chart, CHART_SVG_FILE, &length);
    svg_check(bytes, length, chart->id);
    free(bytes);
    bytes = draw(chart, CHART_PNG, &length);
    assert_true(length > 1000);
    assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n", 8);
    free(bytes);
    bytes = draw(chart, CHART_PDF, &length);
    assert_true(length > 1000);
    assert_memory_equal(bytes, "%PDF-", 5);
    free(bytes);
    return draw_page(chart);
}

static size_t occurrences(const char *text, const char *word)
{
    size_t count = 0;

    while ((text = strstr(text, word)) != NULL) {
        count++;
        text++;
    }
    return count;
}

/* Two models measured with their launches and roofs, a third predicted. */
static struct chart *bars_chart(const char *id)
{
    static const char *const names[] = {"small q4_0", "small q8_0", "large q4_0"};
    struct chart *chart = chart_new(id, "Decode speed & more");
    struct chart_panel *panel = chart_panel(chart, CHART_BARS, "Decode", "tokens per second", "");
    size_t measured = chart_series(chart, panel, "measured"), predicted = chart_series(chart, panel, "predicted");
    size_t raw = chart_series(chart, panel, "launches"), roof = chart_series(chart, panel, "roof");

    panel->series[predicted].hollow = true;
    panel->series[predicted].like = measured;
    panel->series[raw].raw = true;
    panel->series[raw].like = measured;
    panel->series[roof].limit = true;
    for (int i = 0; i < 3; i++) {
        double row = (double)chart_row(chart, panel, "%s", names[i]), value = 48.1 / (i + 1);
        chart_add(chart, panel, i < 2 ? measured : predicted, value, row, 0.98 * value, 1.01 * value,
                  i == 2 ? "16 ±2" : NULL);
        for (int k = 0; k < 5 && i < 2; k++)
            chart_add(chart, panel, raw, value * (1 + 0.002 * k), row, none, none, NULL);
        chart_add(chart, panel, roof, 1.3 * value, row, none, none, NULL);
    }
    chart_finding(chart, "small reaches %d <tokens>", 48);
    chart_foot(chart, "bars: medians");
    return chart;
}

static void test_bars(void **state)
{
    char *svg;

    (void)state;
    svg = draw_all(bars_chart("speed-decode"));
    assert_non_null(strstr(svg, "<title id=\"speed-decode-title\">Decode speed &#38; more</title>"));
    assert_non_null(strstr(svg, "<desc id=\"speed-decode-desc\">small reaches 48 &#60;tokens&#62;</desc>"));
    assert_non_null(strstr(svg, "aria-labelledby=\"speed-decode-title speed-decode-desc\""));
    assert_non_null(strstr(svg, "viewBox=\"0 0 560 "));
    assert_null(strstr(svg, " width=\"560\" height=\"100%\""));
    assert_non_null(strstr(svg, ">Decode, tokens per second<"));
    assert_non_null(strstr(svg, ">48.1<"));
    assert_non_null(strstr(svg, ">16 ±2<"));
    assert_non_null(strstr(svg, ">large q4_0<"));
    assert_int_equal(occurrences(svg, ">roof<"), 1);
    assert_non_null(strstr(svg, "rgb(213,  94,   0)"));
    assert_null(strstr(svg, "bars: medians")); /* the page sets it */
    free(svg);
}

static void test_alone(void **state)
{
    struct chart *chart = bars_chart("alone");
    size_t length;
    char *svg;

    (void)state;
    svg = draw(chart, CHART_SVG_FILE, &length);
    assert_non_null(strstr(svg, "xmlns=\"http://www.w3.org/2000/svg\""));
    assert_non_null(strstr(svg, "fill=\"#ffffff\""));
    assert_int_equal(occurrences(svg, ">Decode speed &"), 2); /* as title, and to be seen */
    assert_non_null(strstr(svg, ">bars: medians<"));
    free(svg);
    chart_free(chart);
}

static void test_stack(void **state)
{
    static const char *const parts[] = {"weights", "KV cache", "scratch", "runtime"};
    struct chart *chart = chart_new("memory", "Memory");
    struct chart_panel *panel = chart_panel(chart, CHART_STACK, "", "GB", "");
    size_t limit;
    char *svg;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        chart_series(chart, panel, parts[i]);
    limit = chart_series(chart, panel, "limit");
    panel->series[limit].limit = true;
    for (size_t row = 0; row < 2; row++) {
        chart_row(chart, panel, "model %zu", row);
        for (size_t i = 0; i < 4; i++)
            chart_add(chart, panel, i, 1.5 / (double)(i + 1 + row), (double)row, none, none, NULL);
        chart_add(chart, panel, limit, 4, (double)row, none, none, NULL);
    }
    chart_rule(chart, panel, true, 8, "8 GB device");
    svg = draw_all(chart);
    assert_non_null(strstr(svg, ">3.12<")); /* 1.5 + 0.75 + 0.5 + 0.375 */
    assert_non_null(strstr(svg, ">8 GB device<"));
    assert_non_null(strstr(svg, "<pattern id=\"memory-gpPat")); /* not by colour alone */
    free(svg);
}

static void test_interval(void **state)
{
    struct chart *chart = chart_new("ratio", "Ratio");
    struct chart_panel *panel = chart_panel(chart, CHART_INTERVAL, "B to A", "ratio", "");
    char *svg;

    (void)state;
    chart_series(chart, panel, "better");
    chart_series(chart, panel, "open");
    panel->series[1].hollow = true;
    for (size_t i = 0; i < 4; i++)
        chart_add(chart, panel, i / 2, 0.95 + 0.05 * (double)i, (double)chart_row(chart, panel, "case %zu", i),
                  0.9 + 0.05 * (double)i, 1 + 0.05 * (double)i, NULL);
    chart_rule(chart, panel, true, 1, "equal");
    svg = draw_all(chart);
    assert_non_null(strstr(svg, ">equal<"));
    assert_non_null(strstr(svg, ">0.950<"));
    assert_non_null(strstr(svg, ">1.10<"));
    free(svg);
}

static void test_lines(void **state)
{
    struct chart *chart = chart_new("depth", "Depth");
    struct chart_panel *panel = chart_panel(chart, CHART_LINES, "", "tokens in the cache", "tokens/s");
    char *svg;

    (void)state;
    panel->y_zero = true;
    for (size_t s = 0; s < 3; s++) {
        chart_series(chart, panel, s == 0 ? "A" : s == 1 ? "B" : "");
        panel->series[s].hollow = s == 1;
        panel->series[s].raw = s == 2;
        for (int i = 0; i < 5; i++)
            chart_add(chart, panel, s, 1024 * i, 40 - 3 * i - 10 * (double)s, i == 2 ? none : 30.0, 41, NULL);
    }
    chart_rule(chart, panel, false, 5, "reading speed");
    chart_rule(chart, panel, true, 2048, "trained context");
    svg = draw_all(chart);
    assert_non_null(strstr(svg, ">reading speed<"));
    assert_non_null(strstr(svg, ">trained context<"));
    assert_non_null(strstr(svg, ">tokens in the cache<"));
    assert_non_null(strstr(svg, "stroke-dasharray"));
    assert_non_null(strstr(svg, "fill-opacity=\"0.18"));
    free(svg);
}

static void test_roofline(void **state)
{
    struct chart *chart = chart_new("roofline", "Roofline");
    struct chart_panel *panel = chart_panel(chart, CHART_POINTS, "", "MAC per byte", "MAC/s");
    char *svg;

    (void)state;
    panel->x_log = panel->y_log = true;
    chart_series(chart, panel, "decode");
    chart_series(chart, panel, "bandwidth");
    panel->series[1].slope = true;
    chart_add(chart, panel, 0, 1.8, 3e10, 2.8e10, 3.1e10, "small q4_0");
    chart_add(chart, panel, 0, 300, 5e11, none, none, NULL);
    chart_add(chart, panel, 1, 0.5, 1e10, none, none, NULL);
    chart_add(chart, panel, 1, 40, 8e11, none, none, NULL);
    chart_rule(chart, panel, false, 8e11, "INT8 peak");
    svg = draw_all(chart);
    assert_non_null(strstr(svg, ">100G<"));
    assert_non_null(strstr(svg, ">small q4_0<"));
    assert_non_null(strstr(svg, ">INT8 peak<"));
    free(svg);
}

/* Panels over time share their x axis, whose ticks and name stand below the last alone. */
static void test_panels(void **state)
{
    struct chart *chart = chart_new("sustained", "Over time");
    char *svg;

    (void)state;
    for (int k = 0; k < CHART_PANELS_MAX; k++) {
        struct chart_panel *panel = chart_panel(chart, CHART_LINES, k % 2 ? "Heat" : "Speed", "minutes", "");
        chart_series(chart, panel, "one minute");
        for (int i = 0; i < 100; i++)
            chart_add(chart, panel, 0, 0.1 * i, 50 - 0.1 * i * k, none, none, NULL);
        chart_rule(chart, panel, true, 3.2, k ? "" : "throttled");
    }
    assert_null(chart_panel(chart, CHART_LINES, "", "", ""));
    svg = draw_all(chart);
    assert_int_equal(occurrences(svg, ">minutes<"), 1);
    assert_int_equal(occurrences(svg, ">10<") + occurrences(svg, ">10.0<"), 1);
    assert_int_equal(occurrences(svg, ">one minute<"), 1); /* the same key is not told again */
    assert_int_equal(occurrences(svg, ">Heat<"), 2);
    free(svg);
}

/* Names come from outside and must stay text, for gnuplot as for the reader of the SVG. */
static void test_hostile(void **state)
{
    struct scratch_tree tree;
    char trap[128], text[512], huge[10001];
    char *svg;

    (void)state;
    scratch_open(&tree);
    snprintf(trap, sizeof trap, "%s/trap", tree.root);
    snprintf(text, sizeof text, "';system('touch %s');'<b>]]>&`touch %s` \\\n@x {a}_b^c \"q\" %%s $d\xff\xef\xbf\xbf\\",
             trap, trap);
    memset(huge, 'W', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    for (enum chart_kind kind = CHART_BARS; kind <= CHART_POINTS; kind++) {
        struct chart *chart = chart_new("hostile", text);
        struct chart_panel *panel = chart_panel(chart, kind, text, huge, text);
        chart_finding(chart, "%s", text);
        chart_foot(chart, "%s", huge);
        chart_series(chart, panel, text);
        chart_series(chart, panel, huge);
        chart_series(chart, panel, "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xe2\x80\xae turned");
        chart_row(chart, panel, "%s", text);
        chart_row(chart, panel, "%s", huge);
        for (size_t s = 0; s < 3; s++)
            for (int i = 0; i < 2; i++)
                chart_add(chart, panel, s, 5, i, 4, 6, s ? huge : text);
        chart_rule(chart, panel, true, 5, text);
        chart_rule(chart, panel, false, 1, huge);
        svg = kind == CHART_BARS ? draw_all(chart) : draw_page(chart);
        assert_null(strstr(svg, "<b>"));
        assert_null(strstr(svg, "\xe2\x80\xae"));
        assert_non_null(strstr(svg, ";system("));
        assert_null(strstr(svg, "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"));
        assert_non_null(strstr(svg, "W…"));
        free(svg);
    }
    assert_int_not_equal(access(trap, F_OK), 0);
    scratch_close(&tree);
}

/* Values that no axis was made for: equal, zero, negative, over many orders of magnitude, beyond all bounds, in rows that do not
 * exist, in every kind. */
static void test_odd_values(void **state)
{
    static const double values[][4] = {
        {0, 0, 0, 0},
        {5, 5, 5, 5},
        {-3, -2, 0, 1},
        {1e-6, 1, 1e3, 1e6},
        {1e300, 2, 1, 1e-300},
        {1e308, -1e308, 0, 1e5},
        {1e9, 1e9 + 1e-3, 1e9, 1e9},
        {1e-320, 0, 1e-310, 0},
    };

    (void)state;
    for (enum chart_kind kind = CHART_BARS; kind <= CHART_POINTS; kind++) {
        const struct chart *charts[16];
        struct picture pictures[16];
        struct error error = {0};
        enum status status;
        for (size_t v = 0; v < 16; v++) {
            const double *four = values[v % 8];
            char id[32];
            struct chart *chart;
            struct chart_panel *panel;
            snprintf(id, sizeof id, "odd-%zu", v);
            charts[v] = chart = chart_new(id, "Odd");
            panel = chart_panel(chart, kind, "", "x", "y");
            panel->x_log = panel->y_log = v >= 8;
            chart_series(chart, panel, "one");
            chart_series(chart, panel, "two");
            chart_row(chart, panel, "only");
            for (size_t i = 0; i < 4; i++)
                chart_add(chart, panel, i / 2, four[i], kind >= CHART_LINES ? four[3 - i] : (double)(i % 2 * 7),
                          four[i] - 1e308, i ? four[i] + 1 : INFINITY, NULL);
            chart_rule(chart, panel, v % 2, four[0], "rule");
        }
        status = chart_draw(charts, 16, CHART_SVG, pictures, &error);
        for (size_t v = 0; v < 16; v++) {
            if (status == STATUS_OK)
                svg_check(pictures[v].bytes, pictures[v].length, charts[v]->id);
            free(pictures[v].bytes);
            chart_free((struct chart *)charts[v]);
        }
        if (status == STATUS_UNSUPPORTED)
            skip();
        if (status != STATUS_OK)
            fail_msg("kind %d: %s", (int)kind, error.text);
    }
}

static bool script_has(const struct chart *chart, enum chart_form form, const char *word)
{
    char *script = NULL;
    size_t length;
    FILE *out = open_memstream(&script, &length);
    bool has;

    assert_non_null(out);
    assert_true(script_write(out, chart, form, 0));
    assert_int_equal(fclose(out), 0);
    has = strstr(script, word) != NULL;
    free(script);
    return has;
}

static void test_many_rows(void **state)
{
    struct chart *chart = chart_new("many", "Many");
    struct chart_panel *panel = chart_panel(chart, CHART_BARS, "", "", "");
    size_t left_out = 0, length;
    char *svg;

    (void)state;
    for (size_t s = 0; s < 20; s++)
        chart_series(chart, panel, "a series with quite a long name");
    for (int i = 0; i < 30; i++) {
        size_t row = chart_row(chart, panel, "a model with a name that is much too long to stand beside its bar %d", i);
        left_out += row == SIZE_MAX;
        for (size_t s = 0; s < 20; s++)
            chart_add(chart, panel, s, i + (double)s, (double)row, none, none, NULL);
    }
    chart_rows_left_out(chart, left_out);
    assert_int_equal(left_out, 30 - CHART_ROWS_MAX);
    assert_string_equal(chart->foot, "6 more stand in the table");
    svg = draw(chart, CHART_SVG, &length);
    svg_check(svg, length, chart->id);
    assert_non_null(strstr(svg, "beside"));
    free(svg);
    assert_true(script_has(chart, CHART_SVG, "pattern"));
    assert_false(script_has(chart, CHART_PNG, "pattern")); /* it would take a minute */
    chart_free(chart);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bars),      cmocka_unit_test(test_alone),   cmocka_unit_test(test_stack),
        cmocka_unit_test(test_interval),  cmocka_unit_test(test_lines),   cmocka_unit_test(test_roofline),
        cmocka_unit_test(test_panels),    cmocka_unit_test(test_hostile), cmocka_unit_test(test_odd_values),
        cmocka_unit_test(test_many_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
