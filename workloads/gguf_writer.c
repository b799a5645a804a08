#include "workloads/gguf_writer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/gguf_keys.h"
#include "workloads/layout.h"

enum { ALIGNMENT = 32, VERSION = 3, QUANTISATION_VERSION = 2 /* of the block layouts: ggml.h */ };

/* Numbers of llama.cpp's llama_ftype: what most matrices are, for people and for the names in its tables. */
static uint32_t file_type(const struct model *model)
{
    static const uint32_t numbers[DTYPE_COUNT] = {
        [DTYPE_F32] = 0,  [DTYPE_F16] = 1,   [DTYPE_BF16] = 32, [DTYPE_Q8_0] = 7,  [DTYPE_Q4_0] = 2,
        [DTYPE_Q4_1] = 3, [DTYPE_Q4_K] = 14, [DTYPE_Q5_K] = 16, [DTYPE_Q6_K] = 18, [DTYPE_IQ4_NL] = 25,
    };
    enum { Q4_K_M = 15 };
    uint64_t elements[DTYPE_COUNT] = {0};
    size_t most = 0;

    for (size_t i = 0; i < model->tensor_count; i++)
        if (model->tensors[i].layer >= 0 && !layout_is_vector(model->tensors[i].role))
            elements[model->tensors[i].type] += (uint64_t)model->tensors[i].rows * model->tensors[i].columns;
    for (size_t type = 1; type < DTYPE_COUNT; type++)
        if (elements[type] > elements[most])
            most = type;
    return most == DTYPE_Q4_K && elements[DTYPE_Q6_K] ? Q4_K_M : numbers[most];
}

static void put_general(struct gguf_head *head, const struct model *model)
{
    gguf_put_text_pair(head, "general", "architecture", model->architecture_name);
    gguf_put_text_pair(head, "general", "name", model->name);
    if (*model->license)
        gguf_put_text_pair(head, "general", "license", model->license);
    gguf_put_count_pair(head, "general", "file_type", file_type(model));
    gguf_put_count_pair(head, "general", "quantization_version", QUANTISATION_VERSION);
    gguf_put_count_pair(head, "general", "alignment", ALIGNMENT);
    /* The word by which a loader knows that there are no texts of tokens, only their number. */
    gguf_put_text_pair(head, "tokenizer.ggml", "model", "no_vocab");
}

/* Puts the entries and, relative to the data, the offsets. */
static void put_entries(struct gguf_plan *plan, const struct model *model)
{
    struct gguf_head *head = &plan->head;
    uint64_t offset = 0;

    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct tensor *tensor = &model->tensors[i];
        bool vector = layout_is_vector(tensor->role);
        uint64_t bytes = (uint64_t)tensor->rows * dtype_row_bytes(tensor->type, tensor->columns);
        gguf_put_text(head, tensor->name);
        gguf_put_number(head, vector ? 1 : 2, 4);
        gguf_put_number(head, tensor->columns, 8);
        if (!vector)
            gguf_put_number(head, tensor->rows, 8);
        gguf_put_number(head, dtype_info(tensor->type)->gguf_id, 4);
        gguf_put_number(head, offset, 8);
        plan->offsets[i] = offset;
        offset += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    plan->file_bytes = offset;
}

#define COUNT(member) #member, offsetof(struct model, member), false
#define REAL(member)  #member, offsetof(struct model, member), true

/* All that decides what a model computes, but for the values of its tensors. */
static const struct {
    const char *name;
    size_t offset;
    bool real;
} fields[] = {
    {COUNT(vocabulary)},
    {COUNT(hidden)},
    {COUNT(layers)},
    {COUNT(heads)},
    {COUNT(kv_heads)},
    {COUNT(head_size)},
    {COUNT(feed_forward)},
    {COUNT(context_tokens)},
    {COUNT(window)},
    {COUNT(global_period)},
    {COUNT(global_offset)},
    {COUNT(unrotated_period)},
    {COUNT(kv_shared_from)},
    {COUNT(rope.dimensions)},
    {REAL(norm_epsilon)},
    {REAL(local_rope_base)},
    {REAL(rope.base)},
    {REAL(rope.factor)},
    {REAL(rope.yarn_beta_fast)},
    {REAL(rope.yarn_beta_slow)},
    {REAL(rope.magnitude)},
    {COUNT(rope.original_context_tokens)},
    {REAL(embedding_scale)},
    {REAL(residual_scale)},
    {REAL(attention_scale)},
    {REAL(logit_divisor)},
    {REAL(attention_softcap)},
    {REAL(logit_softcap)},
    {REAL(temperature_scale)},
};

