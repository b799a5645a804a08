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

/* Products of the same tiles, row by row side by side, and what is done with their rows as soon as they are there. */
struct stage {
    const struct matrix *matrices[2];
    float *outs[2];
    size_t strides[2], count;
    const float *bias; /* may be NULL */
    void (*finish)(const struct pass *, const struct stage *, size_t thread, size_t begin,
                   size_t end); /* may be NULL */
};

/* slot: see matrix_walk. Rows are given to `finish` in whole panels, the padding of the last included. */
static void run_stage(const struct pass *pass, size_t thread, const struct stage *stage, const uint8_t *tiles,
                      size_t slot)
{
    struct matrix_walk walk = matrix_walk(stage->matrices[0], pass->cpu->threads, thread, slot);
    size_t begin, end;

    while (matrix_walk_next(&walk, &begin, &end)) {
        for (size_t i = 0; i < stage->count; i++)
            matrix_multiply(stage->matrices[i], begin, end, pass->count, tiles, stage->outs[i], stage->strides[i],
                            &pass->cpu->tuning, pass->cpu->scratch.threads[thread].gemm);
        if (stage->finish)
            stage->finish(pass, stage, thread, begin * PANEL_ROWS, end * PANEL_ROWS);
    }
}

/* x += scale · branch. */
static void add_rows(const struct pass *pass, const struct stage *stage, size_t thread, size_t begin, size_t end)
{
    const struct cpu_scratch *s = &pass->cpu->scratch;
    float scale = (float)pass->cpu->model->residual_scale;

    (void)stage;
    (void)thread;
    for (size_t t = 0; t < pass->count; t++) {
        float *x = s->x + t * s->hidden_stride;
        const float *branch = s->branch + t * s->hidden_stride;
        for (size_t i = begin; i < end; i++)
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

/* The last product of a branch, which is then added to the residual stream; norm: NULL where it is added as it is. */
static void end_branch(const struct pass *pass, size_t thread, const struct matrix *matrix, const float *input,
                       size_t stride, const float *norm)
{
    const struct cpu_scratch *s = &pass->cpu->scratch;
    const struct stage stage = {.matrices = {matrix},
                                .outs = {s->branch},
                                .strides = {s->hidden_stride},
                                .count = 1,
                                .finish = norm ? NULL : add_rows};

    run_stage(pass, thread, &stage, prepare(pass, thread, matrix, input, stride, NULL), 0);
    threads_barrier(pass->cpu->threads, thread);
    if (norm) {
        add_normed(pass, thread, norm);
        threads_barrier(pass->cpu->threads, thread);
    }
}

static bool same_tiles(const struct matrix *a, const struct matrix *b)
{
    return a->tile->tile == b->tile->tile && a->gemm->width == b->gemm->width;
}

/* Runs stages of the same input; tiles are made anew where a type wants other ones. */
static void run_stages(const struct pass *pass, size_t thread, const float *norm, const struct stage *stages,
                       size_t count)
{
    const struct cpu_scratch *s = &pass->cpu->scratch;
    const uint8_t *tiles = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct matrix *matrix = stages[i].matrices[0];
        if (i == 0 || !same_tiles(matrix, stages[i - 1].matrices[0])) {
            if (i > 0)
                threads_barrier(pass->cpu->threads, thread);
            tiles = prepare(pass, thread, matrix, s->x, s->hidden_stride, norm);
        }
        run_stage(pass, thread, &stages[i], tiles, i);
    }
}

static void add_bias(const struct pass *pass, const struct stage *stage, size_t thread, size_t begin, size_t end)
{
    size_t rows = stage->matrices[0]->rows;

    (void)thread;
    end = end < rows ? end : rows;
    for (size_t t = 0; t < pass->count; t++)
        for (size_t i = begin; i < end; i++)
            stage->outs[0][t * stage->strides[0] + i] += stage->bias[i];
}

static struct stage projection(const struct matrix *matrix, const float *bias, float *out, size_t stride)
{
    return (struct stage){.matrices = {matrix},
                          .outs = {out},
                          .strides = {stride},
                          .count = 1,
                          .bias = bias,
                          .finish = bias ? add_bias : NULL};
}

static void attention_branch(const struct pass *pass, size_t layer, size_t thread)
{
    struct cpu *cpu = pass->cpu;
    const struct cpu_layer *w = &cpu->layers[layer];
    const struct cpu_scratch *s = &cpu->scratch;
    const struct stage stages[] = {projection(&w->query, w->query_bias, s->query, s->query_stride),
                                   projection(&w->key, w->key_bias, s->key, s->kv_stride),
                                   projection(&w->value, w->value_bias, s->value, s->kv_stride)};

    run_stages(pass, thread, w->attention_norm, stages, w->shape.own_kv ? 3 : 1);
    threads_barrier(cpu->threads, thread);
    cpu_attention(cpu, layer, thread, pass->position, pass->count);
    threads_barrier(cpu->threads, thread);
    end_branch(pass, thread, &w->output, s->attended, s->query_stride, w->post_attention_norm);
}

/* activation(gate) · up. */
static void gate_rows(const struct pass *pass, const struct stage *stage, size_t thread, size_t begin, size_t end)
{
    const struct cpu_scratch *s = &pass->cpu->scratch;

    (void)stage;
    (void)thread;
    for (size_t t = 0; t < pass->count; t++) {
        size_t at = t * s->ffn_stride + begin;
        pass->cpu->gate->gate(end - begin, s->gate + at, s->up + at, s->gate + at);
    }
}

static void ffn_branch(const struct pass *pass, size_t layer, size_t thread)
{
    struct cpu *cpu = pass->cpu;
    const struct cpu_layer *w = &cpu->layers[layer];
    const struct cpu_scratch *s = &cpu->scratch;
    const struct stage both = {.matrices = {&w->gate, &w->up},
                               .outs = {s->gate, s->up},
                               .strides = {s->ffn_stride, s->ffn_stride},
                               .count = 2,
                               .finish = gate_rows};
    struct stage apart[] = {projection(&w->gate, NULL, s->gate, s->ffn_stride),
                            projection(&w->up, NULL, s->up, s->ffn_stride)};

    apart[1].finish = gate_rows;
    if (same_tiles(&w->gate, &w->up))
        run_stages(pass, thread, w->ffn_norm, &both, 1);
    else
        run_stages(pass, thread, w->ffn_norm, apart, 2);
    threads_barrier(cpu->threads, thread);
    end_branch(pass, thread, &w->down, s->gate, s->ffn_stride, w->post_ffn_norm);
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
        matrix_row(e, token, x);
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

/* Of equal logits the first token counts, whoever computes which. */
static void best_take(struct cpu_best *best, float value, int32_t token)
{
    if (value > best->value || (value == best->value && token < best->token))
        *best = (struct cpu_best){value, token};
}

/* The best of these logits, if it beats what the thread has found so far. */
static void find_best(const struct pass *pass, const struct stage *stage, size_t thread, size_t begin, size_t end)
{
    struct cpu *cpu = pass->cpu;
    float *logits = stage->outs[0];

    end = end < cpu->model->vocabulary ? end : cpu->model->vocabulary;
    if (begin >= end)
        return;
    scale_logits(cpu, logits + begin, end - begin);
    for (size_t i = begin; i < end; i++)
        best_take(&cpu->best[thread], logits[i], (int32_t)i);
}

/* Logits of the last token. */
static void finish(const struct pass *pass, size_t thread)
{
    struct cpu *cpu = pass->cpu;
    const struct cpu_scratch *s = &cpu->scratch;
    const struct pass last = {.cpu = cpu, .count = 1};
    const struct stage stage = {.matrices = {&cpu->output}, .outs = {s->logits}, .count = 1, .finish = find_best};
    const float *x = s->x + (pass->count - 1) * s->hidden_stride;

    cpu->best[thread] = (struct cpu_best){-INFINITY, 0};
    run_stage(&last, thread, &stage, prepare(&last, thread, &cpu->output, x, s->hidden_stride, cpu->output_norm), 0);
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
    for (size_t done = 0; done < count;) {
        struct pass pass = {.cpu = cpu, .tokens = tokens + done, .position = cpu->cache.length};
        pass.count = count - done < cpu->batch_tokens ? count - done : cpu->batch_tokens;
        threads_run(cpu->threads, run_pass, &pass);
        cpu->cache.length += pass.count;
        done += pass.count;
    }
    for (size_t t = 1; t < threads_count(cpu->threads); t++)
        best_take(&cpu->best[0], cpu->best[t].value, cpu->best[t].token);
    return cpu->best[0].token;
}
