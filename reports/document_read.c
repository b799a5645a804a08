#include "reports/document.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document_tree.h"
#include "reports/input.h"
#include "reports/json_syntax.h"
#include "reports/text.h"

/* The schema was checked before any of this: what is required is there and of its type. */

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* A text that may be missing; longer ones are cut, not within a character. */
static void take_text(char *out, size_t size, const cJSON *object, const char *name)
{
    const cJSON *node = member(object, name);

    out[0] = '\0';
    if (!cJSON_IsString(node))
        return;
    snprintf(out, size, "%s", node->valuestring);
    if (strlen(node->valuestring) >= size) {
        size_t end = size - 1;
        while (end && ((unsigned char)node->valuestring[end] & 0xc0) == 0x80)
            end--;
        out[end] = '\0';
    }
}

static double take_number(const cJSON *object, const char *name)
{
    const cJSON *node = member(object, name);

    return cJSON_IsNumber(node) ? node->valuedouble : NAN;
}

static enum status take_block(const cJSON *object, const char *name, struct facts *facts, struct error *error)
{
    const cJSON *block = member(object, name);

    if (!block || document_take_facts(block, facts, error) == STATUS_OK)
        return STATUS_OK;
    return error_prefix(error, "%s", name);
}

/* ---- cells -------------------------------------------------------------------------------------------------------------- */

static bool take_repetition(struct cell *cell, const cJSON *object)
{
    int phase = document_word(document_phase_words, member(object, "phase")->valuestring);
    unsigned launch = (unsigned)take_number(object, "launch");
    struct repetition *repetition = cell_add_repetition(cell, launch, (enum phase)phase);
    enum noise_kind kind;
    enum field field;
    const cJSON *child;

    if (!repetition)
        return false;
    repetition->index = (unsigned)take_number(object, "index");
    repetition->start_offset_seconds = take_number(object, "start_offset_seconds");
    cJSON_ArrayForEach(child, member(object, "values"))
    {
        if (cJSON_IsNumber(child) && field_from_name(child->string, &field))
            repetition->values[field] = child->valuedouble;
    }
    cJSON_ArrayForEach(child, member(object, "noise"))
    {
        if (cJSON_IsNumber(child) && noise_from_name(child->string, &kind))
            repetition->noise[kind] = child->valuedouble;
    }
    cJSON_ArrayForEach(child, member(object, "flags"))
    {
        for (unsigned i = 0; i < FLAG_COUNT; i++)
            if (strcmp(flag_name(i), child->valuestring) == 0)
                repetition->flags |= 1u << i;
    }
    return true;
}

static void take_figure(struct figure *figure, const cJSON *object)
{
    double n = take_number(object, "n"), launches = take_number(object, "launches");

    figure->value = take_number(object, "value");
    figure->present = isfinite(figure->value);
    figure->ci_low = take_number(object, "ci_low");
    figure->ci_high = take_number(object, "ci_high");
    figure->n = isnan(n) ? 0 : (size_t)n;
    figure->launches = isnan(launches) ? 0 : (size_t)launches;
    figure->error_ratio = take_number(object, "error_ratio");
    if (!figure->present)
        take_text(figure->reason, sizeof figure->reason, object, "reason");
    take_text(figure->source, sizeof figure->source, object, "source");
    take_text(figure->scope, sizeof figure->scope, object, "scope");
}

/* Offsets and values are of one length. */
static bool take_one_series(struct series *series, const cJSON *object)
{
    const cJSON *offset = member(object, "offsets_seconds")->child, *value = member(object, "values")->child;

    snprintf(series->name, sizeof series->name, "%s", object->string);
    series->capacity = (size_t)cJSON_GetArraySize(member(object, "values"));
    if (!series->capacity)
        return true;
    series->offsets_seconds = malloc(series->capacity * sizeof *series->offsets_seconds);
    series->values = malloc(series->capacity * sizeof *series->values);
    if (!series->offsets_seconds || !series->values)
        return false;
    for (; offset && value && series->count < series->capacity; offset = offset->next, value = value->next) {
        series->offsets_seconds[series->count] = offset->valuedouble;
        series->values[series->count++] = cJSON_IsNumber(value) ? value->valuedouble : NAN;
    }
    return true;
}

static bool take_series(struct cell *cell, const cJSON *block)
{
    size_t count = (size_t)cJSON_GetArraySize(block);
    const cJSON *child;

    if (!count)
        return true;
    if (!(cell->series = calloc(count, sizeof *cell->series)))
        return false;
    cJSON_ArrayForEach(child, block)
    {
        if (!take_one_series(&cell->series[cell->series_count++], child))
            return false;
    }
    return true;
}

static enum status take_cell_blocks(struct cell *cell, const cJSON *object, struct error *error)
{
    enum status status;

    if ((status = take_block(object, "model", &cell->model, error)) != STATUS_OK ||
        (status = take_block(object, "engine", &cell->engine, error)) != STATUS_OK ||
        (status = take_block(object, "parameters", &cell->parameters, error)) != STATUS_OK)
        return status;
    return take_block(object, "observations", &cell->observations, error);
}

/* A cell, or of the list "predictions" a prediction. */
static enum status take_cell(struct record *record, const cJSON *object, const char *list, struct error *error)
{
    bool predicted = strcmp(list, "predictions") == 0;
    const char *id = member(object, "cell_id")->valuestring;
    struct cell *cell = predicted ? record_add_prediction(record, id) : record_add_cell(record, id);
    const cJSON *stop = member(object, "stop_reason"), *child;
    enum status status;
    enum field field;
    size_t count;

