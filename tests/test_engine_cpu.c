/* The CPU engine against the exact logits of the golden models: every level, thread count and split of the prompt. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/engine.h"
#include "workloads/gguf.h"
#include "workloads/oracle.h"
#include "workloads/synthetic.h"
#include "workloads/tokens.h"

static const char *const golden[] = {
    "golden-llama-tied-f32",   "golden-llama-tied-f16",   "golden-llama-tied-q8_0",   "golden-llama-tied-q4_0",
    "golden-llama-untied-f32", "golden-llama-untied-f16", "golden-llama-untied-q8_0", "golden-llama-untied-q4_0",
};

struct fixture {
    struct host host;
    struct model model;
    struct weights *weights;
    struct engine engine;
    int32_t *tokens;
    size_t count;
    double *want;
    float *got;
};

static void must(enum status status, const struct error *error)
{
    if (status != STATUS_OK)
        fail_msg("%s", error->text);
}

static void read_exact(struct fixture *f, const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t values = f->count * f->model.vocabulary;

    assert_non_null(file);
    f->want = calloc(values, sizeof *f->want);
    f->got = calloc(values, sizeof *f->got);
    assert_int_equal(fread(f->got, sizeof *f->got, values, file), values);
    for (size_t i = 0; i < values; i++)
        f->want[i] = f->got[i];
    fclose(file);
}

static void open_golden(struct fixture *f, const char *name)
{
    char path[256];
    struct error error;

    memset(f, 0, sizeof *f);
    must(host_read(&f->host, NULL, &error), &error);
    snprintf(path, sizeof path, "tests/golden/%s.gguf", name);
    must(gguf_open(&f->weights, &f->model, path, &error), &error);
    snprintf(path, sizeof path, "tests/golden/%s.json", name);
    must(tokens_read(path, f->model.vocabulary, &f->tokens, &f->count, &error), &error);
    snprintf(path, sizeof path, "tests/golden/%s.logits.f32", name);
    read_exact(f, path);
}

static void start(struct fixture *f, isa_set isa, size_t threads, size_t batch)
{
    struct engine_options options = {
        .threads = threads, .context_tokens = f->count + 4, .batch_tokens = batch, .isa = isa};
    struct footprint predicted, real;
    struct error error;

    f->engine.ops = engine_find("cpu");
    assert_non_null(f->engine.ops);
    must(f->engine.ops->open(&f->engine, &f->host, &options, &error), &error);
    must(f->engine.ops->load(&f->engine, &f->model, f->weights, &error), &error);
    f->engine.ops->predict(&f->model, &options, &f->host, &predicted);
    f->engine.ops->footprint(&f->engine, &real);
    assert_memory_equal(&predicted, &real, sizeof real);
}

static void stop(struct fixture *f)
{
    f->engine.ops->close(&f->engine);
}

static void close_golden(struct fixture *f)
{
    weights_close(f->weights);
    model_free(&f->model);
    free(f->tokens);
    free(f->want);
    free(f->got);
}

/* The bar of `verify` is for the mean over many values. Here a single row of 80 logits is judged, and the models are 32 and 64 wide,
 * where the rounding of one block of activations weighs more; a wrong kernel misses by orders of magnitude. */
enum { SMALL_MODEL = 4 };

static void judge(const struct fixture *f, size_t first, size_t rows, const char *name, const char *how)
{
    size_t vocabulary = f->model.vocabulary;
    double nmse = oracle_nmse(f->got + first * vocabulary, f->want + first * vocabulary, rows * vocabulary);

    if (!(nmse <= SMALL_MODEL * oracle_bar_exact(&f->model)))
        fail_msg("%s, %s: NMSE %g is over %g", name, how, nmse, SMALL_MODEL * oracle_bar_exact(&f->model));
}

static size_t most_threads(const struct host *host)
{
    return host_performance_cpus(host, NULL, 0) > 1 ? 2 : 1;
}

static void test_decode_meets_the_bar(void **state)
{
    struct fixture f;
    struct error error;

    (void)state;
    for (size_t g = 0; g < sizeof golden / sizeof *golden; g++) {
        open_golden(&f, golden[g]);
        for (int isa = 0; isa < ISA_COUNT; isa++)
            for (size_t threads = 1; threads <= most_threads(&f.host); threads++) {
                if (!(f.host.isa >> isa & 1))
                    continue;
                start(&f, f.host.isa & (((isa_set)2 << isa) - 1), threads, 0);
                memset(f.got, 0, f.count * f.model.vocabulary * sizeof *f.got);
                must(f.engine.ops->decode(&f.engine, f.tokens, f.count, NULL, f.got, &error), &error);
                judge(&f, 0, f.count, golden[g], isa_name((enum isa)isa));
                stop(&f);
            }
        close_golden(&f);
    }
}

