#include "reports/document.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "reports/document_tree.h"

static const char *const run_words[] = {
    [RUN_COMPLETE] = "complete", [RUN_PARTIAL] = "partial", [RUN_FAILED] = "failed"};
static const char *const cell_words[] = {[CELL_OK] = "ok", [CELL_SKIPPED] = "skipped", [CELL_FAILED] = "failed"};
static const char *const phase_words[] = {
    [PHASE_FIRST] = "first", [PHASE_WARMUP] = "warmup", [PHASE_MEASURED] = "measured"};
static const char *const stop_words[] = {[STOP_REPETITIONS] = "max_repetitions",
                                         [STOP_TIME_BUDGET] = "time_budget",
                                         [STOP_INTERRUPTED] = "interrupted",
                                         [STOP_ERROR] = "error"};
static const char *const better_words[] = {
    [BETTER_HIGHER] = "higher", [BETTER_LOWER] = "lower", [BETTER_NEITHER] = "neither"};
static const char *const kind_words[] = {
    [KIND_MEASURED] = "measured", [KIND_DERIVED] = "derived", [KIND_ESTIMATED] = "estimated"};
static const char *const estimator_words[] = {[ESTIMATOR_MEDIAN] = "median", [ESTIMATOR_MAX] = "max"};

static bool add_facts(cJSON *parent, const char *name, const struct facts *facts, struct error *error)
{
    cJSON *block = cJSON_AddObjectToObject(parent, name);

    if (!block)
        return false;
    return document_add_facts(block, facts, error) == STATUS_OK || error_prefix(error, "%s", name) == STATUS_OK;
}

static bool add_known(cJSON *object, const char *name, double value)
{
    return isnan(value) || document_add_number(object, name, value);
}

static bool add_repetition(cJSON *list, const struct repetition *repetition)
{
    cJSON *object = cJSON_CreateObject(), *values, *noise;
    bool good;

    if (!object || !cJSON_AddItemToArray(list, object)) {
        cJSON_Delete(object);
        return false;
    }
    good = document_add_number(object, "index", repetition->index) &&
           document_add_number(object, "launch", repetition->launch) &&
           document_add_text(object, "phase", phase_words[repetition->phase]) &&
           document_add_number(object, "start_offset_seconds", repetition->start_offset_seconds);
    values = cJSON_AddObjectToObject(object, "values");
    noise = cJSON_AddObjectToObject(object, "noise");
    if (!good || !values || !noise)
        return false;
    for (int i = 0; i < FIELD_COUNT && good; i++)
        good = add_known(values, field_info((enum field)i)->name, repetition->values[i]);
    for (int i = 0; i < NOISE_COUNT && good; i++)
        good = add_known(noise, noise_info((enum noise_kind)i)->name, repetition->noise[i]);
    return good;
}

static bool add_value(cJSON *object, const struct figure *figure, const struct field_info *info)
{
    bool interval = isfinite(figure->ci_low) && isfinite(figure->ci_high);

    return document_add_number(object, "value", figure->value) &&
           document_add_number(object, "ci_low", interval ? figure->ci_low : NAN) &&
           document_add_number(object, "ci_high", interval ? figure->ci_high : NAN) &&
           (!interval || document_add_number(object, "ci_level", 0.95)) &&
           document_add_text(object, "ci_method", interval ? "order_statistic" : "none") &&
           document_add_number(object, "n", (double)figure->n) &&
           (!figure->launches || document_add_number(object, "launches", (double)figure->launches)) &&
           document_add_text(object, "estimator", estimator_words[info->estimator]);
}

static bool add_figure(cJSON *summary, const struct figure *figure, enum field field)
{
    const struct field_info *info = field_info(field);
    bool present = figure->present && isfinite(figure->value);
    const char *reason = *figure->reason ? figure->reason : "not a finite number";
    cJSON *object;
    bool good;

    if (!figure->present && !*figure->reason)
        return true;
    if (!(object = cJSON_AddObjectToObject(summary, info->name)))
        return false;
    good = present ? add_value(object, figure, info)
                   : document_add_number(object, "value", NAN) && document_add_text(object, "reason", reason);
    return good && document_add_text(object, "kind", kind_words[info->kind]) &&
           document_add_text(object, "better", better_words[info->better]) &&
           (!*figure->source || document_add_text(object, "source", figure->source)) &&
           (!*figure->scope || document_add_text(object, "scope", figure->scope));
}

