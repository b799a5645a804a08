/* The sections speed, roof and time of a report; and these, summary and fit of very many cases and of hostile names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/report_sample.h"

/* ---- speed -------------------------------------------------------------------------------------------------------------- */

static void test_speed(void **state)
{
    const struct chart *chart;
    const struct grid *grid;

    (void)state;
    sample_on_device(&rig, "d-1", "Example Core 7");
    rig_build(&rig, "speed", section_speed);
    grid = rig_grid(&rig, "speed-table");
    assert_int_equal(grid_rows(grid), 2);
    assert_string_equal(rig_cell(grid, 0, "decode")->text, "48.1 ±0.3");
    assert_float_equal(rig_cell(grid, 0, "decode")->share, 1, 1e-9);
    assert_string_equal(rig_cell(grid, 0, "launches")->text, "6");
    assert_string_equal(rig_cell(grid, 0, "flagged")->text, "1 of 6: steal_ratio, canary");
    assert_int_equal(rig_cell(grid, 0, "flagged")->mark, MARK_WARNING);
    chart = rig_chart(&rig, "speed");
    assert_int_equal(chart->panel_count, 2);
    assert_string_equal(chart->panels[0].labels[1], "llama-3.2-1b q8_0");
    assert_string_equal(chart->panels[0].series[0].name, "q4_0");
    assert_int_equal(chart->panels[0].series[1].count, 6);
    assert_true(chart->panels[0].series[1].raw);
    assert_int_equal(chart->panels[0].series[1].like, 0);
    assert_true(chart->panels[0].series[4].limit);
    assert_float_equal(chart->panels[0].series[4].points[0].x, 4.13e10 / 6.95e8, 0.5);
    assert_non_null(strstr(chart->finding, "Decode: from 48.1 ±0.3 tok/s with llama-3.2-1b q4_0 down to 27.4"));
    assert_non_null(
        strstr(chart->foot, "median of 6 launches; whisker: its 95 % interval; dots: one per launch; stroke"));
    assert_true(rig_says(&rig, "All cases: depth 0, prompt 128 tokens, generated 32 tokens"));
    assert_false(rig_says(&rig, "overlap"));
}

static void test_speed_overlap(void **state)
{
    struct record *record = rig_record(&rig, "a.json");

    (void)state;
    record_open(record);
    sample_model(record, "a", "m", "q4_0", 400, 40, 6.95e8);
    sample_model(record, "b", "m", "q8_0", 300, 39.9, 6.95e8);
    sample_model(record, "c", "n", "q8_0", 300, 39.9, 6.95e8);
    rig_build(&rig, "speed", section_speed);
    assert_true(rig_says(&rig, "Decode: the intervals of m q4_0 and m q8_0 overlap: no difference shown."));
    assert_false(rig_says(&rig, "Prefill: the intervals"));
    assert_false(rig_says(&rig, "of n q8_0"));
}

static void test_speed_depths(void **state)
{
    struct record *record = rig_record(&rig, "a.json");
    const struct chart_panel *panel;

    (void)state;
    record_open(record);
    for (int i = 0; i < 3; i++) {
        char id[16];
        snprintf(id, sizeof id, "c%d", i);
        facts_integer(&sample_model(record, id, "m", "q4_0", 400, 40 - 10 * i, 6.95e8)->parameters, "depth_tokens",
                      NULL, 4096 * i);
    }
    sample_model(record, "d", "n", "q4_0", 400, 40, 6.95e8);
    rig_build(&rig, "speed", section_speed);
    panel = &rig_chart(&rig, "speed-depth")->panels[0];
    assert_int_equal(panel->series_count, 1);
    assert_int_equal(panel->series[0].count, 3);
    assert_string_equal(panel->series[0].name, "m q4_0");
    assert_float_equal(panel->series[0].points[2].x, 8192, 0);
    assert_true(rig_says(&rig, "m q4_0 decodes at depth 8192 with 50 % of its speed at depth 0."));
}

/* What was not had is never zero. */
static void test_speed_unknown(void **state)
{
    struct record *record = rig_record(&rig, "a.json");
    struct cell *cell;

    (void)state;
    record_open(record);
    cell = record_add_cell(record, "a");
    sample_cell_blocks(cell, "m", "q4_0");
    cell_explain(cell, FIELD_decode_tokens_per_second, "the program told none");
    cell->figures[FIELD_prefill_tokens_per_second] =
        (struct figure){.present = true, .value = 99, .ci_low = NAN, .ci_high = NAN};
    rig_build(&rig, "speed", section_speed);
    assert_string_equal(rig_cell(rig_grid(&rig, "speed-table"), 0, "decode")->text, "–");
    assert_true(isnan(rig_cell(rig_grid(&rig, "speed-table"), 0, "decode")->value));
    assert_string_equal(rig_cell(rig_grid(&rig, "speed-table"), 0, "launches")->text, "–");
    assert_string_equal(rig_cell(rig_grid(&rig, "speed-table"), 0, "flagged")->text, "–");
    assert_true(rig_says(&rig, "the program told none"));
    assert_int_equal(rig_chart(&rig, "speed")->panel_count, 1);
}

