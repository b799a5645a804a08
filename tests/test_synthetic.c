#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/blocks.h"
#include "workloads/oracle.h"
#include "workloads/synthetic.h"

/* A model that is nothing but tensors; the generator asks for no more. */
static struct model model_of(struct tensor *tensors, size_t count, size_t layers)
{
    return (struct model){.name = "bare", .layers = layers, .tensors = tensors, .tensor_count = count};
}

static struct weights *open_weights(const struct model *model, uint64_t seed)
{
    struct weights *weights = NULL;
    struct error error = {0};

    if (synthetic_open(&weights, model, seed, &error))
        fail_msg("%s", error.text);
    assert_ptr_equal(weights->model, model);
    return weights;
}

/* All stored bytes of a tensor, in a block of exactly that size so that a sanitizer sees every byte too many. */
static uint8_t *read_all(const struct weights *weights, size_t tensor, size_t *size)
{
    const struct tensor *shape = &weights->model->tensors[tensor];
    uint8_t *bytes;

    *size = shape->rows * dtype_row_bytes(shape->type, shape->columns);
    bytes = test_malloc(*size);
    weights->ops->read(weights, tensor, 0, shape->rows, bytes);
    return bytes;
}

static double *expand_all(const struct weights *weights, size_t tensor)
{
    const struct tensor *shape = &weights->model->tensors[tensor];
    double *values = test_malloc(shape->rows * shape->columns * sizeof *values);
    size_t size;
    uint8_t *bytes = read_all(weights, tensor, &size);

    oracle_dequantise(shape->type, shape->rows * shape->columns, bytes, values);
    test_free(bytes);
    return values;
}

static void check_split(const struct weights *weights, const uint8_t *whole, size_t rows, size_t row_bytes, size_t step)
{
    for (size_t first = 0; first < rows; first += step) {
        size_t count = rows - first < step ? rows - first : step;
        uint8_t *part = test_malloc(count * row_bytes);

        weights->ops->read(weights, 0, first, count, part);
        assert_memory_equal(part, whole + first * row_bytes, count * row_bytes);
        test_free(part);
    }
}

/* Row counts around a panel; row lengths around a step of the generator and around its scratch. */
static void any_split_gives_the_same_bytes(void **state)
{
    static const size_t columns[] = {32, 96, 1024, 4096 + 32}, steps[] = {1, 5, 16, 32};

    (void)state;
    for (int type = 0; type < DTYPE_COUNT; type++)
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
            struct tensor tensor = {ROLE_UP, 0, 37, columns[c], (enum dtype)type, "w"};
            struct model model = model_of(&tensor, 1, 1);
            struct weights *weights = open_weights(&model, 7);
            size_t size;
            uint8_t *whole = read_all(weights, 0, &size);

            for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
                check_split(weights, whole, tensor.rows, size / tensor.rows, steps[s]);
            test_free(whole);
            weights_close(weights);
        }
}

static void reading_nothing_writes_nothing(void **state)
{
    struct tensor tensors[] = {{ROLE_UP, 0, 37, 64, DTYPE_Q4_0, "w"}, {ROLE_ROPE_FREQS, -1, 1, 8, DTYPE_F32, "f"}};
    struct model model = model_of(tensors, 2, 1);
    struct weights *weights = open_weights(&model, 7);
    uint8_t byte = 0xa5;

    (void)state;
    for (size_t first = 0; first < 37; first += 3)
        weights->ops->read(weights, 0, first, 0, &byte);
    weights->ops->read(weights, 1, 0, 0, &byte);
    assert_int_equal(byte, 0xa5);
    assert_null(weights->ops->view(weights, 0, 0));
    weights_close(weights);
}

static uint64_t fnv1a(const uint8_t *bytes, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3;
    return hash;
}

