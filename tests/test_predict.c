/* Costs are found again in times that were made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "runner/least_squares.h"
#include "runner/predict.h"

enum { FORMATS = 2, PROBES_MOST = 64 };

static const enum dtype types[FORMATS] = {DTYPE_Q4_0, DTYPE_Q8_0};

/* What a machine of two cores may cost. */
static const struct predict_costs truth = {
    .format_count = FORMATS,
    .seconds = {{1 / 36e9, 1 / 450e9}, {1 / 37e9, 1 / 440e9}},
    .shared_seconds =
        {[AMOUNT_ATTENTION] = 1 / 60e9, [AMOUNT_CACHE] = 1 / 20e9, [AMOUNT_VALUES] = 0.5e-9, [AMOUNT_LAYERS] = 60e-6},
    .known = {{true, true}, {true, true}},
    .hidden_most = 1e9,
    .weights_bytes_most = 1e15};

static void load(struct model *model, const char *name, size_t layers, size_t format)
{
    struct error error = {0};

    if (model_load(model, name, &error) || (layers && model_cut(model, layers, &error)) ||
        model_set_types(model, types[format], types[format], &error))
        fail_msg("%s", error.text);
}

/* Between −1 and 1, the same on every run. */
static double noise(size_t i)
{
    return sin(12.9898 * (double)(i + 1));
}

struct probes {
    struct predict_probe items[PROBES_MOST];
    size_t count;
};

static void add(struct probes *probes, const char *name, size_t layers, size_t format, size_t depth, double noise_ratio)
{
    struct model model;

    load(&model, name, layers, format);
    for (int phase = 0; phase < PREDICT_PHASES; phase++) {
        struct predict_probe *probe = &probes->items[probes->count];
        probe->work = phase == PREDICT_PREFILL ? predict_prefill(&model, format, 512, depth)
                                               : predict_decode(&model, format, 16, depth + 512, 2);
        probe->seconds = predict_seconds(&truth, &probe->work).seconds * (1 + noise_ratio * noise(probes->count));
        probes->count++;
    }
    model_free(&model);
}

static void add_usual(struct probes *probes, size_t format, double noise_ratio)
{
    add(probes, "llama-3.2-1b", 2, format, 0, noise_ratio);
    add(probes, "llama-3.2-1b", 8, format, 0, noise_ratio);
    add(probes, "llama-3.2-1b", 8, format, 2048, noise_ratio);
    add(probes, "gemma-3-4b", 8, format, 0, noise_ratio);
    add(probes, "phi-4", 2, format, 0, noise_ratio);
    add(probes, "phi-4", 4, format, 0, noise_ratio);
}

static void learn(struct predict_costs *costs, const struct probes *probes, size_t format_count)
{
    struct error error = {0};

    if (predict_learn(costs, probes->items, probes->count, format_count, &error))
        fail_msg("%s", error.text);
}

static double off(double value, double wanted)
{
    return fabs(value / wanted - 1);
}

static void test_exact_times_give_the_costs(void **state)
{
    struct probes probes = {.count = 0};
    struct predict_costs costs;

    (void)state;
    for (size_t format = 0; format < FORMATS; format++)
        add_usual(&probes, format, 0);
    learn(&costs, &probes, FORMATS);
    for (size_t format = 0; format < FORMATS; format++)
        for (int i = 0; i < AMOUNT_OF_FORMAT; i++)
            assert_true(off(costs.seconds[format][i], truth.seconds[format][i]) < 1e-4);
    for (int i = AMOUNT_OF_FORMAT; i < AMOUNT_COUNT; i++)
        assert_true(off(costs.shared_seconds[i], truth.shared_seconds[i]) < 1e-3);
    assert_true(costs.residual_ratio[PREDICT_PREFILL] < 1e-6 && costs.residual_ratio[PREDICT_DECODE] < 1e-6);
}

/* Whole models, two to eight times the size of what was probed, from times that are up to 3 % off. */
static void test_noisy_times_predict_whole_models(void **state)
{
    static const char *const names[] = {"llama-3.2-1b", "llama-3.2-3b", "gemma-3-4b", "llama-3.1-8b", "phi-4"};
    struct probes probes = {.count = 0};
    struct predict_costs costs;

    (void)state;
    for (size_t format = 0; format < FORMATS; format++)
        add_usual(&probes, format, 0.03);
    learn(&costs, &probes, FORMATS);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t format = 0; format < FORMATS; format++) {
            struct predict_work works[2];
            struct model model;
            load(&model, names[i], 0, format);
            works[0] = predict_prefill(&model, format, 512, 0);
            works[1] = predict_decode(&model, format, 128, 512, 2);
            for (size_t j = 0; j < 2; j++) {
                struct predicted told = predict_seconds(&costs, &works[j]);
                double wanted = predict_seconds(&truth, &works[j]).seconds;
                assert_true(off(told.seconds, wanted) < 0.05);
                assert_true(told.low < wanted && wanted < told.high);
            }
            model_free(&model);
        }
}

