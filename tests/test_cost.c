#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/cost.h"

/* D 64, 2 layers, 4 heads, 2 KV heads of 16, F 96, V 100. */
static void make_small(struct model *model, bool tied)
{
    struct error error = {0};

    *model = (struct model){.name = "small",
                            .architecture_name = "llama",
                            .vocabulary = 100,
                            .hidden = 64,
                            .layers = 2,
                            .heads = 4,
                            .kv_heads = 2,
                            .head_size = 16,
                            .feed_forward = 96,
                            .context_tokens = 128,
                            .norm_epsilon = 1e-5,
                            .rope.base = 10000,
                            .rope.dimensions = 16,
                            .tied = tied};
    for (size_t i = 0; i < MODEL_HEAD_SIZE_MAX / 2; i++)
        model->rope.divisors[i] = 1;
    if (model_lay_out(model, &error))
        fail_msg("%s", error.text);
}

static void make_llama_1b(struct model *model)
{
    struct error error = {0};

    *model = (struct model){.name = "llama-3.2-1b",
                            .architecture_name = "llama",
                            .vocabulary = 128256,
                            .hidden = 2048,
                            .layers = 16,
                            .heads = 32,
                            .kv_heads = 8,
                            .head_size = 64,
                            .feed_forward = 8192,
                            .context_tokens = 131072,
                            .norm_epsilon = 1e-5,
                            .rope.base = 500000,
                            .rope.dimensions = 64,
                            .rope.scaling = ROPE_LLAMA3,
                            .tied = true};
    for (size_t i = 0; i < MODEL_HEAD_SIZE_MAX / 2; i++)
        model->rope.divisors[i] = 1;
    if (model_lay_out(model, &error) || model_set_types(model, DTYPE_Q4_0, DTYPE_Q4_0, &error))
        fail_msg("%s", error.text);
}

/* Matrices of a layer: q 64·64 + k, v 2·32·64 + o 64·64 + gate, up, down 3·64·96 = 4096 + 4096 + 4096 + 18432 = 30720.
 * One visible key costs 2·4·16 = 128 in each layer. The output matrix is 100·64 = 6400. */
static void prefill_counts_layers_attention_and_one_output(void **state)
{
    struct model model;

    (void)state;
    make_small(&model, true);
    assert_int_equal(cost_prefill_macs(&model, 1, 0), 2 * 30720 + 2 * 128 + 6400);
    /* Three tokens see 1 + 2 + 3 keys. */
    assert_int_equal(cost_prefill_macs(&model, 3, 0), 3 * 2 * 30720 + 6 * 2 * 128 + 6400);
    /* Behind ten cached ones: 11 + 12 + 13. */
    assert_int_equal(cost_prefill_macs(&model, 3, 10), 3 * 2 * 30720 + 36 * 2 * 128 + 6400);
    assert_int_equal(cost_prefill_macs(&model, 0, 10), 0);
    model_free(&model);
}

/* The parts add up; each of the 2 layers has rows and columns of q 64 + 64, k and v 32 + 64, o 64 + 64, gate and up 96 + 64, down
 * 64 + 96. */
static void parts_of_costs_add_up(void **state)
{
    struct model model;

    (void)state;
    make_small(&model, true);
    assert_int_equal(cost_linear_macs(&model, 3), 3 * 2 * 30720);
    assert_int_equal(cost_attention_macs(&model, 3, 10), 36 * 2 * 128);
    assert_int_equal(cost_linear_values(&model), 2 * (128 + 2 * 96 + 128 + 3 * 160));
    assert_int_equal(cost_weight_bytes(&model) + cost_cache_bytes(&model, 9, 2), cost_decode_bytes(&model, 9, 2));
    assert_int_equal(cost_cache_bytes(&model, 9, 2), 2 * 2 * 32 * 10 * 2);
    model_free(&model);
}

static void prefill_is_equal_tied_and_untied(void **state)
{
    struct model tied, untied;

    (void)state;
    make_small(&tied, true);
    make_small(&untied, false);
    assert_int_equal(cost_prefill_macs(&tied, 7, 2), cost_prefill_macs(&untied, 7, 2));
    model_free(&tied);
    model_free(&untied);
}

static void prefill_in_two_parts_differs_by_one_output(void **state)
{
    struct model model;

    (void)state;
    make_small(&model, true);
    assert_int_equal(cost_prefill_macs(&model, 5, 0) + cost_prefill_macs(&model, 4, 5),
                     cost_prefill_macs(&model, 9, 0) + 6400);
    model_free(&model);
}

