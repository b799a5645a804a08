#include "workloads/gguf_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "workloads/layout.h"

/* What a key stands for when a file leaves it out, as llama.cpp has it. */
enum absence { REQUIRED, SAME_AS_HEADS, HIDDEN_OVER_HEADS, WHOLE_HEAD, BASE_10000 };

/* One hyperparameter: a count (size_t) or a real (double) of struct model. */
struct key {
    const char *name; /* behind "ARCHITECTURE." */
    size_t offset;
    bool real;
    enum absence absence;
};

/* Later ones may default to earlier ones. */
static const struct key keys[] = {
    {"block_count", offsetof(struct model, layers), false, REQUIRED},
    {"context_length", offsetof(struct model, context_tokens), false, REQUIRED},
    {"embedding_length", offsetof(struct model, hidden), false, REQUIRED},
    {"feed_forward_length", offsetof(struct model, feed_forward), false, REQUIRED},
    {"attention.head_count", offsetof(struct model, heads), false, REQUIRED},
    {"attention.head_count_kv", offsetof(struct model, kv_heads), false, SAME_AS_HEADS},
    {"attention.key_length", offsetof(struct model, head_size), false, HIDDEN_OVER_HEADS},
    {"rope.dimension_count", offsetof(struct model, rope_dimensions), false, WHOLE_HEAD},
    {"attention.layer_norm_rms_epsilon", offsetof(struct model, norm_epsilon), true, REQUIRED},
    {"rope.freq_base", offsetof(struct model, rope_base), true, BASE_10000},
};

/* Keys that change the arithmetic, and the values at which they do not. */
static const struct {
    const char *name;
    bool real;
    double neutral, also_neutral;
} foreign_keys[] = {
    {"expert_count", false, 0, 0},
    {"rope.scaling.factor", true, 1, 0},
    {"rope.scale_linear", true, 1, 0},
    {"rope.scaling.attn_factor", true, 1, 1},
    {"attention.scale", true, 0, 0},
    {"attention.clamp_kqv", true, 0, 0},
    {"attention.max_alibi_bias", true, 0, 0},
    {"attn_logit_softcapping", true, 0, 0},
    {"final_logit_softcapping", true, 0, 0},
    {"embedding_scale", true, 1, 0},
    {"residual_scale", true, 1, 0},
    {"logit_scale", true, 1, 0},
};

struct full_key {
    char text[96];
};

static struct full_key full_key(const struct model *model, const char *name)
{
    struct full_key full;

    snprintf(full.text, sizeof full.text, "%s.%s", model->architecture, name);
    return full;
}

static enum status read_architecture(struct model *model, const struct gguf_index *index, struct error *error)
{
    const struct gguf_pair *architecture = gguf_index_pair(index, "general.architecture");
    const struct gguf_pair *split = gguf_index_pair(index, "split.count");
    uint64_t parts = 0;
    enum status status;

    if (!architecture)
        return error_set(error, STATUS_FORMAT, "key 'general.architecture' is missing");
    status = gguf_pair_text(architecture, model->architecture, sizeof model->architecture, error);
    if (status)
        return status;
    /* Before anything else: no other rule holds for an architecture we do not know. */
    status = layout_check_architecture(gguf_show(architecture->text).text, error);
    if (status)
        return status;
    if (split)
        status = gguf_pair_count(split, &parts, error);
    if (!status && parts > 1)
        return error_set(error, STATUS_UNSUPPORTED,
                         "key 'split.count': the model lies in %" PRIu64
                         " files; join them first (llama-gguf-split --merge)",
                         parts);
    return status;
}

static enum status apply_absence(struct model *model, const struct key *key, struct error *error)
{
    switch (key->absence) {
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
    case WHOLE_HEAD:
        model->rope_dimensions = model->head_size;
        break;
    case BASE_10000:
        model->rope_base = 10000;
        break;
    case REQUIRED:
        return error_set(error, STATUS_FORMAT, "key '%s' is missing", full_key(model, key->name).text);
    }
    return STATUS_OK;
}

static enum status read_key(struct model *model, const struct gguf_index *index, const struct key *key,
                            struct error *error)
{
    const struct gguf_pair *pair = gguf_index_pair(index, full_key(model, key->name).text);
    char *out = (char *)model + key->offset;
    enum status status;
    uint64_t count;

