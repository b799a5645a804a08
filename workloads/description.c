#include "workloads/description.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/data.h"
#include "workloads/layout.h"
#include "workloads/nearest.h"

/* Parameters of the scaling of rotation frequencies, as in a Hugging Face config.json. */
struct scaling {
    char kind[16];
    double low_frequency_factor, high_frequency_factor; /* llama3 */
    size_t original_context_tokens;
    double magnitude_scale, magnitude_scale_all; /* yarn */
    size_t divisor_count, short_divisor_count;   /* longrope: lengths of the lists */
};

struct description {
    struct model model;
    struct scaling scaling;
    double parameter_count, query_scalar;
    size_t kv_shared_layers;
};

enum kind { KIND_NAME, KIND_TEXT, KIND_COUNT, KIND_REAL, KIND_FLAG, KIND_SCALING, KIND_DIVISORS };

/* One key of a description: where its value goes, and its range (KIND_COUNT, KIND_REAL) or room (texts). */
struct field {
    const char *key;
    enum kind kind;
    size_t offset, room;
    double least, most;
    const char *among; /* architectures, or kinds of scaling, that have the key; NULL: all */
    size_t length;     /* KIND_DIVISORS: where the length of the list goes */
};

#define AT(member) offsetof(struct description, member), sizeof(((struct description *)0)->member)

/* Ranges here only keep conversions safe; model_lay_out judges the shape. */
static const struct field description_fields[] = {
    {"name", KIND_NAME, AT(model.name), 0, 0, NULL, 0},
    {"architecture", KIND_NAME, AT(model.architecture_name), 0, 0, NULL, 0},
    {"license", KIND_TEXT, AT(model.license), 0, 0, NULL, 0},
    {"source", KIND_TEXT, AT(model.source), 0, 0, NULL, 0},
    {"inexact", KIND_FLAG, AT(model.inexact), 0, 0, NULL, 0},
    {"parameter_count", KIND_REAL, AT(parameter_count), 1, 0x1p53, NULL, 0},
    {"vocab_size", KIND_COUNT, AT(model.vocabulary), 1, 0x1p31, NULL, 0},
    {"hidden_size", KIND_COUNT, AT(model.hidden), 1, 0x1p31, NULL, 0},
    {"num_hidden_layers", KIND_COUNT, AT(model.layers), 1, 0x1p31, NULL, 0},
    {"num_attention_heads", KIND_COUNT, AT(model.heads), 1, 0x1p31, NULL, 0},
    {"num_key_value_heads", KIND_COUNT, AT(model.kv_heads), 1, 0x1p31, NULL, 0},
    {"head_dim", KIND_COUNT, AT(model.head_size), 1, 0x1p31, NULL, 0},
    {"intermediate_size", KIND_COUNT, AT(model.feed_forward), 1, 0x1p31, NULL, 0},
    {"max_position_embeddings", KIND_COUNT, AT(model.context_tokens), 1, 0x1p31, NULL, 0},
    {"rms_norm_eps", KIND_REAL, AT(model.norm_epsilon), 1e-30, 1, NULL, 0},
    {"tie_word_embeddings", KIND_FLAG, AT(model.tied), 0, 0, NULL, 0},
    {"rope_theta", KIND_REAL, AT(model.rope.base), 1, 1e15, NULL, 0},
    {"rope_dimension_count", KIND_COUNT, AT(model.rope.dimensions), 1, 0x1p31, NULL, 0},
    {"rope_scaling", KIND_SCALING, 0, 0, 0, 0, NULL, 0},
    {"sliding_window", KIND_COUNT, AT(model.window), 1, 0x1p30, "gemma2 gemma3", 0},
    {"rope_local_base_freq", KIND_REAL, AT(model.local_rope_base), 1, 1e15, "gemma3", 0},
    {"query_pre_attn_scalar", KIND_REAL, AT(query_scalar), 1e-6, 1e6, "gemma2 gemma3", 0},
    {"attn_logit_softcapping", KIND_REAL, AT(model.attention_softcap), 1e-6, 1e6, "gemma2", 0},
    {"final_logit_softcapping", KIND_REAL, AT(model.logit_softcap), 1e-6, 1e6, "gemma2", 0},
    {"embedding_multiplier", KIND_REAL, AT(model.embedding_scale), 1e-6, 1e6, "granite", 0},
    {"residual_multiplier", KIND_REAL, AT(model.residual_scale), 1e-6, 1e6, "granite", 0},
    {"attention_multiplier", KIND_REAL, AT(model.attention_scale), 1e-6, 1e6, "granite", 0},
    {"logits_scaling", KIND_REAL, AT(model.logit_divisor), 1e-6, 1e6, "granite", 0},
    {"no_rope_layer_interval", KIND_COUNT, AT(model.unrotated_period), 1, MODEL_LAYERS_MAX, "smollm3", 0},
    {"temperature_scale", KIND_REAL, AT(model.temperature_scale), 0, 1e3, "mistral3", 0},
    {"num_kv_shared_layers", KIND_COUNT, AT(kv_shared_layers), 1, 0x1p31, "afm", 0},
};

