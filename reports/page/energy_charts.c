#include "reports/page/energy_charts.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "reports/page/blocks.h"
#include "reports/units.h"

enum { PARETO_LEAST = 3, LABELLED_MOST = 12 };

/* ---- joules per token ------------------------------------------------------------------------------------------------------ */

void energy_chart_tokens(const struct energy_group *group, struct page *page)
{
    static const struct cases_bars gross = {FIELD_energy_joules_per_token, FIELD_COUNT, 1, "gross", "J per token", ""};
    static const struct cases_bars net = {FIELD_energy_net_joules_per_token, FIELD_COUNT,   1,
                                          "net of the idle machine",         "J per token", ""};
    double least = INFINITY, most = -INFINITY;
    char id[BLOCKS_ID_MAX], title[128], low[32], high[32];
    struct chart *chart;
    size_t left_out;

    if (!blocks_any(group->cases.items, group->cases.count, FIELD_energy_joules_per_token))
        return;
    blocks_id(id, "energy-tokens", group->index);
    snprintf(title, sizeof title, "Energy per token of decode, %s", group->title);
    chart = chart_new(id, title);
    left_out = cases_chart(chart, &group->cases, &gross);
    cases_chart(chart, &group->cases, &net);
    for (size_t i = 0; i < group->cases.count; i++) {
        double joules = report_value(&group->cases.items[i], FIELD_energy_joules_per_token);
        least = isfinite(joules) ? fmin(least, joules) : least;
        most = isfinite(joules) ? fmax(most, joules) : most;
    }
    if (least < most)
        chart_finding(chart, "A token of decode takes %s to %s, gross.", units_format(low, sizeof low, "joules", least),
                      units_format(high, sizeof high, "joules", most));
    else
        chart_finding(chart, "A token of decode takes %s, gross.", units_format(high, sizeof high, "joules", most));
    chart_foot(chart, "Bar: median over launches; whisker: its 95 %% interval; dots: one per launch");
    chart_rows_left_out(chart, left_out);
    page_chart(page, chart);
}

/* ---- speed against energy --------------------------------------------------------------------------------------------------- */

struct spot {
    double speed, joules;
    const struct report_cell *cell;
    bool front;
};

static int compare_spots(const void *first, const void *second)
{
    const struct spot *a = first, *b = second;

    if (a->speed != b->speed)
        return a->speed < b->speed ? -1 : 1;
    return (a->joules > b->joules) - (a->joules < b->joules);
}

/* From the fastest down: whatever takes less than all that are faster. */
static size_t find_front(struct spot *spots, size_t count)
{
    double least = INFINITY;
    size_t front = 0;

    for (size_t i = count; i-- > 0;) {
        bool same_speed_takes_less =
            i > 0 && spots[i - 1].speed == spots[i].speed && spots[i - 1].joules < spots[i].joules;
        spots[i].front = spots[i].joules < least && !same_speed_takes_less;
        if (spots[i].front) {
            least = spots[i].joules;
            front++;
        }
    }
    return front;
}

/* Steps: a speed between two spots is had for the energy of the faster one. */
static void add_front(struct chart *chart, struct chart_panel *panel, size_t series, const struct spot *spots,
                      size_t count)
{
    const struct spot *before = NULL;

    for (size_t i = 0; i < count; i++) {
        if (!spots[i].front)
            continue;
        if (before)
            chart_add(chart, panel, series, before->speed, spots[i].joules, NAN, NAN, NULL);
        chart_add(chart, panel, series, spots[i].speed, spots[i].joules, NAN, NAN, NULL);
        before = &spots[i];
    }
}

static size_t collect(const struct energy_group *group, struct spot *spots)
{
    size_t count = 0;

    for (size_t i = 0; i < group->cases.count; i++) {
        struct spot spot = {report_value(&group->cases.items[i], FIELD_decode_tokens_per_second),
                            report_value(&group->cases.items[i], FIELD_energy_joules_per_token), &group->cases.items[i],
                            false};
        if (spot.speed > 0 && spot.joules > 0)
            spots[count++] = spot;
    }
    qsort(spots, count, sizeof *spots, compare_spots);
    return count;
}

/* Those on the front come first: their labels find room before the others'. */
static void add_cases(const struct energy_group *group, struct chart *chart, struct chart_panel *panel, bool front,
                      const struct spot *spots, size_t count)
{
    size_t series = chart_series(chart, panel, front ? "on the front" : "others");
    char label[BLOCKS_LABEL_MAX];

    for (size_t i = 0; i < count; i++) {
        const struct figure *figure = report_figure(spots[i].cell, FIELD_energy_joules_per_token);
        if (spots[i].front != front)
            continue;
        cases_label(label, sizeof label, &group->cases, spots[i].cell);
        chart_add(chart, panel, series, spots[i].speed, spots[i].joules, figure->ci_low, figure->ci_high,
                  front || count <= LABELLED_MOST ? label : NULL);
    }
}

/* The last spot is the fastest; where it takes the least as well, it is the front. */
static void find(const struct energy_group *group, struct chart *chart, const struct spot *spots, size_t count,
                 size_t front)
{
    char label[BLOCKS_LABEL_MAX];

    cases_label(label, sizeof label, &group->cases, spots[count - 1].cell);
    if (front == 1)
        chart_finding(chart, "%s is the fastest and takes the least energy for a token.", label);
    else
        chart_finding(chart,
                      "%zu of %zu cases are on the front: no other is both faster and takes less energy for a token.",
                      front, count);
}

static void draw_pareto(const struct energy_group *group, const struct spot *spots, size_t count, size_t front,
                        struct page *page)
{
    char id[BLOCKS_ID_MAX], title[128];
    struct chart *chart;
    struct chart_panel *panel;
    size_t line;

    blocks_id(id, "energy-pareto", group->index);
    snprintf(title, sizeof title, "Speed against energy, %s", group->title);
    chart = chart_new(id, title);
    panel = chart_panel(chart, CHART_POINTS, "", "decode, tokens per second", "J per token, gross");
    if (panel)
        panel->x_log = panel->y_log = true;
    add_cases(group, chart, panel, true, spots, count);
    add_cases(group, chart, panel, false, spots, count);
    line = front > 1 ? chart_series(chart, panel, "front") : SIZE_MAX;
    if (panel && line < panel->series_count)
        panel->series[line].slope = true;
    add_front(chart, panel, line, spots, count);
    find(group, chart, spots, count, front);
    chart_foot(chart, "Right is faster, low takes less; whiskers: 95 %% interval of the energy%s",
               count > LABELLED_MOST ? "; labels on the front alone" : "");
    page_chart(page, chart);
}

void energy_chart_pareto(const struct energy_group *group, struct page *page)
{
    struct spot *spots = calloc(group->cases.count, sizeof *spots);
    size_t count = spots ? collect(group, spots) : 0;

    if (!spots)
        page->failed = true;
    if (count >= PARETO_LEAST)
        draw_pareto(group, spots, count, find_front(spots, count), page);
    free(spots);
}
