/* The CPU engine against the exact logits of the golden models: every level, thread count and split of the prompt. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/engine.h"
#include "kernels/kernel.h"
#include "tests/golden_models.h"
#include "workloads/oracle.h"

struct fixture {
    struct host host;
    struct golden golden;
    struct engine engine;
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

static void open_golden(struct fixture *f, const char *name)
{
    memset(f, 0, sizeof *f);
    f->host = all_of_host;
    golden_open(&f->golden, name);
    size_t values = f->golden.count * f->golden.model.vocabulary;
    f->want = calloc(values, sizeof *f->want);
    f->got = calloc(values, sizeof *f->got);
    assert_true(f->want && f->got);
    for (size_t i = 0; i < values; i++)
        f->want[i] = f->golden.logits[i];
}

static void start(struct fixture *f, isa_set isa, size_t threads, size_t batch, enum dtype kv_type)
{
    struct engine_options options = {.threads = threads,
                                     .context_tokens = f->golden.context_tokens,
                                     .batch_tokens = batch,
                                     .kv_type = kv_type,
                                     .isa = isa};
    struct footprint predicted, real;
    struct error error;

    f->engine.ops = engine_find("cpu");
    assert_non_null(f->engine.ops);
    must(f->engine.ops->open(&f->engine, &f->host, &options, &error), &error);
    must(f->engine.ops->load(&f->engine, &f->golden.model, f->golden.weights, &error), &error);
    f->engine.ops->predict(&f->golden.model, &options, &f->host, &predicted);
    f->engine.ops->footprint(&f->engine, &real);
    assert_memory_equal(&predicted, &real, sizeof real);
}

static void stop(struct fixture *f)
{
    f->engine.ops->close(&f->engine);
}

static void close_golden(struct fixture *f)
{
    golden_close(&f->golden);
    free(f->want);
    free(f->got);
}

/* The bar of `verify` is for the mean over many values. Here a single row of 80 logits is judged, and the models are 32 and 64 wide,
 * where the rounding of one block of activations weighs more; a wrong kernel misses by orders of magnitude. */
enum { SMALL_MODEL = 5 };

static void judge(const struct fixture *f, size_t first, size_t rows, enum dtype kv_type, const char *name,
                  const char *how)
{
    size_t vocabulary = f->golden.model.vocabulary;
    double nmse = oracle_nmse(f->got + first * vocabulary, f->want + first * vocabulary, rows * vocabulary);
    double bar = SMALL_MODEL * oracle_bar(&f->golden.model, kv_type);

    if (f->golden.model.architecture->rounds_kv) /* a value next to a tie may take the other step */
        bar = fmax(bar, 1e-4);
    if (!(nmse <= bar))
        fail_msg("%s, %s cache, %s: NMSE %g is over %g", name, dtype_info(kv_type)->name, how, nmse, bar);
}

/* Two, where this process may use so many processors. */
static size_t most_threads(const struct host *host)
{
    size_t allowed = 0;

    for (size_t i = 0; i < host->cpu_count; i++)
        allowed += host->cpus[i].allowed;
    return allowed > 1 ? 2 : 1;
}

static const enum dtype kv_types[] = {DTYPE_F16, DTYPE_Q8_0};

static void decode_all(struct fixture *f, int isa, size_t threads, enum dtype kv_type, const char *name)
{
    struct error error;

    start(f, f->host.isa & (((isa_set)2 << isa) - 1), threads, 0, kv_type);
    memset(f->got, 0, f->golden.count * f->golden.model.vocabulary * sizeof *f->got);
    must(f->engine.ops->decode(&f->engine, f->golden.tokens, f->golden.count, NULL, f->got, &error), &error);
    judge(f, 0, f->golden.count, kv_type, name, isa_name((enum isa)isa));
    stop(f);
}

static void test_decode_meets_the_bar(void **state)
{
    struct fixture f;

    (void)state;
    for (size_t g = 0; g < GOLDEN_COUNT; g++) {
        open_golden(&f, golden_names[g]);
        for (int isa = 0; isa < ISA_COUNT; isa++)
            for (size_t k = 0; k < 2 && f.host.isa >> isa & 1; k++)
                decode_all(&f, isa, 1 + (most_threads(&f.host) > 1 && (g + k) % 2), kv_types[k], golden_names[g]);
        close_golden(&f);
    }
}

/* The prompt in pieces of `split`, through batches of `batch`; only the last logits of each piece exist. */
static void prefill_in_pieces(struct fixture *f, size_t split, size_t batch, enum dtype kv_type, const char *name)
{
    struct error error;
    char how[64];

    start(f, f->host.isa, 0, batch, kv_type);
    snprintf(how, sizeof how, "split %zu, batch %zu", split, batch);
    for (size_t t = 0; t < f->golden.count; t += split) {
        size_t now = f->golden.count - t < split ? f->golden.count - t : split, last = t + now - 1;
        must(f->engine.ops->prefill(&f->engine, f->golden.tokens + t, now, f->got + last * f->golden.model.vocabulary,
                                    &error),
             &error);
        judge(f, last, 1, kv_type, name, how);
    }
    stop(f);
}

