#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/page/cases.h"
#include "reports/page/depth.h"
#include "reports/page/sections.h"

enum { TEXT_MAX = 512, FOLDED_ROWS = 60, OVERLAPS_SHOWN = 6 };

/* ---- the chart ---------------------------------------------------------------------------------------------------------- */

static const struct cases_bars panels[] = {
    {FIELD_decode_tokens_per_second, FIELD_decode_utilization_ratio, 1, "Decode", "tokens per second",
     "roof: reading memory"},
    {FIELD_prefill_tokens_per_second, FIELD_prefill_utilization_ratio, 1, "Prefill", "tokens per second",
     "roof: arithmetic"},
};

/* The fastest and the slowest case of a panel. */
static void finding_text(char *out, size_t size, const struct cases *cases, const struct cases_bars *panel)
{
    const struct report_cell *most = NULL, *least = NULL;
    char label[BLOCKS_LABEL_MAX], say[64];
    int used;

    out[0] = '\0';
    for (size_t i = 0; i < cases->count; i++) {
        const struct report_cell *cell = &cases->items[i];
        if (!report_figure(cell, panel->field))
            continue;
        if (!most || report_value(cell, panel->field) > report_value(most, panel->field))
            most = cell;
        if (!least || report_value(cell, panel->field) < report_value(least, panel->field))
            least = cell;
    }
    if (!most)
        return;
    cases_label(label, sizeof label, cases, most);
    report_say(say, sizeof say, &most->cell->figures[panel->field], panel->field);
    used = snprintf(out, size, "%s: %s%s with %s", panel->title, most == least ? "" : "from ", say, label);
    if (most == least || used < 0 || (size_t)used >= size)
        return;
    cases_label(label, sizeof label, cases, least);
    report_say(say, sizeof say, &least->cell->figures[panel->field], panel->field);
    snprintf(out + used, size - (size_t)used, " down to %s with %s", say, label);
}

/* Says of bars, whiskers, points and strokes only what is drawn. */
static void foot_set(struct chart *chart, const struct cases *cases)
{
    char launches[64];
    bool interval = false, raw = false, roof = false;

    cases_launches(launches, sizeof launches, cases, FIELD_decode_tokens_per_second);
    for (size_t i = 0; chart && i < chart->panel_count; i++)
        for (size_t k = 0; k < chart->panels[i].series_count; k++) {
            const struct chart_series *series = &chart->panels[i].series[k];
            raw |= series->raw && series->count;
            roof |= series->limit && series->count;
            for (size_t n = 0; n < series->count; n++)
                interval |= isfinite(series->points[n].low);
        }
    chart_foot(chart, "Bar: median of %s%s%s%s", *launches ? launches : "launches",
               interval ? "; whisker: its 95 % interval" : "", raw ? "; dots: one per launch" : "",
               roof ? "; stroke: the roof of the same run" : "");
}

static struct chart *speed_chart(const struct cases *cases, enum origin origin)
{
    char id[64], title[TEXT_MAX], decode[TEXT_MAX], prefill[TEXT_MAX];
    struct chart *chart;
    size_t left_out[2];

    cases_origin_id(id, "speed", origin);
    cases_origin_title(title, sizeof title, cases->several_devices ? "Speed by device and model" : "Speed by model",
                       origin);
    if (!(chart = chart_new(id, title)))
        return NULL;
    for (size_t i = 0; i < 2; i++)
        left_out[i] = cases_chart(chart, cases, &panels[i]);
    foot_set(chart, cases);
    chart_rows_left_out(chart, left_out[0] > left_out[1] ? left_out[0] : left_out[1]);
    finding_text(decode, sizeof decode, cases, &panels[0]);
    finding_text(prefill, sizeof prefill, cases, &panels[1]);
    chart_finding(chart, "%s%s%s.", decode, *decode && *prefill ? ". " : "", prefill);
    return chart;
}

struct chart *report_speed_chart(const struct report *report)
{
    enum origin origin = report->cell_count ? report->cells[0].source->record->origin : ORIGIN_NATIVE;
    struct chart *chart = NULL;
    struct cases cases;

    for (size_t i = 0; i < report->cell_count; i++)
        if (report->cells[i].source->record->origin == ORIGIN_NATIVE)
            origin = ORIGIN_NATIVE;
    if (cases_open_origin(&cases, report, origin))
        chart = speed_chart(&cases, origin);
    cases_close(&cases);
    return chart;
}

/* ---- the table ---------------------------------------------------------------------------------------------------------- */

/* "none", "2 of 6: steal_ratio, canary"; "–" where nothing is known of disturbances. */
static void flags_cell(struct grid *grid, const struct cell *cell)
{
    size_t measured = 0, flagged = 0;
    bool known = false;
    unsigned flags = 0;
    char names[TEXT_MAX] = "";

    for (size_t i = 0; i < cell->repetition_count; i++) {
        const struct repetition *repetition = &cell->repetitions[i];
        if (repetition->phase != PHASE_MEASURED)
            continue;
        measured++;
        flagged += repetition->flags != 0;
        flags |= repetition->flags;
        for (int kind = 0; kind < NOISE_COUNT; kind++)
            known |= isfinite(repetition->noise[kind]);
    }
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
        if (flags & 1u << flag)
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", *names ? ", " : "", flag_name(flag));
    if (!known && !flagged)
        grid_text(grid, "%s", blocks_unknown);
    else if (!flagged)
        grid_value(grid, 0, "none");
    else
        grid_value(grid, (double)flagged, "%zu of %zu: %s", flagged, measured, names);
    if (flagged)
        grid_mark(grid, MARK_WARNING);
}

