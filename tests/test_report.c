/* Results sorted for a report: devices and their names, cases that are the newest, labels, figures in words, and whole pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/report_rig.h"
#include "tests/sample_record.h"

/* A record of one model in one format on that device, created then. */
static struct record *device_record(const char *id, const char *name, const char *created, double decode)
{
    struct record *record = rig_record(&rig, "result.json");

    record_open(record);
    sample_blocks(record);
    facts_text(&record->device, "device_id", NULL, id);
    facts_text(&record->device, "cpu.name", NULL, name);
    snprintf(record->created, sizeof record->created, "%s", created);
    sample_model(record, "a", "llama-3.2-1b", "q4_0", 400, decode, 6.95e8);
    return record;
}

static void open_report(void)
{
    struct error error = {0};

    assert_int_equal(report_open(&rig.report, rig.sources, rig.count, &error), STATUS_OK);
}

/* ---- devices ------------------------------------------------------------------------------------------------------------ */

static void test_devices_grouped(void **state)
{
    (void)state;
    device_record("d-1", "Core A", "2026-11-22T10:00:00Z", 40);
    device_record("d-2", "Core B", "2026-11-22T11:00:00Z", 50);
    device_record("d-1", "Core A", "2026-11-22T12:00:00Z", 41);
    open_report();
    assert_int_equal(rig.report.device_count, 2);
    assert_string_equal(rig.report.devices[0].name, "Core A");
    assert_string_equal(rig.report.devices[1].name, "Core B");
    assert_int_equal(rig.report.devices[0].source_count, 2);
    assert_ptr_equal(rig.report.devices[0].sources[0], &rig.sources[2]);
    assert_ptr_equal(rig.report.devices[0].source, &rig.sources[2]);
}

/* Times are compared, not texts: 13:30 at +02:00 is before 12:00 UTC. */
static void test_devices_newest_first(void **state)
{
    (void)state;
    device_record("d-1", "Core A", "2026-11-22T13:30:00+02:00", 40);
    device_record("d-1", "Core A", "2026-11-22T12:00:00Z", 41);
    device_record("d-1", "Core A", "2026-11-22T12:00:00.25Z", 42);
    device_record("d-1", "Core A", "no date at all", 43);
    open_report();
    assert_ptr_equal(rig.report.devices[0].sources[0], &rig.sources[2]);
    assert_ptr_equal(rig.report.devices[0].sources[1], &rig.sources[1]);
    assert_ptr_equal(rig.report.devices[0].sources[2], &rig.sources[0]);
    assert_ptr_equal(rig.report.devices[0].sources[3], &rig.sources[3]);
    assert_int_equal(rig.report.cell_count, 1);
    assert_float_equal(report_value(&rig.report.cells[0], FIELD_decode_tokens_per_second), 42, 0.2);
}

static void test_devices_named_apart(void **state)
{
    (void)state;
    device_record("d-1", "Core A", "2026-11-22T10:00:00Z", 40);
    device_record("d-2", "Core A", "2026-11-22T10:00:00Z", 40);
    device_record("d-3", "Core A #2", "2026-11-22T10:00:00Z", 40);
    device_record("d-1", "Core A", "2026-11-22T10:00:00Z", 40)->origin = ORIGIN_IMPORTED;
    device_record("d-1", "Core A", "2026-11-22T10:00:00Z", 40)->origin = ORIGIN_EMULATED;
    open_report();
    assert_int_equal(rig.report.device_count, 5);
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(rig.report.devices[i].name, rig.report.devices[k].name);
    assert_string_equal(rig.report.devices[1].name, "Core A #2");
    assert_string_equal(rig.report.devices[3].name, "Core A (imported)");
    assert_string_equal(rig.report.devices[4].name, "Core A (emulated)");
}

/* Without an id the name tells devices apart, and without either each result stands alone. */
static void test_devices_without_id(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct record *record = device_record("", i < 2 ? "Core A" : "", "2026-11-22T10:00:00Z", 40);
        facts_null(&record->device, "device_id", NULL, "not told");
    }
    open_report();
    assert_int_equal(rig.report.device_count, 3);
    assert_string_equal(rig.report.devices[1].name, "unnamed device");
    assert_string_equal(rig.report.devices[2].name, "unnamed device #2");
}