static void test_prefill_meets_the_bar_in_any_split(void **state)
{
    static const size_t splits[] = {1, 2, 7, 64};
    struct fixture f;

    (void)state;
    for (size_t g = 0; g < GOLDEN_COUNT; g++) {
        open_golden(&f, golden_names[g]);
        for (size_t s = 0; s < sizeof splits / sizeof *splits; s++) {
            prefill_in_pieces(&f, splits[s], 0, DTYPE_F16, golden_names[g]);
            prefill_in_pieces(&f, splits[s], 5, DTYPE_Q8_0, golden_names[g]);
        }
        close_golden(&f);
    }
}

static void test_mark_and_restore_repeat_exactly(void **state)
{
    struct fixture f;
    struct error error;
    size_t vocabulary;

    (void)state;
    open_golden(&f, "golden-llama-tied-q4_0");
    vocabulary = f.golden.model.vocabulary;
    start(&f, f.host.isa, 0, 0, DTYPE_F16);
    must(f.engine.ops->prime(&f.engine, 3, 7, &error), &error);
    must(f.engine.ops->mark(&f.engine, &error), &error);
    for (size_t i = 0; i < 2; i++) {
        must(f.engine.ops->restore(&f.engine, &error), &error);
        must(f.engine.ops->prefill(&f.engine, f.golden.tokens, 5, NULL, &error), &error);
        must(f.engine.ops->decode(&f.engine, f.golden.tokens + 5, 2, NULL, f.got + i * 2 * vocabulary, &error), &error);
    }
    assert_memory_equal(f.got, f.got + 2 * vocabulary, 2 * vocabulary * sizeof *f.got);
    for (size_t i = 0; i < 2 * vocabulary; i++)
        assert_true(isfinite(f.got[i]));
    stop(&f);
    close_golden(&f);
}

static void test_bad_requests_are_refused(void **state)
{
    struct fixture f;
    struct error error;
    int32_t bad[] = {0, -1};

    (void)state;
    open_golden(&f, "golden-llama-tied-q4_0");
    start(&f, f.host.isa, 1, 0, DTYPE_F16);
    assert_int_equal(f.engine.ops->decode(&f.engine, bad, 2, NULL, NULL, &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "token 1 is -1"));
    bad[1] = (int32_t)f.golden.model.vocabulary;
    assert_int_equal(f.engine.ops->prefill(&f.engine, bad, 2, NULL, &error), STATUS_MISUSE);
    assert_int_equal(f.engine.ops->prime(&f.engine, 1000, 1, &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "--context"));
    must(f.engine.ops->prime(&f.engine, f.golden.count, 1, &error), &error);
    assert_int_equal(f.engine.ops->prefill(&f.engine, f.golden.tokens, 5, NULL, &error), STATUS_MISUSE);
    stop(&f);
    close_golden(&f);
}

static void test_self_check_and_matmul(void **state)
{
    struct fixture f;
    struct error error;
    double nmse = 1;

    (void)state;
    for (size_t g = 0; g < GOLDEN_COUNT; g++) {
        open_golden(&f, golden_names[g]);
        start(&f, f.host.isa, 0, 0, DTYPE_F16);
        must(f.engine.ops->self_check(&f.engine, &f.golden.model, 20, &nmse, &error), &error);
        assert_true(nmse <= ORACLE_BAR_KERNEL);
        stop(&f);
        close_golden(&f);
    }
    open_golden(&f, golden_names[0]);
    struct matmul matmul = {.name = "m", .type = DTYPE_Q4_0, .rows = 40, .columns = 64, .tokens = 5, .seed = 3};
    float out[2][200];
    start(&f, f.host.isa, 0, 0, DTYPE_F16);
    for (size_t i = 0; i < 2; i++) {
        must(f.engine.ops->matmul_prepare(&f.engine, &matmul, &error), &error);
        must(f.engine.ops->matmul_run(&f.engine, out[i], &error), &error);
    }
    assert_memory_equal(out[0], out[1], sizeof out[0]);
    matmul.type = DTYPE_INT8;
    must(f.engine.ops->matmul_prepare(&f.engine, &matmul, &error), &error);
    must(f.engine.ops->matmul_run(&f.engine, out[1], &error), &error);
    assert_memory_not_equal(out[0], out[1], sizeof out[0]);
    matmul.columns = CHANNEL_K_MAX + BLOCK_K; /* sums along such rows could overflow */
    assert_int_equal(f.engine.ops->matmul_prepare(&f.engine, &matmul, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "65568"));
    stop(&f);
    close_golden(&f);
}

static void test_too_many_threads_are_refused(void **state)
{
    struct engine engine = {.ops = engine_find("cpu")};
    struct engine_options options = {.threads = HOST_CPUS_MAX, .context_tokens = 16, .isa = 1};
    struct fixture f = {0};
    struct error error;

    (void)state;
    f.host = all_of_host;
    assert_int_equal(engine.ops->open(&engine, &f.host, &options, &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "--threads"));
    engine.ops->close(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_meets_the_bar),
        cmocka_unit_test(test_prefill_meets_the_bar_in_any_split),
        cmocka_unit_test(test_mark_and_restore_repeat_exactly),
        cmocka_unit_test(test_bad_requests_are_refused),
        cmocka_unit_test(test_self_check_and_matmul),
        cmocka_unit_test(test_too_many_threads_are_refused),
    };
    return cmocka_run_group_tests_name("engine_cpu", tests, read_host, NULL);
}
