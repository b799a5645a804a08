/* Warnings before a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "runner/preflight.h"
#include "tests/scratch_tree.h"

static const struct memory plenty = {.total_bytes = 1000, .available_bytes = 900};

static bool finds(const struct preflight *preflight, const char *says, bool note)
{
    for (size_t i = 0; i < preflight->count; i++)
        if (strstr(preflight->findings[i].text, says) && preflight->findings[i].note == note)
            return true;
    return false;
}

static void test_an_empty_tree_tells_nothing(void **state)
{
    struct scratch_tree tree;
    struct preflight preflight;
    struct host host = {0};

    (void)state;
    scratch_open(&tree);
    preflight_look(&preflight, &host, &plenty, tree.root);
    assert_int_equal(preflight.count, 0);
    assert_true(isnan(preflight.load1));
    assert_string_equal(preflight.power_source, "unknown");
    scratch_close(&tree);
}

static void test_each_warning_has_a_remedy(void **state)
{
    struct scratch_tree tree;
    struct preflight preflight;
    struct host host = {.governor = "powersave", .hypervisor = "KVM"};
    const struct memory little = {.total_bytes = 1000, .available_bytes = 50};

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "proc/loadavg", "1.50 0.20 0.10 1/100 4242\n");
    scratch_write(&tree, "sys/class/power_supply/AC/online", "0\n");
    scratch_write(&tree, "sys/class/power_supply/BAT0/status", "Discharging\n");
    preflight_look(&preflight, &host, &little, tree.root);
    assert_int_equal(preflight.warnings, 4);
    assert_true(finds(&preflight, "load 1.50", false));
    assert_true(finds(&preflight, "frequency-set -g performance", false));
    assert_true(finds(&preflight, "5 %", false));
    assert_true(finds(&preflight, "plug it in", false));
    assert_true(finds(&preflight, "KVM", true));
    assert_string_equal(preflight.power_source, "battery");
    scratch_close(&tree);
}

static void test_a_quiet_machine_has_no_warnings(void **state)
{
    struct scratch_tree tree;
    struct preflight preflight;
    struct host host = {.governor = "performance"};
    struct facts environment = {0};

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "proc/loadavg", "0.10 1.20 2.10 1/100 4242\n");
    scratch_write(&tree, "sys/class/power_supply/AC/online", "1\n");
    scratch_write(&tree, "sys/class/power_supply/BAT0/status", "Charging\n");
    preflight_look(&preflight, &host, &plenty, tree.root);
    assert_int_equal(preflight.count, 0);
    preflight_tell(&preflight, &host, &environment);
    assert_string_equal(facts_find(&environment, "power_source")->text, "mains");
    assert_string_equal(facts_find(&environment, "governor")->text, "performance");
    assert_false(facts_find(&environment, "virtualized")->boolean);
    assert_true(facts_find(&environment, "load1_before")->number == 0.1);
    facts_free(&environment);
    scratch_close(&tree);
}

static void test_garbage_is_unknown(void **state)
{
    struct scratch_tree tree;
    struct preflight preflight;
    struct host host = {0};

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "proc/loadavg", "much\n");
    scratch_write(&tree, "sys/class/power_supply/AC/online", "perhaps\n");
    preflight_look(&preflight, &host, &plenty, tree.root);
    assert_int_equal(preflight.count, 0);
    assert_true(isnan(preflight.load1));
    assert_string_equal(preflight.power_source, "unknown");
    scratch_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_tree_tells_nothing),
        cmocka_unit_test(test_each_warning_has_a_remedy),
        cmocka_unit_test(test_a_quiet_machine_has_no_warnings),
        cmocka_unit_test(test_garbage_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
