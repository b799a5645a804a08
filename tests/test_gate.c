/* What the gate makes of comparisons: verdicts, several baselines, second samples, refusals, and pooling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

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

/* What most tests judge; opened and closed around each. */
struct stand {
    struct gate_world world;
    struct gate_options options;
    struct record base, candidate;
    struct gate gate;
};

static int stand_open(void **state)
{
    struct stand *stand = calloc(1, sizeof *stand);

    if (!stand)
        return -1;
    stand->world = still_world();
    stand->options = default_options();
    *state = stand;
    return 0;
}

static int stand_close(void **state)
{
    struct stand *stand = *state;

    gate_close(&stand->gate);
    record_close(&stand->base);
    record_close(&stand->candidate);
    free(stand);
    return 0;
}

static void judge(struct stand *stand)
{
    struct error error = {0};

    assert_int_equal(gate_judge(&stand->gate, &stand->options, &(struct gate_source){&stand->base, "old.json"}, 1,
                                &(struct gate_source){&stand->candidate, "new.json"}, &error),
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
    struct stand *stand = *state;

    gate_pair(&stand->world, &stand->base, &stand->candidate, true);
    judge(stand);
    assert_int_equal(stand->gate.outcome, GATE_PASSED);
    assert_int_equal(stand->gate.row_count, 12);
    assert_false(stand->gate.baselines[0].same_build);
}

static void test_regressed(void **state)
{
    struct stand *stand = *state;
    char text[64];

    stand->world.slowed = 1;
    gate_pair(&stand->world, &stand->base, &stand->candidate, true);
    judge(stand);
    assert_int_equal(stand->gate.outcome, GATE_REGRESSED);
    assert_int_equal(stand->gate.verdicts[VERDICT_REGRESSED], 1);
    assert_string_equal(stand->gate.rows[0].cell->id, slow_id);
    assert_int_equal(stand->gate.rows[0].first->field, FIELD_decode_tokens_per_second);
    gate_row_repeat(text, sizeof text, &stand->gate, &stand->gate.rows[0]);
    assert_string_equal(text, "again model-0.q4_0.p128.n32");
    gate_row_repeat(text, sizeof text, &stand->gate, &stand->gate.rows[1]);
    assert_string_equal(text, "");
    assert_int_equal(stand->gate.rows[0].second, SECOND_NONE);
}

static void test_threshold(void **state)
{
    struct stand *stand = *state;

    stand->world.slowed = 1;
    gate_pair(&stand->world, &stand->base, &stand->candidate, true);
    stand->options.compare.delta_ratio[FIELD_decode_tokens_per_second] = 0.15;
    judge(stand);
    assert_int_equal(stand->gate.outcome, GATE_PASSED);
}

/* A 10 % slowdown in noise that hides it is open, not passed. */
static void test_inconclusive(void **state)
{
    struct stand *stand = *state;

    stand->world.noise = 0.3;
    stand->world.slowed = 3;
    gate_pair(&stand->world, &stand->base, &stand->candidate, false);
    judge(stand);
    assert_int_equal(stand->gate.outcome, GATE_INCONCLUSIVE);
    assert_true(stand->gate.open_count > 0 && stand->gate.rows[0].open && *stand->gate.rows[0].reason);
}

static void test_few_launches(void **state)
{
    struct stand *stand = *state;

    stand->world.launches = 5;
    stand->world.slowed = 1;
    gate_pair(&stand->world, &stand->base, &stand->candidate, false);
    judge(stand);
    assert_int_not_equal(stand->gate.outcome, GATE_PASSED);
    assert_int_not_equal(stand->gate.outcome, GATE_REGRESSED);
}

static void test_lost_and_failed_cells(void **state)
{
    struct stand *stand = *state;
    struct gate_world smaller = still_world();
    const struct gate_row *row;

    gate_record(&stand->world, &stand->base, 1);
    smaller.cells = 2;
    gate_record(&smaller, &stand->candidate, 2);
    stand->candidate.cells[0].status = CELL_FAILED;
    snprintf(stand->candidate.cells[0].reason, sizeof stand->candidate.cells[0].reason, "crashed by SIGSEGV");
    for (int i = 0; i < FIELD_COUNT; i++)
        stand->candidate.cells[0].figures[i].present = false;
    judge(stand);
    assert_int_equal(stand->gate.outcome, GATE_NOT_COMPARABLE);
    row = row_of(&stand->gate, slow_id, FIELD_decode_tokens_per_second);
    assert_non_null(row);
    assert_int_equal(row->verdict, VERDICT_NOT_COMPARABLE);
    assert_non_null(strstr(row->reason, "crashed by SIGSEGV"));
    row = row_of(&stand->gate, "model-2.q4_0.p128.n32", FIELD_COUNT);
    assert_non_null(row);
    assert_string_equal(row->reason, "the candidate has no such case");
}

/* Cells that have none of the figures looked at are nobody's loss. */
static void test_metrics(void **state)
{
    struct stand *stand = *state;
    static const enum field fields[] = {FIELD_matmul_macs_per_second, FIELD_decode_tokens_per_second};

    stand->options.compare.fields = fields;
    stand->options.compare.field_count = 2;
    gate_pair(&stand->world, &stand->base, &stand->candidate, true);
    stand->base.cells[1].figures[FIELD_decode_tokens_per_second].present = false;
    stand->candidate.cells[1].figures[FIELD_decode_tokens_per_second].present = false;
    judge(stand);
    assert_int_equal(stand->gate.outcome, GATE_PASSED);
    assert_int_equal(stand->gate.row_count, 2);
}

static void test_other_device_is_refused(void **state)
{
    struct stand *stand = *state;

    gate_record(&stand->world, &stand->base, 1);
    gate_record(&stand->world, &stand->candidate, 1);
    facts_text(&stand->candidate.device, "device_id", NULL, "d-ffffffffffffffff");
    judge(stand);
    assert_int_equal(stand->gate.outcome, GATE_NOT_COMPARABLE);
    assert_non_null(strstr(stand->gate.baselines[0].refusal, "device"));
    assert_int_equal(stand->gate.row_count, 0);
    gate_close(&stand->gate);
    stand->options.compare.allow_mixed = true;
    judge(stand);
    assert_int_equal(stand->gate.outcome, GATE_PASSED);
}

static void test_emulated_is_refused(void **state)
{
    struct stand *stand = *state;

    gate_pair(&stand->world, &stand->base, &stand->candidate, true);
    stand->candidate.origin = ORIGIN_EMULATED;
    judge(stand);
    assert_int_equal(stand->gate.outcome, GATE_NOT_COMPARABLE);
    assert_non_null(strstr(stand->gate.baselines[0].refusal, "--allow-mixed"));
}

static void test_same_build(void **state)
{
    struct stand *stand = *state;

    gate_record(&stand->world, &stand->base, 1);
    gate_record(&stand->world, &stand->candidate, 1);
    judge(stand);
    assert_true(stand->gate.baselines[0].same_build);
    assert_int_equal(stand->gate.outcome, GATE_PASSED);
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

static void look_again(struct stand *stand, double slowdown, enum gate_outcome outcome, enum gate_second second)
{
    struct gate_world later = still_world();
    struct record again;
    const struct record *bases[] = {&stand->base};
    const struct gate_row *row;
    struct error error = {0};

    stand->world.slowed = 1;
    gate_pair(&stand->world, &stand->base, &stand->candidate, true);
    judge(stand);
    assert_true(gate_row_suspect(&stand->gate.rows[0]));
    assert_false(gate_row_suspect(&stand->gate.rows[1]));
    later.state = 99;
    later.cells = later.slowed = 1;
    later.slowdown = slowdown;
    gate_record(&later, &again, 2);
    assert_int_equal(gate_confirm(&stand->gate, bases, &again, &error), STATUS_OK);
    assert_int_equal(stand->gate.outcome, outcome);
    row = row_of(&stand->gate, slow_id, FIELD_decode_tokens_per_second);
    assert_int_equal(row->second, second);
    assert_ptr_not_equal(row->decisive, row->first);
    record_close(&again);
}

static void test_confirmed(void **state)
{
    look_again(*state, 0.1, GATE_REGRESSED, SECOND_CONFIRMS);
}

static void test_contradicted(void **state)
{
    look_again(*state, 0, GATE_PASSED, SECOND_CONTRADICTS);
}

static void test_second_sample_without_the_figure(void **state)
{
    struct stand *stand = *state;
    struct record again;
    const struct record *bases[] = {&stand->base};
    struct error error = {0};

    stand->world.slowed = 2;
    gate_pair(&stand->world, &stand->base, &stand->candidate, true);
    judge(stand);
    stand->world.cells = stand->world.slowed = 1;
    gate_record(&stand->world, &again, 2);
    assert_int_equal(gate_confirm(&stand->gate, bases, &again, &error), STATUS_OK);
    assert_int_equal(stand->gate.outcome, GATE_REGRESSED);
    assert_int_equal(stand->gate.verdicts[VERDICT_REGRESSED], 1);
    assert_int_equal(stand->gate.open_count, 1);
    record_close(&again);
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

#define STAND_TEST(test) cmocka_unit_test_setup_teardown(test, stand_open, stand_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAND_TEST(test_passes),
        STAND_TEST(test_regressed),
        STAND_TEST(test_threshold),
        STAND_TEST(test_inconclusive),
        STAND_TEST(test_few_launches),
        STAND_TEST(test_lost_and_failed_cells),
        STAND_TEST(test_metrics),
        STAND_TEST(test_other_device_is_refused),
        STAND_TEST(test_emulated_is_refused),
        STAND_TEST(test_same_build),
        cmocka_unit_test(test_two_baselines),
        cmocka_unit_test(test_too_many_baselines),
        STAND_TEST(test_confirmed),
        STAND_TEST(test_contradicted),
        STAND_TEST(test_second_sample_without_the_figure),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_pool_of_failed_cells),
        cmocka_unit_test(test_pool_obstacles),
        cmocka_unit_test(test_join),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
