#include "reports/chart_print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chart_pencil.h"
#include "reports/table.h"
#include "reports/text.h"
#include "reports/view.h"

enum { POINTS_MOST = 24, LEVELS = 8 };

/* ---- the pencil ------------------------------------------------------------------------------------------------------- */

const char *pencil_sign(const struct pencil *pencil, const struct glyph *glyph)
{
    return pencil->style->utf8 ? glyph->utf8 : glyph->ascii;
}

bool pencil_shows(const struct pencil *pencil, const struct chart_series *series)
{
    return series->count && !series->limit && !series->slope && series->raw == pencil->raw;
}

char *pencil_fit(struct pencil *pencil, const char *text, size_t columns)
{
    char *copy = text_fit(text ? text : "", pencil->style->utf8 ? TEXT_LINE : TEXT_ASCII, columns < 3 ? 3 : columns);

    pencil->failed |= !copy;
    return copy;
}

void pencil_name(struct pencil *pencil, size_t indent, const char *text, size_t columns)
{
    char *shown = pencil_fit(pencil, text, columns);
    size_t used = shown ? text_columns(shown) : 0;

    fprintf(pencil->out, "%*s%s%*s", (int)indent, "", shown ? shown : "", (int)(columns - used + PENCIL_GAP), "");
    free(shown);
}

void pencil_remark(struct pencil *pencil, const char *text)
{
    if (!*text)
        return;
    table_paint(pencil->out, pencil->style, PAINT_DIM);
    fprintf(pencil->out, "%*s", PENCIL_INDENT, "");
    table_wrap(pencil->out, pencil->style, PENCIL_INDENT, PENCIL_INDENT, text);
    table_paint(pencil->out, pencil->style, PAINT_NONE);
}

void pencil_value(const struct pencil *pencil, char out[PENCIL_VALUE_MAX], double value, double low, double high)
{
    struct figure figure = {.present = true, .value = value, .ci_low = low, .ci_high = high};
    static const char prefixes[] = "MGTP";
    double size = fabs(value), half = isfinite(high - low) ? fabs(high - low) / 2 : NAN;
    size_t step = 0;
    char *shown;

    if (isfinite(half) && fmax(size, half) >= 1e6) {
        snprintf(out, PENCIL_VALUE_MAX, "%.3g ±%.2g", value, half);
    } else if (size >= 1e6 && size < 1e18) {
        for (size /= 1e6; size >= 999.5 && step < 3; step++)
            size /= 1e3;
        snprintf(out, PENCIL_VALUE_MAX, "%s%.3g %c", value < 0 ? "-" : "", size, prefixes[step]);
    } else if (!isfinite(half) && size > 0 && (size < 0.0995 || size >= 1e18)) {
        snprintf(out, PENCIL_VALUE_MAX, "%.3g", value);
    } else {
        view_figure(out, PENCIL_VALUE_MAX, &figure);
    }
    if (!pencil->style->utf8 && (shown = text_copy(out, TEXT_ASCII))) {
        snprintf(out, PENCIL_VALUE_MAX, "%s", shown);
        free(shown);
    }
}

/* ---- curves ----------------------------------------------------------------------------------------------------------- */

static int by_x(const void *a, const void *b)
{
    const struct chart_point *first = a, *second = b;

    return (first->x > second->x) - (first->x < second->x);
}

/* The points in the order of x; to be freed, without the labels, which stay the chart's. */
static struct chart_point *in_order(struct pencil *pencil, const struct chart_series *series)
{
    struct chart_point *points = malloc(series->count * sizeof *points);

    if (!points) {
        pencil->failed = true;
        return NULL;
    }
    memcpy(points, series->points, series->count * sizeof *points);
    qsort(points, series->count, sizeof *points, by_x);
    return points;
}