/* Files hold singles. */
static bool is_near(double a, double b)
{
    return fabs(a - b) <= 1e-6 * fmax(fabs(a), fabs(b));
}

static enum status compare(const struct model *model, const struct model *read, struct error *error)
{
    const char *name = model->architecture_name;

    if (model->rope.scaling != read->rope.scaling || model->tied != read->tied)
        return error_set(error, STATUS_UNSUPPORTED, "%s: a GGUF file of architecture %s cannot say how it is %s",
                         model->name, name, model->tied != read->tied ? "tied" : "rotated");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *a = (const char *)model + fields[i].offset, *b = (const char *)read + fields[i].offset;
        double is = fields[i].real ? *(const double *)a : (double)*(const size_t *)a;
        double says = fields[i].real ? *(const double *)b : (double)*(const size_t *)b;
        if (!is_near(is, says))
            return error_set(error, STATUS_UNSUPPORTED,
                             "%s: a GGUF file of architecture %s cannot say that %s is %g; it would say %g",
                             model->name, name, fields[i].name, is, says);
    }
    return STATUS_OK;
}

/* Whoever reads the file must find this very model. */
static enum status read_back(const struct gguf_plan *plan, const struct model *model, struct error *error)
{
    struct gguf_parts parts;
    struct model read = {0};
    enum status status = gguf_parts_read(&parts, plan->head.bytes, plan->head.size, model->name, error);

    if (status)
        return status;
    status = gguf_read_keys(&read, &parts, model->name, error);
    if (!status)
        status = model_lay_out(&read, error);
    if (!status)
        status = compare(model, &read, error);
    model_free(&read);
    gguf_parts_close(&parts);
    return status;
}

/* The number of pairs stands before them and is known after them. */
static void put_all(struct gguf_plan *plan, const struct model *model)
{
    struct gguf_head *head = &plan->head, pairs = {0};

    put_general(&pairs, model);
    gguf_write_keys(&pairs, model);
    gguf_put_bytes(head, "GGUF", 4);
    gguf_put_number(head, VERSION, 4);
    gguf_put_number(head, model->tensor_count, 8);
    gguf_put_number(head, pairs.pair_count, 8);
    gguf_put_bytes(head, pairs.bytes, pairs.size);
    head->starved |= pairs.starved;
    put_entries(plan, model);
    gguf_put_padding(head, ALIGNMENT);
    free(pairs.bytes);
}

enum status gguf_plan_file(struct gguf_plan *plan, const struct model *model, struct error *error)
{
    enum status status;

    *plan = (struct gguf_plan){0};
    if (layout_constants(model->architecture_name)->described_only)
        return error_set(error, STATUS_MISUSE, "%s: there is no file format of architecture '%s'", model->name,
                         model->architecture_name);
    plan->offsets = calloc(model->tensor_count, sizeof *plan->offsets);
    if (plan->offsets)
        put_all(plan, model);
    if (!plan->offsets || plan->head.starved)
        return error_set(error, STATUS_MEMORY, "%s: no memory for the head of a file", model->name);
    status = read_back(plan, model, error);
    for (size_t i = 0; i < model->tensor_count; i++)
        plan->offsets[i] += plan->head.size;
    plan->file_bytes += plan->head.size;
    return status;
}

void gguf_plan_free(struct gguf_plan *plan)
{
    free(plan->head.bytes);
    free(plan->offsets);
    *plan = (struct gguf_plan){0};
}
