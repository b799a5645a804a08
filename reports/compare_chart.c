#include "reports/compare_chart.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/compare_view.h"
#include "reports/writer.h"

/* Beyond that span of ratios the axis is logarithmic. */
static const double LINEAR_SPAN = 3;

struct forest {
    const struct compare_chart_row *rows;
    size_t count;
    enum field fields[FIELD_COUNT]; /* of the panels */
    size_t field_count;
};

static bool row_drawn(const struct comparison_row *row)
{
    return isfinite(row->ratio.value) && row->ratio.value > 0;
}

/* Figures with a ratio: the headline ones first, then the others as they are numbered. */
static void forest_fields(struct forest *forest)
{
    bool found[FIELD_COUNT] = {false};

    for (size_t i = 0; i < forest->count; i++)
        if (row_drawn(forest->rows[i].row))
            found[forest->rows[i].row->field] = true;
    for (size_t i = 0; i < compare_headline_count + FIELD_COUNT; i++) {
        size_t field = i < compare_headline_count ? compare_headline[i] : i - compare_headline_count;
        if (found[field])
            forest->fields[forest->field_count++] = (enum field)field;
        found[field] = false;
    }
}

static bool row_differs(const struct comparison_row *row)
{
    return row->verdict == VERDICT_REGRESSED || row->verdict == VERDICT_IMPROVED;
}

/* ---- panels ----------------------------------------------------------------------------------------------------------------- */

/* The smallest change that matters, NaN where rows have different ones. */
static double panel_delta(const struct forest *forest, enum field field)
{
    double delta = NAN;

    for (size_t i = 0; i < forest->count; i++) {
        const struct comparison_row *row = forest->rows[i].row;
        if (row->field != field || !row_drawn(row))
            continue;
        if (!isnan(delta) && delta != row->delta_ratio)
            return NAN;
        delta = row->delta_ratio;
    }
    return delta;
}

static void panel_rules(struct chart *chart, struct chart_panel *panel, double delta, double least, double most)
{
    chart_rule(chart, panel, true, 1, "");
    /* Where the axis spans far more, three rules would be one blot. */
    if (!isfinite(delta) || log(most / least) > 40 * delta)
        return;
    chart_rule(chart, panel, true, 1 - delta, "");
    chart_rule(chart, panel, true, 1 + delta, "");
}

static void panel_add(struct chart *chart, const struct forest *forest, enum field field, const char *base)
{
    static const char *const better[] = {
        [BETTER_HIGHER] = ", higher is better", [BETTER_LOWER] = ", lower is better", [BETTER_NEITHER] = ""};
    double least = 1, most = 1;
    char name[96], title[160], axis[160];
    struct chart_panel *panel;
    size_t series, left_out = 0;

    compare_view_field(name, sizeof name, field);
    snprintf(title, sizeof title, "%s%s", name, better[field_info(field)->better]);
    snprintf(axis, sizeof axis, "ratio to %.*s", 100, base);
    panel = chart_panel(chart, CHART_INTERVAL, title, axis, "");
    series = chart_series(chart, panel, "");
    for (size_t i = 0; i < forest->count; i++) {
        const struct comparison_row *row = forest->rows[i].row;
        size_t at;
        if (row->field != field || !row_drawn(row))
            continue;
        at = chart_row(chart, panel, "%s", forest->rows[i].label);
        left_out += at == SIZE_MAX;
        chart_add(chart, panel, series, row->ratio.value, (double)at, row->ratio.low, row->ratio.high, NULL);
        least = fmin(least, row->ratio.low > 0 ? row->ratio.low : row->ratio.value);
        most = fmax(most, isfinite(row->ratio.high) ? row->ratio.high : row->ratio.value);
    }
    if (panel)
        panel->x_log = most / least > LINEAR_SPAN;
    panel_rules(chart, panel, panel_delta(forest, field), least, most);
    chart_rows_left_out(chart, left_out);
}

/* ---- words ------------------------------------------------------------------------------------------------------------------ */

static void tell_finding(struct chart *chart, const struct forest *forest)
{
    const struct compare_chart_row *most = NULL;
    size_t drawn = 0, differ = 0, unsure = 0;
    char ratio[96], name[96];

    for (size_t i = 0; i < forest->count; i++) {
        const struct comparison_row *row = forest->rows[i].row;
        if (!row_drawn(row))
            continue;
        drawn++;
        differ += row_differs(row);
        unsure += row->verdict == VERDICT_INCONCLUSIVE;
        if (row_differs(row) && (!most || fabs(log(row->ratio.value)) > fabs(log(most->row->ratio.value))))
            most = &forest->rows[i];
    }
    if (!most) {
        chart_finding(chart, "None of %zu ratios is surely away from 1 by as much as matters; %zu %s inconclusive.",
                      drawn, unsure, unsure == 1 ? "is" : "are");
        return;
    }
    compare_view_ratio(ratio, sizeof ratio, &most->row->ratio);
    compare_view_field(name, sizeof name, most->row->field);
    chart_finding(chart, "%zu of %zu ratios %s surely away from 1 by as much as matters, most of all %s of %s: %s.",
                  differ, drawn, differ == 1 ? "is" : "are", name, most->label, ratio);
}

