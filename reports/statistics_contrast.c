/* Two samples set against each other. Rates, times and sizes differ by factors, so differences are taken of logarithms. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/statistics.h"

enum { EXACT_MOST = 60, INTERVAL_LEAST = 6 };

static const double Z_95 = 1.96; /* two-sided 95 % of the normal distribution */
static const struct interval UNKNOWN = {NAN, NAN, NAN};

/* ---- Mann–Whitney U -------------------------------------------------------------------------------------------------- */

/* How many of the arrangements of x_count and y_count values have U = 0 … most: the coefficients of the Gaussian binomial
 * (x+y over x), as a product of (1 − q^(y+i)) / (1 − q^i), cut off after q^most. All smaller coefficients are whole numbers that
 * do not depend on larger ones, so the tail keeps its digits. */
static double *arrangements(size_t x_count, size_t y_count, size_t most)
{
    double *ways = calloc(most + 1, sizeof *ways);

    if (!ways)
        return NULL;
    ways[0] = 1;
    for (size_t i = 1; i <= x_count; i++) {
        for (size_t u = most + 1; u-- > y_count + i;)
            ways[u] -= ways[u - y_count - i];
        for (size_t u = i; u <= most; u++)
            ways[u] += ways[u - i];
    }
    return ways;
}

static double choose(size_t all, size_t some)
{
    double product = 1;

    for (size_t i = 1; i <= some; i++)
        product *= (double)(all - some + i) / (double)i;
    return product;
}

/* Two-sided p of the smaller U, a whole number. */
static double p_exact(size_t x_count, size_t y_count, size_t u)
{
    double below = 0, *ways = arrangements(x_count, y_count, u);

    if (!ways)
        return NAN;
    for (size_t i = 0; i <= u; i++)
        below += ways[i];
    free(ways);
    return fmin(1, 2 * below / choose(x_count + y_count, x_count));
}

static double p_normal(size_t x_count, size_t y_count, double u, double tie_cubes)
{
    double product = (double)x_count * (double)y_count, all = (double)(x_count + y_count);
    double deviation = sqrt(product / 12 * (all + 1 - tie_cubes / (all * (all - 1))));

    return deviation > 0 ? fmin(1, erfc((product / 2 - u - 0.5) / deviation / M_SQRT2)) : 1;
}

/* Sum of t³ − t over the groups of t equal values; 0: no ties. */
static double count_ties(const double *sorted, size_t count)
{
    double cubes = 0;

    for (size_t first = 0, next; first < count; first = next) {
        double size;
        for (next = first; next < count && sorted[next] == sorted[first];)
            next++;
        size = (double)(next - first);
        cubes += size * size * size - size;
    }
    return cubes;
}

double statistics_mann_whitney(const double *x, size_t x_count, const double *y, size_t y_count)
{
    size_t all = x_count + y_count;
    double u = 0, ties, *sorted = malloc((all ? all : 1) * sizeof *sorted);

    if (!sorted || !x_count || !y_count) {
        free(sorted);
        return NAN;
    }
    for (size_t i = 0; i < x_count; i++)
        for (size_t j = 0; j < y_count; j++)
            u += x[i] > y[j] ? 1 : x[i] == y[j] ? 0.5 : 0;
    u = fmin(u, (double)x_count * (double)y_count - u);
    memcpy(sorted, x, x_count * sizeof *x);
    memcpy(sorted + x_count, y, y_count * sizeof *y);
    statistics_sort(sorted, all);
    ties = count_ties(sorted, all);
    free(sorted);
    if (ties == 0 && x_count <= EXACT_MOST && y_count <= EXACT_MOST)
        return p_exact(x_count, y_count, (size_t)u);
    return p_normal(x_count, y_count, u, ties);
}

/* ---- Hodges–Lehmann ratios --------------------------------------------------------------------------------------------- */

static bool all_positive(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(values[i] > 0 && isfinite(values[i])))
            return false;
    return count > 0;
}

/* From the logarithms of all quotients: their median, and the interval that leaves `outside` of them out at each end. */
static struct interval ratio_of_logs(double *logs, size_t count, size_t outside, bool bounded)
{
    struct interval ratio = {NAN, NAN, NAN};

    statistics_sort(logs, count);
    ratio.value = exp((logs[(count - 1) / 2] + logs[count / 2]) / 2);
    if (bounded) {
        ratio.low = exp(logs[outside]);
        ratio.high = exp(logs[count - 1 - outside]);
    }
    return ratio;
}

struct interval statistics_ratio(const double *base, size_t base_count, const double *candidate, size_t candidate_count)
{
    size_t count = base_count * candidate_count, k = 0;
    double product = (double)base_count * (double)candidate_count, outside, *logs;
    struct interval ratio;

