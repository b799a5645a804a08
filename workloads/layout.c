#include "workloads/layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool layout_is_divisor(enum role role)
{
    return role == ROLE_ROPE_FREQS || role == ROLE_ROPE_LONG || role == ROLE_ROPE_SHORT;
}

bool layout_is_vector(enum role role)
{
    switch (role) {
    case ROLE_OUTPUT_NORM:
    case ROLE_ATTENTION_NORM:
    case ROLE_FFN_NORM:
    case ROLE_QUERY_BIAS:
    case ROLE_KEY_BIAS:
    case ROLE_VALUE_BIAS:
    case ROLE_QUERY_NORM:
    case ROLE_KEY_NORM:
    case ROLE_POST_ATTENTION_NORM:
    case ROLE_POST_FFN_NORM:
        return true;
    default:
        return layout_is_divisor(role);
    }
}

enum status layout_check_divisors(const struct model *model, struct error *error)
{
    enum rope_scaling scaling = model->rope.scaling;
    const float *lists[] = {model->rope.divisors, model->rope.short_divisors};
    size_t list_count = scaling == ROPE_LLAMA3 ? 1 : scaling == ROPE_LONGROPE ? 2 : 0;

    for (size_t list = 0; list < list_count; list++)
        for (size_t i = 0; i < model->rope.dimensions / 2; i++)
            if (!(isfinite(lists[list][i]) && lists[list][i] > 0))
                return error_set(error, STATUS_FORMAT, "%srope divisor %zu is %g; it must be finite and above 0",
                                 list ? "short " : "", i, (double)lists[list][i]);
    return STATUS_OK;
}

/* Largest value of each count. Far above any model of today, and small enough that no product of two of them and an
 * element size overflows 64 bits. */
struct limit {
    const char *name;
    size_t offset, least, most;
};

static const struct limit limits[] = {
    {"vocabulary size", offsetof(struct model, vocabulary), 1, 1u << 24},
    {"hidden size", offsetof(struct model, hidden), 1, 1u << 17},
    {"number of layers", offsetof(struct model, layers), 1, MODEL_LAYERS_MAX},
    {"number of heads", offsetof(struct model, heads), 1, 1u << 12},
    {"number of key/value heads", offsetof(struct model, kv_heads), 1, 1u << 12},
    {"head size", offsetof(struct model, head_size), 1, MODEL_HEAD_SIZE_MAX},
    {"feed-forward size", offsetof(struct model, feed_forward), 1, 1u << 20},
    {"context length", offsetof(struct model, context_tokens), 1, 1u << 30},
    {"number of rotated dimensions", offsetof(struct model, rope.dimensions), 1, MODEL_HEAD_SIZE_MAX},
    {"original context length", offsetof(struct model, rope.original_context_tokens), 0, 1u << 30},
    {"sliding window", offsetof(struct model, window), 0, 1u << 30},
    {"period of global layers", offsetof(struct model, global_period), 0, MODEL_LAYERS_MAX},
    {"period of layers without rotation", offsetof(struct model, unrotated_period), 0, MODEL_LAYERS_MAX},
};

static enum status check_shape(const struct model *model, struct error *error)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        size_t value = *(const size_t *)((const char *)model + limits[i].offset);
        if (value < limits[i].least || value > limits[i].most)
            return error_set(error, STATUS_FORMAT, "the %s is %zu; it must be from %zu to %zu", limits[i].name, value,
                             limits[i].least, limits[i].most);
    }
    if (model->heads % model->kv_heads != 0)
        return error_set(error, STATUS_FORMAT, "the %zu heads cannot be shared out among %zu key/value heads",
                         model->heads, model->kv_heads);
    if (model->head_size % 2 != 0)
        return error_set(error, STATUS_FORMAT, "the head size is %zu; it must be even", model->head_size);
    if (model->rope.dimensions % 2 != 0 || model->rope.dimensions > model->head_size)
        return error_set(error, STATUS_FORMAT,
                         "the number of rotated dimensions is %zu; it must be even and at most the head size, %zu",
                         model->rope.dimensions, model->head_size);
    if (model->global_period && model->global_offset >= model->global_period)
        return error_set(error, STATUS_FORMAT, "the offset of global layers is %zu; it must be below their period, %zu",
                         model->global_offset, model->global_period);
    if (model->kv_shared_from >= model->layers)
        return error_set(error, STATUS_FORMAT,
                         "the first layer without keys and values of its own is %zu; there are %zu layers",
                         model->kv_shared_from, model->layers);
    if (model->kv_shared_from && model->architecture->fused_qkv)
        return error_set(error, STATUS_FORMAT, "layers of architecture %s cannot share their keys and values",
                         model->architecture->name);
    return STATUS_OK;
}

