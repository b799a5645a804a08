#include "workloads/layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows or columns of a tensor, as an expression in the model's hyperparameters. */
enum extent {
    EXTENT_ONE,
    EXTENT_HIDDEN,
    EXTENT_VOCABULARY,
    EXTENT_QUERY,   /* all query heads side by side */
    EXTENT_KV,      /* all key/value heads side by side */
    EXTENT_FORWARD, /* inside of the feed-forward network */
    EXTENT_ROPE_PAIRS,
};

enum presence { ALWAYS, WHEN_UNTIED, WHEN_ROPE_SCALED };

/* One tensor of an architecture. Neighbouring rows with per_layer set are repeated together for every layer. */
struct slot {
    enum role role;
    bool per_layer;
    enum extent rows, columns;
    enum presence presence;
    const char *name; /* behind "blk.N." where per_layer is set */
};

/* Names and shapes: llama.cpp's table of tensors for its architecture "llama". */
static const struct slot llama_slots[] = {
    {ROLE_TOKEN_EMBEDDING, false, EXTENT_VOCABULARY, EXTENT_HIDDEN, ALWAYS, "token_embd.weight"},
    {ROLE_ATTENTION_NORM, true, EXTENT_ONE, EXTENT_HIDDEN, ALWAYS, "attn_norm.weight"},
    {ROLE_QUERY, true, EXTENT_QUERY, EXTENT_HIDDEN, ALWAYS, "attn_q.weight"},
    {ROLE_KEY, true, EXTENT_KV, EXTENT_HIDDEN, ALWAYS, "attn_k.weight"},
    {ROLE_VALUE, true, EXTENT_KV, EXTENT_HIDDEN, ALWAYS, "attn_v.weight"},
    {ROLE_ATTENTION_OUTPUT, true, EXTENT_HIDDEN, EXTENT_QUERY, ALWAYS, "attn_output.weight"},
    {ROLE_FFN_NORM, true, EXTENT_ONE, EXTENT_HIDDEN, ALWAYS, "ffn_norm.weight"},
    {ROLE_GATE, true, EXTENT_FORWARD, EXTENT_HIDDEN, ALWAYS, "ffn_gate.weight"},
    {ROLE_UP, true, EXTENT_FORWARD, EXTENT_HIDDEN, ALWAYS, "ffn_up.weight"},
    {ROLE_DOWN, true, EXTENT_HIDDEN, EXTENT_FORWARD, ALWAYS, "ffn_down.weight"},
    {ROLE_OUTPUT_NORM, false, EXTENT_ONE, EXTENT_HIDDEN, ALWAYS, "output_norm.weight"},
    {ROLE_OUTPUT, false, EXTENT_VOCABULARY, EXTENT_HIDDEN, WHEN_UNTIED, "output.weight"},
    {ROLE_ROPE_FREQS, false, EXTENT_ONE, EXTENT_ROPE_PAIRS, WHEN_ROPE_SCALED, "rope_freqs.weight"},
};

struct architecture {
    const char *name;
    const struct slot *slots;
    size_t slot_count;
};

static const struct architecture architectures[] = {
    {"llama", llama_slots, sizeof llama_slots / sizeof *llama_slots},
};

enum { ARCHITECTURE_COUNT = sizeof architectures / sizeof *architectures };

static const struct architecture *architecture_find(const char *name)
{
    for (size_t i = 0; i < ARCHITECTURE_COUNT; i++)
        if (strcmp(architectures[i].name, name) == 0)
            return &architectures[i];
    return NULL;
}

enum status layout_check_architecture(const char *architecture, struct error *error)
{
    char known[256] = "";
    size_t used = 0;

