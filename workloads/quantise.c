#include <stdio.h>
#include <strings.h>

#include "workloads/layout.h"
#include "workloads/nearest.h"

static enum status set_type(const struct model *model, struct tensor *tensor, enum dtype type, struct error *error)
{
    const struct dtype_info *info = dtype_info(type);

    if (type >= DTYPE_MODELS)
        return error_set(error, STATUS_MISUSE,
                         "%s is a type of single matrix products, which profiles measure; no model is stored in it: "
                         "choose q8_0",
                         info->name);
    if (tensor->columns % info->block_elements != 0)
        return error_set(error, STATUS_FORMAT,
                         "tensor '%s' of %s has rows of %zu elements, which is no multiple of the %zu of a block "
                         "of %s; choose f16 or f32",
                         tensor->name, model->name, tensor->columns, info->block_elements, info->name);
    tensor->type = type;
    return STATUS_OK;
}

enum status model_set_types(struct model *model, enum dtype matrices, enum dtype output, struct error *error)
{
    const struct tensor *last = model_output(model);
    enum status status = STATUS_OK;

    for (size_t i = 0; i < model->tensor_count && !status; i++) {
        struct tensor *tensor = &model->tensors[i];
        enum dtype type = layout_is_vector(tensor->role) ? DTYPE_F32 : tensor == last ? output : matrices;
        status = set_type(model, tensor, type, error);
    }
    return status;
}

/* Value and down matrices that get more bits in a mix "M": the first and last eighth, and every third between. Counted
 * among those of the role, which not every layer need have. */
static bool is_favoured(const struct model *model, const struct tensor *tensor)
{
    size_t i = 0, count = 0, eighth;

    for (size_t t = 0; t < model->tensor_count; t++)
        if (model->tensors[t].role == tensor->role) {
            i += model->tensors[t].layer < tensor->layer;
            count++;
        }
    eighth = count / 8;
    return i < eighth || i >= 7 * count / 8 || (i - eighth) % 3 == 2;
}

/* llama.cpp's quantiser (llama_tensor_get_type, LLAMA_FTYPE_MOSTLY_Q4_K_M), without an importance matrix. */
static enum dtype type_in_q4_k_m(const struct model *model, const struct tensor *tensor, const struct tensor *last)
{
    if (tensor == last)
        return DTYPE_Q6_K;
    if (tensor->role == ROLE_QKV)
        return DTYPE_Q5_K;
    if ((tensor->role == ROLE_VALUE || tensor->role == ROLE_DOWN) && is_favoured(model, tensor))
        return DTYPE_Q6_K;
    return DTYPE_Q4_K;
}

/* What stands in for a type of 256 elements a block in rows that are no multiple of it. llama.cpp's quantiser takes
 * q5_0, q5_1 and q8_0 for q4_k, q5_k and q6_k; the first two do not exist here, so that q4_k becomes q4_1 and q5_k
 * q8_0. */
static enum dtype narrow(enum dtype type, size_t columns)
{
    if (columns % dtype_info(type)->block_elements == 0)
        return type;
    if (type == DTYPE_Q4_K)
        return DTYPE_Q4_1;
    return type == DTYPE_Q5_K || type == DTYPE_Q6_K ? DTYPE_Q8_0 : type;
}

static const struct mix {
    const char *name;
    enum dtype (*type)(const struct model *model, const struct tensor *tensor, const struct tensor *last);
} mixes[] = {
    {"q4_k_m", type_in_q4_k_m},
};

enum { MIX_COUNT = sizeof mixes / sizeof *mixes };

static enum status apply_mix(struct model *model, const struct mix *mix, const enum dtype *output, struct error *error)
{
    const struct tensor *last = model_output(model);
    enum status status = STATUS_OK;

    for (size_t i = 0; i < model->tensor_count && !status; i++) {
        struct tensor *tensor = &model->tensors[i];
        enum dtype type = DTYPE_F32;

        if (tensor == last && output)
            type = narrow(*output, tensor->columns);
        else if (!layout_is_vector(tensor->role))
            type = narrow(mix->type(model, tensor, last), tensor->columns);
        status = set_type(model, tensor, type, error);
    }
    return status;
}

enum status model_quantise(struct model *model, const char *quantisation, const enum dtype *output, struct error *error)
{
    const char *names[DTYPE_MODELS + MIX_COUNT], *near;
    enum dtype type;

    for (size_t i = 0; i < MIX_COUNT; i++)
        if (strcasecmp(mixes[i].name, quantisation) == 0)
            return apply_mix(model, &mixes[i], output, error);
    if (dtype_from_name(quantisation, &type))
        return model_set_types(model, type, output ? narrow(*output, model->hidden) : type, error);
    for (size_t i = 0; i < DTYPE_MODELS; i++)
        names[i] = dtype_info((enum dtype)i)->name;
    for (size_t i = 0; i < MIX_COUNT; i++)
        names[DTYPE_MODELS + i] = mixes[i].name;
    near = nearest_word(quantisation, names, DTYPE_MODELS + MIX_COUNT);
    return error_set(error, STATUS_MISUSE, "there is no quantisation '%.40s'%s%s%s", quantisation,
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}
