#include <math.h>
#include <stdlib.h>

#include "reports/chart_pencil.h"
#include "reports/printed.h"
#include "reports/table.h"
#include "reports/text.h"

enum {
    SEGMENTS = 5,
    NAMED_WIDTH = 60, /* from here on names may take more than a third, */
    NAMED_PLOT = 16,  /* as long as so much is left to the plot */
};

static const struct glyph glyph_blank = {" ", " "}, glyph_full = {"█", "#"}, glyph_hollow = {"▒", "="},
                          glyph_rule = {"│", "|"}, glyph_line = {"─", "-"}, glyph_left = {"├", "["},
                          glyph_right = {"┤", "]"}, glyph_point = {"●", "*"}, glyph_predicted = {"○", "o"},
                          glyph_unknown = {"–", "-"};
static const struct glyph parts[] = {{" ", " "}, {"▏", " "}, {"▎", " "}, {"▍", " "},
                                     {"▌", "#"}, {"▋", "#"}, {"▊", "#"}, {"▉", "#"}};
static const struct glyph segments[SEGMENTS] = {{"█", "#"}, {"▓", "="}, {"▒", "+"}, {"░", "-"}, {"·", "."}};

static const struct glyph *segment(size_t series)
{
    return &segments[series < SEGMENTS ? series : SEGMENTS - 1];
}

static const struct chart_point *point_in_row(const struct chart_series *series, size_t row)
{
    for (size_t i = 0; i < series->count; i++)
        if (series->points[i].y == (double)row)
            return &series->points[i];
    return NULL;
}

static double row_total(const struct pencil *pencil, size_t row)
{
    const struct chart_panel *panel = pencil->panel;
    const struct chart_point *point;
    double total = 0;

    for (size_t i = 0; i < panel->series_count; i++)
        if (pencil_shows(pencil, &panel->series[i]) && (point = point_in_row(&panel->series[i], row)))
            total += point->x;
    return total;
}

/* ---- scale and layout ------------------------------------------------------------------------------------------------- */

static bool on_log_scale(const struct pencil *pencil)
{
    return pencil->panel->kind == CHART_INTERVAL && pencil->panel->x_log;
}

static void scale_take(struct pencil *pencil, double value)
{
    if (!isfinite(value) || (on_log_scale(pencil) && value <= 0))
        return;
    pencil->from = fmin(pencil->from, value);
    pencil->to = fmax(pencil->to, value);
}

/* Everything that is drawn lies within, and bars begin at zero. */
static void scale_rows(struct pencil *pencil)
{
    const struct chart_panel *panel = pencil->panel;

    pencil->from = panel->kind == CHART_INTERVAL ? INFINITY : 0;
    pencil->to = panel->kind == CHART_INTERVAL ? -INFINITY : 0;
    for (size_t i = 0; i < panel->series_count; i++)
        for (size_t k = 0; k < panel->series[i].count; k++) {
            const struct chart_point *point = &panel->series[i].points[k];
            if (!panel->series[i].limit && !pencil_shows(pencil, &panel->series[i]))
                continue;
            scale_take(pencil, point->x);
            if (panel->kind == CHART_INTERVAL) {
                scale_take(pencil, point->low);
                scale_take(pencil, point->high);
            }
        }
    for (size_t row = 0; panel->kind == CHART_STACK && row < panel->label_count; row++)
        scale_take(pencil, row_total(pencil, row));
    for (size_t i = 0; i < panel->rule_count; i++)
        if (panel->rules[i].vertical)
            scale_take(pencil, panel->rules[i].at);
}

/* Where a value lies on the plot, 0 to 1. */
static double position(const struct pencil *pencil, double value)
{
    double from = pencil->from, to = pencil->to;

    if (on_log_scale(pencil)) {
        from = log(from);
        to = log(to);
        value = value > 0 ? log(value) : from;
    }
    /* halves: the distance between the largest numbers is none */
    return to > from ? fmin(fmax((value / 2 - from / 2) / (to / 2 - from / 2), 0), 1) : 0.5;
}