static enum status check_range(const char *name, double value, double above, double most, struct error *error)
{
    if (value > above && value <= most)
        return STATUS_OK;
    return error_set(error, STATUS_FORMAT, "the %s is %g; it must be above %g and at most %g", name, value, above,
                     most);
}

/* Largest values: generous, and small enough that single precision stays far from its end. */
static enum status check_reals(const struct model *model, struct error *error)
{
    const struct {
        const char *name;
        double value, most;
        bool may_be_zero;
    } reals[] = {
        {"rope scaling factor", model->rope.factor, 1e6, false},
        {"rope magnitude", model->rope.magnitude, 1e3, false},
        {"embedding scale", model->embedding_scale, 1e6, false},
        {"residual scale", model->residual_scale, 1e6, false},
        {"attention scale", model->attention_scale, 1e6, false},
        {"logit divisor", model->logit_divisor, 1e6, false},
        {"soft cap of attention", model->attention_softcap, 1e6, true},
        {"soft cap of logits", model->logit_softcap, 1e6, true},
        {"temperature scale", model->temperature_scale, 1e3, true},
    };
    enum status status = STATUS_OK;

    if (!(model->norm_epsilon > 0 && model->norm_epsilon < 1))
        return error_set(error, STATUS_FORMAT, "the norm epsilon is %g; it must be above 0 and below 1",
                         model->norm_epsilon);
    status = check_range("rope base", model->rope.base, 1, 1e15, error);
    if (!status && model->local_rope_base != 0)
        status = check_range("rope base of local layers", model->local_rope_base, 1, 1e15, error);
    for (size_t i = 0; i < sizeof reals / sizeof *reals && !status; i++)
        if (!(reals[i].may_be_zero && reals[i].value == 0))
            status = check_range(reals[i].name, reals[i].value, 0, reals[i].most, error);
    return status;
}

static enum status check_rope(const struct model *model, struct error *error)
{
    const struct rope *rope = &model->rope;
    bool stretched = rope->scaling == ROPE_YARN || rope->scaling == ROPE_LONGROPE;

    if ((stretched || model->temperature_scale > 0) && rope->original_context_tokens == 0)
        return error_set(error, STATUS_FORMAT, "%s needs the original context length, which is missing",
                         stretched ? "the rope scaling" : "the temperature scale");
    if (rope->scaling == ROPE_YARN &&
        !(rope->yarn_beta_slow > 0 && rope->yarn_beta_fast > rope->yarn_beta_slow && rope->yarn_beta_fast <= 1e6))
        return error_set(error, STATUS_FORMAT, "yarn's beta_slow is %g and its beta_fast %g; 0 < slow < fast is asked",
                         rope->yarn_beta_slow, rope->yarn_beta_fast);
    return STATUS_OK;
}

static void set_neutral(struct model *model)
{
    struct rope *rope = &model->rope;
    double *ones[] = {&rope->factor, &rope->magnitude, &model->embedding_scale, &model->residual_scale,
                      &model->logit_divisor};

    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++)
        if (*ones[i] == 0)
            *ones[i] = 1;
    if (model->attention_scale == 0 && model->head_size > 0)
        model->attention_scale = 1 / sqrt((double)model->head_size);
    if (model->window == 0) {
        model->global_period = 1;
        model->global_offset = 0;
    }
    if (rope->scaling == ROPE_YARN) {
        /* The defaults of the method's authors (arXiv 2309.00071, section 3.2), and of every reader. */
        rope->yarn_beta_fast = rope->yarn_beta_fast == 0 ? 32 : rope->yarn_beta_fast;
        rope->yarn_beta_slow = rope->yarn_beta_slow == 0 ? 1 : rope->yarn_beta_slow;
    }
    for (size_t i = 0; i < MODEL_HEAD_SIZE_MAX / 2; i++) {
        rope->divisors[i] = rope->divisors[i] == 0 ? 1 : rope->divisors[i];
        rope->short_divisors[i] = rope->short_divisors[i] == 0 ? 1 : rope->short_divisors[i];
    }
}

