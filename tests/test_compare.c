/* What comparisons say of figures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/compare.h"
#include "tests/contest.h"

static void compare_with(struct comparison *comparison, const struct record *base, const struct record *candidate,
                         const struct compare_options *options)
{
    const struct record *records[] = {base, candidate};
    const char *names[] = {"old.json", "new.json"};
    struct error error = {0};

    if (comparison_make(comparison, records, names, 2, options, &error))
        fail_msg("%s", error.text);
}

static void compare_two(struct comparison *comparison, const struct record *base, const struct record *candidate)
{
    struct compare_options options;

    compare_options_default(&options);
    compare_with(comparison, base, candidate, &options);
}

static const struct comparison_row *row_of(const struct comparison *comparison, enum field field)
{
    for (size_t i = 0; i < comparison->row_count; i++)
        if (comparison->rows[i].field == field)
            return &comparison->rows[i];
    fail_msg("no row of %s", field_info(field)->name);
    return NULL;
}

static bool noted(const struct comparison *comparison, const char *text)
{
    for (size_t i = 0; i < comparison->note_count; i++)
        if (strstr(comparison->notes[i], text))
            return true;
    return false;
}

/* ---- verdicts ------------------------------------------------------------------------------------------------------------- */

static enum verdict decode_verdict(double decode)
{
    struct record base, candidate;
    struct comparison comparison;
    const struct comparison_row *row;
    enum verdict verdict;

    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    contest_whole(&candidate, "d-one", contest_next_commit, decode, 2);
    compare_two(&comparison, &base, &candidate);
    row = row_of(&comparison, FIELD_decode_tokens_per_second);
    verdict = row->verdict;
    assert_int_equal(comparison.pairs[0].factor, FACTOR_BUILD);
    assert_int_equal(row->base_launches, 10);
    assert_true(row->ratio.low < row->ratio.value && row->ratio.value < row->ratio.high);
    assert_true(fabs(row->ratio.value - decode / 50) < 0.015);
    assert_true(row->p_holm >= row->p);
    assert_true(row->detectable_ratio > 0.01 && row->detectable_ratio < 0.03);
    assert_int_equal(row_of(&comparison, FIELD_peak_private_bytes)->verdict, VERDICT_EQUIVALENT);
    comparison_close(&comparison);
    record_close(&base);
    record_close(&candidate);
    return verdict;
}

static void test_verdicts(void **state)
{
    (void)state;
    assert_int_equal(decode_verdict(45), VERDICT_REGRESSED);
    assert_int_equal(decode_verdict(50), VERDICT_EQUIVALENT);
    assert_int_equal(decode_verdict(49.3), VERDICT_INCONCLUSIVE);
    assert_int_equal(decode_verdict(55), VERDICT_IMPROVED);
}

/* Lower is better of bytes; 8 MiB are the least that counts. */
static void test_bytes(void **state)
{
    static const struct {
        double bytes;
        enum verdict verdict;
    } cases[] = {{7e8 * 1.05, VERDICT_REGRESSED},
                 {7e8 * 0.95, VERDICT_IMPROVED},
                 {7e8 + 4e6, VERDICT_EQUIVALENT},
                 {7e8 * 1.011, VERDICT_EQUIVALENT}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record base, candidate;
        struct comparison comparison;
        struct cell *cell;
        contest_whole(&base, "d-one", contest_base_commit, 50, 1);
        cell = contest_whole(&candidate, "d-one", contest_next_commit, 50, 2);
        for (size_t k = 0; k < cell->repetition_count; k++)
            cell->repetitions[k].values[FIELD_peak_private_bytes] = cases[i].bytes;
        cell_summarise(cell);
        compare_two(&comparison, &base, &candidate);
        assert_int_equal(row_of(&comparison, FIELD_peak_private_bytes)->verdict, cases[i].verdict);
        comparison_close(&comparison);
        record_close(&base);
        record_close(&candidate);
    }
}

static void test_options(void **state)
{
    const enum field only[] = {FIELD_decode_tokens_per_second};
    struct compare_options options;
    struct record base, candidate;
    struct comparison comparison;

    (void)state;
    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    contest_whole(&candidate, "d-one", contest_next_commit, 47, 2);
    compare_options_default(&options);
    options.fields = only;
    options.field_count = 1;
    options.delta_ratio[FIELD_decode_tokens_per_second] = 0.10;
    compare_with(&comparison, &base, &candidate, &options);
    assert_int_equal(comparison.row_count, 1);
    assert_int_equal(comparison.rows[0].verdict, VERDICT_EQUIVALENT);
    assert_true(comparison.rows[0].delta_ratio == 0.10);
    assert_true(comparison.rows[0].p_holm == comparison.rows[0].p);
    comparison_close(&comparison);
    record_close(&base);
    record_close(&candidate);
}

