#include "reports/page/devices_contest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_native(const struct report *report, size_t device)
{
    return report->devices[device].sources[0]->record->origin == ORIGIN_NATIVE;
}

/* ---- cases in common ---------------------------------------------------------------------------------------------------- */

/* By key, then in the order of the report. */
static int keys_compare(const void *a, const void *b)
{
    const struct report_cell *x = *(const struct report_cell *const *)a, *y = *(const struct report_cell *const *)b;
    int order = strcmp(x->key, y->key);

    return order ? order : (x > y) - (x < y);
}

static int contests_compare(const void *a, const void *b)
{
    const struct contest *x = a, *y = b;

    if (x->devices != y->devices)
        return x->devices < y->devices ? 1 : -1;
    return (x->first > y->first) - (x->first < y->first);
}

/* Fastest decode first. */
static int rows_compare(const void *a, const void *b)
{
    double x = report_value(a, FIELD_decode_tokens_per_second), y = report_value(b, FIELD_decode_tokens_per_second);

    if (isnan(x) || isnan(y))
        return isnan(x) - isnan(y);
    return (x < y) - (x > y);
}

static void contest_take(struct contest *contest, const struct report_cell *cell)
{
    bool new_device = true;

    for (size_t i = 0; i < contest->count; i++) {
        if (contest->cells[i].device != cell->device)
            continue;
        new_device = false;
        if (contest->cells[i].traits[TRAIT_ENGINE] == cell->traits[TRAIT_ENGINE])
            return;
    }
    contest->cells[contest->count++] = *cell;
    contest->devices += new_device;
}

/* The cells from `sorted` to `end` are of one key. False: out of memory. */
static bool contests_add(struct contests *contests, const struct report *report, const struct report_cell **sorted,
                         size_t count)
{
    struct contest *contest = &contests->items[contests->count];

    *contest =
        (struct contest){.cells = calloc(count, sizeof *contest->cells), .first = (size_t)(*sorted - report->cells)};
    if (!contest->cells)
        return false;
    for (size_t i = 0; i < count; i++)
        contest_take(contest, sorted[i]);
    if (contest->devices > 1) {
        qsort(contest->cells, contest->count, sizeof *contest->cells, rows_compare);
        contests->count++;
        return true;
    }
    contests->alone++;
    free(contest->cells);
    return true;
}

void contests_close(struct contests *contests)
{
    for (size_t i = 0; i < contests->count; i++)
        free(contests->items[i].cells);
    free(contests->items);
    *contests = (struct contests){0};
}

bool contests_open(struct contests *contests, const struct report *report)
{
    const struct report_cell **sorted = calloc(report->cell_count + 1, sizeof *sorted);
    size_t count = 0, end;
    bool good;

    *contests = (struct contests){.items = calloc(report->cell_count + 1, sizeof *contests->items)};
    good = sorted && contests->items;
    for (size_t i = 0; good && i < report->cell_count; i++)
        if (is_native(report, report->cells[i].device))
            sorted[count++] = &report->cells[i];
    if (good)
        qsort(sorted, count, sizeof(void *), keys_compare);
    for (size_t i = 0; good && i < count; i = end) {
        for (end = i + 1; end < count && strcmp(sorted[end]->key, sorted[i]->key) == 0;)
            end++;
        good = contests_add(contests, report, &sorted[i], end - i);
    }
    if (good)
        qsort(contests->items, contests->count, sizeof *contests->items, contests_compare);
    free(sorted);
    return good;
}

/* ---- ranks -------------------------------------------------------------------------------------------------------------- */

static bool has_interval(const struct figure *figure)
{
    return isfinite(figure->ci_low) && isfinite(figure->ci_high);
}

/* Can this figure stand in a ranking at all? A median takes an interval for that. */
static bool rankable(const struct report_cell *cell, enum field field)
{
    const struct figure *figure = report_figure(cell, field);

    return figure && (has_interval(figure) || field_info(field)->estimator == ESTIMATOR_MAX);
}

/* Energy only within one scope. */
static bool can_be_told(const struct report_cell *a, const struct report_cell *b, enum field field)
{
    return rankable(a, field) && rankable(b, field) &&
           strcmp(a->cell->figures[field].scope, b->cell->figures[field].scope) == 0;
}

/* Beyond doubt: intervals that lie apart, or peaks that differ by what matters. */
static bool is_better(const struct report_cell *a, const struct report_cell *b, enum field field)
{
    const struct figure *x = &a->cell->figures[field], *y = &b->cell->figures[field];
    const struct field_info *info = field_info(field);
    double sign = info->better == BETTER_LOWER ? -1 : 1;

    if (!can_be_told(a, b, field))
        return false;
    if (info->estimator == ESTIMATOR_MAX)
        return sign * (x->value - y->value) > info->delta_ratio * y->value;
    return info->better == BETTER_LOWER ? x->ci_high < y->ci_low : x->ci_low > y->ci_high;
}

size_t contest_rank(const struct contest *contest, size_t index, enum field field)
{
    const struct report_cell *own = &contest->cells[index];
    size_t rank = 1, others = 0;

    for (size_t i = 0; i < contest->count; i++) {
        others += i != index && can_be_told(&contest->cells[i], own, field);
        rank += is_better(&contest->cells[i], own, field);
    }
    return others ? rank : 0;
}

bool contest_differs(const struct contest *contest, enum report_trait trait)
{
    for (size_t i = 1; i < contest->count; i++)
        if (contest->cells[i].traits[trait] != contest->cells[0].traits[trait])
            return true;
    return false;
}
