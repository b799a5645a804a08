#include <stdlib.h>
#include <string.h>

#include "devices/cpu/cpu.h"

/* Cuts pieces off a buffer; with no buffer it only counts. */
struct cutter {
    uint8_t *base;
    size_t used;
};

static void *cut(struct cutter *cutter, size_t bytes)
{
    void *piece = cutter->base ? cutter->base + cutter->used : NULL;

    cutter->used += (bytes + 63) / 64 * 64;
    return piece;
}

static float *cut_floats(struct cutter *cutter, size_t count)
{
    return cut(cutter, count * sizeof(float));
}

static size_t pad(size_t rows)
{
    return panel_count(rows) * PANEL_ROWS;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The most that any matrix needs. */
struct needs {
    size_t tiles_bytes, columns, scratch_bytes;
};

static struct needs needs_of(const struct model *model, isa_set isa, bool as_stored, size_t tokens)
{
    struct needs needs = {0};

    for (size_t i = 0; i < model->tensor_count; i++)
        if (model->tensors[i].rows > 1) {
            struct matrix matrix = matrix_of(model, &model->tensors[i], 0, model->tensors[i].rows, isa, as_stored);
            needs.tiles_bytes = most(needs.tiles_bytes, matrix_tiles_bytes(&matrix, tokens));
            needs.columns = most(needs.columns, matrix.columns);
            needs.scratch_bytes = most(needs.scratch_bytes, matrix_scratch_bytes(&matrix));
        }
    return needs;
}

static void cut_thread(struct cutter *cutter, const struct model *model, isa_set isa, bool as_stored,
                       struct cpu_thread_scratch *thread)
{
    struct needs needs = needs_of(model, isa, as_stored, 1);

    thread->tile = cut(cutter, needs.tiles_bytes);
    thread->normed = cut_floats(cutter, needs.columns);
    thread->gemm = cut(cutter, needs.scratch_bytes);
    thread->query = cut_floats(cutter, model->heads * model->head_size);
    thread->key = cut_floats(cutter, model->kv_heads * model->head_size);
    thread->value = cut_floats(cutter, model->kv_heads * model->head_size);
    thread->attend_queries = cut_floats(cutter, ATTEND_ROWS_MAX * model->head_size);
    thread->attend_scratch = cut_floats(cutter, ATTEND_SCRATCH_FLOATS);
    for (size_t i = 0; i < 2; i++)
        thread->parts[i] = (struct cpu_part){
            .out = cut_floats(cutter, ATTEND_ROWS_MAX * model->head_size),
            .maximum = cut_floats(cutter, ATTEND_ROWS_MAX),
            .sum = cut_floats(cutter, ATTEND_ROWS_MAX),
        };
}

static size_t cut_all(struct cutter cutter, const struct model *model, isa_set isa, bool as_stored, size_t batch,
                      size_t threads, struct cpu_scratch *s)
{
    struct cpu_thread_scratch counted;

    s->hidden_stride = pad(model->hidden);
    s->query_stride = pad(model->heads * model->head_size);
    s->kv_stride = pad(model->kv_heads * model->head_size);
    s->ffn_stride = pad(model->feed_forward);
    s->x = cut_floats(&cutter, batch * s->hidden_stride);
    s->branch = cut_floats(&cutter, batch * s->hidden_stride);
    s->query = cut_floats(&cutter, batch * s->query_stride);
    s->key = cut_floats(&cutter, batch * s->kv_stride);
    s->value = cut_floats(&cutter, batch * s->kv_stride);
    s->attended = cut_floats(&cutter, batch * s->query_stride);
    s->gate = cut_floats(&cutter, batch * s->ffn_stride);
    s->up = cut_floats(&cutter, batch * s->ffn_stride);
    for (size_t i = 0; i < CPU_ROTATIONS; i++) {
        s->cosine[i] = cut_floats(&cutter, batch * model->rope.dimensions / 2);
        s->sine[i] = cut_floats(&cutter, batch * model->rope.dimensions / 2);
    }
    s->query_factor = cut_floats(&cutter, batch);
    s->logits = cut_floats(&cutter, pad(model->vocabulary));
    s->tiles = cut(&cutter, needs_of(model, isa, as_stored, batch).tiles_bytes);
    for (size_t t = 0; t < threads; t++)
        cut_thread(&cutter, model, isa, as_stored, s->threads ? &s->threads[t] : &counted);
    return cutter.used;
}

size_t cpu_scratch_bytes(const struct model *model, isa_set isa, bool as_stored, size_t batch_tokens, size_t threads)
{
    struct cpu_scratch counted = {0};

    return cut_all((struct cutter){0}, model, isa, as_stored, batch_tokens, threads, &counted);
}

enum status cpu_scratch_open(struct cpu *cpu, struct error *error)
{
    struct cpu_scratch *s = &cpu->scratch;
    size_t threads = threads_count(cpu->threads);
    enum status status = buffer_open(
        &s->buffer, cpu_scratch_bytes(cpu->model, cpu->isa, cpu->as_stored, cpu->batch_tokens, threads), true, error);

    if (status != STATUS_OK)
        return status;
    s->threads = calloc(threads, sizeof *s->threads);
    if (!s->threads)
        return error_set(error, STATUS_MEMORY, "out of memory");
    memset(s->buffer.data, 0, s->buffer.bytes); /* resident from the start, as it is reported */
    cut_all((struct cutter){.base = s->buffer.data}, cpu->model, cpu->isa, cpu->as_stored, cpu->batch_tokens, threads,
            s);
    return STATUS_OK;
}
