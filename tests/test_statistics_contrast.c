#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "reports/statistics.h"
#include "tests/contest.h"

static void assert_near(double value, double expected, double relative)
{
    if (!(fabs(value - expected) <= relative * fabs(expected)))
        fail_msg("%.10g instead of %.10g", value, expected);
}

/* ---- Mann–Whitney ----------------------------------------------------------------------------------------------------- */

/* The least p there is, of two samples that do not overlap. */
static void test_least_p(void **state)
{
    static const double least[] = {[3] = 0.1,        [4] = 0.028571,   [5] = 0.0079365,  [6] = 0.0021645,
                                   [7] = 0.00058275, [8] = 0.00015540, [9] = 0.000041135};
    const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, y[] = {11, 12, 13, 14, 15, 16, 17, 18, 19};

    (void)state;
    for (size_t n = 3; n <= 9; n++) {
        assert_near(statistics_mann_whitney(x, n, y, n), least[n], 1e-3);
        assert_near(statistics_mann_whitney(y, n, x, n), least[n], 1e-3);
    }
}

/* Against all arrangements of four and five values, counted one by one. */
static void test_exact_by_counting(void **state)
{
    enum { X = 4, Y = 5, ALL = X + Y };
    double u_of[512];
    size_t arrangements = 0;

    (void)state;
    for (unsigned mask = 0; mask < 1u << ALL; mask++) {
        double u = 0;
        size_t smaller = 0;
        if (__builtin_popcount(mask) != X)
            continue;
        for (int i = 0; i < ALL; i++)
            if (mask >> i & 1)
                u += (double)smaller;
            else
                smaller++;
        u_of[arrangements++] = u;
    }
    assert_int_equal(arrangements, 126);
    for (unsigned mask = 0; mask < 1u << ALL; mask++) {
        double x[X], y[Y], u = 0;
        size_t x_count = 0, y_count = 0, as_far = 0;
        if (__builtin_popcount(mask) != X)
            continue;
        for (int i = 0; i < ALL; i++)
            if (mask >> i & 1) {
                u += (double)y_count;
                x[x_count++] = i;
            } else {
                y[y_count++] = i;
            }
        for (size_t i = 0; i < arrangements; i++)
            as_far += fabs(u_of[i] - X * Y / 2.0) >= fabs(u - X * Y / 2.0);
        assert_near(statistics_mann_whitney(x, X, y, Y), fmin(1, (double)as_far / (double)arrangements), 1e-12);
    }
}

static void test_ties(void **state)
{
    const double x[] = {1, 2, 2, 3, 5, 6}, y[] = {2, 3, 4, 4, 7, 8};
    const double same[] = {3, 3, 3, 3, 3, 3}, low[] = {100, 100, 100, 100, 100, 100},
                 high[] = {110, 110, 110, 110, 110, 110};

    (void)state;
    assert_near(statistics_mann_whitney(x, 6, y, 6), 0.25728018, 1e-6);
    assert_near(statistics_mann_whitney(low, 6, high, 6), 0.00126194, 1e-3);
    assert_near(statistics_mann_whitney(same, 6, same, 6), 1, 0);
}

static void test_nothing(void **state)
{
    const double one[] = {1};

    (void)state;
    assert_true(isnan(statistics_mann_whitney(one, 0, one, 1)));
    assert_true(isnan(statistics_mann_whitney(one, 1, one, 0)));
    assert_near(statistics_mann_whitney(one, 1, one, 1), 1, 0);
}

/* The step from counting to the normal distribution at 60 is no step in p. */
static void test_large(void **state)
{
    double x[70], y[70], exact, normal;
    uint64_t seed = 7;

    (void)state;
    for (int i = 0; i < 70; i++) {
        x[i] = contest_normal(&seed);
        y[i] = 0.5 + contest_normal(&seed);
    }
    exact = statistics_mann_whitney(x, 60, y, 60);
    normal = statistics_mann_whitney(x, 61, y, 60);
    assert_true(exact > 1e-6 && exact < 0.2);
    assert_true(fabs(log(exact / normal)) < 0.5);
}

/* ---- Hodges–Lehmann ------------------------------------------------------------------------------------------------------- */

static const double hundred[10] = {100, 101, 99, 100.5, 99.5, 100.2, 99.8, 100.1, 99.9, 100.3};