static void test_devices_hostile_names(void **state)
{
    char name[10001];

    (void)state;
    memset(name, 'x', 10000);
    memcpy(name, "a\nb\xff\xfe", 5);
    name[10000] = '\0';
    device_record("d-1", name, "2026-11-22T10:00:00Z", 40);
    device_record("d-2", name, "2026-11-22T10:00:00Z", 40);
    open_report();
    assert_null(strchr(rig.report.devices[0].name, '\n'));
    assert_non_null(strstr(rig.report.devices[0].name, "…"));
    assert_string_not_equal(rig.report.devices[0].name, rig.report.devices[1].name);
}

/* ---- cases -------------------------------------------------------------------------------------------------------------- */

static void test_cells_newest(void **state)
{
    struct record *other_build, *other_engine;

    (void)state;
    device_record("d-1", "Core A", "2026-11-22T10:00:00Z", 40);
    device_record("d-1", "Core A", "2026-11-22T12:00:00Z", 44);
    other_build = device_record("d-1", "Core A", "2026-11-22T11:00:00Z", 42);
    facts_text(&other_build->tool, "git_commit", NULL, "63b8acbb6d8011104c98e76de9eb7d215ddd6a91");
    other_engine = device_record("d-1", "Core A", "2026-11-22T09:00:00Z", 38);
    facts_text(&other_engine->cells[0].engine, "name", NULL, "other");
    open_report();
    assert_int_equal(rig.report.cell_count, 3);
    assert_float_equal(report_value(&rig.report.cells[0], FIELD_decode_tokens_per_second), 44, 0.2);
    assert_float_equal(report_value(&rig.report.cells[1], FIELD_decode_tokens_per_second), 42, 0.2);
    assert_float_equal(report_value(&rig.report.cells[2], FIELD_decode_tokens_per_second), 38, 0.2);
}

/* Models and matrices stand apart, what was not measured in neither; by size of the model. */
static void test_cells_sorted(void **state)
{
    struct record *record = rig_record(&rig, "a.json");

    (void)state;
    sample_record(record);
    facts_integer(&record->cells[0].model, "parameter_count", NULL, 3000000000);
    facts_integer(&record->cells[1].model, "parameter_count", NULL, 1000000000);
    open_report();
    assert_int_equal(rig.report.cell_count, 2);
    assert_int_equal(rig.report.product_count, 2);
    assert_int_equal(rig.report.prediction_count, 0);
    assert_ptr_equal(rig.report.cells[0].cell, &record->cells[1]);
    assert_int_equal(strlen(rig.report.cells[0].key), 64);
    assert_string_not_equal(rig.report.cells[0].key, rig.report.cells[1].key);
}

static void test_predictions_newest(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct record *record = device_record("d-1", "Core A", i ? "2026-11-22T12:00:00Z" : "2026-11-22T10:00:00Z", 40);
        struct cell *cell = record_add_prediction(record, "p");
        assert_non_null(cell);
        sample_cell_blocks(cell, "phi-4", "q8_0");
        cell->figures[FIELD_decode_tokens_per_second] = (struct figure){.present = true, .value = 4 + i};
    }
    open_report();
    assert_int_equal(rig.report.prediction_count, 1);
    assert_float_equal(report_value(&rig.report.predictions[0], FIELD_decode_tokens_per_second), 5, 0);
}

/* ---- words -------------------------------------------------------------------------------------------------------------- */

static void test_labels(void **state)
{
    struct record *record = rig_record(&rig, "a.json");
    const struct report *report = &rig.report;
    char text[256];

    (void)state;
    record_open(record);
    sample_blocks(record);
    sample_model(record, "a", "llama-3.2-1b", "q4_0", 400, 48, 6.95e8);
    sample_model(record, "b", "llama-3.2-1b", "q4_0", 390, 40, 6.95e8);
    facts_integer(&record->cells[1].parameters, "depth_tokens", NULL, 4096);
    facts_text(&record->cells[1].parameters, "kv_type", NULL, "q8_0");
    facts_text(&record->cells[1].model, "output_tensor_type", NULL, "q6_k");
    facts_text(&record->cells[1].parameters, "mood", NULL, "blue");
    open_report();
    report_label(text, sizeof text, report, report->cells, 2, &report->cells[0]);
    assert_string_equal(text, "llama-3.2-1b q4_0, depth 0");
    report_label(text, sizeof text, report, report->cells, 2, &report->cells[1]);
    assert_string_equal(text, "llama-3.2-1b q4_0/q6_k, depth 4096, cache q8_0, mood blue");
    report_common(text, sizeof text, report, report->cells, 2);
    assert_string_equal(
        text, "prompt 128 tokens, generated 32 tokens, synthetic weights, 2 threads, engine cpu 0.1.0, version 0.1.0");
    report_label(text, sizeof text, report, report->cells, 1, &report->cells[0]);
    assert_string_equal(text, "llama-3.2-1b q4_0");
    report_common(text, sizeof text, report, report->cells, 0);
    assert_string_equal(text, "");
    report_label(text, 12, report, report->cells, 2, &report->cells[1]);
    assert_true(strlen(text) < 12);
}

