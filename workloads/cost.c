#include "workloads/cost.h"

#include <math.h>

#include "workloads/layout.h"

/* K and V of one token in one layer. */
static uint64_t kv_elements(const struct model *model)
{
    return (uint64_t)2 * model->kv_heads * model->head_size;
}

/* Tokens that a layer with that window (0: none) sees at a position, itself included. */
static uint64_t visible(uint64_t position, uint64_t window)
{
    return window && window < position + 1 ? window : position + 1;
}

/* Sum of what `tokens` tokens behind `depth` others see: those of the first window's length see everything before them.
 * */
static uint64_t visible_pairs(uint64_t tokens, uint64_t depth, uint64_t window)
{
    uint64_t whole = tokens;

    if (window && depth + tokens > window)
        whole = depth < window ? window - depth : 0;
    return whole * depth + whole * (whole + 1) / 2 + (tokens - whole) * window;
}

static bool is_linear(const struct tensor *tensor)
{
    return tensor->layer >= 0 && !layout_is_vector(tensor->role);
}

uint64_t cost_linear_macs(const struct model *model, size_t tokens)
{
    uint64_t macs = 0;

    for (size_t i = 0; i < model->tensor_count; i++)
        if (is_linear(&model->tensors[i]))
            macs += cost_matmul_macs(model->tensors[i].rows, model->tensors[i].columns, tokens);
    return macs;
}

uint64_t cost_linear_values(const struct model *model)
{
    uint64_t values = 0;

    for (size_t i = 0; i < model->tensor_count; i++)
        if (is_linear(&model->tensors[i]))
            values += model->tensors[i].rows + model->tensors[i].columns;
    return values;
}

uint64_t cost_attention_macs(const struct model *model, size_t tokens, size_t depth)
{
    uint64_t pairs = 0;

    for (size_t layer = 0; layer < model->layers; layer++)
        pairs += visible_pairs(tokens, depth, model_layer(model, layer).window);
    return pairs * 2 * model->heads * model->head_size;
}

uint64_t cost_prefill_macs(const struct model *model, size_t tokens, size_t depth)
{
    const struct tensor *output = model_output(model);

    if (!tokens)
        return 0;
    return cost_linear_macs(model, tokens) + cost_attention_macs(model, tokens, depth) +
           cost_matmul_macs(output->rows, output->columns, 1);
}

uint64_t cost_weight_bytes(const struct model *model)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct tensor *tensor = &model->tensors[i];
        bool row_only = tensor->role == ROLE_TOKEN_EMBEDDING && !model->tied;

        if (!layout_is_vector(tensor->role))
            bytes += cost_matmul_bytes(tensor->type, row_only ? 1 : tensor->rows, tensor->columns);
    }
    return bytes;
}

uint64_t cost_cache_bytes(const struct model *model, size_t position, double kv_element_bytes)
{
    uint64_t seen = 0;

    for (size_t layer = 0; layer < model->layers; layer++)
        seen += visible(position, model_layer(model, layer).window);
    return (uint64_t)llround((double)kv_elements(model) * (double)seen * kv_element_bytes);
}

uint64_t cost_decode_bytes(const struct model *model, size_t position, double kv_element_bytes)
{
    return cost_weight_bytes(model) + cost_cache_bytes(model, position, kv_element_bytes);
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
    uint64_t layers = 0;

    for (size_t layer = 0; layer < model->layers; layer++)
        layers += model_layer(model, layer).own_kv;
    return (uint64_t)llround((double)(layers * kv_elements(model)) * kv_element_bytes);
}
