#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "reports/statistics.h"

static void assert_close(double a, double b)
{
    assert_true(fabs(a - b) <= 1e-12 * fmax(1, fabs(b)));
}

/* Type 7, as R's quantile() and NumPy's percentile() give it. */
static void test_quantile(void **state)
{
    const double values[] = {7, 1, 3, 10}, copy[] = {7, 1, 3, 10}, one[] = {4};

    (void)state;
    assert_close(statistics_quantile(values, 4, 0), 1);
    assert_close(statistics_quantile(values, 4, 0.25), 2.5);
    assert_close(statistics_quantile(values, 4, 0.5), 5);
    assert_close(statistics_quantile(values, 4, 0.9), 9.1);
    assert_close(statistics_quantile(values, 4, 1), 10);
    assert_memory_equal(values, copy, sizeof values);
    assert_close(statistics_quantile(one, 1, 0.99), 4);
    assert_true(isnan(statistics_quantile(one, 0, 0.5)));
}

static void test_median_ranks(void **state)
{
    static const struct {
        size_t count, low, high;
        double coverage;
    } want[] = {{6, 1, 6, 0.96875},  {8, 1, 8, 0.9921875}, {10, 2, 9, 0.978515625},
                {12, 3, 10, 0.9614}, {20, 6, 15, 0.9586},  {30, 10, 21, 0.9572}};
    size_t low, high;
    double coverage;

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_true(statistics_quantile_ranks(want[i].count, 0.5, 0.95, &low, &high, &coverage));
        assert_int_equal(low, want[i].low);
        assert_int_equal(high, want[i].high);
        assert_true(fabs(coverage - want[i].coverage) < 1e-4);
    }
    for (size_t count = 0; count < 6; count++)
        assert_false(statistics_quantile_ranks(count, 0.5, 0.95, &low, &high, &coverage));
}

/* Fewest values for an interval: 36 for p90, 72 for p95, 368 for p99. */
static void test_quantile_ranks_need(void **state)
{
    static const struct {
        double quantile;
        size_t need;
    } want[] = {{0.9, 36}, {0.95, 72}, {0.99, 368}};
    size_t low, high;
    double coverage;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_false(statistics_quantile_ranks(want[i].need - 1, want[i].quantile, 0.95, &low, &high, &coverage));
        assert_true(statistics_quantile_ranks(want[i].need, want[i].quantile, 0.95, &low, &high, &coverage));
        assert_true(low >= 1 && high <= want[i].need && coverage >= 0.95);
    }
}

static void test_ranks_refuse_nonsense(void **state)
{
    const double bad[] = {0, 1, -0.5, 1.5, NAN};
    size_t low, high;
    double coverage;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(statistics_quantile_ranks(100, bad[i], 0.95, &low, &high, &coverage));
        assert_false(statistics_quantile_ranks(100, 0.5, bad[i], &low, &high, &coverage));
    }
}

/* Every interval keeps its promise and does not run out of digits in large samples. */
static void test_ranks_hold(void **state)
{
    const size_t counts[] = {400, 1000, 5000};
    size_t low, high;
    double coverage;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_true(statistics_quantile_ranks(counts[i], 0.99, 0.95, &low, &high, &coverage));
        assert_true(coverage >= 0.95 && coverage < 0.99);
        assert_true(low < high && high <= counts[i]);
        assert_true((double)low <= 0.99 * (double)counts[i] && (double)high >= 0.99 * (double)counts[i]);
    }
}

static void test_median_interval(void **state)
{
    const double ten[] = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, five[] = {5, 1, 4, 2, 3};
    struct interval interval = statistics_median(ten, 10);

    (void)state;
    assert_close(interval.value, 5.5);
    assert_close(interval.low, 2);
    assert_close(interval.high, 9);
    interval = statistics_median(ten, 6);
    assert_close(interval.value, 7.5);
    assert_close(interval.low, 5);
    assert_close(interval.high, 10);
    interval = statistics_median(five, 5);
    assert_close(interval.value, 3);
    assert_true(isnan(interval.low) && isnan(interval.high));
}

static void test_max(void **state)
{
    const double values[] = {-3, -1, -2};

    (void)state;
    assert_close(statistics_max(values, 3), -1);
    assert_true(isnan(statistics_max(values, 0)));
}

