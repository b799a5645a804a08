/* The CPU engine on synthetic models of every architecture, of odd shapes, over more tokens than their windows hold, against the
 * float64 pass. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/engine.h"
#include "kernels/kernel.h"
#include "workloads/layout.h"
#include "workloads/oracle.h"
#include "workloads/synthetic.h"

enum { TOKENS = 150, SHORT_CONTEXT = 160, LONG_CONTEXT = 320 };

/* Fields beyond the layout's constants; what is 0 is neutral. */
static const struct model shapes[] = {
    {.architecture_name = "llama",
     .hidden = 64,
     .layers = 2,
     .heads = 2,
     .kv_heads = 1,
     .head_size = 256,
     .vocabulary = 77},
    {.architecture_name = "llama",
     .hidden = 96,
     .layers = 2,
     .heads = 5,
     .kv_heads = 5,
     .head_size = 32,
     .vocabulary = 33,
     .rope = {.scaling = ROPE_LINEAR, .factor = 4}},
    {.architecture_name = "gemma2",
     .hidden = 96,
     .layers = 4,
     .heads = 6,
     .kv_heads = 2,
     .head_size = 32,
     .vocabulary = 101,
     .window = 70,
     .attention_softcap = 0.05,
     .logit_softcap = 3},
    {.architecture_name = "gemma3",
     .hidden = 96,
     .layers = 7,
     .heads = 4,
     .kv_heads = 1,
     .head_size = 64,
     .vocabulary = 65,
     .window = 20,
     .rope = {.base = 1e6, .scaling = ROPE_LINEAR, .factor = 8}},
    {.architecture_name = "phi3",
     .hidden = 64,
     .layers = 2,
     .heads = 4,
     .kv_heads = 2,
     .head_size = 96,
     .vocabulary = 50,
     .rope = {.dimensions = 72, .scaling = ROPE_LONGROPE, .magnitude = 1.19, .original_context_tokens = 200}},
    {.architecture_name = "phi3",
     .hidden = 64,
     .layers = 2,
     .heads = 4,
     .kv_heads = 2,
     .head_size = 24,
     .feed_forward = 32,
     .vocabulary = 50},
    {.architecture_name = "qwen2",
     .hidden = 96,
     .layers = 2,
     .heads = 6,
     .kv_heads = 2,
     .head_size = 80,
     .vocabulary = 79},
    {.architecture_name = "qwen3",
     .hidden = 64,
     .layers = 2,
     .heads = 3,
     .kv_heads = 1,
     .head_size = 128,
     .vocabulary = 64},
    {.architecture_name = "olmo2",
     .hidden = 128,
     .layers = 2,
     .heads = 4,
     .kv_heads = 4,
     .head_size = 40,
     .vocabulary = 81},
    {.architecture_name = "granite",
     .hidden = 128,
     .layers = 2,
     .heads = 4,
     .kv_heads = 2,
     .head_size = 64,
     .vocabulary = 90,
     .embedding_scale = 12,
     .residual_scale = 0.22,
     .attention_scale = 0.02,
     .logit_divisor = 8},
    {.architecture_name = "smollm3",
     .hidden = 64,
     .layers = 4,
     .heads = 4,
     .kv_heads = 2,
     .head_size = 16,
     .vocabulary = 66},
    {.architecture_name = "mistral3",
     .hidden = 64,
     .layers = 2,
     .heads = 4,
     .kv_heads = 2,
     .head_size = 48,
     .vocabulary = 66,
     .temperature_scale = 0.1,
     .rope = {.scaling = ROPE_YARN,
              .factor = 16,
              .yarn_beta_fast = 32,
              .yarn_beta_slow = 1,
              .magnitude = 1,
              .original_context_tokens = 32}},
    {.architecture_name = "afm",
     .hidden = 64,
     .layers = 4,
     .heads = 4,
     .kv_heads = 2,
     .head_size = 32,
     .vocabulary = 70,
     .kv_shared_from = 2},
};
enum { SHAPE_COUNT = sizeof shapes / sizeof *shapes };

struct fixture {
    struct host host;
    struct model model;
    struct weights *weights;
    struct engine engine;
    int32_t tokens[TOKENS];
    double *want;
    float *got;
};

/* Read before any engine is open: that pins the thread it is opened by, and processors then look forbidden. */
static struct host all_of_host;

static int read_host(void **state)
{
    struct error error;

    (void)state;
    return host_read(&all_of_host, NULL, &error);
}

static void must(enum status status, const struct error *error)
{
    if (status != STATUS_OK)
        fail_msg("%s", error->text);
}

