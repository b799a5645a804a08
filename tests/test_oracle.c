#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/blocks.h"
#include "workloads/gguf.h"
#include "workloads/oracle.h"
#include "workloads/tokens.h"

/* One golden file, its tokens and the logits another program computed for them in float64, rounded to float32. */
struct golden {
    struct model model;
    struct weights *weights;
    int32_t *tokens;
    size_t count;
    float *logits; /* count × vocabulary */
};

static const char *const golden_names[] = {
    "golden-llama-tied-f32",   "golden-llama-tied-f16",   "golden-llama-tied-q8_0",   "golden-llama-tied-q4_0",
    "golden-llama-untied-f32", "golden-llama-untied-f16", "golden-llama-untied-q8_0", "golden-llama-untied-q4_0",
};
enum { GOLDEN_COUNT = sizeof golden_names / sizeof *golden_names };

static void golden_open(struct golden *golden, const char *name)
{
    struct error error = {0};
    char path[160];
    FILE *file;

    snprintf(path, sizeof path, "tests/golden/%s.gguf", name);
    if (gguf_open(&golden->weights, &golden->model, path, &error))
        fail_msg("%s", error.text);
    snprintf(path, sizeof path, "tests/golden/%s.json", name);
    if (tokens_read(path, golden->model.vocabulary, &golden->tokens, &golden->count, &error))
        fail_msg("%s", error.text);
    golden->logits = test_malloc(golden->count * golden->model.vocabulary * sizeof *golden->logits);
    snprintf(path, sizeof path, "tests/golden/%s.logits.f32", name);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(golden->logits, golden->model.vocabulary * sizeof(float), golden->count, file),
                     golden->count);
    fclose(file);
}

static void golden_close(struct golden *golden)
{
    weights_close(golden->weights);
    model_free(&golden->model);
    free(golden->tokens);
    test_free(golden->logits);
}

static double *logits_of(const struct weights *weights, const int32_t *tokens, size_t count,
                         const struct parallel *parallel)
{
    double *logits = test_malloc(count * weights->model->vocabulary * sizeof *logits);
    struct error error = {0};

    if (oracle_logits(weights, tokens, count, logits, parallel, &error))
        fail_msg("%s", error.text);
    return logits;
}

static void golden_logits_are_met(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        struct golden golden;
        double *logits, nmse;

        golden_open(&golden, golden_names[i]);
        logits = logits_of(golden.weights, golden.tokens, golden.count, NULL);
        nmse = oracle_nmse(golden.logits, logits, golden.count * golden.model.vocabulary);
        if (!(nmse <= 1e-12))
            fail_msg("%s: nmse %g", golden_names[i], nmse);
        test_free(logits);
        golden_close(&golden);
    }
}

static void another_token_gives_other_logits(void **state)
{
    struct golden golden;
    double *logits;

    (void)state;
    golden_open(&golden, "golden-llama-tied-q4_0");
    golden.tokens[0] ^= 1;
    logits = logits_of(golden.weights, golden.tokens, golden.count, NULL);
    /* The first token reaches every later row through attention alone. */
    for (size_t token = 0; token < golden.count; token++)
        assert_true(oracle_nmse(golden.logits + token * golden.model.vocabulary,
                                logits + token * golden.model.vocabulary, golden.model.vocabulary) > 1e-6);
    test_free(logits);
    golden_close(&golden);
}

static void a_prefix_gives_the_first_rows(void **state)
{
    struct golden golden;
    double *whole, *prefix;

    (void)state;
    golden_open(&golden, "golden-llama-untied-q8_0");
    whole = logits_of(golden.weights, golden.tokens, golden.count, NULL);
    prefix = logits_of(golden.weights, golden.tokens, 5, NULL);
    assert_memory_equal(prefix, whole, 5 * golden.model.vocabulary * sizeof *whole);
    test_free(prefix);
    test_free(whole);
    golden_close(&golden);
}

