#include <math.h>
#include <stdlib.h>

#include "reports/chart_script.h"

/* With more points than that, a line carries no marks. */
enum { MARKED_MAX = 40, LABELS_MAX = 64, OBSTACLES_MAX = 512 };
#define MARK_HALF   5.0
#define LABEL_WIDTH 190.0
#define LINE_WIDTH  2.2
#define BOUND_WIDTH 3.0

static bool interval_known(const struct chart_point *point)
{
    return isfinite(point->low) && isfinite(point->high);
}

static bool point_drawn(const struct layout_panel *place, const struct chart_point *point)
{
    return scale_takes(&place->x, point->x) && scale_takes(&place->y, point->y);
}

/* Rows of "x y low high", cut to what the axis shows. `banded`: only points with an interval; where one has none, the band has a
 * gap. */
static size_t points_block(struct script *script, const struct chart_series *series, const struct layout_panel *place,
                           bool banded)
{
    size_t block = script_block(script), written = 0;
    bool gap = false;

    for (size_t i = 0; i < series->count; i++) {
        const struct chart_point *point = &series->points[i];
        bool known = interval_known(point);
        if (!point_drawn(place, point) || (banded && !known)) {
            gap = written > 0;
            continue;
        }
        if (gap && banded)
            putc('\n', script->out);
        gap = false;
        written++;
        fprintf(script->out, "%.12g %.12g %.12g %.12g\n", point->x, point->y,
                known ? fmax(point->low, place->y.low) : point->y, known ? fmin(point->high, place->y.high) : point->y);
    }
    script_block_end(script);
    return block;
}

static size_t intervals_count(const struct chart_series *series)
{
    size_t count = 0;

    for (size_t i = 0; i < series->count; i++)
        count += interval_known(&series->points[i]);
    return count;
}

static bool joined(const struct chart_panel *panel, const struct chart_series *series)
{
    return (panel->kind == CHART_LINES && !series->raw) || series->slope || series->limit;
}

static void intervals(struct script *script, const struct chart_panel *panel, const struct layout_panel *place,
                      size_t series)
{
    const struct chart_series *own = &panel->series[series];
    struct script_look look = script_look(panel, series);
    bool band = joined(panel, own) && own->count > 1;
    size_t count = intervals_count(own), block;

    if (!count || own->raw)
        return;
    block = points_block(script, own, place, true);
    if (band)
        script_item(script, block,
                    "using 1:3:4 with filledcurves fillcolor rgb '#%06x' fillstyle transparent solid 0.18 noborder",
                    look.colour);
    else
        script_item(script, block, "using 1:2:3:4 with yerrorbars pointtype -1 linewidth 1.4 linecolor rgb '#%06x'",
                    look.edge);
}

static void line(struct script *script, const struct chart_panel *panel, const struct layout_panel *place,
                 size_t series)
{
    const struct chart_series *own = &panel->series[series];
    struct script_look look = script_look(panel, series);
    bool bound = script_bound(panel, series);
    size_t block;

    if (!joined(panel, own))
        return;
    block = points_block(script, own, place, false);
    script_item(script, block, "using 1:2 with lines linewidth %.3g linecolor rgb '#%06x'%s",
                bound ? BOUND_WIDTH : LINE_WIDTH, look.colour, own->hollow ? " dashtype (4,3)" : "");
}

static void marks(struct script *script, const struct chart_panel *panel, const struct layout_panel *place,
                  size_t series)
{
    const struct chart_series *own = &panel->series[series];
    struct script_look look = script_look(panel, series);
    size_t block;

    if (own->slope || own->limit || (panel->kind == CHART_LINES && !own->raw && own->count > MARKED_MAX))
        return;
    block = points_block(script, own, place, false);
    if (own->raw) {
        script_item(script, block, "using 1:2 with points pointtype 7 pointsize 0.35 linecolor rgb '#90%06x'",
                    look.colour);
        return;
    }
    script_item(script, block, "using 1:2 with points pointtype %d pointsize 0.72 linecolor rgb '#%06x'", look.point,
                own->hollow ? 0xffffff : look.colour);
    script_item(script, block, "using 1:2 with points pointtype %d pointsize 0.72 linewidth 1.4 linecolor rgb '#%06x'",
                look.hollow, look.edge);
}

