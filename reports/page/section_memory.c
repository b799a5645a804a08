/* How much memory do the models take, and of what? */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "reports/page/blocks.h"
#include "reports/page/cases.h"
#include "reports/page/sections.h"
#include "reports/units.h"

enum { CHARTS_MAX = 6 };

static const double gigabyte = 1e9;

/* The limit is shown as long as the bars fill this share of the axis. */
static const double in_sight_ratio = 0.3;

static const struct {
    enum field field;
    const char *name;
} parts[] = {{FIELD_weights_bytes, "weights"},
             {FIELD_kv_cache_bytes, "cache"},
             {FIELD_scratch_bytes, "scratch"},
             {FIELD_runtime_bytes, "runtime"}};

enum { PART_COUNT = sizeof parts / sizeof *parts };

/* The cells of one device. */
struct group {
    const struct report *report;
    struct cases cases;
    size_t device;
    double limit_bytes; /* NaN: unknown */
};

static double peak_bytes(const struct report_cell *cell)
{
    double bytes = report_value(cell, FIELD_peak_private_bytes);

    return isfinite(bytes) ? bytes : report_value(cell, FIELD_peak_rss_bytes);
}

/* Sum of the parts that are known; NaN: none is. *whole: all are. */
static double parts_bytes(const struct report_cell *cell, bool *whole)
{
    double sum = NAN;

    *whole = true;

    for (size_t i = 0; i < PART_COUNT; i++) {
        double bytes = report_value(cell, parts[i].field);
        *whole &= isfinite(bytes);
        if (isfinite(bytes))
            sum = (isfinite(sum) ? sum : 0) + bytes;
    }
    return sum;
}

static double difference(const struct report_cell *cell)
{
    return report_value(cell, FIELD_peak_private_bytes) / report_value(cell, FIELD_predicted_peak_bytes) - 1;
}

/* ---- in words ----------------------------------------------------------------------------------------------------------- */

static void tell_largest(const struct group *group, struct page *page)
{
    const struct report_cell *largest = NULL;
    double off = NAN;
    char label[BLOCKS_LABEL_MAX], peak[32], limit[32], share[48] = "",
                                                       where[sizeof group->report->devices->name + 4] = "";

    for (size_t i = 0; i < group->cases.count; i++) {
        const struct report_cell *cell = &group->cases.items[i];
        if (isfinite(peak_bytes(cell)) && (!largest || peak_bytes(cell) > peak_bytes(largest)))
            largest = cell;
        if (isfinite(difference(cell)))
            off = fmax(isfinite(off) ? off : 0, fabs(difference(cell)));
    }
    if (group->report->device_count > 1)
        snprintf(where, sizeof where, "%s: ", group->report->devices[group->device].name);
    if (largest) {
        cases_label(label, sizeof label, &group->cases, largest);
        units_format(peak, sizeof peak, "bytes", peak_bytes(largest));
        if (isfinite(group->limit_bytes))
            snprintf(share, sizeof share, ", %.3g %% of the %s that were usable",
                     100 * peak_bytes(largest) / group->limit_bytes,
                     units_format(limit, sizeof limit, "bytes", group->limit_bytes));
        page_text(page, BLOCK_LEAD, "%s%s takes %s%s at its peak%s.", where, label,
                  group->cases.count > 1 ? "the most memory: " : "", peak, share);
    }
    if (isfinite(off))
        page_text(page, BLOCK_TEXT, "%sMeasured peaks lie within %.1f %% of what was predicted before the load.", where,
                  100 * off);
}

/* ---- the chart ---------------------------------------------------------------------------------------------------------- */

/* False: of no case all parts are known, so that their shares are not. */
static bool find(const struct group *group, struct chart *chart)
{
    double least = INFINITY, most = -INFINITY;
    char range[64];
    bool partly = false;

    for (size_t i = 0; i < group->cases.count; i++) {
        bool whole;
        double sum = parts_bytes(&group->cases.items[i], &whole);
        double share = report_value(&group->cases.items[i], FIELD_weights_bytes) / sum;
        partly |= isfinite(sum) && !whole;
        if (!isfinite(share) || !whole)
            continue;
        least = fmin(least, share);
        most = fmax(most, share);
    }
    blocks_percent_range(range, sizeof range, least, most);
    if (most >= least)
        chart_finding(chart, "Weights are %s of what is allocated.", range);
    else
        chart_finding(chart, "What is known of the parts of each case, and its peak.");
    return partly;
}

static void finish(const struct group *group, struct chart *chart, struct chart_panel *panel, double widest,
                   size_t left_out)
{
    bool known = isfinite(group->limit_bytes), seen = known && widest >= in_sight_ratio * group->limit_bytes;
    bool partly = find(group, chart);
    char limit[32];

    units_format(limit, sizeof limit, "bytes", group->limit_bytes);
    if (seen)
        chart_rule(chart, panel, true, group->limit_bytes / gigabyte, "usable");
    chart_foot(chart, "Bars: as allocated by the engine%s; strokes: peak as measured%s%s%s",
               partly ? ", unknown parts not among them" : "",
               seen    ? "; line: the "
               : known ? "; usable, far to the right: "
                       : "",
               known ? limit : "", seen ? " that were usable" : "");
    chart_rows_left_out(chart, left_out);
}

