#include "workloads/tokens.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list of a million tokens takes about 8 MB as text; more is a mistake. */
enum { FILE_BYTES_MAX = 64 << 20 };

static enum status take_ids(const cJSON *list, const char *origin, size_t vocabulary, int32_t **tokens, size_t *count,
                            struct error *error)
{
    size_t index = 0, size = (size_t)cJSON_GetArraySize(list);
    const cJSON *item;
    int32_t *ids;

    if (size == 0)
        return error_set(error, STATUS_FORMAT, "%s: tokens: the list is empty; at least one id is needed", origin);
    ids = malloc(size * sizeof *ids);
    if (!ids)
        return error_set(error, STATUS_MEMORY, "%s: out of memory for %zu tokens", origin, size);
    cJSON_ArrayForEach(item, list)
    {
        double id = cJSON_IsNumber(item) ? item->valuedouble : NAN;
        enum status status = STATUS_OK;
        if (!(id == floor(id)))
            status = error_set(error, STATUS_FORMAT, "%s: tokens[%zu] is not a whole number", origin, index);
        else if (id < 0 || id >= (double)vocabulary)
            status = error_set(error, STATUS_FORMAT, "%s: tokens[%zu] is %.17g, but the model has ids 0 to %zu", origin,
                               index, id, vocabulary - 1);
        if (status) {
            free(ids);
            return status;
        }
        ids[index++] = (int32_t)id;
    }
    *tokens = ids;
    *count = size;
    return STATUS_OK;
}

enum status tokens_parse(const char *text, size_t length, const char *origin, size_t vocabulary, int32_t **tokens,
                         size_t *count, struct error *error)
{
    const char *end = NULL;
    const cJSON *item, *list = NULL;
    cJSON *document = cJSON_ParseWithLengthOpts(text, length, &end, false);
    enum status status = STATUS_FORMAT;
    size_t lists = 0;

    *tokens = NULL;
    *count = 0;
    if (!document) {
        error_set(error, status, "%s: not JSON (near byte %zu)", origin, end ? (size_t)(end - text) : 0);
        goto out;
    }
    while (end < text + length && strchr(" \t\r\n", *end) && *end)
        end++;
    if (end != text + length) {
        error_set(error, status, "%s: something stands behind the JSON text (byte %zu)", origin, (size_t)(end - text));
        goto out;
    }
    cJSON_ArrayForEach(item, document) if (item->string && strcmp(item->string, "tokens") == 0)
    {
        list = item;
        lists++;
    }
    if (!cJSON_IsObject(document) || lists != 1 || !cJSON_IsArray(list)) {
        error_set(error, status, "%s: expected {\"tokens\":[…]} with one list of ids", origin);
        goto out;
    }
    status = take_ids(list, origin, vocabulary, tokens, count, error);
out:
    cJSON_Delete(document);
    return status;
}

enum status tokens_read(const char *path, size_t vocabulary, int32_t **tokens, size_t *count, struct error *error)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t length = 0, capacity = 1 << 16, got;
    enum status status;

    *tokens = NULL;
    *count = 0;
    if (!file)
        return error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
    do {
        char *more = realloc(text, capacity);
        if (!more) {
            status = error_set(error, STATUS_MEMORY, "%s: out of memory", path);
            goto out;
        }
        text = more;
        got = fread(text + length, 1, capacity - length, file);
        length += got;
        capacity *= 2;
    } while (got && length < FILE_BYTES_MAX);
    if (ferror(file))
        status = error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
    else if (length >= FILE_BYTES_MAX)
        status = error_set(error, STATUS_FORMAT, "%s: over %d MiB is too large for a list of tokens", path,
                           FILE_BYTES_MAX >> 20);
    else
        status = tokens_parse(text, length, path, vocabulary, tokens, count, error);
out:
    free(text);
    fclose(file);
    return status;
}
