#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/facts.h"

static void test_order_and_types(void **state)
{
    struct facts facts = {0};

    (void)state;
    facts_text(&facts, "cpu.name", "processor", "Example");
    facts_number(&facts, "clock_hertz", NULL, 3.5e9);
    facts_integer(&facts, "cpu.caches[0].size_bytes", NULL, INT64_MAX);
    facts_boolean(&facts, "smt", "SMT", true);
    facts_null(&facts, "hypervisor", NULL, "none seen");
    assert_int_equal(facts.count, 5);
    assert_false(facts.failed);
    assert_string_equal(facts.items[0].path, "cpu.name");
    assert_string_equal(facts.items[0].label, "processor");
    assert_string_equal(facts_find(&facts, "cpu.name")->text, "Example");
    assert_null(facts.items[1].label);
    assert_true(facts_find(&facts, "clock_hertz")->number == 3.5e9);
    assert_int_equal(facts_find(&facts, "cpu.caches[0].size_bytes")->integer, INT64_MAX);
    assert_true(facts_find(&facts, "smt")->boolean);
    assert_int_equal(facts_find(&facts, "hypervisor")->type, FACT_NULL);
    assert_string_equal(facts_find(&facts, "hypervisor")->text, "none seen");
    assert_null(facts_find(&facts, "cpu"));
    facts_free(&facts);
    assert_int_equal(facts.count, 0);
}

static void test_later_replaces(void **state)
{
    struct facts facts = {0};

    (void)state;
    facts_null(&facts, "a", "A", "not yet");
    facts_text(&facts, "b", NULL, "kept");
    facts_integer(&facts, "a", NULL, 7);
    assert_int_equal(facts.count, 2);
    assert_int_equal(facts.items[0].type, FACT_INTEGER);
    assert_int_equal(facts.items[0].integer, 7);
    assert_null(facts.items[0].label);
    assert_null(facts.items[0].text);
    /* its own text may be told again */
    facts_text(&facts, "b", NULL, facts_find(&facts, "b")->text);
    assert_string_equal(facts_find(&facts, "b")->text, "kept");
    facts_free(&facts);
}

static void test_unknown_is_null(void **state)
{
    const double bad[] = {NAN, INFINITY, -INFINITY};
    struct facts facts = {0};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        facts_number(&facts, "x_seconds", NULL, bad[i]);
        assert_int_equal(facts_find(&facts, "x_seconds")->type, FACT_NULL);
        assert_true(strlen(facts_find(&facts, "x_seconds")->text) > 0);
    }
    facts_text_or_null(&facts, "name", NULL, "", "not in /proc/cpuinfo");
    assert_int_equal(facts_find(&facts, "name")->type, FACT_NULL);
    assert_string_equal(facts_find(&facts, "name")->text, "not in /proc/cpuinfo");
    facts_text_or_null(&facts, "name", NULL, NULL, "still not");
    assert_string_equal(facts_find(&facts, "name")->text, "still not");
    facts_text_or_null(&facts, "name", NULL, "Example", "unused");
    assert_string_equal(facts_find(&facts, "name")->text, "Example");
    facts_null(&facts, "y", NULL, NULL);
    assert_true(strlen(facts_find(&facts, "y")->text) > 0);
    facts_text(&facts, "z", NULL, NULL);
    assert_string_equal(facts_find(&facts, "z")->text, "");
    facts_free(&facts);
}

static void test_many(void **state)
{
    struct facts facts = {0};
    char path[32];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(path, sizeof path, "list[%d].value_count", i);
        facts_integer(&facts, path, NULL, i);
    }
    assert_int_equal(facts.count, 1000);
    assert_int_equal(facts_find(&facts, "list[999].value_count")->integer, 999);
    facts_free(&facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_types),
        cmocka_unit_test(test_later_replaces),
        cmocka_unit_test(test_unknown_is_null),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
