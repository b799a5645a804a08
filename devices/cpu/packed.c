/* All weights of a model, packed into one buffer in the order of its tensors, but for those that are to be read in the file. What a file holds fused is packed apart, so that the
 * forward pass knows no fused matrices. */
#include <stdlib.h>
#include <string.h>

#include "devices/cpu/cpu.h"

enum { ALIGNMENT = 64, PARTS_MAX = 3 };

/* Rows of a tensor that are one matrix to the forward pass. */
struct part {
    enum role role;
    size_t first, rows;
};

static bool is_matrix(const struct tensor *tensor)
{
    return tensor->rows > 1;
}

static size_t split(const struct model *model, const struct tensor *tensor, struct part parts[PARTS_MAX])
{
    size_t queries = model->heads * model->head_size, keys = model->kv_heads * model->head_size;

    if (tensor->role == ROLE_QKV) {
        parts[0] = (struct part){ROLE_QUERY, 0, queries};
        parts[1] = (struct part){ROLE_KEY, queries, keys};
        parts[2] = (struct part){ROLE_VALUE, queries + keys, keys};
        return 3;
    }
    if (tensor->role == ROLE_GATE_UP) {
        parts[0] = (struct part){ROLE_GATE, 0, model->feed_forward};
        parts[1] = (struct part){ROLE_UP, model->feed_forward, model->feed_forward};
        return 2;
    }
    parts[0] = (struct part){tensor->role, 0, tensor->rows};
    return 1;
}

static size_t vector_bytes(const struct tensor *tensor)
{
    return (tensor->columns * sizeof(float) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

size_t cpu_pack_bytes(const struct model *model, isa_set isa, bool as_stored, size_t *mapped_bytes)
{
    struct part parts[PARTS_MAX];
    size_t bytes = 0, mapped = 0;

    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct tensor *tensor = &model->tensors[i];
        size_t count = is_matrix(tensor) ? split(model, tensor, parts) : 0;
        if (count == 0)
            bytes += vector_bytes(tensor);
        for (size_t p = 0; p < count; p++) {
            struct matrix matrix = matrix_of(model, tensor, parts[p].first, parts[p].rows, isa, as_stored);
            if (matrix.as_stored)
                mapped += matrix.rows * dtype_row_bytes(matrix.type, matrix.columns);
            else
                bytes += matrix_bytes(&matrix);
        }
    }
    if (mapped_bytes)
        *mapped_bytes = mapped;
    return bytes;
}

/* Where the forward pass looks for a matrix; NULL: it does not use it. */
static struct matrix *matrix_place(struct cpu *cpu, enum role role, int layer)
{
    struct cpu_layer *w = layer < 0 ? NULL : &cpu->layers[layer];

    switch (role) {
    case ROLE_TOKEN_EMBEDDING:
        return &cpu->embedding;
    case ROLE_OUTPUT:
        return &cpu->output;
    case ROLE_QUERY:
        return &w->query;
    case ROLE_KEY:
        return &w->key;
    case ROLE_VALUE:
        return &w->value;
    case ROLE_ATTENTION_OUTPUT:
        return &w->output;
    case ROLE_GATE:
        return &w->gate;
    case ROLE_UP:
        return &w->up;
    case ROLE_DOWN:
        return &w->down;
    default:
        return NULL;
    }
}

/* The same of a vector. Rope divisors are no weights of the pass: model_rope knows them. */
static const float **vector_place(struct cpu *cpu, enum role role, int layer)
{
    struct cpu_layer *w = layer < 0 ? NULL : &cpu->layers[layer];

    switch (role) {
    case ROLE_OUTPUT_NORM:
        return &cpu->output_norm;
    case ROLE_ATTENTION_NORM:
        return &w->attention_norm;
    case ROLE_POST_ATTENTION_NORM:
        return &w->post_attention_norm;
    case ROLE_FFN_NORM:
        return &w->ffn_norm;
    case ROLE_POST_FFN_NORM:
        return &w->post_ffn_norm;
    case ROLE_QUERY_BIAS:
        return &w->query_bias;
    case ROLE_KEY_BIAS:
        return &w->key_bias;
    case ROLE_VALUE_BIAS:
        return &w->value_bias;
    case ROLE_QUERY_NORM:
        return &w->query_norm;
    case ROLE_KEY_NORM:
        return &w->key_norm;
    default:
        return NULL;
    }
}

struct packing {
    struct cpu *cpu;
    const struct weights *weights;
    uint8_t *scratch; /* one stored panel per thread */
    size_t scratch_bytes;
};

static void lay_out(struct packing *p)
{
    const struct model *model = p->cpu->model;
    uint8_t *at = p->cpu->weights.data;
    struct part parts[PARTS_MAX];

    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct tensor *tensor = &model->tensors[i];
        if (!is_matrix(tensor)) {
            const float **vector = vector_place(p->cpu, tensor->role, tensor->layer);
            if (vector)
                *vector = (const float *)at;
            at += vector_bytes(tensor);
            continue;
        }
        for (size_t n = 0, count = split(model, tensor, parts); n < count; n++) {
            struct matrix matrix =
                matrix_of(model, tensor, parts[n].first, parts[n].rows, p->cpu->isa, p->cpu->as_stored);
            matrix.data = matrix.as_stored ? (uint8_t *)p->weights->ops->view(p->weights, i, matrix.first) : at;
            *matrix_place(p->cpu, parts[n].role, tensor->layer) = matrix;
            at += matrix.as_stored ? 0 : matrix_bytes(&matrix);
            if (matrix_stored_panel_bytes(&matrix) > p->scratch_bytes)
                p->scratch_bytes = matrix_stored_panel_bytes(&matrix);
        }
    }
    if (model->tied)
        p->cpu->output = p->cpu->embedding;
}