/* Lag 1, by hand: neighbours 20.25, squares 42. */
static void test_autocorrelation(void **state)
{
    const double rising[] = {1, 2, 4, 3, 5, 7, 6, 8}, flat[] = {2, 2, 2, 2}, saw[] = {1, 2, 1, 2, 1, 2};

    (void)state;
    assert_close(statistics_autocorrelation(rising, 8), 20.25 / 42);
    assert_true(statistics_autocorrelation(saw, 6) < -0.5);
    assert_true(isnan(statistics_autocorrelation(flat, 4)));
    assert_true(isnan(statistics_autocorrelation(rising, 2)));
    assert_close(statistics_effective_count(10, 0.5), 10 / 3.0);
    assert_close(statistics_effective_count(10, -0.5), 10);
    assert_close(statistics_effective_count(10, NAN), 10);
}

static void test_outlier(void **state)
{
    const double calm[] = {9, 10, 11, 10, 9, 11}, far[] = {9, 10, 11, 10, 9, 11, 40}, flat[] = {5, 5, 5},
                 jump[] = {5, 5, 5, 5, 6};

    (void)state;
    assert_close(statistics_outlier(calm, 6), 1 / 1.4826);
    assert_close(statistics_outlier(far, 7), 30 / 1.4826);
    assert_close(statistics_outlier(flat, 3), 0);
    assert_true(isinf(statistics_outlier(jump, 5)));
    assert_true(isnan(statistics_outlier(jump, 0)));
}

/* Student's t at 95 %, from the half-width of an interval of launch means with a known deviation. */
static void test_student(void **state)
{
    static const struct {
        size_t launches;
        double t;
    } want[] = {{2, 12.70620473617}, {3, 4.30265272975}, {6, 2.57058183564}, {10, 2.26215716280}, {31, 2.04227245630}};

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        double values[31], mean = 0, squares = 0;
        struct two_level level;
        for (size_t k = 0; k < want[i].launches; k++)
            mean += (values[k] = (double)(k * k % 7)) / (double)want[i].launches;
        for (size_t k = 0; k < want[i].launches; k++)
            squares += (values[k] - mean) * (values[k] - mean) / (double)(want[i].launches - 1);
        level = statistics_two_level(values, want[i].launches, 1, 1, 1);
        assert_close(level.mean.value, mean);
        assert_true(fabs((level.mean.high - mean) / sqrt(squares / (double)want[i].launches) - want[i].t) < 1e-8);
    }
    assert_true(isnan(statistics_two_level((const double[]){1}, 1, 1, 1, 1).mean.value));
}

/* Loading takes 20 s, a repetition 5; launches differ by 1 %, repetitions by 0.3 %: one repetition, and more launches. */
static void test_two_level(void **state)
{
    const double values[] = {99.7, 100.3, 100.7, 101.3, 98.7, 99.3}, noisy[] = {90, 110, 91, 111, 92, 112},
                 equal[] = {9, 11, 9, 11};
    struct two_level level = statistics_two_level(values, 3, 2, 20, 5);

    (void)state;
    assert_close(level.mean.value, 100);
    assert_true(fabs(level.within_variance - 0.18) < 1e-9);
    assert_true(fabs(level.between_variance - 0.91) < 1e-9);
    assert_close(level.repetitions_per_launch, 1);
    level = statistics_two_level(noisy, 3, 2, 20, 5);
    assert_true(level.between_variance < 0 && isinf(level.repetitions_per_launch));
    assert_true(isinf(statistics_two_level(equal, 2, 2, 1, 1).repetitions_per_launch));
    level = statistics_two_level((const double[]){90, 110, 120, 140, 150, 170}, 3, 2, 400, 1);
    assert_true(level.repetitions_per_launch > 5 && level.repetitions_per_launch < 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantile),
        cmocka_unit_test(test_median_ranks),
        cmocka_unit_test(test_quantile_ranks_need),
        cmocka_unit_test(test_ranks_refuse_nonsense),
        cmocka_unit_test(test_ranks_hold),
        cmocka_unit_test(test_median_interval),
        cmocka_unit_test(test_max),
        cmocka_unit_test(test_autocorrelation),
        cmocka_unit_test(test_outlier),
        cmocka_unit_test(test_student),
        cmocka_unit_test(test_two_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
