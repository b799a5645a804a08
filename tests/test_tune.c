/* The choice among distances of prefetch, from given times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "devices/cpu/tune.h"

enum { ROUNDS = 5 };

static void fill(double seconds[TUNE_CANDIDATES][TUNE_ROUNDS_MAX], double value)
{
    for (size_t c = 0; c < TUNE_CANDIDATES; c++)
        for (size_t r = 0; r < ROUNDS; r++)
            seconds[c][r] = value;
}

static void test_default_stays_within_the_noise(void **state)
{
    double seconds[TUNE_CANDIDATES][TUNE_ROUNDS_MAX];

    (void)state;
    fill(seconds, 1);
    assert_int_equal(tune_choose(seconds, ROUNDS), 0);
    for (size_t r = 0; r < ROUNDS; r++)
        seconds[3][r] = 0.99;
    assert_int_equal(tune_choose(seconds, ROUNDS), 0);
}

static void test_clearly_faster_is_chosen(void **state)
{
    double seconds[TUNE_CANDIDATES][TUNE_ROUNDS_MAX];

    (void)state;
    fill(seconds, 1);
    for (size_t r = 0; r < ROUNDS; r++) {
        seconds[2][r] = 0.97;
        seconds[4][r] = 0.95;
    }
    assert_int_equal(tune_choose(seconds, ROUNDS), 4);
}

static void test_one_lucky_round_does_not_count(void **state)
{
    double seconds[TUNE_CANDIDATES][TUNE_ROUNDS_MAX];

    (void)state;
    fill(seconds, 1);
    seconds[1][0] = seconds[1][1] = 0.1;
    seconds[0][4] = 50;
    assert_int_equal(tune_choose(seconds, ROUNDS), 0);
    seconds[1][2] = 0.1;
    assert_int_equal(tune_choose(seconds, ROUNDS), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_stays_within_the_noise),
        cmocka_unit_test(test_clearly_faster_is_chosen),
        cmocka_unit_test(test_one_lucky_round_does_not_count),
    };
    return cmocka_run_group_tests_name("tune", tests, NULL, NULL);
}
