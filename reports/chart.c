#include "reports/chart.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy(struct chart *chart, const char *text)
{
    char *own = strdup(text ? text : "");

    chart->failed |= !own;
    return own;
}

__attribute__((format(printf, 2, 0))) static char *print(struct chart *chart, const char *format, va_list arguments)
{
    char *text = NULL;

    if (vasprintf(&text, format, arguments) >= 0)
        return text;
    chart->failed = true;
    return NULL;
}

/* The new text may have been printed from the old one. */
static void replace(char **text, char *own)
{
    free(*text);
    *text = own;
}

struct chart *chart_new(const char *id, const char *title)
{
    struct chart *chart = calloc(1, sizeof *chart);

    if (!chart)
        return NULL;
    snprintf(chart->id, sizeof chart->id, "%s", id);
    chart->title = copy(chart, title);
    chart->finding = copy(chart, "");
    chart->foot = copy(chart, "");
    return chart;
}

static void series_free(struct chart_series *series)
{
    free(series->name);
    for (size_t i = 0; i < series->count; i++)
        free(series->points[i].label);
    free(series->points);
}

static void panel_free(struct chart_panel *panel)
{
    free(panel->title);
    free(panel->x_title);
    free(panel->y_title);
    for (size_t i = 0; i < panel->label_count; i++)
        free(panel->labels[i]);
    free(panel->labels);
    for (size_t i = 0; i < panel->series_count; i++)
        series_free(&panel->series[i]);
    free(panel->series);
    for (size_t i = 0; i < panel->rule_count; i++)
        free(panel->rules[i].label);
    free(panel->rules);
}

void chart_free(struct chart *chart)
{
    if (!chart)
        return;
    free(chart->title);
    free(chart->finding);
    free(chart->foot);
    for (size_t i = 0; i < chart->panel_count; i++)
        panel_free(&chart->panels[i]);
    free(chart);
}

void chart_finding(struct chart *chart, const char *format, ...)
{
    va_list arguments;

    if (!chart)
        return;
    va_start(arguments, format);
    replace(&chart->finding, print(chart, format, arguments));
    va_end(arguments);
}

void chart_foot(struct chart *chart, const char *format, ...)
{
    va_list arguments;

    if (!chart)
        return;
    va_start(arguments, format);
    replace(&chart->foot, print(chart, format, arguments));
    va_end(arguments);
}

struct chart_panel *chart_panel(struct chart *chart, enum chart_kind kind, const char *title, const char *x_title,
                                const char *y_title)
{
    struct chart_panel *panel;

    if (!chart || chart->panel_count == CHART_PANELS_MAX)
        return NULL;
    panel = &chart->panels[chart->panel_count++];
    *panel = (struct chart_panel){
        .kind = kind, .title = copy(chart, title), .x_title = copy(chart, x_title), .y_title = copy(chart, y_title)};
    return panel;
}

size_t chart_row(struct chart *chart, struct chart_panel *panel, const char *format, ...)
{
    va_list arguments;

    if (!chart || !panel || panel->label_count == CHART_ROWS_MAX)
        return SIZE_MAX;
    if (!panel->labels && !(panel->labels = calloc(CHART_ROWS_MAX, sizeof *panel->labels))) {
        chart->failed = true;
        return SIZE_MAX;
    }
    va_start(arguments, format);
    panel->labels[panel->label_count] = print(chart, format, arguments);
    va_end(arguments);
    return panel->label_count++;
}

void chart_rows_left_out(struct chart *chart, size_t count)
{
    if (chart && count && chart->foot)
        chart_foot(chart, "%s%s%zu more stand in the table", chart->foot, *chart->foot ? " · " : "", count);
}

/* One more item of an array; false without memory. */
static bool enlarge(struct chart *chart, void *array, size_t count, size_t size)
{
    void **items = array, *larger = realloc(*items, (count + 1) * size);

    if (!larger) {
        chart->failed = true;
        return false;
    }
    *items = larger;
    return true;
}

size_t chart_series(struct chart *chart, struct chart_panel *panel, const char *name)
{
    if (!chart || !panel || !enlarge(chart, &panel->series, panel->series_count, sizeof *panel->series))
        return SIZE_MAX;
    panel->series[panel->series_count] = (struct chart_series){.name = copy(chart, name), .like = panel->series_count};
    return panel->series_count++;
}

/* Room for one more point; false without memory. */
static bool series_reserve(struct chart *chart, struct chart_series *series)
{
    size_t capacity = series->capacity ? 2 * series->capacity : 8;
    struct chart_point *larger;

    if (series->count < series->capacity)
        return true;
    if (!(larger = realloc(series->points, capacity * sizeof *larger))) {
        chart->failed = true;
        return false;
    }
    series->points = larger;
    series->capacity = capacity;
    return true;
}

void chart_add(struct chart *chart, struct chart_panel *panel, size_t series, double x, double y, double low,
               double high, const char *label)
{
    struct chart_series *own;

    if (!chart || !panel || series >= panel->series_count || !isfinite(x) || !isfinite(y) || y >= (double)SIZE_MAX)
        return;
    own = &panel->series[series];
    if (series_reserve(chart, own))
        own->points[own->count++] = (struct chart_point){x, y, low, high, label ? copy(chart, label) : NULL};
}

void chart_rule(struct chart *chart, struct chart_panel *panel, bool vertical, double at, const char *label)
{
    if (!chart || !panel || !isfinite(at) || !enlarge(chart, &panel->rules, panel->rule_count, sizeof *panel->rules))
        return;
    panel->rules[panel->rule_count++] = (struct chart_rule){vertical, at, copy(chart, label)};
}

bool chart_used(const struct chart *chart)
{
    for (size_t i = 0; chart && i < chart->panel_count; i++)
        for (size_t k = 0; k < chart->panels[i].series_count; k++)
            if (chart->panels[i].series[k].count)
                return true;
    return false;
}
