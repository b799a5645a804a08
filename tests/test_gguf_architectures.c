#include <math.h>
#include <string.h>

#include "tests/gguf_expect.h"

/* D 32, 2 layers, 4 heads and 2 KV heads of 8, F 64, V 40: a file of that architecture. What else the architecture
 * needs is added by the caller. */
static void plan_architecture(struct plan *plan, const char *architecture, enum rope_scaling scaling)
{
    struct model model = {.vocabulary = 40,
                          .hidden = 32,
                          .layers = 2,
                          .heads = 4,
                          .kv_heads = 2,
                          .head_size = 8,
                          .feed_forward = 64,
                          .context_tokens = 512,
                          .norm_epsilon = 1e-5,
                          .rope.base = 10000,
                          .rope.dimensions = 8,
                          .rope.scaling = scaling,
                          .rope.original_context_tokens = 64};
    char key[80];

    snprintf(model.architecture_name, sizeof model.architecture_name, "%s", architecture);
    if (model_lay_out(&model, NULL))
        fail_msg("%s cannot be laid out", architecture);
    *plan = (struct plan){.magic = "GGUF", .version = 3, .divisor = 2};
    plan->claimed_tensors = plan->claimed_pairs = UINT64_MAX;
    plan_keys(plan, &tiny);
    for (size_t i = 0; i < plan->pair_count; i++)
        if (strncmp(plan->pairs[i].key, "llama.", 6) == 0) {
            snprintf(key, sizeof key, "%s.%.60s", architecture, plan->pairs[i].key + 6);
            memcpy(plan->pairs[i].key, key, sizeof key);
        }
    plan_set_text(plan, "general.architecture", architecture);
    for (size_t i = 0; i < model.tensor_count; i++)
        plan_add(plan, model.tensors[i].name, model.tensors[i].rows, model.tensors[i].columns, T_F32);
    plan_place(plan);
    model_free(&model);
}

static void set_real(struct plan *plan, const char *architecture, const char *name, double value)
{
    char key[80];

    snprintf(key, sizeof key, "%s.%s", architecture, name);
    plan_set_f32(plan, key, (float)value);
}

static void set_count(struct plan *plan, const char *architecture, const char *name, uint32_t value)
{
    char key[80];

    snprintf(key, sizeof key, "%s.%s", architecture, name);
    plan_set_u32(plan, key, value);
}

static void set_text(struct plan *plan, const char *architecture, const char *name, const char *value)
{
    char key[80];

    snprintf(key, sizeof key, "%s.%s", architecture, name);
    plan_set_text(plan, key, value);
}

/* The model alone; the caller frees it. */
static struct model opened(const struct plan *plan)
{
    struct weights *weights;
    struct error error = {0};
    struct model model;
    size_t size;
    unsigned char *bytes = plan_write(plan, &size);

    if (gguf_open_memory(&weights, &model, bytes, size, "test.gguf", &error))
        fail_msg("%s", error.text);
    weights_close(weights);
    free(bytes);
    return model;
}

static void opens_every_architecture(void **state)
{
    static const char *const names[] = {"llama", "gemma2",  "gemma3", "phi3",    "qwen2",
                                        "qwen3", "granite", "olmo2",  "smollm3", "mistral3"};
    static struct plan plan;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        plan_architecture(&plan, names[i], ROPE_PLAIN);
        struct model model = opened(&plan);
        assert_string_equal(model.architecture->name, names[i]);
        assert_int_equal(model.tensor_count, plan.tensor_count);
        assert_int_equal(model.rope.scaling, ROPE_PLAIN);
        assert_int_equal(model.rope.original_context_tokens, 0);
        model_free(&model);
    }
}

