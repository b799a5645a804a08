/* devices/counters: with counters they count, without them they say why; both are a pass, silence is not. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "devices/counters.h"

static uint64_t work(void)
{
    volatile uint64_t sum = 0;

    for (uint64_t i = 0; i < 1000000; i++)
        sum += i;
    return sum;
}

static void test_count_or_say_why(void **state)
{
    struct counters *counters = counters_open();
    uint64_t values[COUNTER_COUNT] = {7, 7, 7};
    bool valid[COUNTER_COUNT] = {true, true, true};

    (void)state;
    assert_non_null(counters);
    counters_start(counters);
    work();
    counters_stop(counters, values, valid);
    if (counters_reason(counters)[0]) {
        assert_non_null(strstr(counters_reason(counters), "PAPI"));
        for (int i = 0; i < COUNTER_COUNT; i++)
            assert_false(valid[i]);
    } else {
        assert_true(!valid[COUNTER_INSTRUCTIONS] || values[COUNTER_INSTRUCTIONS] > 1000000);
        assert_true(!valid[COUNTER_CYCLES] || values[COUNTER_CYCLES] > 0);
    }
    counters_close(counters);
}

static void test_stop_without_start(void **state)
{
    struct counters *counters = counters_open();
    uint64_t values[COUNTER_COUNT];
    bool valid[COUNTER_COUNT] = {true, true, true};

    (void)state;
    counters_stop(counters, values, valid);
    for (int i = 0; i < COUNTER_COUNT; i++)
        assert_false(valid[i]);
    counters_close(counters);
}

static void test_again_and_again(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        struct counters *first = counters_open(), *second = counters_open();

        assert_non_null(first);
        assert_non_null(second);
        assert_string_equal(counters_reason(first), counters_reason(second));
        counters_start(first);
        counters_close(second);
        counters_close(first);
    }
    counters_close(NULL);
}

static void test_standard_error_is_left_alone(void **state)
{
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);
    struct counters *counters;
    struct stat status;

    (void)state;
    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    counters = counters_open();
    fstat(STDERR_FILENO, &status);
    dup2(kept, STDERR_FILENO);
    close(kept);
    counters_close(counters);
    assert_true(S_ISREG(status.st_mode)); /* given back: still the file … */
    assert_int_equal(status.st_size, 0);  /* … and nothing was printed */
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count_or_say_why),
        cmocka_unit_test(test_stop_without_start),
        cmocka_unit_test(test_again_and_again),
        cmocka_unit_test(test_standard_error_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
