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

/* Copies the fact, its texts too, to its place; NULL: behind the others. */
static void facts_insert(struct facts *facts, struct fact *place, const struct fact *fact)
{
    struct fact copy = *fact;

    copy.path = strdup(fact->path);
    copy.label = fact->label ? strdup(fact->label) : NULL;
    copy.text = fact->text ? strdup(fact->text) : NULL;
    if (!copy.path || (fact->label && !copy.label) || (fact->text && !copy.text))
        goto fail;
    if (place)
        fact_clear(place);
    else if (!(place = facts_grow(facts)))
        goto fail;
    *place = copy;
    return;
fail:
    fact_clear(&copy);
    facts->failed = true;
}

/* `fact` carries type and number. */
static void facts_put(struct facts *facts, const char *path, const char *label, const char *text, struct fact fact)
{
    fact.path = (char *)path;
    fact.label = (char *)label;
    fact.text = (char *)text;
    facts_insert(facts, (struct fact *)facts_find(facts, path), &fact);
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

void facts_append(struct facts *facts, const struct fact *fact)
{
    facts_insert(facts, NULL, fact);
}

void facts_copy(struct facts *facts, const char *path, const struct fact *fact)
{
    path = path ? path : fact->path;
    switch (fact->type) {
    case FACT_TEXT:
        facts_text(facts, path, fact->label, fact->text);
        break;
    case FACT_NUMBER:
        facts_number(facts, path, fact->label, fact->number);
        break;
    case FACT_INTEGER:
        facts_integer(facts, path, fact->label, fact->integer);
        break;
    case FACT_BOOLEAN:
        facts_boolean(facts, path, fact->label, fact->boolean);
        break;
    case FACT_NULL:
        facts_null(facts, path, fact->label, fact->text);
    }
}

const struct fact *facts_find(const struct facts *facts, const char *path)
{
    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->items[i].path, path) == 0)
            return &facts->items[i];
    return NULL;
}

double facts_get_number(const struct facts *facts, const char *path)
{
    const struct fact *fact = facts_find(facts, path);

    if (fact && fact->type == FACT_INTEGER)
        return (double)fact->integer;
    return fact && fact->type == FACT_NUMBER ? fact->number : NAN;
}

const char *facts_get_text(const struct facts *facts, const char *path, const char *otherwise)
{
    const struct fact *fact = facts_find(facts, path);

    return fact && fact->type == FACT_TEXT && *fact->text ? fact->text : otherwise;
}

void facts_free(struct facts *facts)
{
    for (size_t i = 0; i < facts->count; i++)
        fact_clear(&facts->items[i]);
    free(facts->items);
    *facts = (struct facts){0};
}
