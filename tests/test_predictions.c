/* Predictions in the document: written, read, checked; and what works on measured figures does without them. */
#include <stdio.h>
#include <unistd.h>

#include "reports/brief.h"
#include "reports/labels.h"
#include "tests/sample_document.h"

static const char path[] = "PREDICTIONS_TEST.json";

/* The sample's machine, with two predictions and, if `measured`, its cells. */
static void predicted_record(struct record *record, bool measured)
{
    static const char *const formats[] = {"q4_0", "q8_0"};
    struct record whole;

    sample_record(&whole);
    if (measured)
        *record = whole;
    else {
        record_open(record);
        sample_blocks(record);
        record_close(&whole);
    }
    facts_number(&record->environment, "fit.formats.q4_0.read_bytes_per_second", "q4_0 weights are read at", 3.6e10);
    for (size_t i = 0; i < 2; i++) {
        char id[32];
        struct cell *cell;
        snprintf(id, sizeof id, "big.%s", formats[i]);
        cell = record_add_prediction(record, id);
        sample_cell_blocks(cell, "big", formats[i]);
        facts_text(&cell->parameters, "workload", NULL, "llm");
        facts_text(&cell->observations, "fit", NULL, i ? "too large" : "fits");
        facts_number(&cell->observations, "scenarios.chat.total_seconds", NULL, 31.25);
        if (i) {
            cell->status = CELL_SKIPPED;
            snprintf(cell->reason, sizeof cell->reason, "needs 20 GB");
            cell_explain(cell, FIELD_decode_tokens_per_second, "it cannot run");
            continue;
        }
        cell->figures[FIELD_decode_tokens_per_second] =
            (struct figure){.present = true, .value = 12.5, .ci_low = 11.75, .ci_high = 13.5, .error_ratio = NAN};
        cell->figures[FIELD_energy_joules_per_token] = (struct figure){
            .present = true, .value = 2, .ci_low = 1.5, .ci_high = 2.5, .source = "stated", .error_ratio = NAN};
        cell->figures[FIELD_predicted_peak_bytes] =
            (struct figure){.present = true, .value = 9e9, .ci_low = NAN, .ci_high = NAN, .error_ratio = NAN};
    }
}

static char *predicted_text(bool measured)
{
    struct record record;
    struct error error = {0};
    char *text = NULL;

    predicted_record(&record, measured);
    if (document_text(&record, &text, &error))
        fail_msg("%s", error.text);
    record_close(&record);
    return text;
}

static void test_round_trip(void **state)
{
    (void)state;
    for (int measured = 0; measured < 2; measured++) {
        char *text = predicted_text(measured), *again = NULL;
        struct record record;
        struct error error = {0};
        const struct figure *figure;
        if (document_read(text, strlen(text), &record, &error))
            fail_msg("%s", error.text);
        assert_int_equal(document_text(&record, &again, &error), STATUS_OK);
        assert_string_equal(again, text);
        assert_int_equal(record.prediction_count, 2);
        assert_int_equal(record.cell_count > 0, measured);
        figure = &record.predictions[0].figures[FIELD_decode_tokens_per_second];
        assert_true(figure->present && figure->value == 12.5 && figure->ci_low == 11.75 && figure->ci_high == 13.5);
        assert_int_equal(figure->n, 0);
        assert_string_equal(record.predictions[0].figures[FIELD_energy_joules_per_token].source, "stated");
        assert_true(isnan(record.predictions[0].figures[FIELD_predicted_peak_bytes].ci_low));
        assert_int_equal(record.predictions[1].status, CELL_SKIPPED);
        assert_string_equal(record.predictions[1].reason, "needs 20 GB");
        assert_string_equal(facts_find(&record.predictions[1].observations, "fit")->text, "too large");
        assert_string_equal(facts_find(&record.environment, "fit.formats.q4_0.read_bytes_per_second")->label,
                            "q4_0 weights are read at");
        record_close(&record);
        free(again);
        free(text);
    }
}

/* Documents that hold none stay what every reader of 1.x takes. */
static void test_versions(void **state)
{
    char *predicted = predicted_text(true), *plain = sample_text();

    (void)state;
    assert_non_null(strstr(predicted, "\"version\":\t\"1.1\""));
    assert_non_null(strstr(plain, "\"version\":\t\"1.0\""));
    assert_null(strstr(plain, "predictions"));
    free(predicted);
    free(plain);
}

