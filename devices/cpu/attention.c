/* Attention of one layer. For a batch, threads first make keys, queries' wide norms and the cache of their tokens, then claim pieces
 * of tokens. For one token the linear order of (key/value head, block of positions) is cut into equal shares: a thread's share may
 * begin and end within a head, whose parts are merged afterwards. */
#include <math.h>
#include <string.h>

#include "devices/cpu/cpu.h"

/* A merge and its barrier cost about as much as attending so many blocks of positions. */
enum { MERGE_BLOCKS = 4 };

struct task { /* one layer's attention of one batch */
    struct cpu *cpu;
    const struct cpu_layer *layer;
    size_t index, thread, position, tokens;
};

static enum qk_norm norm_kind(const struct task *task)
{
    return task->layer->shape.architecture->qk_norm;
}

static void norm_values(const struct task *task, size_t count, const float *weights, const float *from, float *to)
{
    task->cpu->norm->norm(count, from, weights, (float)task->cpu->model->norm_epsilon, to);
}

/* Norm and rotation of one head, in place. */
static void turn_head(const struct task *task, size_t token, const float *norm, float *head)
{
    const struct cpu *cpu = task->cpu;
    const struct cpu_scratch *s = &cpu->scratch;
    size_t pairs = cpu->model->rope.dimensions / 2, table = task->layer->rotation;

    if (norm_kind(task) == QK_NORM_HEAD)
        norm_values(task, cpu->model->head_size, norm, head, head);
    if (task->layer->shape.rotated)
        cpu->rotate->rotate(2 * pairs, head, s->cosine[table] + token * pairs, s->sine[table] + token * pairs);
    if (norm_kind(task) == QK_NORM_HEAD_ROTATED)
        norm_values(task, cpu->model->head_size, norm, head, head);
}

/* Rounds to 8 bits with one scale, that of the token's largest magnitude, which becomes 127. */
static void round_values(size_t count, float *x)
{
    float largest = 0;

    for (size_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(x[i]));
    for (size_t i = 0; i < count && largest > 0; i++)
        x[i] = fminf(fmaxf(nearbyintf(x[i] * (127 / largest)), -128), 127) * (largest / 127);
}

/* Makes a token's keys and values of heads [begin, end) and stores them. The buffers of the batch may serve as key and value. */
static void store_heads(const struct task *task, size_t token, size_t begin, size_t end, float *key, float *value)
{
    const struct cpu *cpu = task->cpu;
    const struct cpu_scratch *s = &cpu->scratch;
    size_t size = cpu->model->head_size, width = cpu->model->kv_heads * size;
    bool rounds = task->layer->shape.architecture->rounds_kv; /* by a scale of all heads */
    size_t first = rounds ? 0 : begin, last = rounds ? cpu->model->kv_heads : end;
    const float *from_key = s->key + token * s->kv_stride, *from_value = s->value + token * s->kv_stride;

    if (norm_kind(task) == QK_NORM_WIDE)
        norm_values(task, width, task->layer->key_norm, from_key, key);
    else if (key != from_key)
        memcpy(key + first * size, from_key + first * size, (last - first) * size * sizeof *key);
    if (value != from_value)
        memcpy(value + first * size, from_value + first * size, (last - first) * size * sizeof *value);
    for (size_t head = first; head < last; head++)
        turn_head(task, token, task->layer->key_norm, key + head * size);
    if (rounds) {
        round_values(width, key);
        round_values(width, value);
    }
    for (size_t head = begin; head < end; head++)
        cpu_cache_store(cpu, task->index, head, task->position + token, key + head * size, value + head * size);
}

/* Copies one query head as it meets keys, scaled so that scores are exponents of two. */
static void prepare_query(const struct task *task, const float *queries, size_t query_head, size_t token, float *to)
{
    const struct cpu *cpu = task->cpu;
    size_t size = cpu->model->head_size;
    float factor = cpu->scratch.query_factor[token];

    memcpy(to, queries + query_head * size, size * sizeof *to);
    turn_head(task, token, task->layer->query_norm, to);
    for (size_t i = 0; i < size; i++)
        to[i] *= factor;
}

