/* `fit`: its plan, the probes it chooses, whether a case fits, figures from costs, and what was measured before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/cells.h"
#include "runner/fit_measured.h"
#include "runner/fit_plan.h"

static struct host host;
static struct progress silent;
static const volatile sig_atomic_t no_signal;

/* `fit` with these arguments, up to its costs, which are made up. */
struct rig {
    struct options options, run;
    struct plan plan;
    struct record record;
    struct memory memory;
    struct fit_machine machine;
    struct fit_probes probes;
    struct predict_costs costs;
    struct fit_scenarios scenarios;
    struct fit_basis basis;
};

static enum status rig_plan(struct rig *rig, int argc, char *const argv[], struct error *error)
{
    enum status status;

    *rig = (struct rig){0};
    *error = (struct error){0};
    status = options_parse(&rig->options, COMMAND_FIT, argc, argv, error);
    return status ? status : fit_plan(&rig->plan, &rig->run, &rig->options, &host, error);
}

static void rig_open(struct rig *rig, int argc, char *const argv[], uint64_t usable_bytes, uint64_t total_bytes)
{
    const char binary[DIGEST_HEX] = "0123";
    struct error error;

    if (rig_plan(rig, argc, argv, &error) || fit_scenarios(&rig->scenarios, &error))
        fail_msg("%s", error.text);
    record_open(&rig->record);
    assert_int_equal(cells_add(&rig->record, &rig->plan, binary, &error), STATUS_OK);
    rig->memory = (struct memory){.usable_bytes = usable_bytes,
                                  .total_bytes = total_bytes,
                                  .address_space_bytes = UINT64_MAX,
                                  .cgroup_bytes = UINT64_MAX,
                                  .binding = "MemAvailable"};
    rig->machine = (struct fit_machine){.plan = &rig->plan,
                                        .host = &host,
                                        .memory = &rig->memory,
                                        .isa = host.isa,
                                        .signal = &no_signal,
                                        .progress = &silent};
    if (fit_probes_choose(&rig->probes, &rig->machine, &error))
        fail_msg("%s", error.text);
    rig->costs = (struct predict_costs){.format_count = rig->probes.format_count,
                                        .hidden_most = 1e9,
                                        .weights_bytes_most = 1e15,
                                        .residual_ratio = {0.01, 0.01}};
    for (size_t i = 0; i < rig->probes.format_count; i++) {
        rig->costs.seconds[i][AMOUNT_WEIGHTS] = 1 / 40e9;
        rig->costs.seconds[i][AMOUNT_MACS] = 1 / 400e9;
        rig->costs.known[i][PREDICT_PREFILL] = rig->costs.known[i][PREDICT_DECODE] = true;
    }
    rig->basis = (struct fit_basis){.machine = &rig->machine,
                                    .probes = &rig->probes,
                                    .costs = &rig->costs,
                                    .stated_watts = NAN,
                                    .scenarios = rig->scenarios.items,
                                    .scenario_count = rig->scenarios.count};
}

static void rig_close(struct rig *rig)
{
    record_close(&rig->record);
    plan_close(&rig->plan);
    options_close(&rig->options);
    options_close(&rig->run);
    free(rig->scenarios.items);
}

/* ---- the plan ------------------------------------------------------------------------------------------------------------- */

static void test_plan(void **state)
{
    char *all[] = {"-t", "2"}, *some[] = {"-m", "phi-4,llama-3.2-1b", "-q", "q8_0", "--kv-type", "q8_0", "-t", "1"};
    struct error error;
    struct rig rig;

    (void)state;
    assert_int_equal(rig_plan(&rig, 0, all, &error), STATUS_OK);
    assert_true(rig.plan.case_count > 60);
    for (size_t i = 2; i < rig.plan.case_count; i++)
        assert_true(model_parameter_count(&rig.plan.cases[i].subject->model) >=
                    model_parameter_count(&rig.plan.cases[i - 2].subject->model));
    assert_string_equal(rig.plan.name, "fit");
    assert_int_equal(rig.plan.cases[0].prompt_tokens, FIT_PROMPT_TOKENS);
    assert_int_equal(rig.plan.cases[0].context_tokens, FIT_PROMPT_TOKENS + FIT_GENERATED_TOKENS);
    rig_close(&rig);

    assert_int_equal(rig_plan(&rig, 8, some, &error), STATUS_OK);
    assert_int_equal(rig.plan.case_count, 2);
    assert_string_equal(rig.plan.cases[0].subject->model.name, "llama-3.2-1b");
    assert_int_equal(rig.plan.cases[1].kv_type, DTYPE_Q8_0);
    assert_int_equal(rig.plan.cases[1].threads, 1);
    rig_close(&rig);
}