    if (!all_positive(base, base_count) || !all_positive(candidate, candidate_count) ||
        !(logs = malloc(count * sizeof *logs)))
        return UNKNOWN;
    for (size_t i = 0; i < base_count; i++)
        for (size_t j = 0; j < candidate_count; j++)
            logs[k++] = log(candidate[j] / base[i]);
    outside = fmax(0, floor(product / 2 - Z_95 * sqrt(product * (double)(base_count + candidate_count + 1) / 12)));
    ratio =
        ratio_of_logs(logs, count, (size_t)outside, base_count >= INTERVAL_LEAST && candidate_count >= INTERVAL_LEAST);
    free(logs);
    return ratio;
}

/* How many Walsh averages of `rounds` pairs may be left out at each end of a 95 % interval: the largest k for which the
 * signed-rank sum is ≤ k with a probability of at most 2.5 %. */
static bool walsh_outside(size_t rounds, size_t *outside)
{
    size_t most = rounds * (rounds + 1) / 2, k = 0;
    double n = (double)rounds, below = 0, tail = ldexp(0.025, (int)rounds), *ways;

    if (rounds < INTERVAL_LEAST)
        return false;
    if (rounds > EXACT_MOST) {
        *outside = (size_t)floor(n * (n + 1) / 4 - Z_95 * sqrt(n * (n + 1) * (2 * n + 1) / 24));
        return true;
    }
    ways = calloc(most + 1, sizeof *ways);
    if (!ways)
        return false;
    ways[0] = 1;
    for (size_t rank = 1; rank <= rounds; rank++)
        for (size_t sum = most; sum >= rank; sum--)
            ways[sum] += ways[sum - rank];
    for (; k <= most && below + ways[k] <= tail; k++)
        below += ways[k];
    free(ways);
    *outside = k - 1;
    return k > 0;
}

static double *round_logs(const double *base, const double *candidate, size_t rounds)
{
    double *logs = all_positive(base, rounds) && all_positive(candidate, rounds) ? malloc(rounds * sizeof *logs) : NULL;

    for (size_t i = 0; logs && i < rounds; i++)
        logs[i] = log(candidate[i] / base[i]);
    return logs;
}

struct interval statistics_paired_ratio(const double *base, const double *candidate, size_t rounds)
{
    size_t count = rounds * (rounds + 1) / 2, k = 0, outside = 0;
    double *logs = round_logs(base, candidate, rounds), *walsh = logs ? malloc(count * sizeof *walsh) : NULL;
    struct interval ratio = UNKNOWN;
    bool bounded;

    if (walsh) {
        for (size_t i = 0; i < rounds; i++)
            for (size_t j = i; j < rounds; j++)
                walsh[k++] = (logs[i] + logs[j]) / 2;
        bounded = walsh_outside(rounds, &outside);
        ratio = ratio_of_logs(walsh, count, outside, bounded);
    }
    free(walsh);
    free(logs);
    return ratio;
}

static int magnitudes_compare(const void *a, const void *b)
{
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);

    return (x > y) - (x < y);
}

/* Ranks of the magnitudes, doubled so that the mean rank of equal ones is whole; `values` are sorted by magnitude. Returns the sum
 * over the negative values. */
static size_t signed_ranks(const double *values, size_t count, size_t *doubled)
{
    size_t negative = 0;

    for (size_t first = 0, next; first < count; first = next) {
        for (next = first; next < count && fabs(values[next]) == fabs(values[first]);)
            next++;
        for (size_t i = first; i < next; i++) {
            doubled[i] = first + 1 + next;
            negative += values[i] < 0 ? doubled[i] : 0;
        }
    }
    return negative;
}

/* P(sum ≤ w) doubled, where every rank counts or not with equal chance. */
static double rank_sum_p(const size_t *doubled, size_t count, size_t sum)
{
    size_t most = count * (count + 1);
    double below = 0, squares = 0, *ways;

    sum = sum < most - sum ? sum : most - sum;
    if (count > EXACT_MOST) {
        for (size_t i = 0; i < count; i++)
            squares += (double)doubled[i] * (double)doubled[i] / 4;
        return fmin(1, erfc(((double)most / 2 - (double)sum - 1) / sqrt(squares) / M_SQRT2));
    }
    ways = calloc(most + 1, sizeof *ways);
    if (!ways)
        return NAN;
    ways[0] = ldexp(1, -(int)count);
    for (size_t i = 0; i < count; i++)
        for (size_t s = most; s >= doubled[i]; s--)
            ways[s] += ways[s - doubled[i]];
    for (size_t s = 0; s <= sum; s++)
        below += ways[s];
    free(ways);
    return fmin(1, 2 * below);
}