/* Every tensor of every architecture left out, and one too many. */
static void wants_exactly_its_tensors(void **state)
{
    static const char *const names[] = {"gemma2", "gemma3", "phi3", "qwen2", "qwen3", "olmo2"};
    static struct plan plan;
    char name[80], says[160];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        plan_architecture(&plan, names[i], ROPE_PLAIN);
        size_t count = plan.tensor_count;
        for (size_t j = 0; j < count; j++) {
            plan_architecture(&plan, names[i], ROPE_PLAIN);
            memcpy(name, plan.tensors[j].name, sizeof name);
            plan_drop_tensor(&plan, name);
            snprintf(says, sizeof says, "tensor '%.70s' is missing", name);
            if (strcmp(name, "output.weight") == 0)
                expect(&plan, STATUS_OK, NULL);
            else
                expect(&plan, STATUS_FORMAT, says);
        }
        plan_architecture(&plan, names[i], ROPE_PLAIN);
        plan_add(&plan, "blk.1.attn_output.bias", 1, 32, T_F32);
        plan_place(&plan);
        snprintf(says, sizeof says, "tensor 'blk.1.attn_output.bias' is none of a %s model's", names[i]);
        expect(&plan, STATUS_UNSUPPORTED, says);
        plan_architecture(&plan, names[i], ROPE_PLAIN);
        plan_add(&plan, "rope_freqs.weight", 1, 4, T_F32);
        plan_place(&plan);
        expect(&plan, STATUS_UNSUPPORTED, "tensor 'rope_freqs.weight' is none of");
    }
}

static void reads_gemma2(void **state)
{
    static struct plan plan;
    struct model model;

    (void)state;
    plan_architecture(&plan, "gemma2", ROPE_PLAIN);
    model = opened(&plan);
    assert_true(model.window == 4096 && model.attention_softcap == 50 && model.logit_softcap == 30);
    assert_true(model.embedding_scale == sqrt(32) && model.attention_scale == 1 / sqrt(8));
    assert_true(model_layer(&model, 0).window == 4096 && model_layer(&model, 1).window == 0);
    model_free(&model);
    set_count(&plan, "gemma2", "attention.sliding_window", 0);
    set_real(&plan, "gemma2", "attn_logit_softcapping", 0);
    set_real(&plan, "gemma2", "final_logit_softcapping", 20);
    model = opened(&plan);
    assert_true(model.window == 0 && model.attention_softcap == 0 && model.logit_softcap == 20);
    assert_true(model_layer(&model, 0).window == 0);
    model_free(&model);
    set_count(&plan, "gemma2", "attention.sliding_window_pattern", 3);
    expect(&plan, STATUS_UNSUPPORTED, "'gemma2.attention.sliding_window_pattern': 3");
}

static void reads_gemma3(void **state)
{
    static struct plan plan;
    struct model model;

    (void)state;
    plan_architecture(&plan, "gemma3", ROPE_PLAIN);
    set_count(&plan, "gemma3", "attention.sliding_window", 8);
    set_text(&plan, "gemma3", "rope.scaling.type", "linear");
    set_real(&plan, "gemma3", "rope.scaling.factor", 8);
    model = opened(&plan);
    assert_true(model.window == 8 && model.global_period == 6 && model.global_offset == 5);
    assert_true(model.local_rope_base == 10000 && model.rope.base == 500000);
    assert_true(model.rope.scaling == ROPE_LINEAR && model.rope.factor == 8 && model.rope.magnitude == 1);
    model_free(&model);
    set_real(&plan, "gemma3", "rope.freq_base_swa", 5000);
    set_count(&plan, "gemma3", "attention.sliding_window_pattern", 2);
    model = opened(&plan);
    assert_true(model.global_period == 2 && model.global_offset == 1 && model.local_rope_base == 5000);
    model_free(&model);
    set_count(&plan, "gemma3", "attention.sliding_window_pattern", 0);
    expect(&plan, STATUS_FORMAT, "'gemma3.attention.sliding_window_pattern': is 0");
    plan_drop_pair(&plan, "gemma3.attention.sliding_window_pattern");
    set_count(&plan, "gemma3", "rope.dimension_count_swa", 4);
    expect(&plan, STATUS_UNSUPPORTED, "'gemma3.rope.dimension_count_swa': 4 beside 8");
    plan_drop_pair(&plan, "gemma3.rope.dimension_count_swa");
    set_count(&plan, "gemma3", "attention.sliding_window", 4294967295);
    expect(&plan, STATUS_FORMAT, "sliding window is 4294967295");
    set_real(&plan, "gemma3", "attn_logit_softcapping", 50);
    expect(&plan, STATUS_UNSUPPORTED, "'gemma3.attn_logit_softcapping': 50");
}

