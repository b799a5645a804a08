/* How often the gate is wrong, on results of known truth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "reports/gate.h"
#include "tests/gate_records.h"

enum { CHECKS = 200 };

struct tally {
    unsigned regressed; /* checks that say so */
    unsigned caught;    /* checks that say so of the first cell's decode */
    unsigned wrong;     /* and of anything that was not slowed */
    unsigned unsure;    /* checks that are inconclusive */
};

static void judge(struct gate_world *world, bool interleaved, struct tally *tally)
{
    struct record base, candidate;
    struct gate_options options = {.repeat = NULL};
    struct gate gate;
    struct error error = {0};
    bool caught = false, wrong = false;

    gate_pair(world, &base, &candidate, interleaved);
    compare_options_default(&options.compare);
    assert_int_equal(gate_judge(&gate, &options, &(struct gate_source){&base, "base"}, 1,
                                &(struct gate_source){&candidate, "candidate"}, &error),
                     STATUS_OK);
    for (size_t i = 0; i < gate.row_count; i++) {
        const struct gate_row *row = &gate.rows[i];
        bool slowed = row->cell < base.cells + world->slowed && row->first->field == FIELD_decode_tokens_per_second;
        if (row->verdict == VERDICT_REGRESSED) {
            caught |= slowed;
            wrong |= !slowed;
        }
    }
    tally->regressed += gate.outcome == GATE_REGRESSED;
    tally->caught += caught;
    tally->wrong += wrong;
    tally->unsure += gate.outcome == GATE_INCONCLUSIVE;
    gate_close(&gate);
    record_close(&base);
    record_close(&candidate);
}

static struct tally simulate(unsigned cells, double slowdown, bool interleaved)
{
    struct gate_world world = {.state = 1000 * cells + interleaved,
                               .cells = cells,
                               .launches = 10,
                               .noise = 0.01,
                               .slowed = slowdown > 0,
                               .slowdown = slowdown};
    struct tally tally = {0};

    for (int i = 0; i < CHECKS; i++)
        judge(&world, interleaved, &tally);
    print_message("%u cells, %.0f %% slower%s: %u of %d regressed, %u inconclusive, %u caught, %u wrong\n", cells,
                  100 * slowdown, interleaved ? ", in turns" : "", tally.regressed, CHECKS, tally.unsure, tally.caught,
                  tally.wrong);
    return tally;
}

static void expect_quiet(unsigned cells, bool interleaved)
{
    struct tally tally = simulate(cells, 0, interleaved);

    assert_true(tally.regressed * 100 <= CHECKS);
    assert_true(tally.unsure * 100 <= 5 * CHECKS);
}

/* One cell alone is slow, which is the hardest to see among many. */
static void expect_caught(unsigned cells, bool interleaved)
{
    struct tally tally = simulate(cells, 0.05, interleaved);

    assert_true(tally.caught * 100 >= 95 * CHECKS);
    assert_true(tally.wrong * 100 <= CHECKS);
}

static void test_equal_builds_2(void **state)
{
    (void)state;
    expect_quiet(2, false);
    expect_quiet(2, true);
}

static void test_equal_builds_30(void **state)
{
    (void)state;
    expect_quiet(30, false);
    expect_quiet(30, true);
}

static void test_slowdown_2(void **state)
{
    (void)state;
    expect_caught(2, false);
    expect_caught(2, true);
}

static void test_slowdown_30(void **state)
{
    (void)state;
    expect_caught(30, false);
    expect_caught(30, true);
}

/* A machine whose speed changes by 4 % from round to round: turns see through it. */
static void test_weather(void **state)
{
    struct gate_world world = {.state = 77, .cells = 1, .launches = 10, .noise = 0.01, .weather = 0.04};
    struct tally equal = {0}, slower = {0};

    (void)state;
    for (int i = 0; i < CHECKS; i++)
        judge(&world, true, &equal);
    world.slowed = 1;
    world.slowdown = 0.05;
    for (int i = 0; i < CHECKS; i++)
        judge(&world, true, &slower);
    print_message("weather: %u of %d equal builds regressed (%u inconclusive), %u of %d slowdowns caught\n",
                  equal.regressed, CHECKS, equal.unsure, slower.caught, CHECKS);
    assert_true(equal.regressed * 100 <= CHECKS);
    assert_true(slower.caught * 100 >= 95 * CHECKS);
}

/* A loss below what matters is no regression, however sure it is. */
static void test_small_loss_passes(void **state)
{
    struct gate_world world = {.state = 5, .cells = 2, .launches = 30, .noise = 0.002, .slowed = 1, .slowdown = 0.01};
    struct tally tally = {0};

    (void)state;
    for (int i = 0; i < 20; i++)
        judge(&world, false, &tally);
    assert_int_equal(tally.regressed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_builds_2), cmocka_unit_test(test_equal_builds_30),
        cmocka_unit_test(test_slowdown_2),     cmocka_unit_test(test_slowdown_30),
        cmocka_unit_test(test_weather),        cmocka_unit_test(test_small_loss_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
