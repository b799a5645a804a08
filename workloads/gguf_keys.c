#include "workloads/gguf_keys.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "workloads/layout.h"

/* What a key stands for when a file leaves it out, as llama.cpp has it. NEUTRAL: the field stays 0, which model_lay_out
 * takes for what changes nothing. */
enum absence { REQUIRED, NEUTRAL, SAME_AS_HEADS, HIDDEN_OVER_HEADS, A_NUMBER };

/* One hyperparameter: a count (size_t) or a real (double) of struct model. */
struct key {
    const char *name; /* behind "ARCHITECTURE." */
    size_t offset;
    bool real;
    enum absence absence;
    double number; /* for A_NUMBER */
    const char *
        among; /* architectures that have the key; NULL: all. In others it may only have a value that changes nothing */
    double neutral; /* that value, beside 0 */
};

#define COUNT(member) offsetof(struct model, member), false
#define REAL(member)  offsetof(struct model, member), true

/* Later ones may default to earlier ones. */
static const struct key keys[] = {
    {"block_count", COUNT(layers), REQUIRED, 0, NULL, 0},
    {"context_length", COUNT(context_tokens), REQUIRED, 0, NULL, 0},
    {"embedding_length", COUNT(hidden), REQUIRED, 0, NULL, 0},
    {"feed_forward_length", COUNT(feed_forward), REQUIRED, 0, NULL, 0},
    {"attention.head_count", COUNT(heads), REQUIRED, 0, NULL, 0},
    {"attention.head_count_kv", COUNT(kv_heads), SAME_AS_HEADS, 0, NULL, 0},
    {"attention.key_length", COUNT(head_size), HIDDEN_OVER_HEADS, 0, NULL, 0},
    {"attention.layer_norm_rms_epsilon", REAL(norm_epsilon), REQUIRED, 0, NULL, 0},
    {"rope.freq_base", REAL(rope.base), A_NUMBER, 10000, NULL, 0},
    {"rope.freq_base_swa", REAL(local_rope_base), NEUTRAL, 0, "gemma3", 0},
    {"attention.sliding_window", COUNT(window), A_NUMBER, 4096, "gemma2", 0},
    {"attention.sliding_window", COUNT(window), NEUTRAL, 0, "gemma3 phi3", 0},
    {"attention.sliding_window_pattern", COUNT(global_period), NEUTRAL, 0, "gemma3", 0},
    {"attn_logit_softcapping", REAL(attention_softcap), A_NUMBER, 50, "gemma2", 0},
    {"final_logit_softcapping", REAL(logit_softcap), A_NUMBER, 30, "gemma2", 0},
    {"final_logit_softcapping", REAL(logit_softcap), NEUTRAL, 0, "gemma3", 0},
    {"embedding_scale", REAL(embedding_scale), NEUTRAL, 0, "granite", 1},
    {"residual_scale", REAL(residual_scale), NEUTRAL, 0, "granite", 1},
    {"logit_scale", REAL(logit_divisor), NEUTRAL, 0, "granite", 1},
    {"attention.scale", REAL(attention_scale), NEUTRAL, 0, "granite", 0},
    {"attention.temperature_scale", REAL(temperature_scale), NEUTRAL, 0, "mistral3", 0},
};

/* Keys that change the arithmetic in a way that no architecture here has, and the values at which they do not. */
static const struct {
    const char *name;
    bool real;
    double neutral, also_neutral;
} foreign_keys[] = {
    {"expert_count", false, 0, 0},
    {"attention.clamp_kqv", true, 0, 0},
    {"attention.max_alibi_bias", true, 0, 0},
    {"attention.shared_kv_layers", false, 0, 0},
    {"rope.scaling.yarn_ext_factor", true, 1, -1},
    {"rope.scaling.yarn_attn_factor", true, 1, 1},
};

struct full_key {
    char text[96];
};

static struct full_key full_key(const struct model *model, const char *name)
{
    struct full_key full;

    snprintf(full.text, sizeof full.text, "%s.%s", model->architecture_name, name);
    return full;
}

const struct gguf_pair *gguf_model_pair(const struct model *model, const struct gguf_parts *parts, const char *name)
{
    return gguf_index_pair(&parts->items[0].index, full_key(model, name).text);
}

static enum status read_architecture(struct model *model, const struct gguf_parts *parts, struct error *error)
{
    const struct gguf_pair *architecture = gguf_index_pair(&parts->items[0].index, "general.architecture");
    enum status status;

    if (!architecture)
        return error_set(error, STATUS_FORMAT, "key 'general.architecture' is missing");
    status = gguf_pair_text(architecture, model->architecture_name, sizeof model->architecture_name, error);
    if (status)
        return status;
    /* Before anything else: no other rule holds for an architecture we do not know. */
    status = layout_check_architecture(gguf_show(architecture->text).text, error);
    if (status)
        return error ? error_prefix(error, "key 'general.architecture'") : status;
    if (layout_constants(model->architecture_name)->described_only)
        return error_set(error, STATUS_UNSUPPORTED,
                         "key 'general.architecture': there is no file format of architecture '%s'; use one of the "
                         "described models",
                         model->architecture_name);
    return STATUS_OK;
}

