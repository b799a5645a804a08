#include "reports/document_journal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document_tree.h"
#include "reports/json_syntax.h"
#include "reports/text.h"

/* What every line ends in, around its 64 digits. */
#define SEAL_HEAD ",\"sha256\":\""
#define SEAL_TAIL "\"}"
enum { SEAL_BYTES = sizeof SEAL_HEAD - 1 + DIGEST_HEX - 1 + sizeof SEAL_TAIL - 1 };

bool event_add(struct event *event, const char *string)
{
    if (event->string_count == event->string_capacity) {
        size_t capacity = event->string_capacity ? 2 * event->string_capacity : 16;
        char **strings = realloc(event->strings, capacity * sizeof *strings);
        if (!strings)
            return false;
        event->strings = strings;
        event->string_capacity = capacity;
    }
    if (!(event->strings[event->string_count] = strdup(string)))
        return false;
    event->string_count++;
    return true;
}

bool event_is(const struct event *event, const char *name)
{
    return strcmp(event->name, name) == 0;
}

double event_number(const struct event *event, const char *name)
{
    const struct fact *fact = facts_find(&event->facts, name);

    return fact && fact->type == FACT_NUMBER ? fact->number : NAN;
}

const char *event_word(const struct event *event, const char *name)
{
    const struct fact *fact = facts_find(&event->facts, name);

    return fact && fact->type == FACT_TEXT ? fact->text : "";
}

void event_close(struct event *event)
{
    for (size_t i = 0; i < event->string_count; i++)
        free(event->strings[i]);
    free(event->strings);
    facts_free(&event->facts);
    *event = (struct event){0};
}

/* ---- writing ---- */

static bool add_fact(cJSON *object, const struct fact *fact)
{
    switch (fact->type) {
    case FACT_TEXT:
        return document_add_text(object, fact->path, fact->text);
    case FACT_NUMBER:
        return document_add_number(object, fact->path, fact->number);
    case FACT_INTEGER:
        return document_add_number(object, fact->path, (double)fact->integer);
    case FACT_BOOLEAN:
        return cJSON_AddBoolToObject(object, fact->path, fact->boolean) != NULL;
    case FACT_NULL:
        break;
    }
    return cJSON_AddNullToObject(object, fact->path) != NULL;
}

static bool add_strings(cJSON *object, const struct event *event)
{
    cJSON *array = cJSON_AddArrayToObject(object, "strings");

    for (size_t i = 0; i < event->string_count && array; i++) {
        char *clean = text_copy(event->strings[i], TEXT_UTF8);
        cJSON *item = clean ? cJSON_CreateString(clean) : NULL;
        free(clean);
        if (!item || !cJSON_AddItemToArray(array, item)) {
            cJSON_Delete(item);
            return false;
        }
    }
    return array;
}

/* The line without its seal, but with the brace that closes it. NULL: out of memory. */
static char *open_text(const struct event *event, const struct event_chain *chain)
{
    cJSON *object = cJSON_CreateObject(), *facts = NULL;
    char *text = NULL;
    bool good = object && !event->facts.failed && document_add_number(object, "seq", (double)chain->seq) &&
                document_add_text(object, "prev", chain->hash) && document_add_text(object, "event", event->name) &&
                (facts = cJSON_AddObjectToObject(object, "facts"));

    for (size_t i = 0; i < event->facts.count && good; i++)
        good = add_fact(facts, &event->facts.items[i]);
    if (good && add_strings(object, event))
        text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    return text;
}

enum status event_text(const struct event *event, struct event_chain *chain, char **text, struct error *error)
{
    char *open = open_text(event, chain);
    size_t length = open ? strlen(open) - 1 : 0;
    char hash[DIGEST_HEX] = "";

    *text = open ? malloc(length + SEAL_BYTES + 2) : NULL;
    if (*text) {
        memcpy(*text, open, length);
        digest_bytes(open, length, hash);
        sprintf(*text + length, SEAL_HEAD "%s" SEAL_TAIL "\n", hash);
    }
    free(open);
    if (!*hash) {
        free(*text);
        *text = NULL;
        return error_set(error, STATUS_MEMORY, "out of memory for the journal");
    }
    chain->seq++;
    memcpy(chain->hash, hash, sizeof chain->hash);
    return STATUS_OK;
}

/* ---- reading ---- */

/* Does the line end in the hash of what stands before? Then `hash` is it. */
static bool seal_holds(const char *line, size_t length, char hash[DIGEST_HEX])
{
    const char *seal = line + length - SEAL_BYTES;

    if (length <= SEAL_BYTES)
        return false;
    digest_bytes(line, length - SEAL_BYTES, hash);
    return memcmp(seal, SEAL_HEAD, sizeof SEAL_HEAD - 1) == 0 &&
           memcmp(seal + sizeof SEAL_HEAD - 1, hash, DIGEST_HEX - 1) == 0 &&
           memcmp(line + length - (sizeof SEAL_TAIL - 1), SEAL_TAIL, sizeof SEAL_TAIL - 1) == 0;
}

