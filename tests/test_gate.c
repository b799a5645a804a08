/* What the gate makes of comparisons: verdicts, several baselines, second samples, refusals, and pooling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "reports/gate.h"
#include "reports/pool.h"
#include "tests/gate_records.h"

static void tell_repeat(char *out, size_t size, const struct record *record, const struct cell *cell)
{
    (void)record;
    snprintf(out, size, "again %s", cell->id);
}

static struct gate_options default_options(void)
{
    struct gate_options options = {.repeat = tell_repeat};

    compare_options_default(&options.compare);
    return options;
}

static struct gate_world still_world(void)
{
    return (struct gate_world){.state = 3, .cells = 3, .launches = 10, .noise = 0.005, .slowdown = 0.1};
}

static void judge(struct gate *gate, const struct gate_options *options, const struct record *base,
                  const struct record *candidate)
{
    struct error error = {0};

    assert_int_equal(gate_judge(gate, options, &(struct gate_source){base, "old.json"}, 1,
                                &(struct gate_source){candidate, "new.json"}, &error),
                     STATUS_OK);
}

static const struct gate_row *row_of(const struct gate *gate, const char *cell, enum field field)
{
    for (size_t i = 0; i < gate->row_count; i++)
        if (strcmp(gate->rows[i].cell->id, cell) == 0 && (!gate->rows[i].first || gate->rows[i].first->field == field))
            return &gate->rows[i];
    return NULL;
}

static const char slow_id[] = "model-0.q4_0.p128.n32";

static void test_passes(void **state)
{
    struct gate_world world = still_world();
    struct gate_options options = default_options();
    struct record base, candidate;
    struct gate gate;

    (void)state;
    gate_pair(&world, &base, &candidate, true);
    judge(&gate, &options, &base, &candidate);
    assert_int_equal(gate.outcome, GATE_PASSED);
    assert_int_equal(gate.row_count, 12);
    assert_false(gate.baselines[0].same_build);
    gate_close(&gate);
    record_close(&base);
    record_close(&candidate);
}

static void test_regressed(void **state)
{
    struct gate_world world = still_world();
    struct gate_options options = default_options();
    struct record base, candidate;
    struct gate gate;
    char text[64];

    (void)state;
    world.slowed = 1;
    gate_pair(&world, &base, &candidate, true);
    judge(&gate, &options, &base, &candidate);
    assert_int_equal(gate.outcome, GATE_REGRESSED);
    assert_int_equal(gate.verdicts[VERDICT_REGRESSED], 1);
    assert_string_equal(gate.rows[0].cell->id, slow_id);
    assert_int_equal(gate.rows[0].first->field, FIELD_decode_tokens_per_second);
    gate_row_repeat(text, sizeof text, &gate, &gate.rows[0]);
    assert_string_equal(text, "again model-0.q4_0.p128.n32");
    gate_row_repeat(text, sizeof text, &gate, &gate.rows[1]);
    assert_string_equal(text, "");
    assert_int_equal(gate.rows[0].second, SECOND_NONE);
    gate_close(&gate);
    record_close(&base);
    record_close(&candidate);
}

static void test_threshold(void **state)
{
    struct gate_world world = still_world();
    struct gate_options options = default_options();
    struct record base, candidate;
    struct gate gate;

    (void)state;
    world.slowed = 1;
    gate_pair(&world, &base, &candidate, true);
    options.compare.delta_ratio[FIELD_decode_tokens_per_second] = 0.15;
    judge(&gate, &options, &base, &candidate);
    assert_int_equal(gate.outcome, GATE_PASSED);
    gate_close(&gate);
    record_close(&base);
    record_close(&candidate);
}

/* A 10 % slowdown in noise that hides it is open, not passed. */
static void test_inconclusive(void **state)
{
    struct gate_world world = still_world();
    struct gate_options options = default_options();
    struct record base, candidate;
    struct gate gate;

    (void)state;
    world.noise = 0.3;
    world.slowed = 3;
    gate_pair(&world, &base, &candidate, false);
    judge(&gate, &options, &base, &candidate);
    assert_int_equal(gate.outcome, GATE_INCONCLUSIVE);
    assert_true(gate.open_count > 0 && gate.rows[0].open && *gate.rows[0].reason);
    gate_close(&gate);
    record_close(&base);
    record_close(&candidate);
}

