#include <math.h>
#include <string.h>

#include "devices/cpu/cpu.h"

struct task { /* one layer's attention of one batch */
    struct cpu *cpu;
    size_t layer, thread, position, tokens;
};

static const float *cosine_of(const struct task *task, size_t token)
{
    return task->cpu->scratch.cosine + token * task->cpu->model->rope_dimensions / 2;
}

static const float *sine_of(const struct task *task, size_t token)
{
    return task->cpu->scratch.sine + token * task->cpu->model->rope_dimensions / 2;
}

/* Rotates and stores the keys of one head for tokens [begin, end). */
static void store_head(const struct task *task, size_t head, size_t begin, size_t end)
{
    const struct cpu *cpu = task->cpu;
    const struct cpu_scratch *s = &cpu->scratch;

    for (size_t t = begin; t < end; t++) {
        float *key = s->key + t * s->kv_stride + head * cpu->model->head_size;
        cpu->rotate->rotate(cpu->model->rope_dimensions, key, cosine_of(task, t), sine_of(task, t));
        cpu_cache_store(cpu, task->layer, head, task->position + t, key,
                        s->value + t * s->kv_stride + head * cpu->model->head_size);
    }
}

/* Copies one query head, rotated and scaled so that scores are powers of two. */
static void prepare_query(const struct task *task, size_t query_head, size_t token, float *to)
{
    const struct cpu *cpu = task->cpu;
    size_t size = cpu->model->head_size;
    float scale = 1.44269504f / sqrtf((float)size);

    memcpy(to, cpu->scratch.query + token * cpu->scratch.query_stride + query_head * size, size * sizeof *to);
    cpu->rotate->rotate(cpu->model->rope_dimensions, to, cosine_of(task, token), sine_of(task, token));
    for (size_t i = 0; i < size; i++)
        to[i] *= scale;
}

/* A row is a query head of one token: rows go through `heads` heads from first_head on for each of the tokens from `token` on. */
static void attend_rows(const struct task *task, size_t kv_head, size_t first_head, size_t heads, size_t token,
                        size_t tokens)
{
    const struct cpu *cpu = task->cpu;
    const struct cpu_thread_scratch *own = &cpu->scratch.threads[task->thread];
    size_t size = cpu->model->head_size, rows = heads * tokens, visible[ATTEND_ROWS_MAX];
    float maximum[ATTEND_ROWS_MAX], sum[ATTEND_ROWS_MAX];

    for (size_t r = 0; r < rows; r++) {
        prepare_query(task, first_head + r % heads, token + r / heads, own->attend_queries + r * size);
        visible[r] = task->position + token + r / heads + 1;
        maximum[r] = -INFINITY;
        sum[r] = 0;
    }
    memset(own->attend_out, 0, rows * size * sizeof *own->attend_out);
    struct attend attend = {
        .head_size = size,
        .rows = rows,
        .queries = own->attend_queries,
        .keys = cpu_cache_keys(cpu, task->layer, kv_head),
        .values = cpu_cache_values(cpu, task->layer, kv_head),
        .begin = 0,
        .end = task->position + token + tokens,
        .visible = visible,
        .maximum = maximum,
        .sum = sum,
        .out = own->attend_out,
        .scratch = own->attend_scratch,
    };
    cpu->attend->attend(&attend);
    for (size_t r = 0; r < rows; r++) {
        float *to =
            cpu->scratch.attended + (token + r / heads) * cpu->scratch.query_stride + (first_head + r % heads) * size;
        for (size_t i = 0; i < size; i++)
            to[i] = own->attend_out[r * size + i] / sum[r];
    }
}

/* All query heads that share a key/value head, in pieces of at most ATTEND_ROWS_MAX rows. */
static void attend_group(const struct task *task, size_t kv_head, size_t token, size_t tokens)
{
    size_t group = task->cpu->model->heads / task->cpu->model->kv_heads, most = ATTEND_ROWS_MAX / tokens;

    for (size_t done = 0; done < group; done += most)
        attend_rows(task, kv_head, kv_head * group + done, group - done < most ? group - done : most, token, tokens);
}

static void attend_one_token(const struct task *task)
{
    size_t heads = task->cpu->model->kv_heads, begin, end;

    threads_share(task->cpu->threads, task->thread, heads, 1, &begin, &end);
    for (size_t head = begin; head < end; head++) {
        store_head(task, head, 0, 1);
        attend_group(task, head, 0, 1);
    }
}

/* Later tokens see more keys: threads claim pieces from the costly end. */
static void attend_batch(const struct task *task)
{
    const struct model *model = task->cpu->model;
    struct threads *threads = task->cpu->threads;
    size_t group = model->heads / model->kv_heads, piece = group < ATTEND_ROWS_MAX ? ATTEND_ROWS_MAX / group : 1;
    size_t pieces = (task->tokens + piece - 1) / piece, begin, end, item;

    threads_share(threads, task->thread, task->tokens, PANEL_ROWS, &begin, &end);
    for (size_t head = 0; head < model->kv_heads; head++)
        store_head(task, head, begin, end);
    if (task->thread == 0)
        threads_counter_reset(threads, 0);
    threads_barrier(threads, task->thread);
    while ((item = threads_counter_add(threads, 0, 1)) < pieces * model->kv_heads) {
        size_t token = (pieces - 1 - item / model->kv_heads) * piece;
        attend_group(task, item % model->kv_heads, token, task->tokens - token < piece ? task->tokens - token : piece);
    }
}

void cpu_attention(struct cpu *cpu, size_t layer, size_t thread, size_t position, size_t tokens)
{
    struct task task = {.cpu = cpu, .layer = layer, .thread = thread, .position = position, .tokens = tokens};

    if (tokens == 1)
        attend_one_token(&task);
    else
        attend_batch(&task);
}