static void test_plan_refusals(void **state)
{
    static const struct {
        char *argv[4];
        const char *says;
    } rows[] = {
        {{"-m", "lama-3.2-1b"}, "did you mean 'llama-3.2-1b'"},
        {{"-m", "x.gguf"}, "run -m FILE"},
        {{"--kv-type", "f16,q8_0"}, "--kv-type: one value"},
        {{"-t", "1,2"}, "--threads: one value"},
        {{"-c", "100"}, "need 640"},
        {{"-q", "q4_k_n"}, "did you mean"},
    };
    struct error error;
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(rig_plan(&rig, 2, rows[i].argv, &error), STATUS_MISUSE);
        if (!strstr(error.text, rows[i].says))
            fail_msg("row %zu: %s", i, error.text);
        rig_close(&rig);
    }
}

/* ---- probes --------------------------------------------------------------------------------------------------------------- */

static void test_probes(void **state)
{
    char *argv[] = {"-m", "llama-3.2-1b,gemma-3-4b,phi-4", "-q", "q4_0,q8_0", "-t", "1"};
    size_t widest = 0, narrowest = SIZE_MAX, deep = 0;
    struct rig rig;

    (void)state;
    rig_open(&rig, 6, argv, UINT64_C(1) << 40, UINT64_C(1) << 40);
    assert_int_equal(rig.probes.format_count, 2);
    assert_int_equal(fit_format(&rig.probes, "q8_0"), 1);
    assert_int_equal(fit_format(&rig.probes, "q6_k"), 2);
    for (size_t i = 0; i < rig.probes.count; i++) {
        const struct fit_probe *probe = &rig.probes.items[i];
        const struct model *model = &probe->item->subject->model;
        assert_true(probe->layers >= 2 && probe->layers <= model->layers);
        assert_true(probe->works[PREDICT_DECODE].amounts[AMOUNT_WEIGHTS] > 0);
        widest = model->hidden > widest ? model->hidden : widest;
        narrowest = model->hidden < narrowest ? model->hidden : narrowest;
        deep += probe->depth_tokens > 0;
        for (size_t k = 0; k < i; k++)
            assert_false(rig.probes.items[k].item == probe->item && rig.probes.items[k].layers == probe->layers &&
                         rig.probes.items[k].depth_tokens == probe->depth_tokens);
    }
    assert_int_equal(widest, 5120);
    assert_int_equal(narrowest, 2048);
    assert_int_equal(deep, 1);
    rig_close(&rig);

    rig_open(&rig, 6, argv, 1 << 20, 1 << 20); /* no room for any */
    assert_int_equal(rig.probes.count, 0);
    rig_close(&rig);
}

static void test_what_probes_gave(void **state)
{
    char *argv[] = {"-m", "llama-3.2-1b,phi-4", "-q", "q4_0", "-t", "1"};
    double error_ratio;
    struct error error = {0};
    struct rig rig;

    (void)state;
    rig_open(&rig, 6, argv, UINT64_C(1) << 40, UINT64_C(1) << 40);
    assert_int_equal(fit_learn(&rig.costs, &rig.probes, &error), STATUS_UNSUPPORTED);
    assert_true(isnan(fit_watts(&rig.probes, 0, PREDICT_DECODE, &error_ratio)));
    for (size_t i = 0; i < rig.probes.count; i++)
        rig.probes.items[i].tokens_per_second[PREDICT_DECODE] =
            16 * 30e9 / rig.probes.items[i].works[PREDICT_DECODE].amounts[AMOUNT_WEIGHTS];
    rig.probes.items[0].watts[PREDICT_DECODE] = 10;
    rig.probes.items[1].watts[PREDICT_DECODE] = 14;
    rig.probes.items[1].watts_error_ratio[PREDICT_DECODE] = 0.05;
    assert_int_equal(fit_learn(&rig.costs, &rig.probes, &error), STATUS_OK);
    assert_true(rig.costs.known[0][PREDICT_DECODE] && !rig.costs.known[0][PREDICT_PREFILL]);
    assert_true(fabs(rig.costs.seconds[0][AMOUNT_WEIGHTS] * 30e9 - 1) < 1e-6);
    assert_true(fit_watts(&rig.probes, 0, PREDICT_DECODE, &error_ratio) == 12 && error_ratio == 0.05);
    fit_tell(&rig.record.environment, &rig.probes, &rig.costs);
    assert_true(fabs(facts_find(&rig.record.environment, "fit.formats.q4_0.read_bytes_per_second")->number - 30e9) <
                1e5);
    assert_int_equal(facts_find(&rig.record.environment, "fit.probes[0].prefill_tokens_per_second")->type, FACT_NULL);
    fit_fill(&rig.record.cells[0], &rig.plan.cases[0], &rig.basis);
    assert_string_equal(rig.record.cells[0].figures[FIELD_prefill_tokens_per_second].reason,
                        "no prefill of this format was probed");
    rig_close(&rig);
}

