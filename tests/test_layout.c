#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "workloads/layout.h"

/* D 64, 4 layers, 4 heads and 2 KV heads of 16, F 96, V 100. */
static struct model make(const char *architecture)
{
    struct model model = {.name = "small",
                          .vocabulary = 100,
                          .hidden = 64,
                          .layers = 4,
                          .heads = 4,
                          .kv_heads = 2,
                          .head_size = 16,
                          .feed_forward = 96,
                          .context_tokens = 128,
                          .norm_epsilon = 1e-5,
                          .rope.base = 10000,
                          .rope.dimensions = 16};

    snprintf(model.architecture_name, sizeof model.architecture_name, "%s", architecture);
    return model;
}

static void lay_out(struct model *model)
{
    struct error error = {0};

    if (model_lay_out(model, &error))
        fail_msg("%s", error.text);
}

static void expect_tensor(const struct model *model, enum role role, int layer, const char *name, size_t rows,
                          size_t columns)
{
    const struct tensor *tensor = model_tensor(model, role, layer);

    if (!tensor)
        fail_msg("%s has no %s", model->architecture->name, name);
    assert_string_equal(tensor->name, name);
    assert_int_equal(tensor->rows, rows);
    assert_int_equal(tensor->columns, columns);
    assert_int_equal(layout_is_vector(role), rows == 1);
}

static void every_architecture_has_its_tensors(void **state)
{
    static const struct {
        const char *name;
        size_t per_layer, whole;
    } counts[] = {
        {"llama", 9, 3},   {"gemma2", 11, 3}, {"gemma3", 13, 3}, {"phi3", 6, 3},     {"qwen2", 12, 3}, {"qwen3", 11, 3},
        {"granite", 9, 3}, {"olmo2", 11, 3},  {"smollm3", 9, 3}, {"mistral3", 9, 3}, {"afm", 11, 3},
    };
    struct model model;

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        model = make(counts[i].name);
        lay_out(&model);
        assert_string_equal(model.architecture->name, counts[i].name);
        assert_int_equal(model.tensor_count, counts[i].per_layer * 4 + counts[i].whole);
        expect_tensor(&model, ROLE_TOKEN_EMBEDDING, -1, "token_embd.weight", 100, 64);
        expect_tensor(&model, ROLE_OUTPUT, -1, "output.weight", 100, 64);
        expect_tensor(&model, ROLE_OUTPUT_NORM, -1, "output_norm.weight", 1, 64);
        expect_tensor(&model, ROLE_ATTENTION_OUTPUT, 3, "blk.3.attn_output.weight", 64, 64);
        expect_tensor(&model, ROLE_DOWN, 2, "blk.2.ffn_down.weight", 64, 96);
        assert_int_equal(model.architecture->pre_norm, model_tensor(&model, ROLE_FFN_NORM, 0) != NULL);
        assert_int_equal(model.architecture->pre_norm, model_tensor(&model, ROLE_ATTENTION_NORM, 0) != NULL);
        assert_int_equal(model.architecture->post_norm, model_tensor(&model, ROLE_POST_FFN_NORM, 0) != NULL);
        assert_int_equal(model.architecture->post_norm, model_tensor(&model, ROLE_POST_ATTENTION_NORM, 0) != NULL);
        assert_int_equal(model.architecture->fused_qkv, model_tensor(&model, ROLE_QKV, 0) != NULL);
        assert_int_equal(model.architecture->fused_qkv, model_tensor(&model, ROLE_QUERY, 0) == NULL);
        assert_int_equal(model.architecture->fused_gate_up, model_tensor(&model, ROLE_GATE_UP, 0) != NULL);
        assert_int_equal(model.architecture->qkv_bias, model_tensor(&model, ROLE_KEY_BIAS, 0) != NULL);
        assert_int_equal(model.architecture->qk_norm != QK_NORM_NONE, model_tensor(&model, ROLE_KEY_NORM, 0) != NULL);
        model_free(&model);
    }
}

