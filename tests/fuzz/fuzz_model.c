/* libFuzzer target: any bytes as a model description. Whatever parses must keep what the readers of a model rely on. */
#include <stdlib.h>
#include <string.h>

#include "workloads/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
        model.rope_dimensions > model.head_size)
        abort();
    if (model_set_types(&model, DTYPE_Q4_0, DTYPE_Q8_0, NULL) == STATUS_OK && !model_stored_bytes(&model))
        abort();
    model_free(&model);
    return 0;
}