static void draw(const struct group *group, const char *id, struct page *page)
{
    struct chart *chart = chart_new(id, "Memory by use");
    struct chart_panel *panel = chart_panel(chart, CHART_STACK, "", "GB", "");
    size_t series[PART_COUNT], peaks, left_out = 0;
    double widest = 0;

    for (size_t i = 0; i < PART_COUNT; i++)
        series[i] = chart_series(chart, panel, parts[i].name);
    peaks = chart_series(chart, panel, "peak, measured");
    if (panel && peaks < panel->series_count)
        panel->series[peaks].limit = true;
    for (size_t i = 0; i < group->cases.count; i++) {
        const struct report_cell *cell = &group->cases.items[i];
        char label[BLOCKS_LABEL_MAX];
        bool whole;
        double sum = parts_bytes(cell, &whole);
        size_t row;
        if (!isfinite(sum))
            continue;
        cases_label(label, sizeof label, &group->cases, cell);
        row = chart_row(chart, panel, "%s", label);
        left_out += row == SIZE_MAX;
        for (size_t k = 0; k < PART_COUNT && row != SIZE_MAX; k++)
            chart_add(chart, panel, series[k], report_value(cell, parts[k].field) / gigabyte, (double)row, NAN, NAN,
                      NULL);
        if (row == SIZE_MAX)
            continue;
        chart_add(chart, panel, peaks, peak_bytes(cell) / gigabyte, (double)row, NAN, NAN, NULL);
        widest = fmax(widest, fmax(sum, isfinite(peak_bytes(cell)) ? peak_bytes(cell) : 0));
    }
    finish(group, chart, panel, widest, left_out);
    page_chart(page, chart);
}

/* ---- the table ---------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *title, *subtitle;
    enum field field;
} columns[] = {{"weights", "", FIELD_weights_bytes},
               {"of these", "embedding", FIELD_embedding_weights_bytes},
               {"cache", "", FIELD_kv_cache_bytes},
               {"scratch", "", FIELD_scratch_bytes},
               {"runtime", "", FIELD_runtime_bytes},
               {"predicted", "peak", FIELD_predicted_peak_bytes},
               {"measured", "peak", FIELD_peak_private_bytes},
               {"resident", "peak", FIELD_peak_rss_bytes}};

enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

static void add_ratio(struct grid *grid, const char *format, double ratio)
{
    if (isfinite(ratio))
        grid_value(grid, ratio, format, 100 * ratio);
    else
        grid_text(grid, "%s", blocks_unknown);
}

static void tabulate(const struct group *group, const char *id, struct page *page)
{
    char caption[256];
    struct grid *grid;

    snprintf(caption, sizeof caption, "Memory%s%s", group->report->device_count > 1 ? " on " : "",
             group->report->device_count > 1 ? group->report->devices[group->device].name : "");
    grid = page_grid(page, id, caption);
    if (!grid)
        return;
    grid->sortable = true;
    cases_head(&group->cases, grid);
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        grid_column(grid, columns[i].title, columns[i].subtitle, true);
    grid_column(grid, "off by", "", true);
    grid_column(grid, "of", "usable", true);
    for (size_t i = 0; i < group->cases.count; i++) {
        const struct report_cell *cell = &group->cases.items[i];
        double share = peak_bytes(cell) / group->limit_bytes;
        cases_row(&group->cases, grid, cell);
        for (size_t k = 0; k < COLUMN_COUNT; k++)
            blocks_figure(grid, cell, columns[k].field);
        add_ratio(grid, "%+.1f %%", difference(cell));
        add_ratio(grid, "%.1f %%", share);
        blocks_share(grid, share);
    }
}

static bool has_memory(const struct group *group)
{
    bool whole;

    for (size_t i = 0; i < group->cases.count; i++)
        if (isfinite(parts_bytes(&group->cases.items[i], &whole)) || isfinite(peak_bytes(&group->cases.items[i])))
            return true;
    return false;
}

/* False: the device has no cells that tell of memory. */
static bool show_device(const struct report *report, size_t device, size_t shown, struct page *page)
{
    const struct facts *facts = &report->devices[device].source->record->device;
    struct group group = {
        .report = report, .device = device, .limit_bytes = facts_get_number(facts, "memory.usable_bytes")};
    size_t count;
    const struct report_cell *cells = blocks_of_device(report->cells, report->cell_count, device, &count);
    char chart_id[BLOCKS_ID_MAX], grid_id[BLOCKS_ID_MAX];
    bool used;

    page->failed |= !cases_open(&group.cases, report, cells, count);
    used = has_memory(&group);
    if (used) {
        blocks_id(chart_id, "memory-use", shown);
        blocks_id(grid_id, "memory-table", shown);
        tell_largest(&group, page);
        if (shown < CHARTS_MAX)
            draw(&group, chart_id, page);
        tabulate(&group, grid_id, page);
        cases_common(&group.cases, page, FIELD_weights_bytes);
    }
    cases_close(&group.cases);
    return used;
}

void section_memory(const struct report *report, struct page *page)
{
    enum field fields[COLUMN_COUNT];
    size_t shown = 0;

    for (size_t device = 0; device < report->device_count; device++)
        shown += show_device(report, device, shown, page);
    if (!shown)
        return;
    page_text(page, BLOCK_NOTE,
              "Weights, cache and scratch are told as the engine allocates them. Runtime: %s. Predicted peak: %s. "
              "Measured peak: %s. Resident peak: %s. Of usable: the measured peak against the memory that was "
              "there to be used when the run began.",
              field_info(FIELD_runtime_bytes)->meaning, field_info(FIELD_predicted_peak_bytes)->meaning,
              field_info(FIELD_peak_private_bytes)->meaning, field_info(FIELD_peak_rss_bytes)->meaning);
    if (shown > CHARTS_MAX)
        page_text(page, BLOCK_NOTE, "Charts stand for the first %d devices alone, tables for all.", CHARTS_MAX);
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        fields[i] = columns[i].field;
    blocks_missing(page, report->cells, report->cell_count, fields, COLUMN_COUNT);
}