static void tell_foot(struct chart *chart, const struct forest *forest, size_t panels)
{
    char deltas[512] = "", name[96];

    for (size_t i = 0; i < panels; i++) {
        double delta = panel_delta(forest, forest->fields[i]);
        size_t length = strlen(deltas);
        if (!isfinite(delta))
            continue;
        compare_view_field(name, sizeof name, forest->fields[i]);
        snprintf(deltas + length, sizeof deltas - length, "%s%s %.3g %%", length ? ", " : "", name, 100 * delta);
    }
    chart_foot(chart, "Points: Hodges–Lehmann ratio; lines: its 95 %% interval%s%s%s",
               *deltas ? "; dashed: no change, and the smallest that matters: " : "", deltas,
               panels < forest->field_count ? "; other figures stand in the table" : "");
}

struct chart *compare_chart_rows(const char *id, const char *title, const char *base,
                                 const struct compare_chart_row *rows, size_t count)
{
    struct forest forest = {.rows = rows, .count = count};
    struct chart *chart = chart_new(id, title);
    size_t panels;

    forest_fields(&forest);
    panels = forest.field_count < CHART_PANELS_MAX ? forest.field_count : CHART_PANELS_MAX;
    tell_finding(chart, &forest);
    tell_foot(chart, &forest, panels);
    for (size_t i = 0; i < panels; i++)
        panel_add(chart, &forest, forest.fields[i], base);
    return chart;
}

/* ---- of a comparison -------------------------------------------------------------------------------------------------------- */

/* In a result compared with itself the candidate's cell says what is set against the base. */
static char *row_label(const struct comparison *comparison, const struct comparison_row *row)
{
    const struct comparison_pair *pair = &comparison->pairs[row->pair];
    bool self = pair->base == pair->candidate;
    const struct cell *cell = self ? row->candidate : row->base;
    bool several = comparison->pair_count > 1 && !self;
    char *label;

    if (asprintf(&label, "%s%s%s", several ? pair->candidate_name : "", several ? ": " : "",
                 *cell->title ? cell->title : cell->id) < 0)
        return NULL;
    return label;
}

struct chart *compare_chart(const char *id, const struct comparison *comparison)
{
    struct compare_chart_row *rows = calloc(comparison->row_count ? comparison->row_count : 1, sizeof *rows);
    char **labels = calloc(comparison->row_count ? comparison->row_count : 1, sizeof *labels);
    const struct comparison_pair *pair = comparison->pairs;
    struct chart *chart = NULL;
    bool good = rows && labels;

    for (size_t i = 0; good && i < comparison->row_count; i++) {
        labels[i] = row_label(comparison, &comparison->rows[i]);
        rows[i] = (struct compare_chart_row){&comparison->rows[i], labels[i]};
        good = labels[i] != NULL;
    }
    if (good)
        chart = compare_chart_rows(id, "Ratios with their intervals",
                                   !pair                           ? "the base"
                                   : pair->base == pair->candidate ? pair->base_value
                                                                   : pair->base_name,
                                   rows, comparison->row_count);
    for (size_t i = 0; labels && i < comparison->row_count; i++)
        free(labels[i]);
    free(labels);
    free(rows);
    return chart;
}

bool compare_chart_form(const char *path, enum chart_form *form)
{
    const char *suffix = strrchr(path, '.');
    bool svg = suffix && suffix > path && strcmp(suffix, ".svg") == 0;

    *form = svg ? CHART_SVG_FILE : CHART_PNG;
    return svg || (suffix && suffix > path && strcmp(suffix, ".png") == 0);
}

enum status compare_chart_save(const struct comparison *comparison, const char *path, struct error *error)
{
    struct chart *chart = compare_chart("comparison", comparison);
    const struct chart *const charts[] = {chart};
    struct picture picture = {0};
    enum chart_form form;
    enum status status;

    compare_chart_form(path, &form);
    if (!chart || chart->failed)
        status = error_set(error, STATUS_MEMORY, "%s: no memory to draw it", path);
    else if (!chart_used(chart))
        status = error_set(error, STATUS_UNSUPPORTED, "%s: nothing to draw: no figure has a ratio", path);
    else
        status = chart_draw(charts, 1, form, &picture, error);
    if (!status)
        status = writer_save_bytes(path, picture.bytes, picture.length, error);
    free(picture.bytes);
    chart_free(chart);
    return status;
}
