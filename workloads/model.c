#include "workloads/model.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workloads/layout.h"
#include "workloads/nearest.h"

/* Where `make install` puts the descriptions, and where they lie among the sources. The build names both folders. */
#ifndef POCKETMARK_SHARE
#define POCKETMARK_SHARE "/usr/local/share/pocketmark"
#endif
#ifndef POCKETMARK_SOURCE
#define POCKETMARK_SOURCE "."
#endif

enum { DESCRIPTION_BYTES_MAX = 64 * 1024 };

/* Parameters of the llama3 scaling of rotation frequencies, as in a Hugging Face config.json. */
struct scaling {
    char kind[16];
    double factor, low_frequency_factor, high_frequency_factor;
    size_t original_context_tokens;
};

struct description {
    struct model model;
    struct scaling scaling;
    double parameter_count;
};

enum kind { KIND_NAME, KIND_TEXT, KIND_COUNT, KIND_REAL, KIND_FLAG, KIND_SCALING };

/* One key of a description: where its value goes, and its range (KIND_COUNT, KIND_REAL) or room (texts). */
struct field {
    const char *key;
    enum kind kind;
    size_t offset, room;
    double least, most;
};

#define AT(member) offsetof(struct description, member), sizeof(((struct description *)0)->member)

/* Ranges here only keep conversions safe; model_lay_out judges the shape. */
static const struct field description_fields[] = {
    {"name", KIND_NAME, AT(model.name), 0, 0},
    {"architecture", KIND_NAME, AT(model.architecture), 0, 0},
    {"license", KIND_TEXT, AT(model.license), 0, 0},
    {"source", KIND_TEXT, AT(model.source), 0, 0},
    {"parameter_count", KIND_REAL, AT(parameter_count), 1, 0x1p53},
    {"vocab_size", KIND_COUNT, AT(model.vocabulary), 1, 0x1p31},
    {"hidden_size", KIND_COUNT, AT(model.hidden), 1, 0x1p31},
    {"num_hidden_layers", KIND_COUNT, AT(model.layers), 1, 0x1p31},
    {"num_attention_heads", KIND_COUNT, AT(model.heads), 1, 0x1p31},
    {"num_key_value_heads", KIND_COUNT, AT(model.kv_heads), 1, 0x1p31},
    {"head_dim", KIND_COUNT, AT(model.head_size), 1, 0x1p31},
    {"intermediate_size", KIND_COUNT, AT(model.feed_forward), 1, 0x1p31},
    {"max_position_embeddings", KIND_COUNT, AT(model.context_tokens), 1, 0x1p31},
    {"rms_norm_eps", KIND_REAL, AT(model.norm_epsilon), 1e-30, 1},
    {"tie_word_embeddings", KIND_FLAG, AT(model.tied), 0, 0},
    {"rope_theta", KIND_REAL, AT(model.rope_base), 1, 1e15},
    {"rope_dimension_count", KIND_COUNT, AT(model.rope_dimensions), 1, 0x1p31},
    {"rope_scaling", KIND_SCALING, 0, 0, 0, 0},
};

static const struct field scaling_fields[] = {
    {"rope_type", KIND_NAME, AT(scaling.kind), 0, 0},
    {"factor", KIND_REAL, AT(scaling.factor), 1, 1e6},
    {"low_freq_factor", KIND_REAL, AT(scaling.low_frequency_factor), 1e-6, 1e6},
    {"high_freq_factor", KIND_REAL, AT(scaling.high_frequency_factor), 1e-6, 1e6},
    {"original_max_position_embeddings", KIND_COUNT, AT(scaling.original_context_tokens), 1, 0x1p30},
};

enum {
    DESCRIPTION_FIELDS = sizeof description_fields / sizeof *description_fields,
    SCALING_FIELDS = sizeof scaling_fields / sizeof *scaling_fields,
};

