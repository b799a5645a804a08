/* libFuzzer target: any bytes as a model file. Whatever opens must be readable to its last row. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/gguf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_ends(const struct weights *weights, size_t index)
{
    const struct tensor *tensor = &weights->model->tensors[index];
    size_t row_bytes = dtype_row_bytes(tensor->type, tensor->columns);
    unsigned char *row = malloc(row_bytes);

    if (!row)
        return;
    weights->ops->read(weights, index, 0, 1, row);
    weights->ops->read(weights, index, tensor->rows - 1, 1, row);
    if (memcmp(row, weights->ops->view(weights, index, tensor->rows - 1), row_bytes) != 0)
        abort();
    free(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct weights *weights;
    struct model model;

    if (gguf_open_memory(&weights, &model, data, size, "fuzz.gguf", &error)) {
        if (!error.status || !error.text[0] || weights || model.tensors)
            abort();
        return 0;
    }
    for (size_t i = 0; i < model.tensor_count; i++)
        read_ends(weights, i);
    for (size_t i = 0; i < model.layers; i++) {
        double frequencies[MODEL_HEAD_SIZE_MAX / 2], magnitude;
        model_rope(&model, i, model.context_tokens, frequencies, &magnitude);
        if (model_layer(&model, i).kv_layer > i || !(magnitude > 0) ||
            !isfinite(model_query_factor(&model, model.context_tokens)))
            abort();
    }
    if (!model_output(&model) || model_stored_bytes(&model) > size)
        abort();
    weights_close(weights);
    model_free(&model);
    return 0;
}
