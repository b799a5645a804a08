/* What launches tell: written and heard again, and lines that make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runner/lines.h"

static void take(struct outcome *outcome, const char *line)
{
    char copy[512];

    snprintf(copy, sizeof copy, "%s", line);
    outcome_take(outcome, copy, 1000);
}

static void take_all(struct outcome *outcome, char *text)
{
    for (char *line; (line = strsep(&text, "\n"));)
        if (*line)
            outcome_take(outcome, line, 1000);
}

static void open_outcome(struct outcome *outcome)
{
    struct error error = {0};

    assert_int_equal(outcome_open(outcome, &error), STATUS_OK);
}

static void test_what_is_told_is_heard(void **state)
{
    struct outcome outcome;
    struct facts facts = {0};
    struct sensors before = {.wall_seconds = 1, .processors = 2}, after = {.wall_seconds = 3, .processors = 2};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const struct cell *cell;

    (void)state;
    assert_non_null(out);
    facts_number(&facts, "roofs.read.1kib.bytes_per_second", "read\t1 kB", 1.0 / 3);
    facts_integer(&facts, "roofs.threads_count", NULL, -7);
    facts_boolean(&facts, "roofs.read.1kib.huge_pages", NULL, true);
    facts_null(&facts, "a", "b", "because\nof this");
    facts_text(&facts, "c", NULL, "");
    lines_facts(out, &facts);
    lines_repetition(out, PHASE_FIRST, 1000 + 2000000000);
    lines_value(out, FIELD_decode_tokens_per_second, 1.0 / 3);
    lines_value(out, FIELD_prefill_tokens_per_second, NAN);
    lines_repetition(out, PHASE_MEASURED, 500);
    lines_value(out, FIELD_decode_tokens_per_second, 5e-324);
    lines_noise(out, &before, &after);
    lines_whole(out, FIELD_weights_bytes, 695e6);
    lines_null(out, FIELD_nmse_ratio, "a\treason");
    lines_source(out, FIELD_average_power_watts, "rapl", "package", 0.02);
    lines_engine(out, "isa", "avx2");
    lines_sample(out, "cpu_temperature_celsius", 5000000000, 54.5);
    lines_sample(out, "cpu_temperature_celsius", 6000000000, NAN);
    lines_skip(out, "too large");
    lines_done(out);
    fclose(out);

    open_outcome(&outcome);
    take_all(&outcome, text);
    assert_int_equal(outcome.error.status, STATUS_OK);
    assert_true(outcome.done);
    cell = outcome_cell(&outcome);
    assert_int_equal(cell->repetition_count, 2);
    assert_int_equal(cell->repetitions[0].phase, PHASE_FIRST);
    assert_true(cell->repetitions[0].start_offset_seconds == 2);
    assert_true(cell->repetitions[0].values[FIELD_decode_tokens_per_second] == 1.0 / 3);
    assert_true(isnan(cell->repetitions[0].values[FIELD_prefill_tokens_per_second]));
    assert_true(isnan(cell->repetitions[0].noise[NOISE_steal_ratio]));
    assert_true(cell->repetitions[1].start_offset_seconds < 0);
    assert_true(cell->repetitions[1].values[FIELD_decode_tokens_per_second] == 5e-324);
    assert_true(cell->repetitions[1].noise[NOISE_steal_ratio] == 0);
    assert_true(outcome.whole[FIELD_weights_bytes] == 695e6);
    assert_true(isnan(outcome.whole[FIELD_scratch_bytes]));
    assert_string_equal(cell->figures[FIELD_nmse_ratio].reason, "a reason");
    assert_string_equal(cell->figures[FIELD_average_power_watts].source, "rapl");
    assert_true(cell->figures[FIELD_average_power_watts].error_ratio == 0.02);
    assert_string_equal(cell->figures[FIELD_average_power_watts].scope, "package");
    assert_string_equal(facts_find(&outcome.engine, "isa")->text, "avx2");
    assert_int_equal(cell->series_count, 1);
    assert_int_equal(cell->series[0].count, 1);
    assert_true(cell->series[0].values[0] == 54.5);
    assert_string_equal(outcome.skip, "too large");
    assert_int_equal(outcome.facts.count, facts.count);
    assert_true(outcome.facts.items[0].number == 1.0 / 3);
    assert_string_equal(outcome.facts.items[0].label, "read 1 kB");
    assert_int_equal(outcome.facts.items[1].integer, -7);
    assert_true(outcome.facts.items[2].boolean);
    assert_string_equal(outcome.facts.items[3].text, "because of this");
    outcome_close(&outcome);
    facts_free(&facts);
    free(text);
}

static void test_short_repetitions_tell_no_ratios(void **state)
{
    struct outcome outcome;
    struct sensors before = {.wall_seconds = 1, .processors = 2}, after = {.wall_seconds = 1.1, .processors = 2};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_non_null(out);
    after.involuntary_switches_count = 3;
    lines_repetition(out, PHASE_MEASURED, 2000);
    lines_noise(out, &before, &after);
    fclose(out);
    open_outcome(&outcome);
    take_all(&outcome, text);
    assert_int_equal(outcome.error.status, STATUS_OK);
    assert_true(isnan(outcome_cell(&outcome)->repetitions[0].noise[NOISE_steal_ratio]));
    assert_true(outcome_cell(&outcome)->repetitions[0].noise[NOISE_involuntary_switches_count] == 3);
    outcome_close(&outcome);
    free(text);
}

static void test_an_error_keeps_its_status_and_text(void **state)
{
    struct outcome outcome;

    (void)state;
    open_outcome(&outcome);
    take(&outcome, "error\t6\tthe logits are wrong");
    assert_int_equal(outcome.error.status, STATUS_MISMATCH);
    assert_string_equal(outcome.error.text, "the logits are wrong");
    assert_false(outcome.done);
    outcome_close(&outcome);
}

static void test_lines_that_make_no_sense(void **state)
{
    static const char *const lines[] = {
        "",
        "hello",
        "value",
        "value\tdecode_tokens_per_second",
        "value\tdecode_tokens_per_second\t",
        "value\tdecode_tokens_per_second\t1x",
        "value\tno_such_field\t1",
        "sample\tcpu_temperature_celsius\t5",
        "sample\t\t5\t1",
        "sample\tcpu_temperature_celsius\tsoon\t1",
        "sample\tcpu_temperature_celsius\t5\thot",
        "sample\tcpu_temperature_celsius\t5\tnan",
        "value\tdecode_tokens_per_second\t1\t2",
        "value decode_tokens_per_second 1",
        "repetition\tmeasured",
        "repetition\tlukewarm\t5",
        "repetition\tmeasured\tsoon",
        "repetition\tmeasured\t",
        "noise\tsteal_ratio",
        "noise\tno_such_noise\t1",
        "noise\tsteal_ratio\ta",
        "whole\tweights_bytes\tmany",
        "null\tnmse_ratio\t",
        "null\tnothing\twhy",
        "source\tnothing\trapl\tpackage\t0.1",
        "source\taverage_power_watts\trapl\tpackage",
        "source\taverage_power_watts\trapl\tpackage\tsmall",
        "fact\tnumber\ta\t\tx",
        "fact\tnumber\t\t\t1",
        "fact\tcomplex\ta\t\t1",
        "fact\tinteger\ta\t\t1.5",
        "engine\t\tx",
        "skip\t",
        "error\t0\tfine",
        "error\t99\tfine",
        "error\tx\tfine",
        "done\tnow",
        "\t\t\t\t\t\t\t\t\t\t\t\t",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct outcome outcome;
        open_outcome(&outcome);
        if (strncmp(lines[i], "repetition", 10) != 0)
            take(&outcome, "repetition\tmeasured\t5");
        assert_int_equal(outcome.error.status, STATUS_OK);
        take(&outcome, lines[i]);
        if (outcome.error.status != STATUS_FAILED)
            fail_msg("'%s' was taken", lines[i]);
        assert_false(outcome.done);
        outcome_close(&outcome);
    }
}

static void test_values_need_a_repetition(void **state)
{
    struct outcome outcome;

    (void)state;
    open_outcome(&outcome);
    take(&outcome, "value\tdecode_tokens_per_second\t1");
    assert_int_equal(outcome.error.status, STATUS_FAILED);
    outcome_close(&outcome);
    open_outcome(&outcome);
    take(&outcome, "noise\tsteal_ratio\t1");
    assert_int_equal(outcome.error.status, STATUS_FAILED);
    outcome_close(&outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_told_is_heard),
        cmocka_unit_test(test_short_repetitions_tell_no_ratios),
        cmocka_unit_test(test_an_error_keeps_its_status_and_text),
        cmocka_unit_test(test_lines_that_make_no_sense),
        cmocka_unit_test(test_values_need_a_repetition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