/* ---- figures -------------------------------------------------------------------------------------------------------------- */

static const char *verdict(const struct cell *cell, const char *at)
{
    return facts_find(&cell->observations, at)->text;
}

static void test_does_it_fit(void **state)
{
    char *argv[] = {"-m", "llama-3.2-1b,llama-3.1-8b,phi-4", "-q", "q4_0", "-t", "1"};
    static const char *const verdicts[] = {"fits", "tight", "too large"};
    struct rig rig;

    (void)state;
    rig_open(&rig, 6, argv, 2000000000, 6000000000);
    for (size_t i = 0; i < 3; i++) {
        struct cell *cell = &rig.record.cells[i];
        fit_fill(cell, &rig.plan.cases[i], &rig.basis);
        assert_string_equal(verdict(cell, "fit"), verdicts[i]);
        assert_int_equal(cell->status, i == 2 ? CELL_SKIPPED : CELL_OK);
        assert_int_equal(cell->figures[FIELD_decode_tokens_per_second].present, i < 2);
        assert_true(cell->figures[FIELD_predicted_peak_bytes].present);
    }
    assert_non_null(strstr(rig.record.cells[2].reason, "only 2.00 GB"));
    rig_close(&rig);

    rig_open(&rig, 6, argv, 2000000000, 6000000000);
    rig.memory.cgroup_bytes = 2000000000; /* a limit that stays when nothing else runs */
    fit_fill(&rig.record.cells[1], &rig.plan.cases[1], &rig.basis);
    assert_string_equal(verdict(&rig.record.cells[1], "fit"), "too large");
    rig_close(&rig);
}

static void test_figures(void **state)
{
    char *argv[] = {"-m", "tinyllama-1.1b", "-q", "q4_0", "-t", "1"};
    const struct figure *decode, *prefill, *joules;
    const struct cell *cell;
    struct rig rig;

    (void)state;
    rig_open(&rig, 6, argv, UINT64_C(1) << 40, UINT64_C(1) << 40);
    rig.basis.stated_watts = 20;
    fit_fill(&rig.record.cells[0], &rig.plan.cases[0], &rig.basis);
    cell = &rig.record.cells[0];
    decode = &cell->figures[FIELD_decode_tokens_per_second];
    prefill = &cell->figures[FIELD_prefill_tokens_per_second];
    joules = &cell->figures[FIELD_energy_joules_per_token];
    assert_true(decode->ci_low < decode->value && decode->value < decode->ci_high);
    assert_true(fabs(decode->value / decode->ci_low - 1.05) < 1e-9);
    assert_true(fabs(joules->value * decode->value - 20) < 1e-9 && joules->ci_low < joules->value);
    assert_string_equal(joules->source, "stated");
    assert_true(fabs(cell->figures[FIELD_time_to_first_token_seconds].value * prefill->value - 512) < 1e-6);
    assert_string_equal(verdict(cell, "scenarios.chat.fit"), "fits");
    assert_string_equal(verdict(cell, "scenarios.agent.fit"), "context too short");
    assert_null(facts_find(&cell->observations, "scenarios.agent.total_seconds"));
    assert_true(facts_find(&cell->observations, "scenarios.chat.total_seconds_low")->number <
                facts_find(&cell->observations, "scenarios.chat.total_seconds_high")->number);
    rig_close(&rig);
}

/* ---- measured ------------------------------------------------------------------------------------------------------------- */

