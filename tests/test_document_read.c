#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/view.h"
#include "tests/sample_document.h"

static void read_good(const char *text, struct record *record)
{
    struct error error = {0};

    if (document_read(text, strlen(text), record, &error) != STATUS_OK)
        fail_msg("%s", error.text);
}

/* What was read writes the same document. */
static void assert_same_again(const char *text)
{
    struct record record;
    struct error error = {0};
    char *again = NULL;

    read_good(text, &record);
    assert_int_equal(document_text(&record, &again, &error), STATUS_OK);
    assert_string_equal(again, text);
    free(again);
    record_close(&record);
}

static void test_round_trip(void **state)
{
    char *text = sample_text();

    (void)state;
    assert_same_again(text);
    free(text);
}

static void test_round_trip_hostile(void **state)
{
    struct record record;
    struct error error = {0};
    char *text = NULL;
    struct cell *cell;

    (void)state;
    sample_record(&record);
    cell = &record.cells[0];
    cell->figures[FIELD_load_seconds] = (struct figure){.present = true, .value = INFINITY, .error_ratio = NAN};
    cell->figures[FIELD_energy_joules_per_token] = (struct figure){.present = true,
                                                                   .value = 0.25,
                                                                   .ci_low = NAN,
                                                                   .ci_high = 1,
                                                                   .n = 3,
                                                                   .launches = 3,
                                                                   .source = "meter",
                                                                   .scope = "wall",
                                                                   .error_ratio = 0.015};
    cell->repetitions[0].values[FIELD_load_seconds] = INFINITY;
    cell->repetitions[1].start_offset_seconds = NAN;
    cell->repetitions[2].noise[NOISE_steal_ratio] = -INFINITY;
    cell->repetitions[3].flags = (1u << FLAG_COUNT) - 1;
    snprintf(cell->title, sizeof cell->title, "<b>\"x\"</b> \\ \x1b[31m\n%c é", 1);
    cell_add_sample(cell, "power_watts", 0.1, 5e-324);
    cell_add_sample(cell, "power_watts", 0.2, -1.0 / 3);
    facts_number(&record.environment, "odd.small", NULL, 5e-324);
    facts_number(&record.environment, "odd.zero", NULL, -0.0);
    facts_number(&record.environment, "odd.large", NULL, 1e308);
    facts_integer(&record.environment, "odd.whole", NULL, (INT64_C(1) << 53) - 1);
    facts_integer(&record.environment, "odd.negative", NULL, -17);
    facts_text(&record.environment, "odd.text", NULL, "");
    facts_boolean(&record.environment, "odd.list[2][1].flag", NULL, true);
    facts_null(&record.environment, "odd.list[0]", NULL, "lost in an array");
    facts_text(&record.environment, "odd.alone_reason", NULL, "no null beside it");
    facts_null(&record.environment, "odd.x", NULL, "because\nof <that>");
    record.status = RUN_PARTIAL;
    record.origin = ORIGIN_IMPORTED;
    snprintf(record.status_reason, sizeof record.status_reason, "%s", "caf\xc3\xa9");
    assert_int_equal(document_text(&record, &text, &error), STATUS_OK);
    assert_same_again(text);
    free(text);
    record_close(&record);
}

