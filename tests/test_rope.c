#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "workloads/model.h"

static struct model make(const char *architecture, enum rope_scaling scaling)
{
    struct model model = {.vocabulary = 100,
                          .hidden = 64,
                          .layers = 6,
                          .heads = 4,
                          .kv_heads = 2,
                          .head_size = 128,
                          .feed_forward = 96,
                          .context_tokens = 128,
                          .norm_epsilon = 1e-5,
                          .rope.base = 1e6,
                          .rope.dimensions = 128,
                          .rope.scaling = scaling};

    strcpy(model.architecture_name, architecture);
    return model;
}

static void lay_out(struct model *model)
{
    struct error error = {0};

    if (model_lay_out(model, &error))
        fail_msg("%s", error.text);
}

static void expect_near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-12 * fabs(want)))
        fail_msg("%.17g, wanted %.17g", got, want);
}

static void plain_is_geometric(void **state)
{
    struct model model = make("llama", ROPE_PLAIN);
    double frequencies[256], magnitude;

    (void)state;
    model.rope.dimensions = 96; /* partial rotation: powers of the rotated part */
    lay_out(&model);
    model_rope(&model, 0, 128, frequencies, &magnitude);
    assert_true(frequencies[0] == 1 && magnitude == 1);
    for (size_t i = 0; i < 48; i++)
        expect_near(frequencies[i], pow(1e6, -(double)i / 48));
    model_free(&model);
}

static void linear_stretches_global_layers(void **state)
{
    struct model model = make("gemma3", ROPE_LINEAR);
    double frequencies[256], magnitude;

    (void)state;
    model.rope.factor = 8;
    model.window = 16;
    model.global_period = 6;
    model.global_offset = 5;
    model.local_rope_base = 10000;
    lay_out(&model);
    model_rope(&model, 5, 128, frequencies, &magnitude);
    for (size_t i = 0; i < 64; i++)
        expect_near(frequencies[i], pow(1e6, -(double)i / 64) / 8);
    model_rope(&model, 4, 128, frequencies, &magnitude);
    for (size_t i = 0; i < 64; i++)
        expect_near(frequencies[i], pow(1e4, -(double)i / 64));
    assert_true(magnitude == 1);
    model.local_rope_base = 0;
    model_rope(&model, 4, 128, frequencies, &magnitude);
    expect_near(frequencies[0], 0.125);
    model_free(&model);
}

static void divisors_divide(void **state)
{
    struct model model = make("llama", ROPE_LLAMA3);
    double frequencies[256], magnitude;

    (void)state;
    for (size_t i = 0; i < 64; i++)
        model.rope.divisors[i] = (float)(i + 1);
    lay_out(&model);
    model_rope(&model, 0, 128, frequencies, &magnitude);
    for (size_t i = 0; i < 64; i++)
        expect_near(frequencies[i], pow(1e6, -(double)i / 64) / (double)(i + 1));
    assert_true(magnitude == 1);
    model_free(&model);
}

/* The context of the run decides, and one that is just as long as the original one is not long. */
static void longrope_switches(void **state)
{
    static const struct {
        size_t context;
        double divisor;
    } cases[] = {{1, 2}, {63, 2}, {64, 2}, {65, 4}, {4096, 4}};
    struct model model = make("phi3", ROPE_LONGROPE);
    double frequencies[256], magnitude;

    (void)state;
    model.rope.original_context_tokens = 64;
    model.rope.magnitude = 1.19;
    for (size_t i = 0; i < 64; i++) {
        model.rope.divisors[i] = 4;
        model.rope.short_divisors[i] = 2;
    }
    lay_out(&model);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        model_rope(&model, 3, cases[c].context, frequencies, &magnitude);
        for (size_t i = 0; i < 64; i++)
            expect_near(frequencies[i], pow(1e6, -(double)i / 64) / cases[c].divisor);
        assert_true(magnitude == 1.19);
    }
    model_free(&model);
}

/* Ministral 3: n 128, base 1e6, original context 16384, β 32 and 1. c(32) = 128·ln(16384/64π)/(2·ln 1e6) = 20.4 and
 * c(1) = 36.4, so that the ramp runs from pair 20 to pair 37. */
static void yarn_blends(void **state)
{
    struct model model = make("mistral3", ROPE_YARN);
    double frequencies[256], magnitude;

    (void)state;
    model.rope.factor = 16;
    model.rope.original_context_tokens = 16384;
    lay_out(&model);
    assert_true(model.rope.yarn_beta_fast == 32 && model.rope.yarn_beta_slow == 1);
    model_rope(&model, 0, 128, frequencies, &magnitude);
    for (size_t i = 0; i < 64; i++) {
        double plain = pow(1e6, -(double)i / 64), ramp = i <= 20 ? 0 : i >= 37 ? 1 : ((double)i - 20) / 17;
        expect_near(frequencies[i], plain * (1 - ramp) + plain / 16 * ramp);
    }
    assert_true(magnitude == 1);
    model_free(&model);
}

/* A ramp without width: an original context so short that both ends fall on pair 0. */
static void yarn_survives_a_short_context(void **state)
{
    struct model model = make("llama", ROPE_YARN);
    double frequencies[256], magnitude;

    (void)state;
    model.rope.factor = 4;
    model.rope.original_context_tokens = 1;
    model.rope.magnitude = 1.1;
    lay_out(&model);
    model_rope(&model, 0, 128, frequencies, &magnitude);
    expect_near(frequencies[0], 1);
    for (size_t i = 1; i < 64; i++)
        expect_near(frequencies[i], pow(1e6, -(double)i / 64) / 4);
    assert_true(magnitude == 1.1);
    model_free(&model);
}

static void temperature_grows_in_steps(void **state)
{
    struct model model = make("mistral3", ROPE_YARN);

    (void)state;
    assert_true(model_query_factor(&model, 1000000) == 1);
    model.temperature_scale = 0.1;
    model.rope.original_context_tokens = 16384;
    assert_true(model_query_factor(&model, 0) == 1);
    assert_true(model_query_factor(&model, 16383) == 1);
    expect_near(model_query_factor(&model, 16384), 1 + 0.1 * log(2));
    expect_near(model_query_factor(&model, 3 * 16384 - 1), 1 + 0.1 * log(3));
    expect_near(model_query_factor(&model, 3 * 16384), 1 + 0.1 * log(4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_is_geometric),
        cmocka_unit_test(linear_stretches_global_layers),
        cmocka_unit_test(divisors_divide),
        cmocka_unit_test(longrope_switches),
        cmocka_unit_test(yarn_blends),
        cmocka_unit_test(yarn_survives_a_short_context),
        cmocka_unit_test(temperature_grows_in_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