static size_t extent_of(const struct model *model, enum extent extent)
{
    switch (extent) {
    case EXTENT_HIDDEN:
        return model->hidden;
    case EXTENT_VOCABULARY:
        return model->vocabulary;
    case EXTENT_HEAD:
        return model->head_size;
    case EXTENT_QUERY:
        return model->heads * model->head_size;
    case EXTENT_KV:
        return model->kv_heads * model->head_size;
    case EXTENT_QKV:
        return (model->heads + 2 * model->kv_heads) * model->head_size;
    case EXTENT_FORWARD:
        return model->feed_forward;
    case EXTENT_GATE_UP:
        return 2 * model->feed_forward;
    case EXTENT_ROPE_PAIRS:
        return model->rope.dimensions / 2;
    case EXTENT_ONE:
        break;
    }
    return 1;
}

static bool is_present(const struct model *model, enum presence presence, int layer)
{
    switch (presence) {
    case WHEN_UNTIED:
        return !model->tied;
    case WHEN_OWN_KV:
        return model_layer(model, (size_t)layer).own_kv;
    case WHEN_LLAMA3:
        return model->rope.scaling == ROPE_LLAMA3;
    case WHEN_LONGROPE:
        return model->rope.scaling == ROPE_LONGROPE;
    case ALWAYS:
        break;
    }
    return true;
}

static void append(struct model *model, const struct slot *slot, int layer)
{
    struct tensor *tensor = &model->tensors[model->tensor_count];

    if (!is_present(model, slot->presence, layer))
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

/* Divisors are tensors of the architecture or they cannot be had. */
static enum status check_scaling(const struct model *model, struct error *error)
{
    enum presence wanted = model->rope.scaling == ROPE_LLAMA3 ? WHEN_LLAMA3 : WHEN_LONGROPE;

    if (model->rope.scaling != ROPE_LLAMA3 && model->rope.scaling != ROPE_LONGROPE)
        return STATUS_OK;
    for (size_t i = 0; i < model->architecture->slot_count; i++)
        if (model->architecture->slots[i].presence == wanted)
            return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED, "rope scaling by %s divisors is not supported in architecture %s",
                     wanted == WHEN_LLAMA3 ? "llama3" : "longrope", model->architecture->name);
}

static enum status check(const struct model *model, struct error *error)
{
    enum status status = check_shape(model, error);

    if (!status)
        status = check_reals(model, error);
    if (!status)
        status = check_rope(model, error);
    return status ? status : check_scaling(model, error);
}

enum status model_lay_out(struct model *model, struct error *error)
{
    const struct architecture *architecture = layout_architecture(model->architecture_name);
    enum status status;

    if (!architecture)
        return layout_check_architecture(model->architecture_name, error);
    model->architecture = architecture;
    set_neutral(model);
    status = check(model, error);
    if (status)
        return status;

    free(model->tensors);
    model->tensor_count = 0;
    model->tensors = calloc(architecture->slot_count * model->layers, sizeof *model->tensors);
    if (!model->tensors)
        return error_set(error, STATUS_MEMORY, "no memory for the list of tensors of %zu layers", model->layers);

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

enum status model_cut(struct model *model, size_t layers, struct error *error)
{
    if (layers < 1 || layers > model->layers)
        return error_set(error, STATUS_MISUSE, "%s has 1 to %zu layers to be left, not %zu", model->name, model->layers,
                         layers);
    model->layers = layers;
    if (model->kv_shared_from >= layers)
        model->kv_shared_from = 0;
    return model_lay_out(model, error);
}

struct layer model_layer(const struct model *model, size_t layer)
{
    bool global = model->global_period && layer % model->global_period == model->global_offset;
    bool shares = model->kv_shared_from && layer >= model->kv_shared_from;

    return (struct layer){
        .window = global ? 0 : model->window,
        .rotated = !model->unrotated_period || (layer + 1) % model->unrotated_period != 0,
        .kv_layer = shares ? model->kv_shared_from - 1 : layer,
        .own_kv = !shares,
        .architecture = model->architecture,
    };
}

bool model_quantised(const struct model *model)
{
    for (size_t i = 0; i < model->tensor_count; i++)
        if (dtype_info(model->tensors[i].type)->quantised)
            return true;
    return false;
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
        if (!layout_is_divisor(model->tensors[i].role))
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