static void test_content(void **state)
{
    char *text = sample_text(), key[DIGEST_HEX];
    struct record record, wanted;
    const struct cell *cell;
    const struct fact *fact;

    (void)state;
    sample_record(&wanted);
    read_good(text, &record);
    assert_int_equal(record.origin, ORIGIN_NATIVE);
    assert_int_equal(record.status, RUN_COMPLETE);
    assert_int_equal(record.cell_count, wanted.cell_count);
    assert_int_equal(strlen(record.comparability_key), 64);
    assert_int_equal(strlen(record.payload), 64);
    fact = facts_find(&record.device, "cpu.caches[1].size_bytes");
    assert_non_null(fact);
    assert_int_equal(fact->type, FACT_INTEGER);
    assert_int_equal(fact->integer, 1310720);
    fact = facts_find(&record.device, "os.hypervisor");
    assert_int_equal(fact->type, FACT_NULL);
    assert_string_equal(fact->text, "none seen");
    assert_null(facts_find(&record.device, "os.hypervisor_reason"));
    cell = &record.cells[0];
    assert_string_equal(cell->title, wanted.cells[0].title);
    assert_int_equal(cell->stop_reason, wanted.cells[0].stop_reason);
    assert_int_equal(cell->repetition_count, 7);
    assert_int_equal(cell->repetitions[0].phase, PHASE_FIRST);
    assert_int_equal(cell->repetitions[6].launch, 5);
    assert_int_equal(cell->repetitions[3].flags, 1u << NOISE_steal_ratio | 1u << FLAG_CANARY);
    assert_true(cell->repetitions[3].noise[NOISE_steal_ratio] ==
                wanted.cells[0].repetitions[3].noise[NOISE_steal_ratio]);
    assert_true(isnan(cell->repetitions[3].noise[NOISE_suspended_seconds]));
    assert_true(isnan(cell->repetitions[3].values[FIELD_load_seconds]));
    assert_true(cell->figures[FIELD_decode_tokens_per_second].ci_low ==
                wanted.cells[0].figures[FIELD_decode_tokens_per_second].ci_low);
    assert_int_equal(cell->figures[FIELD_decode_tokens_per_second].launches, 6);
    assert_false(cell->figures[FIELD_energy_joules_per_token].present);
    assert_string_equal(cell->figures[FIELD_energy_joules_per_token].reason,
                        "no energy source: no powercap zone, no battery");
    assert_string_equal(cell->figures[FIELD_matmul_macs_per_second].reason, "");
    assert_int_equal(cell->series_count, 2);
    assert_string_equal(cell->series[0].name, "cpu_frequency_hertz");
    assert_int_equal(cell->series[0].count, 7);
    assert_true(isnan(cell->series[0].values[4]) && cell->series[0].values[5] == 3.05e9);
    assert_string_equal(facts_find(&cell->observations, "thermal.verdict")->text, "steady");
    assert_int_equal(record.cells[4].status, CELL_SKIPPED);
    assert_non_null(strstr(record.cells[4].reason, "8.73 GB"));
    assert_int_equal(record.cells[5].status, CELL_FAILED);
    assert_int_equal(record.cells[5].stop_reason, STOP_ERROR);
    assert_true(cell_key(cell, key));
    assert_non_null(strstr(text, key));
    record_close(&record);
    record_close(&wanted);
    free(text);
}

/* Summaries can be made again from what was read: nothing that they stand on is lost. */
static void test_summary_again(void **state)
{
    char *text = sample_text();
    struct record record, again;

    (void)state;
    read_good(text, &record);
    read_good(text, &again);
    for (size_t i = 0; i < again.cell_count; i++)
        cell_summarise(&again.cells[i]);
    for (size_t i = 0; i < again.cell_count; i++)
        for (int field = 0; field < FIELD_COUNT; field++) {
            const struct figure *a = &record.cells[i].figures[field], *b = &again.cells[i].figures[field];
            assert_int_equal(a->present, b->present);
            assert_true(!a->present || a->value == b->value);
            assert_int_equal(a->n, b->n);
        }
    record_close(&record);
    record_close(&again);
    free(text);
}

/* A record that was read shows the roofs as the run did. */
static void test_labels(void **state)
{
    char *text = sample_text();
    struct record record, wanted;
    struct view_line line, expected;
    size_t lines = 0;

    (void)state;
    sample_record(&wanted);
    read_good(text, &record);
    for (; view_roof_line(&wanted, lines, &expected); lines++) {
        assert_true(view_roof_line(&record, lines, &line));
        assert_string_equal(line.label, expected.label);
        assert_string_equal(line.text, expected.text);
    }
    assert_false(view_roof_line(&record, lines, &line));
    assert_int_equal(lines, 5);
    record_close(&record);
    record_close(&wanted);
    free(text);
}

/* Key of the sample's first cell after a change. */
static void key_of(const char *block, const char *path, const char *value, char key[DIGEST_HEX])
{
    struct record record;
    struct cell *cell;

    sample_record(&record);
    cell = &record.cells[0];
    if (block)
        facts_text(strcmp(block, "model") == 0        ? &cell->model
                   : strcmp(block, "parameters") == 0 ? &cell->parameters
                                                      : &cell->engine,
                   path, NULL, value);
    assert_true(cell_key(cell, key));
    record_close(&record);
}

