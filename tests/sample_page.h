/* A page with a block of every kind and a chart of every kind, for the tests of page writers. */
#ifndef POCKETMARK_TESTS_SAMPLE_PAGE_H
#define POCKETMARK_TESTS_SAMPLE_PAGE_H

#include <math.h>

#include "reports/page/page.h"

/* Everything that a format could mistake for its own: tags, Markdown, controls, a mark that turns the text around, invalid bytes. */
#define SAMPLE_HOSTILE                                                                                                 \
    "<script>alert(1)</script> | [x](y) `c` **b** @me\n# h\n\x1b[31m \xe2\x80\xae"                                     \
    "evil \xff"

static inline struct chart *sample_bars(void)
{
    struct chart *chart = chart_new("speed", "Decode by format");
    struct chart_panel *panel = chart_panel(chart, CHART_BARS, "Decode", "tokens per second", "");
    size_t measured, raw, roof, row[2];

    row[0] = chart_row(chart, panel, "llama-3.2-1b q4_0");
    row[1] = chart_row(chart, panel, "llama-3.2-1b q8_0");
    measured = chart_series(chart, panel, "measured");
    raw = chart_series(chart, panel, "launches");
    roof = chart_series(chart, panel, "read roof");
    panel->series[raw].raw = true;
    panel->series[roof].limit = true;
    chart_add(chart, panel, measured, 47.4, (double)row[0], 46.0, 48.8, NULL);
    chart_add(chart, panel, measured, 25.9, (double)row[1], 25.8, 26.0, NULL);
    chart_add(chart, panel, raw, 47.9, (double)row[0], NAN, NAN, NULL);
    chart_add(chart, panel, roof, 53.8, (double)row[0], NAN, NAN, NULL);
    chart_finding(chart, "q4_0 is 1.83 times as fast as q8_0.");
    chart_foot(chart, "bars: median of 6 launches");
    return chart;
}

static inline struct chart *sample_layers(void)
{
    struct chart *chart = chart_new("fit", "Measured and predicted");
    struct chart_panel *panel = chart_panel(chart, CHART_BARS, "", "tokens per second", "");
    size_t row = chart_row(chart, panel, "llama-3.2-3b q4_0"), measured = chart_series(chart, panel, "measured"),
           predicted = chart_series(chart, panel, "predicted");

    chart_row(chart, panel, "phi-4 q4_0");
    panel->series[predicted].hollow = true;
    chart_add(chart, panel, measured, 19.0, (double)row, NAN, NAN, NULL);
    chart_add(chart, panel, predicted, 18.2, (double)row, 17.3, 19.1, NULL);
    chart_add(chart, panel, predicted, 4.4, (double)row + 1, 4.2, 4.6, NULL);
    chart_rule(chart, panel, true, 5.3, "reading speed");
    return chart;
}

static inline struct chart *sample_stack(void)
{
    struct chart *chart = chart_new("memory", "Memory");
    struct chart_panel *panel = chart_panel(chart, CHART_STACK, "", "GB", "");
    size_t row = chart_row(chart, panel, "llama-3.2-1b q8_0");

    chart_add(chart, panel, chart_series(chart, panel, "weights"), 1.2, (double)row, NAN, NAN, NULL);
    chart_add(chart, panel, chart_series(chart, panel, "cache"), 0.3, (double)row, NAN, NAN, NULL);
    chart_add(chart, panel, chart_series(chart, panel, "scratch"), 0.5, (double)row, NAN, NAN, NULL);
    chart_rule(chart, panel, true, 4, "limit of the device");
    return chart;
}

static inline struct chart *sample_forest(void)
{
    struct chart *chart = chart_new("ratio", "Against the first");
    struct chart_panel *panel = chart_panel(chart, CHART_INTERVAL, "", "ratio", "");
    size_t series = chart_series(chart, panel, "");

    chart_add(chart, panel, series, 0.9, (double)chart_row(chart, panel, "decode"), 0.85, 0.95, NULL);
    chart_add(chart, panel, series, 1.1, (double)chart_row(chart, panel, "prefill"), NAN, NAN, NULL);
    chart_rule(chart, panel, true, 1, "no difference");
    return chart;
}

/* Speed over time with raw points, and points by energy. */
static inline struct chart *sample_curves(void)
{
    struct chart *chart = chart_new("sustained", "Over ten minutes");
    struct chart_panel *panel = chart_panel(chart, CHART_LINES, "", "minutes", "tokens per second");
    size_t median = chart_series(chart, panel, "median"), raw = chart_series(chart, panel, "repetitions");

    panel->series[raw].raw = true;
    for (int i = 9; i >= 0; i--) { /* not in the order of x */
        chart_add(chart, panel, median, i, 50 - i, NAN, NAN, NULL);
        chart_add(chart, panel, raw, i, 51 - i, NAN, NAN, NULL);
    }
    chart_rule(chart, panel, true, 4.5, "first throttle event");
    panel = chart_panel(chart, CHART_POINTS, "Energy", "decode, tok/s", "J/token");
    chart_add(chart, panel, chart_series(chart, panel, "q4_0"), 47.4, 0.031, NAN, NAN, "llama-3.2-1b q4_0");
    return chart;
}

static inline void sample_grid(struct page *page, const char *id, const char *name, size_t rows, bool folded)
{
    struct grid *grid = page_grid(page, id, folded ? "Every launch" : "Speed by format");

    grid_column(grid, "model", "", false);
    grid_column(grid, "decode", "tok/s", true);
    grid_column(grid, "of roof", "", true);
    grid_column(grid, "runs", "", false);
    for (size_t i = 0; i < rows; i++) {
        grid_text(grid, "%s", name);
        grid_href(grid, "results/a b.json");
        grid_value(grid, 47.4 - (double)i, "%.1f ±1.4", 47.4 - (double)i);
        grid_value(grid, 0.881, "88.1 %%");
        grid_share(grid, 0.881);
        grid_text(grid, "%s", i ? "" : "yes");
        grid_mark(grid, i ? MARK_NO : MARK_YES);
    }
    if (grid)
        grid->folded = folded;
}

/* `name` stands in every place where text comes from outside. Close it. */
static inline void sample_page(struct page *page, const char *name)
{
    page_open(page, name, "one result of 2026");
    page_badge(page, "virtual machine");
    page_section(page, "summary", "In short");
    page_text(page, BLOCK_LEAD, "%s writes 47.4 tokens per second.", name);
    page_text(page, BLOCK_TEXT, "%s", name);
    page_text(page, BLOCK_NOTE, "predicted: %s", name);
    page_text(page, BLOCK_WARNING, "%s was disturbed", name);
    page_pair(page, MARK_PREDICTED, "largest model that runs", "phi-4 q4_0, %s", name);
    page_pair(page, MARK_NONE, "processor", "%s", name);
    page_item(page, MARK_YES, "verified: %s", name);
    page_item(page, MARK_NONE, "no energy source");
    page_link(page, "a (b).json", "the result of %s", name);
    page_section(page, "nothing", "An empty section");
    page_section(page, "speed", "Speed");
    page_chart(page, sample_bars());
    sample_grid(page, "speed-table", name, 2, false);
    sample_grid(page, "launches", name, 12, true);
    page_chart(page, sample_layers());
    page_chart(page, sample_stack());
    page_chart(page, sample_forest());
    page_chart(page, sample_curves());
    page_attach(page, "result.json", "application/json", "{}", 2);
}

#endif
