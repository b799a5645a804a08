#include "reports/document_schema.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document_rules.h"
#include "reports/json_syntax.h"

static bool value_check(struct schema_run *run, const cJSON *rules, const cJSON *value,
                        const struct schema_place *place);
static bool rules_good(struct schema *schema, const cJSON *rules);

/* ---- keywords of groups ----------------------------------------------------------------------------------------------- */

static bool min_items_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                          const struct schema_place *place)
{
    double count = 0;

    (void)owner;
    if (!cJSON_IsArray(value))
        return true;
    for (const cJSON *item = value->child; item && count < rule->valuedouble; item = item->next)
        count++;
    return count >= rule->valuedouble ||
           schema_refuse(run, place, NULL, "must have %g items or more", rule->valuedouble);
}

static bool items_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                      const struct schema_place *place)
{
    struct schema_place inner = {place, NULL, 0};
    const cJSON *item;

    (void)owner;
    if (!cJSON_IsArray(value))
        return true;
    cJSON_ArrayForEach(item, value)
    {
        if (!value_check(run, rule, item, &inner))
            return false;
        inner.index++;
    }
    return true;
}

static bool required_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                         const struct schema_place *place)
{
    const cJSON *name;

    (void)owner;
    if (!cJSON_IsObject(value))
        return true;
    cJSON_ArrayForEach(name, rule)
    {
        if (!cJSON_GetObjectItemCaseSensitive(value, name->valuestring))
            return schema_refuse(run, place, NULL, "member \"%s\" is missing", name->valuestring);
    }
    return true;
}

static bool required_good(struct schema *schema, const cJSON *rule)
{
    const cJSON *name;

    (void)schema;
    cJSON_ArrayForEach(name, rule)
    {
        if (!cJSON_IsString(name))
            return false;
    }
    return cJSON_IsArray(rule);
}

static bool members_good(struct schema *schema, const cJSON *rule)
{
    const cJSON *member;

    cJSON_ArrayForEach(member, rule)
    {
        if (!rules_good(schema, member))
            return false;
    }
    return cJSON_IsObject(rule);
}

static bool properties_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                           const struct schema_place *place)
{
    const cJSON *member;

    (void)owner;
    if (!cJSON_IsObject(value))
        return true;
    cJSON_ArrayForEach(member, value)
    {
        const cJSON *rules = cJSON_GetObjectItemCaseSensitive(rule, member->string);
        struct schema_place inner = {place, member->string, 0};
        if (rules && !value_check(run, rules, member, &inner))
            return false;
    }
    return true;
}

static bool additional_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                           const struct schema_place *place)
{
    const cJSON *member, *known = cJSON_GetObjectItemCaseSensitive(owner, "properties");

    if (!cJSON_IsObject(value) || (cJSON_IsFalse(rule) && run->allow_more))
        return true;
    cJSON_ArrayForEach(member, value)
    {
        struct schema_place inner = {place, member->string, 0};
        if (cJSON_GetObjectItemCaseSensitive(known, member->string))
            continue;
        if (cJSON_IsFalse(rule))
            return schema_refuse(run, &inner, NULL,
                                 "no such member in this schema; additions belong in \"extensions\"");
        if (!value_check(run, rule, member, &inner))
            return false;
    }
    return true;
}

static bool names_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                      const struct schema_place *place)
{
    const cJSON *member;

    (void)owner;
    if (!cJSON_IsObject(value))
        return true;
    cJSON_ArrayForEach(member, value)
    {
        cJSON name = {.type = cJSON_String, .valuestring = member->string};
        struct schema_place inner = {place, member->string, 0};
        if (!value_check(run, rule, &name, &inner))
            return false;
    }
    return true;
}

static bool if_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                   const struct schema_place *place)
{
    struct schema_run silent = {run->schema, run->allow_more, run->depth, NULL};
    bool condition = value_check(&silent, rule, value, place);
    const cJSON *rules = cJSON_GetObjectItemCaseSensitive(owner, condition ? "then" : "else");

    return !rules || value_check(run, rules, value, place);
}

static const cJSON *reference_find(const struct schema *schema, const cJSON *rule)
{
    static const char start[] = "#/definitions/";
    const cJSON *definitions = cJSON_GetObjectItemCaseSensitive(schema->root, "definitions");

    if (!cJSON_IsString(rule) || strncmp(rule->valuestring, start, sizeof start - 1) != 0)
        return NULL;
    return cJSON_GetObjectItemCaseSensitive(definitions, rule->valuestring + sizeof start - 1);
}

