#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/page/cases.h"
#include "reports/page/sections.h"

enum { FOLDED_ROWS = 60 };

static const enum field latencies[] = {FIELD_inter_token_latency_p50_seconds, FIELD_inter_token_latency_p95_seconds,
                                       FIELD_inter_token_latency_p99_seconds};
enum { LATENCIES = sizeof latencies / sizeof *latencies };

static const struct {
    enum field field;
    const char *title;
} columns[] = {{FIELD_time_to_first_token_seconds, "first token"},
               {FIELD_inter_token_latency_p50_seconds, "token, p50"},
               {FIELD_inter_token_latency_p95_seconds, "p95"},
               {FIELD_inter_token_latency_p99_seconds, "p99"},
               {FIELD_load_seconds, "load"},
               {FIELD_cold_load_seconds, "cold load"}};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* Strokes for the percentiles above the median in the rows of the panel that cases_chart just made. */
static void percentile_strokes(struct chart *chart, const struct cases *cases)
{
    static const char *const names[LATENCIES] = {"", "p95", "p99"};
    struct chart_panel *panel = &chart->panels[chart->panel_count - 1];

    for (size_t k = 1; k < LATENCIES; k++) {
        size_t series = SIZE_MAX;
        double row = 0;
        for (size_t i = 0; i < cases->count && row < (double)panel->label_count; i++) {
            if (!report_figure(&cases->items[i], latencies[0]))
                continue;
            if (series == SIZE_MAX && report_figure(&cases->items[i], latencies[k])) {
                series = chart_series(chart, panel, names[k]);
                if (series < panel->series_count)
                    panel->series[series].limit = true;
            }
            if (series != SIZE_MAX)
                chart_add(chart, panel, series, report_value(&cases->items[i], latencies[k]) * 1e3, row, NAN, NAN,
                          NULL);
            row++;
        }
    }
}

/* The quickest and the slowest first token. */
static void finding_set(struct chart *chart, const struct cases *cases)
{
    const enum field field = FIELD_time_to_first_token_seconds;
    const struct report_cell *least = NULL, *most = NULL;
    char label[BLOCKS_LABEL_MAX], other[BLOCKS_LABEL_MAX], say[64], other_say[64];

    for (size_t i = 0; i < cases->count; i++) {
        const struct report_cell *cell = &cases->items[i];
        if (!report_figure(cell, field))
            continue;
        if (!least || report_value(cell, field) < report_value(least, field))
            least = cell;
        if (!most || report_value(cell, field) > report_value(most, field))
            most = cell;
    }
    if (!least)
        return;
    cases_label(label, sizeof label, cases, least);
    report_say(say, sizeof say, &least->cell->figures[field], field);
    cases_label(other, sizeof other, cases, most);
    report_say(other_say, sizeof other_say, &most->cell->figures[field], field);
    if (least == most)
        chart_finding(chart, "The first token comes after %s with %s.", say, label);
    else
        chart_finding(chart, "The first token comes after %s with %s, and after %s with %s.", say, label, other_say,
                      other);
}

static struct chart *time_chart(const struct cases *cases, enum origin origin)
{
    static const struct cases_bars first = {FIELD_time_to_first_token_seconds,
                                            FIELD_COUNT,
                                            1e3,
                                            "Time to first token",
                                            "milliseconds",
                                            ""},
                                   each = {FIELD_inter_token_latency_p50_seconds, FIELD_COUNT,    1e3,
                                           "Time of each further token",          "milliseconds", ""};
    char id[64], title[128];
    size_t left_out, panels, more;
    struct chart *chart;

    cases_origin_id(id, "time", origin);
    cases_origin_title(title, sizeof title, "Time to the first token and between tokens", origin);
    if (!(chart = chart_new(id, title)))
        return NULL;
    left_out = cases_chart(chart, cases, &first);
    panels = chart->panel_count;
    more = cases_chart(chart, cases, &each);
    if (chart->panel_count > panels)
        percentile_strokes(chart, cases);
    finding_set(chart, cases);
    chart_foot(chart, "Bars: medians; whiskers, where drawn: their 95 %% intervals; dots: one per launch%s",
               chart->panel_count > panels ? "; strokes: percentiles within a repetition" : "");
    chart_rows_left_out(chart, left_out > more ? left_out : more);
    return chart;
}

static bool column_used(const struct cases *cases, enum field field)
{
    for (size_t i = 0; i < cases->count; i++)
        if (report_figure(&cases->items[i], field) || *cases->items[i].cell->figures[field].reason)
            return true;
    return false;
}

static void build_grid(struct page *page, const struct cases *cases, enum origin origin)
{
    char id[64], caption[128], text[64];
    bool used[COLUMNS];
    struct grid *grid;

    cases_origin_id(id, "time-table", origin);
    cases_origin_title(caption, sizeof caption, "First token, time between tokens, and loading", origin);
    grid = page_grid(page, id, caption);
    cases_head(cases, grid);
    for (size_t k = 0; k < COLUMNS; k++)
        if ((used[k] = column_used(cases, columns[k].field)))
            grid_column(grid, columns[k].title, "", true);
    for (size_t i = 0; i < cases->count; i++) {
        cases_row(cases, grid, &cases->items[i]);
        for (size_t k = 0; k < COLUMNS; k++) {
            const struct figure *figure = &cases->items[i].cell->figures[columns[k].field];
            if (!used[k])
                continue;
            report_say(text, sizeof text, figure, columns[k].field);
            grid_value(grid, report_value(&cases->items[i], columns[k].field), "%s", text);
        }
    }
    if (grid) {
        grid->sortable = true;
        grid->folded = cases->count > FOLDED_ROWS;
    }
}

/* False: no case of that origin tells a time. */
static bool build_origin(const struct report *report, struct page *page, enum origin origin)
{
    enum field fields[COLUMNS];
    struct cases cases;
    bool any = false;

    page->failed |= !cases_open_origin(&cases, report, origin);
    for (size_t k = 0; k < COLUMNS; k++) {
        fields[k] = columns[k].field;
        any |= blocks_any(cases.items, cases.count, fields[k]);
    }
    if (any) {
        page_chart(page, time_chart(&cases, origin));
        build_grid(page, &cases, origin);
        cases_common(&cases, page, FIELD_time_to_first_token_seconds);
        blocks_missing(page, cases.items, cases.count, fields, COLUMNS);
    }
    cases_close(&cases);
    return any;
}

void section_time(const struct report *report, struct page *page)
{
    bool any = false;

    for (int origin = ORIGIN_NATIVE; origin <= ORIGIN_IMPORTED; origin++)
        any |= build_origin(report, page, (enum origin)origin);
    if (any)
        page_text(page, BLOCK_NOTE,
                  "The time to the first token runs from the prompt's token ids to the first token chosen; it holds no "
                  "tokenizer and no loading. Percentiles are of the steps within a repetition; their median over "
                  "launches is told.");
}
