/* The CPU engine on files whose rows it reads where they lie: against float64, and against itself with the same file packed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/engine.h"
#include "tests/synthetic_file.h"
#include "workloads/oracle.h"

enum { TOKENS = 20, BATCH = 13, CONTEXT = 100 };

struct fixture {
    struct model source_model, model;
    struct weights *source, *weights; /* weights: of the file in `bytes` */
    unsigned char *bytes;
    struct gguf_plan plan;
    struct engine engine;
    int32_t tokens[TOKENS];
    double *want;
    float *got, *other;
};

/* Read before any engine is open: that pins the thread it is opened by. */
static struct host host;

static int read_host(void **state)
{
    struct error error;

    (void)state;
    return host_read(&host, NULL, &error);
}

static void must(enum status status, const struct error *error)
{
    if (status)
        fail_msg("%s", error->text);
}

static void open_fixture(struct fixture *f, size_t index, const char *quantisation, const enum dtype *output)
{
    struct error error;

    *f = (struct fixture){.engine.ops = engine_find("cpu")};
    make_shape(&f->source_model, index, DTYPE_F32);
    must(model_quantise(&f->source_model, quantisation, output, &error), &error);
    must(synthetic_open(&f->source, &f->source_model, 11 + index, &error), &error);
    must(gguf_plan_file(&f->plan, &f->source_model, &error), &error);
    f->bytes = fill_file(&f->plan, f->source);
    must(gguf_open_memory(&f->weights, &f->model, f->bytes, f->plan.file_bytes, "x.gguf", &error), &error);
    synthetic_tokens(3, f->model.vocabulary, TOKENS, f->tokens);
    f->want = calloc(TOKENS * f->model.vocabulary, sizeof *f->want);
    f->got = calloc(TOKENS * f->model.vocabulary, sizeof *f->got);
    f->other = calloc(TOKENS * f->model.vocabulary, sizeof *f->other);
    assert_true(f->want && f->got && f->other);
    must(oracle_logits(f->weights, f->tokens, TOKENS, CONTEXT, f->want, NULL, &error), &error);
}

static void close_fixture(struct fixture *f)
{
    weights_close(f->weights);
    weights_close(f->source);
    model_free(&f->model);
    model_free(&f->source_model);
    gguf_plan_free(&f->plan);
    free(f->bytes);
    free(f->want);
    free(f->got);
    free(f->other);
}

static void start(struct fixture *f, bool no_repack, isa_set isa, size_t threads)
{
    const struct engine_options options = {.threads = threads,
                                           .context_tokens = CONTEXT,
                                           .batch_tokens = BATCH,
                                           .kv_type = DTYPE_F16,
                                           .isa = isa,
                                           .no_repack = no_repack};
    struct footprint predicted, real;
    struct error error;

    must(f->engine.ops->open(&f->engine, &host, &options, &error), &error);
    must(f->engine.ops->load(&f->engine, &f->model, f->weights, &error), &error);
    f->engine.ops->predict(&f->model, &options, &host, &predicted);
    f->engine.ops->footprint(&f->engine, &real);
    assert_memory_equal(&predicted, &real, sizeof real);
}

/* Logits of prefills of BATCH tokens, then of single ones. */
static void feed(struct fixture *f, float *logits)
{
    struct error error;
    size_t vocabulary = f->model.vocabulary;

    must(f->engine.ops->prefill(&f->engine, f->tokens, BATCH, logits + (BATCH - 1) * vocabulary, &error), &error);
    must(
        f->engine.ops->decode(&f->engine, f->tokens + BATCH, TOKENS - BATCH, NULL, logits + BATCH * vocabulary, &error),
        &error);
}

static void judge(const struct fixture *f, enum isa isa)
{
    size_t vocabulary = f->model.vocabulary, first = (BATCH - 1) * vocabulary;
    double bar = 2 * oracle_bar(&f->model, DTYPE_F16); /* narrow models: see test_engine_cpu.c */
    double error = oracle_nmse(f->got + first, f->want + first, TOKENS * vocabulary - first);

    if (!(error <= bar))
        fail_msg("%s, %s: NMSE %g is over %g", f->model.name, isa_name(isa), error, bar);
}

/* At every level, or at the highest that this processor has. */
static void check_levels(struct fixture *f, bool every)
{
    int highest = ISA_COUNT - 1;

    while (!(host.isa >> highest & 1))
        highest--;
    for (int isa = every ? 0 : highest; isa <= highest; isa++) {
        if (!(host.isa >> isa & 1))
            continue;
        start(f, true, host.isa & (((isa_set)2 << isa) - 1), isa == ISA_AVX2 && host.cpu_count > 1 ? 2 : 1);
        feed(f, f->got);
        judge(f, (enum isa)isa);
        f->engine.ops->close(&f->engine);
    }
}