static bool reference_good(struct schema *schema, const cJSON *rule)
{
    return reference_find(schema, rule) != NULL;
}

/* ---- the interpreter ------------------------------------------------------------------------------------------------- */

static const struct schema_keyword group_keywords[] = {
    {"required", required_good, required_met},
    {"properties", members_good, properties_met},
    {"additionalProperties", rules_good, additional_met},
    {"propertyNames", rules_good, names_met},
    {"minItems", schema_number_good, min_items_met},
    {"items", rules_good, items_met},
    {"if", rules_good, if_met},
    {"then", rules_good, NULL},
    {"else", rules_good, NULL},
    {"$ref", reference_good, NULL},
    {"definitions", members_good, NULL},
    {NULL, NULL, NULL},
};

static const struct schema_keyword *keyword_find(const char *name)
{
    const struct schema_keyword *const tables[] = {schema_value_keywords, group_keywords};

    for (size_t i = 0; i < 2; i++)
        for (const struct schema_keyword *keyword = tables[i]; keyword->name; keyword++)
            if (strcmp(keyword->name, name) == 0)
                return keyword;
    return NULL;
}

/* Rules are true, false or an object of keywords. */
static bool rules_good(struct schema *schema, const cJSON *rules)
{
    const cJSON *rule;

    if (cJSON_IsBool(rules))
        return true;
    if (!cJSON_IsObject(rules))
        return false;
    cJSON_ArrayForEach(rule, rules)
    {
        const struct schema_keyword *keyword = keyword_find(rule->string);
        if (!keyword || !keyword->good(schema, rule)) {
            if (!schema->bad)
                schema->bad = rule;
            return false;
        }
    }
    return true;
}

static bool value_check(struct schema_run *run, const cJSON *rules, const cJSON *value,
                        const struct schema_place *place)
{
    const cJSON *rule, *reference;
    bool met = true;

    if (cJSON_IsBool(rules))
        return cJSON_IsTrue(rules) || schema_refuse(run, place, value, "nothing is allowed here");
    if (++run->depth > 4 * JSON_DEPTH_MAX)
        return schema_refuse(run, place, NULL, "the schema refers to itself without end");
    if ((reference = cJSON_GetObjectItemCaseSensitive(rules, "$ref"))) {
        /* draft-07: what stands beside $ref is ignored */
        met = value_check(run, reference_find(run->schema, reference), value, place);
    } else {
        cJSON_ArrayForEach(rule, rules)
        {
            const struct schema_keyword *keyword = keyword_find(rule->string);
            if (keyword->met && !keyword->met(run, rules, rule, value, place)) {
                met = false;
                break;
            }
        }
    }
    run->depth--;
    return met;
}

enum status schema_open(struct schema **schema, const char *text, struct error *error)
{
    struct schema *made = calloc(1, sizeof *made);
    enum status status = STATUS_OK;

    *schema = NULL;
    if (!made)
        return error_set(error, STATUS_MEMORY, "no memory for the result schema");
    if (json_syntax_check(text, strlen(text), error) != STATUS_OK) {
        status = STATUS_FAILED;
        error_prefix(error, "internal: result schema");
    } else if (!(made->root = cJSON_Parse(text))) {
        status = error_set(error, STATUS_MEMORY, "no memory for the result schema");
    } else if (!cJSON_IsObject(made->root) || !rules_good(made, made->root)) {
        char *rule = made->bad ? cJSON_PrintUnformatted(made->bad) : NULL;
        status = error_set(error, STATUS_FAILED,
                           "internal: result schema: keyword \"%s\" is unknown to the interpreter or malformed: %.200s",
                           made->bad ? made->bad->string : "", rule ? rule : "");
        cJSON_free(rule);
    }
    if (status == STATUS_OK)
        *schema = made;
    else
        schema_close(made);
    return status;
}

enum status schema_check(const struct schema *schema, const cJSON *value, bool allow_more, struct error *error)
{
    struct error own;
    struct schema_run run = {schema, allow_more, 0, error ? error : &own};

    return value_check(&run, schema->root, value, NULL) ? STATUS_OK : STATUS_FORMAT;
}

void schema_close(struct schema *schema)
{
    if (!schema)
        return;
    for (size_t i = 0; i < schema->pattern_count; i++)
        regfree(&schema->patterns[i].compiled);
    cJSON_Delete(schema->root);
    free(schema);
}
