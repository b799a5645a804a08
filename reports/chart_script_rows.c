#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "reports/chart_script.h"

#define BAR_SHARE   0.78 /* of its slot's height */
#define RAW_SHARE   0.60
#define LIMIT_SHARE 0.94

enum { ABOVE_INDENT = 5 /* clear of the axis, which begins at the edge there */ };

/* The row of a point; NULL: there is none, or its value cannot be drawn. */
static const struct layout_row *row_of(const struct chart_panel *panel, const struct layout_panel *place,
                                       const struct chart_point *point)
{
    double row = floor(point->y + 0.5);

    return row >= 0 && row < (double)panel->label_count && scale_takes(&place->x, point->x) ? &place->row[(size_t)row]
                                                                                            : NULL;
}

/* Where the boxes of a row of a stack end so far, by row. */
struct stack {
    double end[CHART_ROWS_MAX];
};

/* Rows of "x y x0 x1 y0 y1"; false where there is none. */
static size_t boxes_block(struct script *script, const struct chart_panel *panel, const struct layout_panel *place,
                          size_t series, struct stack *stack)
{
    size_t block = script_block(script);
    const struct chart_series *own = &panel->series[series];

    for (size_t i = 0; i < own->count; i++) {
        const struct layout_row *row = row_of(panel, place, &own->points[i]);
        double half, y, from = 0, to = own->points[i].x;
        if (!row || (panel->kind == CHART_STACK && to <= 0))
            continue;
        if (panel->kind == CHART_STACK) {
            from = stack->end[row - place->row];
            to = stack->end[row - place->row] += to;
        }
        y = layout_slot(row, layout_slot_of(panel, series, i), &half);
        half *= BAR_SHARE;
        fprintf(script->out, "%.12g %.12g %.12g %.12g %.12g %.12g\n", to, y, from, to, y - half, y + half);
    }
    script_block_end(script);
    return block;
}

static void boxes(struct script *script, const struct chart_panel *panel, const struct layout_panel *place,
                  size_t series, struct stack *stack)
{
    struct script_look look = script_look(panel, series);
    size_t block = boxes_block(script, panel, place, series, stack);

    if (panel->series[series].hollow) {
        script_item(script, block,
                    "using 1:2:3:4:5:6 with boxxyerror linecolor rgb '#%06x' linewidth 1.6 fillstyle empty border",
                    look.edge);
        return;
    }
    script_item(script, block,
                "using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '#%06x' fillstyle solid 1.0 border rgb '#%06x' "
                "linewidth 1",
                look.colour, look.edge);
    if (look.pattern && script->hatched)
        script_item(script, block,
                    "using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '#%06x' fillstyle transparent pattern %d border "
                    "rgb '#%06x' linewidth 1",
                    look.edge, look.pattern, look.edge);
}

/* Intervals of the figures, cut to what the axis shows. */
static void whiskers(struct script *script, const struct chart_panel *panel, const struct layout_panel *place,
                     size_t series)
{
    struct script_look look = script_look(panel, series);
    const struct chart_series *own = &panel->series[series];
    size_t block = script_block(script);

    for (size_t i = 0; i < own->count; i++) {
        const struct chart_point *point = &own->points[i];
        const struct layout_row *row = row_of(panel, place, point);
        double half;
        if (!row || !isfinite(point->low) || !isfinite(point->high))
            continue;
        fprintf(script->out, "%.12g %.12g %.12g %.12g\n", point->x,
                layout_slot(row, layout_slot_of(panel, series, i), &half), fmax(point->low, place->x.low),
                fmin(point->high, place->x.high));
    }
    script_block_end(script);
    script_item(script, block, "using 1:2:3:4 with xerrorbars pointtype -1 linewidth 1.6 linecolor rgb '#%06x'",
                panel->kind == CHART_INTERVAL ? look.edge : SCRIPT_INK);
}

static void marks(struct script *script, const struct chart_panel *panel, const struct layout_panel *place,
                  size_t series)
{
    struct script_look look = script_look(panel, series);
    const struct chart_series *own = &panel->series[series];
    size_t block = script_block(script);

    for (size_t i = 0; i < own->count; i++) {
        const struct layout_row *row = row_of(panel, place, &own->points[i]);
        double half;
        if (row)
            fprintf(script->out, "%.12g %.12g\n", own->points[i].x,
                    layout_slot(row, layout_slot_of(panel, series, i), &half));
    }
    script_block_end(script);
    /* an outlined mark covers the whisker behind it */
    script_item(script, block, "using 1:2 with points pointtype %d pointsize 0.85 linecolor rgb '#%06x'", look.point,
                own->hollow ? 0xffffff : look.colour);
    script_item(script, block, "using 1:2 with points pointtype %d pointsize 0.85 linewidth 1.6 linecolor rgb '#%06x'",
                look.hollow, look.edge);
}

/* Spread over the height of the slot so that equal values do not hide each other; the same every time. */
static void raw_marks(struct script *script, const struct chart_panel *panel, const struct layout_panel *place,
                      size_t series)
{
    struct script_look look = script_look(panel, series);
    const struct chart_series *own = &panel->series[series];
    size_t block = script_block(script);

    for (size_t i = 0; i < own->count; i++) {
        const struct layout_row *row = row_of(panel, place, &own->points[i]);
        double half, y;
        if (!row)
            continue;
        y = layout_slot(row, layout_slot_of(panel, series, i), &half);
        fprintf(script->out, "%.12g %.12g\n", own->points[i].x,
                y + RAW_SHARE * half * (2 * fmod(0.5 + 0.618034 * (double)i, 1) - 1));
    }
    script_block_end(script);
    script_item(script, block, "using 1:2 with points pointtype 7 pointsize 0.4 linecolor rgb '#40ffffff'");
    script_item(script, block, "using 1:2 with points pointtype 6 pointsize 0.4 linewidth 0.8 linecolor rgb '#40%06x'",
                look.edge);
}