/* Sets the member at a path of the document to what `json` says, or takes it away where that is NULL, signs, and validates. */
static enum status changed(const char *member, const char *name, const char *json, struct error *error)
{
    char *text = predicted_text(true), *signed_text;
    cJSON *document = cJSON_Parse(text), *object = at(document, member);
    enum status status;

    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    if (json)
        cJSON_AddItemToObject(object, name, cJSON_Parse(json));
    signed_text = sign(document);
    *error = (struct error){0};
    status = validate(signed_text, error);
    cJSON_free(signed_text);
    cJSON_Delete(document);
    free(text);
    return status;
}

static void test_refusals(void **state)
{
    static const struct {
        const char *member, *name, *json, *says;
    } rows[] = {
        {"predictions.0.summary.decode_tokens_per_second", "kind", "\"measured\"", "kind"},
        {"predictions.0.summary.decode_tokens_per_second", "estimator", "\"median\"", "estimator"},
        {"predictions.0.summary.decode_tokens_per_second", "estimator", NULL, "estimator"},
        {"predictions.0.summary.decode_tokens_per_second", "ci_low", "12.75", "must lie within"},
        {"predictions.0.summary.decode_tokens_per_second", "better", "\"lower\"", "must be \"higher\""},
        {"predictions.0.summary.decode_tokens_per_second", "value", "null", "reason"},
        {"predictions.0", "repetitions", "[]", "repetitions"},
        {"predictions.0", "status", "\"failed\"", "status"},
        {"predictions.0", "parameters", "{}", "workload"},
        {"predictions.1", "reason", NULL, "reason"},
        {"predictions.1", "cell_id", "\"big.q4_0\"", "stands twice"},
        {"predictions.1", "summary", "{\"speed\":{\"value\":null,\"reason\":\"x\",\"better\":\"higher\"}}", "speed"},
        {"", "predictions", "[]", "predictions"},
        {"", "predictions", "{}", "predictions"},
        {"cells.0.summary.decode_tokens_per_second", "estimator", "\"model\"", "estimator"},
    };
    struct error error;

    (void)state;
    assert_int_equal(changed("predictions.0", "title", "\"another\"", &error), STATUS_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(changed(rows[i].member, rows[i].name, rows[i].json, &error), STATUS_FORMAT);
        if (!strstr(error.text, rows[i].says))
            fail_msg("row %zu: %s", i, error.text);
    }
}

/* A range that was changed without the hash; a key that is another model's. */
static void test_hashes(void **state)
{
    char *text = predicted_text(false), *at_key;
    struct error error = {0};

    (void)state;
    *strstr(text, "11.75") = '2';
    assert_int_equal(validate(text, &error), STATUS_FORMAT);
    *strstr(text, "21.75") = '1';
    assert_int_equal(validate(text, &error), STATUS_OK);
    at_key = strstr(strstr(text, "\"predictions\""), "comparability_key_sha256");
    at_key = strchr(strchr(at_key, ':'), '"') + 1;
    *at_key = *at_key == '0' ? '1' : '0';
    error = (struct error){0};
    assert_int_equal(validate(text, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "predictions[0].comparability_key_sha256"));
    free(text);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
}

/* Who works on measured figures is told what such a document is; with cells beside them predictions do not disturb. */
static void test_only_measured(void **state)
{
    struct brief brief = {0};

    (void)state;
    for (int measured = 0; measured < 2; measured++) {
        char *text = predicted_text(measured);
        struct record record;
        struct error error = {0};
        write_file(text);
        assert_int_equal(document_read_measured(path, &record, &error), measured ? STATUS_OK : STATUS_UNLIKE);
        assert_int_equal(strstr(error.text, "predictions") != NULL, !measured);
        record_close(&record);
        assert_int_equal(brief_read(&brief, text, strlen(text), &error), STATUS_OK);
        assert_true(brief.predicted);
        assert_int_equal(brief.cell_count > 0, measured);
        free(text);
    }
    unlink(path);
    brief_close(&brief);
}

static void test_labels(void **state)
{
    char label[LABEL_MAX];

    (void)state;
    assert_true(label_of_path("fit.formats.q4_k_m.macs_per_second", label));
    assert_string_equal(label, "q4_k_m weights are multiplied at");
    assert_true(label_of_path("fit.decode_residual_ratio", label));
    assert_false(label_of_path("fit.probes[0].decode_tokens_per_second", label));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_versions),      cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_hashes),     cmocka_unit_test(test_only_measured), cmocka_unit_test(test_labels),
    };

    return cmocka_run_group_tests_name("predictions", tests, NULL, NULL);
}