static void test_costs_are_never_negative(void **state)
{
    (void)state;
    for (size_t round = 0; round < 50; round++) {
        struct probes probes = {.count = round % 7};
        struct predict_costs costs;
        probes.count = 0;
        add_usual(&probes, 0, 0);
        for (size_t i = 0; i < probes.count; i++)
            probes.items[i].seconds *= 1 + 0.9 * noise(31 * round + i);
        learn(&costs, &probes, 1);
        assert_true(costs.seconds[0][0] >= 0 && costs.seconds[0][1] >= 0);
        for (int i = AMOUNT_OF_FORMAT; i < AMOUNT_COUNT; i++)
            assert_true(costs.shared_seconds[i] >= 0);
    }
}

/* One model in one shape tells two rates and no more; what is like it is predicted all the same, with less confidence. */
static void test_few_probes_tell_less(void **state)
{
    struct probes probes = {.count = 0};
    struct predict_costs costs;
    struct predicted told;

    (void)state;
    add(&probes, "llama-3.2-1b", 0, 0, 0, 0);
    learn(&costs, &probes, 1);
    assert_true(isnan(costs.residual_ratio[PREDICT_DECODE]));
    assert_true(costs.shared_seconds[AMOUNT_LAYERS] == 0);
    for (size_t i = 0; i < probes.count; i++) {
        told = predict_seconds(&costs, &probes.items[i].work);
        assert_true(off(told.seconds, probes.items[i].seconds) < 1e-9);
        assert_true(off(told.high, 1.1 * told.seconds) < 1e-9);
    }
}

static void test_formats_not_probed_are_unknown(void **state)
{
    struct probes probes = {.count = 0};
    struct predict_costs costs;
    struct predict_work work;
    struct model model;

    (void)state;
    add_usual(&probes, 0, 0);
    learn(&costs, &probes, FORMATS);
    load(&model, "llama-3.2-1b", 0, 1);
    work = predict_prefill(&model, 1, 512, 0);
    assert_true(isnan(predict_seconds(&costs, &work).seconds));
    work = predict_decode(&model, 7, 16, 0, 2);
    assert_true(isnan(predict_seconds(&costs, &work).low));
    model_free(&model);
}

static void test_unlike_models_get_wider_ranges(void **state)
{
    struct probes probes = {.count = 0};
    struct predict_costs costs;
    struct predict_work work;
    struct predicted told;

    (void)state;
    add_usual(&probes, 0, 0);
    learn(&costs, &probes, 1);
    work = probes.items[1].work;
    told = predict_seconds(&costs, &work);
    assert_true(off(told.high / told.seconds, 1.05) < 1e-6);
    work.hidden = 4 * costs.hidden_most;
    assert_true(off(predict_seconds(&costs, &work).high / told.seconds, 1.15) < 1e-6);
    work.hidden = costs.hidden_most;
    work.weights_bytes = costs.weights_bytes_least / 2;
    assert_true(off(predict_seconds(&costs, &work).high / told.seconds, 1.15) < 1e-6);
    work.weights_bytes = costs.weights_bytes_most * 8;
    assert_true(off(predict_seconds(&costs, &work).high / told.seconds, 1.11) < 1e-6);
    assert_true(predicted_sum(told, told).low == 2 * told.low);
}

static void test_refusals(void **state)
{
    struct probes probes = {.count = 0};
    struct predict_costs costs;
    struct error error = {0};

    (void)state;
    assert_int_equal(predict_learn(&costs, NULL, 0, 1, &error), STATUS_UNSUPPORTED);
    add_usual(&probes, 0, 0);
    assert_int_equal(predict_learn(&costs, probes.items, probes.count, PREDICT_FORMATS_MAX + 1, &error), STATUS_MISUSE);
    assert_int_equal(predict_learn(&costs, probes.items, PREDICT_PROBES_MAX + 1, 1, &error), STATUS_MISUSE);
    probes.items[2].seconds = 0;
    assert_int_equal(predict_learn(&costs, probes.items, probes.count, 1, &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "probe 2"));
    probes.items[2].seconds = NAN;
    assert_int_equal(predict_learn(&costs, probes.items, probes.count, 1, &error), STATUS_MISUSE);
    probes.items[2].seconds = 1;
    probes.items[2].work.format = 1;
    assert_int_equal(predict_learn(&costs, probes.items, probes.count, 1, &error), STATUS_MISUSE);
}