    if (architecture_find(architecture))
        return STATUS_OK;
    for (size_t i = 0; i < ARCHITECTURE_COUNT && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", architectures[i].name);
    return error_set(error, STATUS_UNSUPPORTED, "architecture '%s' is not supported; supported: %s", architecture,
                     known);
}

bool layout_is_vector(enum role role)
{
    return role == ROLE_OUTPUT_NORM || role == ROLE_ATTENTION_NORM || role == ROLE_FFN_NORM || role == ROLE_ROPE_FREQS;
}

enum status layout_check_divisors(const struct model *model, struct error *error)
{
    for (size_t i = 0; i < model->rope_dimensions / 2; i++)
        if (!(isfinite(model->rope_divisors[i]) && model->rope_divisors[i] > 0))
            return error_set(error, STATUS_FORMAT, "rope divisor %zu is %g; it must be finite and above 0", i,
                             (double)model->rope_divisors[i]);
    return STATUS_OK;
}

/* Largest value of each count. Far above any model of today, and small enough that no product of two of them and an
 * element size overflows 64 bits. */
struct limit {
    const char *name;
    size_t offset, most;
};

static const struct limit limits[] = {
    {"vocabulary size", offsetof(struct model, vocabulary), 1u << 24},
    {"hidden size", offsetof(struct model, hidden), 1u << 17},
    {"number of layers", offsetof(struct model, layers), MODEL_LAYERS_MAX},
    {"number of heads", offsetof(struct model, heads), 1u << 12},
    {"number of key/value heads", offsetof(struct model, kv_heads), 1u << 12},
    {"head size", offsetof(struct model, head_size), MODEL_HEAD_SIZE_MAX},
    {"feed-forward size", offsetof(struct model, feed_forward), 1u << 20},
    {"context length", offsetof(struct model, context_tokens), 1u << 30},
    {"number of rotated dimensions", offsetof(struct model, rope_dimensions), MODEL_HEAD_SIZE_MAX},
};

static enum status check_shape(const struct model *model, struct error *error)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        size_t value = *(const size_t *)((const char *)model + limits[i].offset);
        if (value < 1 || value > limits[i].most)
            return error_set(error, STATUS_FORMAT, "the %s is %zu; it must be from 1 to %zu", limits[i].name, value,
                             limits[i].most);
    }
    if (model->heads % model->kv_heads != 0)
        return error_set(error, STATUS_FORMAT, "the %zu heads cannot be shared out among %zu key/value heads",
                         model->heads, model->kv_heads);
    if (model->head_size % 2 != 0)
        return error_set(error, STATUS_FORMAT, "the head size is %zu; it must be even", model->head_size);
    if (model->rope_dimensions % 2 != 0 || model->rope_dimensions > model->head_size)
        return error_set(error, STATUS_FORMAT,
                         "the number of rotated dimensions is %zu; it must be even and at most the head size, %zu",
                         model->rope_dimensions, model->head_size);
    if (!(model->norm_epsilon > 0 && model->norm_epsilon < 1))
        return error_set(error, STATUS_FORMAT, "the norm epsilon is %g; it must be above 0 and below 1",
                         model->norm_epsilon);
    if (!(model->rope_base > 1 && model->rope_base <= 1e15))
        return error_set(error, STATUS_FORMAT, "the rope base is %g; it must be above 1 and at most 1e15",
                         model->rope_base);
    return STATUS_OK;
}

static size_t extent_of(const struct model *model, enum extent extent)
{
    switch (extent) {
    case EXTENT_HIDDEN:
        return model->hidden;
    case EXTENT_VOCABULARY:
        return model->vocabulary;
    case EXTENT_QUERY:
        return model->heads * model->head_size;
    case EXTENT_KV:
        return model->kv_heads * model->head_size;
    case EXTENT_FORWARD:
        return model->feed_forward;
    case EXTENT_ROPE_PAIRS:
        return model->rope_dimensions / 2;
    case EXTENT_ONE:
        break;
    }
    return 1;
}

