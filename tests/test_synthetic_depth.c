/* Whole synthetic models, walked with plain loops: activations stay near 1 at any depth. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/blocks.h"
#include "tests/synthetic_weights.h"
#include "workloads/oracle.h"

static double rms(const double *x, size_t count)
{
    double squares = 0;

    for (size_t i = 0; i < count; i++)
        squares += x[i] * x[i];
    return sqrt(squares / (double)count);
}

/* out = W·x by plain loops. */
static void times(const struct weights *weights, enum role role, int layer, const double *x, double *out)
{
    const struct tensor *tensor = model_tensor(weights->model, role, layer);
    double *values = expand_all(weights, (size_t)(tensor - weights->model->tensors));

    for (size_t r = 0; r < tensor->rows; r++) {
        out[r] = 0;
        for (size_t i = 0; i < tensor->columns; i++)
            out[r] += values[r * tensor->columns + i] * x[i];
    }
    test_free(values);
}

static void norm_times(const struct weights *weights, enum role role, int layer, const double *x, double *out)
{
    const struct tensor *tensor = model_tensor(weights->model, role, layer);
    double *gains = expand_all(weights, (size_t)(tensor - weights->model->tensors));
    double mean = rms(x, tensor->columns);

    for (size_t i = 0; i < tensor->columns; i++)
        out[i] = x[i] / sqrt(mean * mean + weights->model->norm_epsilon) * gains[i];
    test_free(gains);
}

enum { WIDTH_MAX = 512 };

/* One layer for a single token: it sees itself alone, at position 0, so that attention copies the value. */
static void walk_layer(const struct weights *weights, int layer, double *x)
{
    const struct model *model = weights->model;
    double h[WIDTH_MAX], value[WIDTH_MAX], mixed[WIDTH_MAX], gate[WIDTH_MAX], up[WIDTH_MAX];
    size_t group = model->heads / model->kv_heads;

    norm_times(weights, ROLE_ATTENTION_NORM, layer, x, h);
    times(weights, ROLE_VALUE, layer, h, value);
    for (size_t i = 0; i < model->heads * model->head_size; i++)
        mixed[i] = value[i / model->head_size / group * model->head_size + i % model->head_size];
    times(weights, ROLE_ATTENTION_OUTPUT, layer, mixed, h);
    for (size_t i = 0; i < model->hidden; i++)
        x[i] += h[i];
    norm_times(weights, ROLE_FFN_NORM, layer, x, h);
    times(weights, ROLE_GATE, layer, h, gate);
    times(weights, ROLE_UP, layer, h, up);
    for (size_t i = 0; i < model->feed_forward; i++)
        gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i];
    times(weights, ROLE_DOWN, layer, gate, h);
    for (size_t i = 0; i < model->hidden; i++)
        x[i] += h[i];
}

static void make_model(struct model *model, size_t layers, enum dtype type, bool tied)
{
    struct error error = {0};
    size_t width = dtype_info(type)->block_elements > BLOCK_K ? 256 : 64;

    *model = (struct model){.name = "walk",
                            .architecture_name = "llama",
                            .vocabulary = 160,
                            .hidden = width,
                            .layers = layers,
                            .heads = width / 16,
                            .kv_heads = width / 32,
                            .head_size = 16,
                            .feed_forward = dtype_info(type)->block_elements > BLOCK_K ? 512 : 192,
                            .context_tokens = 64,
                            .norm_epsilon = 1e-5,
                            .rope = {.base = 10000, .dimensions = 16},
                            .tied = tied};
    if (model_lay_out(model, &error) || model_set_types(model, type, type, &error))
        fail_msg("%s", error.text);
}

/* Walks a model of that depth with plain loops; activations must stay near 1, and the reference pass must agree. */
static void check_depth(size_t layers, enum dtype type, bool tied)
{
    const int32_t token = 77;
    struct model model;
    struct weights *weights;
    double x[WIDTH_MAX], logits[WIDTH_MAX], reference[WIDTH_MAX], *embeddings;

    make_model(&model, layers, type, tied);
    weights = open_weights(&model, 9);
    embeddings = expand_all(weights, 0);
    memcpy(x, embeddings + (size_t)token * model.hidden, model.hidden * sizeof *x);
    test_free(embeddings);
    for (size_t layer = 0; layer < layers; layer++) {
        assert_true(rms(x, model.hidden) > 0.25 && rms(x, model.hidden) < 4);
        walk_layer(weights, (int)layer, x);
    }
    norm_times(weights, ROLE_OUTPUT_NORM, -1, x, x);
    times(weights, model_output(&model)->role, -1, x, logits);
    assert_true(rms(logits, model.vocabulary) > 1e-3 && rms(logits, model.vocabulary) < 1e3);
    assert_int_equal(oracle_logits(weights, &token, 1, 64, reference, NULL, NULL), STATUS_OK);
    for (size_t i = 0; i < model.vocabulary; i++)
        assert_true(fabs(reference[i] - logits[i]) <= 1e-9 * rms(logits, model.vocabulary));
    weights_close(weights);
    model_free(&model);
}

static void activations_stay_finite_at_any_depth(void **state)
{
    (void)state;
    for (int type = 0; type < DTYPE_MODELS; type++) {
        check_depth(2, (enum dtype)type, false);
        check_depth(2, (enum dtype)type, true);
    }
    check_depth(40, DTYPE_Q4_0, false);
    check_depth(40, DTYPE_Q8_0, true);
}

static void many_tokens_stay_finite(void **state)
{
    enum { TOKENS = 24 };
    int32_t tokens[TOKENS];
    struct model model;
    struct weights *weights;
    double *logits;

    (void)state;
    make_model(&model, 12, DTYPE_Q4_0, false);
    weights = open_weights(&model, 9);
    logits = test_malloc(TOKENS * model.vocabulary * sizeof *logits);
    synthetic_tokens(9, model.vocabulary, TOKENS, tokens);
    assert_int_equal(oracle_logits(weights, tokens, TOKENS, 64, logits, NULL, NULL), STATUS_OK);
    for (size_t token = 0; token < TOKENS; token++) {
        double size = rms(logits + token * model.vocabulary, model.vocabulary);
        assert_true(size > 0.5 && size < 2);
    }
    test_free(logits);
    weights_close(weights);
    model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_stay_finite_at_any_depth),
        cmocka_unit_test(many_tokens_stay_finite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
