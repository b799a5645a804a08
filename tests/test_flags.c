/* Flags: which repetitions were disturbed, by noise or by the machine itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "reports/flags.h"

static struct repetition *add(struct cell *cell, unsigned launch, enum noise_kind kind, double noise)
{
    struct repetition *repetition = cell_add_repetition(cell, launch, PHASE_MEASURED);

    assert_non_null(repetition);
    repetition->noise[kind] = noise;
    return repetition;
}

static void test_noise_beyond_its_limit_is_flagged(void **state)
{
    struct record record;
    struct cell *cell;

    (void)state;
    record_open(&record);
    cell = record_add_cell(&record, "x");
    add(cell, 0, NOISE_steal_ratio, 0.02);
    add(cell, 1, NOISE_steal_ratio, 0.021);
    add(cell, 2, NOISE_major_faults_count, 1);
    add(cell, 3, NOISE_major_faults_count, 0);
    add(cell, 4, NOISE_steal_ratio, NAN);
    add(cell, 5, NOISE_foreign_load_ratio, 0.5)->noise[NOISE_steal_ratio] = 0.5;
    flags_set(&record);
    assert_int_equal(cell->repetitions[0].flags, 0);
    assert_int_equal(cell->repetitions[1].flags, 1u << NOISE_steal_ratio);
    assert_int_equal(cell->repetitions[2].flags, 1u << NOISE_major_faults_count);
    assert_int_equal(cell->repetitions[3].flags, 0);
    assert_int_equal(cell->repetitions[4].flags, 0);
    assert_int_equal(cell->repetitions[5].flags, 1u << NOISE_steal_ratio | 1u << NOISE_foreign_load_ratio);
    assert_int_equal(flags_count(&record, NOISE_steal_ratio), 2);
    assert_int_equal(flags_count(&record, FLAG_COUNT), 3);
    assert_null(facts_find(&record.environment, "canary.median_bytes_per_second"));
    record_close(&record);
}

static void test_switches_are_set_against_the_cell(void **state)
{
    static const double switches[] = {2, 3, 2, 20, 21, 2};
    struct record record;
    struct cell *calm, *busy;

    (void)state;
    record_open(&record);
    record_add_cell(&record, "calm");
    record_add_cell(&record, "busy");
    calm = &record.cells[0];
    busy = &record.cells[1];
    for (unsigned i = 0; i < 6; i++) {
        add(calm, i, NOISE_involuntary_switches_count, switches[i]);
        add(busy, i, NOISE_involuntary_switches_count, i == 5 ? 301 : i == 4 ? 300 : 100);
    }
    flags_set(&record);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(calm->repetitions[i].flags != 0, i == 4);
        assert_int_equal(busy->repetitions[i].flags != 0, i == 5);
    }
    record_close(&record);
}

static void test_a_canary_off_the_median_flags_its_whole_launch(void **state)
{
    static const double canaries[] = {30e9, 31e9, 26e9, 30e9, 34e9};
    struct record record;
    struct cell *cell;

    (void)state;
    record_open(&record);
    cell = record_add_cell(&record, "x");
    for (unsigned launch = 0; launch < 5; launch++) {
        cell_add_repetition(cell, launch, PHASE_FIRST);
        cell_add_repetition(cell, launch, PHASE_MEASURED)->values[FIELD_canary_read_bytes_per_second] =
            canaries[launch];
        cell_add_repetition(cell, launch, PHASE_MEASURED);
    }
    cell_add_repetition(cell, 5, PHASE_MEASURED); /* a launch without one */
    flags_set(&record);
    for (size_t i = 0; i < cell->repetition_count; i++)
        assert_int_equal(cell->repetitions[i].flags,
                         cell->repetitions[i].launch == 2 || cell->repetitions[i].launch == 4 ? 1u << FLAG_CANARY : 0);
    assert_int_equal(flags_count(&record, FLAG_CANARY), 4);
    assert_string_equal(flag_name(FLAG_CANARY), "canary");
    assert_true(facts_find(&record.environment, "canary.median_bytes_per_second")->number == 30e9);
    assert_true(facts_find(&record.environment, "canary.least_bytes_per_second")->number == 26e9);
    assert_true(facts_find(&record.environment, "canary.largest_bytes_per_second")->number == 34e9);
    record_close(&record);
}

static void test_nothing_to_flag(void **state)
{
    struct record record;

    (void)state;
    record_open(&record);
    flags_set(&record);
    record_add_cell(&record, "x");
    flags_set(&record);
    assert_int_equal(flags_count(&record, FLAG_COUNT), 0);
    record_close(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_noise_beyond_its_limit_is_flagged),
        cmocka_unit_test(test_switches_are_set_against_the_cell),
        cmocka_unit_test(test_a_canary_off_the_median_flags_its_whole_launch),
        cmocka_unit_test(test_nothing_to_flag),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