/* ---- words within the plot --------------------------------------------------------------------------------------------- */

struct box {
    double x0, y0, x1, y1;
};

/* What words must not lie upon. */
struct obstacles {
    struct box box[OBSTACLES_MAX];
    size_t count;
};

static void obstacle(struct obstacles *obstacles, struct box box)
{
    if (obstacles->count < OBSTACLES_MAX)
        obstacles->box[obstacles->count++] = box;
}

static double overlap(const struct obstacles *obstacles, struct box box)
{
    double area = 0;

    for (size_t i = 0; i < obstacles->count; i++) {
        const struct box *other = &obstacles->box[i];
        double width = fmin(box.x1, other->x1) - fmax(box.x0, other->x0);
        double height = fmin(box.y1, other->y1) - fmax(box.y0, other->y0);
        area += width > 0 && height > 0 ? width * height : 0;
    }
    return area;
}

static void point_place(const struct script *script, const struct layout_panel *place, const struct chart_point *point,
                        double *x, double *y)
{
    *x = script->layout->left + scale_place(&place->x, point->x) * (script->layout->right - script->layout->left);
    *y = place->bottom - scale_place(&place->y, point->y) * (place->bottom - place->top);
}

/* Lines as chains of small boxes. */
static void obstacle_line(struct obstacles *obstacles, double x0, double y0, double x1, double y1)
{
    double length = hypot(x1 - x0, y1 - y0);

    for (double at = 0; at <= length; at += 8) {
        double x = x0 + (x1 - x0) * at / fmax(length, 1), y = y0 + (y1 - y0) * at / fmax(length, 1);
        obstacle(obstacles, (struct box){x - 2, y - 2, x + 2, y + 2});
    }
}

static void obstacles_find(const struct script *script, const struct chart_panel *panel,
                           const struct layout_panel *place, struct obstacles *obstacles)
{
    double left = script->layout->left, right = script->layout->right;

    for (size_t i = 0; i < panel->rule_count; i++) {
        double at = panel->rules[i].at;
        if (panel->rules[i].vertical && scale_takes(&place->x, at)) {
            double x = left + scale_place(&place->x, at) * (right - left);
            obstacle(obstacles, (struct box){x - 1, place->top, x + 1, place->bottom});
        } else if (!panel->rules[i].vertical && scale_takes(&place->y, at)) {
            double y = place->bottom - scale_place(&place->y, at) * (place->bottom - place->top);
            obstacle(obstacles, (struct box){left, y - 1, right, y + 1});
        }
    }
    for (size_t s = 0; s < panel->series_count; s++) {
        double x, y, before_x = NAN, before_y = NAN;
        for (size_t i = 0; i < panel->series[s].count; i++) {
            if (!point_drawn(place, &panel->series[s].points[i]))
                continue;
            point_place(script, place, &panel->series[s].points[i], &x, &y);
            if (!panel->series[s].slope)
                obstacle(obstacles, (struct box){x - MARK_HALF, y - MARK_HALF, x + MARK_HALF, y + MARK_HALF});
            if (isfinite(before_x) && joined(panel, &panel->series[s]))
                obstacle_line(obstacles, before_x, before_y, x, y);
            before_x = x;
            before_y = y;
        }
    }
}

/* Beside the point where there is room; where there is none, its words are left to the table below the chart. */
static void point_label(struct script *script, const struct layout_panel *place, const struct chart_point *point,
                        struct obstacles *obstacles)
{
    static const double ways[][2] = {{1, 0}, {-1, 0}, {0, -1}, {0, 1}, {1, -1}, {-1, -1}, {1, 1}, {-1, 1}};
    char *text = layout_text(point->label, LABEL_WIDTH, LAYOUT_SMALL);
    double x, y, width = text ? layout_text_width(text, LAYOUT_SMALL) : 0, height = LAYOUT_SMALL + 2;

