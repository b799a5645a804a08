#include "reports/page/depth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "reports/page/blocks.h"

enum { CURVES_MAX = 6, TEXT_MAX = 128 };

static const struct {
    enum field field;
    const char *title;
} figures[] = {{FIELD_decode_tokens_per_second, "Decode"}, {FIELD_prefill_tokens_per_second, "Prefill"}};

static double depth_of(const struct report_cell *cell)
{
    return facts_get_number(&cell->cell->parameters, "depth_tokens");
}

/* By all that tells cases apart but depth and the context that follows it, then by depth. */
static int curve_compare(const struct report_cell *x, const struct report_cell *y)
{
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    for (int trait = 0; trait < TRAIT_COUNT; trait++)
        if (trait != TRAIT_DEPTH && trait != TRAIT_CONTEXT && x->traits[trait] != y->traits[trait])
            return x->traits[trait] < y->traits[trait] ? -1 : 1;
    return 0;
}

static int cells_compare(const void *a, const void *b)
{
    const struct report_cell *x = a, *y = b;
    int order = curve_compare(x, y);

    return order ? order : (depth_of(x) > depth_of(y)) - (depth_of(x) < depth_of(y));
}

/* First cell and count of each curve of two depths or more; returns how many there are, which may be more than fit. */
static size_t curves_find(const struct report_cell *cells, size_t count, size_t first[CURVES_MAX],
                          size_t length[CURVES_MAX])
{
    size_t found = 0;

    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && curve_compare(&cells[i], &cells[end]) == 0;)
            end++;
        if (!(depth_of(&cells[end - 1]) > depth_of(&cells[i])))
            continue;
        if (found < CURVES_MAX) {
            first[found] = i;
            length[found] = end - i;
        }
        found++;
    }
    return found;
}

/* Cases of a curve differ in depth: the label is told without it. */
static void curve_label(char *out, size_t size, const struct cases *cases, const struct report_cell *cell)
{
    struct cases without = *cases;

    without.differing &= ~(1u << TRAIT_DEPTH | 1u << TRAIT_CONTEXT);
    cases_label(out, size, &without, cell);
}

static void curve_draw(struct chart *chart, struct chart_panel *panel, const struct cases *cases,
                       const struct report_cell *cells, size_t count, enum field field)
{
    char label[BLOCKS_LABEL_MAX];
    size_t series;

    curve_label(label, sizeof label, cases, &cells[0]);
    series = chart_series(chart, panel, label);
    for (size_t i = 0; i < count; i++) {
        const struct figure *figure = report_figure(&cells[i], field);
        if (figure)
            chart_add(chart, panel, series, depth_of(&cells[i]), figure->value, figure->ci_low, figure->ci_high, NULL);
    }
}

/* What is left at the largest depth of the first curve. */
static void finding_set(struct chart *chart, const struct cases *cases, const struct report_cell *cells, size_t count)
{
    double ratio = report_value(&cells[count - 1], FIELD_decode_tokens_per_second) /
                   report_value(&cells[0], FIELD_decode_tokens_per_second);
    char label[BLOCKS_LABEL_MAX];

    curve_label(label, sizeof label, cases, &cells[0]);
    if (isfinite(ratio))
        chart_finding(chart, "%s decodes at depth %.0f with %.0f %% of its speed at depth %.0f.", label,
                      depth_of(&cells[count - 1]), 100 * ratio, depth_of(&cells[0]));
}

void depth_build(struct page *page, const struct cases *cases, enum origin origin)
{
    char id[64], title[TEXT_MAX];
    struct report_cell *cells = calloc(cases->count + 1, sizeof *cells);
    size_t first[CURVES_MAX], length[CURVES_MAX], found;
    struct chart *chart;

    if (!cells) {
        page->failed = true;
        return;
    }
    for (size_t i = 0; i < cases->count; i++)
        cells[i] = cases->items[i];
    qsort(cells, cases->count, sizeof *cells, cells_compare);
    found = curves_find(cells, cases->count, first, length);
    cases_origin_id(id, "speed-depth", origin);
    cases_origin_title(title, sizeof title, "Speed over the depth of the cache", origin);
    chart = found ? chart_new(id, title) : NULL;
    for (size_t f = 0; f < sizeof figures / sizeof *figures && chart; f++) {
        struct chart_panel *panel =
            chart_panel(chart, CHART_LINES, figures[f].title, "tokens in the cache", "tokens per second");
        if (panel)
            panel->y_zero = true;
        for (size_t i = 0; i < found && i < CURVES_MAX; i++)
            curve_draw(chart, panel, cases, cells + first[i], length[i], figures[f].field);
    }
    if (found)
        finding_set(chart, cases, cells + first[0], length[0]);
    if (found > CURVES_MAX)
        chart_foot(chart, "%zu more curves stand in the table; bands, where drawn: 95 %% intervals",
                   found - CURVES_MAX);
    else
        chart_foot(chart, "Bands, where drawn: 95 %% intervals");
    if (found)
        page_chart(page, chart);
    free(cells);
}
