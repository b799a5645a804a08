/* devices/thermal and devices/clocks: which sensor is the processor's, what is implausible, whose counters are added. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "devices/clocks.h"
#include "devices/thermal.h"
#include "tests/scratch_tree.h"

#define HWMON "sys/class/hwmon/hwmon"
#define ZONE  "sys/class/thermal/thermal_zone"
#define CPU   "sys/devices/system/cpu/cpu"

static void expect_close(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-9))
        fail_msg("%.12g is not %.12g", value, expected);
}

static void put_zone(const struct scratch_tree *tree, int zone, const char *type, const char *millidegrees)
{
    char path[80];

    snprintf(path, sizeof path, ZONE "%d/type", zone);
    scratch_write(tree, path, type);
    snprintf(path, sizeof path, ZONE "%d/temp", zone);
    scratch_write(tree, path, millidegrees);
}

static void test_nothing(void **state)
{
    struct scratch_tree tree;
    struct thermal thermal;

    (void)state;
    scratch_open(&tree);
    thermal_find(&thermal, tree.root);
    assert_int_equal(thermal.sensor_count, 0);
    assert_true(isnan(thermal_processor_celsius(&thermal, NULL)));
    assert_true(isnan(thermal_brake_ratio(&thermal)));
    scratch_close(&tree);
}

static void test_the_processor_among_others(void **state)
{
    struct scratch_tree tree;
    struct thermal thermal;
    size_t sensor;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, HWMON "0/name", "nvme\n");
    scratch_write(&tree, HWMON "0/temp1_input", "88000\n");
    scratch_write(&tree, HWMON "6/name", "coretemp\n");
    scratch_write(&tree, HWMON "6/temp1_label", "Package id 0\n");
    scratch_write(&tree, HWMON "6/temp1_input", "54000\n");
    scratch_write(&tree, HWMON "6/temp1_max", "100000\n");
    scratch_write(&tree, HWMON "6/temp1_crit", "105000\n");
    scratch_write(&tree, HWMON "6/temp2_label", "Core 0\n");
    scratch_write(&tree, HWMON "6/temp2_input", "57000\n");
    put_zone(&tree, 0, "acpitz\n", "27800\n");
    put_zone(&tree, 9, "x86_pkg_temp\n", "55000\n");
    thermal_find(&thermal, tree.root);
    assert_int_equal(thermal.sensor_count, 5);
    expect_close(thermal_processor_celsius(&thermal, &sensor), 54);
    assert_string_equal(thermal.sensors[sensor].name, "coretemp Package id 0");
    expect_close(thermal.sensors[sensor].limit_celsius, 95); /* ten before it gives up, which is less than its "max" */
    scratch_remove(&tree, HWMON "6/temp1_label");
    thermal_find(&thermal, tree.root);
    expect_close(thermal_processor_celsius(&thermal, &sensor), 55);
    assert_string_equal(thermal.sensors[sensor].name, "x86_pkg_temp");
    scratch_close(&tree);
}

static void test_the_hottest_cluster_of_a_board(void **state)
{
    struct scratch_tree tree;
    struct thermal thermal;
    size_t sensor;

    (void)state;
    scratch_open(&tree);
    put_zone(&tree, 0, "soc-thermal\n", "70000\n");
    put_zone(&tree, 1, "bigcore0-thermal\n", "46230\n");
    put_zone(&tree, 2, "bigcore1-thermal\n", "48100\n");
    put_zone(&tree, 3, "littlecore-thermal\n", "44000\n");
    put_zone(&tree, 4, "npu-thermal\n", "60000\n");
    scratch_write(&tree, ZONE "2/trip_point_0_type", "passive\n");
    scratch_write(&tree, ZONE "2/trip_point_0_temp", "85000\n");
    scratch_write(&tree, ZONE "2/trip_point_1_type", "critical\n");
    scratch_write(&tree, ZONE "2/trip_point_1_temp", "115000\n");
    thermal_find(&thermal, tree.root);
    expect_close(thermal_processor_celsius(&thermal, &sensor), 48.1);
    assert_string_equal(thermal.sensors[sensor].name, "bigcore1-thermal");
    expect_close(thermal.sensors[sensor].limit_celsius, 85);
    scratch_write(&tree, ZONE "2/temp", "-256000\n"); /* a block without power */
    expect_close(thermal_processor_celsius(&thermal, NULL), 46.23);
    scratch_close(&tree);
}