static size_t first_visible(const struct task *task, size_t token)
{
    size_t window = task->layer->shape.window, visible = task->position + token + 1;

    return window && visible > window ? visible - window : 0;
}

/* Some query heads of one key/value head, of some tokens. A row is a query head of one token: rows go through the heads for each
 * of the tokens. */
struct rows {
    size_t kv_head, first_head, heads, token, tokens;
};

/* Attends positions [begin, end) and leaves maximum, sum and weighted values in `part`. Queries of one token may come from elsewhere
 * than the batch. */
static void attend_rows(const struct task *task, const struct rows *rows, const float *queries, size_t begin,
                        size_t end, struct cpu_part *part)
{
    const struct cpu *cpu = task->cpu;
    const struct cpu_scratch *s = &cpu->scratch;
    const struct cpu_thread_scratch *own = &s->threads[task->thread];
    size_t size = cpu->model->head_size, count = rows->heads * rows->tokens;
    size_t first[ATTEND_ROWS_MAX], visible[ATTEND_ROWS_MAX];

    for (size_t r = 0; r < count; r++) {
        size_t token = rows->token + r / rows->heads;
        prepare_query(task, queries ? queries : s->query + token * s->query_stride, rows->first_head + r % rows->heads,
                      token, own->attend_queries + r * size);
        first[r] = first_visible(task, token);
        visible[r] = task->position + token + 1;
        part->maximum[r] = -INFINITY;
        part->sum[r] = 0;
    }
    memset(part->out, 0, count * size * sizeof *part->out);
    struct attend attend = {
        .head_size = size,
        .rows = count,
        .queries = own->attend_queries,
        .begin = begin,
        .end = end,
        .first = first,
        .visible = visible,
        .exact = cpu->exact,
        .softcap = (float)(cpu->model->attention_softcap * M_LOG2E),
        .maximum = part->maximum,
        .sum = part->sum,
        .out = part->out,
        .scratch = own->attend_scratch,
    };
    cpu_cache_view(cpu, task->index, rows->kv_head, &attend);
    cpu->attend->attend(&attend);
}

static void finish_rows(const struct task *task, const struct rows *rows, const struct cpu_part *part)
{
    const struct cpu_scratch *s = &task->cpu->scratch;
    size_t size = task->cpu->model->head_size;

    for (size_t r = 0; r < rows->heads * rows->tokens; r++) {
        float *to = s->attended + (rows->token + r / rows->heads) * s->query_stride +
                    (rows->first_head + r % rows->heads) * size;
        float share = 1.0f / part->sum[r];
        for (size_t i = 0; i < size; i++)
            to[i] = part->out[r * size + i] * share;
    }
}

/* All query heads that share a key/value head, in pieces of at most ATTEND_ROWS_MAX rows. */
static void attend_group(const struct task *task, size_t kv_head, size_t token, size_t tokens, const float *queries)
{
    size_t group = task->cpu->model->heads / task->cpu->model->kv_heads, most = ATTEND_ROWS_MAX / tokens;
    struct cpu_part *part = &task->cpu->scratch.threads[task->thread].parts[1]; /* free until a last head is shared */

    for (size_t done = 0; done < group; done += most) {
        struct rows rows = {kv_head, kv_head * group + done, group - done < most ? group - done : most, token, tokens};
        attend_rows(task, &rows, queries, first_visible(task, token), task->position + token + tokens, part);
        finish_rows(task, &rows, part);
    }
}

/* The shares of one token: `blocks` blocks of positions from position `start` on for each head. */
struct shares {
    size_t start, blocks;
};

