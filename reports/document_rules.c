#include "reports/document_rules.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"

enum { SHOWN_COLUMNS = 60 };

/* ---- messages ------------------------------------------------------------------------------------------------------ */

static void place_print(FILE *out, const struct schema_place *place)
{
    if (!place)
        return;
    place_print(out, place->outer);
    if (place->name)
        fprintf(out, "%s%s", place->outer ? "." : "", place->name);
    else
        fprintf(out, "[%zu]", place->index);
}

bool schema_refuse(struct schema_run *run, const struct schema_place *place, const cJSON *value, const char *format,
                   ...)
{
    char *path = NULL, *shown, rule[256];
    size_t size;
    va_list arguments;
    FILE *out;

    if (!run->error)
        return false;
    va_start(arguments, format);
    vsnprintf(rule, sizeof rule, format, arguments);
    va_end(arguments);
    if ((out = open_memstream(&path, &size))) {
        if (place)
            place_print(out, place);
        else
            fputs("document", out);
        fclose(out);
    }
    shown = value ? cJSON_PrintUnformatted(value) : NULL;
    if (shown) {
        size_t cut = text_bytes(shown, SHOWN_COLUMNS);
        error_set(run->error, STATUS_FORMAT, "%.*s: %s, found %.*s%s", 200, path ? path : "?", rule, (int)cut, shown,
                  shown[cut] ? "…" : "");
    } else {
        error_set(run->error, STATUS_FORMAT, "%.*s: %s", 200, path ? path : "?", rule);
    }
    cJSON_free(shown);
    free(path);
    return false;
}

/* ---- keywords of values ----------------------------------------------------------------------------------------------- */

static const char *const type_names[] = {"null", "boolean", "object", "array", "number", "string", "integer"};

static bool type_known(const cJSON *name)
{
    for (size_t i = 0; cJSON_IsString(name) && i < sizeof type_names / sizeof *type_names; i++)
        if (strcmp(name->valuestring, type_names[i]) == 0)
            return true;
    return false;
}

static bool type_good(struct schema *schema, const cJSON *rule)
{
    const cJSON *name;

    (void)schema;
    if (!cJSON_IsArray(rule))
        return type_known(rule);
    cJSON_ArrayForEach(name, rule)
    {
        if (!type_known(name))
            return false;
    }
    return rule->child;
}

static bool type_fits(const char *name, const cJSON *value)
{
    switch (value->type & 0xff) {
    case cJSON_NULL:
        return strcmp(name, "null") == 0;
    case cJSON_False:
    case cJSON_True:
        return strcmp(name, "boolean") == 0;
    case cJSON_Number:
        return strcmp(name, "number") == 0 ||
               (strcmp(name, "integer") == 0 && value->valuedouble == floor(value->valuedouble));
    case cJSON_String:
        return strcmp(name, "string") == 0;
    case cJSON_Array:
        return strcmp(name, "array") == 0;
    default:
        return strcmp(name, "object") == 0;
    }
}

static bool type_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                     const struct schema_place *place)
{
    char names[96] = "";
    const cJSON *name;

    (void)owner;
    if (cJSON_IsString(rule))
        return type_fits(rule->valuestring, value) || schema_refuse(run, place, value, "must be %s", rule->valuestring);
    cJSON_ArrayForEach(name, rule)
    {
        size_t length = strlen(names);
        if (type_fits(name->valuestring, value))
            return true;
        snprintf(names + length, sizeof names - length, "%s%s", length ? " or " : "", name->valuestring);
    }
    return schema_refuse(run, place, value, "must be %s", names);
}

static bool list_good(struct schema *schema, const cJSON *rule)
{
    (void)schema;
    return cJSON_IsArray(rule) && rule->child;
}

static bool enum_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                     const struct schema_place *place)
{
    char *words;
    const cJSON *word;

    (void)owner;
    cJSON_ArrayForEach(word, rule)
    {
        if (cJSON_Compare(word, value, true))
            return true;
    }
    words = run->error ? cJSON_PrintUnformatted(rule) : NULL;
    schema_refuse(run, place, value, "must be one of %s", words ? words : "the words of the schema");
    cJSON_free(words);
    return false;
}

