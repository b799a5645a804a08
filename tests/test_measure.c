/* The measuring loop, with a script in place of the program: what becomes of launches that crash, lie or are too slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "runner/derive.h"
#include "runner/roofs.h"
#include "runner/verdict.h"
#include "tests/measure_rig.h"
#include "workloads/cost.h"

static void test_a_good_run(void **state)
{
    struct rig *rig = rig_open(ONE_CASE, GOOD_ROOF, GOOD_GATE, GOOD_LAUNCH);
    const struct cell *cell = &rig->record.cells[0];
    const struct figure *figures = cell->figures;

    (void)state;
    rig_run(rig);
    assert_int_equal(cell->status, CELL_OK);
    assert_int_equal(cell->stop_reason, STOP_PRECISION);
    assert_int_equal(cell->repetition_count, 18);
    assert_int_equal(cell->repetitions[17].launch, 5);
    assert_int_equal(cell->repetitions[17].index, 17);
    assert_true(figures[FIELD_decode_tokens_per_second].value == 41);
    assert_int_equal(figures[FIELD_decode_tokens_per_second].launches, 6);
    assert_true(figures[FIELD_decode_tokens_per_second].ci_low == 41);
    assert_true(figures[FIELD_weights_bytes].value == 700);
    assert_int_equal(figures[FIELD_weights_bytes].n, 6);
    assert_true(figures[FIELD_nmse_ratio].value == 1e-4);
    assert_string_equal(figures[FIELD_energy_joules_per_token].reason, "no source");
    assert_true(figures[FIELD_decode_utilization_ratio].present);
    assert_true(figures[FIELD_prefill_utilization_ratio].present);
    assert_true(facts_find(&cell->engine, "backend_verified")->boolean);
    assert_string_equal(facts_find(&cell->engine, "options.isa")->text, "avx2");
    assert_int_equal(rig->record.status, RUN_COMPLETE);
    assert_int_equal(verdict_exit_code(&rig->record), 0);
    rig_close(rig);
}

static void test_a_crash_is_a_failed_case_and_the_run_goes_on(void **state)
{
    struct rig *rig = rig_open("-m llama-3.2-1b -p 8 -n 4,5 --launches 2", GOOD_ROOF, GOOD_GATE,
                               "case \"$*\" in *generate=4*) kill -SEGV $$;; esac\n" GOOD_LAUNCH);

    (void)state;
    rig_run(rig);
    assert_int_equal(rig->record.cells[0].status, CELL_FAILED);
    assert_int_equal(rig->record.cells[0].stop_reason, STOP_ERROR);
    assert_non_null(strstr(rig->record.cells[0].reason, "SIGSEGV"));
    assert_false(rig->record.cells[0].figures[FIELD_decode_tokens_per_second].present);
    assert_int_equal(rig->record.cells[1].status, CELL_OK);
    assert_int_equal(rig->record.status, RUN_PARTIAL);
    assert_int_equal(verdict_exit_code(&rig->record), 5);
    rig_close(rig);
}

static void check_launch_fails(const char *launch, const char *says)
{
    struct rig *rig = rig_open(ONE_CASE, GOOD_ROOF, GOOD_GATE, launch);

    rig_run(rig);
    assert_int_equal(rig->record.cells[0].status, CELL_FAILED);
    if (!strstr(rig->record.cells[0].reason, says))
        fail_msg("'%s' does not say '%s'", rig->record.cells[0].reason, says);
    assert_int_equal(rig->record.status, RUN_FAILED);
    assert_int_equal(verdict_exit_code(&rig->record), 5);
    rig_close(rig);
}

static void test_ways_to_fail(void **state)
{
    (void)state;
    check_launch_fails("kill -KILL $$\n", "out of memory");
    check_launch_fails("exit 0\n", "before it was done");
    check_launch_fails("exit 7\n", "exit code 7");
    check_launch_fails("echo nonsense >&3\n" GOOD_LAUNCH, "nonsense");
    check_launch_fails(GOOD_LAUNCH "kill -ABRT $$\n", "SIGABRT");
    check_launch_fails("printf 'error\\t7\\tthe disk is on fire\\n' >&3; exit 5\n", "the disk is on fire");
}

static void test_wrong_arithmetic_has_no_speed(void **state)
{
    struct rig *rig =
        rig_open(ONE_CASE, GOOD_ROOF,
                 "printf 'whole\\tnmse_ratio\\t0.9\\nerror\\t6\\tlogits: error 0.9\\n' >&3; exit 1\n", GOOD_LAUNCH);

    (void)state;
    rig_run(rig);
    assert_int_equal(rig->record.cells[0].status, CELL_FAILED);
    assert_non_null(strstr(rig->record.cells[0].reason, "error 0.9"));
    assert_int_equal(rig->record.cells[0].repetition_count, 0);
    assert_false(facts_find(&rig->record.cells[0].engine, "backend_verified")->boolean);
    assert_int_equal(verdict_exit_code(&rig->record), 1);
    rig_close(rig);
}

static void test_a_gate_that_crashes_is_a_failure_not_a_verdict(void **state)
{
    struct rig *rig = rig_open(ONE_CASE, GOOD_ROOF, "kill -KILL $$\n", GOOD_LAUNCH);

    (void)state;
    rig_run(rig);
    assert_int_equal(rig->record.cells[0].status, CELL_FAILED);
    assert_null(facts_find(&rig->record.cells[0].engine, "backend_verified"));
    assert_int_equal(verdict_exit_code(&rig->record), 5);
    rig_close(rig);
}

static void test_no_roofs_mean_no_ratios_with_a_reason(void **state)
{
    struct rig *rig = rig_open(ONE_CASE, "exit 1\n", GOOD_GATE, GOOD_LAUNCH);
    const struct figure *figures = rig->record.cells[0].figures;

    (void)state;
    rig_run(rig);
    assert_int_equal(rig->record.cells[0].status, CELL_OK);
    assert_true(figures[FIELD_decode_tokens_per_second].present);
    assert_false(figures[FIELD_decode_utilization_ratio].present);
    assert_non_null(strstr(figures[FIELD_decode_utilization_ratio].reason, "not measured"));
    assert_int_equal(facts_find(&rig->record.environment, "roofs")->type, FACT_NULL);
    assert_int_equal(verdict_exit_code(&rig->record), 0);
    rig_close(rig);
}

static void test_what_does_not_fit_is_skipped_with_numbers(void **state)
{
    struct rig *rig = rig_open("-m llama-3.1-8b -p 8 -n 4", GOOD_ROOF, GOOD_GATE, GOOD_LAUNCH);
    const struct cell *cell = &rig->record.cells[0];

    (void)state;
    rig->memory.usable_bytes = 1000000000;
    rig_run(rig);
    assert_int_equal(cell->status, CELL_SKIPPED);
    assert_non_null(strstr(cell->reason, "1000000000"));
    assert_non_null(strstr(cell->reason, " as q4_0 would fit"));
    assert_int_equal(cell->repetition_count, 0);
    assert_null(facts_find(&rig->record.environment, "roofs.int8.avx2.macs_per_second"));
    assert_int_equal(verdict_exit_code(&rig->record), 75);
    rig_close(rig);
}

static void test_a_smaller_format_is_suggested_first(void **state)
{
    struct rig *rig = rig_open("-m llama-3.2-1b -q f16 -p 8 -n 4", GOOD_ROOF, GOOD_GATE, GOOD_LAUNCH);

    (void)state;
    rig->memory.usable_bytes = 2000000000;
    rig_run(rig);
    assert_int_equal(rig->record.cells[0].status, CELL_SKIPPED);
    assert_non_null(strstr(rig->record.cells[0].reason, "llama-3.2-1b as q8_0 would fit"));
    rig_close(rig);
}

static void test_a_launch_may_find_that_it_does_not_fit(void **state)
{
    struct rig *rig = rig_open(ONE_CASE, GOOD_ROOF, GOOD_GATE, "printf 'skip\\tneeds more\\ndone\\n' >&3\n");

    (void)state;
    rig_run(rig);
    assert_int_equal(rig->record.cells[0].status, CELL_SKIPPED);
    assert_string_equal(rig->record.cells[0].reason, "needs more");
    assert_int_equal(verdict_exit_code(&rig->record), 75);
    rig_close(rig);
}

static void test_an_interrupted_run_keeps_what_it_has(void **state)
{
    struct rig *rig = rig_open(ONE_CASE, GOOD_ROOF, GOOD_GATE, GOOD_LAUNCH);

    (void)state;
    rig->signal = SIGTERM;
    rig_run(rig);
    assert_int_equal(rig->record.cells[0].status, CELL_SKIPPED);
    assert_non_null(strstr(rig->record.cells[0].reason, "interrupted"));
    assert_int_equal(rig->record.status, RUN_PARTIAL);
    rig_close(rig);
}

static void test_the_time_budget_ends_launches(void **state)
{
    struct rig *rig = rig_open(ONE_CASE, GOOD_ROOF, GOOD_GATE, GOOD_LAUNCH);

    (void)state;
    rig->plan.time_budget_seconds = 0;
    rig_run(rig);
    assert_int_equal(rig->record.cells[0].status, CELL_SKIPPED);
    assert_int_equal(rig->record.cells[0].stop_reason, STOP_TIME_BUDGET);
    assert_int_equal(rig->record.status, RUN_PARTIAL);
    rig_close(rig);
}

/* Ratios by hand: 40 tokens a second, each reading the whole model and its cache. */
static void test_derived_figures(void **state)
{
    struct rig *rig = rig_open(ONE_CASE, GOOD_ROOF, GOOD_GATE, GOOD_LAUNCH);
    const struct plan_case *item = &rig->plan.cases[0];
    const struct model *model = &item->subject->model;
    struct facts environment = {0};
    struct record scratch;
    struct repetition *repetition;
    double bytes = 0, macs = (double)cost_prefill_macs(model, 8, 0);

    (void)state;
    record_open(&scratch);
    repetition = cell_add_repetition(record_add_cell(&scratch, "x"), 0, PHASE_MEASURED);
    facts_number(&environment, "roofs.read.700000kib.bytes_per_second", NULL, 50e9);
    facts_number(&environment, "roofs.read.700000kib.median_bytes_per_second", NULL, 1);
    facts_number(&environment, "roofs.read.10kib.bytes_per_second", NULL, 500e9);
    facts_number(&environment, "roofs.int8.avx2.macs_per_second", NULL, 1e12);
    facts_number(&environment, "roofs.fp32.macs_per_second", NULL, 1e10);
    for (size_t i = 0; i < 4; i++)
        bytes += (double)cost_decode_bytes(model, 8 + i, 2);
    repetition->values[FIELD_prefill_tokens_per_second] = 80;
    repetition->values[FIELD_decode_tokens_per_second] = 40;
    derive_values(item, &environment, "avx2", repetition);
    assert_float_equal(repetition->values[FIELD_decode_read_bytes_per_second], bytes * 10, 1);
    assert_float_equal(repetition->values[FIELD_decode_utilization_ratio], bytes * 10 / 50e9, 1e-6);
    assert_float_equal(repetition->values[FIELD_prefill_macs_per_second], macs * 10, 1e3);
    assert_float_equal(repetition->values[FIELD_prefill_utilization_ratio], macs * 10 / 1e12, 1e-6);
    derive_values(item, &environment, "avxvnni", repetition);
    assert_true(isnan(repetition->values[FIELD_prefill_utilization_ratio]));
    facts_free(&environment);
    record_close(&scratch);
    rig_close(rig);
}