static bool take_fact(struct facts *facts, const cJSON *value)
{
    if (cJSON_IsString(value))
        facts_text(facts, value->string, NULL, value->valuestring);
    else if (cJSON_IsNumber(value))
        facts_number(facts, value->string, NULL, value->valuedouble);
    else if (cJSON_IsBool(value))
        facts_boolean(facts, value->string, NULL, cJSON_IsTrue(value));
    else if (cJSON_IsNull(value))
        facts_null(facts, value->string, NULL, "");
    else
        return false;
    return true;
}

static enum status take_members(struct event *event, const cJSON *object, struct error *error)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(object, "event"), *item;
    const cJSON *facts = cJSON_GetObjectItemCaseSensitive(object, "facts");
    const cJSON *strings = cJSON_GetObjectItemCaseSensitive(object, "strings");

    if (!cJSON_IsString(name) || strlen(name->valuestring) >= sizeof event->name || !cJSON_IsObject(facts) ||
        !cJSON_IsArray(strings))
        return error_set(error, STATUS_FORMAT, "event, facts or strings is missing or of another type");
    strcpy(event->name, name->valuestring);
    cJSON_ArrayForEach(item, facts)
    {
        if (!take_fact(&event->facts, item))
            return error_set(error, STATUS_FORMAT, "a fact is neither text nor number nor truth");
    }
    cJSON_ArrayForEach(item, strings)
    {
        if (!cJSON_IsString(item))
            return error_set(error, STATUS_FORMAT, "not all of strings are strings");
        if (!event_add(event, item->valuestring))
            return error_set(error, STATUS_MEMORY, "out of memory for the journal");
    }
    return event->facts.failed ? error_set(error, STATUS_MEMORY, "out of memory for the journal") : STATUS_OK;
}

/* One sealed line, without its end. */
static enum status take_line(struct events *events, struct event *event, const char *line, size_t length,
                             struct error *error)
{
    enum status status = json_syntax_check(line, length, error);
    cJSON *object = status ? NULL : cJSON_ParseWithLength(line, length);
    const cJSON *seq = cJSON_GetObjectItemCaseSensitive(object, "seq");
    const cJSON *prev = cJSON_GetObjectItemCaseSensitive(object, "prev");

    if (status)
        return status;
    if (!object)
        status = error_set(error, STATUS_MEMORY, "out of memory for the journal");
    else if (!cJSON_IsNumber(seq) || seq->valuedouble != (double)events->chain.seq)
        status = error_set(error, STATUS_FORMAT, "its seq is not %zu: a line is missing, or there twice",
                           (size_t)events->chain.seq);
    else if (!cJSON_IsString(prev) || strcmp(prev->valuestring, events->chain.hash) != 0)
        status = error_set(error, STATUS_FORMAT, "prev is not the hash of the line before");
    else
        status = take_members(event, object, error);
    cJSON_Delete(object);
    return status;
}

static size_t line_count(const char *text, size_t length)
{
    size_t count = 0;

    for (const char *at = text; (at = memchr(at, '\n', length - (size_t)(at - text))); at++)
        count++;
    return count;
}

enum status events_read(struct events *events, const char *text, size_t length, struct error *error)
{
    size_t lines = line_count(text, length);
    enum status status = STATUS_OK;

    *events = (struct events){.items = calloc(lines + 1, sizeof *events->items)};
    if (!events->items)
        return error_set(error, STATUS_MEMORY, "out of memory for the journal");
    for (size_t i = 0; i < lines && !status; i++) {
        const char *line = text + events->good_bytes;
        const char *end = memchr(line, '\n', length - events->good_bytes);
        size_t bytes = (size_t)(end - line);
        char hash[DIGEST_HEX];
        bool last = end + 1 == text + length;
        if (seal_holds(line, bytes, hash))
            status = take_line(events, &events->items[events->count++], line, bytes, error);
        else if (last)
            return STATUS_OK;
        else
            status = error_set(error, STATUS_FORMAT, "the line is not as it was written: its hash does not hold");
        if (status) {
            error_prefix(error, "line %zu", i + 1);
            return status;
        }
        events->chain.seq++;
        memcpy(events->chain.hash, hash, sizeof hash);
        events->good_bytes += bytes + 1;
    }
    return status;
}

void events_close(struct events *events)
{
    for (size_t i = 0; i < events->count; i++)
        event_close(&events->items[i]);
    free(events->items);
    *events = (struct events){0};
}