    if (!cell)
        return error_set(error, STATUS_MEMORY, "no memory to read the document");
    take_text(cell->title, sizeof cell->title, object, "title");
    cell->status = (enum cell_status)document_word(document_cell_words, member(object, "status")->valuestring);
    take_text(cell->reason, sizeof cell->reason, object, "reason");
    if (stop)
        cell->stop_reason = (enum stop_reason)document_word(document_stop_words, stop->valuestring);
    if ((status = take_cell_blocks(cell, object, error)) != STATUS_OK)
        return error_prefix(error, "%s[%zu]", list, (predicted ? record->prediction_count : record->cell_count) - 1);
    cJSON_ArrayForEach(child, member(object, "summary"))
    {
        if (field_from_name(child->string, &field))
            take_figure(&cell->figures[field], child);
    }
    count = (size_t)cJSON_GetArraySize(member(object, "repetitions"));
    if (count && (cell->repetitions = malloc(count * sizeof *cell->repetitions)))
        cell->repetition_capacity = count;
    cJSON_ArrayForEach(child, member(object, "repetitions"))
    {
        if (!take_repetition(cell, child))
            return error_set(error, STATUS_MEMORY, "no memory to read the document");
    }
    return take_series(cell, member(object, "series"))
               ? STATUS_OK
               : error_set(error, STATUS_MEMORY, "no memory to read the document");
}

/* A list that may be missing; how many there are is known, so that they are allocated at once. */
static enum status take_cells(struct record *record, const cJSON *document, const char *list, struct error *error)
{
    const cJSON *cells = member(document, list), *cell;
    size_t count = (size_t)cJSON_GetArraySize(cells);
    struct cell *room = count ? malloc(count * sizeof *room) : NULL;
    enum status status = STATUS_OK;

    if (room && strcmp(list, "predictions") == 0) {
        record->predictions = room;
        record->prediction_capacity = count;
    } else if (room) {
        record->cells = room;
        record->cell_capacity = count;
    }
    cJSON_ArrayForEach(cell, cells)
    {
        if ((status = take_cell(record, cell, list, error)) != STATUS_OK)
            break;
    }
    return status;
}

/* ---- the document --------------------------------------------------------------------------------------------------------- */

static enum status take_blocks(struct record *record, const cJSON *document, struct error *error)
{
    enum status status;

    if ((status = take_block(document, "tool", &record->tool, error)) != STATUS_OK ||
        (status = take_block(document, "workload", &record->workload, error)) != STATUS_OK ||
        (status = take_block(document, "device", &record->device, error)) != STATUS_OK)
        return status;
    return take_block(document, "environment", &record->environment, error);
}

static enum status take_document(struct record *record, const cJSON *document, struct error *error)
{
    const cJSON *integrity = member(document, "integrity");
    enum status status = take_blocks(record, document, error);

    if (status != STATUS_OK)
        return status;
    take_text(record->result_id, sizeof record->result_id, document, "result_id");
    take_text(record->created, sizeof record->created, document, "created");
    take_text(record->status_reason, sizeof record->status_reason, document, "status_reason");
    take_text(record->comparability_key, sizeof record->comparability_key, integrity, "comparability_key_sha256");
    take_text(record->payload, sizeof record->payload, integrity, "payload_sha256");
    record->status = document_word(document_run_words, member(document, "status")->valuestring);
    origin_from_name(member(document, "kind")->valuestring, &record->origin);
    status = take_cells(record, document, "cells", error);
    return status == STATUS_OK ? take_cells(record, document, "predictions", error) : status;
}

enum status document_read(const char *text, size_t length, struct record *record, struct error *error)
{
    struct error own;
    enum status status;
    cJSON *document;

    *record = (struct record){0};
    if (!error)
        error = &own;
    if ((status = json_syntax_check(text, length, error)) != STATUS_OK)
        return status;
    if (!(document = cJSON_ParseWithLength(text, length)))
        return error_set(error, STATUS_MEMORY, "no memory to read the document");
    if ((status = document_check(document, error)) == STATUS_OK &&
        (status = take_document(record, document, error)) == STATUS_OK)
        status = document_check_hashes(document, error);
    cJSON_Delete(document);
    return status;
}

enum status document_read_file(const char *path, struct record *record, struct error *error)
{
    char *text;
    size_t length;
    enum status status;

    *record = (struct record){0};
    if ((status = input_read(path, &text, &length, error)) == STATUS_OK) {
        status = document_read(text, length, record, error);
        if (status != STATUS_OK && error)
            error_prefix(error, "%s", strcmp(path, "-") == 0 ? "standard input" : path);
    }
    free(text);
    return status;
}

enum status document_read_measured(const char *path, struct record *record, struct error *error)
{
    enum status status = document_read_file(path, record, error);

    if (status == STATUS_OK && !record->cell_count && record->prediction_count)
        status = error_set(error, STATUS_UNLIKE,
                           "%s: holds predictions of `fit` alone and nothing that was measured; give a result of `run`",
                           path);
    return status;
}

enum status document_validate(const char *text, size_t length, struct error *error)
{
    struct record record;
    enum status status = document_read(text, length, &record, error);

    record_close(&record);
    return status;
}

enum status document_validate_file(const char *path, struct error *error)
{
    struct record record;
    enum status status = document_read_file(path, &record, error);

    record_close(&record);
    return status;
}