    if (!pair)
        return apply_absence(model, key, error);
    if (key->real)
        return gguf_pair_real(pair, (double *)out, error);
    status = gguf_pair_count(pair, &count, error);
    if (!status && count > UINT32_MAX)
        status =
            error_set(error, STATUS_FORMAT, "key '%s': %" PRIu64 " is too large", gguf_show(pair->key).text, count);
    if (!status)
        *(size_t *)out = (size_t)count;
    return status;
}

static enum status refuse_foreign_keys(const struct model *model, const struct gguf_index *index, struct error *error)
{
    const struct gguf_pair *scaling = gguf_index_pair(index, full_key(model, "rope.scaling.type").text);
    char kind[32];
    enum status status;

    if (scaling) {
        status = gguf_pair_text(scaling, kind, sizeof kind, error);
        if (status)
            return status;
        if (strcmp(kind, "none") != 0)
            return error_set(error, STATUS_UNSUPPORTED,
                             "key '%s': '%s' is not supported; only none, and llama3 by way of tensor "
                             "rope_freqs.weight",
                             gguf_show(scaling->key).text, gguf_show(scaling->text).text);
    }
    for (size_t i = 0; i < sizeof foreign_keys / sizeof *foreign_keys; i++) {
        const struct gguf_pair *pair = gguf_index_pair(index, full_key(model, foreign_keys[i].name).text);
        uint64_t count = 0;
        double value = 0;

        if (!pair)
            continue;
        status = foreign_keys[i].real ? gguf_pair_real(pair, &value, error) : gguf_pair_count(pair, &count, error);
        if (status)
            return status;
        if (!foreign_keys[i].real)
            value = (double)count;
        if (value != foreign_keys[i].neutral && value != foreign_keys[i].also_neutral)
            return error_set(error, STATUS_UNSUPPORTED, "key '%s': %g is not supported", gguf_show(pair->key).text,
                             value);
    }
    return STATUS_OK;
}

/* Keys and vectors that must say the same as what has been read. */
static enum status check_agreement(const struct model *model, const struct gguf_index *index, struct error *error)
{
    const struct gguf_pair *value_length = gguf_index_pair(index, full_key(model, "attention.value_length").text);
    const struct gguf_pair *vocabulary = gguf_index_pair(index, full_key(model, "vocab_size").text);
    const struct gguf_pair *tokens = gguf_index_pair(index, "tokenizer.ggml.tokens");
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

static enum status read_hyperparameters(struct model *model, const struct gguf_index *index, struct error *error)
{
    const struct gguf_entry *embedding = gguf_index_entry(index, "token_embd.weight");
    enum status status = STATUS_OK;

    for (size_t i = 0; i < sizeof keys / sizeof *keys && !status; i++)
        status = read_key(model, index, &keys[i], error);
    if (status)
        return status;
    if (!embedding)
        return error_set(error, STATUS_FORMAT, "tensor 'token_embd.weight' is missing");
    model->vocabulary = (size_t)embedding->dimensions[1];
    model->tied = !gguf_index_entry(index, "output.weight");
    model->rope_scaled = gguf_index_entry(index, "rope_freqs.weight");
    status = refuse_foreign_keys(model, index, error);
    return status ? status : check_agreement(model, index, error);
}

/* Lower case, and '-' for what a name may not hold. */
static void set_name(struct model *model, const struct gguf_index *index, const char *origin)
{
    const struct gguf_pair *pair = gguf_index_pair(index, "general.name");
    const char *slash = strrchr(origin, '/'), *base = slash ? slash + 1 : origin;
    size_t length = strlen(base);

    if (length > 5 && strcmp(base + length - 5, ".gguf") == 0)
        length -= 5;
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

static void set_license(struct model *model, const struct gguf_index *index)
{
    const struct gguf_pair *pair = gguf_index_pair(index, "general.license");

    if (!pair || pair->type != GGUF_STRING || pair->text.length >= sizeof model->license)
        return;
    for (size_t i = 0; i < pair->text.length; i++)
        if (pair->text.bytes[i] < ' ' || pair->text.bytes[i] > '~')
            return;
    memcpy(model->license, pair->text.bytes, pair->text.length);
}

enum status gguf_read_keys(struct model *model, const struct gguf_index *index, const char *origin, struct error *error)
{
    enum status status = read_architecture(model, index, error);

    if (!status)
        status = read_hyperparameters(model, index, error);
    if (status)
        return status;
    set_name(model, index, origin);
    set_license(model, index);
    return STATUS_OK;
}