double statistics_signed_rank(const double *base, const double *candidate, size_t rounds)
{
    double p = NAN, *logs = round_logs(base, candidate, rounds);
    size_t count = 0, *doubled = malloc((rounds ? rounds : 1) * sizeof *doubled);

    if (logs && doubled) {
        for (size_t i = 0; i < rounds; i++)
            if (logs[i] != 0)
                logs[count++] = logs[i];
        qsort(logs, count, sizeof *logs, magnitudes_compare);
        p = count ? rank_sum_p(doubled, count, signed_ranks(logs, count, doubled)) : 1;
    }
    free(logs);
    free(doubled);
    return p;
}

/* ---- how much could have been seen --------------------------------------------------------------------------------------- */

static double deviation_of(const double *values, size_t count)
{
    double mean = 0, squares = 0;

    if (count < 2)
        return NAN;
    for (size_t i = 0; i < count; i++)
        mean += values[i] / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return sqrt(squares / (double)(count - 1));
}

double statistics_variation(const double *values, size_t count)
{
    double variation, *logs = all_positive(values, count) ? malloc(count * sizeof *logs) : NULL;

    if (!logs)
        return NAN;
    for (size_t i = 0; i < count; i++)
        logs[i] = log(values[i]);
    variation = deviation_of(logs, count);
    free(logs);
    return variation;
}

double statistics_paired_variation(const double *base, const double *candidate, size_t rounds)
{
    double *logs = round_logs(base, candidate, rounds), variation = logs ? deviation_of(logs, rounds) / M_SQRT2 : NAN;

    free(logs);
    return variation;
}

/* 2 (z(0.995) + z(0.9))² π/3: two sides, and the rank test's efficiency of 3/π. */
static const double POWER_FACTOR = 31;

double statistics_detectable(double variation, size_t x_count, size_t y_count)
{
    return variation * sqrt(POWER_FACTOR / 2 * (1 / (double)x_count + 1 / (double)y_count));
}

double statistics_needed(double variation, double delta)
{
    return ceil(POWER_FACTOR * (variation / delta) * (variation / delta));
}

double statistics_needed_for_width(double variation, double half_width)
{
    /* (1.253 × 1.96)²: the median's standard error in those of the mean, at 95 % */
    return ceil(6 * (variation / half_width) * (variation / half_width) - 1e-9);
}

/* ---- many tests ------------------------------------------------------------------------------------------------------------ */

struct test {
    double p;
    size_t index;
};

static int tests_compare(const void *a, const void *b)
{
    const struct test *x = a, *y = b;

    return x->p != y->p ? (x->p > y->p) - (x->p < y->p) : (x->index > y->index) - (x->index < y->index);
}

bool statistics_holm(const double *p, size_t count, double *adjusted)
{
    struct test *tests = malloc((count ? count : 1) * sizeof *tests);
    size_t tested = 0;
    double largest = 0;

    if (!tests)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!isnan(p[i]))
            tests[tested++] = (struct test){p[i], i};
        adjusted[i] = p[i];
    }
    qsort(tests, tested, sizeof *tests, tests_compare);
    for (size_t i = 0; i < tested; i++) {
        largest = fmax(largest, fmin(1, tests[i].p * (double)(tested - i)));
        adjusted[tests[i].index] = largest;
    }
    free(tests);
    return true;
}

/* ---- bootstrap --------------------------------------------------------------------------------------------------------------- */

/* splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double drawn_median(const double *values, size_t count, double *drawn, uint64_t *state)
{
    for (size_t i = 0; i < count; i++)
        drawn[i] = values[random_next(state) % count];
    statistics_sort(drawn, count);
    return (drawn[(count - 1) / 2] + drawn[count / 2]) / 2;
}

struct interval statistics_bootstrap_ratio(const double *base, size_t base_count, const double *candidate,
                                           size_t candidate_count, size_t draws, uint64_t seed)
{
    size_t most = base_count > candidate_count ? base_count : candidate_count;
    double *drawn = malloc((most ? most : 1) * sizeof *drawn), *ratios = malloc((draws ? draws : 1) * sizeof *ratios);
    struct interval ratio = UNKNOWN;

    if (drawn && ratios && draws && base_count && candidate_count) {
        for (size_t i = 0; i < draws; i++) {
            double below = drawn_median(base, base_count, drawn, &seed);
            ratios[i] = drawn_median(candidate, candidate_count, drawn, &seed) / below;
        }
        ratio.value = statistics_quantile(candidate, candidate_count, 0.5) / statistics_quantile(base, base_count, 0.5);
        ratio.low = statistics_quantile(ratios, draws, 0.025);
        ratio.high = statistics_quantile(ratios, draws, 0.975);
    }
    free(drawn);
    free(ratios);
    return ratio;
}
