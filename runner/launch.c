#include "runner/launch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "devices/clock.h"
#include "devices/counters.h"
#include "devices/memory.h"
#include "devices/sensors.h"
#include "reports/statistics.h"
#include "runner/disturbance.h"
#include "runner/launch_energy.h"
#include "runner/launch_heat.h"
#include "runner/lines.h"
#include "runner/room.h"
#include "runner/sampler.h"
#include "runner/workbench.h"
#include "workloads/cost.h"
#include "workloads/gguf.h"
#include "workloads/synthetic.h"

enum {
    REPETITIONS_MAX = 10000,
    P95_TOKENS_LEAST = 20, /* fewer steps have no 95th percentile to speak of */
    P99_TOKENS_LEAST = 100,
    WARMUPS_MOST = 3,
};

#define WARMUP_RATIO    0.05 /* two repetitions that differ by no more are warm */
#define KEPT_RATIO_MOST 0.05 /* of a file in the page cache, for a load to be called cold */

struct launch {
    struct workbench bench;
    struct disturbance disturbance;
    FILE *out;
    struct sensor_set sensors;
    struct sampler *sampler; /* NULL: not asked for */
    size_t prompt, generate, depth;
    int32_t *tokens; /* prompt, then the forced ones */
    float *logits;   /* of the prompt's last token; NULL: the engine gives none */
    uint64_t *done_ns;
    double *step_seconds;
    struct launch_energy *energy;
    bool counted; /* the repetition at hand is one that counts */
    struct counters *counters;
    uint64_t private_bytes; /* largest seen */
};

/* What one repetition found; NaN: not had. */
struct taken {
    double prefill_seconds, first_token_seconds, decode_seconds;
    uint64_t counts[COUNTER_COUNT];
    bool counted[COUNTER_COUNT];
};

static void note_private(struct launch *launch)
{
    struct memory_usage usage;
    struct error ignored = {0};

    if (memory_usage_read(&usage, &ignored) == STATUS_OK && usage.anonymous_bytes > launch->private_bytes)
        launch->private_bytes = usage.anonymous_bytes;
}

static size_t argmax(const float *values, size_t count)
{
    size_t best = 0;

    for (size_t i = 1; i < count; i++)
        best = values[i] > values[best] ? i : best;
    return best;
}

static enum status time_prefill(struct launch *launch, struct taken *taken, struct error *error)
{
    struct engine *engine = &launch->bench.engine;
    volatile size_t first_token;
    uint64_t start_ns, prefilled_ns, chosen_ns;
    enum status status;

    launch_energy_begin(launch->energy);
    start_ns = clock_now_ns();
    status = engine->ops->prefill(engine, launch->tokens, launch->prompt, launch->logits, error);
    if (launch->disturbance.prefill_ratio > 0)
        disturbance_wait(launch->disturbance.prefill_ratio, start_ns);
    prefilled_ns = clock_now_ns();
    if (launch->logits)
        first_token = argmax(launch->logits, launch->bench.subject.model.vocabulary);
    chosen_ns = clock_now_ns();
    (void)first_token;
    launch_energy_end(launch->energy, ENERGY_PREFILL, launch->counted ? launch->prompt : 0);
    taken->prefill_seconds = clock_seconds(start_ns, prefilled_ns);
    taken->first_token_seconds = launch->logits ? clock_seconds(start_ns, chosen_ns) : NAN;
    note_private(launch);
    return status;
}

/* Step by step, each with its wait. */
static enum status decode_slowly(struct launch *launch, struct error *error)
{
    struct engine *engine = &launch->bench.engine;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < launch->generate && !status; i++) {
        uint64_t start_ns = clock_now_ns();
        status = engine->ops->decode(engine, launch->tokens + launch->prompt + i, 1, NULL, NULL, error);
        disturbance_wait(launch->disturbance.decode_ratio, start_ns);
        launch->done_ns[i] = clock_now_ns();
    }
    return status;
}

static enum status time_decode(struct launch *launch, struct taken *taken, struct error *error)
{
    struct engine *engine = &launch->bench.engine;
    uint64_t start_ns, end_ns, last_ns;
    enum status status;

