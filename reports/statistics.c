#include "reports/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int values_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void statistics_sort(double *values, size_t count)
{
    qsort(values, count, sizeof *values, values_compare);
}

static double *values_sorted(const double *values, size_t count)
{
    double *sorted = malloc(count * sizeof *sorted);

    if (sorted) {
        memcpy(sorted, values, count * sizeof *sorted);
        statistics_sort(sorted, count);
    }
    return sorted;
}

static double sorted_quantile(const double *sorted, size_t count, double quantile)
{
    double position = (double)(count - 1) * quantile;
    size_t below = (size_t)position;

    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (sorted[below + 1] - sorted[below]) * (position - (double)below);
}

double statistics_quantile(const double *values, size_t count, double quantile)
{
    double result = NAN, *sorted = count ? values_sorted(values, count) : NULL;

    if (sorted)
        result = sorted_quantile(sorted, count, quantile);
    free(sorted);
    return result;
}

/* By logarithms: the recurrence from (1 − q)^n underflows for high quantiles of large samples. */
static double binomial_probability(size_t successes, size_t trials, double probability)
{
    double n = (double)trials, k = (double)successes;
    int sign;

    return exp(lgamma_r(n + 1, &sign) - lgamma_r(k + 1, &sign) - lgamma_r(n - k + 1, &sign) + k * log(probability) +
               (n - k) * log1p(-probability));
}

bool statistics_quantile_ranks(size_t count, double quantile, double confidence, size_t *low, size_t *high,
                               double *coverage)
{
    double tail = (1 - confidence) / 2, below = 0, below_low = 0;
    size_t first = 0;

    if (!(quantile > 0 && quantile < 1 && confidence > 0 && confidence < 1))
        return false;
    for (size_t k = 0; k < count; k++) {
        below += binomial_probability(k, count, quantile);
        if (below <= tail) {
            first = k + 1;
            below_low = below;
        }
        if (below >= 1 - tail) {
            if (!first)
                return false;
            *low = first;
            *high = k + 1;
            *coverage = below - below_low;
            return true;
        }
    }
    return false;
}

struct interval statistics_median(const double *values, size_t count)
{
    struct interval interval = {NAN, NAN, NAN};
    double coverage, *sorted = count ? values_sorted(values, count) : NULL;
    size_t low, high;

    if (!sorted)
        return interval;
    interval.value = sorted_quantile(sorted, count, 0.5);
    if (statistics_quantile_ranks(count, 0.5, 0.95, &low, &high, &coverage)) {
        interval.low = sorted[low - 1];
        interval.high = sorted[high - 1];
    }
    free(sorted);
    return interval;
}

double statistics_max(const double *values, size_t count)
{
    double largest = NAN;

    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, values[i]);
    return largest;
}

static double values_mean(const double *values, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum / (double)count;
}

double statistics_autocorrelation(const double *values, size_t count)
{
    double mean = values_mean(values, count), neighbours = 0, squares = 0;

    if (count < 3)
        return NAN;
    for (size_t i = 0; i < count; i++) {
        squares += (values[i] - mean) * (values[i] - mean);
        if (i)
            neighbours += (values[i] - mean) * (values[i - 1] - mean);
    }
    return squares > 0 ? neighbours / squares : NAN;
}

double statistics_effective_count(size_t count, double autocorrelation)
{
    double correlation = isfinite(autocorrelation) ? fmax(autocorrelation, 0) : 0;

    return (double)count * (1 - correlation) / (1 + correlation);
}

/* A normal distribution's standard deviation in units of its median absolute deviation. */
static const double MAD_SCALE = 1.4826;

double statistics_outlier(const double *values, size_t count)
{
    double *distances = malloc((count ? count : 1) * sizeof *distances), median, deviation, largest;

    if (!distances || !count) {
        free(distances);
        return NAN;
    }
    median = statistics_quantile(values, count, 0.5);
    for (size_t i = 0; i < count; i++)
        distances[i] = fabs(values[i] - median);
    deviation = MAD_SCALE * statistics_quantile(distances, count, 0.5);
    largest = statistics_max(distances, count);
    free(distances);
    return largest > 0 ? largest / deviation : 0;
}