static bool add_cell(cJSON *list, const struct cell *cell, struct error *error)
{
    cJSON *object = cJSON_CreateObject(), *repetitions, *summary;
    const char *reason = *cell->reason ? cell->reason : "no reason was given";

    if (!object || !cJSON_AddItemToArray(list, object)) {
        cJSON_Delete(object);
        return false;
    }
    if (!document_add_text(object, "cell_id", cell->id) ||
        (*cell->title && !document_add_text(object, "title", cell->title)) ||
        !document_add_text(object, "status", cell_words[cell->status]) ||
        (cell->status != CELL_OK && !document_add_text(object, "reason", reason)) ||
        (cell->status != CELL_SKIPPED && !document_add_text(object, "stop_reason", stop_words[cell->stop_reason])) ||
        !add_facts(object, "model", &cell->model, error) || !add_facts(object, "engine", &cell->engine, error) ||
        !add_facts(object, "parameters", &cell->parameters, error)) {
        if (error && error->status != STATUS_OK)
            error_prefix(error, "cell %s", cell->id);
        return false;
    }
    repetitions = cJSON_AddArrayToObject(object, "repetitions");
    summary = cJSON_AddObjectToObject(object, "summary");
    if (!repetitions || !summary)
        return false;
    for (size_t i = 0; i < cell->repetition_count; i++)
        if (!add_repetition(repetitions, &cell->repetitions[i]))
            return false;
    for (int i = 0; i < FIELD_COUNT; i++)
        if (!add_figure(summary, &cell->figures[i], (enum field)i))
            return false;
    return true;
}

static bool add_head(cJSON *document, const struct record *record)
{
    cJSON *schema = cJSON_AddObjectToObject(document, "schema");

    return schema && document_add_text(schema, "name", "pocketmark.result") &&
           document_add_text(schema, "version", "1.0") && document_add_text(document, "result_id", record->result_id) &&
           document_add_text(document, "kind", record->emulated ? "emulated" : "native") &&
           document_add_text(document, "status", run_words[record->status]) &&
           (!*record->status_reason || document_add_text(document, "status_reason", record->status_reason)) &&
           document_add_text(document, "created", record->created);
}

static bool add_record(cJSON *document, const struct record *record, struct error *error)
{
    cJSON *cells, *integrity;

    if (!add_head(document, record) || !add_facts(document, "tool", &record->tool, error) ||
        !add_facts(document, "workload", &record->workload, error) ||
        !add_facts(document, "device", &record->device, error) ||
        !add_facts(document, "environment", &record->environment, error) ||
        !(cells = cJSON_AddArrayToObject(document, "cells")))
        return false;
    for (size_t i = 0; i < record->cell_count; i++)
        if (!add_cell(cells, &record->cells[i], error))
            return false;
    integrity = cJSON_AddObjectToObject(document, "integrity");
    return integrity && document_add_text(integrity, "comparability_key_sha256", "") &&
           document_add_text(integrity, "payload_sha256", "");
}

static bool integrity_set(cJSON *document, const char *name, const char *hex)
{
    cJSON *integrity = cJSON_GetObjectItemCaseSensitive(document, "integrity");

    return cJSON_ReplaceItemInObjectCaseSensitive(integrity, name, cJSON_CreateString(hex));
}

/* Both hashes are taken from the document as a reader gets it: printed and parsed. */
static bool add_integrity(cJSON *document)
{
    char *text = cJSON_PrintUnformatted(document), key[DIGEST_HEX], payload[DIGEST_HEX];
    cJSON *copy = text ? cJSON_Parse(text) : NULL;
    bool good = copy && document_comparability(copy, key) && integrity_set(copy, "comparability_key_sha256", key) &&
                document_payload(copy, payload) && integrity_set(document, "comparability_key_sha256", key) &&
                integrity_set(document, "payload_sha256", payload);

    cJSON_Delete(copy);
    cJSON_free(text);
    return good;
}

enum status document_text(const struct record *record, char **text, struct error *error)
{
    struct error problem = {STATUS_OK, ""};
    cJSON *document = cJSON_CreateObject();

    *text = NULL;
    if (document && add_record(document, record, &problem) && add_integrity(document))
        *text = cJSON_Print(document);
    cJSON_Delete(document);
    if (*text)
        return STATUS_OK;
    if (problem.status != STATUS_OK)
        return error_set(error, problem.status, "%s", problem.text);
    return error_set(error, STATUS_MEMORY, "no memory to write the result document");
}