static void reads_phi3(void **state)
{
    static struct plan plan;
    struct model model;

    (void)state;
    plan_architecture(&plan, "phi3", ROPE_LONGROPE);
    set_count(&plan, "phi3", "rope.scaling.original_context_length", 64);
    set_count(&plan, "phi3", "attention.sliding_window", 0);
    set_real(&plan, "phi3", "rope.scaling.attn_factor", 1.25);
    model = opened(&plan);
    assert_true(model.rope.scaling == ROPE_LONGROPE && model.rope.magnitude == 1.25);
    assert_true(model.rope.original_context_tokens == 64 && model.window == 0);
    assert_true(model.rope.divisors[3] == 2 && model.rope.short_divisors[3] == 2 && model.rope.divisors[4] == 1);
    model_free(&model);
    set_text(&plan, "phi3", "rope.scaling.type", "longrope");
    set_count(&plan, "phi3", "attention.sliding_window", 100);
    model = opened(&plan);
    assert_true(model_layer(&model, 0).window == 100 && model_layer(&model, 1).window == 100);
    model_free(&model);
    plan.divisor = -2;
    expect(&plan, STATUS_FORMAT, "rope divisor 0 is -2");
    plan.divisor = 2;
    set_text(&plan, "phi3", "rope.scaling.type", "yarn");
    expect(&plan, STATUS_FORMAT, "'phi3.rope.scaling.type': is 'yarn', but tensor 'rope_factors_long.weight'");
    plan_drop_pair(&plan, "phi3.rope.scaling.type");
    set_count(&plan, "phi3", "rope.dimension_count", 6);
    expect(&plan, STATUS_FORMAT, "tensor 'rope_factors_long.weight' has 1 rows of 4 elements; the keys ask for 1 of 3");
    set_count(&plan, "phi3", "rope.dimension_count", 10);
    expect(&plan, STATUS_FORMAT, "rotated dimensions is 10");
    set_count(&plan, "phi3", "rope.dimension_count", 8);
    plan_drop_tensor(&plan, "rope_factors_short.weight");
    expect(&plan, STATUS_FORMAT, "tensor 'rope_factors_short.weight' is missing");
    plan_architecture(&plan, "phi3", ROPE_PLAIN);
    set_count(&plan, "phi3", "attention.head_count", 2);
    expect(&plan, STATUS_FORMAT,
           "tensor 'blk.0.attn_qkv.weight' has 64 rows of 32 elements; the keys ask for 48 of 32");
}

static void reads_granite(void **state)
{
    static const char *const names[] = {"embedding_scale", "residual_scale", "attention.scale", "logit_scale"};
    static struct plan plan;
    struct model model;
    char says[80];

    (void)state;
    plan_architecture(&plan, "granite", ROPE_PLAIN);
    for (size_t i = 0; i < 4; i++)
        set_real(&plan, "granite", names[i], 0.5 * (double)(i + 1));
    model = opened(&plan);
    assert_true(model.embedding_scale == 0.5 && model.residual_scale == 1);
    assert_true(model.attention_scale == 1.5 && model.logit_divisor == 2);
    model_free(&model);
    for (size_t i = 0; i < 4; i++) {
        set_real(&plan, "granite", names[i], -1);
        expect(&plan, STATUS_FORMAT, "is -1; it must be above 0");
        set_count(&plan, "granite", names[i], 1);
        snprintf(says, sizeof says, "'granite.%s': is of type u32", names[i]);
        expect(&plan, STATUS_FORMAT, says);
        set_real(&plan, "granite", names[i], 1);
    }
}

