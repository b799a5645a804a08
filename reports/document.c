#include "reports/document.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "reports/document_tree.h"

const char *const document_run_words[] = {
    [RUN_COMPLETE] = "complete", [RUN_PARTIAL] = "partial", [RUN_FAILED] = "failed", NULL};
const char *const document_cell_words[] = {
    [CELL_OK] = "ok", [CELL_SKIPPED] = "skipped", [CELL_FAILED] = "failed", NULL};
const char *const document_phase_words[] = {
    [PHASE_FIRST] = "first", [PHASE_WARMUP] = "warmup", [PHASE_MEASURED] = "measured", NULL};
const char *const document_better_words[] = {
    [BETTER_HIGHER] = "higher", [BETTER_LOWER] = "lower", [BETTER_NEITHER] = "neither", NULL};
const char *const document_stop_words[] = {[STOP_PRECISION] = "precision",
                                           [STOP_NOISE_STABLE] = "noise_stable",
                                           [STOP_REPETITIONS] = "max_repetitions",
                                           [STOP_TIME_BUDGET] = "time_budget",
                                           [STOP_INTERRUPTED] = "interrupted",
                                           [STOP_ERROR] = "error",
                                           NULL};
static const char *const kind_words[] = {
    [KIND_MEASURED] = "measured", [KIND_DERIVED] = "derived", [KIND_ESTIMATED] = "estimated"};
static const char *const estimator_words[] = {[ESTIMATOR_MEDIAN] = "median", [ESTIMATOR_MAX] = "max"};

int document_word(const char *const *words, const char *word)
{
    int number = 0;

    while (words[number] && strcmp(words[number], word) != 0)
        number++;
    return number;
}

static bool add_facts(cJSON *parent, const char *name, const struct facts *facts, struct error *error)
{
    cJSON *block = cJSON_AddObjectToObject(parent, name);

    if (!block)
        return false;
    return document_add_facts(block, facts, error) == STATUS_OK || error_prefix(error, "%s", name) == STATUS_OK;
}

static bool add_known(cJSON *object, const char *name, double value)
{
    return !isfinite(value) || document_add_number(object, name, value);
}

