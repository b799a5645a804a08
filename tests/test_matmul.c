#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/matmul.h"

static void make_model(struct model *model, size_t layers, size_t heads, size_t kv_heads)
{
    struct error error = {0};

    *model = (struct model){.name = "small",
                            .architecture_name = "llama",
                            .vocabulary = 512,
                            .hidden = 64,
                            .layers = layers,
                            .heads = heads,
                            .kv_heads = kv_heads,
                            .head_size = 16,
                            .feed_forward = 96,
                            .context_tokens = 128,
                            .norm_epsilon = 1e-5,
                            .rope.base = 10000,
                            .rope.dimensions = 16};
    for (size_t i = 0; i < MODEL_HEAD_SIZE_MAX / 2; i++)
        model->rope.divisors[i] = 1;
    if (model_lay_out(model, &error) || model_set_types(model, DTYPE_Q4_0, DTYPE_Q8_0, &error))
        fail_msg("%s", error.text);
}

/* gate = up (96×64) and down (64×96), then q = o (64×64), then k = v (32×64); the output matrix is left out. */
static void shapes_are_distinct_and_largest_first(void **state)
{
    const struct tensor *shapes[8] = {0};
    struct model model;

    (void)state;
    make_model(&model, 3, 4, 2);
    assert_int_equal(matmul_shapes(&model, shapes, 8), 4);
    assert_string_equal(shapes[0]->name, "blk.0.ffn_gate.weight");
    assert_string_equal(shapes[1]->name, "blk.0.ffn_down.weight");
    assert_string_equal(shapes[2]->name, "blk.0.attn_q.weight");
    assert_string_equal(shapes[3]->name, "blk.0.attn_k.weight");
    assert_null(shapes[4]);
    model_free(&model);
}

/* 8 heads of 16 on 64 inputs: q is 128×64, o 64×128; with as many KV heads k and v equal q. */
static void transposed_shapes_are_two(void **state)
{
    const struct tensor *shapes[8] = {0};
    struct model model;

    (void)state;
    make_model(&model, 1, 8, 8);
    assert_int_equal(matmul_shapes(&model, shapes, 8), 4);
    assert_string_equal(shapes[0]->name, "blk.0.attn_q.weight");
    assert_string_equal(shapes[1]->name, "blk.0.attn_output.weight");
    model_free(&model);
}

static void shapes_of_other_types_count_apart(void **state)
{
    const struct tensor *shapes[8] = {0};
    struct model model;

    (void)state;
    make_model(&model, 1, 4, 2);
    for (size_t i = 0; i < model.tensor_count; i++)
        if (model.tensors[i].role == ROLE_VALUE)
            model.tensors[i].type = DTYPE_Q8_0;
    assert_int_equal(matmul_shapes(&model, shapes, 8), 5);
    assert_int_equal(shapes[4]->type, DTYPE_Q8_0);
    model_free(&model);
}

/* Gate and up together 192×64, then q, k and v together 128×64, down 64×96, o 64×64. */
static void fused_matrices_are_one_shape(void **state)
{
    const struct tensor *shapes[8] = {0};
    struct model model;
    struct error error = {0};

    (void)state;
    make_model(&model, 2, 4, 2);
    strcpy(model.architecture_name, "phi3");
    if (model_lay_out(&model, &error) || model_quantise(&model, "q8_0", NULL, &error))
        fail_msg("%s", error.text);
    assert_int_equal(matmul_shapes(&model, shapes, 8), 4);
    assert_string_equal(shapes[0]->name, "blk.0.ffn_up.weight");
    assert_string_equal(shapes[1]->name, "blk.0.attn_qkv.weight");
    assert_string_equal(shapes[2]->name, "blk.0.ffn_down.weight");
    assert_string_equal(shapes[3]->name, "blk.0.attn_output.weight");
    assert_int_equal(shapes[0]->rows, 192);
    assert_string_equal(matmul_of(&model, shapes[1], 1, 0).name, "small.attn_qkv");
    model_free(&model);
}

static void a_small_array_gets_the_largest(void **state)
{
    const struct tensor *shapes[3] = {0};
    struct model model;

    (void)state;
    make_model(&model, 2, 4, 2);
    assert_int_equal(matmul_shapes(&model, shapes, 2), 4);
    assert_string_equal(shapes[1]->name, "blk.0.ffn_down.weight");
    assert_null(shapes[2]);
    assert_int_equal(matmul_shapes(&model, NULL, 0), 4);
    model_free(&model);
}

static void a_model_without_tensors_has_no_shapes(void **state)
{
    const struct tensor *shapes[1];
    struct model model = {.name = "empty"};

    (void)state;
    assert_int_equal(matmul_shapes(&model, shapes, 1), 0);
}

static void work_takes_its_figures_from_the_tensor(void **state)
{
    struct model model;
    struct matmul matmul;

    (void)state;
    make_model(&model, 1, 4, 2);
    matmul = matmul_of(&model, model_tensor(&model, ROLE_DOWN, 0), 17, 99);
    assert_string_equal(matmul.name, "small.ffn_down");
    assert_int_equal(matmul.type, DTYPE_Q4_0);
    assert_int_equal(matmul.rows, 64);
    assert_int_equal(matmul.columns, 96);
    assert_int_equal(matmul.tokens, 17);
    assert_int_equal(matmul.seed, 99);
    matmul = matmul_of(&model, model_output(&model), 1, 0);
    assert_string_equal(matmul.name, "small.output");
    assert_int_equal(matmul.type, DTYPE_Q8_0);
    model_free(&model);
}

static void long_names_are_cut(void **state)
{
    struct model model = {0};
    struct tensor tensor = {.role = ROLE_UP, .rows = 2, .columns = 32};
    struct matmul matmul;

    (void)state;
    memset(model.name, 'm', sizeof model.name - 1);
    memset(tensor.name, 't', sizeof tensor.name - 1);
    matmul = matmul_of(&model, &tensor, 1, 0);
    assert_true(strlen(matmul.name) < sizeof matmul.name);
    assert_memory_equal(matmul.name, "mmm", 3);
    assert_non_null(strstr(matmul.name, ".ttt"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_distinct_and_largest_first),
        cmocka_unit_test(transposed_shapes_are_two),
        cmocka_unit_test(shapes_of_other_types_count_apart),
        cmocka_unit_test(fused_matrices_are_one_shape),
        cmocka_unit_test(a_small_array_gets_the_largest),
        cmocka_unit_test(a_model_without_tensors_has_no_shapes),
        cmocka_unit_test(work_takes_its_figures_from_the_tensor),
        cmocka_unit_test(long_names_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