static size_t cell_at(const struct pencil *pencil, double value)
{
    return (size_t)lround(position(pencil, value) * (double)(pencil->plot - 1));
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Columns of the figures; true where a row has several. */
static bool layout_values(struct pencil *pencil)
{
    const struct chart_panel *panel = pencil->panel;
    const struct chart_point *point;
    char text[PENCIL_VALUE_MAX];
    bool several = false;

    for (size_t row = 0; row < panel->label_count; row++) {
        size_t figures = 0;
        if (panel->kind == CHART_STACK) {
            pencil_value(pencil, text, row_total(pencil, row), NAN, NAN);
            pencil->value = larger(pencil->value, text_columns(text));
        }
        for (size_t i = 0; i < panel->series_count && panel->kind != CHART_STACK; i++) {
            if (!pencil_shows(pencil, &panel->series[i]) || !(point = point_in_row(&panel->series[i], row)))
                continue;
            pencil_value(pencil, text, point->x, point->low, point->high);
            pencil->value = larger(pencil->value, text_columns(text));
            figures++;
        }
        several |= figures > 1;
    }
    return several;
}

/* Columns of names and values, and what is left for the plot. */
static void layout_rows(struct pencil *pencil)
{
    const struct chart_panel *panel = pencil->panel;
    size_t width = pencil->style->width, most, taken;

    pencil->layered = layout_values(pencil);
    for (size_t row = 0; row < panel->label_count && !pencil->layered; row++)
        pencil->name = larger(pencil->name, panel->labels[row] ? text_columns(panel->labels[row]) : 0);
    for (size_t i = 0; i < panel->series_count && pencil->layered; i++)
        if (pencil_shows(pencil, &panel->series[i]))
            pencil->name = larger(pencil->name, text_columns(panel->series[i].name) + PENCIL_INDENT);
    most = PENCIL_INDENT + PENCIL_GAP + PENCIL_GAP + pencil->value + NAMED_PLOT;
    most = width > most && width - most < width / 2 ? width - most : width / 2;
    most = width < NAMED_WIDTH || most < width / 3 ? width / 3 : most;
    pencil->name = pencil->name < most ? pencil->name : most;
    taken = PENCIL_INDENT + pencil->name + PENCIL_GAP + PENCIL_GAP + pencil->value;
    pencil->plot = width > taken + PENCIL_PLOT_LEAST ? width - taken : PENCIL_PLOT_LEAST;
    pencil->plot = pencil->plot < PENCIL_PLOT_MOST ? pencil->plot : PENCIL_PLOT_MOST;
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------- */

/* From one value to another; only full bars have eighths of a character. */
static void draw_bar(const struct pencil *pencil, const char *cells[], double from, double to, const struct glyph *fill)
{
    double end = position(pencil, to) * (double)pencil->plot;
    size_t first = (size_t)lround(position(pencil, from) * (double)pencil->plot), eighths = (size_t)lround(end * 8);
    size_t last = fill == &glyph_full ? eighths / 8 : (size_t)lround(end);

    for (size_t i = first; i < last; i++)
        cells[i] = pencil_sign(pencil, fill);
    if (fill == &glyph_full && first <= last && last < pencil->plot)
        cells[last] = pencil_sign(pencil, &parts[eighths % 8]);
}

static void draw_interval(const struct pencil *pencil, const char *cells[], const struct chart_point *point,
                          bool hollow)
{
    size_t at = cell_at(pencil, point->x), low = at, high = at;

    if (isfinite(point->low) && isfinite(point->high)) {
        low = cell_at(pencil, point->low);
        high = cell_at(pencil, point->high);
    }
    for (size_t i = low; i <= high; i++)
        cells[i] = pencil_sign(pencil, &glyph_line);
    if (low < high) {
        cells[low] = pencil_sign(pencil, &glyph_left);
        cells[high] = pencil_sign(pencil, &glyph_right);
    }
    cells[at] = pencil_sign(pencil, hollow ? &glyph_predicted : &glyph_point);
}

static void draw_rules(const struct pencil *pencil, const char *cells[], size_t row)
{
    const struct chart_panel *panel = pencil->panel;
    const struct chart_point *point;

    for (size_t i = 0; i < panel->rule_count; i++)
        if (panel->rules[i].vertical)
            cells[cell_at(pencil, panel->rules[i].at)] = pencil_sign(pencil, &glyph_rule);
    for (size_t i = 0; i < panel->series_count; i++)
        if (panel->series[i].limit && (point = point_in_row(&panel->series[i], row)))
            cells[cell_at(pencil, point->x)] = pencil_sign(pencil, &glyph_rule);
}

/* Plot and figure of a line that has its name already. */
static void put_plot(const struct pencil *pencil, const char *const cells[], const char *value)
{
    table_paint(pencil->out, pencil->style, PAINT_BAR);
    for (size_t i = 0; i < pencil->plot; i++)
        fputs(cells[i], pencil->out);
    table_paint(pencil->out, pencil->style, PAINT_NONE);
    fprintf(pencil->out, "%*s%s\n", (int)(PENCIL_GAP + pencil->value - text_columns(value)), "", value);
}

static void put_point(struct pencil *pencil, const struct chart_series *series, const struct chart_point *point,
                      size_t row)
{
    const char *cells[PENCIL_PLOT_MOST];
    char value[PENCIL_VALUE_MAX];

    for (size_t i = 0; i < pencil->plot; i++)
        cells[i] = pencil_sign(pencil, &glyph_blank);
    if (pencil->panel->kind == CHART_BARS)
        draw_bar(pencil, cells, 0, point->x, series->hollow ? &glyph_hollow : &glyph_full);
    draw_rules(pencil, cells, row);
    if (pencil->panel->kind == CHART_INTERVAL)
        draw_interval(pencil, cells, point, series->hollow);
    pencil_value(pencil, value, point->x, point->low, point->high);
    put_plot(pencil, cells, value);
}

static void put_stack(struct pencil *pencil, size_t row)
{
    const struct chart_panel *panel = pencil->panel;
    const char *cells[PENCIL_PLOT_MOST];
    const struct chart_point *point;
    double reached = 0;
    char value[PENCIL_VALUE_MAX];

    for (size_t i = 0; i < pencil->plot; i++)
        cells[i] = pencil_sign(pencil, &glyph_blank);
    for (size_t i = 0; i < panel->series_count; i++)
        if (pencil_shows(pencil, &panel->series[i]) && (point = point_in_row(&panel->series[i], row))) {
            draw_bar(pencil, cells, reached, reached + point->x, segment(i));
            reached += point->x;
        }
    draw_rules(pencil, cells, row);
    pencil_value(pencil, value, reached, NAN, NAN);
    put_plot(pencil, cells, value);
}

/* A row of one figure, or none. */
static void put_row(struct pencil *pencil, size_t row)
{
    const struct chart_panel *panel = pencil->panel;
    const struct chart_point *point;

    pencil_name(pencil, PENCIL_INDENT, panel->labels[row], pencil->name);
    for (size_t i = 0; i < panel->series_count; i++)
        if (pencil_shows(pencil, &panel->series[i]) && (point = point_in_row(&panel->series[i], row))) {
            put_point(pencil, &panel->series[i], point, row);
            return;
        }
    fprintf(pencil->out, "%s\n", pencil_sign(pencil, &glyph_unknown));
}

/* The row's name, and a line for each of its figures. */
static void put_layers(struct pencil *pencil, size_t row)
{
    const struct chart_panel *panel = pencil->panel;
    const struct chart_point *point;
    char *label = pencil_fit(pencil, panel->labels[row], pencil->style->width - PENCIL_INDENT);

    if (label && *label)
        fprintf(pencil->out, "%*s%s\n", PENCIL_INDENT, "", label);
    free(label);
    for (size_t i = 0; i < panel->series_count; i++)
        if (pencil_shows(pencil, &panel->series[i]) && (point = point_in_row(&panel->series[i], row))) {
            pencil_name(pencil, 2 * PENCIL_INDENT, panel->series[i].name, pencil->name - PENCIL_INDENT);
            put_point(pencil, &panel->series[i], point, row);
        }
}

/* ---- key -------------------------------------------------------------------------------------------------------------- */

static const struct glyph *key_sign(const struct pencil *pencil, size_t index)
{
    const struct chart_series *series = &pencil->panel->series[index];

    if (series->limit)
        return &glyph_rule;
    if (pencil->panel->kind == CHART_STACK)
        return segment(index);
    if (pencil->panel->kind == CHART_INTERVAL)
        return series->hollow ? &glyph_predicted : &glyph_point;
    return series->hollow ? &glyph_hollow : &glyph_full;
}

/* Which series the key names: limits, parts of a stack, and where there are two signs a series that has one for itself. */
static bool key_names(const struct pencil *pencil, size_t index)
{
    const struct chart_panel *panel = pencil->panel;
    const struct chart_series *series = &panel->series[index];
    size_t alike = 0, others = 0;

    if (!series->count || !*series->name)
        return false;
    if (series->limit)
        return true;
    if (!pencil_shows(pencil, series) || pencil->layered)
        return false;
    for (size_t i = 0; i < panel->series_count; i++) {
        alike += pencil_shows(pencil, &panel->series[i]) && panel->series[i].hollow == series->hollow;
        others += pencil_shows(pencil, &panel->series[i]) && panel->series[i].hollow != series->hollow;
    }
    return panel->kind == CHART_STACK || (alike == 1 && others);
}

/* What the signs of rows mean. */
static void put_key(struct pencil *pencil)
{
    const struct chart_panel *panel = pencil->panel;
    const char *between = "";
    struct printed key;

    if (printed_open(&key, "the key", NULL) != STATUS_OK) {
        pencil->failed = true;
        return;
    }
    for (size_t i = 0; i < panel->series_count; i++)
        if (key_names(pencil, i)) {
            fprintf(key.out, "%s%s %s", between, pencil_sign(pencil, key_sign(pencil, i)), panel->series[i].name);
            between = "; ";
        }
    for (size_t i = 0; i < panel->rule_count; i++)
        if (panel->rules[i].vertical && *panel->rules[i].label) {
            fprintf(key.out, "%s%s %s", between, pencil_sign(pencil, &glyph_rule), panel->rules[i].label);
            between = "; ";
        }
    if (printed_close(&key, STATUS_OK, NULL) == STATUS_OK)
        pencil_remark(pencil, key.bytes);
    else
        pencil->failed = true;
    free(key.bytes);
}

void pencil_rows(struct pencil *pencil)
{
    scale_rows(pencil);
    layout_rows(pencil);
    for (size_t row = 0; row < pencil->panel->label_count; row++) {
        if (pencil->layered) {
            put_layers(pencil, row);
        } else if (pencil->panel->kind == CHART_STACK) {
            pencil_name(pencil, PENCIL_INDENT, pencil->panel->labels[row], pencil->name);
            put_stack(pencil, row);
        } else {
            put_row(pencil, row);
        }
    }
    put_key(pencil);
}