static void test_ratio(void **state)
{
    double slower[10];
    struct interval ratio;

    (void)state;
    for (int i = 0; i < 10; i++)
        slower[i] = hundred[i] * 0.95;
    ratio = statistics_ratio(hundred, 10, slower, 10);
    assert_near(ratio.value, 0.95, 1e-4);
    assert_true(fabs(ratio.low - 0.9453) < 5e-5 && fabs(ratio.high - 0.9547) < 5e-5);
    assert_near(statistics_mann_whitney(hundred, 10, slower, 10), 1.0825e-5, 1e-3);
    ratio = statistics_bootstrap_ratio(hundred, 10, slower, 10, 2000, 1);
    assert_near(ratio.value, 0.95, 1e-12);
    assert_true(fabs(ratio.low - 0.9457) < 5e-5 && fabs(ratio.high - 0.9543) < 5e-5);
    ratio = statistics_ratio(slower, 10, slower, 10);
    assert_near(ratio.value, 1, 1e-12);
}

static void test_ratio_limits(void **state)
{
    const double five[] = {1, 2, 3, 4, 5}, zero[] = {1, 2, 3, 4, 5, 0}, odd[] = {1, 2, 3, 4, 5, INFINITY};
    struct interval ratio = statistics_ratio(five, 5, hundred, 10);

    (void)state;
    assert_true(isfinite(ratio.value) && isnan(ratio.low) && isnan(ratio.high));
    assert_true(isnan(statistics_ratio(zero, 6, hundred, 10).value));
    assert_true(isnan(statistics_ratio(hundred, 10, zero, 6).value));
    assert_true(isnan(statistics_ratio(hundred, 10, odd, 6).value));
    assert_true(isnan(statistics_ratio(hundred, 0, hundred, 10).value));
    assert_true(isnan(statistics_bootstrap_ratio(hundred, 0, hundred, 10, 2000, 1).value));
}

