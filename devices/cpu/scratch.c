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

/* Bytes of the largest activation tiles of any matrix, and the longest input. */
static void widest(const struct model *model, isa_set isa, size_t tokens, size_t *tiles_bytes, size_t *columns)
{
    *tiles_bytes = *columns = 0;
    for (size_t i = 0; i < model->tensor_count; i++)
        if (model->tensors[i].rows > 1) {
            struct matrix matrix = matrix_of(model, &model->tensors[i], 0, model->tensors[i].rows, isa);
            *tiles_bytes = most(*tiles_bytes, matrix_tiles_bytes(&matrix, tokens));
            *columns = most(*columns, matrix.columns);
        }
}

static void cut_thread(struct cutter *cutter, const struct model *model, isa_set isa, struct cpu_thread_scratch *thread)
{
    size_t tile, columns;

    widest(model, isa, 1, &tile, &columns);
    thread->tile = cut(cutter, tile);
    thread->normed = cut_floats(cutter, columns);
    thread->gemm = cut(cutter, GEMM_SCRATCH_BYTES);
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

static size_t cut_all(struct cutter cutter, const struct model *model, isa_set isa, size_t batch, size_t threads,
                      struct cpu_scratch *s)
{
    size_t tiles, columns;
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
    widest(model, isa, batch, &tiles, &columns);
    s->tiles = cut(&cutter, tiles);
    for (size_t t = 0; t < threads; t++)
        cut_thread(&cutter, model, isa, s->threads ? &s->threads[t] : &counted);
    return cutter.used;
}

size_t cpu_scratch_bytes(const struct model *model, isa_set isa, size_t batch_tokens, size_t threads)
{
    struct cpu_scratch counted = {0};

    return cut_all((struct cutter){0}, model, isa, batch_tokens, threads, &counted);
}

enum status cpu_scratch_open(struct cpu *cpu, struct error *error)
{
    struct cpu_scratch *s = &cpu->scratch;
    size_t threads = threads_count(cpu->threads);
    enum status status =
        buffer_open(&s->buffer, cpu_scratch_bytes(cpu->model, cpu->isa, cpu->batch_tokens, threads), true, error);

    if (status != STATUS_OK)
        return status;
    s->threads = calloc(threads, sizeof *s->threads);
    if (!s->threads)
        return error_set(error, STATUS_MEMORY, "out of memory");
    memset(s->buffer.data, 0, s->buffer.bytes); /* resident from the start, as it is reported */
    cut_all((struct cutter){.base = s->buffer.data}, cpu->model, cpu->isa, cpu->batch_tokens, threads, s);
    return STATUS_OK;
}
