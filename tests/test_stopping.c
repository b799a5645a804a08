/* The stopping rule: what ends a case, and that stopping early does not spoil the interval. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "reports/statistics.h"
#include "reports/stopping.h"

enum { MOST = 30 };

static const struct stopping_rule rule_2_percent = {6, MOST, 0.02};

static bool decide(const struct stopping_rule *rule, const double *values, size_t count, enum stop_reason *reason)
{
    const struct stopping_sample sample = {values, count};

    return stopping_decide(rule, count, &sample, 1, reason);
}

static void test_a_narrow_interval_ends_it(void **state)
{
    const double values[] = {100, 101, 99, 100, 101, 99.5, 100};
    const struct stopping_rule ten = {10, MOST, 0.02};
    enum stop_reason reason = STOP_ERROR;

    (void)state;
    assert_false(decide(&rule_2_percent, values, 5, &reason)); /* no interval under six */
    assert_true(decide(&rule_2_percent, values, 6, &reason));
    assert_int_equal(reason, STOP_PRECISION);
    assert_false(decide(&ten, values, 7, &reason));
}

static void test_the_edge_of_the_precision_counts_as_reached(void **state)
{
    const double inside[] = {96, 100, 100, 100, 100, 100}, outside[] = {95.9, 100, 100, 100, 100, 100};
    enum stop_reason reason;

    (void)state;
    assert_true(decide(&rule_2_percent, inside, 6, &reason));
    assert_false(decide(&rule_2_percent, outside, 6, &reason));
}

/* Wide and of the same width at 12 as at 20. */
static void test_noise_that_stays_ends_it_too(void **state)
{
    double values[MOST];
    enum stop_reason reason = STOP_ERROR;

    (void)state;
    for (size_t i = 0; i < MOST; i++)
        values[i] = i % 2 ? 80 : 120;
    assert_false(decide(&rule_2_percent, values, 19, &reason));
    assert_true(decide(&rule_2_percent, values, 20, &reason));
    assert_int_equal(reason, STOP_NOISE_STABLE);
}

static void test_noise_that_shrinks_goes_on_to_the_most(void **state)
{
    double values[MOST];
    enum stop_reason reason = STOP_ERROR;

    (void)state;
    for (size_t i = 0; i < MOST; i++) /* each launch halves the spread by a fifth */
        values[i] = 1000 + (i % 2 ? 500 : -500) * pow(0.8, (double)i);
    for (size_t n = 6; n < 20; n++)
        if (decide(&(struct stopping_rule){6, MOST, 1e-9}, values, n, &reason))
            fail_msg("ended at %zu", n);
    assert_false(decide(&(struct stopping_rule){6, MOST, 1e-9}, values, 20, &reason));
    assert_true(decide(&(struct stopping_rule){6, MOST, 1e-9}, values, MOST, &reason));
    assert_int_equal(reason, STOP_REPETITIONS);
}

static void test_every_figure_must_be_settled(void **state)
{
    const double calm[] = {10, 10, 10, 10, 10, 10}, wild[] = {10, 20, 10, 30, 10, 40};
    const struct stopping_sample both[] = {{calm, 6}, {wild, 6}}, one[] = {{calm, 6}, {NULL, 0}};
    enum stop_reason reason;

    (void)state;
    assert_false(stopping_decide(&rule_2_percent, 6, both, 2, &reason));
    assert_true(stopping_decide(&rule_2_percent, 6, one, 2, &reason));
    assert_int_equal(reason, STOP_PRECISION);
}

static void test_a_fixed_number_is_exact(void **state)
{
    const double values[] = {10, 10, 10, 10, 10, 10, 10};
    const struct stopping_rule seven = {7, 7, 0.02};
    enum stop_reason reason = STOP_ERROR;

    (void)state;
    assert_false(decide(&seven, values, 6, &reason));
    assert_true(decide(&seven, values, 7, &reason));
    assert_int_equal(reason, STOP_REPETITIONS);
    assert_true(decide(&(struct stopping_rule){1, 1, 0.02}, values, 1, &reason));
}

static void test_no_values_end_nothing_before_the_most(void **state)
{
    const double nothing[] = {0, 0, 0, 0, 0, 0};
    enum stop_reason reason = STOP_ERROR;

    (void)state;
    assert_false(stopping_decide(&rule_2_percent, 29, NULL, 0, &reason));
    assert_true(stopping_decide(&rule_2_percent, 30, NULL, 0, &reason));
    assert_int_equal(reason, STOP_REPETITIONS);
    assert_false(decide(&rule_2_percent, nothing, 6, &reason)); /* a median of 0 has no relative width */
}

/* ---- coverage ---- */

/* splitmix64 (Steele, Lea, Flood 2014), as a number in (0, 1). */
static double uniform(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return ((double)((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53;
}

/* Tokens per second of a launch: slowed by |a normal number| × 2 %, one launch in twenty by up to 30 % more. */
static double launch_rate(uint64_t *seed)
{
    double normal = sqrt(-2 * log(uniform(seed))) * cos(2 * M_PI * uniform(seed));
    double spike = uniform(seed) < 0.05 ? 0.3 * uniform(seed) : 0;

    return 100 / (1 + 0.02 * fabs(normal) + spike);
}

/* The median that the intervals ought to hold, from many launches. */
static double true_median(void)
{
    static double values[100001];
    uint64_t seed = 7;

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        values[i] = launch_rate(&seed);
    return statistics_quantile(values, sizeof values / sizeof *values, 0.5);
}

static double coverage(size_t least, double precision_ratio, double median)
{
    const struct stopping_rule rule = {least, MOST, precision_ratio};
    enum { TRIALS = 3000 };
    uint64_t seed = 42;
    size_t covered = 0;

    for (size_t trial = 0; trial < TRIALS; trial++) {
        double values[MOST];
        size_t count = 0;
        enum stop_reason reason;
        struct interval interval;

        do
            values[count++] = launch_rate(&seed);
        while (count < least || !decide(&rule, values, count, &reason));
        interval = statistics_median(values, count);
        covered += interval.low <= median && median <= interval.high;
    }
    return (double)covered / TRIALS;
}

static void test_intervals_keep_their_coverage_under_early_stopping(void **state)
{
    static const struct {
        size_t least;
        double precision_ratio, bar;
    } plans[] = {{10, 0.02, 0.93}, {10, 0.01, 0.93}, {6, 0.02, 0.91}, {6, 0.01, 0.91}};
    double median = true_median();

    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        double share = coverage(plans[i].least, plans[i].precision_ratio, median);
        print_message("at least %zu launches, ±%g %%: the interval holds the median in %.1f %% of trials\n",
                      plans[i].least, 100 * plans[i].precision_ratio, 100 * share);
        assert_true(share >= plans[i].bar);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_narrow_interval_ends_it),
        cmocka_unit_test(test_the_edge_of_the_precision_counts_as_reached),
        cmocka_unit_test(test_noise_that_stays_ends_it_too),
        cmocka_unit_test(test_noise_that_shrinks_goes_on_to_the_most),
        cmocka_unit_test(test_every_figure_must_be_settled),
        cmocka_unit_test(test_a_fixed_number_is_exact),
        cmocka_unit_test(test_no_values_end_nothing_before_the_most),
        cmocka_unit_test(test_intervals_keep_their_coverage_under_early_stopping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