static void test_garbage(void **state)
{
    static const char *const texts[] = {"",      "\n",         "hot\n",  "54000 C\n", "-256000\n",
                                        "1e9\n", "99999999\n", "54.0\n", "0x10\n",    "18446744073709551616\n"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct scratch_tree tree;
        struct thermal thermal;

        scratch_open(&tree);
        put_zone(&tree, 0, "cpu-thermal\n", texts[i]);
        thermal_find(&thermal, tree.root);
        assert_int_equal(thermal.sensor_count, 0);
        put_zone(&tree, 0, "cpu-thermal\n", "50000\n");
        thermal_find(&thermal, tree.root);
        put_zone(&tree, 0, "cpu-thermal\n", texts[i]); /* broke since */
        assert_true(isnan(thermal_processor_celsius(&thermal, NULL)));
        scratch_close(&tree);
    }
}

static void test_hundreds_of_sensors(void **state)
{
    struct scratch_tree tree;
    struct thermal thermal;

    (void)state;
    scratch_open(&tree);
    for (int i = 0; i < 3 * THERMAL_SENSORS_MAX; i++)
        put_zone(&tree, i, "cpu-thermal\n", "50000\n");
    scratch_write(&tree, ZONE "x/type", "cpu-thermal\n");
    thermal_find(&thermal, tree.root);
    assert_int_equal(thermal.sensor_count, THERMAL_SENSORS_MAX);
    scratch_close(&tree);
}

static void test_brakes(void **state)
{
    struct scratch_tree tree;
    struct thermal thermal;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "sys/class/thermal/cooling_device0/type", "Fan\n");
    scratch_write(&tree, "sys/class/thermal/cooling_device0/max_state", "1\n");
    scratch_write(&tree, "sys/class/thermal/cooling_device0/cur_state", "1\n");
    scratch_write(&tree, "sys/class/thermal/cooling_device1/type", "cpufreq-cpu0\n");
    scratch_write(&tree, "sys/class/thermal/cooling_device1/max_state", "8\n");
    scratch_write(&tree, "sys/class/thermal/cooling_device1/cur_state", "2\n");
    scratch_write(&tree, "sys/class/thermal/cooling_device2/type", "Processor\n");
    scratch_write(&tree, "sys/class/thermal/cooling_device2/max_state", "0\n");
    thermal_find(&thermal, tree.root);
    assert_int_equal(thermal.brake_count, 1);
    expect_close(thermal_brake_ratio(&thermal), 0.25);
    scratch_write(&tree, "sys/class/thermal/cooling_device1/cur_state", "0\n");
    expect_close(thermal_brake_ratio(&thermal), 0);
    scratch_write(&tree, "sys/class/thermal/cooling_device1/cur_state", "-1\n");
    assert_true(isnan(thermal_brake_ratio(&thermal)));
    scratch_close(&tree);
}

/* ---- clocks ------------------------------------------------------------------------------------------------------------- */

/* Two performance cores with two threads each, in two packages, and two efficient ones. */
static struct host *make_host(void)
{
    struct host *host = test_calloc(1, sizeof *host);

    host->core_kinds = 2;
    host->kinds[0].type = CORE_EFFICIENT;
    host->kinds[1].type = CORE_PERFORMANCE;
    for (unsigned i = 0; i < 6; i++) {
        host->cpus[i] = (struct host_cpu){.os_index = i, .core = i < 4 ? i / 2 : i - 2, .kind = i < 4 ? 1 : 0};
        host->cpus[i].first_of_core = i >= 4 || i % 2 == 0;
        host->cpus[i].package = i == 2 || i == 3;
    }
    host->cpu_count = host->logical_cpus = 6;
    return host;
}

static void put_cpu(const struct scratch_tree *tree, int cpu, const char *file, const char *text)
{
    char path[96];

    snprintf(path, sizeof path, CPU "%d/%s", cpu, file);
    scratch_write(tree, path, text);
}

