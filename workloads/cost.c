#include "workloads/cost.h"

#include <math.h>

#include "workloads/layout.h"

static uint64_t kv_elements_per_token(const struct model *model)
{
    return (uint64_t)2 * model->layers * model->kv_heads * model->head_size;
}

uint64_t cost_prefill_macs(const struct model *model, size_t tokens, size_t depth)
{
    const struct tensor *output = model_output(model);
    uint64_t linear = 0, pairs;

    if (!tokens)
        return 0;
    for (size_t i = 0; i < model->tensor_count; i++)
        if (model->tensors[i].layer >= 0 && !layout_is_vector(model->tensors[i].role))
            linear += cost_matmul_macs(model->tensors[i].rows, model->tensors[i].columns, tokens);
    /* Token i, counted from 0, sees depth + i + 1 keys, itself included. */
    pairs = (uint64_t)tokens * depth + (uint64_t)tokens * (tokens + 1) / 2;
    return linear + pairs * 2 * model->layers * model->heads * model->head_size +
           cost_matmul_macs(output->rows, output->columns, 1);
}

uint64_t cost_decode_bytes(const struct model *model, size_t position, double kv_element_bytes)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct tensor *tensor = &model->tensors[i];
        bool row_only = tensor->role == ROLE_TOKEN_EMBEDDING && !model->tied;

        if (!layout_is_vector(tensor->role))
            bytes += cost_matmul_bytes(tensor->type, row_only ? 1 : tensor->rows, tensor->columns);
    }
    return bytes + (uint64_t)llround((double)kv_elements_per_token(model) * (double)(position + 1) * kv_element_bytes);
}

uint64_t cost_matmul_macs(size_t rows, size_t columns, size_t tokens)
{
    return (uint64_t)rows * columns * tokens;
}

uint64_t cost_matmul_bytes(enum dtype type, size_t rows, size_t columns)
{
    return (uint64_t)rows * dtype_row_bytes(type, columns);
}

uint64_t cost_kv_bytes_per_token(const struct model *model, double kv_element_bytes)
{
    return (uint64_t)llround((double)kv_elements_per_token(model) * kv_element_bytes);
}
