/* The command line: parsing, checks, help, suggestions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runner/options.h"

enum { WORDS = 16 };

/* Splits `line` at blanks and parses it; the words live in `store`. */
static enum status parse(struct options *options, enum command command, const char *line, char store[512],
                         struct error *error)
{
    char *argv[WORDS], *cursor = store;
    int argc = 0;

    *error = (struct error){0};
    strcpy(store, line);
    for (char *word; (word = strsep(&cursor, " "));)
        if (*word && argc < WORDS)
            argv[argc++] = word;
    return options_parse(options, command, argc, argv, error);
}

static void check_refused(enum command command, const char *line, const char *says)
{
    struct options options;
    struct error error;
    char store[512];

    if (parse(&options, command, line, store, &error) != STATUS_MISUSE)
        fail_msg("'%s' was not refused", line);
    if (!strstr(error.text, says))
        fail_msg("'%s' gives '%s', which does not say '%s'", line, error.text, says);
    options_close(&options);
}

static void test_fallbacks_stand_where_nothing_is_given(void **state)
{
    struct options options;
    struct error error;
    char store[512];

    (void)state;
    assert_int_equal(parse(&options, COMMAND_RUN, "", store, &error), STATUS_OK);
    assert_int_equal(options.argument_count, 0);
    assert_int_equal(options_count(&options, OPTION_MODEL), 0);
    assert_string_equal(options_text(&options, OPTION_QUANT, 0), "q4_0");
    assert_int_equal(options_size(&options, OPTION_PROMPT, 0), 512);
    assert_int_equal(options_size(&options, OPTION_GENERATE, 0), 128);
    assert_int_equal(options_count(&options, OPTION_LAUNCHES), 0);
    assert_true(options_number(&options, OPTION_PRECISION, 0) == 2);
    assert_int_equal(options_size(&options, OPTION_SEED, 0), 42);
    assert_string_equal(options_text(&options, OPTION_KV_TYPE, 0), "f16");
    assert_int_equal(options_count(&options, OPTION_SCENARIO), 0);
    assert_int_equal(options_size(&options, OPTION_THREADS, 7), 7);
    assert_false(options_given(&options, OPTION_PROMPT));
    assert_false(options_flag(&options, OPTION_QUIET));
    options_close(&options);
}

static void test_every_spelling(void **state)
{
    static const char *const lines[] = {"--prompt 64", "--prompt=64", "-p 64", "-p64", "-p=64"};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct options options;
        struct error error;
        char store[512];
        assert_int_equal(parse(&options, COMMAND_RUN, lines[i], store, &error), STATUS_OK);
        assert_true(options_given(&options, OPTION_PROMPT));
        assert_int_equal(options_count(&options, OPTION_PROMPT), 1);
        assert_int_equal(options_size(&options, OPTION_PROMPT, 0), 64);
        options_close(&options);
    }
}

static void test_lists_units_and_files(void **state)
{
    struct options options;
    struct error error;
    char store[512];

    (void)state;
    assert_int_equal(parse(&options, COMMAND_RUN,
                           "standard -q q8_0,f16 -p 1,2k,300 --time-budget 2min -o a.json --output b.csv --quiet",
                           store, &error),
                     STATUS_OK);
    assert_string_equal(options.arguments[0], "standard");
    assert_int_equal(options_count(&options, OPTION_QUANT), 2);
    assert_string_equal(options_text(&options, OPTION_QUANT, 1), "f16");
    assert_int_equal(options_count(&options, OPTION_PROMPT), 3);
    assert_true(options_number(&options, OPTION_PROMPT, 1) == 2000);
    assert_true(options_number(&options, OPTION_TIME_BUDGET, 0) == 120);
    assert_int_equal(options_count(&options, OPTION_OUTPUT), 2);
    assert_string_equal(options_text(&options, OPTION_OUTPUT, 1), "b.csv");
    assert_true(options_flag(&options, OPTION_QUIET));
    options_close(&options);
}