#define LONG AT(model.rope.divisors), 1e-6, 1e6, "longrope", offsetof(struct description, scaling.divisor_count)
#define SHORT                                                                                                          \
    AT(model.rope.short_divisors), 1e-6, 1e6, "longrope", offsetof(struct description, scaling.short_divisor_count)

static const struct field scaling_fields[] = {
    {"rope_type", KIND_NAME, AT(scaling.kind), 0, 0, NULL, 0},
    {"factor", KIND_REAL, AT(model.rope.factor), 1, 1e6, "llama3 linear yarn", 0},
    {"low_freq_factor", KIND_REAL, AT(scaling.low_frequency_factor), 1e-6, 1e6, "llama3", 0},
    {"high_freq_factor", KIND_REAL, AT(scaling.high_frequency_factor), 1e-6, 1e6, "llama3", 0},
    {"original_max_position_embeddings", KIND_COUNT, AT(scaling.original_context_tokens), 1, 0x1p30,
     "llama3 yarn longrope", 0},
    {"beta_fast", KIND_REAL, AT(model.rope.yarn_beta_fast), 1e-6, 1e6, "yarn", 0},
    {"beta_slow", KIND_REAL, AT(model.rope.yarn_beta_slow), 1e-6, 1e6, "yarn", 0},
    {"mscale", KIND_REAL, AT(scaling.magnitude_scale), 0, 1e3, "yarn", 0},
    {"mscale_all_dim", KIND_REAL, AT(scaling.magnitude_scale_all), 0, 1e3, "yarn", 0},
    {"attention_factor", KIND_REAL, AT(model.rope.magnitude), 1e-3, 1e3, "longrope", 0},
    {"long_factor", KIND_DIVISORS, LONG},
    {"short_factor", KIND_DIVISORS, SHORT},
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

static enum status read_divisors(const struct field *field, const cJSON *item, struct description *description,
                                 struct error *error)
{
    float *out = (float *)((char *)description + field->offset);
    size_t *length = (size_t *)((char *)description + field->length);
    const cJSON *element;

    if (!cJSON_IsArray(item))
        return error_set(error, STATUS_FORMAT, "key '%s': must be a list of numbers", field->key);
    *length = 0;
    cJSON_ArrayForEach(element, item)
    {
        double value = cJSON_GetNumberValue(element);
        if (*length == field->room / sizeof *out)
            return error_set(error, STATUS_FORMAT, "key '%s': longer than %zu numbers", field->key, *length);
        if (!(value >= field->least && value <= field->most))
            return error_set(error, STATUS_FORMAT, "key '%s': element %zu is %g; must be a number from %g to %g",
                             field->key, *length, value, field->least, field->most);
        out[(*length)++] = (float)value;
    }
    return STATUS_OK;
}

static enum status read_scaling(const cJSON *item, struct description *description, struct error *error);

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
        status = read_scaling(item, description, error);
        if (status && error)
            error_prefix(error, "key '%s'", field->key);
        break;
    case KIND_DIVISORS:
        return read_divisors(field, item, description, error);
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

/* Fields of an object, and the word among them that decides which ones there must be. */
struct form {
    const struct field *fields;
    size_t count;
    const char *what; /* "architecture" */
    enum status (*check_word)(const char *word, struct error *error);
    const char *(*word)(const struct description *description);
};

/* Those that belong to the word must be there, the others must not. */
static enum status check_presence(const struct form *form, const char *word, const bool *seen, struct error *error)
{
    for (size_t i = 0; i < form->count; i++) {
        const struct field *field = &form->fields[i];
        bool wanted = !field->among || layout_is_among(word, field->among);

        if (wanted && !seen[i])
            return error_set(error, STATUS_FORMAT, "key '%s' is missing", field->key);
        if (!wanted && seen[i])
            return error_set(error, STATUS_FORMAT, "key '%s' is not for %s %s, only for %s", field->key, form->what,
                             word, field->among);
    }
    return STATUS_OK;
}

/* Every key exactly once, and no other. */
static enum status read_object(const struct form *form, const cJSON *object, struct description *description,
                               struct error *error)
{
    bool seen[DESCRIPTION_FIELDS] = {false};
    const char *word;
    const cJSON *item;
    enum status status;

    cJSON_ArrayForEach(item, object)
    {
        size_t i = 0;
        while (i < form->count && strcmp(form->fields[i].key, item->string) != 0)
            i++;
        if (i == form->count)
            return refuse_key(form->fields, form->count, item->string, error);
        if (seen[i])
            return error_set(error, STATUS_FORMAT, "key '%s' is there twice", item->string);
        seen[i] = true;
        status = read_field(&form->fields[i], item, description, error);
        if (status)
            return status;
    }
    word = form->word(description);
    if (*word) {
        status = form->check_word(word, error);
        if (status)
            return status;
    }
    return check_presence(form, word, seen, error);
}

static const char *architecture_of(const struct description *description)
{
    return description->model.architecture_name;
}

static const char *scaling_of(const struct description *description)
{
    return description->scaling.kind;
}

static const struct {
    const char *name;
    enum rope_scaling scaling;
} scalings[] = {{"llama3", ROPE_LLAMA3}, {"linear", ROPE_LINEAR}, {"yarn", ROPE_YARN}, {"longrope", ROPE_LONGROPE}};

static enum status check_scaling_word(const char *word, struct error *error)
{
    for (size_t i = 0; i < sizeof scalings / sizeof *scalings; i++)
        if (strcmp(scalings[i].name, word) == 0)
            return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED,
                     "rope_type '%s' is not supported; supported: llama3, linear, yarn, longrope", word);
}

