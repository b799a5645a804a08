#include "reports/document_tree.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document.h"
#include "reports/text.h"

enum { INTEGER_MAX = 24 };

/* A step of a path: a name, or where name is empty an index. */
struct segment {
    char name[DOCUMENT_NAME_MAX];
    int index;
};

static cJSON *number_node(double value)
{
    char digits[TEXT_NUMBER_MAX];

    if (!isfinite(value))
        return cJSON_CreateNull();
    text_number(digits, value);
    return cJSON_CreateRaw(digits);
}

static cJSON *text_node(const char *text)
{
    char *clean = text_copy(text, TEXT_UTF8);
    cJSON *node;

    if (!clean)
        return NULL;
    text_hide_homes(clean); /* a result is meant to be shown around */
    node = cJSON_CreateString(clean);
    free(clean);
    return node;
}

/* Takes node, which may be NULL. */
static bool add_node(cJSON *object, const char *name, cJSON *node)
{
    if (node && cJSON_AddItemToObject(object, name, node))
        return true;
    cJSON_Delete(node);
    return false;
}

bool document_add_text(cJSON *object, const char *name, const char *text)
{
    return add_node(object, name, text_node(text));
}

bool document_add_number(cJSON *object, const char *name, double value)
{
    return add_node(object, name, number_node(value));
}

bool document_append_number(cJSON *array, double value)
{
    cJSON *node = number_node(value);

    if (node && cJSON_AddItemToArray(array, node))
        return true;
    cJSON_Delete(node);
    return false;
}

static cJSON *fact_node(const struct fact *fact)
{
    char digits[INTEGER_MAX];

    switch (fact->type) {
    case FACT_TEXT:
        return text_node(fact->text);
    case FACT_NUMBER:
        return number_node(fact->number);
    case FACT_INTEGER:
        snprintf(digits, sizeof digits, "%" PRId64, fact->integer);
        return cJSON_CreateRaw(digits);
    case FACT_BOOLEAN:
        return cJSON_CreateBool(fact->boolean);
    case FACT_NULL:
        break;
    }
    return cJSON_CreateNull();
}

static const char *index_parse(const char *at, int *index)
{
    char *end;
    long value;

    if (at[1] < '0' || at[1] > '9')
        return NULL;
    value = strtol(at + 1, &end, 10);
    if (*end != ']' || value > DOCUMENT_INDEX_MAX)
        return NULL;
    *index = (int)value;
    return end + 1;
}

/* Segments of a path; 0: malformed. */
static size_t path_split(const char *path, struct segment segments[DOCUMENT_STEPS_MAX])
{
    size_t count = 0;

    for (const char *at = path; count < DOCUMENT_STEPS_MAX;) {
        size_t length = strcspn(at, ".[");
        if (!length || length >= DOCUMENT_NAME_MAX)
            return 0;
        memcpy(segments[count].name, at, length);
        segments[count++].name[length] = '\0';
        at += length;
        while (*at == '[' && count < DOCUMENT_STEPS_MAX) {
            segments[count].name[0] = '\0';
            if (!(at = index_parse(at, &segments[count++].index)))
                return 0;
        }
        if (!*at)
            return count;
        if (*at++ != '.')
            return 0;
    }
    return 0;
}

static cJSON *child_find(const cJSON *parent, const struct segment *segment)
{
    return *segment->name ? cJSON_GetObjectItemCaseSensitive(parent, segment->name)
                          : cJSON_GetArrayItem(parent, segment->index);
}

/* Puts node, which is taken, in its place below parent. */
static bool child_set(cJSON *parent, const struct segment *segment, cJSON *node)
{
    int size;

    if (!node)
        return false;
    if (*segment->name)
        return add_node(parent, segment->name, node);
    for (size = cJSON_GetArraySize(parent); size < segment->index; size++)
        cJSON_AddItemToArray(parent, cJSON_CreateNull());
    if (size == segment->index ? cJSON_AddItemToArray(parent, node)
                               : cJSON_ReplaceItemInArray(parent, segment->index, node))
        return true;
    cJSON_Delete(node);
    return false;
}

static enum status fact_clash(const struct fact *fact, struct error *error)
{
    return error_set(error, STATUS_MISUSE,
                     "fact '%s' contradicts a fact before it: one path is both a value and a group", fact->path);
}

/* The group that holds the last segment, made where it is missing. */
static enum status fact_descend(cJSON **group, const struct fact *fact, const struct segment *segments, size_t count,
                                struct error *error)
{
    for (size_t i = 0; i + 1 < count; i++) {
        bool array = !*segments[i + 1].name;
        cJSON *child = child_find(*group, &segments[i]);
        if (!child || (cJSON_IsNull(child) && !*segments[i].name)) {
            child = array ? cJSON_CreateArray() : cJSON_CreateObject();
            if (!child_set(*group, &segments[i], child))
                return error_set(error, STATUS_MEMORY, "no memory to write fact '%s'", fact->path);
        } else if (array ? !cJSON_IsArray(child) : !cJSON_IsObject(child)) {
            return fact_clash(fact, error);
        }
        *group = child;
    }
    return STATUS_OK;
}

static enum status fact_add(cJSON *group, const struct fact *fact, struct error *error)
{
    struct segment segments[DOCUMENT_STEPS_MAX];
    char reason[DOCUMENT_NAME_MAX + 8], *path = text_copy(fact->path, TEXT_UTF8);
    bool copied = path != NULL;
    size_t count = copied ? path_split(path, segments) : 0;
    const struct segment *last = &segments[count ? count - 1 : 0];
    enum status status;
    cJSON *place;

    free(path);
    if (!copied)
        return error_set(error, STATUS_MEMORY, "no memory to write fact '%s'", fact->path);
    if (!count)
        return error_set(error, STATUS_MISUSE, "fact '%s': a path is made of names, '.' and [0] to [%d]", fact->path,
                         DOCUMENT_INDEX_MAX);
    if ((status = fact_descend(&group, fact, segments, count, error)) != STATUS_OK)
        return status;
    place = child_find(group, last);
    if (place && (*last->name || !cJSON_IsNull(place)))
        return fact_clash(fact, error);
    if (!child_set(group, last, fact_node(fact)))
        return error_set(error, STATUS_MEMORY, "no memory to write fact '%s'", fact->path);
    if (fact->type == FACT_NULL && *last->name) {
        snprintf(reason, sizeof reason, "%s_reason", last->name);
        if (!cJSON_GetObjectItemCaseSensitive(group, reason) && !document_add_text(group, reason, fact->text))
            return error_set(error, STATUS_MEMORY, "no memory to write fact '%s'", fact->path);
    }
    return STATUS_OK;
}

enum status document_add_facts(cJSON *object, const struct facts *facts, struct error *error)
{
    enum status status = STATUS_OK;

    if (facts->failed)
        return error_set(error, STATUS_MEMORY, "out of memory: some facts were lost");
    for (size_t i = 0; i < facts->count && status == STATUS_OK; i++)
        status = fact_add(object, &facts->items[i], error);
    return status;
}

enum status document_facts_text(const struct facts *facts, char **text, struct error *error)
{
    cJSON *object = cJSON_CreateObject();
    enum status status = STATUS_MEMORY;

    *text = NULL;
    if (object)
        status = document_add_facts(object, facts, error);
    else
        error_set(error, status, "no memory to write facts");
    if (status == STATUS_OK && !(*text = cJSON_Print(object)))
        status = error_set(error, STATUS_MEMORY, "no memory to write facts");
    cJSON_Delete(object);
    return status;
}