static void few(unsigned launches, const char *reason)
{
    struct record base, candidate;
    struct comparison comparison;
    const struct comparison_row *row;
    uint64_t seed = 4;

    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    contest_record(&candidate, "d-one", contest_next_commit);
    contest_launches(contest_cell(&candidate, "llama-3.2-1b", "q4_0"), launches, 40, 0.01, &seed);
    compare_two(&comparison, &base, &candidate);
    row = row_of(&comparison, FIELD_decode_tokens_per_second);
    assert_int_equal(row->verdict, VERDICT_INCONCLUSIVE);
    assert_true(isnan(row->p_holm) && isfinite(row->ratio.value) && isnan(row->ratio.low));
    assert_string_equal(row->reason, reason);
    comparison_close(&comparison);
    record_close(&base);
    record_close(&candidate);
}

static void test_few_launches(void **state)
{
    (void)state;
    few(5, "needs n ≥ 6 launches a side; there are 10 and 5");
    few(1, "needs n ≥ 6 launches a side; there are 10 and 1");
}

/* Thirty cells need p < 0.00033: six launches cannot give that, and the row says how many can. */
static void test_many_cells(void **state)
{
    struct record base, candidate;
    struct comparison comparison;
    uint64_t seed = 9;

    (void)state;
    contest_record(&base, "d-one", contest_base_commit);
    contest_record(&candidate, "d-one", contest_next_commit);
    for (int i = 0; i < 10; i++) {
        char model[32];
        snprintf(model, sizeof model, "model-%d", i);
        contest_launches(contest_cell(&base, model, "q4_0"), 6, 50, 0.01, &seed);
        contest_launches(contest_cell(&candidate, model, "q4_0"), 6, 40, 0.01, &seed);
    }
    compare_two(&comparison, &base, &candidate);
    assert_int_equal(comparison.row_count, 30);
    assert_int_equal(comparison.verdicts[VERDICT_REGRESSED], 0);
    assert_string_equal(comparison.rows[0].reason, "6 launches cannot reach p < 0.01 among 30 tests; needs n ≈ 8");
    assert_true(comparison_loss(&comparison.rows[0]) >= comparison_loss(&comparison.rows[1]));
    comparison_close(&comparison);
    record_close(&base);
    record_close(&candidate);
}

/* ---- figures that are not on both sides ------------------------------------------------------------------------------- */

static void test_missing(void **state)
{
    struct record base, candidate;
    struct comparison comparison;
    const struct comparison_row *row;
    struct cell *cell;

    (void)state;
    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    cell = contest_whole(&candidate, "d-one", contest_next_commit, 50, 2);
    for (size_t i = 0; i < cell->repetition_count; i++)
        cell->repetitions[i].values[FIELD_prefill_tokens_per_second] = NAN;
    cell_explain(cell, FIELD_prefill_tokens_per_second, "no prompt was asked for");
    compare_two(&comparison, &base, &candidate);
    row = row_of(&comparison, FIELD_prefill_tokens_per_second);
    assert_int_equal(row->verdict, VERDICT_NOT_COMPARABLE);
    assert_string_equal(row->reason, "new.json: no prompt was asked for");
    assert_true(isnan(row->ratio.value) && isnan(comparison_loss(row)));
    assert_true(noted(&comparison, "energy_joules_per_token is known on neither side: no counter can be read"));
    comparison_close(&comparison);
    record_close(&base);
    record_close(&candidate);
}

static void test_failed_cell(void **state)
{
    struct record base, candidate;
    struct comparison comparison;
    struct cell *cell;

    (void)state;
    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    contest_record(&candidate, "d-one", contest_next_commit);
    cell = contest_cell(&candidate, "llama-3.2-1b", "q4_0");
    cell->status = CELL_FAILED;
    snprintf(cell->reason, sizeof cell->reason, "launch 0 was ended by SIGKILL");
    compare_two(&comparison, &base, &candidate);
    assert_int_equal(comparison.verdicts[VERDICT_NOT_COMPARABLE], 3);
    assert_string_equal(comparison.rows[0].reason, "new.json: failed: launch 0 was ended by SIGKILL");
    comparison_close(&comparison);
    record_close(&base);
    record_close(&candidate);
}

static void set_energy(struct cell *cell, double joules, const char *source, const char *scope)
{
    struct figure *figure = &cell->figures[FIELD_energy_joules_per_token];

    for (size_t i = 0; i < cell->repetition_count; i++)
        cell->repetitions[i].values[FIELD_energy_joules_per_token] = joules * (1 + 0.001 * (double)i);
    cell_summarise(cell);
    snprintf(figure->source, sizeof figure->source, "%s", source);
    snprintf(figure->scope, sizeof figure->scope, "%s", scope);
}

