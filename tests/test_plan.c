/* From options to cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runner/plan.h"

enum { WORDS = 24 };

struct planned {
    struct host host;
    struct options options;
    struct plan plan;
    struct error error;
    char store[512];
};

static struct planned *plan_line(const char *line, enum status *status)
{
    struct planned *planned = calloc(1, sizeof *planned);
    char *argv[WORDS], *cursor = planned->store;
    int argc = 0;

    planned->host.cpu_count = 2;
    planned->host.cpus[0] = (struct host_cpu){.first_of_core = true, .kind = -1, .allowed = true};
    planned->host.cpus[1] =
        (struct host_cpu){.os_index = 1, .core = 1, .first_of_core = true, .kind = -1, .allowed = true};
    strcpy(planned->store, line);
    for (char *word; (word = strsep(&cursor, " "));)
        if (*word && argc < WORDS)
            argv[argc++] = word;
    *status = options_parse(&planned->options, COMMAND_RUN, argc, argv, &planned->error);
    assert_int_equal(*status, STATUS_OK);
    *status = plan_build(&planned->plan, &planned->options, &planned->host, &planned->error);
    return planned;
}

static struct planned *plan_good(const char *line)
{
    enum status status;
    struct planned *planned = plan_line(line, &status);

    if (status)
        fail_msg("'%s': %s", line, planned->error.text);
    return planned;
}

static void plan_free(struct planned *planned)
{
    plan_close(&planned->plan);
    options_close(&planned->options);
    free(planned);
}

static void check_refused(const char *line, const char *says)
{
    enum status status;
    struct planned *planned = plan_line(line, &status);

    if (status != STATUS_MISUSE)
        fail_msg("'%s' was not refused as misuse", line);
    if (!strstr(planned->error.text, says))
        fail_msg("'%s' gives '%s', which does not say '%s'", line, planned->error.text, says);
    plan_free(planned);
}

static void test_no_argument_is_quick(void **state)
{
    struct planned *planned = plan_good(""), *named = plan_good("quick");
    const struct plan *plan = &planned->plan;
    size_t models = 0, products = 0;

    (void)state;
    assert_string_equal(plan->name, "quick");
    assert_true(plan->standard);
    assert_int_equal(plan->seed, 42);
    assert_int_equal(plan->subject_count, 2);
    for (size_t i = 0; i < plan->case_count; i++) {
        models += plan->cases[i].kind == CASE_LLM;
        products += plan->cases[i].kind == CASE_MATMUL;
        assert_int_equal(plan->cases[i].rule.most, 6);
    }
    assert_int_equal(models, 2);
    assert_int_equal(products, 2 * 2 * 2);
    assert_string_equal(plan->cases[0].id, "llama-3.2-1b.q4_0.p128.n32");
    assert_int_equal(plan->cases[0].context_tokens, 160);
    assert_true(isinf(plan->time_budget_seconds));
    assert_string_equal(plan->definition, named->plan.definition);
    plan_free(planned);
    plan_free(named);
}

static void test_models_alone_bring_no_matrices(void **state)
{
    struct planned *planned = plan_good("-m tinyllama-1.1b");

    (void)state;
    assert_string_equal(planned->plan.name, "custom");
    assert_false(planned->plan.standard);
    assert_int_equal(planned->plan.case_count, 1);
    assert_string_equal(planned->plan.cases[0].id, "tinyllama-1.1b.q4_0.p512.n128");
    plan_free(planned);
}

static void test_options_replace_what_a_profile_says(void **state)
{
    struct planned *planned = plan_good("quick -p 64 -q q8_0 --launches 2"), *quick = plan_good("quick");

    (void)state;
    assert_false(planned->plan.standard);
    assert_string_equal(planned->plan.name, "quick");
    assert_int_equal(planned->plan.subject_count, 1);
    assert_int_equal(planned->plan.cases[0].prompt_tokens, 64);
    assert_int_equal(planned->plan.cases[0].generated_tokens, 32);
    assert_int_equal(planned->plan.cases[0].rule.least, 2);
    assert_string_not_equal(planned->plan.definition, quick->plan.definition);
    plan_free(planned);
    plan_free(quick);
}

static void expect_rule(const char *line, size_t least, size_t most, double precision_ratio)
{
    struct planned *planned = plan_good(line);
    const struct stopping_rule *rule = &planned->plan.cases[0].rule;

    assert_int_equal(rule->least, least);
    assert_int_equal(rule->most, most);
    assert_float_equal(rule->precision_ratio, precision_ratio, 1e-9);
    plan_free(planned);
}

static void test_launches_are_a_number_or_a_precision(void **state)
{
    (void)state;
    expect_rule("-m llama-3.2-1b", 6, 30, 0.02);
    expect_rule("-m llama-3.2-1b --precision 0.5%", 6, 30, 0.005);
    expect_rule("-m llama-3.2-1b --launches 7", 7, 7, 0.02);
    expect_rule("quick", 6, 6, 0.02);
    expect_rule("quick --precision 1", 6, 30, 0.01);
    expect_rule("standard", 10, 30, 0.02);
    expect_rule("sustained --precision 1", 1, 1, 0.01);
}

/* How often something is measured does not make it something else. */
static void test_precision_leaves_the_definition_alone(void **state)
{
    struct planned *seven = plan_good("-m llama-3.2-1b --launches 7"), *open = plan_good("-m llama-3.2-1b");

    (void)state;
    assert_string_equal(seven->plan.definition, open->plan.definition);
    plan_free(seven);
    plan_free(open);
}