static void test_cell_key(void **state)
{
    static const struct {
        const char *block, *path;
        bool matters;
    } cases[] = {
        {"model", "name", true},          {"model", "quantization", true}, {"model", "index_sha256", true},
        {"model", "license", false},      {"model", "file_sha256", false}, {"parameters", "threads", true},
        {"parameters", "more.new", true}, {"engine", "version", false},    {"engine", "options.threads", false},
    };
    char plain[DIGEST_HEX], key[DIGEST_HEX];

    (void)state;
    key_of(NULL, NULL, NULL, plain);
    key_of(NULL, NULL, NULL, key);
    assert_string_equal(key, plain);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        key_of(cases[i].block, cases[i].path, "another", key);
        if ((strcmp(key, plain) != 0) != cases[i].matters)
            fail_msg("%s.%s", cases[i].block, cases[i].path);
    }
}

/* The document at any byte's end is refused, and nothing leaks. */
static void test_cut(void **state)
{
    char *text = sample_text();
    size_t length = strlen(text);
    struct record record;
    struct error error;

    (void)state;
    for (size_t cut = 0; cut < length; cut += 1 + cut / 400) {
        error = (struct error){0};
        assert_int_equal(document_read(text, cut, &record, &error), STATUS_FORMAT);
        assert_non_null(strstr(error.text, "line "));
        record_close(&record);
    }
    free(text);
}

/* The sample with PATH.NAME set to a JSON value (NULL: left as it is) and signed again. */
static char *edited_text(const char *path, const char *name, const char *json)
{
    char *text = sample_text(), *changed;
    cJSON *document = cJSON_Parse(text), *parent = at(document, path);

    cJSON_DeleteItemFromObjectCaseSensitive(parent, name);
    if (json)
        cJSON_AddItemToObject(parent, name, cJSON_Parse(json));
    changed = sign(document);
    cJSON_Delete(document);
    free(text);
    return changed;
}

