#include "reports/document.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document_schema.h"
#include "reports/document_tree.h"
#include "reports/record.h"

enum { SCHEMA_MAJOR = 1, SCHEMA_MINOR = 1, FEW_MEMBERS = 12 };

extern const char reports_result_schema[]; /* reports/result.schema.json, made a string by the build */

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* ---- repeated names --------------------------------------------------------------------------------------------------- */

static int names_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A name that stands twice in a list of count names, which are sorted by this; NULL: none. */
static const char *names_twice(const char **names, size_t count)
{
    qsort(names, count, sizeof *names, names_compare);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return names[i];
    return NULL;
}

static enum status object_check_names(const cJSON *object, struct error *error)
{
    const char *few[FEW_MEMBERS], **names = few, *twice;
    size_t count = 0;
    const cJSON *child;

    cJSON_ArrayForEach(child, object)
    {
        if (count < FEW_MEMBERS)
            few[count] = child->string;
        count++;
    }
    if (count > FEW_MEMBERS) {
        if (!(names = malloc(count * sizeof *names)))
            return error_set(error, STATUS_MEMORY, "no memory to check the document");
        count = 0;
        cJSON_ArrayForEach(child, object)
        {
            names[count++] = child->string;
        }
    }
    twice = names_twice(names, count);
    if (names != few)
        free(names);
    return twice ? error_set(error, STATUS_FORMAT, "member \"%.200s\" stands twice in one object", twice) : STATUS_OK;
}

static enum status tree_check_names(const cJSON *tree, struct error *error)
{
    enum status status = cJSON_IsObject(tree) ? object_check_names(tree, error) : STATUS_OK;
    const cJSON *child;

    if (status != STATUS_OK || !(cJSON_IsObject(tree) || cJSON_IsArray(tree)))
        return status;
    cJSON_ArrayForEach(child, tree)
    {
        if ((status = tree_check_names(child, error)) != STATUS_OK)
            break;
    }
    return status;
}

/* ---- what a schema cannot say ----------------------------------------------------------------------------------------- */

/* Refuses a newer major version by its name; *newer_minor tells that additions are to be expected. */
static enum status version_check(const cJSON *document, bool *newer_minor, struct error *error)
{
    const cJSON *schema = member(document, "schema"), *name = member(schema, "name");
    const cJSON *version = member(schema, "version");
    unsigned long major, minor = 0;
    char *end;

    *newer_minor = false;
    if (!cJSON_IsString(name) || strcmp(name->valuestring, "pocketmark.result") != 0 || !cJSON_IsString(version) ||
        *version->valuestring < '0' || *version->valuestring > '9')
        return STATUS_OK; /* the schema names what is missing */
    major = strtoul(version->valuestring, &end, 10);
    if (*end == '.')
        minor = strtoul(end + 1, NULL, 10);
    if (major > SCHEMA_MAJOR)
        return error_set(error, STATUS_FORMAT,
                         "schema.version: %.20s is newer than this program reads (%d.x): use a newer pocketmark",
                         version->valuestring, SCHEMA_MAJOR);
    *newer_minor = major == SCHEMA_MAJOR && minor > SCHEMA_MINOR;
    return STATUS_OK;
}

/* Checks of a list of cells go over "cells" and "predictions"; `list` is its name, and it may be missing. */

static enum status cells_check_unique(const cJSON *cells, const char *list, struct error *error)
{
    size_t count = 0;
    const char **ids = malloc(((size_t)cJSON_GetArraySize(cells) + 1) * sizeof *ids), *twice;
    const cJSON *cell;

    if (!ids)
        return error_set(error, STATUS_MEMORY, "no memory to check the document");
    cJSON_ArrayForEach(cell, cells)
    {
        ids[count++] = member(cell, "cell_id")->valuestring;
    }
    twice = names_twice(ids, count);
    if (twice)
        error_set(error, STATUS_FORMAT, "%s: cell_id \"%.200s\" stands twice; ids must be unique in a document", list,
                  twice);
    free(ids);
    return twice ? STATUS_FORMAT : STATUS_OK;
}

static int launches_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Measured repetitions of a cell with a value of that name, and their launches; launches has room for all repetitions. */
static void figure_count(const cJSON *repetitions, const char *name, double *launches, size_t *n, size_t *launch_count)
{
    const cJSON *repetition;

    *n = *launch_count = 0;
    cJSON_ArrayForEach(repetition, repetitions)
    {
        const char *phase = member(repetition, "phase")->valuestring;
        if (strcmp(phase, "measured") == 0 && cJSON_IsNumber(member(member(repetition, "values"), name)))
            launches[(*n)++] = member(repetition, "launch")->valuedouble;
    }
    qsort(launches, *n, sizeof *launches, launches_compare);
    for (size_t i = 0; i < *n; i++)
        *launch_count += i == 0 || launches[i] != launches[i - 1];
}

