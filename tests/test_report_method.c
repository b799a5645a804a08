/* The sections sustained, machine and method of a report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/report_rig.h"
#include "tests/sample_record.h"

#define FOLDER "tests/results/v1.0/"

/* ---- over time ------------------------------------------------------------------------------------------------------------ */

static void test_sustained_stored(void **state)
{
    const struct chart *chart;

    (void)state;
    rig_read(&rig, FOLDER "sustained-series.json");
    rig_build(&rig, "sustained", section_sustained);
    chart = rig_chart(&rig, "sustained-course");
    assert_non_null(chart);
    assert_int_equal(chart->panel_count, 2);
    assert_string_equal(chart->panels[0].title, "decode");
    assert_string_equal(chart->panels[1].title, "temperature");
    assert_int_equal(chart->panels[1].series[0].count, 39); /* one of 40 is null */
    assert_true(rig_says(&rig, "48.1 tok/s in the first fifth of 20 seconds, 39.8 tok/s in the last: 82.6 % of it"));
    assert_int_equal(rig_pair(&rig, "Heat")->mark, MARK_NO);
    assert_string_equal(rig_pair(&rig, "Heat")->text, "throttled: speed fell 17 % while the package stood at 95 °C");
    assert_int_equal(rig_chart(&rig, "sustained-course")->panels[0].rule_count, 0); /* no series tells when */
}

/* A launch of `minutes` with a repetition every 4 s and samples every second; throttled from minute 2 on where `throttled`. */
static void add_launch(struct record *record, double minutes, bool throttled)
{
    struct cell *cell = record_add_cell(record, "long");

    sample_cell_blocks(cell, "llama-3.2-1b", "q4_0");
    facts_text(&cell->parameters, "workload", NULL, "llm");
    for (double at = 0; at < 60 * minutes; at++) {
        bool hot = throttled && at >= 120;
        cell_add_sample(cell, "clock_performance_hertz", 7 + at, hot ? 2e9 : 3e9);
        cell_add_sample(cell, "thermal_throttle_count", 7 + at, hot);
        if (fmod(at, 4) == 0) {
            struct repetition *repetition = cell_add_repetition(cell, 0, PHASE_MEASURED);
            repetition->start_offset_seconds = 7 + at;
            repetition->values[FIELD_decode_tokens_per_second] = hot ? 20 : 30;
            repetition->values[FIELD_average_power_watts] = 15;
        }
    }
    cell_summarise(cell);
}

static void test_sustained_throttled(void **state)
{
    struct record *record = rig_record(&rig, "a.json");
    const struct chart *chart;
    const struct grid *grid;

    (void)state;
    record_open(record);
    sample_blocks(record);
    add_launch(record, 5, true);
    rig_build(&rig, "sustained", section_sustained);
    chart = rig_chart(&rig, "sustained-course");
    assert_int_equal(chart->panel_count, 3);
    assert_string_equal(chart->panels[1].y_title, "GHz");
    assert_string_equal(chart->panels[1].series[0].name, "performance");
    assert_float_equal(chart->panels[1].series[0].points[0].y, 3, 1e-9);
    assert_string_equal(chart->panels[2].title, "power");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(chart->panels[i].rule_count, 1);
        assert_float_equal(chart->panels[i].rules[0].at, 2, 1e-9);
    }
    assert_true(strncmp(rig_pair(&rig, "Heat")->text, "throttled at minute 3: ", 23) == 0);
    grid = rig_grid(&rig, "sustained-table");
    assert_int_equal(grid_rows(grid), 5);
    assert_string_equal(rig_cell(grid, 1, "decode, median")->text, "30.0 tok/s");
    assert_string_equal(rig_cell(grid, 2, "decode, median")->text, "20.0 tok/s");
    assert_string_equal(rig_cell(grid, 2, "performance")->text, "2.00 GHz");
}

static void test_sustained_too_short(void **state)
{
    struct record *record = rig_record(&rig, "a.json");

    (void)state;
    record_open(record);
    sample_blocks(record);
    add_launch(record, 0.9, false);
    rig_build(&rig, "sustained", section_sustained);
    assert_int_equal(rig_section(&rig)->block_count, 0);
}

/* ---- machine -------------------------------------------------------------------------------------------------------------- */

