/* Single matrices: how near to the roof do they come? */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "reports/page/blocks.h"
#include "reports/page/cases.h"
#include "reports/page/sections.h"

static const enum field fields[] = {FIELD_matmul_macs_per_second, FIELD_matmul_read_bytes_per_second,
                                    FIELD_matmul_utilization_ratio};

enum { FIELD_SHOWN = sizeof fields / sizeof *fields };

static void tell_range(const struct cases *cases, struct page *page)
{
    const struct report_cell *least = NULL, *most = NULL;
    char low[BLOCKS_LABEL_MAX], high[BLOCKS_LABEL_MAX];

    for (size_t i = 0; i < cases->count; i++) {
        const struct report_cell *cell = &cases->items[i];
        double share = report_value(cell, FIELD_matmul_utilization_ratio);
        if (!isfinite(share))
            continue;
        least = !least || share < report_value(least, FIELD_matmul_utilization_ratio) ? cell : least;
        most = !most || share > report_value(most, FIELD_matmul_utilization_ratio) ? cell : most;
    }
    if (!most)
        return;
    cases_label(low, sizeof low, cases, least);
    cases_label(high, sizeof high, cases, most);
    if (least == most)
        page_text(page, BLOCK_LEAD, "%s reaches %.1f %% of its roof.", high,
                  100 * report_value(most, FIELD_matmul_utilization_ratio));
    else
        page_text(page, BLOCK_LEAD, "Matrices alone reach %.1f %% (%s) to %.1f %% (%s) of the roof that binds them.",
                  100 * report_value(least, FIELD_matmul_utilization_ratio), low,
                  100 * report_value(most, FIELD_matmul_utilization_ratio), high);
}

static void draw(const struct cases *cases, struct page *page)
{
    static const struct cases_bars bars = {FIELD_matmul_utilization_ratio, FIELD_COUNT, 100, "",
                                           "share of the roof, %",         ""};
    struct chart *chart = chart_new("products-roof", "Matrix products: share of the roof");
    size_t left_out = cases_chart(chart, cases, &bars), count = 0;
    double least = INFINITY, most = -INFINITY;
    char range[64];

    for (size_t i = 0; i < cases->count; i++) {
        double share = report_value(&cases->items[i], FIELD_matmul_utilization_ratio);
        if (!isfinite(share))
            continue;
        least = fmin(least, share);
        most = fmax(most, share);
        count++;
    }
    if (chart && chart->panel_count)
        chart_rule(chart, &chart->panels[0], true, 100, "roof");
    blocks_percent_range(range, sizeof range, least, most);
    chart_finding(chart, "%zu matrix product%s reach%s %s of the roof.", count, count == 1 ? "" : "s",
                  count == 1 ? "es" : "", range);
    chart_foot(chart, "Bar: median over launches; whisker: its 95 %% interval; dots: one per launch");
    chart_rows_left_out(chart, left_out);
    page_chart(page, chart);
}

static void tabulate(const struct cases *cases, struct page *page)
{
    struct grid *grid = page_grid(page, "products-table", "Matrix products");

    if (!grid)
        return;
    grid->sortable = true;
    cases_head(cases, grid);
    grid_column(grid, "arithmetic", "", true);
    grid_column(grid, "weights read", "", true);
    grid_column(grid, "of roof", "", true);
    grid_column(grid, "launches", "", true);
    for (size_t i = 0; i < cases->count; i++) {
        const struct report_cell *cell = &cases->items[i];
        const struct figure *figure = report_figure(cell, FIELD_matmul_macs_per_second);
        cases_row(cases, grid, cell);
        for (size_t k = 0; k < FIELD_SHOWN; k++)
            blocks_figure(grid, cell, fields[k]);
        blocks_share(grid, report_value(cell, FIELD_matmul_utilization_ratio));
        blocks_count(grid, figure ? (double)figure->launches : NAN);
    }
}

void section_products(const struct report *report, struct page *page)
{
    struct cases cases;

    if (!report->product_count)
        return;
    page->failed |= !cases_open(&cases, report, report->products, report->product_count);
    tell_range(&cases, page);
    draw(&cases, page);
    tabulate(&cases, page);
    cases_common(&cases, page, FIELD_matmul_macs_per_second);
    page_text(page, BLOCK_NOTE,
              "Of roof: %s; one token binds by reading, many by arithmetic. These are single matrices of the models, "
              "without attention and all that stands between them.",
              field_info(FIELD_matmul_utilization_ratio)->meaning);
    blocks_missing(page, cases.items, cases.count, fields, FIELD_SHOWN);
    cases_close(&cases);
}