static void reads_yarn(void **state)
{
    static struct plan plan;
    struct model model;
    double stretch = 0.1 * log(16);

    (void)state;
    plan_architecture(&plan, "mistral3", ROPE_PLAIN);
    set_text(&plan, "mistral3", "rope.scaling.type", "yarn");
    set_real(&plan, "mistral3", "rope.scaling.factor", 16);
    set_count(&plan, "mistral3", "rope.scaling.original_context_length", 64);
    set_real(&plan, "mistral3", "rope.scaling.yarn_beta_fast", 24);
    set_real(&plan, "mistral3", "rope.scaling.yarn_beta_slow", 2);
    set_real(&plan, "mistral3", "attention.temperature_scale", 0.125);
    model = opened(&plan);
    assert_true(model.rope.scaling == ROPE_YARN && model.rope.factor == 16 && model.rope.magnitude == 1);
    assert_true(model.rope.yarn_beta_fast == 24 && model.rope.yarn_beta_slow == 2);
    assert_true(model.rope.original_context_tokens == 64 && model.temperature_scale == 0.125);
    model_free(&model);
    set_real(&plan, "mistral3", "rope.scaling.yarn_beta_slow", 24);
    expect(&plan, STATUS_FORMAT, "beta_slow is 24 and its beta_fast 24");

    plan_architecture(&plan, "llama", ROPE_PLAIN);
    set_text(&plan, "llama", "rope.scaling.type", "yarn");
    set_real(&plan, "llama", "rope.scaling.factor", 16);
    model = opened(&plan);
    assert_true(fabs(model.rope.magnitude - (1 + stretch)) < 1e-15);
    assert_int_equal(model.rope.original_context_tokens, 512);
    model_free(&model);
    set_real(&plan, "llama", "rope.scaling.yarn_log_multiplier", 0.5);
    set_real(&plan, "llama", "rope.scaling.attn_factor", 2);
    model = opened(&plan);
    assert_true(fabs(model.rope.magnitude - 2 * (1 + stretch) / (1 + stretch / 2)) < 1e-15);
    model_free(&model);
    set_real(&plan, "llama", "rope.scaling.yarn_ext_factor", 0.5);
    expect(&plan, STATUS_UNSUPPORTED, "'llama.rope.scaling.yarn_ext_factor': 0.5");
    set_real(&plan, "llama", "rope.scaling.yarn_ext_factor", -1);
    set_real(&plan, "llama", "attention.temperature_scale", 0.125);
    expect(&plan, STATUS_UNSUPPORTED, "'llama.attention.temperature_scale': 0.125");
}

static void reads_linear(void **state)
{
    static struct plan plan;
    struct model model;

    (void)state;
    plan_architecture(&plan, "llama", ROPE_PLAIN);
    set_real(&plan, "llama", "rope.scale_linear", 4);
    model = opened(&plan);
    assert_true(model.rope.scaling == ROPE_LINEAR && model.rope.factor == 4);
    model_free(&model);
    set_real(&plan, "llama", "rope.scaling.factor", 2);
    model = opened(&plan);
    assert_true(model.rope.scaling == ROPE_LINEAR && model.rope.factor == 2);
    model_free(&model);
    set_text(&plan, "llama", "rope.scaling.type", "none");
    model = opened(&plan);
    assert_true(model.rope.scaling == ROPE_PLAIN && model.rope.factor == 1);
    model_free(&model);
    set_text(&plan, "llama", "rope.scaling.type", "linear");
    set_real(&plan, "llama", "rope.scaling.factor", 0);
    model = opened(&plan);
    assert_true(model.rope.scaling == ROPE_PLAIN && model.rope.factor == 1);
    model_free(&model);
    set_real(&plan, "llama", "rope.scaling.factor", -2);
    expect(&plan, STATUS_FORMAT, "rope scaling factor is -2");
}

/* Any key of a count or a real, or any byte before the data, may be wrong: it is refused or taken, and nothing breaks.
 * */
static void survives_every_flip(void **state)
{
    static const char *const names[] = {"gemma3", "phi3", "mistral3"};
    static struct plan plan;
    struct weights *weights;
    struct model model;

    (void)state;
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        size_t size, head_bytes;
        unsigned char *bytes;

        plan_architecture(&plan, names[n], n == 1 ? ROPE_LONGROPE : ROPE_PLAIN);
        set_count(&plan, names[n], "rope.scaling.original_context_length", 64);
        set_text(&plan, names[n], "rope.scaling.type", n == 0 ? "linear" : n == 1 ? "longrope" : "yarn");
        if (n < 2)
            set_count(&plan, names[n], "attention.sliding_window", 8);
        free(plan_write_head(&plan, &head_bytes));
        bytes = plan_write(&plan, &size);
        for (size_t i = 0; i < head_bytes; i++) {
            double frequencies[MODEL_HEAD_SIZE_MAX / 2], magnitude;
            bytes[i] ^= 0xff;
            if (gguf_open_memory(&weights, &model, bytes, size, "flip.gguf", NULL) == STATUS_OK) {
                for (size_t layer = 0; layer < model.layers; layer++)
                    model_rope(&model, layer, 512, frequencies, &magnitude);
                weights_close(weights);
                model_free(&model);
            }
            bytes[i] ^= 0xff;
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_every_architecture),
        cmocka_unit_test(wants_exactly_its_tensors),
        cmocka_unit_test(reads_gemma2),
        cmocka_unit_test(reads_gemma3),
        cmocka_unit_test(reads_phi3),
        cmocka_unit_test(reads_granite),
        cmocka_unit_test(reads_yarn),
        cmocka_unit_test(reads_linear),
        cmocka_unit_test(survives_every_flip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