static void test_few_launches(void **state)
{
    struct gate_world world = still_world();
    struct gate_options options = default_options();
    struct record base, candidate;
    struct gate gate;

    (void)state;
    world.launches = 5;
    world.slowed = 1;
    gate_pair(&world, &base, &candidate, false);
    judge(&gate, &options, &base, &candidate);
    assert_int_not_equal(gate.outcome, GATE_PASSED);
    assert_int_not_equal(gate.outcome, GATE_REGRESSED);
    gate_close(&gate);
    record_close(&base);
    record_close(&candidate);
}

static void test_lost_and_failed_cells(void **state)
{
    struct gate_world world = still_world(), smaller = still_world();
    struct gate_options options = default_options();
    struct record base, candidate;
    const struct gate_row *row;
    struct gate gate;

    (void)state;
    gate_record(&world, &base, 1);
    smaller.cells = 2;
    gate_record(&smaller, &candidate, 2);
    candidate.cells[0].status = CELL_FAILED;
    snprintf(candidate.cells[0].reason, sizeof candidate.cells[0].reason, "crashed by SIGSEGV");
    for (int i = 0; i < FIELD_COUNT; i++)
        candidate.cells[0].figures[i].present = false;
    judge(&gate, &options, &base, &candidate);
    assert_int_equal(gate.outcome, GATE_NOT_COMPARABLE);
    row = row_of(&gate, slow_id, FIELD_decode_tokens_per_second);
    assert_non_null(row);
    assert_int_equal(row->verdict, VERDICT_NOT_COMPARABLE);
    assert_non_null(strstr(row->reason, "crashed by SIGSEGV"));
    row = row_of(&gate, "model-2.q4_0.p128.n32", FIELD_COUNT);
    assert_non_null(row);
    assert_string_equal(row->reason, "the candidate has no such case");
    gate_close(&gate);
    record_close(&base);
    record_close(&candidate);
}

/* Cells that have none of the figures looked at are nobody's loss. */
static void test_metrics(void **state)
{
    static const enum field fields[] = {FIELD_matmul_macs_per_second, FIELD_decode_tokens_per_second};
    struct gate_world world = still_world();
    struct gate_options options = default_options();
    struct record base, candidate;
    struct gate gate;

    (void)state;
    options.compare.fields = fields;
    options.compare.field_count = 2;
    gate_pair(&world, &base, &candidate, true);
    base.cells[1].figures[FIELD_decode_tokens_per_second].present = false;
    candidate.cells[1].figures[FIELD_decode_tokens_per_second].present = false;
    judge(&gate, &options, &base, &candidate);
    assert_int_equal(gate.outcome, GATE_PASSED);
    assert_int_equal(gate.row_count, 2);
    gate_close(&gate);
    record_close(&base);
    record_close(&candidate);
}

static void test_other_device_is_refused(void **state)
{
    struct gate_world world = still_world();
    struct gate_options options = default_options();
    struct record base, candidate;
    struct gate gate;

    (void)state;
    gate_record(&world, &base, 1);
    gate_record(&world, &candidate, 1);
    facts_text(&candidate.device, "device_id", NULL, "d-ffffffffffffffff");
    judge(&gate, &options, &base, &candidate);
    assert_int_equal(gate.outcome, GATE_NOT_COMPARABLE);
    assert_non_null(strstr(gate.baselines[0].refusal, "device"));
    assert_int_equal(gate.row_count, 0);
    gate_close(&gate);
    options.compare.allow_mixed = true;
    judge(&gate, &options, &base, &candidate);
    assert_int_equal(gate.outcome, GATE_PASSED);
    gate_close(&gate);
    record_close(&base);
    record_close(&candidate);
}

