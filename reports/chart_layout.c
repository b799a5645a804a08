#include "reports/chart_layout.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Heights of rows: what a slot takes and what lies around them. */
enum { BAR_SLOT = 26, BAR_AROUND = 14, STACK_SLOT = 32, POINT_SLOT = 24, POINT_AROUND = 10, LABEL_ABOVE = 20 };
enum { PLOT_ALONE = 230, PLOT_SHARED = 130, VALUES_WIDTH_MAX = 160, CURVE_RIGHT = 24, TICK_WIDTH = 74 };
#define LABELS_SHARE_MAX 0.4
#define BOLD             1.12 /* that much wider */
#define RULE_SHARE_MAX   0.6

static char *own(struct layout *layout, char *text)
{
    layout->failed |= !text;
    return text;
}

bool layout_figures(const struct chart_series *series)
{
    return !series->raw && !series->limit;
}

static bool same_row(double a, double b)
{
    return fabs(a - b) < 0.5;
}

size_t layout_slot_of(const struct chart_panel *panel, size_t series, size_t point)
{
    const struct chart_series *own_series = &panel->series[series];
    bool figures = layout_figures(own_series);
    size_t until = figures ? series : own_series->like, slot = 0;
    double y = own_series->points[point].y;

    if (panel->kind == CHART_STACK)
        return figures ? 0 : SIZE_MAX;
    if (!figures && (until >= panel->series_count || until == series || !layout_figures(&panel->series[until])))
        return own_series->limit ? SIZE_MAX : 0;
    for (size_t s = 0; s <= until; s++)
        for (size_t i = 0; i < panel->series[s].count && layout_figures(&panel->series[s]); i++) {
            if (s == until && (!figures || i == point))
                return slot < LAYOUT_SLOTS_MAX ? slot : LAYOUT_SLOTS_MAX - 1;
            slot += same_row(panel->series[s].points[i].y, y);
        }
    return slot < LAYOUT_SLOTS_MAX ? slot : LAYOUT_SLOTS_MAX - 1;
}

double layout_slot(const struct layout_row *row, size_t slot, double *half)
{
    double height = (row->bottom - row->top) / (double)row->slots;

    if (slot == SIZE_MAX) {
        *half = (row->bottom - row->top) / 2;
        return (row->top + row->bottom) / 2;
    }
    *half = height / 2;
    return row->top + ((double)(slot < row->slots ? slot : row->slots - 1) + 0.5) * height;
}

static double stack_total(const struct chart_panel *panel, double y)
{
    double total = 0;

    for (size_t s = 0; s < panel->series_count; s++)
        for (size_t i = 0; i < panel->series[s].count && layout_figures(&panel->series[s]); i++)
            if (same_row(panel->series[s].points[i].y, y) && panel->series[s].points[i].x > 0)
                total += panel->series[s].points[i].x;
    return total;
}

static bool last_of_stack(const struct chart_panel *panel, size_t series, size_t point)
{
    double y = panel->series[series].points[point].y;

    for (size_t s = series; s < panel->series_count; s++)
        for (size_t i = s == series ? point + 1 : 0; i < panel->series[s].count && layout_figures(&panel->series[s]);
             i++)
            if (same_row(panel->series[s].points[i].y, y))
                return false;
    return true;
}

char *layout_value(const struct chart_panel *panel, size_t series, size_t point)
{
    const struct chart_point *at = &panel->series[series].points[point];
    char number[SCALE_TEXT_MAX];

    if (panel->kind == CHART_STACK && !last_of_stack(panel, series, point))
        return strdup("");
    if (at->label)
        return layout_text(at->label, VALUES_WIDTH_MAX, LAYOUT_FONT);
    scale_number(number, panel->kind == CHART_STACK ? stack_total(panel, at->y) : at->x);
    return strdup(number);
}

/* ---- scales ----------------------------------------------------------------------------------------------------------- */

static bool rows_kind(enum chart_kind kind)
{
    return kind == CHART_BARS || kind == CHART_STACK || kind == CHART_INTERVAL;
}

/* A logarithmic axis is drawn only where every value can stand on it. */
static bool log_possible(const struct chart_panel *panel, bool x)
{
    for (size_t s = 0; s < panel->series_count; s++)
        for (size_t i = 0; i < panel->series[s].count; i++)
            if ((x ? panel->series[s].points[i].x : panel->series[s].points[i].y) <= 0)
                return false;
    return true;
}