static const struct form description_form = {description_fields, DESCRIPTION_FIELDS, "architecture",
                                             layout_check_architecture, architecture_of};
static const struct form scaling_form = {scaling_fields, SCALING_FIELDS, "rope_type", check_scaling_word, scaling_of};

static enum status read_scaling(const cJSON *item, struct description *description, struct error *error)
{
    enum status status;

    if (cJSON_IsNull(item))
        return STATUS_OK;
    if (!cJSON_IsObject(item))
        return error_set(error, STATUS_FORMAT, "must be null or an object");
    status = read_object(&scaling_form, item, description, error);
    for (size_t i = 0; i < sizeof scalings / sizeof *scalings; i++)
        if (strcmp(scalings[i].name, description->scaling.kind) == 0)
            description->model.rope.scaling = scalings[i].scaling;
    return status;
}

/* The divisors that a conversion to GGUF ships as rope_freqs.weight: frequencies whose wavelength exceeds the original
 * context are divided by the factor, short ones are kept, those between are blended. In single precision, as there. */
static enum status scale_llama3(struct model *model, const struct scaling *scaling, struct error *error)
{
    float factor = (float)model->rope.factor, low = (float)scaling->low_frequency_factor,
          high = (float)scaling->high_frequency_factor, original = (float)scaling->original_context_tokens;

