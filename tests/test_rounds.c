/* Rounds of launches: failures as events, when a case has enough, contenders that take turns. */
#include "tests/measure_rig.h"

#include "runner/verdict.h"

/* Launches tell their number; the script makes some of them fail. */
static void test_a_launch_that_fails_is_an_event(void **state)
{
    struct rig *rig = rig_open(ONE_CASE " --launches 5", GOOD_ROOF, GOOD_GATE,
                               "case \"$*\" in *number=1*|*number=3*) kill -KILL $$;; esac\n" GOOD_LAUNCH);
    const struct cell *cell = &rig->record.cells[0];
    const struct figure *decode = &cell->figures[FIELD_decode_tokens_per_second];

    (void)state;
    rig_run(rig);
    assert_int_equal(cell->status, CELL_OK);
    assert_int_equal(decode->launches, 3);
    assert_int_equal(cell->repetitions[cell->repetition_count - 1].launch, 4);
    assert_int_equal(facts_find(&cell->observations, "launches.failed_count")->integer, 2);
    assert_int_equal(facts_find(&cell->observations, "launches.failures[1].launch")->integer, 3);
    assert_non_null(strstr(facts_find(&cell->observations, "launches.failures[0].reason")->text, "out of memory"));
    assert_int_equal(rig->record.status, RUN_COMPLETE);
    assert_int_equal(verdict_exit_code(&rig->record), 0);
    rig_close(rig);
}

static void test_more_than_half_of_the_launches_must_not_fail(void **state)
{
    struct rig *rig = rig_open(ONE_CASE " --launches 5", GOOD_ROOF, GOOD_GATE,
                               "case \"$*\" in *number=[0134]*) exit 7;; esac\n" GOOD_LAUNCH);
    const struct cell *cell = &rig->record.cells[0];

    (void)state;
    rig_run(rig);
    assert_int_equal(cell->status, CELL_FAILED);
    assert_string_equal(cell->reason,
                        "only 1 of 5 launches succeeded; the last one ended with exit code 7 before it was done");
    assert_int_equal(verdict_exit_code(&rig->record), 5);
    rig_close(rig);
}

static size_t started(const struct rig *rig, const char *mark)
{
    char path[300], line[2000];
    size_t count = 0;
    FILE *file;

    scratch_path(&rig->tree, "log", path, sizeof path);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        count += strstr(line, mark) != NULL;
    if (file)
        fclose(file);
    return count;
}

#define LOGGING "echo \"$*\" >>\"$(dirname \"$0\")/log\"\n"

static void test_three_failures_in_a_row_end_a_case(void **state)
{
    struct rig *rig = rig_open(ONE_CASE " --launches 9", GOOD_ROOF, GOOD_GATE,
                               LOGGING "case \"$*\" in *number=[0-3]*) ;; *) exit 7;; esac\n" GOOD_LAUNCH);

    (void)state;
    rig_run(rig);
    assert_int_equal(rig->record.cells[0].status, CELL_FAILED);
    assert_string_equal(rig->record.cells[0].reason, "launch 7: ended with exit code 7 before it was done");
    assert_int_equal(started(rig, "launch"), 7);
    rig_close(rig);
}

/* What the launch itself calls a misuse would not change by trying again. */
static void test_a_misuse_is_not_tried_again(void **state)
{
    struct rig *rig = rig_open(ONE_CASE " --launches 9", GOOD_ROOF, GOOD_GATE,
                               LOGGING "printf 'error\\t1\\tno such thing\\n' >&3; exit 2\n");

    (void)state;
    rig_run(rig);
    assert_int_equal(rig->record.cells[0].status, CELL_FAILED);
    assert_int_equal(started(rig, "launch"), 1);
    rig_close(rig);
}

/* A launch whose decode alternates between two speeds, by its number. */
#define NOISY_LAUNCH                                                                                                   \
    LOGGING "n=${*##*--number=}; n=${n%% *}; rate=$((40 + n % 2 * 4))\n"                                               \
            "printf 'repetition\\tmeasured\\t1\\nvalue\\tdecode_tokens_per_second\\t%s\\ndone\\n' $rate >&3\n"