static bool add_flags(cJSON *object, unsigned flags)
{
    cJSON *list = flags ? cJSON_AddArrayToObject(object, "flags") : NULL;
    bool good = list || !flags;

    for (unsigned i = 0; good && i < FLAG_COUNT; i++)
        if (flags & 1u << i)
            good = cJSON_AddItemToArray(list, cJSON_CreateString(flag_name(i)));
    return good;
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
           document_add_text(object, "phase", document_phase_words[repetition->phase]) &&
           document_add_number(object, "start_offset_seconds", repetition->start_offset_seconds);
    values = cJSON_AddObjectToObject(object, "values");
    noise = cJSON_AddObjectToObject(object, "noise");
    if (!good || !values || !noise)
        return false;
    for (int i = 0; i < FIELD_COUNT && good; i++)
        good = add_known(values, field_info((enum field)i)->name, repetition->values[i]);
    for (int i = 0; i < NOISE_COUNT && good; i++)
        good = add_known(noise, noise_info((enum noise_kind)i)->name, repetition->noise[i]);
    return good && add_flags(object, repetition->flags);
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

/* A predicted value; the interval is the range that it is expected in. */
static bool add_estimate(cJSON *object, const struct figure *figure)
{
    bool range = isfinite(figure->ci_low) && isfinite(figure->ci_high);

    return document_add_number(object, "value", figure->value) &&
           document_add_number(object, "ci_low", range ? figure->ci_low : NAN) &&
           document_add_number(object, "ci_high", range ? figure->ci_high : NAN) &&
           document_add_text(object, "ci_method", range ? "model" : "none") &&
           document_add_text(object, "estimator", "model");
}

static bool add_figure(cJSON *summary, const struct figure *figure, enum field field, bool predicted)
{
    const struct field_info *info = field_info(field);
    bool present = figure->present && isfinite(figure->value);
    const char *reason = *figure->reason ? figure->reason : "not a finite number";
    enum kind kind = predicted ? KIND_ESTIMATED : info->kind;
    cJSON *object;
    bool good;

    if (!figure->present && !*figure->reason)
        return true;
    if (!(object = cJSON_AddObjectToObject(summary, info->name)))
        return false;
    if (!present)
        good = document_add_number(object, "value", NAN) && document_add_text(object, "reason", reason);
    else
        good = predicted ? add_estimate(object, figure) : add_value(object, figure, info);
    return good && document_add_text(object, "kind", kind_words[kind]) &&
           document_add_text(object, "better", document_better_words[info->better]) &&
           (!*figure->source || document_add_text(object, "source", figure->source)) &&
           (!*figure->scope || document_add_text(object, "scope", figure->scope)) &&
           add_known(object, "error_ratio", figure->error_ratio);
}

static bool add_series(cJSON *object, const struct cell *cell)
{
    cJSON *block = cell->series_count ? cJSON_AddObjectToObject(object, "series") : NULL;
    bool good = block || !cell->series_count;

    for (size_t i = 0; good && i < cell->series_count; i++) {
        const struct series *series = &cell->series[i];
        cJSON *own = cJSON_AddObjectToObject(block, series->name);
        cJSON *offsets = own ? cJSON_AddArrayToObject(own, "offsets_seconds") : NULL;
        cJSON *values = own ? cJSON_AddArrayToObject(own, "values") : NULL;
        good = offsets && values;
        for (size_t j = 0; good && j < series->count; j++)
            good = document_append_number(offsets, series->offsets_seconds[j]) &&
                   document_append_number(values, series->values[j]);
    }
    return good;
}

/* What a cell is, and how it ended. */
static bool add_cell_head(cJSON *object, const struct cell *cell, bool predicted, struct error *error)
{
    const char *reason = *cell->reason ? cell->reason : "no reason was given";

    if (document_add_text(object, "cell_id", cell->id) &&
        (!*cell->title || document_add_text(object, "title", cell->title)) &&
        document_add_text(object, "status", document_cell_words[cell->status]) &&
        (cell->status == CELL_OK || document_add_text(object, "reason", reason)) &&
        (predicted || cell->status == CELL_SKIPPED ||
         document_add_text(object, "stop_reason", document_stop_words[cell->stop_reason])) &&
        add_facts(object, "model", &cell->model, error) && add_facts(object, "engine", &cell->engine, error) &&
        add_facts(object, "parameters", &cell->parameters, error) &&
        (!cell->observations.count || add_facts(object, "observations", &cell->observations, error)))
        return true;
    if (error && error->status != STATUS_OK)
        error_prefix(error, "cell %s", cell->id);
    return false;
}

static bool add_repetitions(cJSON *object, const struct cell *cell)
{
    cJSON *repetitions = cJSON_AddArrayToObject(object, "repetitions");
    bool good = repetitions != NULL;

    for (size_t i = 0; good && i < cell->repetition_count; i++)
        good = add_repetition(repetitions, &cell->repetitions[i]);
    return good;
}

/* A prediction is a cell of figures alone. */
static bool add_cell(cJSON *list, const struct cell *cell, bool predicted, struct error *error)
{
    cJSON *object = cJSON_CreateObject(), *summary;

    if (!object || !cJSON_AddItemToArray(list, object)) {
        cJSON_Delete(object);
        return false;
    }
    if (!add_cell_head(object, cell, predicted, error) || (!predicted && !add_repetitions(object, cell)) ||
        !(summary = cJSON_AddObjectToObject(object, "summary")))
        return false;
    for (int i = 0; i < FIELD_COUNT; i++)
        if (!add_figure(summary, &cell->figures[i], (enum field)i, predicted))
            return false;
    return (predicted || add_series(object, cell)) && document_add_text(object, "comparability_key_sha256", "");
}

static bool add_cells(cJSON *document, const struct record *record, bool predicted, struct error *error)
{
    cJSON *list = cJSON_AddArrayToObject(document, predicted ? "predictions" : "cells");
    const struct cell *cells = predicted ? record->predictions : record->cells;
    size_t count = predicted ? record->prediction_count : record->cell_count;

    for (size_t i = 0; list && i < count; i++)
        if (!add_cell(list, &cells[i], predicted, error))
            return false;
    return list != NULL;
}

/* Every document says the least version that knows all its members, so that older readers refuse no more than they must. */
static bool add_head(cJSON *document, const struct record *record)
{
    cJSON *schema = cJSON_AddObjectToObject(document, "schema");
    const char *version = record->prediction_count ? "1.1" : "1.0";

    return schema && document_add_text(schema, "name", "pocketmark.result") &&
           document_add_text(schema, "version", version) &&
           document_add_text(document, "result_id", record->result_id) &&
           document_add_text(document, "kind", origin_name(record->origin)) &&
           document_add_text(document, "status", document_run_words[record->status]) &&
           (!*record->status_reason || document_add_text(document, "status_reason", record->status_reason)) &&
           document_add_text(document, "created", record->created);
}

static bool add_record(cJSON *document, const struct record *record, struct error *error)
{
    cJSON *integrity;

    if (!add_head(document, record) || !add_facts(document, "tool", &record->tool, error) ||
        !add_facts(document, "workload", &record->workload, error) ||
        !add_facts(document, "device", &record->device, error) ||
        !add_facts(document, "environment", &record->environment, error) ||
        !add_cells(document, record, false, error) ||
        (record->prediction_count && !add_cells(document, record, true, error)))
        return false;
    integrity = cJSON_AddObjectToObject(document, "integrity");
    return integrity && document_add_text(integrity, "comparability_key_sha256", "") &&
           document_add_text(integrity, "payload_sha256", "");
}

static bool hash_set(cJSON *object, const char *name, const char *hex)
{
    return cJSON_ReplaceItemInObjectCaseSensitive(object, name, cJSON_CreateString(hex));
}

/* The key of each cell of a list, which may be missing, into both trees. */
static bool cells_add_keys(cJSON *document, cJSON *copy, const char *list)
{
    const cJSON *cells = cJSON_GetObjectItemCaseSensitive(document, list);
    const cJSON *others = cJSON_GetObjectItemCaseSensitive(copy, list);
    cJSON *cell = cells ? cells->child : NULL, *other = others ? others->child : NULL;
    char key[DIGEST_HEX];

    for (; cell && other; cell = cell->next, other = other->next)
        if (!document_cell_key(other, key) || !hash_set(cell, "comparability_key_sha256", key) ||
            !hash_set(other, "comparability_key_sha256", key))
            return false;
    return true;
}

/* All hashes are taken from the document as a reader gets it: printed and parsed. */
static bool add_integrity(cJSON *document)
{
    char *text = cJSON_PrintUnformatted(document), key[DIGEST_HEX], payload[DIGEST_HEX];
    cJSON *copy = text ? cJSON_Parse(text) : NULL, *integrity, *copied;
    bool good = copy && cells_add_keys(document, copy, "cells") && cells_add_keys(document, copy, "predictions") &&
                document_comparability(copy, key);

    if (good) {
        integrity = cJSON_GetObjectItemCaseSensitive(document, "integrity");
        copied = cJSON_GetObjectItemCaseSensitive(copy, "integrity");
        good = hash_set(copied, "comparability_key_sha256", key) &&
               hash_set(integrity, "comparability_key_sha256", key) && document_payload(copy, payload) &&
               hash_set(integrity, "payload_sha256", payload);
    }
    cJSON_Delete(copy);
    cJSON_free(text);
    return good;
}

bool cell_key(const struct cell *cell, char hex[DIGEST_HEX])
{
    cJSON *object = cJSON_CreateObject(), *copy;
    struct error ignored;
    bool good = object && add_facts(object, "parameters", &cell->parameters, &ignored) &&
                add_facts(object, "model", &cell->model, &ignored);
    char *text = good ? cJSON_PrintUnformatted(object) : NULL;

    hex[0] = '\0';
    copy = text ? cJSON_Parse(text) : NULL;
    good = copy && document_cell_key(copy, hex);
    cJSON_Delete(copy);
    cJSON_free(text);
    cJSON_Delete(object);
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