/* Each thread packs the rows that it will read, so that their pages lie near it. */
static void pack_share(void *context, size_t thread)
{
    struct packing *p = context;
    const struct model *model = p->cpu->model;
    uint8_t *scratch = p->scratch + thread * p->scratch_bytes;
    struct part parts[PARTS_MAX];

    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct tensor *tensor = &model->tensors[i];
        if (!is_matrix(tensor)) {
            const float **vector = vector_place(p->cpu, tensor->role, tensor->layer);
            if (thread == 0 && vector)
                p->weights->ops->read(p->weights, i, 0, 1, (void *)*vector);
            continue;
        }
        for (size_t n = 0, count = split(model, tensor, parts); n < count; n++) {
            const struct matrix *matrix = matrix_place(p->cpu, parts[n].role, tensor->layer);
            size_t begin, end;
            matrix_share(matrix, p->cpu->threads, thread, &begin, &end);
            if (!matrix->as_stored)
                matrix_pack(matrix, p->weights, begin, end, scratch);
        }
    }
}

/* A matrix of a role that the pass does not know would be multiplied nowhere. */
static enum status check_roles(struct cpu *cpu, struct error *error)
{
    struct part parts[PARTS_MAX];

    for (size_t i = 0; i < cpu->model->tensor_count; i++) {
        const struct tensor *tensor = &cpu->model->tensors[i];
        if (is_matrix(tensor) && split(cpu->model, tensor, parts) > 0 &&
            !matrix_place(cpu, parts[0].role, tensor->layer))
            return error_set(error, STATUS_UNSUPPORTED, "%s: the CPU engine has no use for the matrix '%s'",
                             cpu->model->name, tensor->name);
    }
    return STATUS_OK;
}

enum status cpu_pack(struct cpu *cpu, const struct weights *weights, struct error *error)
{
    const struct model *model = cpu->model;
    struct packing p = {.cpu = cpu, .weights = weights};
    enum status status;

    if (cpu->as_stored && !weights->ops->view(weights, 0, 0))
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: generated weights lie nowhere as stored; --no-repack needs a file, and `export-gguf` "
                         "writes one",
                         model->name);
    status =
        buffer_open(&cpu->weights, cpu_pack_bytes(model, cpu->isa, cpu->as_stored, &cpu->mapped_bytes), true, error);
    if (status != STATUS_OK)
        return status;
    status = check_roles(cpu, error);
    if (status != STATUS_OK)
        return status;
    lay_out(&p);
    if (cpu->mapped_bytes && weights->ops->retain)
        weights->ops->retain(weights);
    p.scratch = malloc(p.scratch_bytes * threads_count(cpu->threads));
    if (p.scratch)
        threads_run(cpu->threads, pack_share, &p);
    else
        status = error_set(error, STATUS_MEMORY, "out of memory while packing %s", model->name);
    free(p.scratch);
    return status;
}