static void test_labels_of_devices(void **state)
{
    char text[256];

    (void)state;
    device_record("d-1", "Core A", "2026-11-22T10:00:00Z", 40);
    facts_text(&device_record("d-2", "Core B", "2026-11-22T10:00:00Z", 50)->cells[0].engine, "options.threads", NULL,
               "8");
    open_report();
    report_label(text, sizeof text, &rig.report, rig.report.cells, 2, &rig.report.cells[1]);
    assert_string_equal(text, "llama-3.2-1b q4_0, Core B");
    report_common(text, sizeof text, &rig.report, rig.report.cells, 2);
    assert_non_null(strstr(text, "threads auto"));
    report_common(text, sizeof text, &rig.report, rig.report.cells, 1);
    assert_non_null(strstr(text, "Core A, "));
    assert_non_null(strstr(text, "2 threads"));
}

static void test_names_long(void **state)
{
    char name[10001], text[512];
    struct record *record;

    (void)state;
    memset(name, 'm', 10000);
    name[10000] = '\0';
    record = device_record("d-1", "Core A", "2026-11-22T10:00:00Z", 40);
    facts_text(&record->cells[0].model, "name", NULL, name);
    facts_null(&record->cells[0].model, "quantization", NULL, "not told");
    open_report();
    report_model(text, sizeof text, &rig.report.cells[0]);
    assert_true(strlen(text) < 60);
    assert_non_null(strstr(text, "…"));
    report_format(text, sizeof text, &rig.report.cells[0]);
    assert_string_equal(text, "");
}

static void test_say(void **state)
{
    static const struct {
        struct figure figure;
        enum field field;
        const char *text;
    } cases[] = {
        {{true, 48.1, 47.7, 48.5, 6, 6, "", "", "", NAN}, FIELD_decode_tokens_per_second, "48.1 ±0.4 tok/s"},
        {{true, 0.3331, 0.328, 0.338, 6, 6, "", "", "", NAN}, FIELD_time_to_first_token_seconds, "333 ±5 ms"},
        {{true, 7.27e8, NAN, NAN, 6, 6, "", "", "", NAN}, FIELD_peak_private_bytes, "727 MB"},
        {{true, 0.881, NAN, NAN, 6, 6, "", "", "", NAN}, FIELD_decode_utilization_ratio, "88.1 %"},
        {{true, 0.317, 0.312, 0.322, 6, 6, "", "", "", NAN}, FIELD_energy_joules_per_token, "317 ±5 mJ/tok"},
        {{true, 5.6e-5, NAN, NAN, 6, 6, "", "", "", NAN}, FIELD_nmse_ratio, "5.60e-05"},
        {{true, 0, NAN, NAN, 6, 6, "", "", "", NAN}, FIELD_load_seconds, "0 s"},
        {{true, NAN, NAN, NAN, 0, 0, "", "", "", NAN}, FIELD_load_seconds, "–"},
        {{false, 3, 2, 4, 6, 6, "no source", "", "", NAN}, FIELD_energy_joules_per_token, "–"},
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        report_say(text, sizeof text, &cases[i].figure, cases[i].field);
        assert_string_equal(text, cases[i].text);
    }
}

/* ---- the page ----------------------------------------------------------------------------------------------------------- */

static void build_page(void)
{
    open_report();
    report_build(&rig.report, &rig.page);
    assert_false(rig.page.failed);
}

