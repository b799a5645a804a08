/* The forward pass. All threads run it side by side and meet at barriers: five a layer for one token, eight for a batch. Each owns
 * the same rows of every matrix; what one token needs before a product, each thread prepares for itself. */
#include <math.h>
#include <string.h>

#include "devices/cpu/cpu.h"

struct pass {
    struct cpu *cpu;
    const int32_t *tokens;
    size_t count, position;
};

/* Rows of x, stride floats apart, become activation tiles for `matrix` (and all of the same input and type), normed first if
 * `norm` is given. Returns the tiles that this thread shall read. */
static const uint8_t *prepare(const struct pass *pass, size_t thread, const struct matrix *matrix, const float *x,
                              size_t stride, const float *norm)
{
    struct cpu *cpu = pass->cpu;
    const struct cpu_thread_scratch *own = &cpu->scratch.threads[thread];
    float epsilon = (float)cpu->model->norm_epsilon;
    size_t begin, end;

    if (pass->count == 1) {
        if (norm)
            cpu->norm->norm(matrix->columns, x, norm, epsilon, own->normed);
        matrix_tile(matrix, 1, norm ? own->normed : x, stride, 0, 1, own->tile);
        return own->tile;
    }
    threads_share(cpu->threads, thread, matrix_tile_count(matrix, pass->count), 1, &begin, &end);
    if (norm) {
        size_t width = matrix->gemm->width, last = end * width < pass->count ? end * width : pass->count;
        for (size_t t = begin * width; t < last; t++)
            cpu->norm->norm(matrix->columns, x + t * stride, norm, epsilon, cpu->scratch.branch + t * stride);
        x = cpu->scratch.branch;
    }
    matrix_tile(matrix, pass->count, x, stride, begin, end, cpu->scratch.tiles);
    threads_barrier(cpu->threads, thread);
    return cpu->scratch.tiles;
}

static void multiply(const struct pass *pass, size_t thread, const struct matrix *matrix, const uint8_t *tiles,
                     float *out, size_t stride)
{
    matrix_multiply(matrix, pass->cpu->threads, thread, pass->count, tiles, out, stride,
                    pass->cpu->scratch.threads[thread].gemm);
}

/* x += branch over the rows that this thread has just computed. */
static void add_branch(const struct pass *pass, size_t thread, const struct matrix *matrix)
{
    const struct cpu_scratch *s = &pass->cpu->scratch;
    size_t begin, end;

    matrix_share(matrix, pass->cpu->threads, thread, &begin, &end);
    for (size_t t = 0; t < pass->count; t++) {
        float *x = s->x + t * s->hidden_stride;
        const float *branch = s->branch + t * s->hidden_stride;
        for (size_t i = begin * PANEL_ROWS; i < end * PANEL_ROWS; i++)
            x[i] += branch[i];
    }
}

static bool same_tiles(const struct matrix *a, const struct matrix *b)
{
    return dtype_info(a->type)->quantised == dtype_info(b->type)->quantised && a->gemm->width == b->gemm->width;
}

/* Multiplies several matrices of the same input; tiles are made anew where a type wants other ones. */
static void multiply_all(const struct pass *pass, size_t thread, const float *norm,
                         const struct matrix *const *matrices, float *const *outs, const size_t *strides, size_t count)
{
    const struct cpu_scratch *s = &pass->cpu->scratch;
    const uint8_t *tiles = NULL;

    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !same_tiles(matrices[i], matrices[i - 1])) {
            if (i > 0)
                threads_barrier(pass->cpu->threads, thread);
            tiles = prepare(pass, thread, matrices[i], s->x, s->hidden_stride, norm);
        }
        multiply(pass, thread, matrices[i], tiles, outs[i], strides[i]);
    }
}

static void attention_branch(const struct pass *pass, size_t layer, size_t thread)
{
    struct cpu *cpu = pass->cpu;
    const struct cpu_layer *w = &cpu->layers[layer];
    const struct cpu_scratch *s = &cpu->scratch;
    const struct matrix *const matrices[] = {&w->query, &w->key, &w->value};
    float *const outs[] = {s->query, s->key, s->value};
    const size_t strides[] = {s->query_stride, s->kv_stride, s->kv_stride};

    multiply_all(pass, thread, w->attention_norm, matrices, outs, strides, 3);
    threads_barrier(cpu->threads, thread);
    cpu_attention(cpu, layer, thread, pass->position, pass->count);
    threads_barrier(cpu->threads, thread);
    const uint8_t *tiles = prepare(pass, thread, &w->output, s->attended, s->query_stride, NULL);
    multiply(pass, thread, &w->output, tiles, s->branch, s->hidden_stride);
    add_branch(pass, thread, &w->output);
    threads_barrier(cpu->threads, thread);
}