static void limits(struct script *script, const struct chart_panel *panel, const struct layout_panel *place,
                   size_t series)
{
    const struct chart_series *own = &panel->series[series];
    size_t block = script_block(script);

    for (size_t i = 0; i < own->count; i++) {
        const struct layout_row *row = row_of(panel, place, &own->points[i]);
        double half, y;
        if (!row)
            continue;
        y = layout_slot(row, layout_slot_of(panel, series, i), &half);
        fprintf(script->out, "%.12g %.12g 0 %.12g\n", own->points[i].x, y - LIMIT_SHARE * half, 2 * LIMIT_SHARE * half);
    }
    script_block_end(script);
    script_item(script, block, "using 1:2:3:4 with vectors nohead linewidth 2.6 linecolor rgb '#%06x'", SCRIPT_BOUND);
}

/* Labels before, values behind the rows. */
static void row_texts(struct script *script, const struct chart_panel *panel, const struct layout_panel *place)
{
    const struct layout *layout = script->layout;
    double room = layout->labels_above ? LAYOUT_WIDTH - 2 * LAYOUT_EDGE - ABOVE_INDENT
                                       : layout->left - LAYOUT_EDGE - LAYOUT_GAP + 1;

    for (size_t i = 0; i < panel->label_count; i++) {
        char *text = layout_text(panel->labels[i], room, LAYOUT_FONT);
        if (layout->labels_above)
            script_label(script, text, LAYOUT_EDGE + ABOVE_INDENT, place->row[i].label, SCRIPT_LEFT, LAYOUT_FONT,
                         SCRIPT_INK);
        else
            script_label(script, text, layout->left - LAYOUT_GAP, place->row[i].label, SCRIPT_RIGHT, LAYOUT_FONT,
                         SCRIPT_INK);
        script->failed |= !text;
        free(text);
    }
    for (size_t s = 0; s < panel->series_count; s++)
        for (size_t i = 0; i < panel->series[s].count && layout_figures(&panel->series[s]); i++) {
            const struct layout_row *row = row_of(panel, place, &panel->series[s].points[i]);
            char *text = row ? layout_value(panel, s, i) : NULL;
            size_t slot = layout_slot_of(panel, s, i);
            double half, y;
            script->failed |= row && !text;
            if (row && slot < row->slots && (slot + 1 < LAYOUT_SLOTS_MAX || row->slots < LAYOUT_SLOTS_MAX)) {
                y = layout_slot(row, slot, &half);
                script_label(script, text, layout->values, y, SCRIPT_LEFT, LAYOUT_FONT, SCRIPT_INK);
            }
            free(text);
        }
}

void script_rows(struct script *script, const struct chart_panel *panel, const struct layout_panel *place)
{
    struct stack stack = {0};
    double left = script->layout->left, width = script->layout->right - left;

    row_texts(script, panel, place);
    if (panel->kind != CHART_INTERVAL) {
        double x = left + width * scale_place(&place->x, 0);
        script_stroke(script, x, place->top, x, place->bottom, 1, SCRIPT_AXIS, SCRIPT_SOLID);
    }
    for (size_t s = 0; s < panel->series_count; s++)
        if (panel->series[s].count && layout_figures(&panel->series[s]) && panel->kind != CHART_INTERVAL)
            boxes(script, panel, place, s, &stack);
    for (size_t s = 0; s < panel->series_count; s++)
        if (panel->series[s].count && panel->series[s].raw)
            raw_marks(script, panel, place, s);
    for (size_t s = 0; s < panel->series_count; s++)
        if (panel->series[s].count && layout_figures(&panel->series[s]) && panel->kind != CHART_STACK)
            whiskers(script, panel, place, s);
    for (size_t s = 0; s < panel->series_count; s++) {
        if (panel->series[s].count && layout_figures(&panel->series[s]) && panel->kind == CHART_INTERVAL)
            marks(script, panel, place, s);
        if (panel->series[s].count && panel->series[s].limit)
            limits(script, panel, place, s);
    }
}

void script_rows_sample(struct script *script, const struct chart_panel *panel, const struct layout_key *key)
{
    const struct chart_series *series = &panel->series[key->series];
    struct script_look look = script_look(panel, key->series);
    double middle = key->x + LAYOUT_SAMPLE / 2.0;

    if (series->limit) {
        script_stroke(script, middle, key->y - 7, middle, key->y + 7, 2.6, SCRIPT_BOUND, SCRIPT_SOLID);
    } else if (series->raw) {
        script_mark(script, middle, key->y, 6, 0.4, look.edge);
    } else if (panel->kind == CHART_INTERVAL) {
        script_sample_line(script, key, 1.6, look.edge, series->hollow);
        script_mark(script, middle, key->y, look.point, 0.85, series->hollow ? 0xffffff : look.colour);
        script_mark(script, middle, key->y, look.hollow, 0.85, look.edge);
    } else {
        script_box(script, key->x, key->y - 6, key->x + LAYOUT_SAMPLE, key->y + 6, &look, series->hollow);
    }
}