static enum status apply_absence(struct model *model, const struct key *key, struct error *error)
{
    char *out = (char *)model + key->offset;

    switch (key->absence) {
    case NEUTRAL:
        break;
    case SAME_AS_HEADS:
        model->kv_heads = model->heads;
        break;
    case HIDDEN_OVER_HEADS:
        if (model->heads == 0 || model->hidden % model->heads != 0)
            return error_set(error, STATUS_FORMAT,
                             "key '%s' is missing, and the hidden size, %zu, is no multiple of the %zu heads",
                             full_key(model, key->name).text, model->hidden, model->heads);
        model->head_size = model->hidden / model->heads;
        break;
    case A_NUMBER:
        if (key->real)
            *(double *)out = key->number;
        else
            *(size_t *)out = (size_t)key->number;
        break;
    case REQUIRED:
        return error_set(error, STATUS_FORMAT, "key '%s' is missing", full_key(model, key->name).text);
    }
    return STATUS_OK;
}

enum status gguf_pair_size(const struct gguf_pair *pair, size_t *value, struct error *error)
{
    uint64_t count;
    enum status status = gguf_pair_count(pair, &count, error);

    if (status)
        return status;
    if (count > UINT32_MAX)
        return error_set(error, STATUS_FORMAT, "key '%s': %" PRIu64 " is too large", gguf_show(pair->key).text, count);
    *value = (size_t)count;
    return STATUS_OK;
}

static enum status read_key(struct model *model, const struct gguf_parts *parts, const struct key *key,
                            struct error *error)
{
    const struct gguf_pair *pair = gguf_model_pair(model, parts, key->name);
    char *out = (char *)model + key->offset;

    if (!pair)
        return apply_absence(model, key, error);
    return key->real ? gguf_pair_real(pair, (double *)out, error) : gguf_pair_size(pair, (size_t *)out, error);
}

/* A key that means nothing here must not ask for anything. */
static enum status refuse_meaning(const struct gguf_pair *pair, bool real, double neutral, double also_neutral,
                                  struct error *error)
{
    uint64_t count = 0;
    double value = 0;
    enum status status;

    if (!pair)
        return STATUS_OK;
    status = real ? gguf_pair_real(pair, &value, error) : gguf_pair_count(pair, &count, error);
    if (status)
        return status;
    value = real ? value : (double)count;
    if (value != neutral && value != also_neutral)
        return error_set(error, STATUS_UNSUPPORTED, "key '%s': %g is not supported", gguf_show(pair->key).text, value);
    return STATUS_OK;
}

static bool key_applies(const struct key *key, const struct model *model)
{
    return !key->among || layout_is_among(model->architecture_name, key->among);
}

static bool is_known(const struct model *model, const char *name)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i].name, name) == 0 && key_applies(&keys[i], model))
            return true;
    return false;
}

static enum status read_keys(struct model *model, const struct gguf_parts *parts, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < sizeof keys / sizeof *keys && !status; i++) {
        if (key_applies(&keys[i], model))
            status = read_key(model, parts, &keys[i], error);
        else if (!is_known(model, keys[i].name))
            status =
                refuse_meaning(gguf_model_pair(model, parts, keys[i].name), keys[i].real, 0, keys[i].neutral, error);
    }
    for (size_t i = 0; i < sizeof foreign_keys / sizeof *foreign_keys && !status; i++)
        status = refuse_meaning(gguf_model_pair(model, parts, foreign_keys[i].name), foreign_keys[i].real,
                                foreign_keys[i].neutral, foreign_keys[i].also_neutral, error);
    return status;
}

/* Keys and vectors that must say the same as what has been read. */
static enum status check_agreement(const struct model *model, const struct gguf_parts *parts, struct error *error)
{
    const struct gguf_pair *value_length = gguf_model_pair(model, parts, "attention.value_length");
    const struct gguf_pair *vocabulary = gguf_model_pair(model, parts, "vocab_size");
    const struct gguf_pair *tokens = gguf_index_pair(&parts->items[0].index, "tokenizer.ggml.tokens");
    uint64_t count;
    enum status status;

    if (value_length) {
        status = gguf_pair_count(value_length, &count, error);
        if (status)
            return status;
        if (count != model->head_size)
            return error_set(error, STATUS_UNSUPPORTED,
                             "key '%s': values of %" PRIu64 " elements beside keys of %zu are not supported",
                             gguf_show(value_length->key).text, count, model->head_size);
    }
    if (vocabulary) {
        status = gguf_pair_count(vocabulary, &count, error);
        if (status)
            return status;
        if (count != model->vocabulary)
            return error_set(error, STATUS_FORMAT,
                             "key '%s': is %" PRIu64 ", but tensor 'token_embd.weight' has %zu rows",
                             gguf_show(vocabulary->key).text, count, model->vocabulary);
    }
    if (tokens && (tokens->type != GGUF_ARRAY || tokens->count != model->vocabulary))
        return error_set(error, STATUS_FORMAT,
                         "key 'tokenizer.ggml.tokens': must be an array of %zu strings, one for each row of tensor "
                         "'token_embd.weight'; it has %" PRIu64,
                         model->vocabulary, tokens->type == GGUF_ARRAY ? tokens->count : 0);
    return STATUS_OK;
}