static void shapes_follow_the_architecture(void **state)
{
    struct model model = make("phi3");

    (void)state;
    model.rope.scaling = ROPE_LONGROPE;
    model.rope.original_context_tokens = 64;
    model.rope.dimensions = 12;
    lay_out(&model);
    expect_tensor(&model, ROLE_QKV, 1, "blk.1.attn_qkv.weight", 128, 64);
    expect_tensor(&model, ROLE_GATE_UP, 1, "blk.1.ffn_up.weight", 192, 64);
    expect_tensor(&model, ROLE_ROPE_LONG, -1, "rope_factors_long.weight", 1, 6);
    expect_tensor(&model, ROLE_ROPE_SHORT, -1, "rope_factors_short.weight", 1, 6);
    model_free(&model);
    model = make("olmo2");
    lay_out(&model);
    expect_tensor(&model, ROLE_QUERY_NORM, 0, "blk.0.attn_q_norm.weight", 1, 64);
    expect_tensor(&model, ROLE_KEY_NORM, 0, "blk.0.attn_k_norm.weight", 1, 32);
    expect_tensor(&model, ROLE_POST_FFN_NORM, 3, "blk.3.post_ffw_norm.weight", 1, 64);
    model_free(&model);
    model = make("qwen3");
    model.tied = true;
    lay_out(&model);
    expect_tensor(&model, ROLE_QUERY_NORM, 0, "blk.0.attn_q_norm.weight", 1, 16);
    expect_tensor(&model, ROLE_KEY_NORM, 0, "blk.0.attn_k_norm.weight", 1, 16);
    assert_int_equal(model_output(&model)->role, ROLE_TOKEN_EMBEDDING);
    model_free(&model);
    model = make("qwen2");
    lay_out(&model);
    expect_tensor(&model, ROLE_QUERY_BIAS, 0, "blk.0.attn_q.bias", 1, 64);
    expect_tensor(&model, ROLE_VALUE_BIAS, 3, "blk.3.attn_v.bias", 1, 32);
    model_free(&model);
}

static void divisors_are_no_parameters(void **state)
{
    struct model plain = make("llama"), scaled = make("llama");

    (void)state;
    scaled.rope.scaling = ROPE_LLAMA3;
    lay_out(&plain);
    lay_out(&scaled);
    assert_int_equal(scaled.tensor_count, plain.tensor_count + 1);
    assert_int_equal(model_parameter_count(&scaled), model_parameter_count(&plain));
    assert_int_equal(model_stored_bytes(&scaled), model_stored_bytes(&plain) + 8 * 4);
    model_free(&plain);
    model_free(&scaled);
}

static void nothing_is_neutral(void **state)
{
    struct model model = make("gemma3");

    (void)state;
    lay_out(&model);
    assert_true(model.embedding_scale == 1 && model.residual_scale == 1 && model.logit_divisor == 1);
    assert_true(model.attention_scale == 0.25 && model.rope.factor == 1 && model.rope.magnitude == 1);
    assert_true(model.global_period == 1 && model.attention_softcap == 0 && model.temperature_scale == 0);
    for (size_t i = 0; i < MODEL_HEAD_SIZE_MAX / 2; i++)
        assert_true(model.rope.divisors[i] == 1 && model.rope.short_divisors[i] == 1);
    for (size_t i = 0; i < model.layers; i++)
        assert_true(model_layer(&model, i).window == 0 && model_layer(&model, i).rotated &&
                    model_layer(&model, i).own_kv && model_layer(&model, i).kv_layer == i &&
                    model_layer(&model, i).architecture == model.architecture);
    model_free(&model);
}

static void architectures_fix_some_things(void **state)
{
    struct model model = make("gemma3");

    (void)state;
    model.window = 8;
    layout_set_constants(&model);
    assert_true(model.embedding_scale == 8 && model.local_rope_base == 10000 && model.attention_scale == 0);
    for (size_t i = 0; i < 14; i++)
        assert_int_equal(model_layer(&model, i).window, (i + 1) % 6 == 0 ? 0 : 8);
    model = make("gemma2");
    model.window = 8;
    model.layers = 46;
    model.hidden = 144;
    layout_set_constants(&model);
    assert_true(model.embedding_scale == 12 && model.local_rope_base == 0);
    assert_true(fabs(model.attention_scale - 1 / 6.0) < 1e-15);
    assert_true(model_layer(&model, 0).window == 8 && model_layer(&model, 1).window == 0);
    model = make("smollm3");
    layout_set_constants(&model);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(model_layer(&model, i).rotated, i != 3 && i != 7);
    model = make("phi3");
    model.window = 8;
    layout_set_constants(&model);
    assert_true(model_layer(&model, 0).window == 8 && model_layer(&model, 1).window == 8);
    model = make("llama");
    layout_set_constants(&model);
    assert_true(model.embedding_scale == 0 && model.unrotated_period == 0);
}