/* Part of `head` that a thread attends, as blocks [*begin, *end); false where it has none. */
static bool share_of(const struct task *task, const struct shares *shares, size_t thread, size_t head, size_t *begin,
                     size_t *end)
{
    size_t from, to, low = head * shares->blocks, high = low + shares->blocks;

    threads_share(task->cpu->threads, thread, task->cpu->model->kv_heads * shares->blocks, 1, &from, &to);
    from = from > low ? from : low;
    to = to < high ? to : high;
    *begin = from - low;
    *end = to - low;
    return from < to;
}

/* A head that a thread shares with those before it is its first, so that it has parts[0]; one shared with those after it has
 * parts[1], unless it is the same. */
static size_t part_of(size_t begin)
{
    return begin > 0 ? 0 : 1;
}

/* Merges the parts of one head into the output. */
static void merge_head(const struct task *task, const struct shares *shares, size_t head)
{
    const struct cpu *cpu = task->cpu;
    size_t group = cpu->model->heads / cpu->model->kv_heads, size = cpu->model->head_size, begin, end;
    struct rows rows = {head, head * group, group, 0, 1};
    struct cpu_part *sum = NULL;

    for (size_t t = 0; t < threads_count(cpu->threads); t++) {
        if (!share_of(task, shares, t, head, &begin, &end))
            continue;
        struct cpu_part *part = &cpu->scratch.threads[t].parts[part_of(begin)];
        for (size_t r = 0; sum && r < group; r++) {
            float maximum = fmaxf(sum->maximum[r], part->maximum[r]);
            float before = exp2f(sum->maximum[r] - maximum), factor = exp2f(part->maximum[r] - maximum);
            sum->maximum[r] = maximum;
            sum->sum[r] = sum->sum[r] * before + part->sum[r] * factor;
            for (size_t i = r * size; i < (r + 1) * size; i++)
                sum->out[i] = sum->out[i] * before + part->out[i] * factor;
        }
        sum = sum ? sum : part;
    }
    finish_rows(task, &rows, sum);
}

/* Stores the new token for the heads whose last positions are this thread's: no other thread reads them. */
static void store_one_token(const struct task *task, const struct shares *shares)
{
    const struct cpu_thread_scratch *own = &task->cpu->scratch.threads[task->thread];
    size_t first = 0, last = 0, begin, end;

    if (!task->layer->shape.own_kv)
        return;
    for (size_t head = 0; head < task->cpu->model->kv_heads; head++)
        if (share_of(task, shares, task->thread, head, &begin, &end) && end == shares->blocks) {
            first = last ? first : head;
            last = head + 1;
        }
    if (first < last)
        store_heads(task, 0, first, last, own->key, own->value);
}

/* Each thread's part of the heads' positions, then the heads' parts together. */
static void attend_shares(const struct task *task, const struct shares *shares, const float *queries)
{
    const struct cpu *cpu = task->cpu;
    size_t group = cpu->model->heads / cpu->model->kv_heads, begin, end, seen = task->position + 1;

    store_one_token(task, shares);
    for (size_t head = 0; head < cpu->model->kv_heads; head++) {
        if (!share_of(task, shares, task->thread, head, &begin, &end))
            continue;
        struct rows rows = {head, head * group, group, 0, 1};
        size_t from = shares->start + begin * ATTEND_BLOCK, to = shares->start + end * ATTEND_BLOCK;
        if (begin == 0 && end == shares->blocks)
            attend_group(task, head, 0, 1, queries);
        else
            attend_rows(task, &rows, queries, from, to < seen ? to : seen,
                        &cpu->scratch.threads[task->thread].parts[part_of(begin)]);
    }
    threads_barrier(cpu->threads, task->thread);
    for (size_t head = task->thread; head < cpu->model->kv_heads; head += threads_count(cpu->threads)) {
        size_t owner = 0;
        while (!share_of(task, shares, owner, head, &begin, &end))
            owner++;
        if (end < shares->blocks)
            merge_head(task, shares, head);
    }
}