static void test_refused(void **state)
{
    static const struct {
        const char *path, *name, *json, *says;
    } cases[] = {
        {"device", "a.b", "1", "device: member \"a.b\": a name must have"},
        {"device.cpu", "x[0]", "1", "device: cpu: member \"x[0]\": a name"},
        {"device", "", "1", "device: member \"\": a name"},
        {"environment", "x", "{\"y\": {\"\": 1}}", "environment: x.y: member \"\""},
        {"cells.1.parameters", "x.y", "1", "cells[1]: parameters: member \"x.y\""},
        {"cells.0.observations", "x.y", "1", "cells[0]: observations: member"},
        {"cells.0.series.cpu_frequency_hertz", "values", "[1]", "cells[0].series.cpu_frequency_hertz: must have one"},
        {"cells.0.series", "warp_factor", "{}", "cells[0].series.warp_factor: must match"},
        {"cells.0.repetitions.0", "launch", "1e308", "launch: must be at most 4294967295"},
        {"cells.0.repetitions.0", "launch", "-1", "launch: must be at least 0"},
        {"cells.0.repetitions.0.values", "speed_furlongs_per_fortnight", "1", "must match"},
        {"cells.0.repetitions.0.noise", "steal_percent", "1", "steal_percent: must match"},
        {"cells.0.summary.weights_bytes", "better", "\"higher\"", "weights_bytes.better: must be \"lower\""},
        {"cells.0.summary.weights_bytes", "error_ratio", "-1", "error_ratio: must be at least 0"},
        {"cells.0", "comparability_key_sha256", NULL, "member \"comparability_key_sha256\" is missing"},
        {"cells.0", "stop_reason", "\"boredom\"", "stop_reason: must be one of"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = edited_text(cases[i].path, cases[i].name, cases[i].json);
        struct record record;
        struct error error = {0};
        assert_int_equal(document_read(text, strlen(text), &record, &error), STATUS_FORMAT);
        if (!strstr(error.text, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", error.text, cases[i].says);
        record_close(&record);
        free(text);
    }
}

/* Additions of a later 1.y are no obstacle, and known things are read all the same. */
static void test_newer_minor(void **state)
{
    char *text = sample_text(), *changed;
    cJSON *document = cJSON_Parse(text);
    struct record record;

    (void)state;
    cJSON_SetValuestring(at(document, "schema.version"), "1.7");
    cJSON_AddItemToObject(document, "surprise", cJSON_Parse("{\"a.b\": [1, null]}"));
    cJSON_AddItemToObject(at(document, "cells.0"), "mood", cJSON_CreateString("good"));
    cJSON_AddItemToObject(at(document, "cells.0.summary"), "warm_up_seconds",
                          cJSON_Parse("{\"value\": 1, \"better\": \"lower\", \"estimator\": \"median\", \"n\": 900, "
                                      "\"kind\": \"measured\"}"));
    cJSON_AddItemToObject(at(document, "cells.0.repetitions.2.values"), "warm_up_seconds", cJSON_CreateNumber(1));
    cJSON_AddItemToObject(at(document, "cells.0.repetitions.2.noise"), "moonlight_ratio", cJSON_CreateNumber(1));
    cJSON_AddItemToArray(at(document, "cells.0.repetitions.3.flags"), cJSON_CreateString("moonlight_ratio"));
    changed = sign(document);
    read_good(changed, &record);
    assert_int_equal(record.cells[0].repetitions[3].flags, 1u << NOISE_steal_ratio | 1u << FLAG_CANARY);
    assert_true(record.cells[0].figures[FIELD_decode_tokens_per_second].present);
    record_close(&record);
    cJSON_Delete(document);
    free(changed);
    free(text);
}

/* A null finds its reason wherever it stands, as after sorting by another program. */
static void test_reasons(void **state)
{
    char *text = edited_text("device", "os",
                             "{\"b_reason\": \"of b\", \"a\": null, \"c\": null, \"b\": null, \"a_reason\": \"of a\", "
                             "\"d_reason\": \"a text\", \"d\": 1, \"c_reason\": 7}");
    static const char *const reasons[][2] = {{"os.a", "of a"}, {"os.b", "of b"}, {"os.c", "not known"}};
    struct record record;

    (void)state;
    read_good(text, &record);
    for (size_t i = 0; i < 3; i++) {
        const struct fact *fact = facts_find(&record.device, reasons[i][0]);
        assert_non_null(fact);
        assert_int_equal(fact->type, FACT_NULL);
        assert_string_equal(fact->text, reasons[i][1]);
    }
    assert_string_equal(facts_find(&record.device, "os.d_reason")->text, "a text");
    assert_null(facts_find(&record.device, "os.c_reason"));
    record_close(&record);
    free(text);
}

/* Longer texts than a record holds are cut between characters. */
static void test_long_texts(void **state)
{
    char json[1300] = "\"", *text;
    struct record record;
    size_t length;

    (void)state;
    for (int i = 0; i < 400; i++)
        strcat(json, "€");
    text = edited_text("", "status_reason", strcat(json, "\""));
    read_good(text, &record);
    length = strlen(record.status_reason);
    assert_int_equal(length, 399);
    assert_memory_equal(record.status_reason + length - 3, "€", 3);
    record_close(&record);
    free(text);
}

static void test_file(void **state)
{
    char path[] = "/tmp/pocketmark-read-XXXXXX", *text = sample_text();
    int file = mkstemp(path);
    struct record record;
    struct error error = {0};

    (void)state;
    assert_true(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text));
    assert_int_equal(document_read_file(path, &record, &error), STATUS_OK);
    assert_int_equal(record.cell_count, 6);
    record_close(&record);
    assert_int_equal(ftruncate(file, 1000), 0);
    assert_int_equal(document_read_file(path, &record, &error), STATUS_FORMAT);
    assert_memory_equal(error.text, path, strlen(path));
    record_close(&record);
    close(file);
    unlink(path);
    assert_int_equal(document_read_file(path, &record, &error), STATUS_IO);
    assert_memory_equal(error.text, path, strlen(path));
    record_close(&record);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_round_trip_hostile),
        cmocka_unit_test(test_content),     cmocka_unit_test(test_summary_again),
        cmocka_unit_test(test_labels),      cmocka_unit_test(test_cell_key),
        cmocka_unit_test(test_cut),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_newer_minor), cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_long_texts),  cmocka_unit_test(test_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
