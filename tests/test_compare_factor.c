/* Which results may be compared, which cells belong together, and what is said where they do not. */
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

static enum status compare(struct comparison *comparison, const struct record *base, const struct record *candidate,
                           bool allow_mixed, struct error *error)
{
    const struct record *records[] = {base, candidate};
    const char *names[] = {"old.json", "new.json"};
    struct compare_options options;

    compare_options_default(&options);
    options.allow_mixed = allow_mixed;
    return comparison_make(comparison, records, names, candidate ? 2 : 1, &options, error);
}

static void add_cell(struct record *record, const char *model, const char *format, double decode)
{
    uint64_t seed = record->cell_count + 1;

    contest_launches(contest_cell(record, model, format), 8, decode, 0.01, &seed);
}

static void expect_factor(const struct record *base, const struct record *candidate, enum factor factor,
                          const char *name, const char *base_value, const char *candidate_value)
{
    struct comparison comparison;
    struct error error = {0};

    if (compare(&comparison, base, candidate, false, &error))
        fail_msg("%s", error.text);
    assert_int_equal(comparison.pair_count, 1);
    assert_int_equal(comparison.pairs[0].factor, factor);
    assert_string_equal(comparison.pairs[0].factor_name, name);
    assert_string_equal(comparison.pairs[0].base_value, base_value);
    assert_string_equal(comparison.pairs[0].candidate_value, candidate_value);
    assert_false(comparison.pairs[0].mixed);
    assert_true(comparison.row_count > 0);
    comparison_close(&comparison);
}