static enum status read_layers(struct model *model, const struct gguf_parts *parts, struct error *error)
{
    const struct gguf_pair *pattern = gguf_model_pair(model, parts, "attention.sliding_window_pattern");

    if (!is_known(model, "attention.sliding_window_pattern") || !pattern)
        return STATUS_OK;
    if (model->global_period == 0)
        return error_set(error, STATUS_FORMAT, "key '%s': is 0; must be at least 1", gguf_show(pattern->key).text);
    model->global_offset = model->global_period - 1;
    return STATUS_OK;
}

/* Lower case, and '-' for what a name may not hold. */
static void set_name(struct model *model, const struct gguf_parts *parts, const char *origin)
{
    const struct gguf_pair *pair = gguf_index_pair(&parts->items[0].index, "general.name");
    const char *slash = strrchr(origin, '/'), *base = slash ? slash + 1 : origin;
    size_t length = gguf_stem_length(base);

    if (pair && pair->type == GGUF_STRING && pair->text.length > 0 && pair->text.length < sizeof model->name) {
        bool printable = true;
        for (size_t i = 0; i < pair->text.length; i++)
            printable = printable && pair->text.bytes[i] >= ' ' && pair->text.bytes[i] <= '~';
        base = printable ? pair->text.bytes : base;
        length = printable ? pair->text.length : length;
    }
    if (length == 0)
        base = "model", length = strlen(base);
    if (length > sizeof model->name - 1)
        length = sizeof model->name - 1;
    for (size_t i = 0; i < length; i++) {
        char c = base[i] >= 'A' && base[i] <= 'Z' ? (char)(base[i] - 'A' + 'a') : base[i];
        bool keep = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
        model->name[i] = keep ? c : '-';
    }
}

static void set_license(struct model *model, const struct gguf_parts *parts)
{
    const struct gguf_pair *pair = gguf_index_pair(&parts->items[0].index, "general.license");

    if (!pair || pair->type != GGUF_STRING || pair->text.length >= sizeof model->license)
        return;
    for (size_t i = 0; i < pair->text.length; i++)
        if (pair->text.bytes[i] < ' ' || pair->text.bytes[i] > '~')
            return;
    memcpy(model->license, pair->text.bytes, pair->text.length);
}

enum status gguf_read_keys(struct model *model, const struct gguf_parts *parts, const char *origin, struct error *error)
{
    enum status status = read_architecture(model, parts, error);
    const struct gguf_entry *embedding;
    const struct gguf_part *part;

    if (!status)
        status = read_keys(model, parts, error);
    if (!status)
        status = read_layers(model, parts, error);
    if (status)
        return status;
    embedding = gguf_parts_entry(parts, "token_embd.weight", &part);
    if (!embedding)
        return error_set(error, STATUS_FORMAT, "tensor 'token_embd.weight' is missing");
    model->vocabulary = (size_t)embedding->dimensions[1];
    model->tied = !gguf_parts_entry(parts, "output.weight", &part);
    status = gguf_read_rope(model, parts, error);
    if (!status)
        status = check_agreement(model, parts, error);
    if (status)
        return status;
    layout_set_constants(model);
    set_name(model, parts, origin);
    set_license(model, parts);
    return STATUS_OK;
}

/* Some loaders ask for a count even where it is 0; a real that changes nothing is left out as files do. */
static void write_key(struct gguf_head *head, const struct model *model, const struct model *fixed,
                      const struct key *key)
{
    const char *from = (const char *)model + key->offset, *same = (const char *)fixed + key->offset;

    if (key->real) {
        double value = *(const double *)from;
        bool neutral = key->absence == NEUTRAL && (value == 0 || value == key->neutral);
        if (!neutral && (value != *(const double *)same || value == 0))
            gguf_put_real_pair(head, model->architecture_name, key->name, value);
    } else {
        size_t value = *(const size_t *)from;
        if (value != *(const size_t *)same || value == 0)
            gguf_put_count_pair(head, model->architecture_name, key->name, (uint32_t)value);
    }
}

void gguf_write_keys(struct gguf_head *head, const struct model *model)
{
    struct model fixed = {
        .hidden = model->hidden, .heads = model->heads, .layers = model->layers, .window = model->window};

    /* What the architecture fixes, and nothing else: the rest of this is 0 again. */
    memcpy(fixed.architecture_name, model->architecture_name, sizeof fixed.architecture_name);
    layout_set_constants(&fixed);
    fixed.hidden = fixed.heads = fixed.layers = fixed.window = 0;
    gguf_put_count_pair(head, model->architecture_name, "vocab_size", (uint32_t)model->vocabulary);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (key_applies(&keys[i], model))
            write_key(head, model, &fixed, &keys[i]);
    gguf_put_count_pair(head, model->architecture_name, "attention.value_length", (uint32_t)model->head_size);
    gguf_write_rope(head, model);
}
