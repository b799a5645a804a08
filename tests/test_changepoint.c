#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "reports/changepoint.h"

/* Noise with a standard deviation of 1: twelve uniform values, from a generator of its own. */
static double noise(uint64_t *seed)
{
    double sum = 0;

    for (int i = 0; i < 12; i++) {
        uint64_t mixed = *seed += 0x9e3779b97f4a7c15u;
        mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
        mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
        sum += (double)((mixed ^ mixed >> 31) >> 11) * 0x1p-53;
    }
    return sum - 6;
}

static size_t find(const double *values, size_t count, struct changepoint points[], size_t capacity)
{
    struct changepoint *found;
    size_t number;

    assert_true(changepoint_find(values, count, &changepoint_defaults, &found, &number));
    assert_true(number <= capacity);
    for (size_t i = 0; i < number; i++)
        points[i] = found[i];
    free(found);
    return number;
}

static void test_nothing(void **state)
{
    static const double few[] = {1, 1, 5, 5, 1};
    struct changepoint points[64];
    double values[1000];

    (void)state;
    for (size_t count = 0; count <= 5; count++)
        assert_int_equal(find(few, count, points, 64), 0);
    for (size_t i = 0; i < 1000; i++)
        values[i] = 42;
    assert_int_equal(find(values, 1000, points, 64), 0);
    for (size_t i = 0; i < 1000; i++)
        values[i] = 0;
    assert_int_equal(find(values, 1000, points, 64), 0);
}

/* One step, wherever it is and whichever way, is one point, at most a value off its place. */
static void test_one_step(void **state)
{
    static const size_t places[] = {6, 25, 30, 100, 150, 194};
    struct changepoint points[8];
    double values[200];

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        for (int way = -1; way <= 1; way += 2) {
            uint64_t seed = 7 + i;
            for (size_t j = 0; j < 200; j++)
                values[j] = (j < places[i] ? 100 : 100 * (1 + 0.05 * way)) + 0.8 * noise(&seed);
            assert_int_equal(find(values, 200, points, 8), 1);
            assert_in_range(points[0].index, places[i] - 1, places[i] + 1);
            assert_true(fabs(points[0].after / points[0].before - 1 - 0.05 * way) < 0.02);
            assert_true(points[0].p < 0.001);
        }
}

static void test_equal_values_step(void **state)
{
    struct changepoint points[8];
    double values[20];

    (void)state;
    for (size_t i = 0; i < 20; i++)
        values[i] = i < 10 ? 3e9 : 4e9;
    assert_int_equal(find(values, 20, points, 8), 1);
    assert_int_equal(points[0].index, 10);
    assert_true(points[0].before == 3e9 && points[0].after == 4e9 && points[0].p == 0);
}

static void test_several_steps(void **state)
{
    static const double levels[] = {100, 90, 110, 105};
    uint64_t seed = 3;
    struct changepoint points[8];
    double values[400];

    (void)state;
    for (size_t i = 0; i < 400; i++)
        values[i] = levels[i / 100] + noise(&seed);
    assert_int_equal(find(values, 400, points, 8), 3);
    for (size_t i = 0; i < 3; i++)
        assert_in_range(points[i].index, 100 * (i + 1) - 1, 100 * (i + 1) + 1);
}

/* What is too small to matter, and single outliers, are no points. */
static void test_not_points(void **state)
{
    uint64_t seed = 11;
    struct changepoint points[64];
    double values[300];

    (void)state;
    for (size_t i = 0; i < 300; i++)
        values[i] = (i < 150 ? 100 : 101) + 0.1 * noise(&seed);
    assert_int_equal(find(values, 300, points, 64), 0);
    for (size_t i = 0; i < 300; i++)
        values[i] = 100 + 0.3 * noise(&seed);
    values[40] = values[41] = 60;
    values[200] = 150;
    assert_int_equal(find(values, 300, points, 64), 0);
}

/* 10000 values without a change: none is seen. The generator is seeded, so that this is so or not so for good. */
static void test_false_alarms(void **state)
{
    uint64_t seed = 1;
    struct changepoint points[64];
    double *values = malloc(10000 * sizeof *values);

    (void)state;
    for (size_t i = 0; i < 10000; i++)
        values[i] = 100 + noise(&seed);
    assert_int_equal(find(values, 10000, points, 64), 0);
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),           cmocka_unit_test(test_one_step),
        cmocka_unit_test(test_equal_values_step), cmocka_unit_test(test_several_steps),
        cmocka_unit_test(test_not_points),        cmocka_unit_test(test_false_alarms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