static void test_lists_multiply_out_and_ids_are_unique(void **state)
{
    struct planned *planned =
        plan_good("-m llama-3.2-1b,tinyllama-1.1b -q q4_0,q8_0 --output-tensor-type q8_0,f16 -e cpu,null -t 1,2 -d 0,8 "
                  "-p 4,0 -n 2,3");
    const struct plan *plan = &planned->plan;

    (void)state;
    assert_int_equal(plan->subject_count, 2 * 2 * 2);
    assert_int_equal(plan->case_count, 8 * 2 * 2 * 2 * 2 * 2);
    for (size_t i = 0; i < plan->case_count; i++) {
        assert_int_equal(strspn(plan->cases[i].id, "abcdefghijklmnopqrstuvwxyz0123456789._+-"),
                         strlen(plan->cases[i].id));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(plan->cases[i].id, plan->cases[j].id);
    }
    plan_free(planned);
}

static void test_threads_and_depth_reach_the_engine(void **state)
{
    struct planned *planned = plan_good("-m llama-3.2-1b -t 2 -d 100 -p 10 -n 5 -e null --repetitions 3 -c 4096");
    const struct plan_case *item = &planned->plan.cases[0];
    struct engine_options options = plan_engine_options(item, 1);

    (void)state;
    assert_int_equal(options.threads, 2);
    assert_int_equal(options.context_tokens, 4096);
    assert_int_equal(options.isa, 1);
    assert_int_equal(item->depth_tokens, 100);
    assert_int_equal(item->repetitions, 3);
    assert_string_equal(item->id, "llama-3.2-1b.q4_0.p10.n5.d100.c4096.t2.null");
    assert_string_equal(item->skip, "");
    plan_free(planned);
}

static void test_roofs_take_the_most_threads(void **state)
{
    static const char *const counts[] = {"-m llama-3.2-1b -t 1,2", "-m llama-3.2-1b -t 2,1", "-m llama-3.2-1b -t 2"};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct planned *planned = plan_good(counts[i]);
        assert_int_equal(planned->plan.threads, 2);
        plan_free(planned);
    }
}

static void test_what_a_model_was_not_made_for_is_skipped(void **state)
{
    struct planned *planned = plan_good("-m tinyllama-1.1b -d 0,4096 -p 16 -n 16 -e null");

    (void)state;
    assert_int_equal(planned->plan.case_count, 2);
    assert_string_equal(planned->plan.cases[0].skip, "");
    assert_non_null(strstr(planned->plan.cases[1].skip, "2048"));
    plan_free(planned);
}

