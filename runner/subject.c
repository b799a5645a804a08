#include "runner/subject.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "workloads/gguf.h"
#include "workloads/synthetic.h"

bool subject_is_file(const char *request)
{
    size_t length = strlen(request);

    return strchr(request, '/') || (length > 5 && strcmp(request + length - 5, ".gguf") == 0);
}

enum status subject_check_repack(const char *request, bool no_repack, struct error *error)
{
    if (!no_repack || subject_is_file(request))
        return STATUS_OK;
    return error_set(error, STATUS_MISUSE,
                     "%s: --no-repack needs a file; 'pocketmark export-gguf %s -o FILE.gguf' writes one", request,
                     request);
}

/* Sets the types; *output becomes the type of the matrix that makes the logits. */
static enum status quantise(struct model *model, const char *quant, const enum dtype *wanted, enum dtype *output,
                            struct error *error)
{
    enum status status = model_quantise(model, quant, wanted, error);

    if (status == STATUS_FORMAT && error) /* the description is sound: it is the choice that does not fit it */
        status = error->status = STATUS_MISUSE;
    if (!status)
        *output = model_output(model)->type;
    return status;
}

static void name_quantisation(struct subject *subject, const char *quant)
{
    size_t length = 0;

    for (; quant[length] && length + 1 < sizeof subject->format; length++)
        subject->format[length] = (char)tolower((unsigned char)quant[length]);
    subject->format[length] = '\0';
}

static enum status open_described(struct subject *subject, size_t layers, const char *quant, const char *output,
                                  uint64_t seed, struct error *error)
{
    enum dtype usual, last;
    enum status status = model_load(&subject->model, subject->request, error);

    if (!status && layers)
        status = model_cut(&subject->model, layers, error);
    if (!status)
        status = quantise(&subject->model, quant, NULL, &usual, error);
    if (status)
        return status;
    last = usual;
    if (output && !dtype_from_name(output, &last))
        return error_set(error, STATUS_MISUSE, "there is no type '%s'", output);
    if (last != usual)
        status = quantise(&subject->model, quant, &last, &last, error);
    subject->output_differs = last != usual;
    name_quantisation(subject, quant);
    if (!status)
        status = synthetic_open(&subject->weights, &subject->model, seed, error);
    return status;
}

static void name_format(struct subject *subject)
{
    enum dtype type = model_output(&subject->model)->type;
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
}

enum status subject_open(struct subject *subject, const char *request, const char *quant, const char *output,
                         uint64_t seed, struct error *error)
{
    return subject_open_cut(subject, request, 0, quant, output, seed, error);
}

enum status subject_open_cut(struct subject *subject, const char *request, size_t layers, const char *quant,
                             const char *output, uint64_t seed, struct error *error)
{
    enum status status;

    *subject = (struct subject){.request = request, .file = subject_is_file(request)};
    if (subject->file)
        status = gguf_open(&subject->weights, &subject->model, request, error);
    else
        status = open_described(subject, layers, quant && *quant ? quant : "q4_0", output && *output ? output : NULL,
                                seed, error);
    if (status) {
        subject_close(subject);
        return status;
    }
    if (subject->file)
        name_format(subject);
    snprintf(subject->output, sizeof subject->output, "%s", dtype_info(model_output(&subject->model)->type)->name);
    return STATUS_OK;
}

void subject_close(struct subject *subject)
{
    weights_close(subject->weights);
    model_free(&subject->model);
    *subject = (struct subject){0};
}