static void include_axis(struct scale *scale, const struct chart_panel *panel, bool x)
{
    bool intervals = x == rows_kind(panel->kind);

    for (size_t s = 0; s < panel->series_count; s++)
        for (size_t i = 0; i < panel->series[s].count; i++) {
            const struct chart_point *point = &panel->series[s].points[i];
            scale_include(scale, x ? point->x : point->y);
            if (panel->kind == CHART_STACK)
                scale_include(scale, stack_total(panel, point->y));
            if (!intervals || !isfinite(point->low) || !isfinite(point->high))
                continue;
            scale_include(scale, point->low);
            scale_include(scale, point->high);
        }
    for (size_t i = 0; i < panel->rule_count; i++)
        if (panel->rules[i].vertical == x)
            scale_include(scale, panel->rules[i].at);
}

static void layout_scales(struct layout *layout, const struct chart *chart)
{
    struct scale shared = {.log = true};
    bool zero = false;

    for (size_t i = 0; i < chart->panel_count; i++)
        if (layout->panel[i].drawn && !layout->panel[i].rows) {
            shared.log &= chart->panels[i].x_log && log_possible(&chart->panels[i], true);
            zero |= chart->panels[i].x_zero;
        }
    for (size_t i = 0; i < chart->panel_count; i++)
        if (layout->panel[i].drawn && !layout->panel[i].rows)
            include_axis(&shared, &chart->panels[i], true);
    scale_end(&shared, zero, 0.03);
    for (size_t i = 0; i < chart->panel_count; i++) {
        const struct chart_panel *panel = &chart->panels[i];
        struct layout_panel *place = &layout->panel[i];
        bool bars = panel->kind == CHART_BARS || panel->kind == CHART_STACK;
        if (!place->drawn)
            continue;
        place->x = shared;
        if (place->rows) {
            place->x = (struct scale){.log = !bars && panel->x_log && log_possible(panel, true)};
            include_axis(&place->x, panel, true);
            scale_end(&place->x, bars || panel->x_zero, 0.05);
            continue;
        }
        place->y.log = panel->y_log && log_possible(panel, false);
        include_axis(&place->y, panel, false);
        scale_end(&place->y, panel->y_zero, 0.08);
    }
}

/* ---- margins ---------------------------------------------------------------------------------------------------------- */

static double labels_width(const struct chart_panel *panel)
{
    double width = 0;

    for (size_t i = 0; i < panel->label_count; i++) {
        char *text = layout_text(panel->labels[i], LAYOUT_WIDTH, LAYOUT_FONT);
        width = fmax(width, text ? layout_text_width(text, LAYOUT_FONT) : 0);
        free(text);
    }
    return width;
}

static double values_width(const struct chart_panel *panel)
{
    double width = 0;

    for (size_t s = 0; s < panel->series_count; s++)
        for (size_t i = 0; i < panel->series[s].count && layout_figures(&panel->series[s]); i++) {
            char *text = layout_value(panel, s, i);
            width = fmax(width, text ? layout_text_width(text, LAYOUT_FONT) : 0);
            free(text);
        }
    return width;
}

static double ticks_width(const struct scale *scale)
{
    struct scale_tick ticks[SCALE_TICKS_MAX];
    size_t count = scale_ticks(scale, 5, ticks);
    double width = 0;

    for (size_t i = 0; i < count; i++)
        width = fmax(width, layout_text_width(ticks[i].text, LAYOUT_SMALL));
    return width;
}

static void layout_margins(struct layout *layout, const struct chart *chart)
{
    double labels = 0, values = 0, ticks = 0;

    for (size_t i = 0; i < chart->panel_count; i++) {
        const struct layout_panel *place = &layout->panel[i];
        if (place->drawn && place->rows) {
            labels = fmax(labels, labels_width(&chart->panels[i]));
            values = fmax(values, values_width(&chart->panels[i]));
        } else if (place->drawn) {
            ticks = fmax(ticks, ticks_width(&place->y));
        }
    }
    layout->labels_above = labels > LABELS_SHARE_MAX * LAYOUT_WIDTH;
    if (layout->labels_above)
        labels = 0;
    layout->left = LAYOUT_EDGE + fmax(labels, ticks) + (labels > 0 || ticks > 0 ? LAYOUT_GAP : 0);
    layout->right = LAYOUT_WIDTH - LAYOUT_EDGE - (values > 0 ? values + LAYOUT_GAP : CURVE_RIGHT);
    layout->values = layout->right + LAYOUT_GAP;
}

/* ---- from top to bottom ----------------------------------------------------------------------------------------------- */

