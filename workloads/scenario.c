#include "workloads/scenario.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/data.h"
#include "workloads/nearest.h"

enum { FILE_BYTES_MAX = 16 * 1024, SCENARIOS_MAX = 256 };

#define TOKENS_MOST 1e7

enum kind { KIND_NAME, KIND_TEXT, KIND_TOKENS };

struct field {
    const char *key;
    enum kind kind;
    size_t offset, room;
};

#define AT(member) offsetof(struct scenario, member), sizeof(((struct scenario *)0)->member)

static const struct field fields[] = {
    {"name", KIND_NAME, AT(name)},
    {"summary", KIND_TEXT, AT(summary)},
    {"prompt_tokens", KIND_TOKENS, AT(prompt_tokens)},
    {"generated_tokens", KIND_TOKENS, AT(generated_tokens)},
    {"source", KIND_TEXT, AT(source)},
};

enum { FIELDS = sizeof fields / sizeof *fields };

/* Names are words of the command line and of file names. */
static bool character_fits(char c, enum kind kind)
{
    if (kind == KIND_TEXT)
        return c >= ' ' && c <= '~';
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static enum status read_text(const struct field *field, const cJSON *item, char *out, struct error *error)
{
    const char *text = cJSON_GetStringValue(item);

    if (!text || !*text)
        return error_set(error, STATUS_FORMAT, "key '%s': must be a string that is not empty", field->key);
    if (strlen(text) >= field->room)
        return error_set(error, STATUS_FORMAT, "key '%s': longer than %zu characters", field->key, field->room - 1);
    for (const char *c = text; *c; c++)
        if (!character_fits(*c, field->kind))
            return error_set(error, STATUS_FORMAT, "key '%s': may hold only %s", field->key,
                             field->kind == KIND_TEXT ? "printable ASCII" : "a-z, 0-9, '_' and '-'");
    memcpy(out, text, strlen(text) + 1);
    return STATUS_OK;
}

static enum status read_field(const struct field *field, const cJSON *item, struct scenario *scenario,
                              struct error *error)
{
    void *out = (char *)scenario + field->offset;
    double number = cJSON_IsNumber(item) ? item->valuedouble : NAN;

    if (field->kind != KIND_TOKENS)
        return read_text(field, item, out, error);
    if (!(number >= 1 && number <= TOKENS_MOST) || number != floor(number))
        return error_set(error, STATUS_FORMAT, "key '%s': must be a whole number from 1 to %.0f", field->key,
                         TOKENS_MOST);
    *(size_t *)out = (size_t)number;
    return STATUS_OK;
}

/* Every key exactly once, and no other. */
static enum status read_object(const cJSON *object, struct scenario *scenario, struct error *error)
{
    const char *keys[FIELDS], *near;
    bool seen[FIELDS] = {false};
    const cJSON *item;

    for (size_t i = 0; i < FIELDS; i++)
        keys[i] = fields[i].key;
    cJSON_ArrayForEach(item, object)
    {
        size_t i = 0;
        while (i < FIELDS && strcmp(fields[i].key, item->string) != 0)
            i++;
        if (i == FIELDS) {
            near = nearest_word(item->string, keys, FIELDS);
            return error_set(error, STATUS_FORMAT, "unknown key '%.60s'%s%s%s", item->string,
                             near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        }
        if (seen[i])
            return error_set(error, STATUS_FORMAT, "key '%s' is there twice", item->string);
        seen[i] = true;
        enum status status = read_field(&fields[i], item, scenario, error);
        if (status)
            return status;
    }
    for (size_t i = 0; i < FIELDS; i++)
        if (!seen[i])
            return error_set(error, STATUS_FORMAT, "key '%s' is missing", fields[i].key);
    return STATUS_OK;
}

enum status scenario_parse(struct scenario *scenario, const char *text, size_t length, const char *origin,
                           struct error *error)
{
    cJSON *object = NULL;
    enum status status = data_object(text, length, FILE_BYTES_MAX, &object, error);

    *scenario = (struct scenario){0};
    if (!status)
        status = read_object(object, scenario, error);
    cJSON_Delete(object);
    if (status) {
        *scenario = (struct scenario){0};
        if (error)
            error_prefix(error, "%s", origin);
    }
    return status;
}

const char *scenario_directory(void)
{
    return data_directory("scenarios");
}

static int is_description(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 5, ".json") == 0;
}

static int compare_entries(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Names without ".json", in the entries' own storage; free each, then the list. */
static enum status read_names(struct dirent ***entries, size_t *count, struct error *error)
{
    int found = scandir(scenario_directory(), entries, is_description, compare_entries);

    *count = 0;
    if (found < 0)
        return error_set(error, STATUS_IO,
                         "cannot read the folder of scenarios %s: %s; POCKETMARK_DATA names the folder that holds "
                         "\"scenarios\"",
                         scenario_directory(), strerror(errno));
    *count = (size_t)found;
    for (size_t i = 0; i < *count; i++)
        (*entries)[i]->d_name[strlen((*entries)[i]->d_name) - 5] = '\0';
    return STATUS_OK;
}

static void free_names(struct dirent **entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

enum status scenario_list(void (*visit)(const char *name, void *context), void *context, struct error *error)
{
    struct dirent **entries = NULL;
    size_t count;
    enum status status = read_names(&entries, &count, error);

    for (size_t i = 0; i < count; i++)
        visit(entries[i]->d_name, context);
    free_names(entries, count);
    return status;
}

static enum status refuse_name(const char *name, struct error *error)
{
    const char *words[SCENARIOS_MAX], *near;
    struct dirent **entries = NULL;
    size_t count, known = 0;
    enum status status = read_names(&entries, &count, error);

    for (; known < count && known < SCENARIOS_MAX; known++)
        words[known] = entries[known]->d_name;
    near = nearest_word(name, words, known);
    if (!status)
        status =
            error_set(error, STATUS_MISUSE, "there is no scenario '%.80s'; %s%s%s'pocketmark list scenarios' names all",
                      name, near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
    free_names(entries, count);
    return status;
}

static bool is_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!character_fits(*c, KIND_NAME))
            return false;
    return *name != '\0';
}

enum status scenario_load(struct scenario *scenario, const char *name, struct error *error)
{
    char path[PATH_MAX], text[FILE_BYTES_MAX + 1];
    size_t length;
    FILE *file;
    enum status status;

    *scenario = (struct scenario){0};
    if (!is_name(name))
        return refuse_name(name, error);
    if (snprintf(path, sizeof path, "%s/%s.json", scenario_directory(), name) >= (int)sizeof path)
        return refuse_name(name, error);
    file = fopen(path, "rbe");
    if (!file && errno == ENOENT)
        return refuse_name(name, error);
    if (!file)
        return error_set(error, STATUS_IO, "cannot open %s: %s", path, strerror(errno));
    length = fread(text, 1, sizeof text, file);
    if (ferror(file))
        status = error_set(error, STATUS_IO, "cannot read %s: %s", path, strerror(errno));
    else
        status = scenario_parse(scenario, text, length, path, error);
    fclose(file);
    if (!status && strcmp(scenario->name, name) != 0) {
        status = error_set(error, STATUS_FORMAT, "%s: key 'name': is '%s'; it must be the file's name, '%s'", path,
                           scenario->name, name);
        *scenario = (struct scenario){0};
    }
    return status;
}