/* The bytes themselves are part of a result's meaning: a change here makes old and new results unlike. */
static void bytes_never_change(void **state)
{
    static const uint64_t hashes[DTYPE_COUNT] = {[DTYPE_F32] = UINT64_C(0x354a82410ba75c4c),
                                                 [DTYPE_F16] = UINT64_C(0xb04749b0298efc05),
                                                 [DTYPE_Q8_0] = UINT64_C(0x7d72e44c5062b651),
                                                 [DTYPE_Q4_0] = UINT64_C(0x79609a6a97d4fd02)};

    (void)state;
    for (int type = 0; type < DTYPE_COUNT; type++) {
        struct tensor tensor = {ROLE_DOWN, 0, 40, 4096 + 96, (enum dtype)type, "w"};
        struct model model = model_of(&tensor, 1, 2);
        struct weights *weights = open_weights(&model, 42);
        size_t size;
        uint8_t *bytes = read_all(weights, 0, &size);

        if (fnv1a(bytes, size) != hashes[type])
            fail_msg("%s: %#llx", dtype_info((enum dtype)type)->name, (unsigned long long)fnv1a(bytes, size));
        test_free(bytes);
        weights_close(weights);
    }
}

static void seeds_tensors_and_rows_differ(void **state)
{
    struct tensor tensors[] = {{ROLE_UP, 0, 48, 64, DTYPE_Q8_0, "a"}, {ROLE_UP, 1, 48, 64, DTYPE_Q8_0, "b"}};
    struct model model = model_of(tensors, 2, 2);
    struct weights *one = open_weights(&model, 1), *two = open_weights(&model, 2);
    size_t size, row_bytes = dtype_row_bytes(DTYPE_Q8_0, 64);
    uint8_t *a = read_all(one, 0, &size), *b = read_all(one, 1, &size), *c = read_all(two, 0, &size);

    (void)state;
    for (size_t row = 0; row < 48; row++) {
        assert_memory_not_equal(a + row * row_bytes, b + row * row_bytes, row_bytes);
        assert_memory_not_equal(a + row * row_bytes, c + row * row_bytes, row_bytes);
        for (size_t other = 0; other < row; other++)
            assert_memory_not_equal(a + row * row_bytes, a + other * row_bytes, row_bytes);
    }
    test_free(a);
    test_free(b);
    test_free(c);
    weights_close(one);
    weights_close(two);
}

static void no_value_lacks_its_negative(void **state)
{
    struct tensor tensors[] = {{ROLE_UP, 0, 64, 256, DTYPE_Q8_0, "a"}, {ROLE_UP, 0, 64, 256, DTYPE_Q4_0, "b"}};
    struct model model = model_of(tensors, 2, 1);
    struct weights *weights = open_weights(&model, 3);
    size_t size, seen[256] = {0}, seen_nibbles[16] = {0};
    uint8_t *bytes = read_all(weights, 0, &size);

    (void)state;
    for (size_t at = 0; at < size; at += sizeof(struct block_q8_0))
        for (size_t i = 0; i < BLOCK_K; i++)
            seen[bytes[at + 2 + i]]++;
    assert_int_equal(seen[128], 0);
    for (size_t i = 0; i < 256; i++)
        assert_true(i == 128 || seen[i] > 0);
    test_free(bytes);

    bytes = read_all(weights, 1, &size);
    for (size_t at = 0; at < size; at += sizeof(struct block_q4_0))
        for (size_t i = 0; i < BLOCK_K / 2; i++) {
            seen_nibbles[bytes[at + 2 + i] & 15]++;
            seen_nibbles[bytes[at + 2 + i] >> 4]++;
        }
    assert_int_equal(seen_nibbles[0], 0);
    for (size_t i = 1; i < 16; i++)
        assert_true(seen_nibbles[i] > 64 * 256 / 32);
    test_free(bytes);
    weights_close(weights);
}

/* Mean and standard deviation of all values of tensor 0. */
static void check_moments(enum role role, enum dtype type, size_t layers, double deviation, double slack)
{
    struct tensor tensor = {role, 0, 128, 512, type, "w"};
    struct model model = model_of(&tensor, 1, layers);
    struct weights *weights = open_weights(&model, 11);
    size_t count = tensor.rows * tensor.columns;
    double *values = expand_all(weights, 0), sum = 0, squares = 0;

    for (size_t i = 0; i < count; i++) {
        sum += values[i];
        squares += values[i] * values[i];
    }
    assert_true(fabs(sum / (double)count) < 0.02 * deviation);
    assert_true(fabs(sqrt(squares / (double)count) / deviation - 1) < slack);
    test_free(values);
    weights_close(weights);
}