static void test_two_dashes_end_the_options(void **state)
{
    struct options options;
    struct error error;
    char store[512];

    (void)state;
    assert_int_equal(parse(&options, COMMAND_VERIFY, "-t 1 -- --odd.gguf", store, &error), STATUS_OK);
    assert_string_equal(options.arguments[0], "--odd.gguf");
    options_close(&options);
}

static void test_help_wins_over_mistakes(void **state)
{
    struct options options;
    struct error error;
    char store[512];

    (void)state;
    assert_int_equal(parse(&options, COMMAND_VERIFY, "--nonsense -h", store, &error), STATUS_OK);
    assert_true(options.help);
    options_close(&options);
    assert_int_equal(parse(&options, COMMAND_VERIFY, "x -- -h", store, &error), STATUS_MISUSE);
    options_close(&options);
}

static void test_nonsense_is_refused_with_the_remedy(void **state)
{
    static const struct {
        enum command command;
        const char *line, *says;
    } cases[] = {
        {COMMAND_RUN, "--promt 3", "--prompt"},
        {COMMAND_RUN, "--zzzzzz", "run --help"},
        {COMMAND_RUN, "-z", "-z"},
        {COMMAND_RUN, "--tokens x", "takes no --tokens"},
        {COMMAND_RUN, "--report-fd 3", "no option"},
        {COMMAND_RUN, "--output-tensor-type q4_k_m", "q4_k"},
        {COMMAND_RUN, "--output-tensor-type xyzzy", "known: "},
        {COMMAND_LOGITS, "a b c --output-tensor-type f16", "takes no --output-tensor-type"},
        {COMMAND_RUN, "-q q4_0,q4_0", "twice"},
        {COMMAND_RUN, "-q q4_0,", "empty"},
        {COMMAND_RUN, "-q ,", "empty"},
        {COMMAND_RUN, "-e cup", "cpu"},
        {COMMAND_RUN, "--kv-type q4_0", "q8_0"},
        {COMMAND_RUN, "--kv-type f32", "f16"},
        {COMMAND_RUN, "--kv-type f16,f16", "twice"},
        {COMMAND_RUN, "-s chat,chat", "twice"},
        {COMMAND_RUN, "-s chat,", "empty"},
        {COMMAND_RUN, "--scenaro chat", "--scenario"},
        {COMMAND_VERIFY, "a -s chat", "-s"},
        {COMMAND_RUN, "-p -1", "-1"},
        {COMMAND_RUN, "-p 1.5", "whole"},
        {COMMAND_RUN, "-p abc", "abc"},
        {COMMAND_RUN, "-p 1e99", "1e99"},
        {COMMAND_RUN, "-p nan", "nan"},
        {COMMAND_RUN, "-p 1000,1k", "same number"},
        {COMMAND_RUN, "-p", "missing"},
        {COMMAND_RUN, "-p=", "empty"},
        {COMMAND_RUN, "-p 1 -p 2", "commas"},
        {COMMAND_RUN, "-t 0", "1 to 1024"},
        {COMMAND_RUN, "-c 0", "out of range"},
        {COMMAND_RUN, "--launches 0", "out of range"},
        {COMMAND_RUN, "--precision 0", "out of range"},
        {COMMAND_RUN, "--precision 2s", "percentage"},
        {COMMAND_RUN, "--launches 1,2", "1,2"},
        {COMMAND_RUN, "--time-budget 5x", "time"},
        {COMMAND_RUN, "--seed -4", "-4"},
        {COMMAND_RUN, "--quiet=yes", "no value"},
        {COMMAND_RUN, "quick standard", "too many"},
        {COMMAND_RUN, "-o a.json -o a.json", "twice"},
        {COMMAND_VERIFY, "", "needs MODEL"},
        {COMMAND_VERIFY, "a b", "too many"},
        {COMMAND_LOGITS, "a b", "needs"},
        {COMMAND_LIST, "", "needs"},
        {COMMAND_DETECT, "--quiet", "takes no --quiet"},
        {COMMAND_VALIDATE, "--json x", "takes no --json"},
        {COMMAND_LIST, "1 2 3 4 5 6 7 8 9", "too many"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(cases[i].command, cases[i].line, cases[i].says);
}

static void test_profiles_fill_in_but_do_not_override(void **state)
{
    struct options options;
    struct error error;
    char store[512];

    (void)state;
    assert_int_equal(parse(&options, COMMAND_RUN, "-p 7", store, &error), STATUS_OK);
    assert_int_equal(options_set_fallback(&options, OPTION_PROMPT, "128", &error), STATUS_OK);
    assert_int_equal(options_set_fallback(&options, OPTION_GENERATE, "32,64", &error), STATUS_OK);
    assert_int_equal(options_size(&options, OPTION_PROMPT, 0), 7);
    assert_int_equal(options_count(&options, OPTION_GENERATE), 2);
    assert_false(options_given(&options, OPTION_GENERATE));
    assert_int_equal(options_set_fallback(&options, OPTION_GENERATE, "x", &error), STATUS_MISUSE);
    options_close(&options);
}

static void test_commands_have_names_and_neighbours(void **state)
{
    enum command command;

    (void)state;
    assert_true(command_from_name("roof", &command));
    assert_int_equal(command, COMMAND_ROOF);
    assert_false(command_from_name("rof", &command));
    assert_string_equal(command_suggest("rof"), "roof");
    assert_string_equal(command_suggest("verfiy"), "verify");
    assert_null(command_suggest("chlid"));
    assert_null(command_suggest("xyzzy"));
}

static void test_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(exit_code_of(STATUS_OK), 0);
    assert_int_equal(exit_code_of(STATUS_MISMATCH), 1);
    assert_int_equal(exit_code_of(STATUS_MISUSE), 2);
    assert_int_equal(exit_code_of(STATUS_FAILED), 5);
    assert_int_equal(exit_code_of(STATUS_IO), 74);
    assert_int_equal(exit_code_of(STATUS_FORMAT), 74);
    assert_int_equal(exit_code_of(STATUS_MEMORY), 75);
    assert_int_equal(exit_code_of(STATUS_UNSUPPORTED), 75);
}

/* Every option of a command stands in its help, and nothing that only the program itself gives. */
static void test_help_tells_every_option(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    (void)state;
    assert_non_null(stream);
    options_help_command(stream, COMMAND_RUN);
    fclose(stream);
    assert_non_null(strstr(text, "-m, --model NAME|FILE.gguf"));
    assert_non_null(strstr(text, "[512]"));
    assert_non_null(strstr(text, "--require-quiet"));
    assert_non_null(strstr(text, "-s, --scenario NAME"));
    assert_non_null(strstr(text, "q4_k_m"));
    assert_non_null(strstr(text, "-h, --help"));
    assert_null(strstr(text, "--report-fd"));
    assert_null(strstr(text, "--json"));
    free(text);
    stream = open_memstream(&text, &size);
    assert_non_null(stream);
    options_help(stream);
    fclose(stream);
    assert_non_null(strstr(text, "validate"));
    assert_null(strstr(text, "child"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fallbacks_stand_where_nothing_is_given),
        cmocka_unit_test(test_every_spelling),
        cmocka_unit_test(test_lists_units_and_files),
        cmocka_unit_test(test_two_dashes_end_the_options),
        cmocka_unit_test(test_help_wins_over_mistakes),
        cmocka_unit_test(test_nonsense_is_refused_with_the_remedy),
        cmocka_unit_test(test_profiles_fill_in_but_do_not_override),
        cmocka_unit_test(test_commands_have_names_and_neighbours),
        cmocka_unit_test(test_exit_codes),
        cmocka_unit_test(test_help_tells_every_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