static double place_lines(struct layout *layout, struct layout_lines *lines, const char *text, double font, double top)
{
    double room = (LAYOUT_WIDTH - 2 * LAYOUT_EDGE) / (font >= LAYOUT_TITLE ? BOLD : 1), height = font * 1.35;
    char *rest = own(layout, layout_text(text, 3 * room, font)), *at = rest;

    lines->y = top + height / 2;
    while (at && *at && lines->count < LAYOUT_LINES_MAX) {
        char *line = at, *end = NULL;
        for (char *space = strchr(at, ' '); space; space = strchr(space + 1, ' ')) {
            *space = '\0';
            bool fits = layout_text_width(line, font) <= room;
            *space = ' ';
            if (!fits)
                break;
            end = space;
        }
        if (layout_text_width(line, font) <= room)
            end = NULL;
        if (end)
            *end = '\0';
        at = end ? end + 1 : line + strlen(line);
        lines->line[lines->count++] = own(layout, layout_text(line, room, font));
    }
    free(rest);
    return top + height * (double)lines->count;
}

static char *joined(const char *title, const char *unit)
{
    char *text = NULL;

    if (!title || !unit || asprintf(&text, "%s%s%s", title, *title && *unit ? ", " : "", unit) < 0)
        return NULL;
    return text;
}

static double place_heading(struct layout *layout, const struct chart_panel *panel, struct layout_panel *place,
                            double top)
{
    char *text = joined(panel->title, place->rows ? panel->x_title : panel->y_title);

    place->heading = own(layout, text ? layout_text(text, LAYOUT_WIDTH - 2 * LAYOUT_EDGE, BOLD * LAYOUT_FONT) : NULL);
    free(text);
    if (!place->heading || !*place->heading)
        return top;
    place->heading_y = top + LAYOUT_LINE / 2.0;
    return top + LAYOUT_LINE;
}

/* Does this key say what that of the panel above says already? */
static bool key_known(const struct chart_panel *panel, const struct chart_panel *above)
{
    if (panel->series_count != above->series_count || panel->kind != above->kind)
        return false;
    for (size_t i = 0; i < panel->series_count; i++) {
        const struct chart_series *a = &panel->series[i], *b = &above->series[i];
        if (!a->name || !b->name || strcmp(a->name, b->name) != 0 || a->raw != b->raw || a->hollow != b->hollow ||
            a->limit != b->limit || a->slope != b->slope || a->like != b->like || !b->count)
            return false;
    }
    return true;
}

static double place_key(struct layout *layout, const struct chart_panel *panel, struct layout_panel *place, double top)
{
    double x = LAYOUT_EDGE, room = LAYOUT_WIDTH - 2 * LAYOUT_EDGE - LAYOUT_SAMPLE - LAYOUT_GAP;

    for (size_t s = 0; s < panel->series_count && place->key_count < LAYOUT_KEY_MAX; s++) {
        struct layout_key *key = &place->key[place->key_count];
        double width;
        if (!panel->series[s].count || !panel->series[s].name || !*panel->series[s].name)
            continue;
        if (!(key->text = own(layout, layout_text(panel->series[s].name, room, LAYOUT_SMALL))))
            return top;
        width = LAYOUT_SAMPLE + LAYOUT_GAP + layout_text_width(key->text, LAYOUT_SMALL);
        if (x > LAYOUT_EDGE && x + width > LAYOUT_WIDTH - LAYOUT_EDGE) {
            x = LAYOUT_EDGE;
            top += LAYOUT_LINE;
        }
        key->series = s;
        key->x = x;
        key->y = top + LAYOUT_LINE / 2.0;
        x += width + 2 * LAYOUT_GAP;
        place->key_count++;
    }
    return place->key_count ? top + LAYOUT_LINE : top;
}

/* Labels of vertical rules: side by side where there is room, else in further lines. Their y counts from the plot's top. */
static double place_rules(struct layout *layout, const struct chart_panel *panel, struct layout_panel *place)
{
    double ends[LAYOUT_RULES_MAX] = {0};
    size_t lines = 0;

    for (size_t i = 0; i < panel->rule_count && i < LAYOUT_RULES_MAX; i++) {
        struct layout_rule *rule = &place->rule[i];
        double width, middle, room = RULE_SHARE_MAX * LAYOUT_WIDTH;
        size_t line = 0;
        place->rule_count = i + 1;
        if (!(rule->text = own(layout, layout_text(panel->rules[i].label, room, LAYOUT_SMALL))))
            return 0;
        if (!panel->rules[i].vertical || !*rule->text)
            continue;
        width = layout_text_width(rule->text, LAYOUT_SMALL);
        middle = layout->left + scale_place(&place->x, panel->rules[i].at) * (layout->right - layout->left);
        rule->x = fmin(fmax(middle, LAYOUT_EDGE + width / 2), LAYOUT_WIDTH - LAYOUT_EDGE - width / 2);
        while (line + 1 < LAYOUT_RULES_MAX && ends[line] > rule->x - width / 2)
            line++;
        ends[line] = rule->x + width / 2 + LAYOUT_GAP;
        rule->y = -((double)line + 0.5) * LAYOUT_LINE;
        lines = line + 1 > lines ? line + 1 : lines;
    }
    return (double)lines * LAYOUT_LINE;
}