static void scale_curves(struct pencil *pencil)
{
    const struct chart_panel *panel = pencil->panel;

    pencil->from = panel->y_zero ? 0 : INFINITY;
    pencil->to = -INFINITY;
    for (size_t i = 0; i < panel->series_count; i++) {
        size_t columns = text_columns(panel->series[i].name);
        if (!pencil_shows(pencil, &panel->series[i]))
            continue;
        pencil->name = columns > pencil->name ? columns : pencil->name;
        for (size_t k = 0; k < panel->series[i].count; k++) {
            pencil->from = fmin(pencil->from, panel->series[i].points[k].y);
            pencil->to = fmax(pencil->to, panel->series[i].points[k].y);
        }
    }
    if (pencil->name > pencil->style->width / 3)
        pencil->name = pencil->style->width / 3;
}

/* Neighbours that do not fit share a bar, which stands for their mean. */
static void put_spark(const struct pencil *pencil, const struct chart_point *points, size_t count, size_t columns)
{
    static const struct glyph levels[LEVELS] = {{"▁", "_"}, {"▂", "."}, {"▃", "-"}, {"▄", "~"},
                                                {"▅", "="}, {"▆", "+"}, {"▇", "*"}, {"█", "#"}};
    size_t bars = count < columns ? count : columns;
    double range = pencil->to - pencil->from;

    table_paint(pencil->out, pencil->style, PAINT_BAR);
    for (size_t i = 0; i < bars; i++) {
        size_t begin = i * count / bars, end = (i + 1) * count / bars;
        double mean = 0, share;
        for (size_t k = begin; k < end; k++)
            mean += points[k].y / (double)(end - begin);
        share = range > 0 && isfinite(range) ? (mean - pencil->from) / range : 0.5;
        fputs(pencil_sign(pencil, &levels[(size_t)fmin(fmax(share * LEVELS, 0), LEVELS - 1)]), pencil->out);
    }
    table_paint(pencil->out, pencil->style, PAINT_NONE);
}

static void put_curve(struct pencil *pencil, const struct chart_series *series)
{
    struct chart_point *points = in_order(pencil, series);
    size_t width = pencil->style->width, last = series->count - 1, taken, columns;
    char first_text[PENCIL_VALUE_MAX], last_text[PENCIL_VALUE_MAX];

    if (!points)
        return;
    pencil_value(pencil, first_text, points[0].y, NAN, NAN);
    pencil_value(pencil, last_text, points[last].y, NAN, NAN);
    taken = PENCIL_INDENT + (pencil->name ? pencil->name + PENCIL_GAP : 0) + 2 + text_columns(first_text) +
            text_columns(last_text);
    columns = width > taken + PENCIL_PLOT_LEAST ? width - taken : PENCIL_PLOT_LEAST;
    if (pencil->name)
        pencil_name(pencil, PENCIL_INDENT, series->name, pencil->name);
    else
        fprintf(pencil->out, "%*s", PENCIL_INDENT, "");
    fprintf(pencil->out, "%s ", first_text);
    put_spark(pencil, points, series->count, columns < PENCIL_PLOT_MOST ? columns : PENCIL_PLOT_MOST);
    fprintf(pencil->out, " %s\n", last_text);
    free(points);
}

/* What the curves run along, and where the rules are. */
static void put_axis(struct pencil *pencil, double from, double to)
{
    const struct chart_panel *panel = pencil->panel;
    char text[2 * PENCIL_VALUE_MAX + 160], first[PENCIL_VALUE_MAX], last[PENCIL_VALUE_MAX];

    pencil_value(pencil, first, from, NAN, NAN);
    pencil_value(pencil, last, to, NAN, NAN);
    snprintf(text, sizeof text, "%.120s: %s to %s", *panel->x_title ? panel->x_title : "from left to right", first,
             last);
    pencil_remark(pencil, text);
    for (size_t i = 0; i < panel->rule_count; i++) {
        pencil_value(pencil, first, panel->rules[i].at, NAN, NAN);
        snprintf(text, sizeof text, "%s: %.120s", first, panel->rules[i].label);
        pencil_remark(pencil, text);
    }
}

