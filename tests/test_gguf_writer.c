/* Files of synthetic models, planned, filled and read back: every architecture and type, and all described models. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/synthetic_file.h"
#include "workloads/gguf_index.h"

/* The rotation of a layer as the forward pass sees it, which all of model->rope comes down to. */
static void compare_rotations(const struct model *got, const struct model *want)
{
    double a[MODEL_HEAD_SIZE_MAX / 2], b[MODEL_HEAD_SIZE_MAX / 2], magnitude_a, magnitude_b;

    for (size_t layer = 0; layer < want->layers; layer++)
        for (size_t context = 100; context <= 1000; context += 900) {
            struct layer one = model_layer(got, layer), other = model_layer(want, layer);
            assert_int_equal(one.window, other.window);
            assert_int_equal(one.rotated, other.rotated);
            model_rope(got, layer, context, a, &magnitude_a);
            model_rope(want, layer, context, b, &magnitude_b);
            assert_true(fabs(magnitude_a - magnitude_b) <= 1e-6);
            for (size_t i = 0; i < want->rope.dimensions / 2; i++)
                assert_true(fabs(a[i] - b[i]) <= 1e-6 * b[i]);
        }
}

static void compare_models(const struct model *got, const struct model *want)
{
    assert_string_equal(got->name, want->name);
    assert_string_equal(got->license, want->license);
    assert_int_equal(got->tensor_count, want->tensor_count);
    for (size_t i = 0; i < want->tensor_count; i++) {
        const struct tensor *a = &got->tensors[i], *b = &want->tensors[i];
        assert_string_equal(a->name, b->name);
        assert_true(a->rows == b->rows && a->columns == b->columns && a->type == b->type);
    }
    assert_int_equal(got->context_tokens, want->context_tokens);
    assert_true(fabs(got->norm_epsilon - want->norm_epsilon) < 1e-11);
    assert_true(fabs(got->attention_scale - want->attention_scale) < 1e-7);
    assert_true(fabs(got->residual_scale - want->residual_scale) < 1e-7);
    assert_true(fabs(got->embedding_scale - want->embedding_scale) < 1e-5);
    assert_true(got->logit_divisor == want->logit_divisor && got->logit_softcap == want->logit_softcap);
    assert_true(got->attention_softcap == want->attention_softcap);
    assert_true(fabs(model_query_factor(got, 999) - model_query_factor(want, 999)) < 1e-6);
    compare_rotations(got, want);
}

static void check_round_trip(size_t index, enum dtype type)
{
    struct model model, read;
    struct weights *source = NULL, *file = NULL;
    struct gguf_plan plan;
    struct error error = {0};
    unsigned char *bytes;

    make_shape(&model, index, type);
    assert_int_equal(synthetic_open(&source, &model, 7, &error), STATUS_OK);
    if (gguf_plan_file(&plan, &model, &error))
        fail_msg("%s", error.text);
    bytes = fill_file(&plan, source);
    if (gguf_open_memory(&file, &read, bytes, plan.file_bytes, "x.gguf", &error))
        fail_msg("%s: %s", model.name, error.text);
    compare_models(&read, &model);
    for (size_t i = 0; i < model.tensor_count; i++) {
        size_t size = model.tensors[i].rows * dtype_row_bytes(model.tensors[i].type, model.tensors[i].columns);
        assert_memory_equal(file->ops->view(file, i, 0), bytes + plan.offsets[i], size);
    }
    weights_close(file);
    model_free(&read);
    free(bytes);
    gguf_plan_free(&plan);
    weights_close(source);
    model_free(&model);
}

static void test_round_trips(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        check_round_trip(i, DTYPE_Q4_0);
    for (int type = 0; type < DTYPE_MODELS; type++)
        check_round_trip((size_t)type % SHAPE_COUNT, (enum dtype)type);
}

static const struct {
    const char *quantisation;
    uint32_t number;
} file_types[] = {{"f32", 0},   {"f16", 1},   {"q4_0", 2},  {"q8_0", 7},    {"q4_k", 14},
                  {"q5_k", 16}, {"q6_k", 18}, {"bf16", 32}, {"iq4_nl", 25}, {"q4_k_m", 15}};

static void test_file_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof file_types / sizeof *file_types; i++) {
        struct model model;
        struct gguf_plan plan;
        struct gguf_index index;
        struct error error = {0};
        uint64_t number = 99;

        make_shape(&model, 1, DTYPE_F32);
        assert_int_equal(model_quantise(&model, file_types[i].quantisation, NULL, &error), STATUS_OK);
        assert_int_equal(gguf_plan_file(&plan, &model, &error), STATUS_OK);
        assert_int_equal(gguf_index_read(&index, plan.head.bytes, plan.head.size, &error), STATUS_OK);
        gguf_pair_count(gguf_index_pair(&index, "general.file_type"), &number, &error);
        assert_int_equal(number, file_types[i].number);
        assert_non_null(gguf_index_pair(&index, "tokenizer.ggml.model"));
        gguf_index_free(&index);
        gguf_plan_free(&plan);
        model_free(&model);
    }
}

static void plan_described(const char *name, void *context)
{
    struct model model;
    struct gguf_plan plan;
    struct error error = {0};
    bool known;

    if (model_load(&model, name, &error) || model_quantise(&model, "q4_0", NULL, &error))
        fail_msg("%s", error.text);
    known = !layout_constants(model.architecture_name)->described_only;
    if (gguf_plan_file(&plan, &model, &error) != (known ? STATUS_OK : STATUS_MISUSE))
        fail_msg("%s: %s", name, error.text);
    if (known)
        assert_true(plan.file_bytes >= model_stored_bytes(&model));
    else
        assert_non_null(strstr(error.text, model.architecture_name));
    gguf_plan_free(&plan);
    model_free(&model);
    ++*(size_t *)context;
}

static void test_described_models(void **state)
{
    struct error error = {0};
    size_t count = 0;

    (void)state;
    assert_int_equal(model_list(plan_described, &count, &error), STATUS_OK);
    assert_true(count > 30);
}

/* A file has no key for these: silence would make another model of it. */
static void test_unspeakable_models(void **state)
{
    struct model model;
    struct gguf_plan plan;
    struct error error = {0};
    const struct {
        const char *name;
        double *value;
    } changes[] = {{"embedding_scale", &model.embedding_scale},
                   {"logit_divisor", &model.logit_divisor},
                   {"attention_softcap", &model.attention_softcap},
                   {"temperature_scale", &model.temperature_scale}};

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        make_shape(&model, 0, DTYPE_Q4_0);
        *changes[i].value = 3;
        assert_int_equal(gguf_plan_file(&plan, &model, &error), STATUS_UNSUPPORTED);
        assert_non_null(strstr(error.text, changes[i].name));
        gguf_plan_free(&plan);
        model_free(&model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_file_types),
        cmocka_unit_test(test_described_models),
        cmocka_unit_test(test_unspeakable_models),
    };
    return cmocka_run_group_tests_name("gguf writer", tests, NULL, NULL);
}