static void test_energy_scope(void **state)
{
    static const struct {
        const char *scope;
        enum verdict verdict;
    } cases[] = {{"package", VERDICT_REGRESSED}, {"wall", VERDICT_NOT_COMPARABLE}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct record base, candidate;
        struct comparison comparison;
        contest_whole(&base, "d-one", contest_base_commit, 50, 1);
        set_energy(base.cells, 0.4, "rapl", "package");
        contest_whole(&candidate, "d-one", contest_next_commit, 50, 2);
        set_energy(candidate.cells, 0.5, "meter", cases[i].scope);
        compare_two(&comparison, &base, &candidate);
        assert_int_equal(row_of(&comparison, FIELD_energy_joules_per_token)->verdict, cases[i].verdict);
        comparison_close(&comparison);
        record_close(&base);
        record_close(&candidate);
    }
}

/* A value of 0 has no logarithm. */
static void test_zero(void **state)
{
    struct record base, candidate;
    struct comparison comparison;
    const struct comparison_row *row;

    (void)state;
    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    contest_whole(&candidate, "d-one", contest_next_commit, 50, 2);
    candidate.cells[0].repetitions[3].values[FIELD_decode_tokens_per_second] = 0;
    cell_summarise(candidate.cells);
    compare_two(&comparison, &base, &candidate);
    row = row_of(&comparison, FIELD_decode_tokens_per_second);
    assert_int_equal(row->verdict, VERDICT_INCONCLUSIVE);
    assert_string_equal(row->reason, "a value is not above 0: there is no ratio");
    comparison_close(&comparison);
    record_close(&base);
    record_close(&candidate);
}

/* ---- rounds and disturbances ----------------------------------------------------------------------------------------------- */

/* Rounds share a swing of 10 %; within them the candidate is 2.5 % slower. */
static void interleaved_pair(struct record *base, struct record *candidate, bool told)
{
    struct cell *a = contest_whole(base, "d-one", contest_base_commit, 50, 1);
    struct cell *b = contest_whole(candidate, "d-one", contest_next_commit, 50, 2);
    uint64_t seed = 3;

    for (size_t i = 0; i < 10; i++) {
        double round = exp(0.1 * contest_normal(&seed));
        a->repetitions[i].values[FIELD_decode_tokens_per_second] = 50 * round * exp(0.001 * contest_normal(&seed));
        b->repetitions[i].values[FIELD_decode_tokens_per_second] =
            50 * 0.975 * round * exp(0.001 * contest_normal(&seed));
    }
    cell_summarise(a);
    cell_summarise(b);
    if (told)
        facts_text(&candidate->environment, "interleaved_with", NULL, base->result_id);
}

static void test_interleaved(void **state)
{
    (void)state;
    for (int told = 0; told < 2; told++) {
        struct record base, candidate;
        struct comparison comparison;
        const struct comparison_row *row;
        interleaved_pair(&base, &candidate, told);
        compare_two(&comparison, &base, &candidate);
        row = row_of(&comparison, FIELD_decode_tokens_per_second);
        assert_int_equal(comparison.pairs[0].interleaved, told);
        assert_int_equal(row->verdict, told ? VERDICT_REGRESSED : VERDICT_INCONCLUSIVE);
        assert_true(fabs(row->delta_ratio - (told ? 0.02 : 0.03)) < 1e-12);
        assert_true(told ? row->detectable_ratio < 0.01 : row->detectable_ratio > 0.1);
        comparison_close(&comparison);
        record_close(&base);
        record_close(&candidate);
    }
}

/* A round that one side lost is no pair. */
static void test_lost_round(void **state)
{
    struct record base, candidate;
    struct comparison comparison;
    const struct comparison_row *row;

    (void)state;
    interleaved_pair(&base, &candidate, true);
    for (size_t i = 0; i < 10; i++)
        candidate.cells[0].repetitions[i].launch = (unsigned)(i < 4 ? i : i + 1);
    base.cells[0].repetitions[9].launch = 30;
    cell_summarise(candidate.cells);
    compare_two(&comparison, &base, &candidate);
    row = row_of(&comparison, FIELD_decode_tokens_per_second);
    assert_int_equal(row->base_launches, 10);
    assert_true(row->ratio.high - row->ratio.low > 0.02); /* launches were renumbered: other rounds are paired */
    comparison_close(&comparison);
    record_close(&base);
    record_close(&candidate);
}

