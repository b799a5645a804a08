#include "reports/changepoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/statistics.h"

/* A level of fewer values is an outlier, not a level. */
enum { LEVEL_LEAST = 3 };

/* Candidates may be this much weaker: their neighbours are not settled yet. */
static const double WEAK_FACTOR = 10;

const struct changepoint_options changepoint_defaults = {.window = 50, .p_most = 0.001, .magnitude_ratio = 0.02};

struct search {
    const double *values;
    size_t count;
    const struct changepoint_options *options;
    bool *marks;          /* value i begins a new level */
    double *sum, *square; /* of the first i values, less the mean of all */
    double centre;
};

/* Mean and sum of squared distances of values [from, to). */
static double level_mean(const struct search *search, size_t from, size_t to)
{
    return (search->sum[to] - search->sum[from]) / (double)(to - from);
}

static double level_squares(const struct search *search, size_t from, size_t to)
{
    double mean = level_mean(search, from, to);
    double squares = search->square[to] - search->square[from] - mean * mean * (double)(to - from);

    return squares > 0 ? squares : 0;
}

/* Two-sided p of Student's t between [from, middle) and [middle, to), with one variance for both. */
static double level_p(const struct search *search, size_t from, size_t middle, size_t to)
{
    double m = (double)(middle - from), n = (double)(to - middle);
    double difference = fabs(level_mean(search, middle, to) - level_mean(search, from, middle));
    double variance =
        (level_squares(search, from, middle) + level_squares(search, middle, to)) / (m + n - 2) * (1 / m + 1 / n);
    /* prefix sums leave rounding errors where all values of a level are equal */
    double floor_variance = pow(1e-12 * (fabs(search->centre) + difference), 2);

    if (middle - from < LEVEL_LEAST || to - middle < LEVEL_LEAST || difference * difference <= floor_variance)
        return 1;
    if (variance < floor_variance)
        return 0;
    return 1 - statistics_student_within(difference / sqrt(variance), to - from - 2);
}

static double distance_sum(const double *values, size_t from, size_t to, double value)
{
    double sum = 0;

    for (size_t i = from; i < to; i++)
        sum += fabs(values[i] - value);
    return sum;
}

/* The split of [from, to) with the largest energy distance between its sides. */
static size_t best_split(const struct search *search, size_t from, size_t to)
{
    const double *values = search->values;
    double left = 0, right = 0, cross = 0, best = -INFINITY;
    size_t split = from;

    for (size_t i = from; i < to; i++)
        right += distance_sum(values, i + 1, to, values[i]);
    for (size_t middle = from + 1; middle + LEVEL_LEAST <= to; middle++) {
        /* value middle - 1 changes sides */
        double to_left = distance_sum(values, from, middle - 1, values[middle - 1]);
        double to_right = distance_sum(values, middle, to, values[middle - 1]);
        double m = (double)(middle - from), n = (double)(to - middle), energy;
        left += to_left;
        right -= to_right;
        cross += to_right - to_left;
        if (middle < from + LEVEL_LEAST)
            continue;
        energy = m * n / (m + n) * (2 * cross / (m * n) - 2 * left / (m * (m - 1)) - 2 * right / (n * (n - 1)));
        if (energy > best) {
            best = energy;
            split = middle;
        }
    }
    return split;
}

/* Marks the splits of [from, to) that hold for themselves. */
static void split_window(struct search *search, size_t from, size_t to)
{
    size_t split;

    while (to - from >= 2 * LEVEL_LEAST) {
        split = best_split(search, from, to);
        if (level_p(search, from, split, to) >= fmin(WEAK_FACTOR * search->options->p_most, 0.5))
            return;
        search->marks[split] = true;
        split_window(search, from, split);
        from = split;
    }
}

static void list_marks(const struct search *search, struct changepoint *points, size_t *found)
{
    *found = 0;
    for (size_t i = 1; i < search->count; i++)
        if (search->marks[i])
            points[(*found)++] = (struct changepoint){.index = i};
}

static void settle(const struct search *search, struct changepoint *points, size_t found, size_t at)
{
    struct changepoint *point = &points[at];
    size_t from = at ? points[at - 1].index : 0, to = at + 1 < found ? points[at + 1].index : search->count;

    point->p = level_p(search, from, point->index, to);
    point->before = level_mean(search, from, point->index) + search->centre;
    point->after = level_mean(search, point->index, to) + search->centre;
}

static double magnitude(const struct changepoint *point)
{
    return point->before != 0 ? fabs(point->after / point->before - 1) : INFINITY;
}

/* The weakest point that does not hold among its neighbours, or `found`. */
static size_t weakest(const struct search *search, const struct changepoint *points, size_t found)
{
    size_t worst = found;

    for (size_t i = 0; i < found; i++)
        if (points[i].p >= search->options->p_most && (worst == found || points[i].p > points[worst].p))
            worst = i;
    for (size_t i = 0; i < found && (worst == found || points[worst].p < search->options->p_most); i++)
        if (magnitude(&points[i]) < search->options->magnitude_ratio &&
            (worst == found || magnitude(&points[i]) < magnitude(&points[worst])))
            worst = i;
    return worst;
}

static void merge_weak(const struct search *search, struct changepoint *points, size_t *found)
{
    size_t at;

    for (size_t i = 0; i < *found; i++)
        settle(search, points, *found, i);
    while ((at = weakest(search, points, *found)) < *found) {
        memmove(&points[at], &points[at + 1], (*found - at - 1) * sizeof *points);
        --*found;
        if (at > 0)
            settle(search, points, *found, at - 1);
        if (at < *found)
            settle(search, points, *found, at);
    }
}

static void sum_up(struct search *search)
{
    search->centre = 0;
    for (size_t i = 0; i < search->count; i++)
        search->centre += search->values[i] / (double)search->count;
    search->sum[0] = search->square[0] = 0;
    for (size_t i = 0; i < search->count; i++) {
        double value = search->values[i] - search->centre;
        search->sum[i + 1] = search->sum[i] + value;
        search->square[i + 1] = search->square[i] + value * value;
    }
}

bool changepoint_find(const double *values, size_t count, const struct changepoint_options *options,
                      struct changepoint **points, size_t *found)
{
    struct search search = {.values = values, .count = count, .options = options};
    bool good;

    *found = 0;
    *points = malloc((count + 1) * sizeof **points);
    search.marks = calloc(count + 1, sizeof *search.marks);
    search.sum = malloc((count + 1) * sizeof *search.sum);
    search.square = malloc((count + 1) * sizeof *search.square);
    good = *points && search.marks && search.sum && search.square;
    if (good) {
        size_t step = options->window / 2 ? options->window / 2 : 1;
        sum_up(&search);
        for (size_t from = 0; from < count; from += step) {
            size_t to = count - from > options->window ? from + options->window : count;
            split_window(&search, from, to);
            if (to == count)
                break;
        }
        list_marks(&search, *points, found);
        merge_weak(&search, *points, found);
    }
    free(search.marks);
    free(search.sum);
    free(search.square);
    if (!good) {
        free(*points);
        *points = NULL;
    }
    return good;
}