static bool any_good(struct schema *schema, const cJSON *rule)
{
    (void)schema;
    (void)rule;
    return true;
}

static bool const_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                      const struct schema_place *place)
{
    char *wanted;

    (void)owner;
    if (cJSON_Compare(rule, value, true))
        return true;
    wanted = run->error ? cJSON_PrintUnformatted(rule) : NULL;
    schema_refuse(run, place, value, "must be %s", wanted ? wanted : "the constant of the schema");
    cJSON_free(wanted);
    return false;
}

static bool pattern_good(struct schema *schema, const cJSON *rule)
{
    struct schema_pattern *pattern = &schema->patterns[schema->pattern_count];

    if (!cJSON_IsString(rule) || schema->pattern_count == SCHEMA_PATTERNS_MAX ||
        regcomp(&pattern->compiled, rule->valuestring, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    pattern->rule = rule;
    schema->pattern_count++;
    return true;
}

static bool pattern_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                        const struct schema_place *place)
{
    const struct schema *schema = run->schema;

    (void)owner;
    for (size_t i = 0; cJSON_IsString(value) && i < schema->pattern_count; i++)
        if (schema->patterns[i].rule == rule)
            return regexec(&schema->patterns[i].compiled, value->valuestring, 0, NULL, 0) == 0 ||
                   schema_refuse(run, place, value, "must match %s", rule->valuestring);
    return true;
}

bool schema_number_good(struct schema *schema, const cJSON *rule)
{
    (void)schema;
    return cJSON_IsNumber(rule);
}

static bool minimum_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                        const struct schema_place *place)
{
    (void)owner;
    return !cJSON_IsNumber(value) || value->valuedouble >= rule->valuedouble ||
           schema_refuse(run, place, value, "must be at least %g", rule->valuedouble);
}

static bool maximum_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                        const struct schema_place *place)
{
    (void)owner;
    return !cJSON_IsNumber(value) || value->valuedouble <= rule->valuedouble ||
           schema_refuse(run, place, value, "must be at most %.17g", rule->valuedouble);
}

static bool min_length_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                           const struct schema_place *place)
{
    (void)owner;
    return !cJSON_IsString(value) || (double)text_columns(value->valuestring) >= rule->valuedouble ||
           schema_refuse(run, place, value, "must have %g characters or more", rule->valuedouble);
}

static bool max_length_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                           const struct schema_place *place)
{
    (void)owner;
    return !cJSON_IsString(value) || (double)text_columns(value->valuestring) <= rule->valuedouble ||
           schema_refuse(run, place, value, "must have %g characters at most", rule->valuedouble);
}

static bool format_good(struct schema *schema, const cJSON *rule)
{
    (void)schema;
    return cJSON_IsString(rule) && strcmp(rule->valuestring, "date-time") == 0;
}

static bool format_met(struct schema_run *run, const cJSON *owner, const cJSON *rule, const cJSON *value,
                       const struct schema_place *place)
{
    (void)owner;
    (void)rule;
    return !cJSON_IsString(value) || text_is_date_time(value->valuestring) ||
           schema_refuse(run, place, value, "must be a date and time such as 2026-11-22T15:04:05Z");
}

const struct schema_keyword schema_value_keywords[] = {
    {"type", type_good, type_met},
    {"enum", list_good, enum_met},
    {"const", any_good, const_met},
    {"pattern", pattern_good, pattern_met},
    {"minLength", schema_number_good, min_length_met},
    {"maxLength", schema_number_good, max_length_met},
    {"minimum", schema_number_good, minimum_met},
    {"maximum", schema_number_good, maximum_met},
    {"format", format_good, format_met},
    {"description", any_good, NULL},
    {"title", any_good, NULL},
    {"default", any_good, NULL},
    {"$comment", any_good, NULL},
    {"$id", any_good, NULL},
    {"$schema", any_good, NULL},
    {NULL, NULL, NULL},
};
