/* The forward pass of every architecture, as its table and the layer say. All threads run it side by side and meet at barriers: five
 * a layer for one token, eight for a batch, two more where results are normed. Each owns the same rows of every matrix; what
 * one token needs before a product, each thread prepares for itself. */
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

/* x += scale · branch over the rows of `matrix` that this thread has just computed. */
static void add_rows(const struct pass *pass, size_t thread, const struct matrix *matrix)
{
    const struct cpu_scratch *s = &pass->cpu->scratch;
    float scale = (float)pass->cpu->model->residual_scale;
    size_t begin, end;

    matrix_share(matrix, pass->cpu->threads, thread, &begin, &end);
    for (size_t t = 0; t < pass->count; t++) {
        float *x = s->x + t * s->hidden_stride;
        const float *branch = s->branch + t * s->hidden_stride;
        for (size_t i = begin * PANEL_ROWS; i < end * PANEL_ROWS; i++)
            x[i] += scale * branch[i];
    }
}

/* x += scale · norm(branch): a share of the elements of one token, else whole tokens. */
static void add_normed(const struct pass *pass, size_t thread, const float *norm)
{
    struct cpu *cpu = pass->cpu;
    const struct cpu_scratch *s = &cpu->scratch;
    float scale = (float)cpu->model->residual_scale, *normed = s->threads[thread].normed;
    size_t hidden = cpu->model->hidden, begin, end, first = 0, last = 1;

    threads_share(cpu->threads, thread, pass->count == 1 ? hidden : pass->count, 1, &begin, &end);
    if (pass->count > 1) {
        first = begin;
        last = end;
        begin = 0;
        end = hidden;
    }
    for (size_t t = first; t < last; t++) {
        float *x = s->x + t * s->hidden_stride;
        cpu->norm->norm(hidden, s->branch + t * s->hidden_stride, norm, (float)cpu->model->norm_epsilon, normed);
        for (size_t i = begin; i < end; i++)
            x[i] += scale * normed[i];
    }
}

/* Ends a branch whose last matrix this thread has multiplied with; norm: NULL where the result is added as it is. */
static void add_branch(const struct pass *pass, size_t thread, const struct matrix *matrix, const float *norm)
{
    if (norm) {
        threads_barrier(pass->cpu->threads, thread);
        add_normed(pass, thread, norm);
    } else
        add_rows(pass, thread, matrix);
    threads_barrier(pass->cpu->threads, thread);
}

static bool same_tiles(const struct matrix *a, const struct matrix *b)
{
    return a->tile->tile == b->tile->tile && a->gemm->width == b->gemm->width;
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

/* Adds a bias to the rows that this thread has just computed. */
static void add_bias(const struct pass *pass, size_t thread, const struct matrix *matrix, const float *bias, float *out,
                     size_t stride)
{
    size_t begin, end;

    if (!bias)
        return;
    matrix_share(matrix, pass->cpu->threads, thread, &begin, &end);
    end = end * PANEL_ROWS < matrix->rows ? end * PANEL_ROWS : matrix->rows;
    for (size_t t = 0; t < pass->count; t++)
        for (size_t i = begin * PANEL_ROWS; i < end; i++)
            out[t * stride + i] += bias[i];
}

static void attention_branch(const struct pass *pass, size_t layer, size_t thread)
{
    struct cpu *cpu = pass->cpu;
    const struct cpu_layer *w = &cpu->layers[layer];
    const struct cpu_scratch *s = &cpu->scratch;
    const struct matrix *const matrices[] = {&w->query, &w->key, &w->value};
    const float *const biases[] = {w->query_bias, w->key_bias, w->value_bias};
    float *const outs[] = {s->query, s->key, s->value};
    const size_t strides[] = {s->query_stride, s->kv_stride, s->kv_stride}, count = w->shape.own_kv ? 3 : 1;

    multiply_all(pass, thread, w->attention_norm, matrices, outs, strides, count);
    for (size_t i = 0; i < count; i++)
        add_bias(pass, thread, matrices[i], biases[i], outs[i], strides[i]);
    threads_barrier(cpu->threads, thread);
    cpu_attention(cpu, layer, thread, pass->position, pass->count);
    threads_barrier(cpu->threads, thread);
    const uint8_t *tiles = prepare(pass, thread, &w->output, s->attended, s->query_stride, NULL);
    multiply(pass, thread, &w->output, tiles, s->branch, s->hidden_stride);
    add_branch(pass, thread, &w->output, w->post_attention_norm);
}

/* activation(gate) · up over the rows that this thread has just computed. */
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
    add_branch(pass, thread, &w->down, w->post_ffn_norm);
}

static void fill_angles(const struct pass *pass, size_t token)
{
    struct cpu *cpu = pass->cpu;
    size_t pairs = cpu->model->rope.dimensions / 2;

    for (size_t table = 0; table < CPU_ROTATIONS; table++) {
        const struct cpu_rotation *rotation = &cpu->rotations[table];
        for (size_t i = 0; rotation->frequencies && i < pairs; i++) {
            double angle = (double)(pass->position + token) * rotation->frequencies[i];
            cpu->scratch.cosine[table][token * pairs + i] = (float)(rotation->magnitude * cos(angle));
            cpu->scratch.sine[table][token * pairs + i] = (float)(rotation->magnitude * sin(angle));
        }
    }
}

/* Embeddings, rotation angles and query factors of this thread's tokens. */
static void begin(const struct pass *pass, size_t thread)
{
    struct cpu *cpu = pass->cpu;
    const struct model *model = cpu->model;
    const struct matrix *e = &cpu->embedding;
    float scale = (float)model->embedding_scale;
    size_t first, last;

    threads_share(cpu->threads, thread, pass->count, 1, &first, &last);
    for (size_t t = first; t < last; t++) {
        size_t token = (size_t)pass->tokens[t];
        float *x = cpu->scratch.x + t * cpu->scratch.hidden_stride;
        panel_row(e->type, e->columns, e->data + token / PANEL_ROWS * panel_bytes(e->type, e->columns),
                  token % PANEL_ROWS, x);
        for (size_t i = 0; i < model->hidden && scale != 1; i++)
            x[i] *= scale;
        fill_angles(pass, t);
        cpu->scratch.query_factor[t] =
            (float)(M_LOG2E * model->attention_scale * model_query_factor(model, pass->position + t));
    }
}

static void scale_logits(const struct cpu *cpu, float *logits, size_t count)
{
    float factor = (float)(1 / cpu->model->logit_divisor);

    for (size_t i = 0; i < count && factor != 1; i++)
        logits[i] *= factor;
    if (cpu->model->logit_softcap != 0)
        cpu->cap->cap(count, (float)cpu->model->logit_softcap, logits);
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
    scale_logits(cpu, s->logits + begin, end > begin ? end - begin : 0);
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