static void variances_follow_the_role(void **state)
{
    (void)state;
    for (int type = 0; type < DTYPE_COUNT; type++) {
        check_moments(ROLE_QUERY, (enum dtype)type, 8, 1 / sqrt(512), 0.06);
        check_moments(ROLE_OUTPUT, (enum dtype)type, 8, 1 / sqrt(512), 0.06);
        check_moments(ROLE_ATTENTION_OUTPUT, (enum dtype)type, 8, 1 / sqrt(512 * 16), 0.06);
        check_moments(ROLE_DOWN, (enum dtype)type, 32, 1 / sqrt(512 * 64), 0.15);
        check_moments(ROLE_TOKEN_EMBEDDING, (enum dtype)type, 8, 1, 0.06);
    }
}

static void scales_spread_over_two_octaves(void **state)
{
    struct tensor tensor = {ROLE_UP, 0, 128, 512, DTYPE_Q4_0, "w"};
    struct model model = model_of(&tensor, 1, 1);
    struct weights *weights = open_weights(&model, 5);
    size_t size;
    uint8_t *bytes = read_all(weights, 0, &size);
    double smallest = INFINITY, largest = 0;

    (void)state;
    for (size_t at = 0; at < size; at += sizeof(struct block_q4_0)) {
        uint16_t half;
        memcpy(&half, bytes + at, sizeof half);
        smallest = fmin(smallest, half_to_float(half));
        largest = fmax(largest, half_to_float(half));
    }
    assert_true(smallest > 0 && largest / smallest > 3.9 && largest / smallest <= 4.01);
    test_free(bytes);
    weights_close(weights);
}

/* Wide rows and many layers push the scales of q8_0 below the normal range of f16. */
static void the_smallest_scales_are_not_lost(void **state)
{
    struct tensor tensor = {ROLE_DOWN, 0, 1, 65536, DTYPE_Q8_0, "w"};
    struct model model = model_of(&tensor, 1, MODEL_LAYERS_MAX);
    struct weights *weights = open_weights(&model, 5);
    double *values = expand_all(weights, 0), squares = 0;

    (void)state;
    for (size_t i = 0; i < tensor.columns; i++)
        squares += values[i] * values[i];
    assert_in_range((uint64_t)(sqrt(squares) * 1000), 25, 40); /* 1/√(2·512) = 0.031 */
    test_free(values);
    weights_close(weights);
}

static void norm_gains_are_near_one(void **state)
{
    static const enum role roles[] = {ROLE_OUTPUT_NORM, ROLE_ATTENTION_NORM, ROLE_FFN_NORM};

    (void)state;
    for (size_t r = 0; r < sizeof roles / sizeof *roles; r++) {
        struct tensor tensor = {roles[r], 0, 1, 2048, DTYPE_F32, "n"};
        struct model model = model_of(&tensor, 1, 1);
        struct weights *weights = open_weights(&model, 5);
        double *values = expand_all(weights, 0), smallest = INFINITY, largest = 0, sum = 0;

        for (size_t i = 0; i < tensor.columns; i++) {
            smallest = fmin(smallest, values[i]);
            largest = fmax(largest, values[i]);
            sum += values[i];
        }
        assert_true(smallest >= 0.9 - 1e-6 && smallest < 0.901);
        assert_true(largest <= 1.1 + 1e-6 && largest > 1.099);
        assert_true(fabs(sum / 2048 - 1) < 0.01);
        test_free(values);
        weights_close(weights);
    }
}