static void attend_heads(const struct task *task, const float *queries)
{
    const struct cpu *cpu = task->cpu;
    const struct cpu_thread_scratch *own = &cpu->scratch.threads[task->thread];
    size_t begin, end;

    threads_share(cpu->threads, task->thread, cpu->model->kv_heads, 1, &begin, &end);
    if (begin < end && task->layer->shape.own_kv)
        store_heads(task, 0, begin, end, own->key, own->value);
    for (size_t head = begin; head < end; head++)
        attend_group(task, head, 0, 1, queries);
}

/* Whether sharing spares the busiest thread enough. In a ring whose ends meet in one block a thread would read where another
 * writes. */
static bool worth_sharing(const struct task *task, size_t blocks)
{
    const struct cpu *cpu = task->cpu;
    size_t heads = cpu->model->kv_heads, threads = threads_count(cpu->threads), uneven = heads % threads;
    size_t capacity = cpu->cache.layers[task->layer->shape.kv_layer].capacity;

    return uneven && (threads - uneven) * blocks / threads >= MERGE_BLOCKS && blocks * ATTEND_BLOCK <= capacity &&
           cpu->model->heads / heads <= ATTEND_ROWS_MAX;
}

static void attend_one_token(const struct task *task)
{
    const struct cpu *cpu = task->cpu;
    const struct model *model = cpu->model;
    const float *queries = NULL;
    struct shares shares = {.start = first_visible(task, 0) / ATTEND_BLOCK * ATTEND_BLOCK};

    shares.blocks = (task->position - shares.start) / ATTEND_BLOCK + 1;
    if (norm_kind(task) == QK_NORM_WIDE) {
        norm_values(task, model->heads * model->head_size, task->layer->query_norm, cpu->scratch.query,
                    cpu->scratch.threads[task->thread].query);
        queries = cpu->scratch.threads[task->thread].query;
    }
    if (worth_sharing(task, shares.blocks))
        attend_shares(task, &shares, queries);
    else
        attend_heads(task, queries);
}

/* Makes the keys and values of tokens [begin, end), and their wide norms of queries, where they lie. */
static void prepare_tokens(const struct task *task, size_t begin, size_t end)
{
    const struct cpu *cpu = task->cpu;
    const struct cpu_scratch *s = &cpu->scratch;

    for (size_t t = begin; t < end; t++) {
        float *query = s->query + t * s->query_stride;
        if (norm_kind(task) == QK_NORM_WIDE)
            norm_values(task, cpu->model->heads * cpu->model->head_size, task->layer->query_norm, query, query);
        if (task->layer->shape.own_kv)
            store_heads(task, t, 0, cpu->model->kv_heads, s->key + t * s->kv_stride, s->value + t * s->kv_stride);
    }
}

/* Later tokens see more keys: threads claim pieces from the costly end. */
static void attend_batch(const struct task *task)
{
    const struct model *model = task->cpu->model;
    struct threads *threads = task->cpu->threads;
    size_t group = model->heads / model->kv_heads, piece = group < ATTEND_ROWS_MAX ? ATTEND_ROWS_MAX / group : 1;
    size_t pieces = (task->tokens + piece - 1) / piece, begin, end, item;

    threads_share(threads, task->thread, task->tokens, ATTEND_BLOCK / 2, &begin, &end); /* keys that share lines */
    prepare_tokens(task, begin, end);
    if (task->thread == 0)
        threads_counter_reset(threads, 0);
    threads_barrier(threads, task->thread);
    while ((item = threads_counter_add(threads, 0, 1)) < pieces * model->kv_heads) {
        size_t token = (pieces - 1 - item / model->kv_heads) * piece;
        attend_group(task, item % model->kv_heads, token, task->tokens - token < piece ? task->tokens - token : piece,
                     NULL);
    }
}

void cpu_attention(struct cpu *cpu, size_t layer, size_t thread, size_t position, size_t tokens)
{
    struct task task = {.cpu = cpu,
                        .layer = &cpu->layers[layer],
                        .index = layer,
                        .thread = thread,
                        .position = position,
                        .tokens = tokens};

    if (tokens == 1)
        attend_one_token(&task);
    else
        attend_batch(&task);
}