static void test_every_architecture(void **state)
{
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        open_fixture(&f, i, i % 2 ? "q8_0" : "q4_0", NULL);
        check_levels(&f, i % 8 == 0);
        close_fixture(&f);
    }
}

/* A prefill packs some panels at a time and multiplies as ever; the output matrix alone sees one token, whose sums are rounded in
 * another order. */
static void test_prefill_is_the_packed_one(void **state)
{
    struct error error;
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < SHAPE_COUNT; i += 5) {
        open_fixture(&f, i, i % 2 ? "q4_0" : "q8_0", NULL);
        for (int stored = 0; stored < 2; stored++) {
            start(&f, stored != 0, host.isa, 1);
            must(f.engine.ops->prefill(&f.engine, f.tokens, BATCH, stored ? f.got : f.other, &error), &error);
            f.engine.ops->close(&f.engine);
        }
        for (size_t v = 0; v < f.model.vocabulary; v++)
            assert_true(fabsf(f.got[v] - f.other[v]) <= 1e-5f * (1 + fabsf(f.other[v])));
        close_fixture(&f);
    }
}

static void note_choice(void *context, const char *key, const char *value)
{
    char(*texts)[64] = context;

    if (strcmp(key, "mapped_types") == 0)
        snprintf(texts[0], sizeof texts[0], "%s", value);
    if (strcmp(key, "packed_types") == 0)
        snprintf(texts[1], sizeof texts[1], "%s", value);
    if (strcmp(key, "decode_kernel") == 0)
        snprintf(texts[2], sizeof texts[2], "%s", value);
}

/* A type without such kernels is packed, tensor by tensor, and the engine tells which. */
static void test_other_types_are_packed(void **state)
{
    const enum dtype last = DTYPE_Q6_K;
    char texts[3][64] = {"", "", ""};
    struct footprint footprint;
    struct fixture f;

    (void)state;
    open_fixture(&f, 1, "q4_0", &last);
    start(&f, true, host.isa, 1);
    f.engine.ops->describe(&f.engine, note_choice, texts);
    f.engine.ops->footprint(&f.engine, &footprint);
    assert_string_equal(texts[0], "q4_0");
    assert_string_equal(texts[1], "q6_k");
    assert_memory_equal(texts[2], "gemv_rows_q4_0_", 15);
    assert_true(footprint.mapped_bytes > 0 && footprint.weights_bytes > 0);
    assert_true(footprint.mapped_bytes + footprint.weights_bytes < f.plan.file_bytes + 100000);
    f.engine.ops->close(&f.engine);
    check_levels(&f, true);
    close_fixture(&f);
}

static void test_nothing_to_keep(void **state)
{
    struct footprint footprint;
    struct fixture f;

    (void)state;
    open_fixture(&f, 0, "q4_k_m", NULL);
    start(&f, true, host.isa, 1);
    f.engine.ops->footprint(&f.engine, &footprint);
    assert_int_equal(footprint.mapped_bytes, 0);
    f.engine.ops->close(&f.engine);
    close_fixture(&f);
}

static void test_generated_weights_are_refused(void **state)
{
    const struct engine_options options = {.threads = 1, .context_tokens = CONTEXT, .isa = host.isa, .no_repack = true};
    struct error error;
    struct fixture f;

    (void)state;
    open_fixture(&f, 0, "q4_0", NULL);
    must(f.engine.ops->open(&f.engine, &host, &options, &error), &error);
    assert_int_equal(f.engine.ops->load(&f.engine, &f.source_model, f.source, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "export-gguf"));
    f.engine.ops->close(&f.engine);
    close_fixture(&f);
}

/* The gate's check of the kernels goes over rows as stored too. */
static void test_self_check(void **state)
{
    double nmse;
    struct error error;
    struct fixture f;

    (void)state;
    open_fixture(&f, 9, "q8_0", NULL);
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        const struct engine_options options = {
            .threads = 1, .context_tokens = CONTEXT, .isa = host.isa & (((isa_set)2 << isa) - 1), .no_repack = true};
        must(f.engine.ops->open(&f.engine, &host, &options, &error), &error);
        must(f.engine.ops->self_check(&f.engine, &f.model, 4, &nmse, &error), &error);
        assert_true(nmse > 0 && nmse <= ORACLE_BAR_KERNEL);
        f.engine.ops->close(&f.engine);
    }
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_architecture),
        cmocka_unit_test(test_prefill_is_the_packed_one),
        cmocka_unit_test(test_other_types_are_packed),
        cmocka_unit_test(test_nothing_to_keep),
        cmocka_unit_test(test_generated_weights_are_refused),
        cmocka_unit_test(test_self_check),
    };
    return cmocka_run_group_tests_name("engine stored", tests, read_host, NULL);
}
