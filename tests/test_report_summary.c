/* The sections summary and fit of a report, from records as runs and `fit` make them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "reports/page/reading.h"
#include "tests/report_sample.h"

/* ---- summary ------------------------------------------------------------------------------------------------------------ */

static void test_summary(void **state)
{
    (void)state;
    sample_on_device(&rig, "d-1", "Example Core 7");
    rig_build(&rig, "summary", section_summary);
    assert_int_equal(rig_section(&rig)->blocks[0].kind, BLOCK_LEAD);
    assert_string_equal(
        rig_section(&rig)->blocks[0].text,
        "Example Core 7 (10 cores) writes 48.1 tokens/s (±0.3) with llama-3.2-1b in q4_0, about nine times "
        "as fast as people read silently, in 717 MB of memory; that is 81 % of what its memory can "
        "deliver.");
    assert_string_equal(
        rig_pair(&rig, "Largest model that ran")->text,
        "llama-3.2-1b in q4_0, 1.2 billion parameters: 48.1 ±0.3 tokens/s, measured; 717 MB of 16.0 GB");
    assert_non_null(strstr(rig_pair(&rig, "Time to first token")->text, "behind a prompt of 128 tokens"));
    assert_string_equal(rig_pair(&rig, "Energy of decode")->text,
                        "no energy figure: no energy source: no powercap zone, no battery");
    assert_non_null(strstr(rig_pair(&rig, "How sure")->text, "6 launches a case"));
    assert_non_null(strstr(rig_pair(&rig, "How sure")->text, "2 of 24 repetitions flagged (steal_ratio 2, canary 2)"));
    assert_non_null(strstr(rig_pair(&rig, "Verified")->text, "2 of 2 cases against float64"));
    assert_null(rig_pair(&rig, "A million tokens"));
}

static void test_summary_reading(void **state)
{
    static const struct {
        double decode;
        const char *words;
    } cases[] = {{2.65, "50 % of the speed at which people read"},
                 {5.3, "about as fast as people read"},
                 {10.6, "about twice as fast"},
                 {500, "about 94 times as fast"}};

    (void)state;
    assert_float_equal(READING_TOKENS_PER_SECOND, 5.29, 0.01);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record *record = rig_record(&rig, "a.json");
        record_open(record);
        sample_model(record, "a", "m", "q4_0", 400, cases[i].decode, 6.95e8);
        rig_build(&rig, "summary", section_summary);
        assert_true(rig_says(&rig, cases[i].words));
        rig_close(&rig);
    }
}

/* An energy of 0.36 J per token is 0.1 kWh for a million. */
static void test_summary_price(void **state)
{
    struct record *record = sample_on_device(&rig, "d-1", "Example Core 7");
    struct error error = {0};

    (void)state;
    record->cells[0].figures[FIELD_energy_joules_per_token] =
        (struct figure){.present = true, .value = 0.36, .ci_low = NAN, .ci_high = NAN, .scope = "package"};
    assert_int_equal(report_open(&rig.report, rig.sources, rig.count, &error), STATUS_OK);
    rig.report.price_per_kwh = 0.3;
    rig.report.cloud_price = 0.1;
    page_open(&rig.page, "", "");
    page_section(&rig.page, "summary", "summary");
    section_summary(&rig.report, &rig.page);
    assert_non_null(strstr(rig_pair(&rig, "Energy of decode")->text, "360 mJ/tok with llama-3.2-1b in q4_0, gross"));
    assert_string_equal(rig_pair(&rig, "A million tokens")->text,
                        "0.1 kWh and 5.78 hours of decode; electricity 0.03 at the stated 0.3 per kWh, 30 % of the 0.1 "
                        "stated for a cloud");
}

static void test_summary_price_without_energy(void **state)
{
    struct error error = {0};

    (void)state;
    sample_on_device(&rig, "d-1", "Example Core 7");
    assert_int_equal(report_open(&rig.report, rig.sources, rig.count, &error), STATUS_OK);
    rig.report.price_per_kwh = 0.3;
    page_open(&rig.page, "", "");
    page_section(&rig.page, "summary", "summary");
    section_summary(&rig.report, &rig.page);
    assert_non_null(strstr(rig_pair(&rig, "A million tokens")->text, "no price without a figure of energy"));
}