/* f32: layers 2·30720·4 = 245760 bytes, embedding or output 6400·4 = 25600, one row 256.
 * K and V of a token: 2 layers · 2 · 2·16 = 128 elements. */
static void decode_reads_every_matrix_once(void **state)
{
    struct model model;

    (void)state;
    make_small(&model, true);
    assert_int_equal(cost_decode_bytes(&model, 0, 2), 245760 + 25600 + 256);
    assert_int_equal(cost_decode_bytes(&model, 9, 2), 245760 + 25600 + 2560);
    model_free(&model);
}

static void decode_reads_one_row_of_an_untied_embedding(void **state)
{
    struct model model;

    (void)state;
    make_small(&model, false);
    assert_int_equal(cost_decode_bytes(&model, 0, 2), 245760 + 25600 + 256 + 256);
    model_free(&model);
}

static void decode_follows_the_stored_type(void **state)
{
    struct model model;

    (void)state;
    make_small(&model, true);
    assert_int_equal(model_set_types(&model, DTYPE_Q4_0, DTYPE_Q8_0, NULL), STATUS_OK);
    /* 61440 elements in q4_0: 1920 blocks of 18; 6400 in q8_0: 200 blocks of 34. */
    assert_int_equal(cost_decode_bytes(&model, 0, 2), 1920 * 18 + 200 * 34 + 256);
    model_free(&model);
}

static void cache_bytes_follow_their_element(void **state)
{
    struct model model;

    (void)state;
    make_small(&model, true);
    assert_int_equal(cost_kv_bytes_per_token(&model, 2), 256);
    assert_int_equal(cost_kv_bytes_per_token(&model, 4), 512);
    assert_int_equal(cost_kv_bytes_per_token(&model, 34.0 / 32), 136);
    assert_int_equal(cost_decode_bytes(&model, 99, 34.0 / 32) - cost_decode_bytes(&model, 98, 34.0 / 32), 136);
    model_free(&model);
}

/* Llama 3.2 1B has 1235814400 parameters, 33 norms of 2048 among them: 1235746816 in matrices, which in q4_0 are
 * 1235746816 / 32 · 18 = 695107584 bytes. K and V of a token in f16: 16 layers · 2 · 8·64 · 2 = 32768 bytes. The
 * layers' matrices are 1235746816 − 128256·2048 = 973078528 elements; a visible key costs 2·32·64 = 4096 a layer. */
static void llama_1b_costs_what_its_published_shape_says(void **state)
{
    struct model model;

    (void)state;
    make_llama_1b(&model);
    assert_int_equal(cost_decode_bytes(&model, 0, 2), 695107584 + 32768);
    assert_int_equal(cost_decode_bytes(&model, 511, 2), 695107584 + 512 * 32768);
    assert_int_equal(cost_kv_bytes_per_token(&model, 2), 32768);
    assert_int_equal(cost_prefill_macs(&model, 1, 0), 973078528 + 16 * 4096 + 262668288);
    assert_int_equal(cost_prefill_macs(&model, 512, 0),
                     512 * UINT64_C(973078528) + UINT64_C(512) * 513 / 2 * 16 * 4096 + 262668288);
    model_free(&model);
}

/* Layer 1 of the two is global, layer 0 sees 4 tokens: behind 2 cached ones five tokens see 3, 4, 4, 4, 4 there and
 * 3, 4, 5, 6, 7 in the other. */
static void windows_bound_what_is_seen(void **state)
{
    struct model model;

    (void)state;
    make_small(&model, true);
    model.window = 4;
    model.global_period = 2;
    model.global_offset = 1;
    assert_int_equal(cost_prefill_macs(&model, 5, 2), 5 * 2 * 30720 + (19 + 25) * 128 + 6400);
    assert_int_equal(cost_prefill_macs(&model, 3, 0), 3 * 2 * 30720 + (6 + 6) * 128 + 6400);
    assert_int_equal(cost_prefill_macs(&model, 4, 0), 4 * 2 * 30720 + (10 + 10) * 128 + 6400);
    assert_int_equal(cost_prefill_macs(&model, 2, 9), 2 * 2 * 30720 + (8 + 21) * 128 + 6400);
    assert_int_equal(cost_decode_bytes(&model, 3, 2), 245760 + 25600 + 4 * 256);
    assert_int_equal(cost_decode_bytes(&model, 9, 2), 245760 + 25600 + (4 + 10) * 128);
    assert_int_equal(cost_kv_bytes_per_token(&model, 2), 256);
    model_free(&model);
}