    launch_energy_begin(launch->energy);
    if (launch->counters)
        counters_start(launch->counters);
    start_ns = clock_now_ns();
    if (launch->disturbance.decode_ratio > 0)
        status = decode_slowly(launch, error);
    else
        status = engine->ops->decode(engine, launch->tokens + launch->prompt, launch->generate, launch->done_ns, NULL,
                                     error);
    end_ns = clock_now_ns();
    if (launch->counters)
        counters_stop(launch->counters, taken->counts, taken->counted);
    launch_energy_end(launch->energy, ENERGY_DECODE, launch->counted ? launch->generate : 0);
    taken->decode_seconds = clock_seconds(start_ns, end_ns);
    last_ns = start_ns;
    for (size_t i = 0; i < launch->generate && !status; i++) {
        launch->step_seconds[i] = clock_seconds(last_ns, launch->done_ns[i]);
        last_ns = launch->done_ns[i];
    }
    note_private(launch);
    return status;
}

static void tell_decode(const struct launch *launch, const struct taken *taken)
{
    static const enum field counter_fields[COUNTER_COUNT] = {[COUNTER_CYCLES] = FIELD_decode_cycles_count,
                                                             [COUNTER_INSTRUCTIONS] = FIELD_decode_instructions_count,
                                                             [COUNTER_CACHE_MISSES] = FIELD_decode_cache_misses_count};
    size_t count = launch->generate;

    lines_value(launch->out, FIELD_decode_tokens_per_second, (double)count / taken->decode_seconds);
    lines_value(launch->out, FIELD_inter_token_latency_p50_seconds,
                statistics_quantile(launch->step_seconds, count, 0.5));
    if (count >= P95_TOKENS_LEAST)
        lines_value(launch->out, FIELD_inter_token_latency_p95_seconds,
                    statistics_quantile(launch->step_seconds, count, 0.95));
    if (count >= P99_TOKENS_LEAST)
        lines_value(launch->out, FIELD_inter_token_latency_p99_seconds,
                    statistics_quantile(launch->step_seconds, count, 0.99));
    for (int i = 0; i < COUNTER_COUNT; i++)
        if (taken->counted[i])
            lines_value(launch->out, counter_fields[i], (double)taken->counts[i]);
}

static enum status repeat_once(struct launch *launch, enum phase phase, struct taken *took, struct error *error)
{
    struct engine *engine = &launch->bench.engine;
    struct taken taken = {.prefill_seconds = 0};
    struct sensors before, after;
    uint64_t start_ns;
    enum status status = engine->ops->restore ? engine->ops->restore(engine, error) : STATUS_OK;

    launch->counted = phase == PHASE_MEASURED;
    sensors_read(&before, &launch->sensors);
    start_ns = clock_now_ns();
    if (!status && launch->prompt)
        status = time_prefill(launch, &taken, error);
    if (!status && launch->generate)
        status = time_decode(launch, &taken, error);
    if (status)
        return status;
    sensors_read(&after, &launch->sensors);
    sampler_clocks(launch->sampler, start_ns, clock_now_ns(), &before.clock_hertz, &after.clock_hertz);
    lines_repetition(launch->out, phase, start_ns);
    if (launch->prompt) {
        lines_value(launch->out, FIELD_prefill_tokens_per_second, (double)launch->prompt / taken.prefill_seconds);
        lines_value(launch->out, FIELD_time_to_first_token_seconds, taken.first_token_seconds);
    }
    if (launch->generate)
        tell_decode(launch, &taken);
    lines_noise(launch->out, &before, &after);
    sampler_tell(launch->sampler, launch->out);
    fflush(launch->out);
    *took = taken;
    return STATUS_OK;
}

static bool is_like(double seconds, double before)
{
    return fabs(seconds - before) <= WARMUP_RATIO * before;
}

/* Repeats until one repetition takes as long as the one before it, as long as that costs little. */
static enum status warm_up(struct launch *launch, double most_seconds, struct taken *took, struct error *error)
{
    enum status status = STATUS_OK;
    bool warm = false;

