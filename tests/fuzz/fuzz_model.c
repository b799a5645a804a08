/* libFuzzer target: any bytes as a model description. Whatever parses must keep what the readers of a model rely on. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the forward passes ask of every layer. */
static void ask_layers(const struct model *model)
{
    double frequencies[MODEL_HEAD_SIZE_MAX / 2], magnitude;

    for (size_t i = 0; i < model->layers; i++) {
        struct layer layer = model_layer(model, i);
        model_rope(model, i, model->context_tokens, frequencies, &magnitude);
        if (layer.kv_layer > i || !isfinite(magnitude) || !isfinite(model_query_factor(model, model->context_tokens)))
            abort();
        for (size_t j = 0; j < model->rope.dimensions / 2; j++)
            if (!isfinite(frequencies[j]))
                abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct model model;

    if (model_parse(&model, (const char *)data, size, "fuzz.json", &error)) {
        if (!error.status || !error.text[0] || model.tensors)
            abort();
        return 0;
    }
    if (!model_output(&model) || !model_parameter_count(&model) || model.heads % model.kv_heads != 0 ||
        model.rope.dimensions > model.head_size)
        abort();
    ask_layers(&model);
    if (model_quantise(&model, "q4_k_m", NULL, NULL) == STATUS_OK && !model_stored_bytes(&model))
        abort();
    if (model_set_types(&model, DTYPE_Q4_0, DTYPE_Q8_0, NULL) == STATUS_OK && !model_stored_bytes(&model))
        abort();
    model_free(&model);
    return 0;
}