/* Parts add up, at every window and cut. */
static void windowed_prefills_add_up(void **state)
{
    struct model model;

    (void)state;
    make_small(&model, true);
    for (size_t window = 0; window < 12; window++) {
        model.window = window;
        model.global_period = window ? 0 : 1;
        for (size_t cut = 1; cut < 10; cut++)
            assert_int_equal(cost_prefill_macs(&model, cut, 1) + cost_prefill_macs(&model, 10 - cut, 1 + cut),
                             cost_prefill_macs(&model, 10, 1) + 6400);
    }
    model_free(&model);
}

/* The second layer has q and o (2·4096), gate, up, down (18432) and two norms, and reads the first one's keys and
 * values. */
static void shared_keys_and_values_are_kept_once(void **state)
{
    struct model model;

    (void)state;
    make_small(&model, true);
    strcpy(model.architecture_name, "afm");
    model.kv_shared_from = 1;
    assert_int_equal(model_lay_out(&model, NULL), STATUS_OK);
    assert_int_equal(cost_kv_bytes_per_token(&model, 2), 128);
    assert_int_equal(cost_prefill_macs(&model, 1, 0), 30720 + 26624 + 2 * 128 + 6400);
    assert_int_equal(cost_decode_bytes(&model, 9, 2), (30720 + 26624) * 4 + 25600 + 2560);
    model_free(&model);
}

/* Vectors cost nothing: an architecture with fused matrices, biases or more norms costs what llama costs. */
static void architectures_of_equal_shape_cost_the_same(void **state)
{
    static const char *const names[] = {"gemma2", "gemma3", "phi3", "qwen2", "qwen3", "granite", "olmo2", "mistral3"};
    struct model llama, model;

    (void)state;
    make_small(&llama, false);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        make_small(&model, false);
        strcpy(model.architecture_name, names[i]);
        assert_int_equal(model_lay_out(&model, NULL), STATUS_OK);
        assert_int_equal(cost_prefill_macs(&model, 7, 3), cost_prefill_macs(&llama, 7, 3));
        assert_int_equal(cost_decode_bytes(&model, 9, 2), cost_decode_bytes(&llama, 9, 2));
        model_free(&model);
    }
    model_free(&llama);
}

static void matmul_counts_without_overflow(void **state)
{
    (void)state;
    assert_int_equal(cost_matmul_macs(3, 5, 7), 105);
    assert_true(cost_matmul_macs(1 << 17, 1 << 14, 1 << 12) == UINT64_C(1) << 43);
    assert_int_equal(cost_matmul_bytes(DTYPE_Q4_0, 10, 64), 10 * 36);
    assert_int_equal(cost_matmul_bytes(DTYPE_Q8_0, 10, 64), 10 * 68);
    assert_int_equal(cost_matmul_bytes(DTYPE_F16, 10, 64), 10 * 128);
    assert_int_equal(cost_matmul_bytes(DTYPE_F32, 10, 64), 10 * 256);
    assert_true(cost_matmul_bytes(DTYPE_F32, 1 << 18, 1 << 14) == UINT64_C(1) << 34);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_costs_add_up),
        cmocka_unit_test(prefill_counts_layers_attention_and_one_output),
        cmocka_unit_test(prefill_is_equal_tied_and_untied),
        cmocka_unit_test(prefill_in_two_parts_differs_by_one_output),
        cmocka_unit_test(decode_reads_every_matrix_once),
        cmocka_unit_test(decode_reads_one_row_of_an_untied_embedding),
        cmocka_unit_test(decode_follows_the_stored_type),
        cmocka_unit_test(cache_bytes_follow_their_element),
        cmocka_unit_test(llama_1b_costs_what_its_published_shape_says),
        cmocka_unit_test(windows_bound_what_is_seen),
        cmocka_unit_test(windowed_prefills_add_up),
        cmocka_unit_test(shared_keys_and_values_are_kept_once),
        cmocka_unit_test(architectures_of_equal_shape_cost_the_same),
        cmocka_unit_test(matmul_counts_without_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
