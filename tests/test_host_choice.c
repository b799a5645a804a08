/* devices/cpu_list and devices/host_choice: lists of processors, and which of them to run on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/cpu_list.h"
#include "devices/host.h"

#define MACHINES "tests/machines/"

/* ---- lists ----------------------------------------------------------------------------------------------------------- */

static void test_lists(void **state)
{
    unsigned numbers[64];
    size_t count;

    (void)state;
    assert_true(cpu_list_parse("0-3,8,10-11\n", ',', numbers, 64, &count));
    assert_int_equal(count, 7);
    assert_int_equal(numbers[3], 3);
    assert_int_equal(numbers[4], 8);
    assert_int_equal(numbers[6], 11);
    assert_true(cpu_list_parse("7+2-3", '+', numbers, 64, &count)); /* in the order of the list */
    assert_int_equal(numbers[0], 7);
    assert_int_equal(numbers[2], 3);
    assert_true(cpu_list_parse("63", ',', numbers, 64, &count));
    assert_int_equal(count, 1);
}

static void test_broken_lists(void **state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "-",
                                        "0-",
                                        "-1",
                                        "0-3,",
                                        "0-3,8-",
                                        "3-0",
                                        "0,0",
                                        "0-3,2",
                                        "0x1",
                                        "a",
                                        "0 1",
                                        "0;1",
                                        "0,,1",
                                        "64",
                                        "0-64",
                                        "1e3",
                                        "99999999999999999999",
                                        "0-99999999999999999999",
                                        " 0",
                                        "+1",
                                        "0\r\n1"};
    unsigned numbers[64];
    size_t count;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (cpu_list_parse(texts[i], ',', numbers, 64, &count))
            fail_msg("'%s' is taken for a list", texts[i]);
}

static void test_written_lists(void **state)
{
    static const unsigned numbers[] = {0, 1, 2, 5, 7, 8};
    char text[32], small[8];

    (void)state;
    cpu_list_format(text, sizeof text, numbers, 6);
    assert_string_equal(text, "0-2,5,7-8");
    cpu_list_format(text, sizeof text, numbers, 0);
    assert_string_equal(text, "");
    cpu_list_format(small, sizeof small, numbers, 6);
    assert_string_equal(small, "0-2,…"); /* cut at a separator */
}

/* ---- choices --------------------------------------------------------------------------------------------------------- */

static struct host *read_machine(const char *root)
{
    struct host *host = test_malloc(sizeof *host);
    struct error error = {.text = ""};

    assert_int_equal(host_read(host, root, &error), STATUS_OK);
    return host;
}

static void expect_choice(const struct host *host, size_t threads, const char *choice, const char *list)
{
    unsigned cpus[HOST_CPUS_MAX];
    struct error error = {.text = ""};
    size_t count = 0;
    char text[128];

    if (host_choose_cpus(host, threads, choice, cpus, &count, &error) != STATUS_OK)
        fail_msg("%s: %s", choice ? choice : "(number)", error.text);
    cpu_list_format(text, sizeof text, cpus, count);
    assert_string_equal(text, list);
}

static void expect_refusal(const struct host *host, size_t threads, const char *choice, const char *word)
{
    unsigned cpus[HOST_CPUS_MAX];
    struct error error = {.text = ""};
    size_t count = 0;

    assert_int_equal(host_choose_cpus(host, threads, choice, cpus, &count, &error), STATUS_MISUSE);
    if (!strstr(error.text, word) || !strstr(error.text, "--threads"))
        fail_msg("'%s' does not say '%s'", error.text, word);
}

static void test_hybrid_choices(void **state)
{
    struct host *host = read_machine(MACHINES "ultra-laptop");

    (void)state;
    expect_choice(host, 0, NULL, "0,2,4,6,8,10");
    expect_choice(host, 2, NULL, "0,2");
    expect_choice(host, 8, NULL, "0,2,4,6,8,10,1,3");
    expect_choice(host, 0, "performance", "0,2,4,6,8,10");
    expect_choice(host, 0, "efficient", "12-19");
    expect_choice(host, 0, "0-3", "0-3");
    expect_choice(host, 0, "20+12-13", "20,12-13");
    expect_refusal(host, 23, NULL, "22");
    expect_refusal(host, 0, "0-22", "no processor 22");
    expect_refusal(host, 0, "0+0", "0+0");
    expect_refusal(host, 0, "3-1", "3-1");
    expect_refusal(host, 0, "fast", "performance");
    expect_refusal(host, 0, "", "performance");
    host->cpus[1].allowed = false;
    expect_refusal(host, 0, "0-3", "kept from processor 1");
    for (size_t i = 0; i < host->cpu_count; i++)
        host->cpus[i].allowed = i < 12;
    expect_refusal(host, 0, "efficient", "no such core");
    test_free(host);
}

static void test_all(void **state)
{
    struct host *host = read_machine(MACHINES "hybrid-laptop"), *alike = read_machine(MACHINES "arm-board");

    (void)state;
    expect_choice(host, 0, "all", "0,2,1,3-7"); /* performance cores first */
    host->cpus[7].allowed = false;
    expect_choice(host, 0, "all", "0,2,1,3-6");
    expect_choice(alike, 0, "all", "0-3");
    expect_choice(alike, 0, "performance", "0-3"); /* cores that are all alike are performance cores */
    expect_refusal(alike, 0, "efficient", "no such core");
    test_free(host);
    test_free(alike);
}

static void test_words(void **state)
{
    static const char *const good[] = {"all", "performance", "efficient", "0-3", "0+2", "1023-1023"};
    static const char *const bad[] = {"", "4", "All", "0,2", "0-", "+", "-", "0--3", "1024-1025", "efficiency"};
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(host_check_choice(good[i], &error), STATUS_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(host_check_choice(bad[i], &error), STATUS_MISUSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),         cmocka_unit_test(test_broken_lists),
        cmocka_unit_test(test_written_lists), cmocka_unit_test(test_hybrid_choices),
        cmocka_unit_test(test_all),           cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