static void test_launches_go_on_until_the_noise_is_known(void **state)
{
    struct rig *rig = rig_open(ONE_CASE, GOOD_ROOF, GOOD_GATE, NOISY_LAUNCH);

    (void)state;
    rig_run(rig);
    assert_int_equal(rig->record.cells[0].status, CELL_OK);
    assert_int_equal(rig->record.cells[0].stop_reason, STOP_NOISE_STABLE);
    assert_int_equal(started(rig, "launch"), STOPPING_STABLE_LAUNCHES);
    assert_int_equal(rig->progress.total, rig->progress.done);
    rig_close(rig);
}

static void test_two_contenders_take_turns(void **state)
{
    char hash[DIGEST_HEX] = "1111111111111111111111111111111111111111111111111111111111111111";
    struct rig *rig = rig_open("-m llama-3.2-1b -p 8 -n 4,5", GOOD_ROOF, GOOD_GATE, LOGGING GOOD_LAUNCH);
    struct error error = {0};
    char path[300];

    (void)state;
    scratch_write(&rig->tree, "other",
                  "#!/bin/sh\ncase $2 in\ngate)\n" GOOD_GATE ";;\nlaunch)\n" NOISY_LAUNCH ";;\nesac\n");
    scratch_path(&rig->tree, "other", path, sizeof path);
    chmod(path, 0755);
    record_open(&rig->other);
    assert_int_equal(cells_add(&rig->other, &rig->plan, hash, &error), STATUS_OK);
    rig->contenders[1] = (struct contender){.program = path, .label = "against", .record = &rig->other};
    rig->contender_count = 2;
    rig_run(rig);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(rig->record.cells[i].status, CELL_OK);
        assert_int_equal(rig->other.cells[i].status, CELL_OK);
        /* the calm one goes on for as long as the noisy one needs it */
        assert_int_equal(rig->record.cells[i].figures[FIELD_decode_tokens_per_second].launches, 20);
        assert_int_equal(rig->other.cells[i].figures[FIELD_decode_tokens_per_second].launches, 20);
        assert_int_equal(rig->record.cells[i].stop_reason, STOP_NOISE_STABLE);
    }
    assert_non_null(facts_find(&rig->other.environment, "roofs.int8.avx2.macs_per_second"));
    assert_int_equal(started(rig, "launch"), 80);
    rig_close(rig);
}

static void test_figures_of_the_first_repetition_and_the_canary(void **state)
{
    struct rig *rig = rig_open(ONE_CASE,
                               GOOD_ROOF ";;\ncanary)\n"
                                         "printf 'whole\\tcanary_read_bytes_per_second\\t3e10\\ndone\\n' >&3\n",
                               GOOD_GATE, GOOD_LAUNCH);
    const struct figure *figures = rig->record.cells[0].figures;

    (void)state;
    rig_run(rig);
    assert_true(figures[FIELD_first_decode_tokens_per_second].value == 1);
    assert_int_equal(figures[FIELD_first_decode_tokens_per_second].n, 6);
    assert_false(figures[FIELD_first_prefill_tokens_per_second].present);
    assert_true(figures[FIELD_canary_read_bytes_per_second].value == 3e10);
    assert_true(facts_find(&rig->record.environment, "canary.median_bytes_per_second")->number == 3e10);
    assert_true(facts_find(&rig->record.environment, "canary.last_bytes_per_second")->number == 3e10);
    rig_close(rig);
}

static void test_a_disturbed_launch_marks_the_result(void **state)
{
    struct rig *rig =
        rig_open(ONE_CASE, GOOD_ROOF, GOOD_GATE, "printf 'engine\\ttest_slowdown_ratio\\t0.05\\n' >&3\n" GOOD_LAUNCH);

    (void)state;
    rig_run(rig);
    assert_int_equal(rig->record.origin, ORIGIN_EMULATED);
    rig_close(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_launch_that_fails_is_an_event),
        cmocka_unit_test(test_more_than_half_of_the_launches_must_not_fail),
        cmocka_unit_test(test_three_failures_in_a_row_end_a_case),
        cmocka_unit_test(test_a_misuse_is_not_tried_again),
        cmocka_unit_test(test_launches_go_on_until_the_noise_is_known),
        cmocka_unit_test(test_two_contenders_take_turns),
        cmocka_unit_test(test_figures_of_the_first_repetition_and_the_canary),
        cmocka_unit_test(test_a_disturbed_launch_marks_the_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