static size_t row_slots(const struct chart_panel *panel, size_t row)
{
    size_t slots = 0;

    if (panel->kind == CHART_STACK)
        return 1;
    for (size_t s = 0; s < panel->series_count; s++)
        for (size_t i = 0; i < panel->series[s].count && layout_figures(&panel->series[s]); i++)
            slots += same_row(panel->series[s].points[i].y, (double)row);
    return slots < 1 ? 1 : slots > LAYOUT_SLOTS_MAX ? LAYOUT_SLOTS_MAX : slots;
}

static double place_rows(const struct layout *layout, const struct chart_panel *panel, struct layout_panel *place,
                         double top)
{
    double slot = panel->kind == CHART_BARS ? BAR_SLOT : panel->kind == CHART_STACK ? STACK_SLOT : POINT_SLOT;
    double around = panel->kind == CHART_BARS ? BAR_AROUND : panel->kind == CHART_STACK ? 0 : POINT_AROUND;

    for (size_t i = 0; i < panel->label_count; i++) {
        struct layout_row *row = &place->row[i];
        row->slots = row_slots(panel, i);
        if (layout->labels_above) {
            row->label = top + LABEL_ABOVE / 2.0;
            top += LABEL_ABOVE;
        }
        row->top = top + (layout->labels_above ? 0 : around / 2);
        row->bottom = row->top + slot * (double)row->slots;
        if (!layout->labels_above)
            row->label = (row->top + row->bottom) / 2;
        top = row->bottom + around / 2;
    }
    return top;
}

static double place_panel(struct layout *layout, const struct chart *chart, size_t index, bool last, bool single,
                          double top)
{
    const struct chart_panel *panel = &chart->panels[index];
    struct layout_panel *place = &layout->panel[index];

    top = place_heading(layout, panel, place, top);
    if (index == 0 || !layout->panel[index - 1].drawn || !key_known(panel, &chart->panels[index - 1]))
        top = place_key(layout, panel, place, top);
    top += place_rules(layout, panel, place) + 5;
    place->top = top;
    place->bottom = place->rows ? place_rows(layout, panel, place, top) : top + (single ? PLOT_ALONE : PLOT_SHARED);
    place->ticks = place->rows || last;
    top = place->bottom + LAYOUT_GAP;
    if (!place->ticks)
        return top + LAYOUT_GAP;
    place->ticks_y = place->bottom + 12;
    top = place->bottom + 12 + LAYOUT_LINE / 2.0;
    if (!place->rows && panel->x_title && *panel->x_title) {
        place->x_title_y = top + LAYOUT_LINE / 2.0;
        top += LAYOUT_LINE;
    }
    return top + (last ? 0 : LAYOUT_GAP);
}

static bool panel_used(const struct chart_panel *panel)
{
    for (size_t s = 0; s < panel->series_count; s++)
        if (panel->series[s].count && (!rows_kind(panel->kind) || panel->label_count))
            return true;
    return false;
}

void layout_open(struct layout *layout, const struct chart *chart, bool alone)
{
    size_t panels = 0, last = 0;
    double top = LAYOUT_EDGE;

    *layout = (struct layout){.alone = alone};
    for (size_t i = 0; i < chart->panel_count; i++) {
        layout->panel[i].rows = rows_kind(chart->panels[i].kind);
        layout->panel[i].drawn = panel_used(&chart->panels[i]);
        if (layout->panel[i].drawn) {
            panels++;
            last = i;
        }
    }
    layout_scales(layout, chart);
    layout_margins(layout, chart);
    if (alone)
        top = place_lines(layout, &layout->title, chart->title, LAYOUT_TITLE, top) + LAYOUT_GAP;
    for (size_t i = 0; i < chart->panel_count; i++)
        if (layout->panel[i].drawn)
            top = place_panel(layout, chart, i, i == last, panels == 1, top);
    if (alone && chart->foot && *chart->foot)
        top = place_lines(layout, &layout->foot, chart->foot, LAYOUT_SMALL - 1, top + LAYOUT_GAP);
    layout->height = ceil(top + LAYOUT_EDGE);
}

static void lines_close(struct layout_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->line[i]);
}

void layout_close(struct layout *layout)
{
    for (size_t i = 0; i < CHART_PANELS_MAX; i++) {
        struct layout_panel *panel = &layout->panel[i];
        free(panel->heading);
        for (size_t k = 0; k < panel->key_count; k++)
            free(panel->key[k].text);
        for (size_t k = 0; k < panel->rule_count; k++)
            free(panel->rule[k].text);
    }
    lines_close(&layout->title);
    lines_close(&layout->foot);
    *layout = (struct layout){0};
}