static void open_shape(struct fixture *f, size_t index, enum dtype type)
{
    struct model *model = &f->model;
    struct error error;

    memset(f, 0, sizeof *f);
    f->host = all_of_host;
    *model = shapes[index];
    snprintf(model->name, sizeof model->name, "shape %zu, %s", index, model->architecture_name);
    model->feed_forward = model->feed_forward ? model->feed_forward : 96;
    model->context_tokens = 4096;
    model->norm_epsilon = 1e-5;
    model->tied = index % 2 == 0;
    model->rope.base = model->rope.base > 0 ? model->rope.base : 10000;
    model->rope.dimensions = model->rope.dimensions ? model->rope.dimensions : model->head_size;
    for (size_t i = 0; i < model->rope.dimensions / 2 && model->rope.scaling == ROPE_LONGROPE; i++) {
        model->rope.divisors[i] = 1.0f + (float)(i * i) / 50;
        model->rope.short_divisors[i] = 1.0f + (float)i / 100;
    }
    layout_set_constants(model);
    must(model_lay_out(model, &error), &error);
    must(model_set_types(model, type, type, &error), &error);
    must(synthetic_open(&f->weights, model, 5 + index, &error), &error);
    synthetic_tokens(9, model->vocabulary, TOKENS, f->tokens);
    f->want = calloc(TOKENS * model->vocabulary, sizeof *f->want);
    f->got = calloc(TOKENS * model->vocabulary, sizeof *f->got);
    assert_true(f->want && f->got);
}

static void close_shape(struct fixture *f)
{
    weights_close(f->weights);
    model_free(&f->model);
    free(f->want);
    free(f->got);
}

static size_t allowed_cpus(const struct host *host)
{
    size_t allowed = 0;

    for (size_t i = 0; i < host->cpu_count; i++)
        allowed += host->cpus[i].allowed;
    return allowed;
}

static struct engine_options options_for(const struct fixture *f, size_t batch, enum dtype kv_type, size_t context)
{
    return (struct engine_options){.threads = allowed_cpus(&f->host) > 1 ? 2 : 1,
                                   .context_tokens = context,
                                   .batch_tokens = batch,
                                   .kv_type = kv_type,
                                   .isa = f->host.isa};
}

static void start(struct fixture *f, const struct engine_options *options)
{
    struct footprint predicted, real;
    struct error error;

    f->engine.ops = engine_find("cpu");
    assert_non_null(f->engine.ops);
    must(f->engine.ops->open(&f->engine, &f->host, options, &error), &error);
    must(f->engine.ops->load(&f->engine, &f->model, f->weights, &error), &error);
    f->engine.ops->predict(&f->model, options, &f->host, &predicted);
    f->engine.ops->footprint(&f->engine, &real);
    assert_memory_equal(&predicted, &real, sizeof real);
}

static void stop(struct fixture *f)
{
    f->engine.ops->close(&f->engine);
}

static void prefill(struct fixture *f, size_t first, size_t count, float *logits)
{
    struct error error;

    must(f->engine.ops->prefill(&f->engine, f->tokens + first, count, logits, &error), &error);
}

static void decode(struct fixture *f, size_t first, size_t count, float *logits)
{
    struct error error;

    must(f->engine.ops->decode(&f->engine, f->tokens + first, count, NULL, logits, &error), &error);
}

static float *row(const struct fixture *f, size_t token)
{
    return f->got + token * f->model.vocabulary;
}

/* Mean over the tokens from `step` to `step`; the last token's logits of each piece exist. */
static void judge(const struct fixture *f, size_t step, enum dtype type, enum dtype kv_type)
{
    size_t vocabulary = f->model.vocabulary, rows = 0;
    double error = 0, bar = oracle_bar(&f->model, kv_type);

    for (size_t t = step - 1; t < TOKENS; t += step, rows++)
        error += oracle_nmse(row(f, t), f->want + t * vocabulary, vocabulary);
    bar = 2 * (f->model.architecture->rounds_kv ? fmax(bar, 1e-4) : bar); /* narrow models: see test_engine_cpu.c */
    if (!(error / (double)rows <= bar))
        fail_msg("%s, %s, cache %s, pieces of %zu: NMSE %g is over %g", f->model.name, dtype_info(type)->name,
                 dtype_info(kv_type)->name, step, error / (double)rows, bar);
}

static void feed_in_pieces(struct fixture *f, const struct engine_options *options, size_t step, enum dtype type)
{
    start(f, options);
    for (size_t t = 0; t + step <= TOKENS; t += step)
        prefill(f, t, step, row(f, t + step - 1));
    judge(f, step, type, options->kv_type);
    stop(f);
}

