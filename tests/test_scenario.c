/* Scenarios: the described ones, and descriptions that break the rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/scratch_tree.h"
#include "workloads/scenario.h"

#define NAME    "\"name\":\"talk\""
#define SUMMARY "\"summary\":\"a talk\""
#define PROMPT  "\"prompt_tokens\":20"
#define ANSWER  "\"generated_tokens\":7"
#define SOURCE  "\"source\":\"none\""
#define REST    SUMMARY "," PROMPT "," ANSWER "," SOURCE

static enum status parse(const char *text, struct scenario *scenario, struct error *error)
{
    *error = (struct error){0};
    return scenario_parse(scenario, text, strlen(text), "talk.json", error);
}

static void count_one(const char *name, void *context)
{
    struct scenario scenario;
    struct error error;

    assert_int_equal(scenario_load(&scenario, name, &error), STATUS_OK);
    assert_string_equal(scenario.name, name);
    assert_true(scenario.prompt_tokens > 0 && scenario.generated_tokens > 0);
    assert_true(*scenario.summary && *scenario.source);
    ++*(size_t *)context;
}

static void test_the_five_are_there(void **state)
{
    static const char *const names[] = {"chat", "summarize", "rag", "code", "agent"};
    struct scenario scenario;
    struct error error = {0};
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(scenario_load(&scenario, names[i], &error), STATUS_OK);
    assert_int_equal(scenario_list(count_one, &count, &error), STATUS_OK);
    assert_true(count >= 5);
    assert_int_equal(scenario_load(&scenario, "summarize", &error), STATUS_OK);
    assert_int_equal(scenario.prompt_tokens + scenario.generated_tokens, 4096);
}

static void test_a_description_is_read(void **state)
{
    struct scenario scenario;
    struct error error;

    (void)state;
    assert_int_equal(parse("{" NAME "," REST "}", &scenario, &error), STATUS_OK);
    assert_string_equal(scenario.name, "talk");
    assert_string_equal(scenario.summary, "a talk");
    assert_int_equal(scenario.prompt_tokens, 20);
    assert_int_equal(scenario.generated_tokens, 7);
    assert_string_equal(scenario.source, "none");
}

static void test_what_breaks_the_rules_is_refused_by_key(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "not valid JSON"},
        {"[]", "object"},
        {"{" NAME "," REST, "not valid JSON"},
        {"{" NAME "," REST "} x", "not valid JSON"},
        {"{" REST "}", "'name' is missing"},
        {"{" NAME "," SUMMARY "," PROMPT "," ANSWER "}", "'source' is missing"},
        {"{" NAME "," NAME "," REST "}", "'name' is there twice"},
        {"{" NAME "," REST ",\"prompt_token\":1}", "did you mean 'prompt_tokens'"},
        {"{" NAME "," REST ",\"x\":1}", "unknown key 'x'"},
        {"{\"name\":7," REST "}", "'name': must be a string"},
        {"{\"name\":\"\"," REST "}", "not empty"},
        {"{\"name\":\"Talk\"," REST "}", "'name': may hold only"},
        {"{\"name\":\"a/b\"," REST "}", "'name': may hold only"},
        {"{\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"," REST "}", "longer than"},
        {"{" NAME ",\"summary\":\"a\\nb\"," PROMPT "," ANSWER "," SOURCE "}", "printable"},
        {"{" NAME "," SUMMARY ",\"prompt_tokens\":0," ANSWER "," SOURCE "}", "'prompt_tokens'"},
        {"{" NAME "," SUMMARY ",\"prompt_tokens\":-4," ANSWER "," SOURCE "}", "'prompt_tokens'"},
        {"{" NAME "," SUMMARY ",\"prompt_tokens\":1.5," ANSWER "," SOURCE "}", "whole"},
        {"{" NAME "," SUMMARY ",\"prompt_tokens\":1e99," ANSWER "," SOURCE "}", "'prompt_tokens'"},
        {"{" NAME "," SUMMARY ",\"prompt_tokens\":\"20\"," ANSWER "," SOURCE "}", "'prompt_tokens'"},
        {"{" NAME "," SUMMARY "," PROMPT ",\"generated_tokens\":null," SOURCE "}", "'generated_tokens'"},
        {"{\"name\":\"a\\u0000b\"," REST "}", "zero byte"},
    };
    struct scenario scenario;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (parse(cases[i].text, &scenario, &error) != STATUS_FORMAT)
            fail_msg("not refused: %s", cases[i].text);
        if (!strstr(error.text, cases[i].says) || strncmp(error.text, "talk.json: ", 11) != 0)
            fail_msg("'%s' gives '%s', which does not say '%s'", cases[i].text, error.text, cases[i].says);
        assert_int_equal(scenario.prompt_tokens, 0);
    }
    assert_int_equal(scenario_parse(&scenario, "{}\0{}", 5, "talk.json", &error), STATUS_FORMAT);
    assert_int_equal(scenario_parse(&scenario, "x", 1, "talk.json", NULL), STATUS_FORMAT);
}

static void test_one_too_long_is_refused(void **state)
{
    char *text = malloc(100000);
    struct scenario scenario;
    struct error error;

    (void)state;
    memset(text, ' ', 100000);
    assert_int_equal(scenario_parse(&scenario, text, 100000, "talk.json", &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "longer than"));
    free(text);
}

static void test_unknown_names_suggest_the_nearest(void **state)
{
    static const char *const unknown[] = {"caht", "xyzzy", "", "../chat", "CHAT", "chat.json"};
    struct scenario scenario;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        error = (struct error){0};
        assert_int_equal(scenario_load(&scenario, unknown[i], &error), STATUS_MISUSE);
        assert_non_null(strstr(error.text, "list scenarios"));
    }
    scenario_load(&scenario, "caht", &error);
    assert_non_null(strstr(error.text, "did you mean 'chat'"));
}

static void test_another_folder(void **state)
{
    struct scratch_tree tree;
    struct scenario scenario;
    struct error error = {0};
    size_t count = 0;

    (void)state;
    scratch_open(&tree);
    setenv("POCKETMARK_DATA", tree.root, 1);
    assert_int_equal(scenario_list(count_one, &count, &error), STATUS_IO);
    assert_non_null(strstr(error.text, tree.root));
    assert_int_equal(scenario_load(&scenario, "talk", &error), STATUS_IO);
    scratch_write(&tree, "scenarios/talk.json", "{" NAME "," REST "}");
    scratch_write(&tree, "scenarios/.hidden.json", "");
    scratch_write(&tree, "scenarios/notes.txt", "");
    assert_int_equal(scenario_list(count_one, &count, &error), STATUS_OK);
    assert_int_equal(count, 1);
    scratch_write(&tree, "scenarios/other.json", "{" NAME "," REST "}");
    assert_int_equal(scenario_load(&scenario, "other", &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "must be the file's name"));
    scratch_write(&tree, "scenarios/broken.json", "{");
    assert_int_equal(scenario_load(&scenario, "broken", &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "broken.json"));
    unsetenv("POCKETMARK_DATA");
    scratch_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_five_are_there),
        cmocka_unit_test(test_a_description_is_read),
        cmocka_unit_test(test_what_breaks_the_rules_is_refused_by_key),
        cmocka_unit_test(test_one_too_long_is_refused),
        cmocka_unit_test(test_unknown_names_suggest_the_nearest),
        cmocka_unit_test(test_another_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
