#include "runner/least_squares.h"

#include <math.h>
#include <string.h>

#define GAIN_LEAST 1e-10 /* a column that would gain less stays out */

enum { MOST = LEAST_SQUARES_COLUMNS_MAX, ROUNDS_PER_COLUMN = 10 };

/* The normal equations of the system with columns of length 1. */
struct normal {
    size_t count;
    double scale[MOST]; /* length of each column, 0: a column of nothing */
    double matrix[MOST][MOST], right[MOST];
};

static enum status normal_make(struct normal *normal, const struct least_squares *system, struct error *error)
{
    size_t n = system->column_count;

    if (n == 0 || n > MOST)
        return error_set(error, STATUS_MISUSE, "%zu kinds of work: at most %d can be told apart", n, MOST);
    *normal = (struct normal){.count = n};
    for (size_t r = 0; r < system->row_count; r++) {
        const double *row = system->rows + r * n;
        for (size_t i = 0; i < n; i++) {
            normal->right[i] += row[i] * system->values[r];
            for (size_t j = 0; j < n; j++)
                normal->matrix[i][j] += row[i] * row[j];
        }
    }
    for (size_t i = 0; i < n; i++)
        normal->scale[i] = sqrt(normal->matrix[i][i]);
    for (size_t i = 0; i < n; i++) {
        normal->right[i] = normal->scale[i] > 0 ? normal->right[i] / normal->scale[i] : 0;
        for (size_t j = 0; j < n; j++)
            normal->matrix[i][j] = normal->scale[i] > 0 && normal->scale[j] > 0
                                       ? normal->matrix[i][j] / (normal->scale[i] * normal->scale[j])
                                       : 0;
    }
    return STATUS_OK;
}

/* Cholesky factor of the columns in `set`, one column after the other; `rest` gets the square of what of each lies outside of
 * those before it, and where that is less than `least` the column is taken out of the set. */
static void factorise(const struct normal *normal, double least, bool *set, double factor[MOST][MOST])
{
    for (size_t j = 0; j < normal->count; j++) {
        double rest = set[j] ? normal->matrix[j][j] : 0;
        for (size_t k = 0; k < j && set[j]; k++) {
            double value = normal->matrix[j][k];
            if (!set[k])
                continue;
            for (size_t m = 0; m < k; m++)
                value -= set[m] ? factor[j][m] * factor[k][m] : 0;
            factor[j][k] = value / factor[k][k];
            rest -= factor[j][k] * factor[j][k];
        }
        set[j] = set[j] && rest > least;
        factor[j][j] = set[j] ? sqrt(rest) : 0;
    }
}

/* Without a bound, over the columns of `set`; false where they cannot be told apart. */
static bool solve_free(const struct normal *normal, const bool *set, double *x)
{
    double factor[MOST][MOST];
    bool kept[MOST];

    memcpy(kept, set, normal->count * sizeof *kept);
    factorise(normal, 1e-12, kept, factor);
    for (size_t j = 0; j < normal->count; j++) {
        if (kept[j] != set[j])
            return false;
        x[j] = set[j] ? normal->right[j] : 0;
        for (size_t k = 0; k < j && set[j]; k++)
            x[j] -= set[k] ? factor[j][k] * x[k] : 0;
        if (set[j])
            x[j] /= factor[j][j];
    }
    for (size_t j = normal->count; j-- > 0;) {
        if (!set[j])
            continue;
        for (size_t k = j + 1; k < normal->count; k++)
            x[j] -= set[k] ? factor[k][j] * x[k] : 0;
        x[j] /= factor[j][j];
    }
    return true;
}

enum status least_squares_choose(const struct least_squares *system, double least_share, bool *used,
                                 struct error *error)
{
    double factor[MOST][MOST];
    struct normal normal;
    enum status status = normal_make(&normal, system, error);

    if (status)
        return status;
    for (size_t j = 0; j < normal.count; j++)
        used[j] = normal.scale[j] > 0;
    factorise(&normal, least_share * least_share, used, factor);
    return STATUS_OK;
}

/* The column outside of the set that would lower the sum of squares most; count: none would. */
static size_t find_entering(const struct normal *normal, const bool *used, const bool *set, const double *x)
{
    size_t best = normal->count;
    double most = GAIN_LEAST;

    for (size_t j = 0; j < normal->count; j++) {
        double gain = normal->right[j];
        if (!used[j] || set[j])
            continue;
        for (size_t k = 0; k < normal->count; k++)
            gain -= normal->matrix[j][k] * x[k];
        if (gain > most) {
            most = gain;
            best = j;
        }
    }
    return best;
}

/* Goes from x towards `wanted` until the first column of the set would become negative, which leaves it. False: none would. */
static bool step_back(const struct normal *normal, bool *set, double *x, const double *wanted)
{
    double step = 1;
    bool left = false;

    for (size_t j = 0; j < normal->count; j++)
        if (set[j] && wanted[j] <= 0)
            step = fmin(step, x[j] / (x[j] - wanted[j]));
    for (size_t j = 0; j < normal->count; j++) {
        bool leaves = set[j] && wanted[j] <= 0 && x[j] <= step * (x[j] - wanted[j]) * (1 + 1e-12);
        x[j] = set[j] && !leaves ? x[j] + step * (wanted[j] - x[j]) : 0;
        set[j] = set[j] && !leaves;
        left |= leaves;
    }
    return left;
}

enum status least_squares_solve(const struct least_squares *system, const bool *used, double *x, struct error *error)
{
    double wanted[MOST];
    bool set[MOST] = {false};
    struct normal normal;
    enum status status = normal_make(&normal, system, error);

    for (size_t j = 0; j < system->column_count && !status; j++)
        x[j] = 0;
    for (size_t round = 0; !status && round < ROUNDS_PER_COLUMN * normal.count; round++) {
        size_t entering = find_entering(&normal, used, set, x);
        if (entering == normal.count)
            break;
        set[entering] = true;
        do {
            if (!solve_free(&normal, set, wanted))
                return error_set(error, STATUS_MISUSE, "the work that was timed does not tell its kinds apart");
        } while (step_back(&normal, set, x, wanted));
    }
    for (size_t j = 0; j < system->column_count && !status; j++)
        x[j] = x[j] > 0 ? x[j] / normal.scale[j] : 0;
    return status;
}
