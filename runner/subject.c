#include "runner/subject.h"

#include <stdio.h>
#include <string.h>

#include "workloads/gguf.h"
#include "workloads/synthetic.h"

bool subject_is_file(const char *request)
{
    size_t length = strlen(request);

    return strchr(request, '/') || (length > 5 && strcmp(request + length - 5, ".gguf") == 0);
}

static enum status open_described(struct subject *subject, const char *quant, const char *output, uint64_t seed,
                                  struct error *error)
{
    enum dtype matrices = DTYPE_Q4_0, last;
    enum status status;

    if (quant && *quant && !dtype_from_name(quant, &matrices))
        return error_set(error, STATUS_MISUSE, "there is no type '%s'", quant);
    last = matrices;
    if (output && *output && !dtype_from_name(output, &last))
        return error_set(error, STATUS_MISUSE, "there is no type '%s'", output);
    status = model_load(&subject->model, subject->request, error);
    if (!status)
        status = model_set_types(&subject->model, matrices, last, error);
    if (!status)
        status = synthetic_open(&subject->weights, &subject->model, seed, error);
    return status;
}

static void name_formats(struct subject *subject)
{
    const struct tensor *output = model_output(&subject->model);
    enum dtype type = output->type;
    bool found = false, mixed = false;

    for (size_t i = 0; i < subject->model.tensor_count; i++) {
        const struct tensor *tensor = &subject->model.tensors[i];
        if (tensor->layer < 0 || tensor->rows == 1)
            continue;
        mixed |= found && tensor->type != type;
        type = tensor->type;
        found = true;
    }
    snprintf(subject->format, sizeof subject->format, "%s", mixed ? "mixed" : dtype_info(type)->name);
    snprintf(subject->output, sizeof subject->output, "%s", dtype_info(output->type)->name);
}

enum status subject_open(struct subject *subject, const char *request, const char *quant, const char *output,
                         uint64_t seed, struct error *error)
{
    enum status status;

    *subject = (struct subject){.request = request, .file = subject_is_file(request)};
    if (subject->file)
        status = gguf_open(&subject->weights, &subject->model, request, error);
    else
        status = open_described(subject, quant, output, seed, error);
    if (status)
        subject_close(subject);
    else
        name_formats(subject);
    return status;
}

void subject_close(struct subject *subject)
{
    weights_close(subject->weights);
    model_free(&subject->model);
    *subject = (struct subject){0};
}