static enum verdict disturbed(double canary, unsigned flagged, const char *reason)
{
    struct record base, candidate;
    struct comparison comparison;
    enum verdict verdict;

    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    contest_whole(&candidate, "d-one", contest_next_commit, 40, 2);
    for (size_t i = 0; i < 10; i++) {
        double wobble = 1 + 0.001 * (double)i;
        base.cells[0].repetitions[i].values[FIELD_canary_read_bytes_per_second] = 3e10 * wobble;
        candidate.cells[0].repetitions[i].values[FIELD_canary_read_bytes_per_second] = 3e10 * canary * wobble;
        if (i < flagged)
            candidate.cells[0].repetitions[i].flags = 1u << NOISE_steal_ratio;
    }
    compare_two(&comparison, &base, &candidate);
    verdict = row_of(&comparison, FIELD_decode_tokens_per_second)->verdict;
    if (*reason)
        assert_non_null(strstr(row_of(&comparison, FIELD_decode_tokens_per_second)->reason, reason));
    assert_int_equal(row_of(&comparison, FIELD_peak_private_bytes)->verdict, VERDICT_EQUIVALENT);
    assert_int_equal(noted(&comparison, "steal_ratio"), flagged > 0);
    comparison_close(&comparison);
    record_close(&base);
    record_close(&candidate);
    return verdict;
}

static void test_disturbances(void **state)
{
    (void)state;
    assert_int_equal(disturbed(1, 0, ""), VERDICT_REGRESSED);
    assert_int_equal(disturbed(0.99, 4, ""), VERDICT_REGRESSED);
    assert_int_equal(disturbed(0.8, 0, "the canary read memory at 0.800"), VERDICT_INCONCLUSIVE);
    assert_int_equal(disturbed(1, 8, "80 % of these"), VERDICT_INCONCLUSIVE);
}

/* ---- notes --------------------------------------------------------------------------------------------------------------------- */

static void test_notes(void **state)
{
    struct record base, candidate;
    struct comparison comparison;
    struct cell *cell;

    (void)state;
    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    cell = contest_whole(&candidate, "d-one", contest_next_commit, 50, 2);
    facts_text(&candidate.device, "os.kernel", NULL, "6.2.0");
    facts_text(&candidate.environment, "governor", NULL, "powersave");
    facts_text(&candidate.tool, "compiler", NULL, "GCC 13"); /* part of the build, which differs */
    for (size_t i = 0; i < 10; i++)
        cell->repetitions[i].values[FIELD_decode_tokens_per_second] = 50 + 0.1 * (double)i;
    cell->repetitions[9].values[FIELD_prefill_tokens_per_second] = 40;
    cell_summarise(cell);
    compare_two(&comparison, &base, &candidate);
    assert_true(noted(&comparison, "kernel differs: 6.1.0 in old.json, 6.2.0 in new.json"));
    assert_true(noted(&comparison, "governor differs: performance in old.json, powersave in new.json"));
    assert_false(noted(&comparison, "compiler"));
    assert_true(noted(&comparison, "decode_tokens_per_second of llama-3.2-1b.q4_0.0 drifts"));
    assert_true(noted(&comparison, "a launch stands far out in prefill_tokens_per_second"));
    comparison_close(&comparison);
    record_close(&base);
    record_close(&candidate);
}

/* Of A/A comparisons with 1 % between launches hardly any says regressed or improved; of 5 % slower ones nearly all do. */
static void test_false_alarms(void **state)
{
    enum { TRIALS = 150 };
    size_t alarms = 0, found = 0;

    (void)state;
    for (uint64_t trial = 0; trial < TRIALS; trial++)
        for (int slow = 0; slow < 2; slow++) {
            struct record base, candidate;
            struct comparison comparison;
            contest_whole(&base, "d-one", contest_base_commit, 50, 1000 + trial);
            contest_whole(&candidate, "d-one", contest_next_commit, slow ? 47.5 : 50, 5000 + trial);
            compare_two(&comparison, &base, &candidate);
            if (slow)
                found += comparison.verdicts[VERDICT_REGRESSED] == 1;
            else
                alarms += comparison.verdicts[VERDICT_REGRESSED] + comparison.verdicts[VERDICT_IMPROVED] > 0;
            comparison_close(&comparison);
            record_close(&base);
            record_close(&candidate);
        }
    assert_int_equal(alarms, 0);
    assert_true(found >= TRIALS * 95 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),     cmocka_unit_test(test_bytes),        cmocka_unit_test(test_options),
        cmocka_unit_test(test_few_launches), cmocka_unit_test(test_many_cells),   cmocka_unit_test(test_missing),
        cmocka_unit_test(test_failed_cell),  cmocka_unit_test(test_energy_scope), cmocka_unit_test(test_zero),
        cmocka_unit_test(test_interleaved),  cmocka_unit_test(test_lost_round),   cmocka_unit_test(test_disturbances),
        cmocka_unit_test(test_notes),        cmocka_unit_test(test_false_alarms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