    for (size_t i = 0; i < WARMUPS_MOST && !warm && !status; i++) {
        struct taken before = *took;
        if (before.prefill_seconds + before.decode_seconds > most_seconds)
            break;
        status = repeat_once(launch, PHASE_WARMUP, took, error);
        warm = is_like(took->prefill_seconds, before.prefill_seconds) &&
               is_like(took->decode_seconds, before.decode_seconds);
    }
    return status;
}

static enum status repeat(struct launch *launch, const struct options *options, struct error *error)
{
    size_t asked = options_size(options, OPTION_REPETITIONS, 0);
    double least_seconds = options_number(options, OPTION_WORK_SECONDS, 0), total_seconds = 0;
    struct taken took;
    enum status status = repeat_once(launch, PHASE_FIRST, &took, error);

    if (status == STATUS_UNSUPPORTED && launch->logits) {
        lines_null(launch->out, FIELD_time_to_first_token_seconds, error->text);
        *error = (struct error){0};
        free(launch->logits);
        launch->logits = NULL;
        status = repeat_once(launch, PHASE_FIRST, &took, error);
    }
    if (!status)
        status = warm_up(launch, options_number(options, OPTION_WARMUP_SECONDS, 0), &took, error);
    for (size_t i = 0; !status && i < (asked ? asked : REPETITIONS_MAX) && (asked || total_seconds < least_seconds);
         i++) {
        status = repeat_once(launch, PHASE_MEASURED, &took, error);
        total_seconds += launch->generate ? took.decode_seconds : took.prefill_seconds;
    }
    return status;
}

/* One more prefill, or one more decode after the same prompt, for the energy alone. */
static enum status prefill_again(void *context, struct error *error)
{
    struct launch *launch = context;
    struct engine *engine = &launch->bench.engine;
    enum status status = engine->ops->restore(engine, error);

    return status ? status : engine->ops->prefill(engine, launch->tokens, launch->prompt, launch->logits, error);
}

static enum status decode_again(void *context, struct error *error)
{
    struct launch *launch = context;
    struct engine *engine = &launch->bench.engine;
    enum status status = engine->ops->restore(engine, error);

    return status ? status
                  : engine->ops->decode(engine, launch->tokens + launch->prompt, launch->generate, launch->done_ns,
                                        NULL, error);
}

/* The last work of the launch: the mark is moved behind the prompt. */
static enum status lengthen(struct launch *launch, struct error *error)
{
    struct engine *engine = &launch->bench.engine;
    enum status status = STATUS_OK;

    if (!engine->ops->restore || !engine->ops->mark)
        return STATUS_OK;
    if (launch->prompt && launch_energy_is_short(launch->energy, ENERGY_PREFILL))
        status = launch_energy_lengthen(launch->energy, ENERGY_PREFILL, launch->prompt, prefill_again, launch, error);
    if (status || !launch->generate || !launch_energy_is_short(launch->energy, ENERGY_DECODE))
        return status;
    status = launch->prompt ? prefill_again(launch, error) : engine->ops->restore(engine, error);
    if (!status)
        status = engine->ops->mark(engine, error);
    if (!status)
        status = launch_energy_lengthen(launch->energy, ENERGY_DECODE, launch->generate, decode_again, launch, error);
    return status;
}

/* Reasons of what this launch cannot know. */
static void tell_absent(const struct launch *launch)
{
    static const enum field counter_fields[] = {FIELD_decode_cycles_count, FIELD_decode_instructions_count,
                                                FIELD_decode_cache_misses_count};
    const char *uncounted = launch->counters ? counters_reason(launch->counters) : "out of memory for counters";
    char text[96];

    if (!launch->bench.subject.file)
        lines_null(launch->out, FIELD_cold_load_seconds, "synthetic weights lie in no file");
    for (size_t i = 0; i < 3 && launch->generate; i++)
        lines_null(launch->out, counter_fields[i], *uncounted ? uncounted : "this processor has no such counter");
    if (launch->generate && launch->generate < P95_TOKENS_LEAST) {
        snprintf(text, sizeof text, "needs %d tokens; -n is %zu", P95_TOKENS_LEAST, launch->generate);
        lines_null(launch->out, FIELD_inter_token_latency_p95_seconds, text);
    }
    if (launch->generate && launch->generate < P99_TOKENS_LEAST) {
        snprintf(text, sizeof text, "needs %d tokens; -n is %zu", P99_TOKENS_LEAST, launch->generate);
        lines_null(launch->out, FIELD_inter_token_latency_p99_seconds, text);
    }
}

