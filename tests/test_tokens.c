/* Token lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/scratch_tree.h"
#include "workloads/tokens.h"

enum { VOCABULARY = 100 };

static void check_refused(const char *text, const char *says)
{
    struct error error = {0};
    int32_t *tokens;
    size_t count;

    if (tokens_parse(text, strlen(text), "t.json", VOCABULARY, &tokens, &count, &error) != STATUS_FORMAT)
        fail_msg("'%s' was not refused", text);
    if (!strstr(error.text, "t.json") || !strstr(error.text, says))
        fail_msg("'%s' gives '%s', which does not say '%s'", text, error.text, says);
    assert_null(tokens);
}

static void test_lists_are_read(void **state)
{
    static const char text[] = " {\"name\":\"x\", \"tokens\": [0, 99, 7.0], \"n_vocab\": 100}\n";
    struct error error = {0};
    int32_t *tokens;
    size_t count;

    (void)state;
    assert_int_equal(tokens_parse(text, strlen(text), "t", VOCABULARY, &tokens, &count, &error), STATUS_OK);
    assert_int_equal(count, 3);
    assert_int_equal(tokens[0], 0);
    assert_int_equal(tokens[1], 99);
    assert_int_equal(tokens[2], 7);
    free(tokens);
}

static void test_bad_lists_are_refused(void **state)
{
    (void)state;
    check_refused("", "not JSON");
    check_refused("{\"tokens\":[1,2", "not JSON");
    check_refused("{\"tokens\":[1]} x", "behind");
    check_refused("[1,2]", "expected");
    check_refused("{}", "expected");
    check_refused("{\"tokens\":3}", "expected");
    check_refused("{\"Tokens\":[1]}", "expected");
    check_refused("{\"tokens\":[1],\"tokens\":[2]}", "expected");
    check_refused("{\"tokens\":[]}", "empty");
    check_refused("{\"tokens\":[1,100]}", "tokens[1] is 100");
    check_refused("{\"tokens\":[-1]}", "tokens[0] is -1");
    check_refused("{\"tokens\":[1,2,1e300]}", "tokens[2]");
    check_refused("{\"tokens\":[1.5]}", "whole");
    check_refused("{\"tokens\":[\"1\"]}", "whole");
    check_refused("{\"tokens\":[null]}", "whole");
    check_refused("{\"tokens\":[1e999]}", "tokens[0]");
}

static void test_files(void **state)
{
    struct scratch_tree tree;
    struct error error = {0};
    char path[256];
    int32_t *tokens;
    size_t count;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "t.json", "{\"tokens\":[5]}");
    scratch_path(&tree, "t.json", path, sizeof path);
    assert_int_equal(tokens_read(path, VOCABULARY, &tokens, &count, &error), STATUS_OK);
    assert_int_equal(tokens[0], 5);
    free(tokens);
    assert_int_equal(tokens_read(tree.root, VOCABULARY, &tokens, &count, &error), STATUS_IO);
    scratch_path(&tree, "none.json", path, sizeof path);
    assert_int_equal(tokens_read(path, VOCABULARY, &tokens, &count, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "none.json"));
    scratch_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_are_read),
        cmocka_unit_test(test_bad_lists_are_refused),
        cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