static void test_clocks_of_kinds(void **state)
{
    struct scratch_tree tree;
    struct clocks clocks;
    struct host *host = make_host();
    double hertz[CLOCK_TYPES];

    (void)state;
    scratch_open(&tree);
    clocks_find(&clocks, host, tree.root);
    clocks_read_hertz(&clocks, hertz);
    assert_true(isnan(hertz[CORE_PERFORMANCE]) && isnan(hertz[CORE_EFFICIENT]));
    put_cpu(&tree, 0, "cpufreq/scaling_cur_freq", "4000000\n");
    put_cpu(&tree, 1, "cpufreq/scaling_cur_freq", "1000000\n"); /* the same core once more */
    put_cpu(&tree, 2, "cpufreq/scaling_cur_freq", "4400000\n");
    put_cpu(&tree, 4, "cpufreq/scaling_cur_freq", "2000000\n");
    put_cpu(&tree, 5, "cpufreq/scaling_cur_freq", "<unknown>\n");
    clocks_read_hertz(&clocks, hertz);
    expect_close(hertz[CORE_PERFORMANCE], 4.2e9);
    expect_close(hertz[CORE_EFFICIENT], 2e9);
    assert_true(isnan(hertz[CORE_MIDDLE]) && isnan(hertz[CORE_LOW_POWER]));
    test_free(host);
    scratch_close(&tree);
}

static void test_throttle_counts(void **state)
{
    struct scratch_tree tree;
    struct clocks clocks;
    struct host *host = make_host();

    (void)state;
    scratch_open(&tree);
    clocks_find(&clocks, host, tree.root);
    assert_true(isnan(clocks_throttle_count(&clocks)));
    for (int i = 0; i < 6; i++) {
        put_cpu(&tree, i, "thermal_throttle/core_throttle_count", i < 2 ? "12\n" : "0\n");
        put_cpu(&tree, i, "thermal_throttle/package_throttle_count", i == 2 || i == 3 ? "5\n" : "31\n");
    }
    expect_close(clocks_throttle_count(&clocks), 12 + 31 + 5); /* one core, each package once */
    put_cpu(&tree, 0, "thermal_throttle/core_throttle_count", "many\n");
    expect_close(clocks_throttle_count(&clocks), 31 + 5);
    test_free(host);
    scratch_close(&tree);
}

static void test_more_cores_than_are_read(void **state)
{
    struct host *host = test_calloc(1, sizeof *host);
    struct clocks clocks;

    (void)state;
    for (unsigned i = 0; i < 192; i++)
        host->cpus[host->cpu_count++] = (struct host_cpu){.os_index = i, .core = i, .kind = -1, .first_of_core = true};
    clocks_find(&clocks, host, "/nowhere");
    assert_int_equal(clocks.count, 64);
    assert_int_equal(clocks.clocks[63].cpu, 189);
    test_free(host);
}

static void test_policy(void **state)
{
    struct scratch_tree tree;
    struct clock_policy policy;

    (void)state;
    scratch_open(&tree);
    clocks_read_policy(&policy, tree.root);
    assert_int_equal(policy.turbo, -1);
    assert_true(isnan(policy.power_limit_watts));
    assert_string_equal(policy.governor, "");
    scratch_write(&tree, "sys/devices/system/cpu/cpufreq/boost", "1\n");
    clocks_read_policy(&policy, tree.root);
    assert_int_equal(policy.turbo, 1);
    scratch_write(&tree, "sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"); /* the opposite sense */
    scratch_write(&tree, CPU "0/cpufreq/scaling_governor", "powersave\n");
    scratch_write(&tree, CPU "0/cpufreq/energy_performance_preference", "balance_power\n");
    scratch_write(&tree, "sys/firmware/acpi/platform_profile", "low-power\n");
    scratch_write(&tree, "sys/class/powercap/intel-rapl:0/constraint_0_name", "long_term\n");
    scratch_write(&tree, "sys/class/powercap/intel-rapl:0/constraint_0_power_limit_uw", "28000000\n");
    clocks_read_policy(&policy, tree.root);
    assert_int_equal(policy.turbo, 0);
    assert_string_equal(policy.turbo_on, "0");
    assert_string_equal(policy.governor, "powersave");
    assert_string_equal(policy.preference, "balance_power");
    assert_string_equal(policy.profile, "low-power");
    expect_close(policy.power_limit_watts, 28);
    scratch_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_the_processor_among_others),
        cmocka_unit_test(test_the_hottest_cluster_of_a_board),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_hundreds_of_sensors),
        cmocka_unit_test(test_brakes),
        cmocka_unit_test(test_clocks_of_kinds),
        cmocka_unit_test(test_throttle_counts),
        cmocka_unit_test(test_more_cores_than_are_read),
        cmocka_unit_test(test_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
