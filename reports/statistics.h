/* Estimators. Pure functions on arrays; one value per launch goes in, never one per token. */
#ifndef POCKETMARK_REPORTS_STATISTICS_H
#define POCKETMARK_REPORTS_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Upwards, in place. */
void statistics_sort(double *values, size_t count);

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

/* ---- two samples ------------------------------------------------------------------------------------------------------- */

/* Two-sided p of the Mann–Whitney U test: exact without ties up to 60 values a side, else normal with tie correction and
 * continuity correction. 1 where all values are equal; NaN for an empty side or without memory. */
double statistics_mann_whitney(const double *x, size_t x_count, const double *y, size_t y_count);

/* Hodges–Lehmann ratio candidate ÷ base, the median of all quotients, with Moses' 95 % interval; low and high are NaN under 6
 * values on a side, all NaN for an empty side or a value that is not above 0. */
struct interval statistics_ratio(const double *base, size_t base_count, const double *candidate,
                                 size_t candidate_count);

/* The same of pairs measured in the same round: from the Walsh averages of the log quotients, the interval by the signed-rank
 * distribution (exact up to 60 rounds). NaN as above. */
struct interval statistics_paired_ratio(const double *base, const double *candidate, size_t rounds);

/* Two-sided p of Wilcoxon's signed-rank test of the log quotients, rounds without a difference left out: exact up to 60 rounds,
 * else normal. n rounds give no p below 2^(1 − n). 1 where no round differs; NaN as above. */
double statistics_signed_rank(const double *base, const double *candidate, size_t rounds);

/* Coefficient of variation of values above 0: the standard deviation of their logarithms. NaN under 2 values. */
double statistics_variation(const double *values, size_t count);

/* The same of one side, from pairs: without what both sides of a round share. */
double statistics_paired_variation(const double *base, const double *candidate, size_t rounds);

/* Smallest relative change that a test at 0.01 finds nine times in ten, with that variation within each side. */
double statistics_detectable(double variation, size_t x_count, size_t y_count);

/* Values a side that it takes to find a change of `delta` likewise. */
double statistics_needed(double variation, double delta);

/* Values it takes until the median's 95 % interval reaches ± `half_width` of it. */
double statistics_needed_for_width(double variation, double half_width);

/* Holm's correction: p values of `count` tests, each to be read as if it stood alone. A NaN is no test: it stays NaN and does
 * not count. adjusted may be p. False without memory. */
bool statistics_holm(const double *p, size_t count, double *adjusted);

/* Percentile bootstrap of the ratio of medians, candidate ÷ base: 95 % interval around it. The same seed gives the same interval;
 * draws ≥ 2000. Under 10 values too narrow: prefer statistics_ratio. NaN without memory or for an empty side. */
struct interval statistics_bootstrap_ratio(const double *base, size_t base_count, const double *candidate,
                                           size_t candidate_count, size_t draws, uint64_t seed);

/* ---- within one sample --------------------------------------------------------------------------------------------------- */

/* Lag-1 autocorrelation of values in the order of time; NaN under 3 values or where all are equal. */
double statistics_autocorrelation(const double *values, size_t count);

/* How many independent values `count` values with that autocorrelation are worth; never more than count. */
double statistics_effective_count(size_t count, double autocorrelation);

/* Largest distance from the median in scaled median absolute deviations (1.4826 MAD). Beyond 10 it is worth a warning. 0 where
 * all values are equal; infinite where more than half are and others not. */
double statistics_outlier(const double *values, size_t count);

/* P(|T| ≤ t) of Student's t distribution, t ≥ 0, with whole degrees of freedom > 0. Takes time in proportion to them. */
double statistics_student_within(double t, size_t degrees);

/* Values on two levels: `repetitions` values of each launch, launch by launch. */
struct two_level {
    struct interval mean;          /* over launch means, Student's t with launches − 1 degrees of freedom */
    double within_variance;        /* between the repetitions of a launch */
    double between_variance;       /* between launches beyond that; may come out below 0 where there is none */
    double repetitions_per_launch; /* that cost least for a given width; infinite where launches do not differ */
};

/* launch_cost and repetition_cost in any one unit. Kalibera and Jones 2013. NaN under 2 launches. */
struct two_level statistics_two_level(const double *values, size_t launches, size_t repetitions, double launch_cost,
                                      double repetition_cost);

#endif
