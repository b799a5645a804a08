/* Estimators. Pure functions on arrays; one value per launch goes in, never one per token. */
#ifndef POCKETMARK_REPORTS_STATISTICS_H
#define POCKETMARK_REPORTS_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

/* Type-7 quantile (R's and NumPy's default) of `count` > 0 values, which need not be sorted and are not changed. */
double statistics_quantile(const double *values, size_t count, double quantile);

/* Distribution-free interval of a quantile by order statistics: 1-based ranks with coverage ≥ confidence, equal tails.
 * False where `count` is too small for one (under 6 for the median at 0.95). */
bool statistics_quantile_ranks(size_t count, double quantile, double confidence, size_t *low, size_t *high,
                               double *coverage);

/* Median with its 95 % order-statistic interval; low and high are NaN under 6 values. count > 0. */
struct interval {
    double value, low, high;
};
struct interval statistics_median(const double *values, size_t count);

double statistics_max(const double *values, size_t count);

#endif