static void test_scenarios_stand_for_lengths(void **state)
{
    struct planned *planned = plan_good("-m llama-3.2-1b -s chat,summarize -e null"),
                   *quick = plan_good("quick -s rag");
    const struct plan_case *cases = planned->plan.cases;

    (void)state;
    assert_int_equal(planned->plan.case_count, 2);
    assert_string_equal(cases[0].scenario, "chat");
    assert_string_equal(cases[1].scenario, "summarize");
    assert_int_equal(cases[1].prompt_tokens, 3968);
    assert_int_equal(cases[1].generated_tokens, 128);
    assert_int_equal(cases[1].context_tokens, 4096);
    assert_string_equal(cases[1].id, "llama-3.2-1b.q4_0.p3968.n128.null");
    assert_string_equal(cases[1].title, "llama-3.2-1b q4_0 summarize");
    assert_false(quick->plan.standard);
    assert_int_equal(quick->plan.cases[0].prompt_tokens, 2048);
    assert_int_equal(quick->plan.cases[0].generated_tokens, 256);
    plan_free(planned);
    plan_free(quick);
}

static void test_types_of_the_cache_multiply_out(void **state)
{
    struct planned *planned = plan_good("-m llama-3.2-1b --kv-type f16,q8_0 -p 8 -n 8");
    const struct plan_case *cases = planned->plan.cases;

    (void)state;
    assert_int_equal(planned->plan.case_count, 2);
    assert_int_equal(plan_engine_options(&cases[0], 1).kv_type, DTYPE_F16);
    assert_int_equal(plan_engine_options(&cases[1], 1).kv_type, DTYPE_Q8_0);
    assert_string_equal(cases[0].id, "llama-3.2-1b.q4_0.p8.n8");
    assert_string_equal(cases[1].id, "llama-3.2-1b.q4_0.p8.n8.kv-q8_0");
    assert_true(plan_kv_element_bytes(&cases[0]) == 2);
    assert_true(plan_kv_element_bytes(&cases[1]) == 34.0 / 32);
    plan_free(planned);
}

static void test_quantisations_and_outputs(void **state)
{
    struct planned *planned = plan_good("-m llama-3.2-1b -q Q4_K_M,q4_0 --output-tensor-type q6_k,f16 -p 8 -n 8");
    const struct plan *plan = &planned->plan;

    (void)state;
    assert_int_equal(plan->case_count, 4);
    assert_string_equal(plan->cases[0].id, "llama-3.2-1b.q4_k_m.p8.n8"); /* q6_k is what the mix says */
    assert_string_equal(plan->cases[1].id, "llama-3.2-1b.q4_k_m.out-f16.p8.n8");
    assert_string_equal(plan->cases[2].id, "llama-3.2-1b.q4_0.out-q6_k.p8.n8");
    assert_string_equal(plan->cases[3].title, "llama-3.2-1b q4_0/f16");
    assert_string_equal(plan->subjects[0]->output, "q6_k");
    assert_int_equal(model_output(&plan->subjects[2]->model)->type, DTYPE_Q6_K);
    assert_int_equal(model_tensor(&plan->subjects[2]->model, ROLE_DOWN, 0)->type, DTYPE_Q4_0);
    plan_free(planned);
}

/* Longrope's factors depend on the context: the gate must check those that the case uses. */
static void test_the_gate_lies_on_the_same_side_of_longrope(void **state)
{
    struct planned *planned = plan_good("-m phi-4-mini -p 8 -n 8 -c 4096,4097,100000");
    struct planned *plain = plan_good("-m llama-3.2-1b -p 8 -n 8 -c 100000");

    (void)state;
    assert_int_equal(plan_gate_context(&planned->plan.cases[0]), 0);
    assert_int_equal(plan_gate_context(&planned->plan.cases[1]), 4097);
    assert_int_equal(plan_gate_context(&planned->plan.cases[2]), 4097);
    assert_int_equal(plan_gate_context(&plain->plan.cases[0]), 0);
    plan_free(planned);
    plan_free(plain);
}

static void test_sustained_decodes_for_ten_minutes(void **state)
{
    struct planned *planned = plan_good("sustained");

    (void)state;
    assert_int_equal(planned->plan.case_count, 1);
    assert_int_equal(planned->plan.cases[0].kind, CASE_SUSTAINED);
    assert_true(planned->plan.cases[0].work_seconds == 600);
    assert_int_equal(planned->plan.cases[0].rule.most, 1);
    plan_free(planned);
}

