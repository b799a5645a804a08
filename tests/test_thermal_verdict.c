/* reports/thermal_verdict on generated series: steady, throttled, power-limited, and what cannot be known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reports/thermal_verdict.h"

enum { SECONDS = 600 };

struct rig {
    struct record record;
    struct cell *cell;
    struct thermal_verdict verdict;
};

static void rig_open(struct rig *rig)
{
    record_open(&rig->record);
    rig->cell = record_add_cell(&rig->record, "x");
    assert_non_null(rig->cell);
}

static void judge(struct rig *rig)
{
    thermal_judge(rig->cell, &rig->verdict);
}

/* A sample per second: `before`, and `after` from `at` on. The run began 100 s earlier. */
static void put_step(struct rig *rig, const char *name, double before, double after, int at, int seconds)
{
    for (int i = 0; i < seconds; i++)
        assert_true(cell_add_sample(rig->cell, name, 100 + i, i < at ? before : after));
}

static void test_no_sensors(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    judge(&rig);
    assert_int_equal(rig.verdict.state, THERMAL_UNKNOWN);
    assert_string_equal(rig.verdict.text, "unknown");
    assert_non_null(strstr(rig.verdict.evidence, "no sensors"));
    thermal_verdict_tell(rig.cell, false);
    assert_null(facts_find(&rig.cell->observations, "thermal.verdict"));
    thermal_verdict_tell(rig.cell, true);
    assert_string_equal(facts_find(&rig.cell->observations, "thermal.verdict")->text, "unknown");
    record_close(&rig.record);
}

static void test_steady(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    for (int i = 0; i < SECONDS; i++) { /* it gets warmer, and the clock wavers by 2 % */
        cell_add_sample(rig.cell, "cpu_temperature_celsius", i, 90 - 40 * exp(-i / 60.0));
        cell_add_sample(rig.cell, "clock_performance_hertz", i, 4e9 * (1 + 0.02 * sin(i)));
    }
    facts_number(&rig.cell->observations, "thermal.limit_celsius", NULL, 100);
    judge(&rig);
    assert_int_equal(rig.verdict.state, THERMAL_STEADY);
    assert_string_equal(rig.verdict.text, "steady");
    assert_non_null(strstr(rig.verdict.evidence, "limit 100 °C"));
    record_close(&rig.record);
}

static void test_throttle_events(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    put_step(&rig, "clock_performance_hertz", 4.5e9, 4.4e9, 130, SECONDS);
    put_step(&rig, "thermal_throttle_count", 0, 2, 130, SECONDS);
    judge(&rig);
    assert_int_equal(rig.verdict.state, THERMAL_THROTTLED);
    assert_int_equal(rig.verdict.minute, 3);
    assert_string_equal(rig.verdict.text, "throttled at minute 3");
    assert_non_null(strstr(rig.verdict.evidence, "940 throttle events"));
    record_close(&rig.record);
}

static void test_the_kernel_brakes(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    put_step(&rig, "cpu_temperature_celsius", 60, 85, 200, 300);
    put_step(&rig, "thermal_brake_ratio", 0, 0.25, 239, 300);
    judge(&rig);
    assert_string_equal(rig.verdict.text, "throttled at minute 4");
    assert_non_null(strstr(rig.verdict.evidence, "25 %"));
    record_close(&rig.record);
}

static void test_hot_and_slower(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    put_step(&rig, "cpu_temperature_celsius", 70, 99, 290, SECONDS);
    put_step(&rig, "clock_performance_hertz", 4e9, 3e9, 300, SECONDS);
    facts_number(&rig.cell->observations, "thermal.limit_celsius", NULL, 100);
    judge(&rig);
    assert_string_equal(rig.verdict.text, "throttled at minute 6");
    record_close(&rig.record);
}

static void test_slower_but_not_hot(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    put_step(&rig, "cpu_temperature_celsius", 60, 72, 30, SECONDS);
    put_step(&rig, "clock_performance_hertz", 4e9, 3.2e9, 130, SECONDS);
    facts_number(&rig.cell->observations, "thermal.limit_celsius", NULL, 100);
    facts_number(&rig.cell->observations, "power.limit_watts", NULL, 28);
    judge(&rig);
    assert_int_equal(rig.verdict.state, THERMAL_POWER_LIMITED);
    assert_string_equal(rig.verdict.text, "power-limited");
    assert_non_null(strstr(rig.verdict.evidence, "28 W"));
    record_close(&rig.record);
}

static void test_slower_and_the_counter_stood_still(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    put_step(&rig, "clock_performance_hertz", 4e9, 3.2e9, 130, SECONDS);
    put_step(&rig, "thermal_throttle_count", 0, 0, 0, SECONDS);
    judge(&rig);
    assert_int_equal(rig.verdict.state, THERMAL_POWER_LIMITED);
    record_close(&rig.record);
}

static void test_slower_for_no_known_reason(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    put_step(&rig, "clock_performance_hertz", 4e9, 3.2e9, 130, SECONDS);
    put_step(&rig, "cpu_temperature_celsius", 60, 72, 30, SECONDS); /* of no known limit */
    judge(&rig);
    assert_int_equal(rig.verdict.state, THERMAL_UNKNOWN);
    assert_non_null(strstr(rig.verdict.evidence, "nothing tells why"));
    record_close(&rig.record);
}

static void test_a_temperature_alone_says_little(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    put_step(&rig, "cpu_temperature_celsius", 60, 72, 30, SECONDS);
    judge(&rig);
    assert_int_equal(rig.verdict.state, THERMAL_UNKNOWN);
    facts_number(&rig.cell->observations, "thermal.limit_celsius", NULL, 100);
    judge(&rig);
    assert_int_equal(rig.verdict.state, THERMAL_STEADY);
    record_close(&rig.record);
}

static void test_too_short(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    put_step(&rig, "clock_performance_hertz", 4e9, 3e9, 10, 30);
    put_step(&rig, "thermal_throttle_count", 0, 0, 10, 30);
    judge(&rig);
    assert_int_equal(rig.verdict.state, THERMAL_UNKNOWN);
    assert_non_null(strstr(rig.verdict.evidence, "a minute"));
    put_step(&rig, "thermal_brake_ratio", 0, 1, 20, 30); /* an event needs no minute */
    judge(&rig);
    assert_string_equal(rig.verdict.text, "throttled at minute 1");
    record_close(&rig.record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_sensors),
        cmocka_unit_test(test_steady),
        cmocka_unit_test(test_throttle_events),
        cmocka_unit_test(test_the_kernel_brakes),
        cmocka_unit_test(test_hot_and_slower),
        cmocka_unit_test(test_slower_but_not_hot),
        cmocka_unit_test(test_slower_and_the_counter_stood_still),
        cmocka_unit_test(test_slower_for_no_known_reason),
        cmocka_unit_test(test_a_temperature_alone_says_little),
        cmocka_unit_test(test_too_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
