#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "reports/chart_print.h"
#include "reports/page/writers.h"
#include "reports/text.h"
#include "tests/sample_page.h"

static char *written(const struct page *page, struct writer_style terminal)
{
    struct page_style style = {.terminal = terminal};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct error error = {0};

    assert_non_null(out);
    assert_int_equal(page_writer_for_path("x.txt")->write(page, &style, out, &error), STATUS_OK);
    assert_int_equal(fclose(out), 0);
    return text;
}

static char *written_sample(const char *name, struct writer_style terminal)
{
    struct page page;
    char *text;

    sample_page(&page, name);
    assert_false(page.failed);
    text = written(&page, terminal);
    page_close(&page);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

/* Line by line: at most `width` columns, no space at the end, valid UTF-8 without controls, ASCII where told. */
static void assert_lines(const char *text, size_t width, bool ascii)
{
    char *copy = strdup(text), *rest = copy;

    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        const char *at = line, *end = line + strlen(line);
        bool valid = true;
        while (at < end) {
            uint32_t code = text_next(&at, end, &valid);
            assert_true(valid && code >= 0x20 && code != 0x7f && code != 0x202e);
            assert_true(!ascii || code < 0x7f);
        }
        if (text_columns(line) > width || (*line && end[-1] == ' '))
            fail_msg("wider than %zu, or blanks at its end: '%s'", width, line);
    }
    free(copy);
}

static void test_every_block(void **state)
{
    char *text = written_sample("Example Core 7", (struct writer_style){false, true, 100});

    (void)state;
    assert_lines(text, 100, false);
    assert_true(strncmp(text, "Example Core 7\n  one result of 2026\n  ! virtual machine\n\nIn short\n", 60) == 0);
    assert_has(text, "\n  Example Core 7 writes 47.4 tokens per second.\n");
    assert_has(text, "\n  ! Example Core 7 was disturbed\n");
    assert_has(text, "\n  largest model that runs  ○ phi-4 q4_0, Example Core 7\n");
    assert_has(text, "\n  processor                Example Core 7\n");
    assert_has(text, "\n  ✔ verified: Example Core 7\n  · no energy source\n");
    assert_has(text, "\n  the result of Example Core 7: a (b).json\n");
    assert_has(text, "\n  Speed by format\n  model              decode  of roof");
    assert_has(text, "\n  Example Core 7  47.4 ±1.4  88.1 % ████████▊   ✔ yes\n");
    assert_has(text, "\n  q4_0 is 1.83 times as fast as q8_0.\n");
    assert_null(strstr(text, "An empty section"));
    assert_null(strstr(text, "\033"));
    free(text);
}

/* What few come for is cut, and the page says so. */
static void test_folded(void **state)
{
    char *text = written_sample("Example", (struct writer_style){false, true, 100}),
         *table = strstr(text, "Every launch");

    (void)state;
    assert_non_null(table);
    assert_has(table, "40.4 ±1.4");
    assert_null(strstr(table, "39.4 ±1.4"));
    assert_has(table, "and 4 more: see them with -o FILE.html");
    free(text);
}

static void test_charts(void **state)
{
    char *text = written_sample("Example", (struct writer_style){false, true, 100});

    (void)state;
    assert_has(text, "  Decode by format\n  Decode, tokens per second\n");
    assert_has(text, "\n  llama-3.2-1b q4_0  ██████████████████████████████████████▊    │  47.4 ±1.4\n");
    assert_has(text, "\n  llama-3.2-1b q8_0  █████████████████████▏                        25.9 ±0.1\n");
    assert_null(strstr(text, "47.9")); /* single measurements */
    assert_has(text, "\n  │ read roof\n");
    assert_has(text, "\n  llama-3.2-3b q4_0\n    measured   ████");
    assert_has(text, "\n    predicted  ▒▒▒▒");
    assert_has(text, "│ reading speed\n");
    assert_has(text, "  █████████████▓▓▓▓▒▒▒▒▒                     │  2.00\n");
    assert_has(text, "\n  █ weights; ▓ cache; ▒ scratch; │ limit of the device\n");
    assert_has(text, "\n  decode   ├────────●───────┤        │  ");
    assert_has(text, "●          1.10\n");
    assert_has(text, "\n  median  50.0 ██▇▆▅▄▃▂▁▁ 41.0\n  minutes: 0.00 to 9.00\n  4.50: first throttle event\n");
    assert_has(text, "\n  llama-3.2-1b q4_0           47.4    0.031\n");
    free(text);
}

static void test_ascii(void **state)
{
    char *text = written_sample("Beispiel größer", (struct writer_style){false, false, 80});

    (void)state;
    assert_lines(text, 80, true);
    assert_has(text, "####");
    assert_has(text, "[--");
    assert_has(text, "47.4 +/-1.4");
    assert_has(text, "| read roof");
    free(text);
}