/* Ranges of one, two, three … items, the last ones first. */
static void run_backwards(void *pool, size_t count, void (*task)(void *context, size_t begin, size_t end),
                          void *context)
{
    size_t *calls = pool, size = 1;

    while (count) {
        size_t begin = count > size ? count - size : 0;
        task(context, begin, count);
        count = begin;
        size++;
        ++*calls;
    }
}

static void the_split_over_threads_changes_nothing(void **state)
{
    size_t calls = 0;
    struct parallel parallel = {run_backwards, &calls};
    struct golden golden;
    double *alone, *shared;

    (void)state;
    golden_open(&golden, "golden-llama-tied-q8_0");
    alone = logits_of(golden.weights, golden.tokens, golden.count, NULL);
    shared = logits_of(golden.weights, golden.tokens, golden.count, &parallel);
    assert_memory_equal(shared, alone, golden.count * golden.model.vocabulary * sizeof *alone);
    assert_true(calls > golden.model.layers * 8);
    test_free(shared);
    test_free(alone);
    golden_close(&golden);
}

/* Weights that give no address, so that everything is read, and that count the rows given back. */
struct reader {
    struct weights base;
    const struct weights *source;
    size_t *released;
};

static void reader_read(const struct weights *weights, size_t tensor, size_t first, size_t count, void *out)
{
    const struct weights *source = ((const struct reader *)weights)->source;
    const struct tensor *shape = &weights->model->tensors[tensor];

    assert_in_range(first + count, 1, shape->rows);
    source->ops->read(source, tensor, first, count, out);
}

static const void *reader_view(const struct weights *weights, size_t tensor, size_t first)
{
    (void)weights, (void)tensor, (void)first;
    return NULL;
}

static void reader_release(const struct weights *weights, size_t tensor, size_t first, size_t count)
{
    (void)first;
    ((const struct reader *)weights)->released[tensor] += count;
}

static const struct weights_ops reader_ops = {"reader", reader_read, reader_view, reader_release, NULL};

static void reading_equals_viewing(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        struct golden golden;
        struct reader reader;
        double *viewed, *read;

        golden_open(&golden, golden_names[i]);
        reader = (struct reader){{&reader_ops, &golden.model}, golden.weights, NULL};
        reader.released = test_calloc(golden.model.tensor_count, sizeof *reader.released);
        viewed = logits_of(golden.weights, golden.tokens, 3, NULL);
        read = logits_of(&reader.base, golden.tokens, 3, NULL);
        assert_memory_equal(read, viewed, 3 * golden.model.vocabulary * sizeof *read);
        assert_int_equal(reader.released[model_output(&golden.model) - golden.model.tensors], golden.model.vocabulary);
        test_free(reader.released);
        test_free(read);
        test_free(viewed);
        golden_close(&golden);
    }
}

static void too_many_tokens_are_refused(void **state)
{
    static const size_t counts[] = {SIZE_MAX, SIZE_MAX / 8, SIZE_MAX / 4096};
    struct golden golden;
    struct error error = {0};
    int32_t token = 0;
    double logit;

    (void)state;
    golden_open(&golden, "golden-llama-tied-q4_0");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        assert_int_equal(oracle_logits(golden.weights, &token, counts[i], &logit, NULL, &error), STATUS_MEMORY);
        assert_non_null(strstr(error.text, "memory"));
    }
    golden_close(&golden);
}

