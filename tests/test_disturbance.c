/* Launches that are slowed on purpose: by the ratio that was asked for, the same for the same launch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "devices/clock.h"
#include "runner/disturbance.h"

enum { LAUNCHES = 4000 };

static void ask(const char *slowdown, const char *noise)
{
    setenv("POCKETMARK_TEST_SLOWDOWN", slowdown, 1);
    setenv("POCKETMARK_TEST_NOISE", noise, 1);
}

static struct disturbance get(uint64_t seed, uint64_t launch)
{
    struct disturbance disturbance;
    struct error error = {0};

    assert_int_equal(disturbance_read(&disturbance, seed, launch, &error), STATUS_OK);
    return disturbance;
}

static void test_nothing_asked_is_nothing_done(void **state)
{
    struct disturbance disturbance;

    (void)state;
    ask("", "");
    disturbance = get(1, 2);
    assert_true(disturbance.decode_ratio == 0 && disturbance.prefill_ratio == 0);
}

static void test_a_slowdown_is_of_decode_alone(void **state)
{
    struct disturbance disturbance;

    (void)state;
    ask("0.05", "");
    disturbance = get(1, 2);
    assert_float_equal(disturbance.decode_ratio, 0.05, 1e-12);
    assert_true(disturbance.prefill_ratio == 0);
}

static void test_noise_has_the_deviation_that_was_asked_for(void **state)
{
    double sum = 0, squares = 0, mean;

    (void)state;
    ask("", "0.01");
    for (uint64_t launch = 0; launch < LAUNCHES; launch++) {
        double ratio = get(42, launch).prefill_ratio;
        assert_true(ratio >= 0);
        sum += ratio;
        squares += ratio * ratio;
    }
    mean = sum / LAUNCHES;
    assert_float_equal(mean, 0.03, 0.001);
    assert_float_equal(sqrt(squares / LAUNCHES - mean * mean), 0.01, 0.0005);
    assert_true(get(42, 3).decode_ratio == get(42, 3).decode_ratio);
    assert_true(get(42, 3).decode_ratio != get(42, 4).decode_ratio);
    assert_true(get(42, 3).decode_ratio != get(43, 3).decode_ratio);
    assert_true(get(42, 3).decode_ratio == get(42, 3).prefill_ratio);
}

static void test_bad_ratios(void **state)
{
    static const char *const bad[] = {"-1", "five", "0.05x", "11", "nan", "inf"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct disturbance disturbance;
        struct error error = {0};
        ask(bad[i], "");
        assert_int_equal(disturbance_read(&disturbance, 1, 1, &error), STATUS_MISUSE);
        assert_non_null(strstr(error.text, "POCKETMARK_TEST_SLOWDOWN"));
        ask("", bad[i]);
        assert_int_equal(disturbance_read(&disturbance, 1, 1, &error), STATUS_MISUSE);
        assert_non_null(strstr(error.text, "POCKETMARK_TEST_NOISE"));
    }
}

static void test_a_wait_lasts_at_least_its_time(void **state)
{
    uint64_t start_ns = clock_now_ns(), work_ns;

    (void)state;
    while (clock_now_ns() - start_ns < 1000000)
        ;
    work_ns = clock_now_ns() - start_ns;
    disturbance_wait(0.5, start_ns);
    assert_true(clock_now_ns() - start_ns >= work_ns + work_ns / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_asked_is_nothing_done),
        cmocka_unit_test(test_a_slowdown_is_of_decode_alone),
        cmocka_unit_test(test_noise_has_the_deviation_that_was_asked_for),
        cmocka_unit_test(test_bad_ratios),
        cmocka_unit_test(test_a_wait_lasts_at_least_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
