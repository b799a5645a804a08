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

#define GOVERNOR "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"

/* A test under a sanitizer is told so. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
enum { SLOW_BUILD = 1 };
#else
enum { SLOW_BUILD = 0 };
#endif

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
    assert_int_equal(preflight.count, SLOW_BUILD);
    assert_true(isnan(preflight.load1));
    assert_string_equal(preflight.power_source, "unknown");
    scratch_close(&tree);
}

static void test_each_warning_has_a_remedy(void **state)
{
    struct scratch_tree tree;
    struct preflight preflight;
    struct host host = {.hypervisor = "KVM"};
    const struct memory little = {
        .total_bytes = 1000, .available_bytes = 50, .swap_total_bytes = 500, .swap_free_bytes = 100};

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "proc/loadavg", "1.50 0.20 0.10 1/100 4242\n");
    scratch_write(&tree, "sys/class/power_supply/AC/online", "0\n");
    scratch_write(&tree, "sys/class/power_supply/BAT0/status", "Discharging\n");
    scratch_write(&tree, GOVERNOR, "powersave\n");
    scratch_write(&tree, "sys/devices/system/cpu/cpu0/cpufreq/energy_performance_preference", "balance_power\n");
    scratch_write(&tree, "sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
    scratch_write(&tree, "sys/firmware/acpi/platform_profile", "low-power\n");
    scratch_write(&tree, "sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n");
    scratch_write(&tree, "sys/class/thermal/thermal_zone0/temp", "93000\n");
    scratch_write(&tree, "sys/class/thermal/thermal_zone0/trip_point_0_type", "passive\n");
    scratch_write(&tree, "sys/class/thermal/thermal_zone0/trip_point_0_temp", "100000\n");
    scratch_write(&tree, "sys/class/thermal/cooling_device0/type", "Processor\n");
    scratch_write(&tree, "sys/class/thermal/cooling_device0/max_state", "10\n");
    scratch_write(&tree, "sys/class/thermal/cooling_device0/cur_state", "3\n");
    preflight_look(&preflight, &host, &little, tree.root);
    assert_int_equal(preflight.warnings, 9 + SLOW_BUILD);
    assert_true(finds(&preflight, "no_turbo", false));
    assert_true(finds(&preflight, "platform_profile", false));
    assert_true(finds(&preflight, "93 °C and slows down at 100 °C", false));
    assert_true(finds(&preflight, "because of heat", false));
    assert_true(finds(&preflight, "swapoff", false));
    assert_true(finds(&preflight, "balance_power", false));
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
    struct host host = {0};
    struct facts environment = {0};

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "proc/loadavg", "0.10 1.20 2.10 1/100 4242\n");
    scratch_write(&tree, "proc/pressure/cpu", "some avg10=1.25 avg60=60.00 avg300=0.00 total=2500000\n");
    scratch_write(&tree, GOVERNOR, "performance\n");
    scratch_write(&tree, "sys/devices/system/cpu/cpufreq/boost", "1\n");
    scratch_write(&tree, "sys/firmware/acpi/platform_profile", "balanced\n");
    scratch_write(&tree, "sys/class/hwmon/hwmon0/name", "k10temp\n");
    scratch_write(&tree, "sys/class/hwmon/hwmon0/temp1_label", "Tctl\n");
    scratch_write(&tree, "sys/class/hwmon/hwmon0/temp1_input", "55625\n");
    scratch_write(&tree, "sys/class/power_supply/AC/online", "1\n");
    scratch_write(&tree, "sys/class/power_supply/BAT0/status", "Charging\n");
    preflight_look(&preflight, &host, &plenty, tree.root);
    assert_int_equal(preflight.count, SLOW_BUILD);
    preflight_tell(&preflight, &host, &environment);
    assert_string_equal(facts_find(&environment, "power_source")->text, "mains");
    assert_string_equal(facts_find(&environment, "governor")->text, "performance");
    assert_false(facts_find(&environment, "virtualized")->boolean);
    assert_true(facts_find(&environment, "load1_before")->number == 0.1);
    assert_true(facts_find(&environment, "cpu_temperature_before_celsius")->number == 55.625);
    assert_true(facts_find(&environment, "turbo")->boolean);
    assert_null(facts_find(&environment, "busy_processors_before")); /* a recorded machine cannot be watched */
    facts_free(&environment);
    scratch_close(&tree);
}

static void test_pressure_tells_of_load(void **state)
{
    struct scratch_tree tree;
    struct preflight preflight;
    struct host host = {0};

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "proc/pressure/cpu", "some avg10=31.00 avg60=0.00 avg300=0.00 total=2500000\n");
    preflight_look(&preflight, &host, &plenty, tree.root);
    assert_true(finds(&preflight, "31 % of the time", false));
    scratch_close(&tree);
}

static void test_the_preference_alone(void **state)
{
    struct scratch_tree tree;
    struct preflight preflight;
    struct host host = {0};

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, GOVERNOR, "performance\n");
    scratch_write(&tree, "sys/devices/system/cpu/cpu0/cpufreq/energy_performance_preference", "power\n");
    preflight_look(&preflight, &host, &plenty, tree.root);
    assert_true(finds(&preflight, "echo performance | sudo tee", false));
    scratch_write(&tree, "sys/devices/system/cpu/cpu0/cpufreq/energy_performance_preference", "performance\n");
    preflight_look(&preflight, &host, &plenty, tree.root);
    assert_int_equal(preflight.count, SLOW_BUILD);
    scratch_close(&tree);
}

static void test_recorded_machines(void **state)
{
    struct preflight preflight;
    struct host host = {0};

    (void)state;
    preflight_look(&preflight, &host, &plenty, "tests/machines/ultra-laptop");
    assert_true(finds(&preflight, "'powersave', its preference 'balance_performance'", false));
    assert_true(finds(&preflight, "runs on battery", false));
    preflight_look(&preflight, &host, &plenty, "tests/machines/vm-bare");
    assert_false(finds(&preflight, "governor", false));
    assert_true(isnan(preflight.celsius));
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
    assert_int_equal(preflight.count, SLOW_BUILD);
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
        cmocka_unit_test(test_pressure_tells_of_load),
        cmocka_unit_test(test_the_preference_alone),
        cmocka_unit_test(test_recorded_machines),
        cmocka_unit_test(test_garbage_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