static void test_machine(void **state)
{
    struct record *record = rig_record(&rig, "a.json");

    (void)state;
    sample_record(record);
    facts_text(&record->device, "accelerators[0].kind", NULL, "npu");
    facts_text(&record->device, "accelerators[0].name", NULL, "Intel NPU 37xx");
    facts_text(&record->device, "accelerators[0].state", NULL, "node not openable");
    facts_text(&record->device, "accelerators[0].reason", NULL, "no permission");
    facts_text(&record->device, "accelerators[1].kind", NULL, "gpu");
    facts_text(&record->device, "accelerators[1].state", NULL, "ready");
    facts_text(&record->device, "cpu.kinds[0].type", NULL, "efficient");
    facts_integer(&record->device, "cpu.kinds[0].cores", NULL, 8);
    facts_null(&record->device, "cpu.kinds[0].max_hertz", NULL, "no cpufreq");
    facts_text(&record->device, "cpu.kinds[1].type", NULL, "performance");
    facts_integer(&record->device, "cpu.kinds[1].cores", NULL, 2);
    facts_integer(&record->device, "cpu.kinds[1].max_hertz", NULL, 4400000000);
    facts_null(&record->device, "memory.type", NULL, "no SMBIOS");
    rig_build(&rig, "machine", section_machine);
    assert_string_equal(rig_pair(&rig, "Device")->text, "Example Core 7 1234U, laptop");
    assert_string_equal(rig_pair(&rig, "Cores by kind")->text, "8 efficient, 2 performance to 4.40 GHz");
    assert_string_equal(rig_pair(&rig, "Memory modules")->text, "– (no SMBIOS)");
    assert_null(rig_pair(&rig, "Board"));
    assert_string_equal(rig_pair(&rig, "Roof: INT8, avxvnni")->text, "1.04 TMAC/s");
    assert_int_equal(rig_cell(rig_grid(&rig, "machine-accelerators"), 0, "state")->mark, MARK_PART);
    assert_string_equal(rig_cell(rig_grid(&rig, "machine-accelerators"), 0, "what is missing")->text, "no permission");
    assert_int_equal(rig_cell(rig_grid(&rig, "machine-accelerators"), 1, "state")->mark, MARK_YES);
    assert_string_equal(rig_cell(rig_grid(&rig, "machine-accelerators"), 1, "name")->text, "–");
    assert_string_equal(rig_cell(rig_grid(&rig, "machine-caches"), 1, "size")->text, "1.31 MB");
    assert_string_equal(rig_cell(rig_grid(&rig, "machine-caches"), 1, "shared by")->text, "–");
    assert_null(rig_grid(&rig, "machine-energy"));
}

/* ---- method --------------------------------------------------------------------------------------------------------------- */

static void test_method(void **state)
{
    const struct grid *grid;

    (void)state;
    sample_record(rig_record(&rig, "it's a result.json"));
    facts_text(&rig.records[0].environment, "preflight[0]", NULL, "the load was 3");
    rig_build(&rig, "method", section_method);
    assert_string_equal(rig_pair(&rig, "Launches")->text, "6 a case; 6 values behind a figure");
    assert_string_equal(rig_pair(&rig, "Flagged")->text, "2 of 24 repetitions");
    assert_string_equal(rig_pair(&rig, "Commit")->text, "– (built outside a repository)");
    assert_string_equal(rig_pair(&rig, "Seed")->text, "42");
    assert_string_equal(rig_pair(&rig, "Before the run")->text, "the load was 3");
    assert_string_equal(rig_pair(&rig, "This page again")->text,
                        "pocketmark report 'it'\\''s a result.json' -o report.html");
    grid = rig_grid(&rig, "method-flags");
    assert_int_equal(grid_rows(grid), 2);
    assert_string_equal(rig_cell(grid, 0, "flag")->text, "steal_ratio");
    assert_string_equal(rig_cell(grid, 0, "beyond")->text, "2.00 %");
    assert_string_equal(rig_cell(grid, 1, "flag")->text, "canary");
    grid = rig_grid(&rig, "method-results");
    assert_int_equal(grid_rows(grid), 1);
    assert_string_equal(rig_cell(grid, 0, "id")->text, rig.records[0].result_id);
    assert_string_equal(rig_cell(grid, 0, "energy, about")->text, "–");
    assert_string_equal(rig_cell(grid, 0, "payload, SHA-256")->text, "–"); /* of a fresh record */
    assert_true(rig_says(&rig, "failed: llama-3.2-3b q4_0: launch 2 was ended by SIGKILL"));
    assert_true(rig_says(&rig, "needs 8.73 GB, 6.10 GB are usable"));
}

static void test_method_cost(void **state)
{
    const struct grid *grid;

    (void)state;
    rig_read(&rig, FOLDER "emulated-energy.json");
    rig_read(&rig, FOLDER "imported.json");
    rig_build(&rig, "method", section_method);
    grid = rig_grid(&rig, "method-results");
    assert_int_equal(grid_rows(grid), 2);
    assert_string_equal(rig_cell(grid, 0, "took")->text, "0.2");
    assert_string_equal(rig_cell(grid, 0, "energy, about")->text, "0.0197 (package)");
    assert_string_equal(rig_cell(grid, 1, "took")->text, "–"); /* another program's run */
    assert_string_equal(rig_cell(grid, 1, "kind")->text, "imported");
    assert_true(rig_says(&rig, "Imported figures stand on what another program did"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_sustained_stored, close_rig),
        cmocka_unit_test_teardown(test_sustained_throttled, close_rig),
        cmocka_unit_test_teardown(test_sustained_too_short, close_rig),
        cmocka_unit_test_teardown(test_machine, close_rig),
        cmocka_unit_test_teardown(test_method, close_rig),
        cmocka_unit_test_teardown(test_method_cost, close_rig),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