static void test_build(void **state)
{
    struct record *record;

    (void)state;
    record = device_record("d-1", "Core A", "2026-11-22T10:00:00Z", 40);
    facts_boolean(&record->environment, "virtualized", NULL, true);
    device_record("d-2", "Core B", "2026-11-23T10:00:00Z", 50)->status = RUN_PARTIAL;
    device_record("d-2", "Core B", "2026-11-24T10:00:00Z", 50)->origin = ORIGIN_IMPORTED;
    rig.sources[0].name = "one/result.json";
    rig.sources[0].bytes = "{}";
    rig.sources[0].length = 2;
    rig.sources[2].name = "two/result.json";
    rig.sources[2].bytes = "[]";
    rig.sources[2].length = 2;
    build_page();
    assert_string_equal(rig.page.title, "Core A, Core B and Core B (imported)");
    assert_non_null(strstr(rig.page.subtitle, "3 results, 2026-11-22 to 2026-11-24"));
    assert_int_equal(rig.page.badge_count, 4);
    assert_string_equal(rig.page.badges[0], "3 devices");
    assert_string_equal(rig.page.badges[1], "virtual machine: 1 of 3 results");
    assert_string_equal(rig.page.badges[2], "imported: 1 of 3 results");
    assert_string_equal(rig.page.badges[3], "partial: 1 of 3 results");
    assert_int_equal(rig.page.attachment_count, 2);
    assert_string_equal(rig.page.attachments[0].name, "result.json");
    assert_string_equal(rig.page.attachments[1].name, "2-result.json");
    assert_memory_equal(rig.page.attachments[1].bytes, "[]", 2);
    assert_string_equal(rig.page.sections[0].id, "summary");
}

/* No results, no cells, and nothing but the least that a record holds. */
static void test_build_empty(void **state)
{
    (void)state;
    build_page();
    assert_string_equal(rig.page.title, "No results");
    page_close(&rig.page);
    report_close(&rig.report);
    record_open(rig_record(&rig, "empty.json"));
    record_open(rig_record(&rig, "other.json"));
    rig.records[1].origin = ORIGIN_IMPORTED;
    build_page();
    assert_string_equal(rig.page.title, "unnamed device and unnamed device (imported)");
    assert_string_equal(rig.page.sections[0].blocks[0].text, "Nothing was measured.");
}

/* Ids of tables and charts are unique on a page of several devices and origins. */
static void test_build_ids(void **state)
{
    const char *ids[400];
    size_t count = 0;

    (void)state;
    rig_read(&rig, "tests/results/v1.0/emulated-energy.json");
    rig_read(&rig, "tests/results/v1.0/imported.json");
    rig_read(&rig, "tests/results/v1.0/quick.json");
    rig_read(&rig, "tests/results/v1.0/hostile-names.json");
    rig_read(&rig, "tests/results/v1.0/sustained-series.json");
    device_record("d-2", "Core B", "2026-11-23T10:00:00Z", 50);
    build_page();
    for (size_t i = 0; i < rig.page.section_count; i++)
        for (size_t k = 0; k < rig.page.sections[i].block_count; k++) {
            const struct block *block = &rig.page.sections[i].blocks[k];
            if (block->grid)
                assert_int_equal(block->grid->cell_count % block->grid->column_count, 0);
            if (!block->grid && !block->chart)
                continue;
            assert_true(count < 400);
            ids[count] = block->grid ? block->grid->id : block->chart->id;
            for (size_t n = 0; n < count; n++)
                assert_string_not_equal(ids[n], ids[count]);
            count++;
        }
    assert_true(count > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_devices_grouped, close_rig),
        cmocka_unit_test_teardown(test_devices_newest_first, close_rig),
        cmocka_unit_test_teardown(test_devices_named_apart, close_rig),
        cmocka_unit_test_teardown(test_devices_without_id, close_rig),
        cmocka_unit_test_teardown(test_devices_hostile_names, close_rig),
        cmocka_unit_test_teardown(test_cells_newest, close_rig),
        cmocka_unit_test_teardown(test_cells_sorted, close_rig),
        cmocka_unit_test_teardown(test_predictions_newest, close_rig),
        cmocka_unit_test_teardown(test_labels, close_rig),
        cmocka_unit_test_teardown(test_labels_of_devices, close_rig),
        cmocka_unit_test_teardown(test_names_long, close_rig),
        cmocka_unit_test(test_say),
        cmocka_unit_test_teardown(test_build, close_rig),
        cmocka_unit_test_teardown(test_build_empty, close_rig),
        cmocka_unit_test_teardown(test_build_ids, close_rig),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