    script->failed |= !text;
    point_place(script, place, point, &x, &y);
    for (size_t i = 0; i < sizeof ways / sizeof *ways && text; i++) {
        double middle = x + ways[i][0] * (width / 2 + (ways[i][1] == 0 ? MARK_HALF + 4 : 2));
        double centre = y + ways[i][1] * (height / 2 + MARK_HALF + 1);
        struct box box = {middle - width / 2, centre - height / 2, middle + width / 2, centre + height / 2};
        if (box.x0 < script->layout->left + 2 || box.x1 > LAYOUT_WIDTH - LAYOUT_EDGE || box.y0 < place->top ||
            box.y1 > place->bottom - 2 || overlap(obstacles, box) > 0)
            continue;
        script_label(script, text, middle, centre, SCRIPT_CENTRE, LAYOUT_SMALL, SCRIPT_INK);
        obstacle(obstacles, box);
        break;
    }
    free(text);
}

/* Above or below its line, at the right or the left end: where least lies. */
static void rule_label(struct script *script, const struct layout_panel *place, double at, const char *text,
                       struct obstacles *obstacles)
{
    double width = text ? layout_text_width(text, LAYOUT_SMALL) : 0, height = LAYOUT_SMALL + 2, least = INFINITY;
    double y = place->bottom - scale_place(&place->y, at) * (place->bottom - place->top);
    struct box best = {0};

    for (int i = 0; i < 4; i++) {
        double x0 = i % 2 ? script->layout->left + 5 : script->layout->right - width - 3;
        double y0 = i < 2 ? y - height - 2 : y + 2, area;
        struct box box = {x0, y0, x0 + width, y0 + height};
        if (box.y0 < place->top - 2 || box.y1 > place->bottom - 1)
            continue;
        area = overlap(obstacles, box);
        if (area < least) {
            least = area;
            best = box;
        }
    }
    if (!isfinite(least))
        return;
    script_label(script, text, (best.x0 + best.x1) / 2, (best.y0 + best.y1) / 2, SCRIPT_CENTRE, LAYOUT_SMALL,
                 SCRIPT_SOFT);
    obstacle(obstacles, best);
}

static void words(struct script *script, const struct chart_panel *panel, const struct layout_panel *place)
{
    struct obstacles obstacles = {.count = 0};
    size_t labels = 0;

    obstacles_find(script, panel, place, &obstacles);
    for (size_t i = 0; i < place->rule_count; i++)
        if (!panel->rules[i].vertical && scale_takes(&place->y, panel->rules[i].at) && *place->rule[i].text)
            rule_label(script, place, panel->rules[i].at, place->rule[i].text, &obstacles);
    for (size_t s = 0; s < panel->series_count; s++)
        for (size_t i = 0; i < panel->series[s].count && labels < LABELS_MAX; i++) {
            const struct chart_point *point = &panel->series[s].points[i];
            if (!point->label || !*point->label || !point_drawn(place, point))
                continue;
            point_label(script, place, point, &obstacles);
            labels++;
        }
}

void script_curves(struct script *script, const struct chart_panel *panel, const struct layout_panel *place)
{
    static void (*const layers[])(struct script *, const struct chart_panel *, const struct layout_panel *,
                                  size_t) = {intervals, line, marks};

    for (int raw = 1; raw >= 0; raw--)
        for (size_t layer = 0; layer < sizeof layers / sizeof *layers; layer++)
            for (size_t s = 0; s < panel->series_count; s++)
                if (panel->series[s].count && panel->series[s].raw == (raw == 1))
                    layers[layer](script, panel, place, s);
    words(script, panel, place);
}

void script_curves_sample(struct script *script, const struct chart_panel *panel, const struct layout_key *key)
{
    const struct chart_series *series = &panel->series[key->series];
    struct script_look look = script_look(panel, key->series);
    double middle = key->x + LAYOUT_SAMPLE / 2.0;

    if (joined(panel, series))
        script_sample_line(script, key, script_bound(panel, key->series) ? BOUND_WIDTH : LINE_WIDTH, look.colour,
                           series->hollow);
    if (series->raw) {
        script_mark(script, middle, key->y, 7, 0.35, look.colour);
    } else if (!series->slope && !series->limit) {
        script_mark(script, middle, key->y, look.point, 0.72, series->hollow ? 0xffffff : look.colour);
        script_mark(script, middle, key->y, look.hollow, 0.72, look.edge);
    }
}