static size_t launches_of(const struct cell *cell)
{
    size_t launches = cell->figures[FIELD_decode_tokens_per_second].launches;

    return launches ? launches : cell->figures[FIELD_prefill_tokens_per_second].launches;
}

static double largest(const struct cases *cases, enum field field)
{
    double most = NAN;

    for (size_t i = 0; i < cases->count; i++)
        most = fmax(most, report_value(&cases->items[i], field));
    return most;
}

static void build_grid(struct page *page, const struct cases *cases, enum origin origin)
{
    static const enum field fields[] = {FIELD_prefill_tokens_per_second, FIELD_decode_tokens_per_second};
    char id[64], caption[TEXT_MAX];
    struct grid *grid;
    double most[] = {largest(cases, fields[0]), largest(cases, fields[1])};

    cases_origin_id(id, "speed-table", origin);
    cases_origin_title(caption, sizeof caption, "Prefill and decode of every case", origin);
    grid = page_grid(page, id, caption);
    cases_head(cases, grid);
    grid_column(grid, "prefill", "tok/s", true);
    grid_column(grid, "decode", "tok/s", true);
    grid_column(grid, "launches", "", true);
    grid_column(grid, "flagged", "repetitions", false);
    for (size_t i = 0; i < cases->count; i++) {
        const struct report_cell *cell = &cases->items[i];
        size_t launches = launches_of(cell->cell);
        cases_row(cases, grid, cell);
        for (size_t k = 0; k < 2; k++) {
            blocks_figure_interval(grid, cell, fields[k]);
            blocks_share(grid, report_value(cell, fields[k]) / most[k]);
        }
        if (launches)
            grid_value(grid, (double)launches, "%zu", launches);
        else
            grid_value(grid, NAN, "%s", blocks_unknown);
        flags_cell(grid, cell->cell);
    }
    if (grid) {
        grid->sortable = true;
        grid->folded = cases->count > FOLDED_ROWS;
    }
}

/* ---- differences that are none ---------------------------------------------------------------------------------------- */

struct ranked {
    const struct report_cell *cell;
    double value, low, high;
};

/* By device and model, then the fastest first. */
static int ranked_compare(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->cell->device != y->cell->device)
        return x->cell->device < y->cell->device ? -1 : 1;
    if (x->cell->traits[TRAIT_MODEL] != y->cell->traits[TRAIT_MODEL])
        return x->cell->traits[TRAIT_MODEL] < y->cell->traits[TRAIT_MODEL] ? -1 : 1;
    return (x->value < y->value) - (x->value > y->value);
}

static size_t rank(struct ranked *ranked, const struct cases *cases, enum field field)
{
    size_t count = 0;

    for (size_t i = 0; i < cases->count; i++) {
        const struct figure *figure = report_figure(&cases->items[i], field);
        if (figure && isfinite(figure->ci_low) && isfinite(figure->ci_high))
            ranked[count++] = (struct ranked){&cases->items[i], figure->value, figure->ci_low, figure->ci_high};
    }
    qsort(ranked, count, sizeof *ranked, ranked_compare);
    return count;
}

/* Cases of one model whose ranks follow each other and whose intervals overlap. Returns how many there are, told or not. */
static size_t overlaps_tell(struct page *page, const struct cases *cases, const struct cases_bars *panel,
                            struct ranked *ranked, size_t told)
{
    size_t count = rank(ranked, cases, panel->field), found = 0;
    char faster[BLOCKS_LABEL_MAX], slower[BLOCKS_LABEL_MAX];

    for (size_t i = 1; i < count; i++) {
        const struct ranked *a = &ranked[i - 1], *b = &ranked[i];
        if (a->cell->device != b->cell->device || a->cell->traits[TRAIT_MODEL] != b->cell->traits[TRAIT_MODEL] ||
            b->high < a->low)
            continue;
        if (told + found++ >= OVERLAPS_SHOWN)
            continue;
        cases_label(faster, sizeof faster, cases, a->cell);
        cases_label(slower, sizeof slower, cases, b->cell);
        page_item(page, MARK_PART, "%s: the intervals of %s and %s overlap: no difference shown.", panel->title, faster,
                  slower);
    }
    return found;
}

static void build_overlaps(struct page *page, const struct cases *cases)
{
    struct ranked *ranked = calloc(cases->count + 1, sizeof *ranked);
    size_t found = 0;

    if (!ranked) {
        page->failed = true;
        return;
    }
    for (size_t i = 0; i < 2; i++)
        found += overlaps_tell(page, cases, &panels[i], ranked, found);
    if (found > OVERLAPS_SHOWN)
        page_item(page, MARK_PART, "%zu more pairs of neighbours overlap likewise.", found - OVERLAPS_SHOWN);
    free(ranked);
}

/* ---- the section ------------------------------------------------------------------------------------------------------------ */

static void build_origin(const struct report *report, struct page *page, enum origin origin)
{
    static const enum field fields[] = {FIELD_prefill_tokens_per_second, FIELD_decode_tokens_per_second};
    struct cases cases;

    page->failed |= !cases_open_origin(&cases, report, origin);
    if (cases.count) {
        page_chart(page, speed_chart(&cases, origin));
        build_grid(page, &cases, origin);
        cases_common(&cases, page, FIELD_decode_tokens_per_second);
        blocks_missing(page, cases.items, cases.count, fields, 2);
        build_overlaps(page, &cases);
        depth_build(page, &cases, origin);
    }
    cases_close(&cases);
}

void section_speed(const struct report *report, struct page *page)
{
    for (int origin = ORIGIN_NATIVE; origin <= ORIGIN_IMPORTED; origin++)
        build_origin(report, page, (enum origin)origin);
}
