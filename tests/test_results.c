/* Results that earlier versions wrote must be readable for good: tests/results/v1.0/ and v1.1/ are never changed, only added to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document.h"
#include "reports/input.h"

#define FOLDER "tests/results/v1.0/"

static void result_read(const char *name, struct record *record)
{
    struct error error = {0};
    char path[256];

    snprintf(path, sizeof path, FOLDER "%s.json", name);
    if (document_read_file(path, record, &error) != STATUS_OK)
        fail_msg("%s", error.text);
}

/* A row for each: what a reader must find in it. */
static void test_contents(void **state)
{
    static const struct {
        const char *name;
        enum origin origin;
        int status;
        size_t cells, repetitions; /* of the first cell */
        enum cell_status first;
        enum stop_reason stop;
        enum field field;
        double value; /* NaN: the first cell has no such figure */
    } rows[] = {
        {"quick", ORIGIN_NATIVE, RUN_COMPLETE, 3, 7, CELL_OK, STOP_PRECISION, FIELD_decode_tokens_per_second, 48.076},
        {"gguf", ORIGIN_NATIVE, RUN_COMPLETE, 1, 4, CELL_OK, STOP_PRECISION, FIELD_decode_tokens_per_second, 60.939},
        {"matmul", ORIGIN_NATIVE, RUN_COMPLETE, 2, 6, CELL_OK, STOP_PRECISION, FIELD_matmul_macs_per_second, 64.32e9},
        {"interrupted", ORIGIN_NATIVE, RUN_PARTIAL, 2, 3, CELL_OK, STOP_INTERRUPTED, FIELD_decode_tokens_per_second,
         48},
        {"failed", ORIGIN_NATIVE, RUN_FAILED, 3, 2, CELL_FAILED, STOP_ERROR, FIELD_decode_tokens_per_second, NAN},
        {"emulated-energy", ORIGIN_EMULATED, RUN_COMPLETE, 1, 7, CELL_OK, STOP_PRECISION, FIELD_energy_joules_per_token,
         0.317},
        {"sustained-series", ORIGIN_NATIVE, RUN_COMPLETE, 1, 7, CELL_OK, STOP_NOISE_STABLE,
         FIELD_decode_tokens_per_second, 48.076},
        {"hostile-names", ORIGIN_NATIVE, RUN_COMPLETE, 1, 7, CELL_OK, STOP_PRECISION, FIELD_decode_tokens_per_second,
         48.076},
        {"imported", ORIGIN_IMPORTED, RUN_COMPLETE, 1, 7, CELL_OK, STOP_PRECISION, FIELD_decode_tokens_per_second,
         43.978},
    };
    glob_t found;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct record record;
        const struct figure *figure;
        const struct cell *cell;
        char key[65];

        result_read(rows[i].name, &record);
        cell = &record.cells[0];
        figure = &cell->figures[rows[i].field];
        assert_int_equal(record.origin, rows[i].origin);
        assert_int_equal(record.status, rows[i].status);
        assert_int_equal(record.cell_count, rows[i].cells);
        assert_int_equal(cell->repetition_count, rows[i].repetitions);
        assert_int_equal(cell->status, rows[i].first);
        assert_int_equal(cell->stop_reason, rows[i].stop);
        assert_int_equal(figure->present, !isnan(rows[i].value));
        if (figure->present && !(fabs(figure->value / rows[i].value - 1) < 0.002))
            fail_msg("%s: %s is %.6g", rows[i].name, field_info(rows[i].field)->name, figure->value);
        assert_true(cell_key(cell, key));
        record_close(&record);
    }
    assert_int_equal(glob(FOLDER "*.json", 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, sizeof rows / sizeof *rows);
    globfree(&found);
}

static void test_details(void **state)
{
    struct record record;
    const struct cell *cell;

    (void)state;
    result_read("sustained-series", &record);
    cell = &record.cells[0];
    assert_int_equal(cell->series_count, 2);
    assert_int_equal(cell->series[1].count, 40);
    assert_true(isnan(cell->series[1].values[7]));
    assert_string_equal(facts_find(&cell->observations, "thermal.verdict")->text, "throttled");
    assert_int_equal(cell->repetitions[5].flags, 1u << NOISE_thermal_throttle_count | 1u << FLAG_CANARY);
    record_close(&record);

    result_read("emulated-energy", &record);
    assert_string_equal(record.cells[0].figures[FIELD_energy_joules_per_token].scope, "package");
    assert_true(record.cells[0].figures[FIELD_energy_joules_per_token].error_ratio == 0.015);
    record_close(&record);

    result_read("gguf", &record);
    assert_string_equal(facts_find(&record.cells[0].model, "file_sha256")->text, "not asked for: --hash-model");
    assert_int_equal(facts_find(&record.cells[0].parameters, "threads")->integer, 4);
    record_close(&record);

    result_read("hostile-names", &record);
    assert_non_null(strstr(facts_find(&record.device, "cpu.name")->text, "\x1b[31m\r\n"));
    assert_string_equal(facts_find(&record.device, "os.\xc3\x9cn\xc3\xaf-c\xc3\xb6"
                                                   "d\xc3\xa9 name")
                            ->text,
                        ",;\t=cmd|' /C calc'!A0");
    record_close(&record);

    result_read("failed", &record);
    assert_non_null(strstr(record.cells[0].reason, "SIGKILL"));
    assert_int_equal(record.cells[2].status, CELL_SKIPPED);
    record_close(&record);
}

/* Version 1.1: predictions, which are written again as they were. */
static void test_predictions(void **state)
{
    static const char path[] = "tests/results/v1.1/fit.json";
    struct error error = {0};
    struct record record;
    char *text = NULL, *again = NULL;
    size_t length = 0;

    (void)state;
    if (input_read(path, &text, &length, &error) || document_read(text, length, &record, &error) ||
        document_text(&record, &again, &error))
        fail_msg("%s", error.text);
    assert_int_equal(length, strlen(again) + 1); /* a file ends its last line */
    assert_memory_equal(text, again, length - 1);
    assert_int_equal(record.cell_count, 0);
    assert_int_equal(record.prediction_count, 4);
    assert_true(record.predictions[0].figures[FIELD_decode_tokens_per_second].present);
    assert_string_equal(record.predictions[0].figures[FIELD_energy_joules_per_token].source, "stated");
    assert_int_equal(record.predictions[3].status, CELL_SKIPPED);
    assert_string_equal(facts_find(&record.predictions[3].observations, "fit")->text, "too large");
    record_close(&record);
    free(text);
    free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_contents), cmocka_unit_test(test_details),
                                       cmocka_unit_test(test_predictions)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