static void expect_refusal(const struct record *base, const struct record *candidate, const char *const *texts)
{
    struct comparison comparison;
    struct error error = {0};

    assert_int_equal(compare(&comparison, base, candidate, false, &error), STATUS_UNLIKE);
    for (; *texts; texts++)
        if (!strstr(error.text, *texts))
            fail_msg("'%s' does not say '%s'", error.text, *texts);
    comparison_close(&comparison);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- one factor ------------------------------------------------------------------------------------------------------------ */

static void test_records(void **state)
{
    struct record base, candidate;

    (void)state;
    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    contest_whole(&candidate, "d-one", contest_base_commit, 50, 2);
    expect_factor(&base, &candidate, FACTOR_NONE, "", "", "");
    record_close(&candidate);
    contest_whole(&candidate, "d-two", contest_base_commit, 80, 2);
    expect_factor(&base, &candidate, FACTOR_DEVICE, "device", "Processor of d-one", "Processor of d-two");
    record_close(&candidate);
    contest_whole(&candidate, "d-one", contest_next_commit, 50, 2);
    expect_factor(&base, &candidate, FACTOR_BUILD, "build", "commit 001122334455", "commit ffeeddccbbaa");
    facts_text(&candidate.tool, "git_commit", NULL, contest_base_commit);
    expect_factor(&base, &candidate, FACTOR_BUILD, "build", "program 001122334455", "program ffeeddccbbaa");
    facts_text(&candidate.tool, "flags", NULL, "-O3");
    expect_factor(&base, &candidate, FACTOR_BUILD, "build", "flags -O2", "flags -O3");
    record_close(&candidate);
    record_close(&base);
}

/* On another device the same source is another program. */
static void test_program_of_two_devices(void **state)
{
    struct record base, candidate;

    (void)state;
    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    contest_whole(&candidate, "d-two", contest_base_commit, 50, 2);
    facts_text(&candidate.tool, "build_id_sha256", NULL, "another");
    expect_factor(&base, &candidate, FACTOR_DEVICE, "device", "Processor of d-one", "Processor of d-two");
    facts_text(&candidate.device, "cpu.name", NULL, "Processor of d-one");
    expect_factor(&base, &candidate, FACTOR_DEVICE, "device", "Processor of d-one, d-one", "Processor of d-one, d-two");
    record_close(&base);
    record_close(&candidate);
}

static void test_cells(void **state)
{
    static const struct {
        const char *path, *value;
        size_t block; /* 0 model, 1 engine, 2 parameters */
        enum factor factor;
        const char *name, *was;
    } cases[] = {{"quantization", "q8_0", 0, FACTOR_FORMAT, "format", "q4_0"},
                 {"output_tensor_type", "q6_k", 0, FACTOR_FORMAT, "format", "q4_0"},
                 {"name", "llama-3.2-3b", 0, FACTOR_MODEL, "model", "llama-3.2-1b"},
                 {"file_sha256", "0123", 0, FACTOR_MODEL, "file", "unknown"},
                 {"name", "opencl", 1, FACTOR_ENGINE, "engine", "cpu"},
                 {"threads", "4", 2, FACTOR_THREADS, "threads", "auto"},
                 {"kv_type", "q8_0", 2, FACTOR_OPTION, "kv_type", "f16"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record base, candidate;
        struct cell *cell;
        struct facts *blocks[3];
        contest_whole(&base, "d-one", contest_base_commit, 50, 1);
        cell = contest_whole(&candidate, "d-one", contest_base_commit, 60, 2);
        blocks[0] = &cell->model;
        blocks[1] = &cell->engine;
        blocks[2] = &cell->parameters;
        facts_text(blocks[cases[i].block], cases[i].path, NULL, cases[i].value);
        expect_factor(&base, &candidate, cases[i].factor, cases[i].name, cases[i].was,
                      strcmp(cases[i].path, "output_tensor_type") == 0 ? "q4_0/q6_k" : cases[i].value);
        record_close(&base);
        record_close(&candidate);
    }
}

/* A longer prompt takes a longer context: that is one factor. A context that was asked for is another. */
static void test_derived_parameters(void **state)
{
    struct record base, candidate;
    struct cell *cell;

    (void)state;
    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    cell = contest_whole(&candidate, "d-one", contest_base_commit, 60, 2);
    facts_integer(&cell->parameters, "prompt_tokens", NULL, 512);
    facts_integer(&cell->parameters, "context_tokens", NULL, 544);
    expect_factor(&base, &candidate, FACTOR_OPTION, "prompt_tokens", "128", "512");
    facts_integer(&cell->parameters, "context_tokens", NULL, 4096);
    expect_refusal(&base, &candidate, TEXTS("no cell is common", "prompt_tokens", "context_tokens"));
    record_close(&candidate);
    cell = contest_whole(&candidate, "d-one", contest_base_commit, 60, 2);
    facts_text(&cell->parameters, "scenario", NULL, "rag");
    facts_text(&base.cells[0].parameters, "scenario", NULL, "chat");
    facts_integer(&cell->parameters, "prompt_tokens", NULL, 2048);
    facts_integer(&cell->parameters, "context_tokens", NULL, 2080);
    expect_factor(&base, &candidate, FACTOR_OPTION, "scenario", "chat (128 + 32)", "rag (2048 + 32)");
    record_close(&base);
    record_close(&candidate);
}

/* Cells that are equal are matched; the rest is told. */
static void test_common_cells(void **state)
{
    struct record base, candidate;
    struct comparison comparison;
    struct error error = {0};
    bool told = false;

    (void)state;
    contest_record(&base, "d-one", contest_base_commit);
    add_cell(&base, "llama-3.2-1b", "q4_0", 50);
    add_cell(&base, "llama-3.2-1b", "q8_0", 30);
    contest_record(&candidate, "d-two", contest_base_commit);
    add_cell(&candidate, "llama-3.2-1b", "q8_0", 60);
    add_cell(&candidate, "llama-3.2-3b", "q8_0", 20);
    assert_int_equal(compare(&comparison, &base, &candidate, false, &error), STATUS_OK);
    assert_int_equal(comparison.row_count, 3);
    assert_ptr_equal(comparison.rows[0].base, &base.cells[1]);
    assert_ptr_equal(comparison.rows[0].candidate, &candidate.cells[0]);
    for (size_t i = 0; i < comparison.note_count; i++)
        told |= strstr(comparison.notes[i],
                       "only in old.json, with no partner in new.json: llama-3.2-1b.q4_0.0 (1 of 2") != NULL;
    assert_true(told);
    comparison_close(&comparison);
    record_close(&base);
    record_close(&candidate);
}

/* ---- more factors than one --------------------------------------------------------------------------------------------- */

static void test_two_factors(void **state)
{
    struct record base, candidate;
    struct comparison comparison;
    struct error error = {0};

    (void)state;
    contest_record(&base, "d-one", contest_base_commit);
    add_cell(&base, "llama-3.2-1b", "q4_0", 50);
    contest_record(&candidate, "d-two", contest_base_commit);
    add_cell(&candidate, "llama-3.2-1b", "q8_0", 60);
    expect_refusal(&base, &candidate,
                   TEXTS("device, format", "Processor of d-one, q4_0", "Processor of d-two, q8_0", "--allow-mixed"));
    assert_int_equal(compare(&comparison, &base, &candidate, true, &error), STATUS_OK);
    assert_true(comparison.pairs[0].mixed);
    assert_int_equal(comparison.pairs[0].factor, FACTOR_DEVICE);
    assert_int_equal(comparison.row_count, 3);
    comparison_close(&comparison);
    record_close(&candidate);
    contest_whole(&candidate, "d-two", contest_next_commit, 50, 2);
    expect_refusal(&base, &candidate, TEXTS("device, build", "commit 001122334455", "--allow-mixed"));
    record_close(&base);
    record_close(&candidate);
}

static void test_nothing_common(void **state)
{
    struct record base, candidate, empty;
    struct comparison comparison;
    struct error error = {0};

    (void)state;
    contest_record(&base, "d-one", contest_base_commit);
    add_cell(&base, "llama-3.2-1b", "q4_0", 50);
    add_cell(&base, "gemma-3-4b", "q4_0", 10);
    contest_record(&candidate, "d-one", contest_base_commit);
    add_cell(&candidate, "llama-3.2-3b", "q8_0", 20);
    expect_refusal(&base, &candidate,
                   TEXTS("no cell is common", "old.json has llama-3.2-1b.q4_0.0, gemma-3-4b.q4_0.1",
                         "new.json has llama-3.2-3b.q8_0.0", "format, model", "q4_0", "--allow-mixed"));
    assert_int_equal(compare(&comparison, &base, &candidate, true, &error), STATUS_OK);
    assert_true(comparison.pairs[0].mixed);
    comparison_close(&comparison);
    contest_record(&empty, "d-one", contest_base_commit);
    expect_refusal(&base, &empty, TEXTS("new.json has none"));
    expect_refusal(&empty, &base, TEXTS("old.json has none"));
    expect_refusal(&empty, NULL, TEXTS("no two of its cells differ"));
    record_close(&base);
    record_close(&candidate);
    record_close(&empty);
}

static void test_twice(void **state)
{
    struct record base, copy;

    (void)state;
    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    contest_whole(&copy, "d-one", contest_base_commit, 50, 1);
    memcpy(copy.result_id, base.result_id, sizeof copy.result_id);
    expect_refusal(&base, &copy, TEXTS("old.json and new.json are the same result", base.result_id));
    expect_refusal(&base, &base, TEXTS("one alone"));
    record_close(&base);
    record_close(&copy);
}

/* ---- origins --------------------------------------------------------------------------------------------------------------- */

static void test_emulated(void **state)
{
    struct record base, candidate;
    struct comparison comparison;
    struct error error = {0};

    (void)state;
    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    contest_whole(&candidate, "d-one", contest_next_commit, 50, 2);
    candidate.origin = ORIGIN_EMULATED;
    expect_refusal(&base, &candidate, TEXTS("new.json is emulated", "--allow-mixed"));
    expect_refusal(&candidate, &base, TEXTS("old.json is emulated"));
    assert_int_equal(compare(&comparison, &base, &candidate, true, &error), STATUS_OK);
    comparison_close(&comparison);
    record_close(&base);
    record_close(&candidate);
}

/* As an import of llama-bench is: prefill and decode in cells of their own, parameters that it has no word for missing. */
static void foreign_record(struct record *record, const char *device, int64_t generated)
{
    struct cell *cell;

    record_open(record);
    record->origin = ORIGIN_IMPORTED;
    facts_text(&record->device, "cpu.name", NULL, device);
    for (int decode = 0; decode < 2; decode++) {
        cell = record_add_cell(record, decode ? "tg" : "pp");
        facts_text(&cell->model, "name", NULL, "llama 1B Q4_0");
        facts_text(&cell->model, "quantization", NULL, "q4_0");
        facts_integer(&cell->model, "parameter_count", NULL, 1235814400);
        facts_text(&cell->engine, "name", NULL, "llama.cpp");
        facts_integer(&cell->parameters, "prompt_tokens", NULL, decode ? 0 : 128);
        facts_integer(&cell->parameters, "generated_tokens", NULL, decode ? generated : 0);
        facts_integer(&cell->parameters, "depth_tokens", NULL, 0);
        facts_text(&cell->parameters, "kv_type", NULL, "f16");
        facts_integer(&cell->parameters, "threads", NULL, 2);
        for (unsigned i = 0; i < 8; i++) {
            struct repetition *repetition = cell_add_repetition(cell, i, PHASE_MEASURED);
            repetition->values[decode ? FIELD_decode_tokens_per_second : FIELD_prefill_tokens_per_second] =
                40 * (1 + 0.001 * i);
        }
        cell_summarise(cell);
    }
}

static void test_foreign(void **state)
{
    struct record base, candidate;
    struct comparison comparison;
    struct error error = {0};

    (void)state;
    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    facts_integer(&base.cells[0].engine, "options.threads", NULL, 2);
    foreign_record(&candidate, "Processor of d-one", 32);
    assert_int_equal(compare(&comparison, &base, &candidate, false, &error), STATUS_OK);
    assert_int_equal(comparison.row_count, 2);
    assert_int_equal(comparison.pair_count, 1);
    assert_int_equal(comparison.pairs[0].factor, FACTOR_ENGINE);
    assert_true(comparison.pairs[0].foreign);
    assert_string_equal(comparison.pairs[0].candidate_value, "llama.cpp");
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(comparison.rows[i].verdict, VERDICT_REGRESSED);
    comparison_close(&comparison);
    assert_int_equal(compare(&comparison, &candidate, &base, false, &error), STATUS_OK);
    assert_int_equal(comparison.row_count, 2);
    comparison_close(&comparison);
    record_close(&candidate);
    foreign_record(&candidate, "Processor of d-two", 32);
    expect_refusal(&base, &candidate, TEXTS("device, engine"));
    record_close(&candidate);
    record_close(&base);
}

/* Only the prefill is the same there; two foreign ones are not set against each other unasked. */
static void test_foreign_refused(void **state)
{
    struct record base, candidate, other;
    struct comparison comparison;
    struct error error = {0};

    (void)state;
    contest_whole(&base, "d-one", contest_base_commit, 50, 1);
    foreign_record(&candidate, "Processor of d-one", 999);
    facts_text(&base.cells[0].parameters, "threads", NULL, "2");
    assert_int_equal(compare(&comparison, &base, &candidate, false, &error), STATUS_OK);
    assert_int_equal(comparison.row_count, 1);
    assert_int_equal(comparison.rows[0].field, FIELD_prefill_tokens_per_second);
    comparison_close(&comparison);
    foreign_record(&other, "Processor of d-one", 32);
    expect_refusal(&candidate, &other, TEXTS("imported", "engine", "--allow-mixed"));
    facts_text(&base.cells[0].parameters, "kv_type", NULL, "q8_0");
    expect_refusal(&base, &candidate, TEXTS("no cell is common", "kv_type", "engine"));
    record_close(&base);
    record_close(&candidate);
    record_close(&other);
}

/* ---- within one result, and among many ----------------------------------------------------------------------------------- */

static void test_alone(void **state)
{
    struct record record;
    struct comparison comparison;
    struct error error = {0};

    (void)state;
    contest_record(&record, "d-one", contest_base_commit);
    add_cell(&record, "llama-3.2-1b", "q4_0", 50);
    add_cell(&record, "llama-3.2-1b", "q8_0", 30);
    add_cell(&record, "gemma-3-4b", "q4_0", 20);
    add_cell(&record, "gemma-3-4b", "q8_0", 12);
    add_cell(&record, "llama-3.2-1b", "q6_k", 40);
    assert_int_equal(compare(&comparison, &record, NULL, false, &error), STATUS_OK);
    assert_int_equal(comparison.pair_count, 2);
    assert_int_equal(comparison.row_count, 9);
    for (size_t i = 0; i < comparison.row_count; i++) {
        assert_string_equal(facts_find(&comparison.rows[i].base->model, "quantization")->text, "q4_0");
        assert_string_equal(facts_find(&comparison.rows[i].base->model, "name")->text,
                            facts_find(&comparison.rows[i].candidate->model, "name")->text);
    }
    assert_int_equal(comparison.pairs[0].factor, FACTOR_FORMAT);
    assert_false(comparison.pairs[0].interleaved);
    comparison_close(&comparison);
    record_close(&record);
}

static void test_many(void **state)
{
    enum { COUNT = 5 };
    struct record records[COUNT];
    const struct record *addresses[COUNT];
    const char *names[] = {"a.json", "b.json", "c.json", "d.json", "e.json"};
    struct compare_options options;
    struct comparison comparison;
    struct error error = {0};

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        contest_whole(&records[i], "d-one", contest_base_commit, i == 3 ? 40 : 50, 100 + (uint64_t)i);
        addresses[i] = &records[i];
    }
    compare_options_default(&options);
    assert_int_equal(comparison_make(&comparison, addresses, names, COUNT, &options, &error), STATUS_OK);
    assert_int_equal(comparison.pair_count, 4);
    assert_int_equal(comparison.row_count, 12);
    assert_int_equal(comparison.rows[0].verdict, VERDICT_REGRESSED);
    assert_string_equal(comparison.pairs[comparison.rows[0].pair].candidate_name, "d.json");
    comparison_close(&comparison);
    for (int i = 0; i < COUNT; i++)
        record_close(&records[i]);
}

/* Eight thousand cells are matched by their keys, not each with each. */
static void test_large(void **state)
{
    enum { CELLS = 8000 };
    struct record base, candidate;
    struct comparison comparison;
    struct error error = {0};

    (void)state;
    contest_record(&base, "d-one", contest_base_commit);
    contest_record(&candidate, "d-two", contest_base_commit);
    for (int i = 0; i < CELLS; i++) {
        facts_integer(&contest_cell(&base, "llama-3.2-1b", "q4_0")->parameters, "depth_tokens", NULL, i);
        facts_integer(&contest_cell(&candidate, "llama-3.2-1b", "q4_0")->parameters, "depth_tokens", NULL,
                      CELLS - 1 - i);
        base.cells[i].figures[FIELD_decode_tokens_per_second].present = true;
        base.cells[i].figures[FIELD_decode_tokens_per_second].value = 1 + i;
        candidate.cells[i].figures[FIELD_decode_tokens_per_second] =
            (struct figure){.present = true, .value = 2.0 * (CELLS - i)};
    }
    assert_int_equal(compare(&comparison, &base, &candidate, false, &error), STATUS_OK);
    assert_int_equal(comparison.row_count, CELLS);
    for (size_t i = 0; i < comparison.row_count; i++)
        assert_true(comparison.rows[i].ratio.value == 2);
    comparison_close(&comparison);
    record_close(&base);
    record_close(&candidate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_program_of_two_devices),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_derived_parameters),
        cmocka_unit_test(test_common_cells),
        cmocka_unit_test(test_two_factors),
        cmocka_unit_test(test_nothing_common),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_emulated),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_foreign_refused),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