/* Hollander and Wolfe's nine patients: the signed-rank test gives p = 0.0390625. */
static void test_signed_rank(void **state)
{
    const double before[] = {1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
    const double after[] = {0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
    double x[70], y[70];
    uint64_t seed = 3;

    (void)state;
    for (int i = 0; i < 9; i++) {
        x[i] = exp(before[i]);
        y[i] = exp(after[i]);
    }
    assert_near(statistics_signed_rank(x, y, 9), 0.0390625, 1e-9);
    assert_near(statistics_signed_rank(y, x, 9), 0.0390625, 1e-9);
    assert_near(statistics_signed_rank(x, x, 9), 1, 0);
    for (int i = 0; i < 10; i++)
        y[i] = 1.5 * (x[i] = 1 + i);
    assert_near(statistics_signed_rank(x, y, 10), ldexp(1, -9), 1e-12); /* ten ties of one size */
    for (int i = 0; i < 70; i++)
        y[i] = exp(0.3 + contest_normal(&seed)) * (x[i] = 1 + i);
    assert_true(fabs(log(statistics_signed_rank(x, y, 60) / statistics_signed_rank(x, y, 61))) < 1.5);
    x[0] = 0;
    assert_true(isnan(statistics_signed_rank(x, y, 9)));
}

/* What all rounds share falls out; the interval leaves out what the signed-rank distribution allows. */
static void test_paired(void **state)
{
    double base[12], candidate[12];
    struct interval paired, apart;
    uint64_t seed = 5;

    (void)state;
    for (int i = 0; i < 12; i++) {
        double round = exp(0.1 * contest_normal(&seed));
        base[i] = 50 * round * exp(0.002 * contest_normal(&seed));
        candidate[i] = 48.5 * round * exp(0.002 * contest_normal(&seed));
    }
    paired = statistics_paired_ratio(base, candidate, 12);
    apart = statistics_ratio(base, 12, candidate, 12);
    assert_near(paired.value, 0.97, 0.003);
    assert_true(paired.low < 0.97 && paired.high > 0.97 && paired.high < 0.98);
    assert_true(apart.high - apart.low > 10 * (paired.high - paired.low));
    assert_true(statistics_paired_variation(base, candidate, 12) < statistics_variation(base, 12) / 10);
    assert_true(isnan(statistics_paired_ratio(base, candidate, 5).low));
    assert_near(statistics_paired_ratio(base, base, 6).high, 1, 1e-12);
    assert_true(isnan(statistics_paired_ratio(base, candidate, 0).value));
}

/* Of n rounds with known quotients 2^1 … 2^(2^n) each interval is told by its rank: its promise is checked by counting signs. */
static void test_paired_coverage(void **state)
{
    (void)state;
    for (size_t n = 6; n <= 12; n++) {
        double base[12], candidate[12], walsh[78];
        struct interval interval;
        size_t count = 0, outside = 0, below = 0;
        for (size_t i = 0; i < n; i++) {
            base[i] = 1;
            candidate[i] = exp(pow(3, (double)i) / 1e4);
        }
        for (size_t i = 0; i < n; i++)
            for (size_t k = i; k < n; k++)
                walsh[count++] = (log(candidate[i]) + log(candidate[k])) / 2;
        interval = statistics_paired_ratio(base, candidate, n);
        for (size_t i = 0; i < count; i++)
            outside += walsh[i] < log(interval.low) * (1 - 1e-9);
        for (unsigned signs = 0; signs < 1u << n; signs++) {
            size_t sum = 0;
            for (size_t i = 0; i < n; i++)
                sum += signs >> i & 1 ? i + 1 : 0;
            below += sum <= outside;
        }
        assert_true(2 * (double)below / (double)(1u << n) <= 0.05);
    }
}

/* ---- power ------------------------------------------------------------------------------------------------------------------ */

static void test_detectable(void **state)
{
    (void)state;
    assert_near(statistics_detectable(0.01, 10, 10), 0.018, 0.03);
    assert_near(statistics_detectable(0.01, 20, 20), 0.0125, 0.01);
    assert_near(statistics_detectable(0.01, 30, 30), 0.0102, 0.01);
    assert_true(statistics_detectable(0.01, 6, 30) > statistics_detectable(0.01, 10, 30));
    assert_near(statistics_needed(0.01, statistics_detectable(0.01, 12, 12) * 1.0001), 12, 1e-12);
    assert_near(statistics_needed_for_width(0.02, 0.01), 24, 1e-12);
    assert_near(statistics_variation((const double[]){1, M_E, 1, M_E}, 4), 1 / sqrt(3), 1e-12);
    assert_true(isnan(statistics_variation(hundred, 1)));
    assert_true(isnan(statistics_variation((const double[]){1, 0}, 2)));
}

/* Share of 2 000 trials with p below alpha. */
static double simulate(double variation, size_t launches, double effect, double alpha)
{
    enum { TRIALS = 2000 };
    uint64_t seed = 11;
    size_t found = 0;

    for (int trial = 0; trial < TRIALS; trial++) {
        double x[16], y[16];
        for (size_t i = 0; i < launches; i++) {
            x[i] = exp(variation * contest_normal(&seed));
            y[i] = (1 - effect) * exp(variation * contest_normal(&seed));
        }
        found += statistics_mann_whitney(x, launches, y, launches) < alpha;
    }
    return (double)found / TRIALS;
}

/* The powers and the false alarms that the protocol stands on. */
static void test_power(void **state)
{
    (void)state;
    assert_true(fabs(simulate(0.01, 10, 0.02, 0.01) - 0.92) < 0.03);
    assert_true(fabs(simulate(0.01, 10, 0.01, 0.01) - 0.25) < 0.04);
    assert_true(fabs(simulate(0.02, 10, 0.03, 0.01) - 0.68) < 0.04);
    assert_true(fabs(simulate(0.02, 5, 0.05, 0.01) - 0.62) < 0.10);
    assert_true(fabs(simulate(0.02, 10, 0, 0.05) - 0.048) < 0.015);
}

/* ---- Holm ---------------------------------------------------------------------------------------------------------------------- */

static void test_holm(void **state)
{
    double p[] = {0.03, NAN, 0.01, 0.04, 0.02}, one[] = {0.7, 0.6};

    (void)state;
    assert_true(statistics_holm(p, 5, p));
    assert_near(p[0], 0.06, 1e-12);
    assert_true(isnan(p[1]));
    assert_near(p[2], 0.04, 1e-12);
    assert_near(p[3], 0.06, 1e-12);
    assert_near(p[4], 0.06, 1e-12);
    assert_true(statistics_holm(one, 2, one));
    assert_near(one[0], 1, 0);
    assert_near(one[1], 1, 0);
    assert_true(statistics_holm(one, 0, one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_p),      cmocka_unit_test(test_exact_by_counting),
        cmocka_unit_test(test_ties),         cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_large),        cmocka_unit_test(test_ratio),
        cmocka_unit_test(test_ratio_limits), cmocka_unit_test(test_signed_rank),
        cmocka_unit_test(test_paired),       cmocka_unit_test(test_paired_coverage),
        cmocka_unit_test(test_detectable),   cmocka_unit_test(test_power),
        cmocka_unit_test(test_holm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