static void test_summary_devices(void **state)
{
    struct record *slow = sample_on_device(&rig, "d-2", "Core B");

    (void)state;
    slow->cells[0].figures[FIELD_decode_tokens_per_second].value = 24.05;
    sample_on_device(&rig, "d-1", "Core A");
    sample_on_device(&rig, "d-3", "Core C")->origin = ORIGIN_IMPORTED;
    rig_build(&rig, "summary", section_summary);
    assert_string_equal(
        rig_section(&rig)->blocks[0].text,
        "With llama-3.2-1b in q4_0 Core A writes 48.1 tokens/s (±0.3), Core B 24.1 tokens/s (±0.3): the "
        "first is 2.00 times as fast as the last.");
    assert_non_null(rig_pair(&rig, "Core C (imported)"));
}

/* Cases that not all have are no ground for a ranking. */
static void test_summary_unlike(void **state)
{
    struct record *other;

    (void)state;
    sample_on_device(&rig, "d-1", "Core A");
    other = sample_on_device(&rig, "d-2", "Core B");
    for (size_t i = 0; i < 2; i++)
        facts_integer(&other->cells[i].parameters, "prompt_tokens", NULL, 512);
    rig_build(&rig, "summary", section_summary);
    assert_true(rig_says(&rig, "The 2 devices have no case in common, so they are not ranked."));
}

static void test_summary_nothing(void **state)
{
    struct record *record;

    (void)state;
    rig_read(&rig, "tests/results/v1.0/failed.json");
    rig_build(&rig, "summary", section_summary);
    assert_true(rig_says(&rig, "Nothing was measured: 1 case was skipped, 2 failed."));
    rig_close(&rig);
    rig_read(&rig, "tests/results/v1.0/matmul.json");
    rig_build(&rig, "summary", section_summary);
    assert_true(rig_says(&rig, "No model was measured, but 2 products of single matrices."));
    rig_close(&rig);
    record = rig_record(&rig, "fit.json");
    record_open(record);
    sample_blocks(record);
    add_predictions(record);
    rig_build(&rig, "summary", section_summary);
    assert_true(
        rig_says(&rig, "should run 3 of 4 models and formats; with llama-3.2-1b in q4_0 it is predicted to write 50.0 "
                       "(45.0–55.0) tokens/s"));
    assert_non_null(strstr(rig_pair(&rig, "Largest model that fits")->text, "phi-4 in q4_0, 14.7 billion parameters"));
}

/* ---- fit ---------------------------------------------------------------------------------------------------------------- */

static void test_fit(void **state)
{
    const struct grid *matrix, *figures;
    const struct chart_panel *panel;

    (void)state;
    add_predictions(sample_on_device(&rig, "d-1", "Example Core 7"));
    rig_build(&rig, "fit", section_fit);
    matrix = rig_grid(&rig, "fit-matrix");
    assert_int_equal(grid_rows(matrix), 4);
    assert_string_equal(matrix->caption, "Memory needed of 16.0 GB, and speed of decode");
    assert_string_equal(rig_cell(matrix, 0, "model")->text, "llama-3.2-1b");
    assert_string_equal(rig_cell(matrix, 0, "parameters")->text, "1.24");
    assert_string_equal(rig_cell(matrix, 0, "q4_0")->text, "717 MB, 48.1 tok/s");
    assert_int_equal(rig_cell(matrix, 0, "q4_0")->mark, MARK_YES);
    assert_string_equal(rig_cell(matrix, 2, "model")->text, "phi-4");
    assert_int_equal(rig_cell(matrix, 2, "q4_0")->mark, MARK_PART);
    assert_string_equal(rig_cell(matrix, 2, "q8_0")->text, "8.82 GB");
    assert_int_equal(rig_cell(matrix, 2, "q8_0")->mark, MARK_NO);
    assert_string_equal(rig_cell(matrix, 1, "q8_0")->text, "not run");
    assert_string_equal(rig_cell(matrix, 3, "q4_0")->text, "failed");
    figures = rig_grid(&rig, "fit-figures");
    assert_int_equal(grid_rows(figures), 4);
    assert_int_equal(rig_cell(figures, 0, "decode")->mark, MARK_MEASURED);
    assert_string_equal(rig_cell(figures, 0, "decode")->text, "48.1 ±0.3");
    assert_string_equal(rig_cell(figures, 0, "of reading")->text, "9.1");
    assert_int_equal(rig_cell(figures, 2, "decode")->mark, MARK_PREDICTED);
    assert_string_equal(rig_cell(figures, 2, "decode")->text, "7.50 (6.75–8.25)");
    assert_string_equal(rig_cell(figures, 2, "prefill")->text, "–");
    assert_string_equal(rig_cell(figures, 2, "first token of a chat")->text, "1.50 s");
    assert_true(rig_says(&rig, "Predictions against 1 measured case: off in decode by 4.0 % in the median"));
    assert_true(rig_says(&rig, "llama-3.1-8b in q4_0: 7.50 (6.75–8.25) tok/s, predicted"));
    assert_true(rig_says(&rig, "llama-3.1-8b q8_0 was not run: needs 8.73 GB"));
    panel = &rig_chart(&rig, "fit")->panels[0];
    assert_int_equal(panel->label_count, 3);
    assert_float_equal(panel->rules[0].at, READING_TOKENS_PER_SECOND, 1e-9);
    for (size_t i = 0; i < panel->series_count; i++)
        assert_int_equal(panel->series[i].hollow, strstr(panel->series[i].name, "predicted") != NULL);
}

