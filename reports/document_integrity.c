#include "reports/document_tree.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/json_syntax.h"
#include "reports/text.h"

struct lines {
    char **items;
    size_t count, capacity;
    bool failed;
};

static void lines_take(struct lines *lines, char *line)
{
    if (line && lines->count == lines->capacity) {
        size_t capacity = lines->capacity ? 2 * lines->capacity : 64;
        char **items = realloc(lines->items, capacity * sizeof *items);
        if (items) {
            lines->items = items;
            lines->capacity = capacity;
        }
    }
    if (line && lines->count < lines->capacity) {
        lines->items[lines->count++] = line;
    } else {
        free(line);
        lines->failed = true;
    }
}

/* "prefix name=value\n"; a line break within a value must not look like another line. */
static void lines_add(struct lines *lines, const char *prefix, const char *name, const char *value)
{
    char *line = malloc(strlen(prefix) + strlen(name) + 2 * strlen(value) + sizeof "=\n"), *at = line;

    if (line) {
        at = stpcpy(stpcpy(stpcpy(at, prefix), name), "=");
        for (; *value; value++) {
            if (*value == '\n' || *value == '\\')
                *at++ = '\\';
            *at++ = *value == '\n' ? 'n' : *value;
        }
        stpcpy(at, "\n");
    }
    lines_take(lines, line);
}

/* A leaf; numbers that are not whole are no key. */
static void lines_add_leaf(struct lines *lines, const char *prefix, const char *name, const cJSON *leaf)
{
    char digits[TEXT_NUMBER_MAX];

    if (cJSON_IsString(leaf)) {
        lines_add(lines, prefix, name, leaf->valuestring);
    } else if (cJSON_IsBool(leaf)) {
        lines_add(lines, prefix, name, cJSON_IsTrue(leaf) ? "true" : "false");
    } else if (cJSON_IsNumber(leaf) && leaf->valuedouble == floor(leaf->valuedouble)) {
        text_number(digits, leaf->valuedouble);
        lines_add(lines, prefix, name, digits);
    }
}

/* Every leaf below an object or array, its path spelled out. */
static void lines_add_group(struct lines *lines, const char *prefix, const cJSON *group, unsigned depth)
{
    size_t index = 0;
    const cJSON *child;

    cJSON_ArrayForEach(child, group)
    {
        char number[24], *path = NULL;
        const char *name = child->string;
        snprintf(number, sizeof number, "%zu", index++);
        if (!name)
            name = number;
        if (!cJSON_IsObject(child) && !cJSON_IsArray(child)) {
            lines_add_leaf(lines, prefix, name, child);
        } else if (depth < JSON_DEPTH_MAX && asprintf(&path, "%s%s.", prefix, name) >= 0) {
            lines_add_group(lines, path, child, depth + 1);
            free(path);
        } else {
            lines->failed = true;
        }
    }
}

static void lines_add_named(struct lines *lines, const char *prefix, const cJSON *object, const char *const *names)
{
    for (; *names; names++)
        lines_add_leaf(lines, prefix, *names, cJSON_GetObjectItemCaseSensitive(object, *names));
}

static int lines_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Hash of the sorted lines, which are freed. */
static bool lines_digest(struct lines *lines, char hex[DIGEST_HEX])
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    bool good = out && !lines->failed;

    hex[0] = '\0';
    if (lines->count)
        qsort(lines->items, lines->count, sizeof *lines->items, lines_compare);
    for (size_t i = 0; i < lines->count; i++) {
        good = good && fputs(lines->items[i], out) >= 0;
        free(lines->items[i]);
    }
    free(lines->items);
    if (out && fclose(out) != 0)
        good = false;
    if (good)
        digest_bytes(text, size, hex);
    free(text);
    return good && *hex;
}

bool document_cell_key(const cJSON *cell, char hex[DIGEST_HEX])
{
    static const char *const model_keys[] = {
        "name", "quantization", "output_tensor_type", "weights", "index_sha256", "shape_sha256", NULL};
    struct lines lines = {0};

    lines_add(&lines, "schema.", "major", "1");
    lines_add_group(&lines, "parameters.", cJSON_GetObjectItemCaseSensitive(cell, "parameters"), 0);
    lines_add_named(&lines, "model.", cJSON_GetObjectItemCaseSensitive(cell, "model"), model_keys);
    return lines_digest(&lines, hex);
}

bool document_comparability(const cJSON *document, char hex[DIGEST_HEX])
{
    static const char *const workload_keys[] = {"definition_sha256", "mode", NULL};
    const cJSON *cell, *cells = cJSON_GetObjectItemCaseSensitive(document, "cells");
    struct lines lines = {0};

    lines_add(&lines, "schema.", "major", "1");
    lines_add_named(&lines, "workload.", cJSON_GetObjectItemCaseSensitive(document, "workload"), workload_keys);
    cJSON_ArrayForEach(cell, cells)
    {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(cell, "cell_id");
        const cJSON *key = cJSON_GetObjectItemCaseSensitive(cell, "comparability_key_sha256");
        if (cJSON_IsString(id) && cJSON_IsString(key))
            lines_add(&lines, "cells.", id->valuestring, key->valuestring);
        else
            lines.failed = true;
    }
    return lines_digest(&lines, hex);
}

/* Every number of the tree becomes its shortest exact digits: the printer's own fifteen digits lose bits. */
static bool numbers_spell(cJSON *tree)
{
    cJSON *child;

    if (cJSON_IsNumber(tree)) {
        char *digits = cJSON_malloc(TEXT_NUMBER_MAX);
        if (!digits)
            return false;
        text_number(digits, tree->valuedouble);
        tree->type = (tree->type & ~0xff) | cJSON_Raw;
        tree->valuestring = digits;
    }
    cJSON_ArrayForEach(child, tree)
    {
        if (!numbers_spell(child))
            return false;
    }
    return true;
}

bool document_payload(cJSON *document, char hex[DIGEST_HEX])
{
    cJSON *integrity = cJSON_GetObjectItemCaseSensitive(document, "integrity");
    cJSON *payload = cJSON_GetObjectItemCaseSensitive(integrity, "payload_sha256");
    char *text;

    hex[0] = '\0';
    if (!cJSON_IsString(payload) || !cJSON_SetValuestring(payload, "") || !numbers_spell(document))
        return false;
    text = cJSON_PrintUnformatted(document);
    if (text)
        digest_bytes(text, strlen(text), hex);
    cJSON_free(text);
    return *hex;
}