static void append(struct model *model, const struct slot *slot, int layer)
{
    bool present = slot->presence == ALWAYS || (slot->presence == WHEN_UNTIED && !model->tied) ||
                   (slot->presence == WHEN_ROPE_SCALED && model->rope_scaled);
    struct tensor *tensor = &model->tensors[model->tensor_count];

    if (!present)
        return;
    *tensor = (struct tensor){.role = slot->role,
                              .layer = layer,
                              .rows = extent_of(model, slot->rows),
                              .columns = extent_of(model, slot->columns),
                              .type = DTYPE_F32};
    if (layer < 0)
        snprintf(tensor->name, sizeof tensor->name, "%s", slot->name);
    else
        snprintf(tensor->name, sizeof tensor->name, "blk.%d.%s", layer, slot->name);
    model->tensor_count++;
}

enum status model_lay_out(struct model *model, struct error *error)
{
    const struct architecture *architecture = architecture_find(model->architecture);
    enum status status;

    if (!architecture)
        return layout_check_architecture(model->architecture, error);
    status = check_shape(model, error);
    if (status)
        return status;

    free(model->tensors);
    model->tensor_count = 0;
    model->tensors = calloc(architecture->slot_count * model->layers, sizeof *model->tensors);
    if (!model->tensors)
        return error_set(error, STATUS_MEMORY, "no memory for the list of tensors of %zu layers", model->layers);

    for (size_t i = model->rope_scaled ? model->rope_dimensions / 2 : 0; i < MODEL_HEAD_SIZE_MAX / 2; i++)
        model->rope_divisors[i] = 1;
    for (size_t begin = 0, end; begin < architecture->slot_count; begin = end) {
        bool per_layer = architecture->slots[begin].per_layer;
        int layers = per_layer ? (int)model->layers : 1;

        for (end = begin + 1; end < architecture->slot_count && architecture->slots[end].per_layer == per_layer;)
            end++;
        for (int layer = 0; layer < layers; layer++)
            for (size_t i = begin; i < end; i++)
                append(model, &architecture->slots[i], per_layer ? layer : -1);
    }
    return STATUS_OK;
}

enum status model_set_types(struct model *model, enum dtype matrices, enum dtype output, struct error *error)
{
    const struct tensor *last = model_output(model);

    for (size_t i = 0; i < model->tensor_count; i++) {
        struct tensor *tensor = &model->tensors[i];
        enum dtype type = layout_is_vector(tensor->role) ? DTYPE_F32 : tensor == last ? output : matrices;
        const struct dtype_info *info = dtype_info(type);
        if (tensor->columns % info->block_elements != 0)
            return error_set(error, STATUS_FORMAT,
                             "tensor '%s' of %s has rows of %zu elements, which is no multiple of the %zu of a block "
                             "of %s; choose f16 or f32",
                             tensor->name, model->name, tensor->columns, info->block_elements, info->name);
        tensor->type = type;
    }
    return STATUS_OK;
}

const struct tensor *model_tensor(const struct model *model, enum role role, int layer)
{
    for (size_t i = 0; i < model->tensor_count; i++)
        if (model->tensors[i].role == role && model->tensors[i].layer == layer)
            return &model->tensors[i];
    return NULL;
}

const struct tensor *model_output(const struct model *model)
{
    return model_tensor(model, model->tied ? ROLE_TOKEN_EMBEDDING : ROLE_OUTPUT, -1);
}

uint64_t model_parameter_count(const struct model *model)
{
    uint64_t count = 0;

    for (size_t i = 0; i < model->tensor_count; i++)
        if (model->tensors[i].role != ROLE_ROPE_FREQS)
            count += (uint64_t)model->tensors[i].rows * model->tensors[i].columns;
    return count;
}

uint64_t model_stored_bytes(const struct model *model)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct tensor *tensor = &model->tensors[i];
        bytes += (uint64_t)tensor->rows * dtype_row_bytes(tensor->type, tensor->columns);
    }
    return bytes;
}

void model_free(struct model *model)
{
    free(model->tensors);
    *model = (struct model){0};
}