static void test_every_width(void **state)
{
    static const size_t widths[] = {40, 41, 47, 53, 60, 72, 80, 99, 120, 180, 200, 400};
    static char longest[10001];

    (void)state;
    memset(longest, 'x', sizeof longest - 1);
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (int k = 0; k < 4; k++) {
            struct writer_style style = {false, k % 2 == 0, widths[i]};
            char *text = written_sample(k / 2 ? longest : SAMPLE_HOSTILE, style);
            assert_lines(text, widths[i], !style.utf8);
            free(text);
        }
}

/* A table of twelve figures beside a name. */
static char *written_wide(size_t width)
{
    struct page page;
    struct grid *grid;
    char *text;

    page_open(&page, "t", "");
    page_section(&page, "s", "s");
    grid = page_grid(&page, "g", "");
    grid_column(grid, "case", "", false);
    grid_text(grid, "a name of more than sixty characters, which no table has room for");
    for (int i = 0; i < 12; i++) {
        char title[32];
        snprintf(title, sizeof title, "figure %d", i);
        grid_column(grid, title, "", true);
        grid_value(grid, i, "%d", i);
    }
    text = written(&page, (struct writer_style){false, true, width});
    page_close(&page);
    return text;
}

static void test_narrow(void **state)
{
    char *text = written_wide(60);

    (void)state;
    assert_has(text, "\n  a name of mo…as room for  ");
    assert_has(text, "\n  not shown at this width: figure 3, figure 4, ");
    free(text);
    text = written_sample("a name of thirty characters !!", (struct writer_style){false, true, 40});
    assert_has(text,
               "\n  a name of thirty characters !!\n  decode   47.4 ±1.4 tok/s\n  of roof  88.1 %\n  runs     ✔ yes\n");
    assert_null(strstr(text, "not shown"));
    free(text);
    text = written_sample("Example", (struct writer_style){false, true, 5});
    assert_lines(text, 40, false);
    free(text);
}

static void test_colour(void **state)
{
    char *text = written_sample(SAMPLE_HOSTILE, (struct writer_style){true, true, 100});

    (void)state;
    assert_has(text, "\033[1m");
    assert_null(strstr(text, "\033[31m"));
    free(text);
}

static void test_bad_charts(void **state)
{
    static const enum chart_kind kinds[] = {CHART_BARS, CHART_STACK, CHART_INTERVAL, CHART_LINES, CHART_POINTS};
    static const double values[] = {0, -5, 1e300, -1e300, 1e-300};
    const struct writer_style style = {false, true, 60};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            struct chart *chart = chart_new("x", SAMPLE_HOSTILE);
            struct chart_panel *panel = chart_panel(chart, kinds[i], "", "", "");
            size_t series = chart_series(chart, panel, SAMPLE_HOSTILE), row = chart_row(chart, panel, "%s", "");
            char *text = NULL;
            size_t size;
            FILE *out = open_memstream(&text, &size);
            chart_row(chart, panel, "%s", SAMPLE_HOSTILE);
            panel->x_log = k % 2;
            chart_add(chart, panel, series, values[k], (double)row, values[4 - k], values[k], SAMPLE_HOSTILE);
            chart_rule(chart, panel, k % 2, values[4 - k], SAMPLE_HOSTILE);
            assert_true(chart_print(out, chart, &style));
            assert_int_equal(fclose(out), 0);
            assert_lines(text, 60, false);
            free(text);
            chart_free(chart);
        }
}

/* A chart of nothing but single measurements shows these. */
static void test_raw_alone(void **state)
{
    const struct writer_style style = {false, true, 60};
    struct chart *chart = chart_new("x", "");
    struct chart_panel *panel = chart_panel(chart, CHART_LINES, "", "minutes", "°C");
    size_t series = chart_series(chart, panel, "cores");
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    panel->series[series].raw = true;
    for (int i = 0; i < 1000; i++)
        chart_add(chart, panel, series, i, 40 + i / 100.0, NAN, NAN, NULL);
    assert_true(chart_print(out, chart, &style));
    assert_int_equal(fclose(out), 0);
    assert_lines(text, 60, false);
    assert_has(text, "  °C\n  cores  40.0 ▁");
    assert_has(text, "█ 50.0\n");
    free(text);
    chart_free(chart);
}

static void test_without_memory(void **state)
{
    struct page_style style = {.terminal = {false, true, 80}};
    struct error error = {0};
    struct page page;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    sample_page(&page, "Example");
    page.failed = true;
    assert_int_equal(page_writer_for_path("x.txt")->write(&page, &style, out, &error), STATUS_MEMORY);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "");
    free(text);
    page_close(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_block),    cmocka_unit_test(test_folded),      cmocka_unit_test(test_charts),
        cmocka_unit_test(test_ascii),          cmocka_unit_test(test_every_width), cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_colour),         cmocka_unit_test(test_bad_charts),  cmocka_unit_test(test_raw_alone),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
