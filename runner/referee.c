#include "runner/referee.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/memory.h"
#include "devices/threads.h"
#include "runner/room.h"
#include "workloads/oracle.h"
#include "workloads/synthetic.h"

enum { GATE_TOKENS = 4 };

struct share {
    struct threads *threads;
    size_t count;
    void (*task)(void *context, size_t begin, size_t end);
    void *context;
};

static void run_share(void *context, size_t thread)
{
    const struct share *share = context;
    size_t begin, end;

    threads_share(share->threads, thread, share->count, 1, &begin, &end);
    if (begin < end)
        share->task(share->context, begin, end);
}

static void run_on_threads(void *pool, size_t count, void (*task)(void *context, size_t begin, size_t end),
                           void *context)
{
    struct share share = {pool, count, task, context};

    threads_run(pool, run_share, &share);
}

enum status referee_logits(const struct workbench *bench, const int32_t *tokens, size_t count, double *logits,
                           struct error *error)
{
    unsigned cpus[HOST_CPUS_MAX];
    size_t cpu_count;
    struct threads *threads = NULL;
    struct parallel parallel = {.run = run_on_threads};
    enum status status;

    status = host_choose_cpus(&bench->host, bench->engine_options.threads, bench->engine_options.choice, cpus,
                              &cpu_count, error);
    if (status)
        return status;
    /* One thread needs no pool; neither does a machine whose processors cannot be told apart. */
    if (cpu_count > 1) {
        status = threads_open(&threads, cpus, cpu_count, error);
        if (status)
            return status;
        parallel.pool = threads;
    }
    status = oracle_logits(bench->subject.weights, tokens, count, bench->engine_options.context_tokens, logits,
                           threads ? &parallel : NULL, error);
    if (threads)
        threads_close(threads);
    return status;
}

static bool same_top(const float *got, const double *want, size_t count)
{
    size_t first = 0, second = 0;

    for (size_t i = 1; i < count; i++) {
        first = got[i] > got[first] ? i : first;
        second = want[i] > want[second] ? i : second;
    }
    return first == second;
}

struct agreement referee_compare(const float *got, const double *want, size_t rows, size_t vocabulary)
{
    struct agreement agreement = {.nmse = oracle_nmse(got, want, rows * vocabulary), .rows = rows};

    for (size_t t = 0; t < rows; t++)
        agreement.same_top += same_top(got + t * vocabulary, want + t * vocabulary, vocabulary);
    return agreement;
}

enum status referee_feed(struct workbench *bench, const int32_t *tokens, size_t count, size_t batch, float *got,
                         bool *seen, struct error *error)
{
    const struct engine_ops *ops = bench->engine.ops;
    size_t vocabulary = bench->subject.model.vocabulary;
    enum status status = STATUS_OK;

    for (size_t t = 0; t < count; t++)
        seen[t] = batch == 0;
    if (!ops->restore || !(batch ? ops->prefill != NULL : ops->decode != NULL))
        return error_set(error, STATUS_UNSUPPORTED, "engine %s cannot %s", ops->name,
                         !ops->restore ? "return to a marked state"
                         : batch       ? "prefill"
                                       : "decode");
    status = ops->restore(&bench->engine, error);
    if (!status && batch == 0)
        return ops->decode(&bench->engine, tokens, count, NULL, got, error);
    for (size_t t = 0; t < count && !status; t += batch) {
        size_t now = count - t < batch ? count - t : batch, last = t + now - 1;
        status = ops->prefill(&bench->engine, tokens + t, now, got + last * vocabulary, error);
        seen[last] = true;
    }
    return status;
}

/* Kernels alone: bit-exact arithmetic but for float rounding. */
static enum status check_kernels(struct workbench *bench, struct error *error)
{
    double nmse = NAN;
    enum status status =
        bench->engine.ops->self_check(&bench->engine, &bench->subject.model, GATE_TOKENS, &nmse, error);

    if (!status && !(nmse <= ORACLE_BAR_KERNEL))
        status = error_set(error, STATUS_MISMATCH, "kernels of %s %s: error %.3g is over the bar %.3g",
                           bench->subject.model.name, bench->subject.format, nmse, ORACLE_BAR_KERNEL);
    return status;
}

/* Engine first, then the oracle, with the engine's memory given back in between. */
static enum status check_logits(struct workbench *bench, double *nmse, struct error *error)
{
    size_t vocabulary = bench->subject.model.vocabulary;
    float *stepped = malloc(GATE_TOKENS * vocabulary * sizeof *stepped);
    float *filled = malloc(GATE_TOKENS * vocabulary * sizeof *filled);
    double *exact = malloc(GATE_TOKENS * vocabulary * sizeof *exact), last;
    size_t tail = (GATE_TOKENS - 1) * vocabulary;
    int32_t tokens[GATE_TOKENS];
    bool seen[GATE_TOKENS];
    enum status status = STATUS_OK;

    if (!stepped || !filled || !exact) {
        status = error_set(error, STATUS_MEMORY, "out of memory for the logits of %d tokens", GATE_TOKENS);
        goto out;
    }
    synthetic_tokens(bench->seed, vocabulary, GATE_TOKENS, tokens);
    status = workbench_load(bench, error);
    if (!status)
        status = referee_feed(bench, tokens, GATE_TOKENS, 0, stepped, seen, error);
    if (!status)
        status = referee_feed(bench, tokens, GATE_TOKENS, GATE_TOKENS, filled, seen, error);
    workbench_stop(bench);
    if (!status)
        status = referee_logits(bench, tokens, GATE_TOKENS, exact, error);
    if (status)
        goto out;
    *nmse = referee_compare(stepped, exact, GATE_TOKENS, vocabulary).nmse;
    last = referee_compare(filled + tail, exact + tail, 1, vocabulary).nmse;
    *nmse = last > *nmse || isnan(last) ? last : *nmse;
    if (!(*nmse <= ORACLE_BAR_GATE))
        status = error_set(error, STATUS_MISMATCH, "logits of %s %s: error %.3g is over the bar %.3g",
                           bench->subject.model.name, bench->subject.format, *nmse, ORACLE_BAR_GATE);
out:
    free(stepped);
    free(filled);
    free(exact);
    return status;
}

enum status referee_gate(struct workbench *bench, size_t context_tokens, double *nmse, char *reason, size_t reason_size,
                         struct error *error)
{
    const struct engine_ops *ops = bench->engine.ops;
    struct memory memory;
    struct memory_usage usage = {0};
    struct room room;
    enum status status;

    *nmse = NAN;
    status = workbench_start(bench, context_tokens > GATE_TOKENS ? context_tokens : GATE_TOKENS, error);
    if (!status && !ops->self_check) {
        snprintf(reason, reason_size, "engine %s has no arithmetic to check", ops->name);
        return STATUS_OK;
    }
    if (!status)
        status = check_kernels(bench, error);
    if (!status)
        status = memory_read(&memory, NULL, error);
    if (!status)
        status = memory_usage_read(&usage, error);
    if (status)
        return status;
    room = room_predict(ops, &bench->subject.model, &bench->engine_options, &bench->host, usage.anonymous_bytes);
    if (room_check(&room, &memory, error)) {
        snprintf(reason, reason_size, "kernels were checked, but logits were not: the model %s", error->text);
        *error = (struct error){0};
        return STATUS_OK;
    }
    status = check_logits(bench, nmse, error);
    if (status == STATUS_UNSUPPORTED) {
        snprintf(reason, reason_size, "kernels were checked, but logits were not: %s", error->text);
        *error = (struct error){0};
        return STATUS_OK;
    }
    return status;
}