static void what_is_set_stays(void **state)
{
    struct model model = make("gemma3");

    (void)state;
    model.window = 8;
    model.global_period = 2;
    model.embedding_scale = 3;
    model.local_rope_base = 50;
    layout_set_constants(&model);
    lay_out(&model);
    assert_true(model.global_period == 2 && model.embedding_scale == 3 && model.local_rope_base == 50);
    assert_true(model_layer(&model, 0).window == 0 && model_layer(&model, 1).window == 8);
    model_free(&model);
}

static void late_layers_share_keys_and_values(void **state)
{
    struct model model = make("afm");

    (void)state;
    model.kv_shared_from = 3;
    lay_out(&model);
    assert_int_equal(model.tensor_count, 4 * 11 - 3 + 3);
    assert_true(model_layer(&model, 2).own_kv && model_layer(&model, 2).kv_layer == 2);
    assert_true(!model_layer(&model, 3).own_kv && model_layer(&model, 3).kv_layer == 2);
    assert_non_null(model_tensor(&model, ROLE_QUERY, 3));
    assert_non_null(model_tensor(&model, ROLE_QUERY_NORM, 3));
    assert_null(model_tensor(&model, ROLE_KEY, 3));
    assert_null(model_tensor(&model, ROLE_VALUE, 3));
    assert_null(model_tensor(&model, ROLE_KEY_NORM, 3));
    model_free(&model);
}

static void expect_refusal(struct model model, enum status wanted, const char *says)
{
    struct error error = {0};
    enum status status = model_lay_out(&model, &error);

    if (status != wanted || !strstr(error.text, says))
        fail_msg("status %d, wanted %d; \"%s\" should say \"%s\"", status, wanted, error.text, says);
    assert_null(model.tensors);
}

#define REFUSES(architecture, change, status, says)                                                                    \
    do {                                                                                                               \
        struct model m = make(architecture);                                                                           \
        change;                                                                                                        \
        expect_refusal(m, status, says);                                                                               \
    } while (0)