/* Of more models than rows the measured ones are drawn, and the smallest and the largest of the others. */
static void test_fit_rows(void **state)
{
    struct record *record = sample_on_device(&rig, "d-1", "Example Core 7");
    const struct chart_panel *panel;
    bool measured = false;

    (void)state;
    for (int i = 0; i < 40; i++) {
        char model[32];
        snprintf(model, sizeof model, "model-%d", i);
        predict(record, model, "q4_0", 1e9 * (i + 1), "fits", 100 - i);
    }
    rig_build(&rig, "fit", section_fit);
    panel = &rig_chart(&rig, "fit")->panels[0];
    assert_int_equal(panel->label_count, 16);
    assert_string_equal(panel->labels[0], "model-0");
    assert_string_equal(panel->labels[15], "model-39");
    for (size_t i = 0; i < panel->label_count; i++)
        measured |= strcmp(panel->labels[i], "llama-3.2-1b") == 0;
    assert_true(measured);
    assert_true(rig_says(&rig, "25 more stand in the table"));
    assert_int_equal(grid_rows(rig_grid(&rig, "fit-matrix")), 43);
}

/* Another depth is another case: the prediction stays. */
static void test_fit_unlike(void **state)
{
    struct record *record = sample_on_device(&rig, "d-1", "Example Core 7");

    (void)state;
    add_predictions(record);
    facts_integer(&record->cells[0].parameters, "depth_tokens", NULL, 4096);
    rig_build(&rig, "fit", section_fit);
    assert_int_equal(rig_cell(rig_grid(&rig, "fit-figures"), 0, "decode")->mark, MARK_PREDICTED);
    assert_false(rig_says(&rig, "Predictions against"));
}

static void test_fit_measured_only(void **state)
{
    (void)state;
    sample_on_device(&rig, "d-1", "Example Core 7");
    rig_build(&rig, "fit", section_fit);
    assert_true(rig_says(&rig, "1 model was measured"));
    assert_true(rig_says(&rig, "The command fit predicts"));
    assert_null(rig_chart(&rig, "fit"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_summary, close_rig),
        cmocka_unit_test_teardown(test_summary_reading, close_rig),
        cmocka_unit_test_teardown(test_summary_price, close_rig),
        cmocka_unit_test_teardown(test_summary_price_without_energy, close_rig),
        cmocka_unit_test_teardown(test_summary_devices, close_rig),
        cmocka_unit_test_teardown(test_summary_unlike, close_rig),
        cmocka_unit_test_teardown(test_summary_nothing, close_rig),
        cmocka_unit_test_teardown(test_fit, close_rig),
        cmocka_unit_test_teardown(test_fit_rows, close_rig),
        cmocka_unit_test_teardown(test_fit_unlike, close_rig),
        cmocka_unit_test_teardown(test_fit_measured_only, close_rig),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
