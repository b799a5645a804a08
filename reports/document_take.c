#include "reports/document_tree.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document.h"
#include "reports/labels.h"

/* Beyond this, doubles do not hold every whole number. */
#define WHOLE_MAX 9007199254740992.0 /* 2^53 */

static const char reason_end[] = "_reason";

/* The path so far and what is filled from it. */
struct taking {
    struct facts *facts;
    struct error *error;
    char path[DOCUMENT_PATH_MAX];
    size_t length, steps;
};

/* Members of an object by name, to be found without a walk. */
struct members {
    const cJSON **items;
    size_t count;
};

static int members_compare(const void *a, const void *b)
{
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

static bool members_sort(struct members *members, const cJSON *object)
{
    const cJSON *child;

    *members = (struct members){0};
    cJSON_ArrayForEach(child, object)
    {
        members->count++;
    }
    if (!members->count)
        return true;
    if (!(members->items = malloc(members->count * sizeof *members->items)))
        return false;
    members->count = 0;
    cJSON_ArrayForEach(child, object)
    {
        members->items[members->count++] = child;
    }
    qsort(members->items, members->count, sizeof *members->items, members_compare);
    return true;
}

/* The member whose name is the first `length` bytes of `name` and then `end`. */
static const cJSON *members_find(const struct members *members, const char *name, size_t length, const char *end)
{
    size_t low = 0, high = members->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *own = members->items[middle]->string;
        int order = strncmp(own, name, length);
        if (order == 0)
            order = strcmp(own + length, end);
        if (order == 0)
            return members->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Is this the reason of a null beside it, which takes it along? */
static bool is_reason(const struct members *members, const cJSON *member)
{
    size_t length = strlen(member->string), end = sizeof reason_end - 1;

    return length > end && strcmp(member->string + length - end, reason_end) == 0 &&
           cJSON_IsNull(members_find(members, member->string, length - end, ""));
}

static enum status take_refuse(struct taking *taking, const char *rule)
{
    return error_set(taking->error, STATUS_FORMAT, "%.200s: %s", taking->path, rule);
}

/* Adds a step to the path: a name, or where it is NULL an index. */
static enum status take_step(struct taking *taking, const char *name, size_t index)
{
    size_t room = sizeof taking->path - taking->length;
    char *end = taking->path + taking->length;

    if (name && (!*name || strlen(name) >= DOCUMENT_NAME_MAX || strpbrk(name, ".[")))
        return error_set(taking->error, STATUS_FORMAT,
                         "%.200s%smember \"%.60s\": a name must have 1 to %d bytes and neither '.' nor '['",
                         taking->path, taking->length ? ": " : "", name, DOCUMENT_NAME_MAX - 1);
    if (index > DOCUMENT_INDEX_MAX)
        return take_refuse(taking, "must have 100000 items at most");
    if (++taking->steps > DOCUMENT_STEPS_MAX)
        return take_refuse(taking, "nested too deep");
    if (name)
        taking->length += (size_t)snprintf(end, room, "%s%s", taking->length ? "." : "", name);
    else
        taking->length += (size_t)snprintf(end, room, "[%zu]", index);
    return STATUS_OK;
}

static void take_leaf(struct taking *taking, const cJSON *leaf, const cJSON *reason)
{
    struct fact fact = {.path = taking->path, .type = FACT_NULL, .text = "not known"};
    char label[LABEL_MAX];
    double number = leaf->valuedouble;

    if (label_of_path(taking->path, label))
        fact.label = label;
    if (cJSON_IsString(leaf)) {
        fact.type = FACT_TEXT;
        fact.text = leaf->valuestring;
    } else if (cJSON_IsBool(leaf)) {
        fact.type = FACT_BOOLEAN;
        fact.boolean = cJSON_IsTrue(leaf);
        fact.text = NULL;
    } else if (cJSON_IsNumber(leaf)) {
        bool whole = number == floor(number) && fabs(number) < WHOLE_MAX && (number != 0 || !signbit(number));
        fact.type = whole ? FACT_INTEGER : FACT_NUMBER;
        fact.integer = whole ? (int64_t)number : 0;
        fact.number = whole ? 0 : number;
        fact.text = NULL;
    } else if (cJSON_IsString(reason)) {
        fact.text = reason->valuestring;
    }
    facts_append(taking->facts, &fact);
}

static enum status take_group(struct taking *taking, const cJSON *group);

static enum status take_member(struct taking *taking, const struct members *members, const cJSON *child, size_t index)
{
    const char *name = child->string;
    const cJSON *reason = NULL;
    size_t length = taking->length;
    enum status status;

    if (name && is_reason(members, child))
        return STATUS_OK;
    if ((status = take_step(taking, name, index)) != STATUS_OK)
        return status;
    if (cJSON_IsObject(child) || cJSON_IsArray(child)) {
        status = take_group(taking, child);
    } else {
        if (name && cJSON_IsNull(child))
            reason = members_find(members, name, strlen(name), reason_end);
        take_leaf(taking, child, reason);
    }
    taking->path[taking->length = length] = '\0';
    taking->steps--;
    return status;
}

static enum status take_group(struct taking *taking, const cJSON *group)
{
    enum status status = STATUS_OK;
    struct members members = {0};
    const cJSON *child;
    size_t index = 0;

    if (cJSON_IsObject(group) && !members_sort(&members, group))
        return error_set(taking->error, STATUS_MEMORY, "no memory to read the document");
    cJSON_ArrayForEach(child, group)
    {
        if ((status = take_member(taking, &members, child, index)) != STATUS_OK)
            break;
        index += !child->string;
    }
    free(members.items);
    return status;
}

enum status document_take_facts(const cJSON *object, struct facts *facts, struct error *error)
{
    struct taking taking = {.facts = facts, .error = error};
    enum status status = take_group(&taking, object);

    if (status == STATUS_OK && facts->failed)
        status = error_set(error, STATUS_MEMORY, "no memory to read the document");
    return status;
}