static void refuses_contradictions(void **state)
{
    (void)state;
    REFUSES("gemma4", (void)0, STATUS_UNSUPPORTED,
            "'gemma4' is not supported; supported: llama, gemma2, gemma3, phi3, qwen2, qwen3, granite, olmo2, smollm3, "
            "mistral3, afm");
    REFUSES("llama", m.vocabulary = 0, STATUS_FORMAT, "vocabulary size is 0");
    REFUSES("llama", m.layers = 513, STATUS_FORMAT, "number of layers is 513");
    REFUSES("llama", m.kv_heads = 3, STATUS_FORMAT, "4 heads cannot be shared");
    REFUSES("llama", m.head_size = 15, STATUS_FORMAT, "head size is 15; it must be even");
    REFUSES("phi3", m.rope.dimensions = 18, STATUS_FORMAT, "rotated dimensions is 18");
    REFUSES("phi3", m.rope.dimensions = 11, STATUS_FORMAT, "rotated dimensions is 11");
    REFUSES("gemma3", m.window = (size_t)1 << 31, STATUS_FORMAT, "sliding window is 2147483648");
    REFUSES("gemma3", (m.window = 8, m.global_period = 6, m.global_offset = 6), STATUS_FORMAT,
            "offset of global layers");
    REFUSES("afm", m.kv_shared_from = 4, STATUS_FORMAT, "without keys and values of its own is 4");
    REFUSES("phi3", m.kv_shared_from = 2, STATUS_FORMAT, "phi3 cannot share");
    REFUSES("llama", m.norm_epsilon = 0, STATUS_FORMAT, "norm epsilon is 0");
    REFUSES("llama", m.rope.base = 1, STATUS_FORMAT, "rope base is 1");
    REFUSES("llama", m.rope.base = (double)NAN, STATUS_FORMAT, "rope base is");
    REFUSES("gemma3", m.local_rope_base = -1, STATUS_FORMAT, "rope base of local layers is -1");
    REFUSES("llama", m.rope.factor = -8, STATUS_FORMAT, "rope scaling factor is -8");
    REFUSES("llama", m.rope.magnitude = -1, STATUS_FORMAT, "rope magnitude is -1");
    REFUSES("granite", m.embedding_scale = -12, STATUS_FORMAT, "embedding scale is -12");
    REFUSES("granite", m.residual_scale = (double)INFINITY, STATUS_FORMAT, "residual scale is inf");
    REFUSES("granite", m.attention_scale = -1, STATUS_FORMAT, "attention scale is -1");
    REFUSES("granite", m.logit_divisor = -8, STATUS_FORMAT, "logit divisor is -8");
    REFUSES("gemma2", m.attention_softcap = -50, STATUS_FORMAT, "soft cap of attention is -50");
    REFUSES("gemma2", m.logit_softcap = (double)NAN, STATUS_FORMAT, "soft cap of logits is");
    REFUSES("mistral3", m.temperature_scale = 0.1, STATUS_FORMAT, "temperature scale needs the original context");
    REFUSES("mistral3", m.temperature_scale = -0.1, STATUS_FORMAT, "temperature scale is -0.1");
    REFUSES("llama", m.rope.scaling = ROPE_YARN, STATUS_FORMAT, "needs the original context length");
    REFUSES("phi3", m.rope.scaling = ROPE_LONGROPE, STATUS_FORMAT, "needs the original context length");
    REFUSES("llama", (m.rope = (struct rope){10000, 16, ROPE_YARN, 4, 1, 32, 1, 64, {0}, {0}}), STATUS_FORMAT,
            "beta_slow is 32");
    REFUSES("gemma3", m.rope.scaling = ROPE_LLAMA3, STATUS_UNSUPPORTED, "llama3 divisors is not supported in");
    REFUSES("llama", (m.rope.scaling = ROPE_LONGROPE, m.rope.original_context_tokens = 9), STATUS_UNSUPPORTED,
            "longrope divisors is not supported in architecture llama");
}

static void judges_divisors(void **state)
{
    struct model model = make("phi3");
    struct error error;

    (void)state;
    model.rope.scaling = ROPE_LONGROPE;
    model.rope.original_context_tokens = 64;
    lay_out(&model);
    assert_int_equal(layout_check_divisors(&model, NULL), STATUS_OK);
    model.rope.short_divisors[7] = -1;
    assert_int_equal(layout_check_divisors(&model, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "short rope divisor 7 is -1"));
    model.rope.divisors[2] = (float)NAN;
    assert_int_equal(layout_check_divisors(&model, &error), STATUS_FORMAT);
    assert_memory_equal(error.text, "rope divisor 2 is", 17);
    model.rope.scaling = ROPE_PLAIN;
    assert_int_equal(layout_check_divisors(&model, NULL), STATUS_OK);
    model_free(&model);
}

static void lists_hold_words(void **state)
{
    (void)state;
    assert_true(layout_is_among("gemma2", "gemma2 gemma3"));
    assert_true(layout_is_among("gemma3", "gemma2 gemma3"));
    assert_false(layout_is_among("gemma", "gemma2 gemma3"));
    assert_false(layout_is_among("gemma22", "gemma2 gemma3"));
    assert_false(layout_is_among("", "gemma2 gemma3"));
    assert_false(layout_is_among("gemma2", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_architecture_has_its_tensors),
        cmocka_unit_test(shapes_follow_the_architecture),
        cmocka_unit_test(divisors_are_no_parameters),
        cmocka_unit_test(nothing_is_neutral),
        cmocka_unit_test(architectures_fix_some_things),
        cmocka_unit_test(what_is_set_stays),
        cmocka_unit_test(late_layers_share_keys_and_values),
        cmocka_unit_test(refuses_contradictions),
        cmocka_unit_test(judges_divisors),
        cmocka_unit_test(lists_hold_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
