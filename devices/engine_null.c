/* An engine that does nothing at a known cost: it tests and times the harness itself. A token takes NULL_TOKEN_NS of spinning, in
 * prefill an eighth of it; logits are zero but for one token, so that the arithmetic gate has nothing to find wrong. */
#include <stdlib.h>
#include <string.h>

#include "devices/clock.h"
#include "devices/engine.h"

enum { NULL_TOKEN_NS = 200000, NULL_PROMPT_TOKEN_NS = NULL_TOKEN_NS / 8 };

struct null_state {
    size_t vocabulary, context_tokens, length, marked;
    struct matmul matmul;
};

static void spend(uint64_t ns)
{
    for (uint64_t start = clock_now_ns(); clock_now_ns() - start < ns;)
        ;
}

static void null_predict(const struct model *model, const struct engine_options *options, const struct host *host,
                         struct footprint *footprint)
{
    (void)model;
    (void)options;
    (void)host;
    *footprint = (struct footprint){0};
}

static enum status null_open(struct engine *engine, const struct host *host, const struct engine_options *options,
                             struct error *error)
{
    struct null_state *state = calloc(1, sizeof *state);

    (void)host;
    if (!state)
        return error_set(error, STATUS_MEMORY, "out of memory");
    state->context_tokens = options->context_tokens;
    engine->state = state;
    return STATUS_OK;
}

static enum status null_load(struct engine *engine, const struct model *model, const struct weights *weights,
                             struct error *error)
{
    (void)weights;
    (void)error;
    ((struct null_state *)engine->state)->vocabulary = model->vocabulary;
    return STATUS_OK;
}

static enum status take(struct null_state *state, size_t tokens, struct error *error)
{
    if (tokens > state->context_tokens - state->length)
        return error_set(error, STATUS_MISUSE, "%zu tokens more than a context of %zu holds; give a larger --context",
                         state->length + tokens - state->context_tokens, state->context_tokens);
    state->length += tokens;
    return STATUS_OK;
}

static enum status null_prime(struct engine *engine, size_t depth_tokens, uint64_t seed, struct error *error)
{
    struct null_state *state = engine->state;

    (void)seed;
    state->length = 0;
    return take(state, depth_tokens, error);
}

static enum status null_mark(struct engine *engine, struct error *error)
{
    struct null_state *state = engine->state;

    (void)error;
    state->marked = state->length;
    return STATUS_OK;
}

static enum status null_restore(struct engine *engine, struct error *error)
{
    struct null_state *state = engine->state;

    (void)error;
    state->length = state->marked;
    return STATUS_OK;
}

static void give_logits(const struct null_state *state, int32_t token, float *logits)
{
    memset(logits, 0, state->vocabulary * sizeof *logits);
    logits[(size_t)token % state->vocabulary] = 1.0f;
}

static enum status null_prefill(struct engine *engine, const int32_t *tokens, size_t count, float *logits,
                                struct error *error)
{
    struct null_state *state = engine->state;
    enum status status = take(state, count, error);

    if (status != STATUS_OK)
        return status;
    spend(count * NULL_PROMPT_TOKEN_NS);
    if (logits && count)
        give_logits(state, tokens[count - 1], logits);
    return STATUS_OK;
}

static enum status null_decode(struct engine *engine, const int32_t *forced, size_t count, uint64_t *done_ns,
                               float *logits, struct error *error)
{
    struct null_state *state = engine->state;
    enum status status = take(state, count, error);

    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        spend(NULL_TOKEN_NS);
        if (done_ns)
            done_ns[i] = clock_now_ns();
        if (logits)
            give_logits(state, forced[i], logits + i * state->vocabulary);
    }
    return status;
}

static enum status null_matmul_prepare(struct engine *engine, const struct matmul *matmul, struct error *error)
{
    (void)error;
    ((struct null_state *)engine->state)->matmul = *matmul;
    return STATUS_OK;
}

static enum status null_matmul_run(struct engine *engine, float *out, struct error *error)
{
    const struct matmul *matmul = &((struct null_state *)engine->state)->matmul;

    (void)error;
    spend(NULL_TOKEN_NS);
    if (out)
        memset(out, 0, matmul->tokens * matmul->rows * sizeof *out);
    return STATUS_OK;
}

static void null_footprint(const struct engine *engine, struct footprint *footprint)
{
    (void)engine;
    *footprint = (struct footprint){0};
}

static void null_close(struct engine *engine)
{
    free(engine->state);
    engine->state = NULL;
}

const struct engine_ops engine_null = {
    .name = "null",
    .summary = "does nothing at a known cost: tests the harness itself",
    .predict = null_predict,
    .open = null_open,
    .load = null_load,
    .prime = null_prime,
    .mark = null_mark,
    .restore = null_restore,
    .prefill = null_prefill,
    .decode = null_decode,
    .matmul_prepare = null_matmul_prepare,
    .matmul_run = null_matmul_run,
    .footprint = null_footprint,
    .close = null_close,
};