/* Imported figures stand in tables of their own. */
static void test_speed_origins(void **state)
{
    (void)state;
    sample_on_device(&rig, "d-1", "Core A");
    sample_on_device(&rig, "d-1", "Core A")->origin = ORIGIN_IMPORTED;
    rig_build(&rig, "speed", section_speed);
    assert_int_equal(grid_rows(rig_grid(&rig, "speed-table")), 2);
    assert_int_equal(grid_rows(rig_grid(&rig, "speed-table-imported")), 2);
    assert_string_equal(rig_chart(&rig, "speed-imported")->title, "Speed by model, imported");
}

/* ---- roof --------------------------------------------------------------------------------------------------------------- */

static void test_roof(void **state)
{
    struct record *record = sample_on_device(&rig, "d-1", "Example Core 7");
    const struct chart_panel *panel;

    (void)state;
    facts_number(&record->environment, "roofs.fp32.median_macs_per_second", NULL, 2.5e11);
    for (int i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "roofs.fp32.samples_macs_per_second[%d]", i);
        facts_number(&record->environment, path, NULL, 2.5e11);
    }
    facts_integer(&record->cells[0].model, "stored_bytes", NULL, 617907200); /* half a byte for each parameter */
    record->cells[0].figures[FIELD_decode_read_bytes_per_second] = (struct figure){.present = true, .value = 3e10};
    record->cells[0].figures[FIELD_prefill_macs_per_second] = (struct figure){.present = true, .value = 4.1e11};
    rig_build(&rig, "roof", section_roof);
    assert_true(
        rig_says(&rig, "Decode reaches 81 to 87 % of what memory can deliver, prefill 46 to 49 % of what arithmetic"));
    panel = &rig_chart(&rig, "roofline")->panels[0];
    assert_true(panel->x_log && panel->y_log);
    assert_true(panel->series[0].slope);
    assert_float_equal(panel->series[0].points[1].x, 1.04e12 / 4.13e10, 1e-6);
    assert_string_equal(panel->series[1].name, "llama-3.2-1b q4_0");
    assert_float_equal(panel->series[1].points[0].x, 2, 1e-9);
    assert_float_equal(panel->series[1].points[0].y, 6e10, 1);
    assert_float_equal(panel->series[1].points[1].x, 4.1e11 / 411.5 * 128 / 617907200, 1);
    assert_float_equal(panel->series[1].points[1].y, 4.1e11, 1);
    assert_true(rig_says(&rig, "Of 2 cases, 1 stand in the chart with decode and 1 with prefill"));
    assert_string_equal(rig_cell(rig_grid(&rig, "roof-shares"), 0, "of the read roof")->text, "80.9 %");
    assert_string_equal(rig_cell(rig_grid(&rig, "roof-shares"), 1, "decode reads")->text, "–");
    assert_string_equal(rig_cell(rig_grid(&rig, "roofs"), 3, "roof")->text, "FP32");
    assert_string_equal(rig_cell(rig_grid(&rig, "roofs"), 3, "best")->text, "260 GMAC/s");
    assert_string_equal(rig_cell(rig_grid(&rig, "roofs"), 3, "samples")->text, "3");
    assert_string_equal(rig_cell(rig_grid(&rig, "roofs"), 0, "samples")->text, "–");
}

/* ---- time --------------------------------------------------------------------------------------------------------------- */

static void test_time(void **state)
{
    struct record *record = sample_on_device(&rig, "d-1", "Example Core 7");
    const struct chart *chart;
    const struct grid *grid;

    (void)state;
    record->cells[0].figures[FIELD_inter_token_latency_p50_seconds] =
        (struct figure){.present = true, .value = 0.0208, .ci_low = NAN, .ci_high = NAN};
    record->cells[0].figures[FIELD_inter_token_latency_p95_seconds] =
        (struct figure){.present = true, .value = 0.0219, .ci_low = NAN, .ci_high = NAN};
    cell_explain(&record->cells[0], FIELD_inter_token_latency_p99_seconds, "needs 100 tokens; -n is 32");
    rig_build(&rig, "time", section_time);
    grid = rig_grid(&rig, "time-table");
    assert_string_equal(rig_cell(grid, 0, "token, p50")->text, "20.8 ms");
    assert_string_equal(rig_cell(grid, 0, "p99")->text, "–");
    assert_string_equal(rig_cell(grid, 1, "token, p50")->text, "–");
    assert_true(rig_says(&rig, "needs 100 tokens; -n is 32"));
    assert_true(rig_says(&rig, "The first token comes after 310 ±2 ms with llama-3.2-1b q4_0"));
    chart = rig_chart(&rig, "time");
    assert_int_equal(chart->panel_count, 2);
    assert_float_equal(chart->panels[0].series[0].points[0].x, 311, 1);
    assert_true(chart->panels[1].series[2].limit);
    assert_string_equal(chart->panels[1].series[2].name, "p95");
    assert_float_equal(chart->panels[1].series[2].points[0].x, 21.9, 1e-6);
}

