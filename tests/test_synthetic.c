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
    static const size_t columns[] = {32, 96, 1024, 4096 + 32, 4096 + 256}, steps[] = {1, 5, 16, 32};

    (void)state;
    for (int type = 0; type < DTYPE_COUNT; type++)
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
            struct tensor tensor = {ROLE_UP, 0, 37, columns[c], (enum dtype)type, "w"};
            if (columns[c] % dtype_info((enum dtype)type)->block_elements)
                continue;
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
    static const uint64_t hashes[DTYPE_COUNT] = {
        [DTYPE_F32] = UINT64_C(0x354a82410ba75c4c),  [DTYPE_F16] = UINT64_C(0xb04749b0298efc05),
        [DTYPE_Q8_0] = UINT64_C(0x7d72e44c5062b651), [DTYPE_Q4_0] = UINT64_C(0x79609a6a97d4fd02),
        [DTYPE_BF16] = UINT64_C(0xbe4d2f7d556555ef), [DTYPE_Q4_1] = UINT64_C(0x5cd1592ded668b45),
        [DTYPE_Q4_K] = UINT64_C(0x96f65ed4d5be1241), [DTYPE_Q5_K] = UINT64_C(0x924a45e8bc05defa),
        [DTYPE_Q6_K] = UINT64_C(0x464360904a9e28b4), [DTYPE_IQ4_NL] = UINT64_C(0x2dba97134fe87851),
        [DTYPE_INT8] = UINT64_C(0xcbf9a1918a68b179)};

    (void)state;
    for (int type = 0; type < DTYPE_COUNT; type++) {
        bool longer = dtype_info((enum dtype)type)->block_elements > BLOCK_K;
        struct tensor tensor = {ROLE_DOWN, 0, 40, 4096 + (longer ? 256 : 96), (enum dtype)type, "w"};
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

/* Wide rows and many layers push the scales of q8_0, and more so those of q6_k, below the normal range of f16. */
static void check_smallest(enum dtype type)
{
    struct tensor tensor = {ROLE_DOWN, 0, 1, 65536, type, "w"};
    struct model model = model_of(&tensor, 1, MODEL_LAYERS_MAX);
    struct weights *weights = open_weights(&model, 5);
    double *values = expand_all(weights, 0), squares = 0;

    for (size_t i = 0; i < tensor.columns; i++)
        squares += values[i] * values[i];
    assert_in_range((uint64_t)(sqrt(squares) * 1000), 22, 42); /* 1/√(2·512) = 0.031 */
    test_free(values);
    weights_close(weights);
}

static void the_smallest_scales_are_not_lost(void **state)
{
    (void)state;
    check_smallest(DTYPE_Q8_0);
    check_smallest(DTYPE_Q5_K);
    check_smallest(DTYPE_Q6_K);
}

static void norm_gains_are_near_one(void **state)
{
    static const enum role roles[] = {ROLE_OUTPUT_NORM, ROLE_ATTENTION_NORM,      ROLE_FFN_NORM,     ROLE_QUERY_NORM,
                                      ROLE_KEY_NORM,    ROLE_POST_ATTENTION_NORM, ROLE_POST_FFN_NORM};

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

static void biases_are_small(void **state)
{
    (void)state;
    check_moments(ROLE_QUERY_BIAS, DTYPE_F32, 8, 0.1, 0.06);
    check_moments(ROLE_KEY_BIAS, DTYPE_F32, 8, 0.1, 0.06);
    check_moments(ROLE_VALUE_BIAS, DTYPE_F32, 8, 0.1, 0.06);
}

static void embeddings_are_near_one_after_their_scale(void **state)
{
    struct tensor tensor = {ROLE_TOKEN_EMBEDDING, -1, 128, 512, DTYPE_Q8_0, "w"};
    struct model model = model_of(&tensor, 1, 1);
    double squares = 0, *values;
    struct weights *weights;

    (void)state;
    model.embedding_scale = 50;
    weights = open_weights(&model, 11);
    values = expand_all(weights, 0);
    for (size_t i = 0; i < 128 * 512; i++)
        squares += values[i] * values[i] * 2500;
    assert_true(fabs(sqrt(squares / (128 * 512)) - 1) < 0.06);
    test_free(values);
    weights_close(weights);
}

/* Scales and minima of super-blocks differ, so that a kernel that mixes them up gives other results. */
static void minima_are_not_the_scales(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct tensor tensor = {ROLE_UP, 0, 16, 2048, i ? DTYPE_Q5_K : DTYPE_Q4_K, "w"};
        struct model model = model_of(&tensor, 1, 1);
        struct weights *weights = open_weights(&model, 5);
        size_t size, differ = 0, blocks = 0;
        uint8_t *bytes = read_all(weights, 0, &size);

        for (size_t at = 0; at < size; at += dtype_info(tensor.type)->block_bytes, blocks++)
            for (size_t j = 4; j < 8; j++) {
                const uint8_t *numbers = bytes + at + 4;
                assert_true((numbers[j - 4] & 63) >= 32 && (numbers[j] & 63) >= 32);
                differ += (numbers[j] & 63) != (numbers[j - 4] & 63);
                differ += (numbers[j + 4] & 15) != numbers[j + 4] >> 4;
            }
        assert_true(differ > blocks * 4 && differ < blocks * 8);
        test_free(bytes);
        weights_close(weights);
    }
}

static void check_divisors(enum role role, bool expect_short)
{
    struct tensor tensor = {role, -1, 1, 8, DTYPE_F32, "f"};
    struct model model = model_of(&tensor, 1, 1);
    struct weights *weights = open_weights(&model, 5);
    float *read;
    size_t size;

    for (size_t i = 0; i < 8; i++) {
        model.rope.divisors[i] = (float)(i * i + 1);
        model.rope.short_divisors[i] = (float)(i + 2);
    }
    read = (float *)read_all(weights, 0, &size);
    assert_int_equal(size, 8 * sizeof *read);
    assert_memory_equal(read, expect_short ? model.rope.short_divisors : model.rope.divisors, size);
    test_free(read);
    weights_close(weights);
}

static void rope_divisors_are_the_models(void **state)
{
    (void)state;
    check_divisors(ROLE_ROPE_FREQS, false);
    check_divisors(ROLE_ROPE_LONG, false);
    check_divisors(ROLE_ROPE_SHORT, true);
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
        cmocka_unit_test(biases_are_small),
        cmocka_unit_test(embeddings_are_near_one_after_their_scale),
        cmocka_unit_test(minima_are_not_the_scales),
        cmocka_unit_test(rope_divisors_are_the_models),
        cmocka_unit_test(tokens_follow_the_seed),
        cmocka_unit_test(tokens_reach_the_bounds_of_the_vocabulary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