/* The prompt in pieces of `split`, through batches of `batch`; only the last logits of each piece exist. */
static void prefill_in_pieces(struct fixture *f, size_t split, size_t batch, const char *name)
{
    struct error error;
    char how[64];

    start(f, f->host.isa, 0, batch);
    snprintf(how, sizeof how, "split %zu, batch %zu", split, batch);
    for (size_t t = 0; t < f->count; t += split) {
        size_t now = f->count - t < split ? f->count - t : split;
        must(f->engine.ops->prefill(&f->engine, f->tokens + t, now, f->got + (t + now - 1) * f->model.vocabulary,
                                    &error),
             &error);
        judge(f, t + now - 1, 1, name, how);
    }
    stop(f);
}

static void test_prefill_meets_the_bar_in_any_split(void **state)
{
    static const size_t splits[] = {1, 2, 7, 64};
    struct fixture f;

    (void)state;
    for (size_t g = 0; g < sizeof golden / sizeof *golden; g++) {
        open_golden(&f, golden[g]);
        for (size_t s = 0; s < sizeof splits / sizeof *splits; s++) {
            prefill_in_pieces(&f, splits[s], 0, golden[g]);
            prefill_in_pieces(&f, splits[s], 5, golden[g]);
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
    vocabulary = f.model.vocabulary;
    start(&f, f.host.isa, 0, 0);
    must(f.engine.ops->prime(&f.engine, 3, 7, &error), &error);
    must(f.engine.ops->mark(&f.engine, &error), &error);
    for (size_t i = 0; i < 2; i++) {
        must(f.engine.ops->restore(&f.engine, &error), &error);
        must(f.engine.ops->prefill(&f.engine, f.tokens, 5, NULL, &error), &error);
        must(f.engine.ops->decode(&f.engine, f.tokens + 5, 2, NULL, f.got + i * 2 * vocabulary, &error), &error);
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
    start(&f, f.host.isa, 1, 0);
    assert_int_equal(f.engine.ops->decode(&f.engine, bad, 2, NULL, NULL, &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "token 1 is -1"));
    bad[1] = (int32_t)f.model.vocabulary;
    assert_int_equal(f.engine.ops->prefill(&f.engine, bad, 2, NULL, &error), STATUS_MISUSE);
    assert_int_equal(f.engine.ops->prime(&f.engine, 1000, 1, &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "--context"));
    must(f.engine.ops->prime(&f.engine, f.count, 1, &error), &error);
    assert_int_equal(f.engine.ops->prefill(&f.engine, f.tokens, 5, NULL, &error), STATUS_MISUSE);
    stop(&f);
    close_golden(&f);
}

static void test_self_check_and_matmul(void **state)
{
    struct fixture f;
    struct error error;
    double nmse = 1;

    (void)state;
    for (size_t g = 0; g < sizeof golden / sizeof *golden; g++) {
        open_golden(&f, golden[g]);
        start(&f, f.host.isa, 0, 0);
        must(f.engine.ops->self_check(&f.engine, &f.model, 20, &nmse, &error), &error);
        assert_true(nmse <= ORACLE_BAR_KERNEL);
        stop(&f);
        close_golden(&f);
    }
    open_golden(&f, golden[0]);
    struct matmul matmul = {.name = "m", .type = DTYPE_Q4_0, .rows = 40, .columns = 64, .tokens = 5, .seed = 3};
    float out[2][200];
    start(&f, f.host.isa, 0, 0);
    for (size_t i = 0; i < 2; i++) {
        must(f.engine.ops->matmul_prepare(&f.engine, &matmul, &error), &error);
        must(f.engine.ops->matmul_run(&f.engine, out[i], &error), &error);
    }
    assert_memory_equal(out[0], out[1], sizeof out[0]);
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
    must(host_read(&f.host, NULL, &error), &error);
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
    return cmocka_run_group_tests_name("engine_cpu", tests, NULL, NULL);
}