static void stored_rows_expand_exactly(void **state)
{
    static const float singles[] = {0, -0.0f, 1.5f, -3.25e-30f, 0x1p-149f};
    static const uint16_t halves[] = {0x0000, 0x3c00, 0xc000, 0x0001, 0x7bff};
    double out[2 * BLOCK_K];
    struct block_q4_0 q4[2] = {{.scale = 0x3800}, {.scale = 0xbc00}}; /* 0.5, −1 */
    struct block_q8_0 q8[2] = {{.scale = 0x2e66}, {.scale = 0x0001}}; /* 0.0999755859375, 2^-24 */

    (void)state;
    oracle_dequantise(DTYPE_F32, 5, singles, out);
    for (size_t i = 0; i < 5; i++)
        assert_true(out[i] == (double)singles[i]);
    oracle_dequantise(DTYPE_F16, 5, halves, out);
    assert_true(out[0] == 0 && out[1] == 1 && out[2] == -2 && out[3] == 0x1p-24 && out[4] == 65504);
    for (size_t i = 0; i < BLOCK_K / 2; i++)
        q4[0].nibbles[i] = q4[1].nibbles[i] = (uint8_t)(i | (15 - i) << 4);
    oracle_dequantise(DTYPE_Q4_0, 2 * BLOCK_K, q4, out);
    for (int i = 0; i < BLOCK_K / 2; i++) {
        assert_true(out[i] == 0.5 * (i - 8) && out[i + BLOCK_K / 2] == 0.5 * (7 - i));
        assert_true(out[BLOCK_K + i] == 8 - i && out[BLOCK_K + i + BLOCK_K / 2] == i - 7);
    }
    for (size_t i = 0; i < BLOCK_K; i++)
        q8[0].values[i] = q8[1].values[i] = (int8_t)(i == 0 ? -128 : 4 * (int)i);
    oracle_dequantise(DTYPE_Q8_0, 2 * BLOCK_K, q8, out);
    assert_true(out[0] == -128 * 0.0999755859375 && out[BLOCK_K] == -128 * 0x1p-24);
    for (int i = 1; i < BLOCK_K; i++)
        assert_true(out[i] == 4 * i * 0.0999755859375 && out[BLOCK_K + i] == 4 * i * 0x1p-24);
}

static void errors_are_relative_squares(void **state)
{
    static const double want[] = {3, -4, 0};
    const float equal[] = {3, -4, 0}, off[] = {3, -4, 0.5f}, opposite[] = {-3, 4, 0};

    (void)state;
    assert_true(oracle_nmse(equal, want, 3) == 0);
    assert_true(oracle_nmse(off, want, 3) == 0.25 / 25);
    assert_true(oracle_nmse(opposite, want, 3) == 4);
}

static void what_is_no_number_passes_no_bar(void **state)
{
    static const double want[] = {1, 2}, nothing[] = {0, 0}, broken[] = {1, NAN};
    const float bad[][2] = {{1, NAN}, {INFINITY, 2}, {1, -INFINITY}}, good[] = {1, 2}, zeros[] = {0, 0};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_true(oracle_nmse(bad[i], want, 2) == INFINITY);
    assert_true(oracle_nmse(good, broken, 2) == INFINITY);
    assert_true(oracle_nmse(good, nothing, 2) == INFINITY);
    assert_true(oracle_nmse(zeros, nothing, 2) == INFINITY);
    assert_true(oracle_nmse(good, want, 0) == INFINITY);
    assert_true(oracle_nmse(zeros, want, 2) == 1);
}

static void bars_follow_the_weights(void **state)
{
    struct tensor tensors[] = {{.type = DTYPE_F32}, {.type = DTYPE_F16}};
    struct model model = {.layers = 16, .tensors = tensors, .tensor_count = 2};

    (void)state;
    assert_true(oracle_bar_exact(&model) == 1e-6);
    tensors[1].type = DTYPE_Q8_0;
    assert_true(fabs(oracle_bar_exact(&model) - 1e-3) < 1e-15);
    tensors[1].type = DTYPE_Q4_0;
    model.layers = 4;
    assert_true(fabs(oracle_bar_exact(&model) - 5e-4) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_logits_are_met),           cmocka_unit_test(another_token_gives_other_logits),
        cmocka_unit_test(a_prefix_gives_the_first_rows),   cmocka_unit_test(the_split_over_threads_changes_nothing),
        cmocka_unit_test(reading_equals_viewing),          cmocka_unit_test(too_many_tokens_are_refused),
        cmocka_unit_test(stored_rows_expand_exactly),      cmocka_unit_test(errors_are_relative_squares),
        cmocka_unit_test(what_is_no_number_passes_no_bar), cmocka_unit_test(bars_follow_the_weights),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