static void test_emulated_is_refused(void **state)
{
    struct gate_world world = still_world();
    struct gate_options options = default_options();
    struct record base, candidate;
    struct gate gate;

    (void)state;
    gate_pair(&world, &base, &candidate, true);
    candidate.origin = ORIGIN_EMULATED;
    judge(&gate, &options, &base, &candidate);
    assert_int_equal(gate.outcome, GATE_NOT_COMPARABLE);
    assert_non_null(strstr(gate.baselines[0].refusal, "--allow-mixed"));
    gate_close(&gate);
    record_close(&base);
    record_close(&candidate);
}

static void test_same_build(void **state)
{
    struct gate_world world = still_world();
    struct gate_options options = default_options();
    struct record base, candidate;
    struct gate gate;

    (void)state;
    gate_record(&world, &base, 1);
    gate_record(&world, &candidate, 1);
    judge(&gate, &options, &base, &candidate);
    assert_true(gate.baselines[0].same_build);
    assert_int_equal(gate.outcome, GATE_PASSED);
    gate_close(&gate);
    record_close(&base);
    record_close(&candidate);
}

/* Creeping: equal to the last one, but slower than the release. */
static void test_two_baselines(void **state)
{
    struct gate_world world = still_world();
    struct gate_options options = default_options();
    struct record fixed, rolling, candidate;
    struct gate_source baselines[2] = {{&rolling, "rolling.json"}, {&fixed, "release.json"}};
    struct gate gate;
    struct error error = {0};

    (void)state;
    gate_record(&world, &fixed, 1);
    world.slowed = 1;
    gate_record(&world, &rolling, 2);
    gate_record(&world, &candidate, 3);
    assert_int_equal(gate_judge(&gate, &options, baselines, 2, &(struct gate_source){&candidate, "new.json"}, &error),
                     STATUS_OK);
    assert_int_equal(gate.outcome, GATE_REGRESSED);
    assert_int_equal(gate.verdicts[VERDICT_REGRESSED], 1);
    assert_int_equal(gate.rows[0].baseline, 1);
    gate_close(&gate);
    record_close(&fixed);
    record_close(&rolling);
    record_close(&candidate);
}

static void test_too_many_baselines(void **state)
{
    struct gate_options options = default_options();
    struct gate_source baselines[GATE_BASELINES_MAX + 1] = {0};
    struct gate gate;
    struct error error = {0};

    (void)state;
    assert_int_equal(gate_judge(&gate, &options, baselines, GATE_BASELINES_MAX + 1, &baselines[0], &error),
                     STATUS_MISUSE);
    gate_close(&gate);
}

/* ---- second samples ------------------------------------------------------------------------------------------------------- */

static void look_again(double slowdown, enum gate_outcome outcome, enum gate_second second)
{
    struct gate_world world = still_world(), later = still_world();
    struct gate_options options = default_options();
    struct record base, candidate, again;
    const struct record *bases[] = {&base};
    const struct gate_row *row;
    struct gate gate;
    struct error error = {0};

    world.slowed = 1;
    gate_pair(&world, &base, &candidate, true);
    judge(&gate, &options, &base, &candidate);
    assert_true(gate_row_suspect(&gate.rows[0]));
    assert_false(gate_row_suspect(&gate.rows[1]));
    later.state = 99;
    later.cells = later.slowed = 1;
    later.slowdown = slowdown;
    gate_record(&later, &again, 2);
    assert_int_equal(gate_confirm(&gate, bases, &again, &error), STATUS_OK);
    assert_int_equal(gate.outcome, outcome);
    row = row_of(&gate, slow_id, FIELD_decode_tokens_per_second);
    assert_int_equal(row->second, second);
    assert_ptr_not_equal(row->decisive, row->first);
    gate_close(&gate);
    record_close(&again);
    record_close(&base);
    record_close(&candidate);
}

static void test_confirmed(void **state)
{
    (void)state;
    look_again(0.1, GATE_REGRESSED, SECOND_CONFIRMS);
}

static void test_contradicted(void **state)
{
    (void)state;
    look_again(0, GATE_PASSED, SECOND_CONTRADICTS);
}