/* The shapes of a model come once in int8, whatever the number of its other types. */
static void test_int8_products_come_once_for_each_model(void **state)
{
    static const struct {
        const char *line;
        size_t int8, others;
    } lines[] = {{"standard", 8, 0}, {"standard -m llama-3.2-1b -q q4_0,q8_0", 2, 0}, {"quick", 0, 8}};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct planned *planned = plan_good(lines[i].line);
        size_t int8 = 0, others = 0;
        for (size_t c = 0; c < planned->plan.case_count; c++) {
            const struct plan_case *item = &planned->plan.cases[c];
            if (item->kind != CASE_MATMUL)
                continue;
            int8 += item->tensor.type == DTYPE_INT8;
            others += item->tensor.type != DTYPE_INT8;
            assert_int_equal(item->tensor.type == DTYPE_INT8, strstr(item->id, ".int8.") != NULL);
        }
        assert_int_equal(int8, lines[i].int8);
        assert_int_equal(others, lines[i].others);
        plan_free(planned);
    }
}

static void test_every_profile_can_be_planned(void **state)
{
    size_t count;
    const struct profile *profiles = profile_table(&count);

    (void)state;
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        struct planned *planned = plan_good(profiles[i].name);
        assert_true(planned->plan.case_count > 0);
        assert_true(planned->plan.standard);
        plan_free(planned);
    }
}

static void test_nonsense_is_refused_with_the_remedy(void **state)
{
    (void)state;
    check_refused("quik", "quick");
    check_refused("xyzzy", "list profiles");
    check_refused("model.gguf", "-m");
    check_refused("-m lama-3.2-1b", "llama-3.2-1b");
    check_refused("-m llama-3.2-1b -p 0 -n 0", "nothing to measure");
    check_refused("-m llama-3.2-1b -p 100 -n 100 -c 150", "need 200");
    check_refused("-m llama-3.2-1b -t 3", "2 or less");
    check_refused("-m ./a.gguf -q q4_0", "types of its own");
    check_refused("-m ./a.gguf --output-tensor-type q4_0", "types of its own");
    check_refused("sustained -n 0", "at least one token");
    check_refused("-m llama-3.2-1b -q q4_9", "did you mean 'q4_");
    check_refused("-m llama-3.2-1b -q q4_km", "did you mean 'q4_k");
    check_refused("-m llama-3.2-1b -q xyzzy", "there is no quantisation 'xyzzy'");
    check_refused("-m llama-3.2-1b -s caht", "did you mean 'chat'");
    check_refused("-m llama-3.2-1b -s chat -p 5", "leave out --prompt");
    check_refused("-m llama-3.2-1b -s chat -n 5", "leave out --generate");
    check_refused("-m llama-3.2-1b -s summarize -c 4095", "need 4096");
}

static void test_a_missing_file_is_no_misuse(void **state)
{
    enum status status;
    struct planned *planned = plan_line("-m ./does-not-exist.gguf", &status);

    (void)state;
    assert_int_equal(status, STATUS_IO);
    assert_non_null(strstr(planned->error.text, "does-not-exist.gguf"));
    plan_free(planned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_argument_is_quick),
        cmocka_unit_test(test_models_alone_bring_no_matrices),
        cmocka_unit_test(test_options_replace_what_a_profile_says),
        cmocka_unit_test(test_launches_are_a_number_or_a_precision),
        cmocka_unit_test(test_precision_leaves_the_definition_alone),
        cmocka_unit_test(test_lists_multiply_out_and_ids_are_unique),
        cmocka_unit_test(test_threads_and_depth_reach_the_engine),
        cmocka_unit_test(test_roofs_take_the_most_threads),
        cmocka_unit_test(test_what_a_model_was_not_made_for_is_skipped),
        cmocka_unit_test(test_scenarios_stand_for_lengths),
        cmocka_unit_test(test_types_of_the_cache_multiply_out),
        cmocka_unit_test(test_quantisations_and_outputs),
        cmocka_unit_test(test_the_gate_lies_on_the_same_side_of_longrope),
        cmocka_unit_test(test_sustained_decodes_for_ten_minutes),
        cmocka_unit_test(test_int8_products_come_once_for_each_model),
        cmocka_unit_test(test_every_profile_can_be_planned),
        cmocka_unit_test(test_nonsense_is_refused_with_the_remedy),
        cmocka_unit_test(test_a_missing_file_is_no_misuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