/* x + 2y, the third column twice the first, and one whose best coefficient would be negative. */
static void test_least_squares(void **state)
{
    static const double rows[] = {1, 0, 2, 1, 0, 1, 0, 1, 1, 1, 2, -1};
    static const double values[] = {1, 2, 3};
    const struct least_squares system = {rows, values, 3, 4};
    struct least_squares wide = system;
    bool used[4], all[4] = {true, true, true, true};
    struct error error = {0};
    double x[4];

    (void)state;
    assert_int_equal(least_squares_choose(&system, 0.01, used, &error), STATUS_OK);
    assert_true(used[0] && used[1] && !used[2] && used[3]);
    assert_int_equal(least_squares_solve(&system, used, x, &error), STATUS_OK);
    assert_true(fabs(x[0] - 1) < 1e-9 && fabs(x[1] - 2) < 1e-9 && x[2] == 0 && x[3] < 1e-9);
    assert_int_equal(least_squares_solve(&system, all, x, &error), STATUS_OK); /* one of two that say the same */
    assert_true(fabs(x[0] + 2 * x[2] - 1) < 1e-9);
    wide.column_count = LEAST_SQUARES_COLUMNS_MAX + 1;
    assert_int_equal(least_squares_choose(&wide, 0.01, used, &error), STATUS_MISUSE);
    wide.column_count = 0;
    assert_int_equal(least_squares_solve(&wide, used, x, &error), STATUS_MISUSE);
}

/* The best solution without a bound is (3, −1): with it, the least squares of the first column alone. */
static void test_least_squares_stays_above_zero(void **state)
{
    static const double rows[] = {1, 1, 1, 2, 1, 3}, values[] = {2, 1, 0};
    const struct least_squares system = {rows, values, 3, 2};
    const bool used[] = {true, true};
    struct error error = {0};
    double x[2];

    (void)state;
    assert_int_equal(least_squares_solve(&system, used, x, &error), STATUS_OK);
    assert_true(fabs(x[0] - 1) < 1e-9 && x[1] == 0);
}

/* A model of fewer layers does the same work in each. */
static void test_cut_models(void **state)
{
    struct error error = {0};
    struct model whole, cut;

    (void)state;
    load(&whole, "gemma-3-4b", 0, 0);
    load(&cut, "gemma-3-4b", 7, 0);
    assert_int_equal(cut.layers, 7);
    assert_int_equal(cut.vocabulary, whole.vocabulary);
    assert_null(model_tensor(&cut, ROLE_GATE, 7));
    for (int layer = 0; layer < 7; layer++) {
        const struct tensor *a = model_tensor(&whole, ROLE_DOWN, layer), *b = model_tensor(&cut, ROLE_DOWN, layer);
        assert_true(a->rows == b->rows && a->columns == b->columns && a->type == b->type);
        assert_int_equal(model_layer(&whole, (size_t)layer).window, model_layer(&cut, (size_t)layer).window);
    }
    model_free(&cut);
    load(&cut, "afm-3b", 2, 0); /* the layers that read the keys and values of others are gone */
    assert_true(model_layer(&cut, 1).own_kv);
    assert_int_equal(model_cut(&cut, 3, &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "afm-3b has 1 to 2 layers"));
    assert_int_equal(model_cut(&cut, 0, &error), STATUS_MISUSE);
    model_free(&cut);
    model_free(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_times_give_the_costs),
        cmocka_unit_test(test_noisy_times_predict_whole_models),
        cmocka_unit_test(test_costs_are_never_negative),
        cmocka_unit_test(test_few_probes_tell_less),
        cmocka_unit_test(test_formats_not_probed_are_unknown),
        cmocka_unit_test(test_unlike_models_get_wider_ranges),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_least_squares),
        cmocka_unit_test(test_least_squares_stays_above_zero),
        cmocka_unit_test(test_cut_models),
    };

    return cmocka_run_group_tests_name("predict", tests, NULL, NULL);
}