static void tell_choice(void *context, const char *key, const char *value)
{
    lines_engine(context, key, value);
}

/* Stored bytes of the token embedding and the output matrix. */
static double embedding_bytes(const struct model *model)
{
    static const enum role roles[] = {ROLE_TOKEN_EMBEDDING, ROLE_OUTPUT};
    double bytes = 0;

    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        const struct tensor *tensor = model_tensor(model, roles[i], -1);
        bytes += tensor ? (double)cost_matmul_bytes(tensor->type, tensor->rows, tensor->columns) : 0;
    }
    return bytes;
}

/* Drops the model's file from the page cache. False where it stays there: then the load is none from the disk. */
static bool go_cold(struct launch *launch)
{
    struct error error = {0};
    double kept_ratio = 0;
    char text[160];

    if (gguf_drop_cache(launch->bench.subject.weights, &kept_ratio, &error)) {
        lines_null(launch->out, FIELD_cold_load_seconds, error.text);
        return false;
    }
    if (kept_ratio <= KEPT_RATIO_MOST)
        return true;
    snprintf(text, sizeof text, "the system kept %.0f %% of the file in its page cache", 100 * kept_ratio);
    lines_null(launch->out, FIELD_cold_load_seconds, text);
    return false;
}

/* Loads if it fits; *fits is false, and the reason told, where it does not. */
static enum status load(struct launch *launch, bool cold, bool *fits, struct error *error)
{
    struct workbench *bench = &launch->bench;
    const struct engine_ops *ops = bench->engine.ops;
    struct memory memory;
    struct memory_usage usage;
    struct footprint footprint = {0};
    struct room room;
    uint64_t start_ns;
    enum status status = memory_usage_read(&usage, error);

    *fits = true;
    if (!status)
        status = memory_read(&memory, NULL, error);
    if (status)
        return status;
    room = room_predict(ops, &bench->subject.model, &bench->engine_options, &bench->host, usage.anonymous_bytes);
    if (room_check(&room, &memory, error)) {
        lines_skip(launch->out, error->text);
        *fits = false;
        *error = (struct error){0};
        return STATUS_OK;
    }
    lines_whole(launch->out, FIELD_runtime_bytes, (double)usage.anonymous_bytes);
    if (room.known)
        lines_whole(launch->out, FIELD_predicted_peak_bytes, (double)room.predicted_bytes);
    else
        lines_null(launch->out, FIELD_predicted_peak_bytes, "the engine cannot predict its memory");
    cold = cold && go_cold(launch);
    start_ns = clock_now_ns();
    status = workbench_load(bench, error);
    lines_whole(launch->out, cold ? FIELD_cold_load_seconds : FIELD_load_seconds,
                bench->subject_seconds + clock_seconds(start_ns, clock_now_ns()));
    note_private(launch);
    if (!status && launch->depth)
        status = ops->prime(&bench->engine, launch->depth, bench->seed, error);
    if (!status && launch->depth && ops->mark)
        status = ops->mark(&bench->engine, error);
    if (!status && ops->footprint) {
        ops->footprint(&bench->engine, &footprint);
        lines_whole(launch->out, FIELD_weights_bytes, (double)footprint.weights_bytes);
        if (footprint.mapped_bytes)
            lines_null(launch->out, FIELD_embedding_weights_bytes, "with --no-repack these may lie in the file");
        else
            lines_whole(launch->out, FIELD_embedding_weights_bytes, embedding_bytes(&bench->subject.model));
        lines_whole(launch->out, FIELD_kv_cache_bytes, (double)footprint.kv_cache_bytes);
        lines_whole(launch->out, FIELD_scratch_bytes, (double)footprint.scratch_bytes);
    }
    return status;
}