static enum status figure_check(const cJSON *figure, const cJSON *repetitions, double *room, const char *list,
                                size_t index, struct error *error)
{
    const cJSON *value = member(figure, "value"), *low = member(figure, "ci_low"), *high = member(figure, "ci_high");
    const cJSON *n = member(figure, "n"), *launches = member(figure, "launches");
    size_t count, launch_count;
    const char *better;
    enum field field;

    if (!cJSON_IsNumber(value))
        return STATUS_OK;
    if ((cJSON_IsNumber(low) && low->valuedouble > value->valuedouble) ||
        (cJSON_IsNumber(high) && high->valuedouble < value->valuedouble))
        return error_set(error, STATUS_FORMAT,
                         "%s[%zu].summary.%.100s.value: must lie within ci_low and ci_high, found %.17g", list, index,
                         figure->string, value->valuedouble);
    if (!field_from_name(figure->string, &field)) /* of a newer version */
        return STATUS_OK;
    better = document_better_words[field_info(field)->better];
    if (strcmp(member(figure, "better")->valuestring, better) != 0)
        return error_set(error, STATUS_FORMAT, "%s[%zu].summary.%.100s.better: must be \"%s\" for this figure", list,
                         index, figure->string, better);
    figure_count(repetitions, figure->string, room, &count, &launch_count);
    if (!count) /* taken over the whole cell, not per repetition */
        return STATUS_OK;
    if (n->valuedouble != (double)count)
        return error_set(error, STATUS_FORMAT,
                         "cells[%zu].summary.%.100s.n: must be %zu, the measured repetitions with a value, found %g",
                         index, figure->string, count, n->valuedouble);
    if (launches && launches->valuedouble != (double)launch_count)
        return error_set(error, STATUS_FORMAT,
                         "cells[%zu].summary.%.100s.launches: must be %zu, as in the repetitions, found %g", index,
                         figure->string, launch_count, launches->valuedouble);
    return STATUS_OK;
}

static enum status series_check(const cJSON *cell, size_t index, struct error *error)
{
    const cJSON *series;

    cJSON_ArrayForEach(series, member(cell, "series"))
    {
        int offsets = cJSON_GetArraySize(member(series, "offsets_seconds"));
        int values = cJSON_GetArraySize(member(series, "values"));
        if (offsets != values)
            return error_set(error, STATUS_FORMAT,
                             "cells[%zu].series.%.100s: must have one value for each offset, found %d for %d", index,
                             series->string, values, offsets);
    }
    return STATUS_OK;
}

static enum status cells_check_figures(const cJSON *cells, const char *list, struct error *error)
{
    enum status status = STATUS_OK;
    const cJSON *cell, *figure;
    size_t index = 0;

    cJSON_ArrayForEach(cell, cells)
    {
        const cJSON *repetitions = member(cell, "repetitions");
        double *room = malloc(((size_t)cJSON_GetArraySize(repetitions) + 1) * sizeof *room);
        if (!room)
            return error_set(error, STATUS_MEMORY, "no memory to check the document");
        cJSON_ArrayForEach(figure, member(cell, "summary"))
        {
            if ((status = figure_check(figure, repetitions, room, list, index, error)) != STATUS_OK)
                break;
        }
        free(room);
        if (status != STATUS_OK || (status = series_check(cell, index, error)) != STATUS_OK)
            break;
        index++;
    }
    return status;
}

static enum status cells_check_keys(const cJSON *cells, const char *list, struct error *error)
{
    char key[DIGEST_HEX];
    const cJSON *cell;
    size_t index = 0;

    cJSON_ArrayForEach(cell, cells)
    {
        if (!document_cell_key(cell, key))
            return error_set(error, STATUS_MEMORY, "no memory to check the document");
        if (strcmp(key, member(cell, "comparability_key_sha256")->valuestring) != 0)
            return error_set(error, STATUS_FORMAT,
                             "%s[%zu].comparability_key_sha256: must be %s for these parameters and this model", list,
                             index, key);
        index++;
    }
    return STATUS_OK;
}

enum status document_check_hashes(cJSON *document, struct error *error)
{
    const cJSON *integrity = member(document, "integrity");
    char told[DIGEST_HEX], key[DIGEST_HEX], payload[DIGEST_HEX];
    enum status status = cells_check_keys(member(document, "cells"), "cells", error);

    if (status == STATUS_OK)
        status = cells_check_keys(member(document, "predictions"), "predictions", error);
    if (status != STATUS_OK)
        return status;
    snprintf(told, sizeof told, "%s", member(integrity, "payload_sha256")->valuestring);
    if (!document_comparability(document, key))
        return error_set(error, STATUS_MEMORY, "no memory to check the document");
    if (strcmp(key, member(integrity, "comparability_key_sha256")->valuestring) != 0)
        return error_set(error, STATUS_FORMAT,
                         "integrity.comparability_key_sha256: must be %s for this workload and these cells", key);
    if (!document_payload(document, payload))
        return error_set(error, STATUS_MEMORY, "no memory to check the document");
    if (strcmp(payload, told) != 0)
        return error_set(error, STATUS_FORMAT,
                         "integrity.payload_sha256: must be %s; the document was changed after it was written",
                         payload);
    return STATUS_OK;
}

enum status document_check(const cJSON *document, struct error *error)
{
    static const char *const lists[] = {"cells", "predictions"};
    struct schema *schema = NULL;
    enum status status;
    bool newer_minor;

    if ((status = tree_check_names(document, error)) != STATUS_OK ||
        (status = version_check(document, &newer_minor, error)) != STATUS_OK ||
        (status = schema_open(&schema, reports_result_schema, error)) != STATUS_OK)
        return status;
    status = schema_check(schema, document, newer_minor, error);
    schema_close(schema);
    for (size_t i = 0; i < sizeof lists / sizeof *lists && status == STATUS_OK; i++) {
        status = cells_check_unique(member(document, lists[i]), lists[i], error);
        if (status == STATUS_OK)
            status = cells_check_figures(member(document, lists[i]), lists[i], error);
    }
    return status;
}