static void check_shape(size_t index, enum dtype type, size_t context)
{
    static const enum dtype kv_types[] = {DTYPE_F16, DTYPE_Q8_0};
    struct fixture f;
    struct error error;

    open_shape(&f, index, type);
    must(oracle_logits(f.weights, f.tokens, TOKENS, context, f.want, NULL, &error), &error);
    for (size_t k = 0; k < 2; k++) {
        struct engine_options whole = options_for(&f, 0, kv_types[k], context);
        struct engine_options small = options_for(&f, 11, kv_types[k], context);
        feed_in_pieces(&f, &whole, 1, type);
        feed_in_pieces(&f, &small, 7, type);
        feed_in_pieces(&f, &small, 64, type);
        feed_in_pieces(&f, &whole, TOKENS, type);
    }
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        struct engine_options options = options_for(&f, 11, kv_types[isa % 2], context);
        options.isa &= ((isa_set)2 << isa) - 1;
        if (f.host.isa >> isa & 1)
            feed_in_pieces(&f, &options, 50, type);
    }
    close_shape(&f);
}

static void test_every_shape_in_any_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        check_shape(i, DTYPE_F32, SHORT_CONTEXT);
        check_shape(i, DTYPE_Q8_0, LONG_CONTEXT);
    }
}

/* The two sides of longrope's switch differ, so that the test above has seen both. */
static void test_context_switches_longrope(void **state)
{
    struct fixture f;
    double difference;

    (void)state;
    open_shape(&f, 4, DTYPE_F32);
    for (size_t i = 0; i < 2; i++) {
        struct engine_options options = options_for(&f, 0, DTYPE_F16, i ? 201 : 200);
        start(&f, &options);
        prefill(&f, 0, TOKENS, row(&f, i));
        stop(&f);
    }
    for (size_t v = 0; v < f.model.vocabulary; v++)
        f.want[v] = row(&f, 1)[v];
    difference = oracle_nmse(f.got, f.want, f.model.vocabulary);
    assert_true(difference > 1e-4 && difference < 10);
    close_shape(&f);
}

/* Gemma 3's shape: six of seven layers hold window + batch − 1 tokens, the seventh the context, in whole blocks of 64. */
static void test_windows_hold_what_they_need(void **state)
{
    static const struct {
        size_t context, batch, ring, all;
    } cases[] = {
        {1000, 512, 576, 1024}, {1000, 7, 64, 1024}, {1000, 46, 128, 1024}, {30, 0, 64, 64}, {1000, 45, 64, 1024}};
    struct fixture f;

    (void)state;
    open_shape(&f, 3, DTYPE_F32);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct engine_options options = options_for(&f, cases[i].batch, DTYPE_F16, cases[i].context);
        size_t tokens = 6 * cases[i].ring + cases[i].all;
        struct footprint footprint;

        start(&f, &options);
        f.engine.ops->footprint(&f.engine, &footprint);
        assert_int_equal(footprint.kv_cache_bytes, tokens * 2 * 64 * 2);
        stop(&f);
        options.kv_type = DTYPE_Q8_0;
        start(&f, &options);
        f.engine.ops->footprint(&f.engine, &footprint);
        assert_int_equal(footprint.kv_cache_bytes, tokens * 2 * (64 + 2 * 2)); /* 8.5 bits a value */
        stop(&f);
    }
    close_shape(&f);
}

/* AFM's shape: two of four layers have keys and values. */
static void test_shared_layers_hold_nothing(void **state)
{
    struct fixture f;
    struct footprint footprint;

    (void)state;
    open_shape(&f, SHAPE_COUNT - 1, DTYPE_F32);
    struct engine_options options = options_for(&f, 0, DTYPE_F16, 100);
    start(&f, &options);
    f.engine.ops->footprint(&f.engine, &footprint);
    assert_int_equal(footprint.kv_cache_bytes, 2 * 128 * 2 * 2 * 32 * 2);
    stop(&f);
    close_shape(&f);
}