static bool character_fits(char c, enum kind kind)
{
    if (kind == KIND_TEXT)
        return c >= ' ' && c <= '~';
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

static enum status read_text(const struct field *field, const cJSON *item, char *out, struct error *error)
{
    const char *text = cJSON_GetStringValue(item);

    if (!text)
        return error_set(error, STATUS_FORMAT, "key '%s': must be a string", field->key);
    if (strlen(text) >= field->room)
        return error_set(error, STATUS_FORMAT, "key '%s': longer than %zu characters", field->key, field->room - 1);
    for (const char *c = text; *c; c++)
        if (!character_fits(*c, field->kind))
            return error_set(error, STATUS_FORMAT, "key '%s': may hold only %s", field->key,
                             field->kind == KIND_TEXT ? "printable ASCII" : "a-z, 0-9, '.', '_' and '-'");
    if (field->kind == KIND_NAME && !*text)
        return error_set(error, STATUS_FORMAT, "key '%s': must not be empty", field->key);
    strcpy(out, text);
    return STATUS_OK;
}

static enum status read_number(const struct field *field, const cJSON *item, void *out, struct error *error)
{
    double value = cJSON_GetNumberValue(item);
    bool whole = field->kind == KIND_COUNT;

    if (!cJSON_IsNumber(item))
        return error_set(error, STATUS_FORMAT, "key '%s': must be a number", field->key);
    if (!(value >= field->least && value <= field->most) || (whole && value != floor(value)))
        return error_set(error, STATUS_FORMAT, "key '%s': is %.17g; must be a %s from %g to %.17g", field->key, value,
                         whole ? "whole number" : "number", field->least, field->most);
    if (whole)
        *(size_t *)out = (size_t)value;
    else
        *(double *)out = value;
    return STATUS_OK;
}

static enum status read_object(const struct field *fields, size_t count, const cJSON *object,
                               struct description *description, struct error *error);

static enum status read_field(const struct field *field, const cJSON *item, struct description *description,
                              struct error *error)
{
    char *out = (char *)description + field->offset;
    enum status status = STATUS_OK;

    switch (field->kind) {
    case KIND_NAME:
    case KIND_TEXT:
        return read_text(field, item, out, error);
    case KIND_COUNT:
    case KIND_REAL:
        return read_number(field, item, out, error);
    case KIND_FLAG:
        if (!cJSON_IsBool(item))
            return error_set(error, STATUS_FORMAT, "key '%s': must be true or false", field->key);
        *(bool *)out = cJSON_IsTrue(item);
        break;
    case KIND_SCALING:
        description->model.rope_scaled = cJSON_IsObject(item);
        if (cJSON_IsNull(item))
            break;
        if (!cJSON_IsObject(item))
            return error_set(error, STATUS_FORMAT, "key '%s': must be null or an object", field->key);
        status = read_object(scaling_fields, SCALING_FIELDS, item, description, error);
        if (status && error)
            error_prefix(error, "key '%s'", field->key);
        break;
    }
    return status;
}

static enum status refuse_key(const struct field *fields, size_t count, const char *key, struct error *error)
{
    const char *keys[DESCRIPTION_FIELDS], *near;

    for (size_t i = 0; i < count; i++)
        keys[i] = fields[i].key;
    near = nearest_word(key, keys, count);
    return error_set(error, STATUS_FORMAT, "unknown key '%.60s'%s%s%s", key, near ? "; did you mean '" : "",
                     near ? near : "", near ? "'?" : "");
}

/* Every key exactly once, and no other. */
static enum status read_object(const struct field *fields, size_t count, const cJSON *object,
                               struct description *description, struct error *error)
{
    bool seen[DESCRIPTION_FIELDS] = {false};
    const cJSON *item;

    cJSON_ArrayForEach(item, object)
    {
        size_t i = 0;
        while (i < count && strcmp(fields[i].key, item->string) != 0)
            i++;
        if (i == count)
            return refuse_key(fields, count, item->string, error);
        if (seen[i])
            return error_set(error, STATUS_FORMAT, "key '%s' is there twice", item->string);
        seen[i] = true;
        enum status status = read_field(&fields[i], item, description, error);
        if (status)
            return status;
    }
    for (size_t i = 0; i < count; i++)
        if (!seen[i])
            return error_set(error, STATUS_FORMAT, "key '%s' is missing", fields[i].key);
    return STATUS_OK;
}

/* The divisors that a conversion to GGUF ships as rope_freqs.weight: frequencies whose wavelength exceeds the original
 * context are divided by the factor, short ones are kept, those between are blended. In single precision, as there. */
static enum status scale_rope(struct model *model, const struct scaling *scaling, struct error *error)
{
    float factor = (float)scaling->factor, low = (float)scaling->low_frequency_factor,
          high = (float)scaling->high_frequency_factor, original = (float)scaling->original_context_tokens;

    if (strcmp(scaling->kind, "llama3") != 0)
        return error_set(error, STATUS_UNSUPPORTED, "key 'rope_scaling': rope_type '%s' is not supported; only llama3",
                         scaling->kind);
    if (!(low < high))
        return error_set(error, STATUS_FORMAT,
                         "key 'rope_scaling': low_freq_factor %g is not below high_freq_factor %g",
                         scaling->low_frequency_factor, scaling->high_frequency_factor);
    for (size_t i = 0; i < model->rope_dimensions / 2; i++) {
        float exponent = (float)(2 * i) / (float)model->rope_dimensions;
        float frequency = 1 / (float)pow(model->rope_base, (double)exponent);
        float wavelength = (float)(2 * 3.14159265358979323846) / frequency;
        float smooth = (original / wavelength - low) / (high - low);

        if (wavelength < original / high)
            model->rope_divisors[i] = 1;
        else if (wavelength > original / low)
            model->rope_divisors[i] = factor;
        else
            model->rope_divisors[i] = 1 / ((1 - smooth) / factor + smooth);
    }
    return layout_check_divisors(model, error);
}

static enum status complete(struct description *description, struct error *error)
{
    struct model *model = &description->model;
    enum status status = model_lay_out(model, error);

    if (!status && model->rope_scaled)
        status = scale_rope(model, &description->scaling, error);
    if (!status && description->parameter_count != (double)model_parameter_count(model))
        status = error_set(error, STATUS_FORMAT,
                           "key 'parameter_count': is %.0f, but the other keys make %llu; one of them is wrong",
                           description->parameter_count, (unsigned long long)model_parameter_count(model));
    return status;
}

static enum status parse(struct description *description, const char *text, struct error *error)
{
    const char *end = text;
    cJSON *root = cJSON_ParseWithLengthOpts(text, strlen(text) + 1, &end, true);
    enum status status;

    if (!root)
        return error_set(error, STATUS_FORMAT, "not valid JSON at byte %zu", (size_t)(end - text));
    if (cJSON_IsObject(root))
        status = read_object(description_fields, DESCRIPTION_FIELDS, root, description, error);
    else
        status = error_set(error, STATUS_FORMAT, "must be a JSON object");
    cJSON_Delete(root);
    return status ? status : complete(description, error);
}

enum status model_parse(struct model *model, const char *text, size_t length, const char *origin, struct error *error)
{
    struct description description = {0};
    enum status status;
    char *copy = NULL;

    *model = (struct model){0};
    if (length > DESCRIPTION_BYTES_MAX) {
        status = error_set(error, STATUS_FORMAT, "longer than %d bytes", DESCRIPTION_BYTES_MAX);
        goto out;
    }
    copy = malloc(length + 1);
    if (!copy) {
        status = error_set(error, STATUS_MEMORY, "no memory for %zu bytes", length);
        goto out;
    }
    /* cJSON reads past the end of texts without a zero byte, and takes an escaped one for the end of a string. */
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (strlen(copy) != length || strstr(copy, "\\u0000"))
        status = error_set(error, STATUS_FORMAT, "holds a zero byte");
    else
        status = parse(&description, copy, error);
out:
    free(copy);
    if (status == STATUS_OK)
        *model = description.model;
    else
        model_free(&description.model);
    if (status && error)
        error_prefix(error, "%s", origin);
    return status;
}

static bool is_directory(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

const char *model_directory(void)
{
    static _Thread_local char path[PATH_MAX];
    const char *data = getenv("POCKETMARK_DATA");

    if (data && *data) {
        snprintf(path, sizeof path, "%s/models", data);
        return path;
    }
    if (is_directory(POCKETMARK_SHARE "/models"))
        return POCKETMARK_SHARE "/models";
    return POCKETMARK_SOURCE "/workloads/models";
}

struct names {
    char **items;
    size_t count, capacity;
};

static void names_free(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
    *names = (struct names){0};
}

static enum status names_add(struct names *names, const char *name, size_t length, struct error *error)
{
    if (names->count == names->capacity) {
        size_t capacity = names->capacity ? 2 * names->capacity : 32;
        char **items = realloc(names->items, capacity * sizeof *items);
        if (!items)
            return error_set(error, STATUS_MEMORY, "no memory for %zu model names", capacity);
        names->items = items;
        names->capacity = capacity;
    }
    names->items[names->count] = strndup(name, length);
    if (!names->items[names->count])
        return error_set(error, STATUS_MEMORY, "no memory for a model name");
    names->count++;
    return STATUS_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The described models in alphabetical order; the caller frees them, in case of an error too. */
static enum status names_read(struct names *names, struct error *error)
{
    const char *folder = model_directory();
    DIR *directory = opendir(folder);
    enum status status = STATUS_OK;

    if (!directory)
        return error_set(error, STATUS_IO,
                         "cannot read the folder of model descriptions %s: %s; POCKETMARK_DATA names "
                         "the folder that holds \"models\"",
                         folder, strerror(errno));
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (!entry)
            break;
        size_t length = strlen(entry->d_name);
        if (length > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 5, ".json") == 0)
            status = names_add(names, entry->d_name, length - 5, error);
        if (status)
            goto out;
    }
    if (errno)
        status =
            error_set(error, STATUS_IO, "cannot read the folder of model descriptions %s: %s", folder, strerror(errno));
    if (names->count)
        qsort(names->items, names->count, sizeof *names->items, compare_names);
out:
    closedir(directory);
    return status;
}

enum status model_list(void (*visit)(const char *name, void *context), void *context, struct error *error)
{
    struct names names = {0};
    enum status status = names_read(&names, error);

    for (size_t i = 0; i < names.count && !status; i++)
        visit(names.items[i], context);
    names_free(&names);
    return status;
}

static enum status refuse_name(const char *name, struct error *error)
{
    struct names names = {0};
    enum status status = names_read(&names, error);
    const char *near;

    if (!status) {
        near = nearest_word(name, (const char *const *)names.items, names.count);
        status = error_set(error, STATUS_MISUSE, "there is no model '%.80s'; %s%s%s'pocketmark list models' names all",
                           name, near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
    }
    names_free(&names);
    return status;
}

static bool is_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!character_fits(*c, KIND_NAME))
            return false;
    return *name != '\0' && *name != '.';
}