    if (!(low < high))
        return error_set(error, STATUS_FORMAT,
                         "key 'rope_scaling': low_freq_factor %g is not below high_freq_factor %g",
                         scaling->low_frequency_factor, scaling->high_frequency_factor);
    for (size_t i = 0; i < model->rope.dimensions / 2; i++) {
        float exponent = (float)(2 * i) / (float)model->rope.dimensions;
        float frequency = 1 / (float)pow(model->rope.base, (double)exponent);
        float wavelength = (float)(2 * 3.14159265358979323846) / frequency;
        float smooth = (original / wavelength - low) / (high - low);

        if (wavelength < original / high)
            model->rope.divisors[i] = 1;
        else if (wavelength > original / low)
            model->rope.divisors[i] = factor;
        else
            model->rope.divisors[i] = 1 / ((1 - smooth) / factor + smooth);
    }
    model->rope.factor = 1;
    return layout_check_divisors(model, error);
}

/* What a config.json means by mscale (DeepSeek's yarn_get_mscale). */
static double yarn_magnitude(double factor, double scale)
{
    return factor > 1 ? 1 + 0.1 * scale * log(factor) : 1;
}

/* After the layout, which judges the number of rotated dimensions. */
static enum status scale_rope(struct description *description, struct error *error)
{
    const struct scaling *scaling = &description->scaling;
    struct model *model = &description->model;
    size_t pairs = model->rope.dimensions / 2;

    if (model->rope.scaling == ROPE_LLAMA3)
        return scale_llama3(model, scaling, error);
    if (model->rope.scaling == ROPE_LONGROPE &&
        (scaling->divisor_count != pairs || scaling->short_divisor_count != pairs))
        return error_set(error, STATUS_FORMAT,
                         "key 'rope_scaling': long_factor has %zu numbers and short_factor %zu; the rotated dimensions "
                         "ask for %zu",
                         scaling->divisor_count, scaling->short_divisor_count, pairs);
    return layout_check_divisors(model, error);
}

/* Fields of the model that a key gives in another form. */
static enum status derive(struct description *description, struct error *error)
{
    const struct scaling *scaling = &description->scaling;
    struct model *model = &description->model;

    if (description->query_scalar > 0)
        model->attention_scale = 1 / sqrt(description->query_scalar);
    if (description->kv_shared_layers >= model->layers)
        return error_set(error, STATUS_FORMAT, "key 'num_kv_shared_layers': is %zu; the model has %zu layers",
                         description->kv_shared_layers, model->layers);
    if (description->kv_shared_layers > 0)
        model->kv_shared_from = model->layers - description->kv_shared_layers;
    if (model->rope.scaling == ROPE_YARN || model->rope.scaling == ROPE_LONGROPE)
        model->rope.original_context_tokens = scaling->original_context_tokens;
    if (model->rope.scaling == ROPE_YARN)
        model->rope.magnitude = yarn_magnitude(model->rope.factor, scaling->magnitude_scale) /
                                yarn_magnitude(model->rope.factor, scaling->magnitude_scale_all);
    layout_set_constants(model);
    return STATUS_OK;
}

static enum status complete(struct description *description, struct error *error)
{
    struct model *model = &description->model;
    enum status status = derive(description, error);

    if (!status)
        status = model_lay_out(model, error);
    if (!status)
        status = scale_rope(description, error);
    if (!status && description->parameter_count != (double)model_parameter_count(model))
        status = error_set(error, STATUS_FORMAT,
                           "key 'parameter_count': is %.0f, but the other keys make %llu; one of them is wrong",
                           description->parameter_count, (unsigned long long)model_parameter_count(model));
    return status;
}

enum status model_parse(struct model *model, const char *text, size_t length, const char *origin, struct error *error)
{
    struct description description = {0};
    cJSON *object = NULL;
    enum status status = data_object(text, length, DESCRIPTION_BYTES_MAX, &object, error);

    *model = (struct model){0};
    if (!status)
        status = read_object(&description_form, object, &description, error);
    cJSON_Delete(object);
    if (!status)
        status = complete(&description, error);
    if (status == STATUS_OK)
        *model = description.model;
    else
        model_free(&description.model);
    if (status && error)
        error_prefix(error, "%s", origin);
    return status;
}

bool description_is_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!character_fits(*c, KIND_NAME))
            return false;
    return *name != '\0' && *name != '.';
}