/* A result with one cell like the prediction; it is of the device "d-1" and of two threads. */
static void add_result(struct fit_measured *measured, const struct cell *like, const char *created, double decode)
{
    struct record *record = &measured->records[measured->count++];
    struct cell *cell;

    record_open(record);
    snprintf(record->created, sizeof record->created, "%s", created);
    facts_text(&record->device, "device_id", NULL, "d-1");
    cell = record_add_cell(record, "a");
    for (size_t i = 0; i < like->model.count; i++)
        facts_copy(&cell->model, NULL, &like->model.items[i]);
    for (size_t i = 0; i < like->parameters.count; i++)
        facts_copy(&cell->parameters, NULL, &like->parameters.items[i]);
    facts_text(&cell->engine, "name", NULL, "cpu");
    facts_text(&cell->engine, "options.threads", NULL, "2");
    cell->figures[FIELD_decode_tokens_per_second].present = true;
    cell->figures[FIELD_decode_tokens_per_second].value = decode;
}

static void test_measured(void **state)
{
    char *argv[] = {"-m", "llama-3.2-1b,phi-4", "-q", "q4_0", "-t", "1"};
    struct fit_measured measured = {.records = calloc(8, sizeof(struct record)), .capacity = 8};
    const struct cell *found, *first;
    const struct record *from;
    struct fit_errors errors;
    struct rig rig;
    double predicted;

    (void)state;
    rig_open(&rig, 6, argv, UINT64_C(1) << 40, UINT64_C(1) << 40);
    first = &rig.record.cells[0];
    fit_fill(&rig.record.cells[0], &rig.plan.cases[0], &rig.basis);
    predicted = first->figures[FIELD_decode_tokens_per_second].value;
    add_result(&measured, first, "2026-01-02T00:00:00Z", predicted / 1.1);
    add_result(&measured, first, "2026-01-01T00:00:00Z", 1);
    found = fit_measured_find(&measured, first, "d-1", 2, &from);
    assert_ptr_equal(found, measured.records[0].cells);
    assert_ptr_equal(from, &measured.records[0]);
    assert_null(fit_measured_find(&measured, first, "d-2", 2, NULL));
    assert_null(fit_measured_find(&measured, first, "d-1", 1, NULL));
    assert_null(fit_measured_find(&measured, first, "", 2, NULL));
    assert_null(fit_measured_find(&measured, &rig.record.cells[1], "d-1", 2, NULL));
    measured.records[0].origin = ORIGIN_EMULATED;
    assert_ptr_equal(fit_measured_find(&measured, first, "d-1", 2, NULL), measured.records[1].cells);
    measured.records[0].origin = ORIGIN_NATIVE;
    facts_integer(&measured.records[1].cells[0].parameters, "prompt_tokens", NULL, 64);
    facts_text(&measured.records[0].cells[0].parameters, "kv_type", NULL, "q8_0");
    assert_null(fit_measured_find(&measured, first, "d-1", 2, NULL));
    facts_text(&measured.records[0].cells[0].parameters, "kv_type", NULL, "f16");

    rig.record.predictions = rig.record.cells;
    rig.record.prediction_count = rig.record.cell_count;
    rig.record.cells = NULL;
    rig.record.cell_count = 0;
    facts_text(&rig.record.device, "device_id", NULL, "d-1");
    errors = fit_measured_tell(&measured, &rig.record, &rig.basis, 2);
    assert_int_equal(errors.cases, 1);
    assert_true(fabs(errors.median_ratio[PREDICT_DECODE] - 0.1) < 1e-9 && isnan(errors.most_ratio[PREDICT_PREFILL]));
    assert_true(fabs(facts_find(&rig.record.predictions[0].observations, "measured.decode_error_ratio")->number - 0.1) <
                1e-9);
    assert_int_equal(facts_find(&rig.record.environment, "fit.measured.cases_count")->integer, 1);
    fit_measured_close(&measured);
    rig_close(&rig);
}

static int set_up(void **state)
{
    struct error error = {0};

    (void)state;
    progress_open(&silent, stderr, true, 0);
    return setenv("POCKETMARK_DATA", "workloads", 1) || host_read(&host, NULL, &error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),        cmocka_unit_test(test_plan_refusals),
        cmocka_unit_test(test_probes),      cmocka_unit_test(test_what_probes_gave),
        cmocka_unit_test(test_does_it_fit), cmocka_unit_test(test_figures),
        cmocka_unit_test(test_measured),
    };

    return cmocka_run_group_tests_name("fit", tests, set_up, NULL);
}
