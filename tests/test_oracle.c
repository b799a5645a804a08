#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/golden_models.h"
#include "workloads/oracle.h"

static double *logits_in(const struct weights *weights, const int32_t *tokens, size_t count, size_t context_tokens,
                         const struct parallel *parallel)
{
    double *logits = test_malloc(count * weights->model->vocabulary * sizeof *logits);
    struct error error = {0};

    if (oracle_logits(weights, tokens, count, context_tokens, logits, parallel, &error))
        fail_msg("%s", error.text);
    return logits;
}

static double *logits_of(const struct golden *golden, size_t count, const struct parallel *parallel)
{
    return logits_in(golden->weights, golden->tokens, count, golden->context_tokens, parallel);
}

/* NMSE of the stored logits against those of the model as it is now. */
static double nmse_of(const struct golden *golden)
{
    double *logits = logits_of(golden, golden->count, NULL);
    double nmse = oracle_nmse(golden->logits, logits, golden->count * golden->model.vocabulary);

    test_free(logits);
    return nmse;
}

static void golden_logits_are_met(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        struct golden golden;
        double nmse;

        golden_open(&golden, golden_names[i]);
        nmse = nmse_of(&golden);
        if (!(nmse <= 1e-12))
            fail_msg("%s: nmse %g", golden_names[i], nmse);
        golden_close(&golden);
    }
}

/* Figures of a model, and a value at which the logits must be others. */
static const struct {
    const char *name;
    size_t offset;
    bool real;
    double other;
} figures[] = {
#define REAL(name, field, other)                                                                                       \
    {                                                                                                                  \
        name, offsetof(struct model, field), true, other                                                               \
    }
#define COUNT(name, field, other)                                                                                      \
    {                                                                                                                  \
        name, offsetof(struct model, field), false, other                                                              \
    }
    REAL("golden-llama-tied-f32", norm_epsilon, 0.5),
    REAL("golden-llama-yarn-f32", rope.magnitude, 1),
    REAL("golden-llama-yarn-f32", rope.factor, 3),
    REAL("golden-llama-untied-f32", rope.base, 1e3),
    REAL("golden-gemma2-f32", embedding_scale, 1),
    REAL("golden-gemma2-f32", attention_softcap, 1),
    REAL("golden-gemma2-f32", logit_softcap, 1),
    COUNT("golden-gemma2-f32", window, 0),
    COUNT("golden-gemma2-f32", global_offset, 0),
    COUNT("golden-gemma3-f32", window, 6),
    REAL("golden-gemma3-f32", local_rope_base, 0),
    REAL("golden-gemma3-f32", rope.factor, 4),
    COUNT("golden-phi3-partial-q8_0", rope.dimensions, 22),
    REAL("golden-phi3-longrope-long-f32", rope.magnitude, 1),
    REAL("golden-granite-f32", attention_scale, 0.2),
    REAL("golden-granite-f32", embedding_scale, 11),
    REAL("golden-granite-f32", residual_scale, 0.21),
    REAL("golden-granite-f32", logit_divisor, 7),
    COUNT("golden-smollm3-f32", unrotated_period, 3),
    REAL("golden-mistral3-f32", temperature_scale, 0),
#undef REAL
#undef COUNT
};

static void every_figure_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        struct golden golden;
        char *field;
        double nmse;

        golden_open(&golden, figures[i].name);
        field = (char *)&golden.model + figures[i].offset;
        if (figures[i].real)
            *(double *)(void *)field = figures[i].other;
        else
            *(size_t *)(void *)field = (size_t)figures[i].other;
        nmse = nmse_of(&golden);
        if (!(nmse > 1e-7))
            fail_msg("%s, figure %zu: nmse %g", figures[i].name, i, nmse);
        golden_close(&golden);
    }
}

/* What an architecture's row says. */
static const struct {
    const char *name;
    size_t offset;
    int other;
} features[] = {
    {"golden-llama-tied-f32", offsetof(struct architecture, pairing), PAIRING_HALVES},
    {"golden-qwen3-f32", offsetof(struct architecture, pairing), PAIRING_NEIGHBOURS},
    {"golden-gemma2-f32", offsetof(struct architecture, activation), ACTIVATION_SILU},
    {"golden-qwen3-f32", offsetof(struct architecture, qk_norm), QK_NORM_NONE},
    {"golden-qwen3-f32", offsetof(struct architecture, qk_norm), QK_NORM_HEAD_ROTATED},
    {"golden-afm-f32", offsetof(struct architecture, qk_norm), QK_NORM_HEAD},
};

static const struct {
    const char *name;
    size_t offset;
} switches[] = {
    {"golden-llama-tied-f32", offsetof(struct architecture, pre_norm)},
    {"golden-olmo2-f32", offsetof(struct architecture, post_norm)},
    {"golden-qwen2-f32", offsetof(struct architecture, qkv_bias)},
    {"golden-afm-f32", offsetof(struct architecture, rounds_kv)},
};

static double nmse_with(struct golden *golden, const struct architecture *architecture)
{
    golden->model.architecture = architecture;
    return nmse_of(golden);
}