static void test_second_sample_without_the_figure(void **state)
{
    struct gate_world world = still_world();
    struct gate_options options = default_options();
    struct record base, candidate, again;
    const struct record *bases[] = {&base};
    struct gate gate;
    struct error error = {0};

    (void)state;
    world.slowed = 2;
    gate_pair(&world, &base, &candidate, true);
    judge(&gate, &options, &base, &candidate);
    world.cells = world.slowed = 1;
    gate_record(&world, &again, 2);
    assert_int_equal(gate_confirm(&gate, bases, &again, &error), STATUS_OK);
    assert_int_equal(gate.outcome, GATE_REGRESSED);
    assert_int_equal(gate.verdicts[VERDICT_REGRESSED], 1);
    assert_int_equal(gate.open_count, 1);
    gate_close(&gate);
    record_close(&again);
    record_close(&base);
    record_close(&candidate);
}

/* ---- pooling -------------------------------------------------------------------------------------------------------------- */

static void test_pool(void **state)
{
    struct gate_world world = still_world();
    struct record a, b;
    struct error error = {0};
    char text[400];

    (void)state;
    gate_record(&world, &a, 1);
    gate_record(&world, &b, 1);
    assert_false(pool_obstacle(&a, &b, text, sizeof text));
    assert_int_equal(pool_add(&a, &b, &error), STATUS_OK);
    assert_int_equal(a.cells[0].figures[FIELD_decode_tokens_per_second].launches, 20);
    assert_int_equal(a.cells[2].repetitions[19].launch, 19);
    assert_int_equal(a.cells[2].repetitions[19].index, 19);
    record_close(&a);
    record_close(&b);
}

static void test_pool_of_failed_cells(void **state)
{
    struct gate_world world = still_world();
    struct record a, b;
    struct error error = {0};

    (void)state;
    gate_record(&world, &a, 1);
    gate_record(&world, &b, 1);
    b.cells[1].status = CELL_FAILED;
    snprintf(b.cells[1].reason, sizeof b.cells[1].reason, "crashed");
    assert_int_equal(pool_add(&a, &b, &error), STATUS_OK);
    assert_int_equal(a.cells[1].status, CELL_FAILED);
    assert_string_equal(a.cells[1].reason, "crashed");
    assert_int_equal(a.cells[0].status, CELL_OK);
    record_close(&a);
    record_close(&b);
}

static void test_pool_obstacles(void **state)
{
    struct gate_world world = still_world();
    struct record a, b;
    char text[400];

    (void)state;
    gate_record(&world, &a, 1);
    gate_record(&world, &b, 2);
    assert_true(pool_obstacle(&a, &b, text, sizeof text));
    assert_non_null(strstr(text, "build"));
    assert_false(pool_same_build(&a, &b));
    gate_blocks(&b, 1);
    b.comparability_key[0] = 'f';
    assert_true(pool_obstacle(&a, &b, text, sizeof text));
    assert_non_null(strstr(text, "cases"));
    gate_blocks(&b, 1);
    facts_text(&b.device, "device_id", NULL, "d-1");
    assert_true(pool_obstacle(&a, &b, text, sizeof text));
    assert_non_null(strstr(text, "device"));
    record_close(&a);
    record_close(&b);
}

static void test_join(void **state)
{
    struct gate_world world = still_world();
    struct record a, b;
    struct error error = {0};

    (void)state;
    gate_record(&world, &a, 1);
    gate_record(&world, &b, 1);
    assert_int_equal(pool_join(&a, &b, &error), STATUS_OK);
    assert_int_equal(a.cell_count, 6);
    assert_int_equal(b.cell_count, 0);
    assert_string_equal(a.cells[3].id, slow_id);
    record_close(&a);
    record_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_regressed),
        cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_inconclusive),
        cmocka_unit_test(test_few_launches),
        cmocka_unit_test(test_lost_and_failed_cells),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_other_device_is_refused),
        cmocka_unit_test(test_emulated_is_refused),
        cmocka_unit_test(test_same_build),
        cmocka_unit_test(test_two_baselines),
        cmocka_unit_test(test_too_many_baselines),
        cmocka_unit_test(test_confirmed),
        cmocka_unit_test(test_contradicted),
        cmocka_unit_test(test_second_sample_without_the_figure),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_pool_of_failed_cells),
        cmocka_unit_test(test_pool_obstacles),
        cmocka_unit_test(test_join),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