/* Reads a whole small file; *length is at most `room`. */
static enum status read_file(int file, const char *path, char *text, size_t room, size_t *length, struct error *error)
{
    *length = 0;
    while (*length < room) {
        ssize_t got = read(file, text + *length, room - *length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(error, STATUS_IO, "cannot read %s: %s", path, strerror(errno));
        if (got == 0)
            break;
        *length += (size_t)got;
    }
    return STATUS_OK;
}

enum status model_load(struct model *model, const char *name, struct error *error)
{
    char path[PATH_MAX], *text = NULL;
    enum status status;
    size_t length;
    int file = -1;

    *model = (struct model){0};
    if (!is_name(name))
        return refuse_name(name, error);
    snprintf(path, sizeof path, "%s/%s.json", model_directory(), name);
    file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0 && errno == ENOENT)
        return refuse_name(name, error);
    if (file < 0)
        return error_set(error, STATUS_IO, "cannot open %s: %s", path, strerror(errno));
    text = malloc(DESCRIPTION_BYTES_MAX + 1);
    if (!text) {
        status = error_set(error, STATUS_MEMORY, "no memory to read %s", path);
        goto out;
    }
    status = read_file(file, path, text, DESCRIPTION_BYTES_MAX + 1, &length, error);
    if (!status)
        status = model_parse(model, text, length, path, error);
    if (!status && strcmp(model->name, name) != 0) {
        status = error_set(error, STATUS_FORMAT, "%s: key 'name': is '%s'; it must be the file's name, '%s'", path,
                           model->name, name);
        model_free(model);
    }
out:
    free(text);
    close(file);
    return status;
}
