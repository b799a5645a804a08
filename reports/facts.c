#include "reports/facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void fact_clear(struct fact *fact)
{
    free(fact->path);
    free(fact->label);
    free(fact->text);
}

static struct fact *facts_grow(struct facts *facts)
{
    if (facts->count == facts->capacity) {
        size_t capacity = facts->capacity ? 2 * facts->capacity : 16;
        struct fact *items = realloc(facts->items, capacity * sizeof *items);
        if (!items)
            return NULL;
        facts->items = items;
        facts->capacity = capacity;
    }
    return &facts->items[facts->count++];
}

/* Takes over nothing: path, label and text are copied. `fact` carries type and number. */
static void facts_put(struct facts *facts, const char *path, const char *label, const char *text, struct fact fact)
{
    struct fact *place = (struct fact *)facts_find(facts, path);

    fact.path = strdup(path);
    fact.label = label ? strdup(label) : NULL;
    fact.text = text ? strdup(text) : NULL;
    if (!fact.path || (label && !fact.label) || (text && !fact.text))
        goto fail;
    if (place)
        fact_clear(place);
    else if (!(place = facts_grow(facts)))
        goto fail;
    *place = fact;
    return;
fail:
    fact_clear(&fact);
    facts->failed = true;
}

void facts_text(struct facts *facts, const char *path, const char *label, const char *text)
{
    facts_put(facts, path, label, text ? text : "", (struct fact){.type = FACT_TEXT});
}

void facts_number(struct facts *facts, const char *path, const char *label, double number)
{
    if (isfinite(number))
        facts_put(facts, path, label, NULL, (struct fact){.type = FACT_NUMBER, .number = number});
    else
        facts_null(facts, path, label, "not known");
}

void facts_integer(struct facts *facts, const char *path, const char *label, int64_t integer)
{
    facts_put(facts, path, label, NULL, (struct fact){.type = FACT_INTEGER, .integer = integer});
}

void facts_boolean(struct facts *facts, const char *path, const char *label, bool value)
{
    facts_put(facts, path, label, NULL, (struct fact){.type = FACT_BOOLEAN, .boolean = value});
}

void facts_null(struct facts *facts, const char *path, const char *label, const char *reason)
{
    facts_put(facts, path, label, reason && *reason ? reason : "not known", (struct fact){.type = FACT_NULL});
}

void facts_text_or_null(struct facts *facts, const char *path, const char *label, const char *text, const char *reason)
{
    if (text && *text)
        facts_text(facts, path, label, text);
    else
        facts_null(facts, path, label, reason);
}

const struct fact *facts_find(const struct facts *facts, const char *path)
{
    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->items[i].path, path) == 0)
            return &facts->items[i];
    return NULL;
}

void facts_free(struct facts *facts)
{
    for (size_t i = 0; i < facts->count; i++)
        fact_clear(&facts->items[i]);
    free(facts->items);
    *facts = (struct facts){0};
}