/* silu(gate) · up over the rows that this thread has just computed. */
static void gate_rows(const struct pass *pass, size_t thread, const struct matrix *matrix)
{
    const struct cpu_scratch *s = &pass->cpu->scratch;
    size_t begin, end;

    matrix_share(matrix, pass->cpu->threads, thread, &begin, &end);
    for (size_t t = 0; t < pass->count; t++) {
        size_t at = t * s->ffn_stride + begin * PANEL_ROWS;
        pass->cpu->gate->gate((end - begin) * PANEL_ROWS, s->gate + at, s->up + at, s->gate + at);
    }
}

static void ffn_branch(const struct pass *pass, size_t layer, size_t thread)
{
    struct cpu *cpu = pass->cpu;
    const struct cpu_layer *w = &cpu->layers[layer];
    const struct cpu_scratch *s = &cpu->scratch;
    const struct matrix *const matrices[] = {&w->gate, &w->up};
    float *const outs[] = {s->gate, s->up};
    const size_t strides[] = {s->ffn_stride, s->ffn_stride};

    multiply_all(pass, thread, w->ffn_norm, matrices, outs, strides, 2);
    gate_rows(pass, thread, &w->gate);
    threads_barrier(cpu->threads, thread);
    const uint8_t *tiles = prepare(pass, thread, &w->down, s->gate, s->ffn_stride, NULL);
    multiply(pass, thread, &w->down, tiles, s->branch, s->hidden_stride);
    add_branch(pass, thread, &w->down);
    threads_barrier(cpu->threads, thread);
}

/* Embeddings and rotation angles of this thread's tokens. */
static void begin(const struct pass *pass, size_t thread)
{
    struct cpu *cpu = pass->cpu;
    const struct matrix *e = &cpu->embedding;
    size_t first, last, pairs = cpu->model->rope_dimensions / 2;

    threads_share(cpu->threads, thread, pass->count, 1, &first, &last);
    for (size_t t = first; t < last; t++) {
        size_t token = (size_t)pass->tokens[t];
        panel_row(e->type, e->columns, e->data + token / PANEL_ROWS * panel_bytes(e->type, e->columns),
                  token % PANEL_ROWS, cpu->scratch.x + t * cpu->scratch.hidden_stride);
        for (size_t i = 0; i < pairs; i++) {
            double angle = (double)(pass->position + t) * cpu->frequencies[i];
            cpu->scratch.cosine[t * pairs + i] = (float)cos(angle);
            cpu->scratch.sine[t * pairs + i] = (float)sin(angle);
        }
    }
}

/* Logits of the last token, and the best of this thread's rows. */
static void finish(const struct pass *pass, size_t thread)
{
    struct cpu *cpu = pass->cpu;
    const struct cpu_scratch *s = &cpu->scratch;
    struct pass last = {.cpu = cpu, .count = 1};
    size_t begin, end;
    const float *x = s->x + (pass->count - 1) * s->hidden_stride;
    const uint8_t *tile = prepare(&last, thread, &cpu->output, x, s->hidden_stride, cpu->output_norm);

    multiply(&last, thread, &cpu->output, tile, s->logits, 0);
    matrix_share(&cpu->output, cpu->threads, thread, &begin, &end);
    begin *= PANEL_ROWS;
    end = end * PANEL_ROWS < cpu->model->vocabulary ? end * PANEL_ROWS : cpu->model->vocabulary;
    cpu->best[thread].value = -INFINITY;
    cpu->best[thread].token = 0;
    for (size_t i = begin; i < end; i++)
        if (s->logits[i] > cpu->best[thread].value) {
            cpu->best[thread].value = s->logits[i];
            cpu->best[thread].token = (int32_t)i;
        }
}

static void run_pass(void *context, size_t thread)
{
    const struct pass *pass = context;
    struct threads *threads = pass->cpu->threads;

    begin(pass, thread);
    threads_barrier(threads, thread);
    for (size_t layer = 0; layer < pass->cpu->model->layers; layer++) {
        attention_branch(pass, layer, thread);
        ffn_branch(pass, layer, thread);
    }
    finish(pass, thread);
}

int32_t cpu_forward(struct cpu *cpu, const int32_t *tokens, size_t count)
{
    int32_t token = 0;
    float value = -INFINITY;

    for (size_t done = 0; done < count;) {
        struct pass pass = {.cpu = cpu, .tokens = tokens + done, .position = cpu->cache.length};
        pass.count = count - done < cpu->batch_tokens ? count - done : cpu->batch_tokens;
        threads_run(cpu->threads, run_pass, &pass);
        cpu->cache.length += pass.count;
        done += pass.count;
    }
    for (size_t t = 0; t < threads_count(cpu->threads); t++)
        if (cpu->best[t].value > value) {
            value = cpu->best[t].value;
            token = cpu->best[t].token;
        }
    return token;
}
