/* Least squares with coefficients that cannot be negative, for a few columns: what each unit of work costs, from pieces of work and
 * the time they took. */
#ifndef POCKETMARK_RUNNER_LEAST_SQUARES_H
#define POCKETMARK_RUNNER_LEAST_SQUARES_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"

enum { LEAST_SQUARES_COLUMNS_MAX = 64 };

/* One row per observation. */
struct least_squares {
    const double *rows; /* [row_count][column_count] */
    const double *values;
    size_t row_count, column_count;
};

/* Which columns the rows can tell apart: used[j] is true where column j is no mixture of those before it that are used, so that more
 * than `least_share` of its length lies outside of them. The order of the columns is that of their importance. STATUS_MISUSE for more than
 * LEAST_SQUARES_COLUMNS_MAX columns. */
enum status least_squares_choose(const struct least_squares *system, double least_share, bool *used,
                                 struct error *error);

/* Of all x ≥ 0 the one of the least sum of squares of (row·x − value); x[j] is 0 where used[j] is false. After Lawson and Hanson,
 * "Solving Least Squares Problems", chapter 23. STATUS_MISUSE likewise, and where used columns cannot be told apart. */
enum status least_squares_solve(const struct least_squares *system, const bool *used, double *x, struct error *error);

#endif