static void put_curves(struct pencil *pencil)
{
    const struct chart_panel *panel = pencil->panel;
    double from = INFINITY, to = -INFINITY;

    scale_curves(pencil);
    for (size_t i = 0; i < panel->series_count; i++) {
        if (!pencil_shows(pencil, &panel->series[i]))
            continue;
        put_curve(pencil, &panel->series[i]);
        for (size_t k = 0; k < panel->series[i].count; k++) {
            from = fmin(from, panel->series[i].points[k].x);
            to = fmax(to, panel->series[i].points[k].x);
        }
    }
    put_axis(pencil, from, to);
}

/* ---- points ----------------------------------------------------------------------------------------------------------- */

static void put_points(struct pencil *pencil)
{
    const struct chart_panel *panel = pencil->panel;
    size_t total = 0, most = pencil->style->width / 3;
    char *x_title = pencil_fit(pencil, panel->x_title, most - 2),
         *y_title = pencil_fit(pencil, panel->y_title, most - 2);
    const struct table_column columns[] = {{"", "", false, false, 0},
                                           {x_title ? x_title : "", "", true, false, 0},
                                           {y_title ? y_title : "", "", true, false, 0}};
    char text[PENCIL_VALUE_MAX];
    struct table table;

    table_open(&table, columns, 3, pencil->style);
    for (size_t i = 0; i < panel->series_count; i++)
        for (size_t k = 0; k < panel->series[i].count && pencil_shows(pencil, &panel->series[i]); k++) {
            const struct chart_point *point = &panel->series[i].points[k];
            char *name = pencil_fit(pencil, point->label ? point->label : panel->series[i].name, most - 4);
            if (total++ < POINTS_MOST && name) {
                table_add(&table, name, NAN);
                pencil_value(pencil, text, point->x, NAN, NAN);
                table_add(&table, text, NAN);
                pencil_value(pencil, text, point->y, point->low, point->high);
                table_add(&table, text, NAN);
            }
            free(name);
        }
    pencil->failed |= !table_print(&table, pencil->out);
    table_close(&table);
    free(x_title);
    free(y_title);
    if (total > POINTS_MOST) {
        snprintf(text, sizeof text, "and %zu more", total - POINTS_MOST);
        pencil_remark(pencil, text);
    }
}

/* ---- the chart -------------------------------------------------------------------------------------------------------- */

static bool panel_used(const struct pencil *pencil)
{
    for (size_t i = 0; i < pencil->panel->series_count; i++)
        if (pencil_shows(pencil, &pencil->panel->series[i]))
            return true;
    return false;
}

static bool put_panel(FILE *out, const struct writer_style *style, const struct chart_panel *panel)
{
    struct pencil pencil = {.out = out, .style = style, .panel = panel};
    bool rows = panel->kind == CHART_BARS || panel->kind == CHART_STACK || panel->kind == CHART_INTERVAL;
    const char *unit = rows ? panel->x_title : panel->kind == CHART_LINES ? panel->y_title : "";
    char title[256];

    pencil.raw = !panel_used(&pencil);
    if (!panel_used(&pencil))
        return true;
    snprintf(title, sizeof title, "%.120s%s%.120s", panel->title, *panel->title && *unit ? ", " : "", unit);
    pencil_remark(&pencil, title);
    if (rows)
        pencil_rows(&pencil);
    else if (panel->kind == CHART_LINES)
        put_curves(&pencil);
    else
        put_points(&pencil);
    return !pencil.failed;
}

bool chart_print(FILE *out, const struct chart *chart, const struct writer_style *wanted)
{
    struct writer_style style = *wanted;
    struct pencil pencil = {.out = out, .style = &style};
    bool good = !chart->failed;

    if (style.width < CHART_PRINT_WIDTH_LEAST)
        style.width = CHART_PRINT_WIDTH_LEAST;
    if (good && *chart->title) {
        table_paint(out, &style, PAINT_BOLD);
        fprintf(out, "%*s", PENCIL_INDENT, "");
        table_wrap(out, &style, PENCIL_INDENT, PENCIL_INDENT, chart->title);
        table_paint(out, &style, PAINT_NONE);
    }
    for (size_t i = 0; i < chart->panel_count && good; i++)
        good = put_panel(out, &style, &chart->panels[i]);
    if (good)
        pencil_remark(&pencil, chart->foot);
    return good;
}