static void rope_divisors_are_the_models(void **state)
{
    struct tensor tensor = {ROLE_ROPE_FREQS, -1, 1, 8, DTYPE_F32, "rope_freqs.weight"};
    struct model model = model_of(&tensor, 1, 1);
    struct weights *weights = open_weights(&model, 5);
    float *read;
    size_t size;

    (void)state;
    for (size_t i = 0; i < 8; i++)
        model.rope_divisors[i] = (float)(i * i + 1);
    read = (float *)read_all(weights, 0, &size);
    assert_int_equal(size, 8 * sizeof *read);
    assert_memory_equal(read, model.rope_divisors, size);
    test_free(read);
    weights_close(weights);
}

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

enum { WIDTH_MAX = 256 };

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

    *model = (struct model){.name = "walk",
                            .architecture = "llama",
                            .vocabulary = 160,
                            .hidden = 64,
                            .layers = layers,
                            .heads = 4,
                            .kv_heads = 2,
                            .head_size = 32,
                            .feed_forward = 192,
                            .context_tokens = 64,
                            .norm_epsilon = 1e-5,
                            .rope_base = 10000,
                            .rope_dimensions = 32,
                            .tied = tied};
    for (size_t i = 0; i < MODEL_HEAD_SIZE_MAX / 2; i++)
        model->rope_divisors[i] = 1;
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
    assert_int_equal(oracle_logits(weights, &token, 1, reference, NULL, NULL), STATUS_OK);
    for (size_t i = 0; i < model.vocabulary; i++)
        assert_true(fabs(reference[i] - logits[i]) <= 1e-9 * rms(logits, model.vocabulary));
    weights_close(weights);
    model_free(&model);
}

static void activations_stay_finite_at_any_depth(void **state)
{
    (void)state;
    for (int type = 0; type < DTYPE_COUNT; type++) {
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
    assert_int_equal(oracle_logits(weights, tokens, TOKENS, logits, NULL, NULL), STATUS_OK);
    for (size_t token = 0; token < TOKENS; token++) {
        double size = rms(logits + token * model.vocabulary, model.vocabulary);
        assert_true(size > 0.5 && size < 2);
    }
    test_free(logits);
    weights_close(weights);
    model_free(&model);
}

static void tokens_follow_the_seed(void **state)
{
    enum { COUNT = 4000 };
    int32_t one[COUNT], again[COUNT], two[COUNT];
    size_t seen[100] = {0};

    (void)state;
    synthetic_tokens(1, 100, COUNT, one);
    synthetic_tokens(1, 100, COUNT, again);
    synthetic_tokens(2, 100, COUNT, two);
    assert_memory_equal(one, again, sizeof one);
    assert_memory_not_equal(one, two, sizeof one);
    synthetic_tokens(1, 100, 10, again);
    assert_memory_equal(one, again, 10 * sizeof *one);
    for (size_t i = 0; i < COUNT; i++) {
        assert_in_range(one[i], 0, 99);
        seen[one[i]]++;
    }
    for (size_t i = 0; i < 100; i++)
        assert_in_range(seen[i], 10, 80);
}

static void tokens_reach_the_bounds_of_the_vocabulary(void **state)
{
    int32_t tokens[64];

    (void)state;
    synthetic_tokens(3, 1, 64, tokens);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(tokens[i], 0);
    synthetic_tokens(3, (size_t)1 << 31, 64, tokens);
    for (size_t i = 0; i < 64; i++)
        assert_true(tokens[i] >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_split_gives_the_same_bytes),
        cmocka_unit_test(reading_nothing_writes_nothing),
        cmocka_unit_test(bytes_never_change),
        cmocka_unit_test(seeds_tensors_and_rows_differ),
        cmocka_unit_test(no_value_lacks_its_negative),
        cmocka_unit_test(variances_follow_the_role),
        cmocka_unit_test(scales_spread_over_two_octaves),
        cmocka_unit_test(the_smallest_scales_are_not_lost),
        cmocka_unit_test(norm_gains_are_near_one),
        cmocka_unit_test(rope_divisors_are_the_models),
        cmocka_unit_test(activations_stay_finite_at_any_depth),
        cmocka_unit_test(many_tokens_stay_finite),
        cmocka_unit_test(tokens_follow_the_seed),
        cmocka_unit_test(tokens_reach_the_bounds_of_the_vocabulary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