/* ---- many, and hostile ------------------------------------------------------------------------------------------------ */

static void add_many(struct record *record, size_t count)
{
    record_open(record);
    sample_blocks(record);
    for (size_t i = 0; i < count; i++) {
        char id[32], model[32];
        struct cell *cell;
        snprintf(id, sizeof id, "c%zu", i);
        snprintf(model, sizeof model, "model-%zu", i / 4);
        cell = record_add_cell(record, id);
        assert_non_null(cell);
        sample_cell_blocks(cell, model, i % 2 ? "q4_0" : "q8_0");
        facts_integer(&cell->parameters, "depth_tokens", NULL, (int64_t)(i / 2 % 2) * 4096);
        cell->figures[FIELD_decode_tokens_per_second] = (struct figure){
            .present = true, .value = 10 + (double)(i % 97), .ci_low = 9, .ci_high = 200, .n = 6, .launches = 6};
        cell->figures[FIELD_decode_utilization_ratio] = (struct figure){.present = true, .value = 0.8};
        cell->figures[FIELD_time_to_first_token_seconds] = (struct figure){.present = true, .value = 1};
    }
}

/* Charts show what fits and tell the rest; tables hold all. */
static void test_many(void **state)
{
    static const struct {
        const char *id;
        section_builder *build;
    } sections[] = {{"summary", section_summary},
                    {"fit", section_fit},
                    {"speed", section_speed},
                    {"roof", section_roof},
                    {"time", section_time}};
    enum { MANY = 5000 };
    struct error error = {0};

    (void)state;
    add_many(rig_record(&rig, "many.json"), MANY);
    assert_int_equal(report_open(&rig.report, rig.sources, rig.count, &error), STATUS_OK);
    assert_int_equal(rig.report.cell_count, MANY);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        page_close(&rig.page);
        page_open(&rig.page, "", "");
        page_section(&rig.page, sections[i].id, "");
        sections[i].build(&rig.report, &rig.page);
        assert_false(rig.page.failed);
        if (sections[i].build != section_speed)
            continue;
        assert_int_equal(grid_rows(rig_grid(&rig, "speed-table")), MANY);
        assert_true(rig_grid(&rig, "speed-table")->folded);
        assert_true(rig_says(&rig, "4976 more stand in the table"));
        assert_true(rig_says(&rig, "more pairs of neighbours overlap likewise"));
    }
}

static void test_hostile(void **state)
{
    static section_builder *const builders[] = {section_summary, section_fit, section_speed, section_roof,
                                                section_time};
    struct record *record;

    (void)state;
    for (size_t i = 0; i < sizeof builders / sizeof *builders; i++) {
        char name[10001];
        memset(name, '%', 10000);
        memcpy(name, "<b>%n%s\n\xff\xe2\x80\xae", 12);
        name[10000] = '\0';
        record = sample_on_device(&rig, "d-1", name);
        facts_text(&record->cells[0].model, "name", NULL, name);
        facts_text(&record->cells[0].model, "quantization", NULL, name);
        facts_text(&record->cells[0].parameters, "kv_type", NULL, name);
        snprintf(record->cells[4].reason, sizeof record->cells[4].reason, "%.399s", name);
        predict(record, name, name, 2e9, name, 3);
        facts_text(&record->environment, "roofs.x", NULL, name);
        rig_build(&rig, "hostile", builders[i]);
        rig_close(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_speed, close_rig),
        cmocka_unit_test_teardown(test_speed_overlap, close_rig),
        cmocka_unit_test_teardown(test_speed_depths, close_rig),
        cmocka_unit_test_teardown(test_speed_unknown, close_rig),
        cmocka_unit_test_teardown(test_speed_origins, close_rig),
        cmocka_unit_test_teardown(test_roof, close_rig),
        cmocka_unit_test_teardown(test_time, close_rig),
        cmocka_unit_test_teardown(test_many, close_rig),
        cmocka_unit_test_teardown(test_hostile, close_rig),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