static void test_the_nearest_roof_is_taken(void **state)
{
    struct facts facts = {0};

    (void)state;
    assert_true(isnan(roofs_read_near(&facts, 1 << 20)));
    assert_true(isnan(roofs_int8(&facts, "avx2")));
    facts_number(&facts, "roofs.read.1024kib.bytes_per_second", NULL, 3);
    facts_number(&facts, "roofs.read.1048576kib.bytes_per_second", NULL, 1);
    assert_true(roofs_read_near(&facts, 1 << 20) == 3);
    assert_true(roofs_read_near(&facts, 16 << 20) == 3);
    assert_true(roofs_read_near(&facts, 64 << 20) == 1);
    assert_true(roofs_read_near(&facts, 0) == 3);
    facts_free(&facts);
}

static double number(const struct facts *facts, const char *path)
{
    const struct fact *fact = facts_find(facts, path);

    assert_non_null(fact);
    return fact->number;
}

static void test_of_two_passes_the_better_figures_stay(void **state)
{
    struct facts first = {0}, second = {0};

    (void)state;
    facts_number(&first, "roofs.read_bytes_per_second", NULL, 20);
    facts_number(&first, "roofs.read.1024kib.bytes_per_second", "read", 20);
    facts_integer(&first, "roofs.read.1024kib.streams_count", NULL, 1);
    facts_number(&first, "roofs.int8.avx2.macs_per_second", NULL, 90);
    facts_number(&first, "roofs.int8.avx2.median_macs_per_second", NULL, 80);
    facts_number(&first, "roofs.latency.seconds", NULL, 2e-7);
    facts_number(&second, "roofs.read_bytes_per_second", NULL, 30);
    facts_number(&second, "roofs.read.1024kib.bytes_per_second", "read", 30);
    facts_integer(&second, "roofs.read.1024kib.streams_count", NULL, 4);
    facts_number(&second, "roofs.int8.avx2.macs_per_second", NULL, 50);
    facts_number(&second, "roofs.int8.avx2.median_macs_per_second", NULL, 85);
    facts_number(&second, "roofs.latency.seconds", NULL, 1e-7);
    facts_number(&second, "roofs.fp32.macs_per_second", NULL, 7);
    facts_number(&second, "noise.steal_ratio", NULL, 1);
    roofs_join(&first, &second);
    assert_true(number(&first, "roofs.read_bytes_per_second") == 30);
    assert_true(number(&first, "roofs.read.1024kib.bytes_per_second") == 30);
    assert_int_equal(facts_find(&first, "roofs.read.1024kib.streams_count")->integer, 4);
    assert_true(number(&first, "roofs.int8.avx2.macs_per_second") == 90);
    assert_true(number(&first, "roofs.int8.avx2.median_macs_per_second") == 80);
    assert_true(number(&first, "roofs.latency.seconds") == 1e-7);
    assert_true(number(&first, "roofs.fp32.macs_per_second") == 7);
    assert_null(facts_find(&first, "noise.steal_ratio"));
    facts_free(&first);
    facts_free(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_run),
        cmocka_unit_test(test_a_crash_is_a_failed_case_and_the_run_goes_on),
        cmocka_unit_test(test_ways_to_fail),
        cmocka_unit_test(test_wrong_arithmetic_has_no_speed),
        cmocka_unit_test(test_a_gate_that_crashes_is_a_failure_not_a_verdict),
        cmocka_unit_test(test_no_roofs_mean_no_ratios_with_a_reason),
        cmocka_unit_test(test_what_does_not_fit_is_skipped_with_numbers),
        cmocka_unit_test(test_a_smaller_format_is_suggested_first),
        cmocka_unit_test(test_a_launch_may_find_that_it_does_not_fit),
        cmocka_unit_test(test_an_interrupted_run_keeps_what_it_has),
        cmocka_unit_test(test_the_time_budget_ends_launches),
        cmocka_unit_test(test_derived_figures),
        cmocka_unit_test(test_the_nearest_roof_is_taken),
        cmocka_unit_test(test_of_two_passes_the_better_figures_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