/* From a mark at `first` tokens, synthetic ones or prefilled, three times the same; the rings go round in between. */
static void repeat_from_mark(size_t index, bool primed, size_t first, enum dtype kv_type)
{
    struct fixture f;
    struct error error;
    size_t last = TOKENS - 1, vocabulary;

    open_shape(&f, index, DTYPE_Q8_0);
    vocabulary = f.model.vocabulary;
    struct engine_options options = options_for(&f, 9, kv_type, 400);
    start(&f, &options);
    if (primed)
        must(f.engine.ops->prime(&f.engine, first, 77, &error), &error);
    else
        prefill(&f, 0, first, NULL);
    must(f.engine.ops->mark(&f.engine, &error), &error);
    for (size_t i = 0; i < 3; i++) {
        must(f.engine.ops->restore(&f.engine, &error), &error);
        decode(&f, 0, 3, row(&f, 4 * i));
        prefill(&f, 3, i == 1 ? 40 : last - 3, i == 1 ? NULL : row(&f, 4 * i + 3)); /* the second goes less far */
    }
    assert_memory_equal(row(&f, 0), row(&f, 4), 3 * vocabulary * sizeof(float));
    assert_memory_equal(row(&f, 0), row(&f, 8), 4 * vocabulary * sizeof(float));
    for (size_t i = 0; i < 4 * vocabulary; i++)
        assert_true(isfinite(f.got[i]));
    stop(&f);
    close_shape(&f);
}

static void test_restore_brings_rings_back(void **state)
{
    (void)state;
    for (size_t index = 2; index <= 3; index++)
        for (int primed = 0; primed < 2; primed++) {
            repeat_from_mark(index, primed, 10, DTYPE_F16);
            repeat_from_mark(index, primed, 130, DTYPE_F16);
            repeat_from_mark(index, primed, 130, DTYPE_Q8_0);
        }
}

/* A mark behind prefilled and synthetic tokens saves both. */
static void test_mark_behind_mixed_tokens(void **state)
{
    struct fixture f;
    struct error error;
    struct footprint before, after;

    (void)state;
    open_shape(&f, 3, DTYPE_F32);
    struct engine_options options = options_for(&f, 9, DTYPE_F16, 400);
    start(&f, &options);
    f.engine.ops->footprint(&f.engine, &before);
    must(f.engine.ops->prime(&f.engine, 90, 3, &error), &error);
    prefill(&f, 0, 20, NULL);
    must(f.engine.ops->mark(&f.engine, &error), &error);
    f.engine.ops->footprint(&f.engine, &after);
    assert_true(after.kv_cache_bytes > before.kv_cache_bytes);
    for (size_t i = 0; i < 2; i++) {
        must(f.engine.ops->restore(&f.engine, &error), &error);
        prefill(&f, 20, TOKENS - 20, row(&f, i));
    }
    assert_memory_equal(row(&f, 0), row(&f, 1), f.model.vocabulary * sizeof(float));
    must(f.engine.ops->prime(&f.engine, 90, 3, &error), &error);
    f.engine.ops->footprint(&f.engine, &after);
    assert_int_equal(after.kv_cache_bytes, before.kv_cache_bytes);
    stop(&f);
    close_shape(&f);
}

/* Deep in the cache, threads share the positions of heads that they cannot share out evenly: one, three and five of them. */
static void test_threads_share_positions(void **state)
{
    static const size_t indices[] = {0, 1, 3, 7};
    enum { DEPTH = 900, STEPS = 5 };
    struct fixture f;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof indices / sizeof *indices; i++)
        for (int bytes = 0; bytes < 2; bytes++) {
            open_shape(&f, indices[i], DTYPE_F32);
            size_t most = allowed_cpus(&f.host), vocabulary = f.model.vocabulary;
            for (size_t threads = 1; threads <= most && threads <= 4; threads++) {
                struct engine_options options = options_for(&f, 0, bytes ? DTYPE_Q8_0 : DTYPE_F16, DEPTH + STEPS);
                options.threads = threads;
                start(&f, &options);
                must(f.engine.ops->prime(&f.engine, DEPTH, 4, &error), &error);
                decode(&f, 0, STEPS, f.got);
                stop(&f);
                for (size_t v = 0; v < STEPS * vocabulary && threads == 1; v++)
                    f.want[v] = f.got[v];
                double nmse = oracle_nmse(f.got, f.want, STEPS * vocabulary);
                if (!(nmse <= 1e-9))
                    fail_msg("%s, %zu threads: NMSE %g to one thread", f.model.name, threads, nmse);
            }
            close_shape(&f);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_shape_in_any_split),    cmocka_unit_test(test_context_switches_longrope),
        cmocka_unit_test(test_windows_hold_what_they_need), cmocka_unit_test(test_shared_layers_hold_nothing),
        cmocka_unit_test(test_restore_brings_rings_back),   cmocka_unit_test(test_mark_behind_mixed_tokens),
        cmocka_unit_test(test_threads_share_positions),
    };
    return cmocka_run_group_tests_name("engine_shapes", tests, read_host, NULL);
}