static void every_feature_counts(void **state)
{
    struct golden golden;
    struct architecture changed;

    (void)state;
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        golden_open(&golden, features[i].name);
        changed = *golden.model.architecture;
        memcpy((char *)&changed + features[i].offset, &features[i].other, sizeof features[i].other);
        if (!(nmse_with(&golden, &changed) > 1e-6))
            fail_msg("%s: feature %zu does nothing", features[i].name, i);
        golden_close(&golden);
    }
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        golden_open(&golden, switches[i].name);
        changed = *golden.model.architecture;
        *((bool *)((char *)&changed + switches[i].offset)) = false;
        if (!(nmse_with(&golden, &changed) > 1e-6))
            fail_msg("%s: switch %zu does nothing", switches[i].name, i);
        golden_close(&golden);
    }
}

static void the_context_chooses_the_divisors(void **state)
{
    static const size_t contexts[] = {1, 24, 64, 65, 1000};
    struct golden within, beyond;

    (void)state;
    golden_open(&within, "golden-phi3-longrope-short-f32");
    golden_open(&beyond, "golden-phi3-longrope-long-f32");
    for (size_t i = 0; i < sizeof contexts / sizeof *contexts; i++) {
        bool is_beyond = contexts[i] > within.model.rope.original_context_tokens;

        within.context_tokens = beyond.context_tokens = contexts[i];
        assert_true((nmse_of(&within) <= 1e-12) == !is_beyond);
        assert_true((nmse_of(&beyond) <= 1e-12) == is_beyond);
    }
    golden_close(&within);
    golden_close(&beyond);
}

static void another_token_gives_other_logits(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        struct golden golden;
        double *logits;

        golden_open(&golden, golden_names[i]);
        golden.tokens[0] ^= 1;
        logits = logits_of(&golden, golden.count, NULL);
        /* The first token reaches every later row through attention alone. */
        for (size_t token = 0; token < golden.count; token++)
            if (!(oracle_nmse(golden.logits + token * golden.model.vocabulary, logits + token * golden.model.vocabulary,
                              golden.model.vocabulary) > 1e-10))
                fail_msg("%s: the first token does not reach row %zu", golden_names[i], token);
        test_free(logits);
        golden_close(&golden);
    }
}

static void a_prefix_gives_the_first_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        struct golden golden;
        double *whole, *prefix;

        golden_open(&golden, golden_names[i]);
        whole = logits_of(&golden, golden.count, NULL);
        prefix = logits_of(&golden, 5, NULL);
        assert_memory_equal(prefix, whole, 5 * golden.model.vocabulary * sizeof *whole);
        test_free(prefix);
        test_free(whole);
        golden_close(&golden);
    }
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
    (void)state;
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        size_t calls = 0;
        struct parallel parallel = {run_backwards, &calls};
        struct golden golden;
        double *alone, *shared;

        golden_open(&golden, golden_names[i]);
        alone = logits_of(&golden, 6, NULL);
        shared = logits_of(&golden, 6, &parallel);
        assert_memory_equal(shared, alone, 6 * golden.model.vocabulary * sizeof *alone);
        assert_true(calls > golden.model.layers * 6);
        test_free(shared);
        test_free(alone);
        golden_close(&golden);
    }
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

static const struct weights_ops reader_ops = {"reader", reader_read, reader_view, reader_release, NULL, NULL};

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
        viewed = logits_of(&golden, 3, NULL);
        read = logits_in(&reader.base, golden.tokens, 3, golden.context_tokens, NULL);
        assert_memory_equal(read, viewed, 3 * golden.model.vocabulary * sizeof *read);
        for (size_t t = 0; t < golden.model.tensor_count; t++) {
            enum role role = golden.model.tensors[t].role;
            bool whole = !layout_is_vector(role) && (role != ROLE_TOKEN_EMBEDDING || golden.model.tied);

            assert_int_equal(reader.released[t], whole ? golden.model.tensors[t].rows : 0);
        }
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
        assert_int_equal(oracle_logits(golden.weights, &token, counts[i], 1, &logit, NULL, &error), STATUS_MEMORY);
        assert_non_null(strstr(error.text, "memory"));
    }
    golden_close(&golden);
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
    assert_true(oracle_bar(&model, DTYPE_F16) == oracle_bar_exact(&model));
    assert_true(oracle_bar(&model, DTYPE_F32) == oracle_bar_exact(&model));
    assert_true(oracle_bar(&model, DTYPE_Q8_0) == 2e-3);
    model.layers = 100;
    assert_true(oracle_bar(&model, DTYPE_Q8_0) == oracle_bar_exact(&model));
    tensors[1].type = DTYPE_BF16;
    assert_true(oracle_bar_exact(&model) == 1e-6);
    assert_true(oracle_bar(&model, DTYPE_Q8_0) == 2e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_logits_are_met),
        cmocka_unit_test(every_figure_counts),
        cmocka_unit_test(every_feature_counts),
        cmocka_unit_test(the_context_chooses_the_divisors),
        cmocka_unit_test(another_token_gives_other_logits),
        cmocka_unit_test(a_prefix_gives_the_first_rows),
        cmocka_unit_test(the_split_over_threads_changes_nothing),
        cmocka_unit_test(reading_equals_viewing),
        cmocka_unit_test(too_many_tokens_are_refused),
        cmocka_unit_test(errors_are_relative_squares),
        cmocka_unit_test(what_is_no_number_passes_no_bar),
        cmocka_unit_test(bars_follow_the_weights),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