static enum status prepare(struct launch *launch, const struct options *options, struct error *error)
{
    size_t tokens = launch->prompt + launch->generate, vocabulary = launch->bench.subject.model.vocabulary;

    launch->tokens = malloc(tokens * sizeof *launch->tokens);
    launch->done_ns = calloc(launch->generate + 1, sizeof *launch->done_ns);
    launch->step_seconds = calloc(launch->generate + 1, sizeof *launch->step_seconds);
    launch->logits = malloc(vocabulary * sizeof *launch->logits);
    if (!launch->tokens || !launch->done_ns || !launch->step_seconds || !launch->logits)
        return error_set(error, STATUS_MEMORY, "out of memory for %zu tokens", tokens);
    synthetic_tokens(launch->bench.seed, vocabulary, tokens, launch->tokens);
    return workbench_start(&launch->bench,
                           options_size(options, OPTION_CONTEXT, launch->depth + launch->prompt + launch->generate),
                           error);
}

static void tell_peaks(struct launch *launch)
{
    struct memory_usage usage;
    struct error ignored = {0};

    if (launch->private_bytes)
        lines_whole(launch->out, FIELD_peak_private_bytes, (double)launch->private_bytes);
    if (memory_usage_read(&usage, &ignored) == STATUS_OK)
        lines_whole(launch->out, FIELD_peak_rss_bytes, (double)usage.peak_rss_bytes);
}

/* Slows the launch where a test asks for it, and tells so. */
static enum status disturb(struct launch *launch, size_t number, struct error *error)
{
    char text[48];
    enum status status = disturbance_read(&launch->disturbance, launch->bench.seed, number, error);

    if (launch->disturbance.decode_ratio > 0) {
        snprintf(text, sizeof text, "%.4f", launch->disturbance.decode_ratio);
        lines_engine(launch->out, "test_slowdown_ratio", text);
    }
    return status;
}

enum status launch_model(const struct options *options, FILE *out, struct error *error)
{
    struct launch launch = {.out = out};
    bool fits = true;
    enum status status;

    launch.prompt = options_size(options, OPTION_PROMPT, 0);
    launch.generate = options_size(options, OPTION_GENERATE, 0);
    launch.depth = options_size(options, OPTION_DEPTH, 0);
    launch.counters = counters_open(); /* before the engine's threads, so that it counts them too */
    status = workbench_open(&launch.bench, options, options_text(options, OPTION_MODEL, 0), error);
    if (!status && launch.prompt + launch.generate == 0)
        status = error_set(error, STATUS_MISUSE, "-p 0 with -n 0 leaves nothing to measure");
    if (!status && launch.depth && !launch.bench.engine.ops->prime)
        status = error_set(error, STATUS_UNSUPPORTED, "engine %s cannot start from a filled cache",
                           launch.bench.engine.ops->name);
    if (!status)
        status = disturb(&launch, options_size(options, OPTION_NUMBER, 0), error);
    if (!status) {
        launch_heat_find(&launch.sensors, &launch.bench.host, options);
        launch.energy = launch_energy_open(options, out); /* has a thread: the host is not read any more */
        status = launch.energy ? prepare(&launch, options, error)
                               : error_set(error, STATUS_MEMORY, "out of memory for energy sources");
    }
    if (!status)
        status = load(&launch, options_flag(options, OPTION_COLD) && launch.bench.subject.file, &fits, error);
    if (status || !fits)
        goto out;
    tell_absent(&launch);
    launch.sampler = launch_heat_watch(&launch.sensors, &launch.bench, options, out);
    if (launch.bench.engine.ops->describe)
        launch.bench.engine.ops->describe(&launch.bench.engine, tell_choice, out);
    fflush(out);
    status = repeat(&launch, options, error);
    if (!status)
        tell_peaks(&launch);
    if (!status)
        status = lengthen(&launch, error);
out:
    sampler_close(launch.sampler, status ? NULL : out);
    workbench_close(&launch.bench);
    launch_energy_close(launch.energy, !status && fits);
    if (launch.counters)
        counters_close(launch.counters);
    free(launch.tokens);
    free(launch.logits);
    free(launch.done_ns);
    free(launch.step_seconds);
    return status;
}
