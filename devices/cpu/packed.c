/* All weights of a model, packed into one buffer: matrices first, then the vectors. */
#include <stdlib.h>
#include <string.h>

#include "devices/cpu/cpu.h"

enum { ALIGNMENT = 64 };

static bool is_matrix(const struct tensor *tensor)
{
    return tensor->rows > 1;
}

static size_t tensor_bytes(const struct model *model, const struct tensor *tensor, isa_set isa)
{
    struct matrix matrix;

    if (!is_matrix(tensor))
        return (tensor->columns * sizeof(float) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    matrix = matrix_of(model, tensor, isa);
    return matrix_bytes(&matrix);
}

size_t cpu_pack_bytes(const struct model *model, isa_set isa)
{
    size_t bytes = 0;

    for (size_t i = 0; i < model->tensor_count; i++)
        bytes += tensor_bytes(model, &model->tensors[i], isa);
    return bytes;
}

struct packing {
    struct cpu *cpu;
    const struct weights *weights;
    struct matrix *matrices; /* by tensor */
    float **vectors;
    uint8_t *scratch; /* one stored panel per thread */
    size_t scratch_bytes;
};

/* Each thread packs the rows that it will read, so that their pages lie near it. */
static void pack_share(void *context, size_t thread)
{
    struct packing *p = context;
    const struct model *model = p->cpu->model;

    for (size_t i = 0; i < model->tensor_count; i++) {
        size_t begin, end;
        if (is_matrix(&model->tensors[i])) {
            matrix_share(&p->matrices[i], p->cpu->threads, thread, &begin, &end);
            matrix_pack(&p->matrices[i], p->weights, begin, end, p->scratch + thread * p->scratch_bytes);
        } else if (thread == 0)
            p->weights->ops->read(p->weights, i, 0, 1, p->vectors[i]);
    }
}

static struct matrix find_matrix(const struct packing *p, enum role role, int layer)
{
    const struct tensor *tensor = model_tensor(p->cpu->model, role, layer);

    return p->matrices[tensor - p->cpu->model->tensors];
}

static const float *find_vector(const struct packing *p, enum role role, int layer)
{
    const struct tensor *tensor = model_tensor(p->cpu->model, role, layer);

    return p->vectors[tensor - p->cpu->model->tensors];
}

static void assign(const struct packing *p)
{
    struct cpu *cpu = p->cpu;
    const struct model *model = cpu->model;

    cpu->embedding = find_matrix(p, ROLE_TOKEN_EMBEDDING, -1);
    cpu->output = p->matrices[model_output(model) - model->tensors];
    cpu->output_norm = find_vector(p, ROLE_OUTPUT_NORM, -1);
    for (size_t l = 0; l < model->layers; l++)
        cpu->layers[l] = (struct cpu_layer){
            .attention_norm = find_vector(p, ROLE_ATTENTION_NORM, (int)l),
            .ffn_norm = find_vector(p, ROLE_FFN_NORM, (int)l),
            .query = find_matrix(p, ROLE_QUERY, (int)l),
            .key = find_matrix(p, ROLE_KEY, (int)l),
            .value = find_matrix(p, ROLE_VALUE, (int)l),
            .output = find_matrix(p, ROLE_ATTENTION_OUTPUT, (int)l),
            .gate = find_matrix(p, ROLE_GATE, (int)l),
            .up = find_matrix(p, ROLE_UP, (int)l),
            .down = find_matrix(p, ROLE_DOWN, (int)l),
        };
}

static void lay_out(struct packing *p)
{
    const struct model *model = p->cpu->model;
    uint8_t *at = p->cpu->weights.data;

    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct tensor *tensor = &model->tensors[i];
        if (is_matrix(tensor)) {
            p->matrices[i] = matrix_of(model, tensor, p->cpu->isa);
            p->matrices[i].data = at;
            if (matrix_stored_panel_bytes(&p->matrices[i]) > p->scratch_bytes)
                p->scratch_bytes = matrix_stored_panel_bytes(&p->matrices[i]);
        } else
            p->vectors[i] = (float *)at;
        at += tensor_bytes(model, tensor, p->cpu->isa);
    }
}

enum status cpu_pack(struct cpu *cpu, const struct weights *weights, struct error *error)
{
    const struct model *model = cpu->model;
    struct packing p = {.cpu = cpu, .weights = weights};
    enum status status = buffer_open(&cpu->weights, cpu_pack_bytes(model, cpu->isa), true, error);

    if (status != STATUS_OK)
        return status;
    p.matrices = calloc(model->tensor_count, sizeof *p.matrices);
    p.vectors = calloc(model->tensor_count, sizeof *p.vectors);
    cpu->layers = calloc(model->layers, sizeof *cpu->layers);
    if (p.matrices && p.vectors && cpu->layers) {
        lay_out(&p);
        p.scratch = malloc(p.scratch_bytes * threads_count(cpu->threads));
    }
    if (p.scratch) {
        threads_run(cpu->threads, pack_share, &p);
        assign(&p);
    } else
        status = error_set(error, STATUS_MEMORY, "out of memory while packing %s", model->name);
    free(p.scratch);
    free(p.matrices);
    free(p.vectors);
    return status;
}
