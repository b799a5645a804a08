/* Energy sources that are files: batteries, hwmon, the Pixel's rails. There is no such hardware here: the files are written for the
 * test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/energy_source.h"

extern const struct energy_ops energy_battery, energy_hwmon, energy_odpm;

/* ---- batteries --------------------------------------------------------------------------------------------------- */

#define BAT0  "sys/class/power_supply/BAT0"
#define BAT1  "sys/class/power_supply/BAT1"
#define MAINS "sys/class/power_supply/ADP1"

static void write_battery(const struct scratch_tree *tree, const char *folder)
{
    write_in(tree, folder, "type", "Battery\n");
    write_in(tree, folder, "status", "Discharging\n");
}

static void test_battery_of_energy(void **state)
{
    struct scratch_tree tree;
    struct source battery;

    (void)state;
    scratch_open(&tree);
    write_battery(&tree, BAT0);
    write_in(&tree, BAT0, "power_now", "11873000\n");
    write_in(&tree, BAT0, "energy_now", "48210000\n");
    battery = source_open(&energy_battery, &tree, NULL);
    assert_int_equal(battery.found.count, 2);
    assert_true(battery.found.channels[0].power && battery.found.channels[0].whole);
    expect_near(source_read(&battery, "battery"), 11.873, 1e-9);
    expect_near(source_read(&battery, "battery-charge"), 0, 0);
    write_in(&tree, BAT0, "energy_now", "48200000\n"); /* 10 mWh */
    expect_near(source_read(&battery, "battery-charge"), 36, 1e-9);
    write_in(&tree, BAT0, "energy_now", "48300000\n");
    source_fails(&battery, "battery-charge", "rose");
    write_in(&tree, BAT0, "energy_now", "48290000\n");
    expect_near(source_read(&battery, "battery-charge"), 72, 1e-9);
    source_close(&battery);
    scratch_close(&tree);
}

/* The same current, told with either sign. */
static void test_battery_of_charge(void **state)
{
    static const char *const currents[] = {"1021000\n", "-1021000\n"};
    struct scratch_tree tree;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct source battery;
        scratch_open(&tree);
        write_battery(&tree, BAT1);
        write_in(&tree, BAT1, "current_now", currents[i]);
        write_in(&tree, BAT1, "voltage_now", "15480000\n");
        write_in(&tree, BAT1, "charge_now", "3880000\n");
        battery = source_open(&energy_battery, &tree, NULL);
        expect_near(source_read(&battery, "battery"), 1.021 * 15.48, 1e-9);
        write_in(&tree, BAT1, "charge_now", "3879000\n"); /* 1 mAh */
        expect_near(source_read(&battery, "battery-charge"), 3.6 * 15.48, 1e-6);
        source_close(&battery);
        scratch_close(&tree);
    }
}

static void test_two_batteries(void **state)
{
    struct scratch_tree tree;
    struct source battery;

    (void)state;
    scratch_open(&tree);
    write_battery(&tree, BAT0);
    write_in(&tree, BAT0, "power_now", "4000000\n");
    write_in(&tree, BAT0, "energy_now", "9\n");
    write_battery(&tree, BAT1);
    write_in(&tree, BAT1, "power_now", "3000000\n");
    battery = source_open(&energy_battery, &tree, NULL);
    assert_int_equal(battery.found.count, 1); /* only one of them tells its charge */
    expect_near(source_read(&battery, "battery"), 7, 1e-9);
    source_close(&battery);
    scratch_close(&tree);
}

static void test_battery_must_discharge(void **state)
{
    struct scratch_tree tree;
    struct source battery;

    (void)state;
    scratch_open(&tree);
    expect_refusal(&energy_battery, &tree, STATUS_UNSUPPORTED, "sys/class/power_supply");
    write_battery(&tree, "sys/class/power_supply/mouse");
    write_in(&tree, "sys/class/power_supply/mouse", "scope", "Device\n");
    write_in(&tree, "sys/class/power_supply/mouse", "power_now", "5\n");
    expect_refusal(&energy_battery, &tree, STATUS_UNSUPPORTED, "none in");
    write_battery(&tree, BAT0);
    write_in(&tree, BAT0, "status", "Charging\n");
    write_in(&tree, BAT0, "power_now", "5000000\n");
    expect_refusal(&energy_battery, &tree, STATUS_UNSUPPORTED, "unplug mains");
    write_in(&tree, BAT0, "status", "Discharging\n");
    write_in(&tree, MAINS, "type", "Mains\n");
    write_in(&tree, MAINS, "online", "1\n");
    expect_refusal(&energy_battery, &tree, STATUS_IO, "mains");
    write_in(&tree, MAINS, "online", "0\n");
    battery = source_open(&energy_battery, &tree, NULL);
    source_read(&battery, "battery");
    write_in(&tree, MAINS, "online", "1\n");
    source_fails(&battery, "battery", "mains");
    write_in(&tree, MAINS, "online", "0\n");
    write_in(&tree, BAT0, "status", "Not charging\n");
    source_fails(&battery, "battery", "not discharging");
    source_close(&battery);
    scratch_close(&tree);
}

static void test_battery_garbage(void **state)
{
    static const char *const garbage[] = {"", "\n", "--5\n", "five\n", "5 5\n", "18446744073709551616\n", "\xff\xff\n"};
    struct scratch_tree tree;

    (void)state;
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        struct source battery;
        scratch_open(&tree);
        write_battery(&tree, BAT0);
        write_in(&tree, BAT0, "power_now", garbage[i]);
        expect_refusal(&energy_battery, &tree, STATUS_IO, "neither power nor charge");
        write_in(&tree, BAT0, "power_now", "5000000\n");
        battery = source_open(&energy_battery, &tree, NULL);
        write_in(&tree, BAT0, "power_now", garbage[i]);
        source_fails(&battery, "battery", "power_now");
        source_close(&battery);
        scratch_close(&tree);
    }
}

/* ---- hwmon ------------------------------------------------------------------------------------------------------- */

#define HWMON(n) "sys/class/hwmon/hwmon" #n

static void write_rail(const struct scratch_tree *tree, const char *folder, int number, const char *label,
                       const char *millivolts, const char *milliamperes)
{
    char file[32];

    snprintf(file, sizeof file, "in%d_label", number);
    write_in(tree, folder, file, label);
    snprintf(file, sizeof file, "in%d_input", number);
    write_in(tree, folder, file, millivolts);
    snprintf(file, sizeof file, "curr%d_input", number);
    write_in(tree, folder, file, milliamperes);
}

static void test_rails_with_a_total(void **state)
{
    struct scratch_tree tree;
    struct source hwmon;

    (void)state;
    scratch_open(&tree);
    write_in(&tree, HWMON(1), "name", "ina3221\n");
    write_in(&tree, HWMON(1), "update_interval", "140\n");
    write_rail(&tree, HWMON(1), 1, "VDD_IN\n", "19008\n", "536\n");
    write_rail(&tree, HWMON(1), 2, "VDD_CPU_GPU_CV\n", "19000\n", "212\n");
    write_rail(&tree, HWMON(1), 3, "VDD_SOC\n", "19000\n", "-118\n");
    write_rail(&tree, HWMON(1), 7, "Sum of shunt voltages\n", "4330\n", "866\n");
    hwmon = source_open(&energy_hwmon, &tree, NULL);
    assert_int_equal(hwmon.found.count, 3);
    assert_string_equal(hwmon.found.channels[0].name, "hwmon-VDD_IN");
    assert_true(hwmon.found.channels[0].whole && hwmon.found.channels[0].scope == SCOPE_BOARD);
    expect_near(hwmon.found.channels[0].refresh_seconds, 0.14, 1e-12);
    expect_near(source_read(&hwmon, "hwmon-VDD_IN"), 10.188288, 1e-9);
    expect_near(source_read(&hwmon, "hwmon-VDD_CPU_GPU_CV"), 4.028, 1e-9);
    expect_near(source_read(&hwmon, "hwmon-VDD_SOC"), -2.242, 1e-9);
    assert_false(hwmon.found.channels[1].whole);
    source_close(&hwmon);
    scratch_close(&tree);
}

static void test_rails_without_a_total(void **state)
{
    struct scratch_tree tree;
    struct source hwmon;

    (void)state;
    scratch_open(&tree);
    write_in(&tree, HWMON(2), "name", "ina3221\n");
    write_rail(&tree, HWMON(2), 1, "VDD_GPU_SOC\n", "5000\n", "1000\n");
    write_rail(&tree, HWMON(2), 2, "VDD_CPU_CV\n", "5000\n", "400\n");
    write_rail(&tree, HWMON(2), 3, "VIN_SYS_5V0\n", "5000\n", "600\n");
    write_in(&tree, HWMON(3), "name", "ina3221\n");
    write_rail(&tree, HWMON(3), 1, "NC\n", "5000\n", "9000\n");
    write_rail(&tree, HWMON(3), 2, "VDDQ_VDD2_1V8AO\n", "5000\n", "200\n");
    hwmon = source_open(&energy_hwmon, &tree, NULL);
    assert_int_equal(hwmon.found.count, 5);
    expect_near(source_read(&hwmon, "hwmon-rails"), 11, 1e-9);
    scratch_remove(&tree, HWMON(3) "/curr2_input");
    source_fails(&hwmon, "hwmon-rails", "curr2_input");
    source_close(&hwmon);
    scratch_close(&tree);
}

static void test_chips(void **state)
{
    struct scratch_tree tree;
    struct source hwmon;

    (void)state;
    scratch_open(&tree);
    write_in(&tree, HWMON(0), "name", "amdgpu\n");
    write_in(&tree, HWMON(0), "power1_average", "21450000\n");
    write_in(&tree, HWMON(0), "power1_label", "PPT\n");
    write_in(&tree, HWMON(1), "name", "xe\n");
    write_in(&tree, HWMON(1), "energy1_input", "1000\n");
    write_in(&tree, HWMON(1), "energy2_input", "5000000\n");
    write_in(&tree, HWMON(1), "energy2_label", "pkg\n");
    write_in(&tree, HWMON(1), "power1_input", "77\n"); /* the counter is the better one */
    write_in(&tree, HWMON(2), "name", "power_meter\n");
    write_in(&tree, HWMON(2), "power1_average", "213000000\n");
    write_in(&tree, HWMON(2), "power1_average_interval", "4000\n");
    write_in(&tree, HWMON(3), "name", "BAT0\n");
    write_in(&tree, HWMON(3), "power1_input", "5000000\n");
    write_battery(&tree, BAT0);
    write_in(&tree, HWMON(4), "name", "amdgpu\n");
    write_in(&tree, HWMON(4), "power1_average", "1\n");
    write_in(&tree, HWMON(4), "power1_label", "PPT\n");
    hwmon = source_open(&energy_hwmon, &tree, NULL);
    assert_int_equal(hwmon.found.count, 5);
    assert_string_equal(hwmon.found.channels[0].name, "hwmon-power_meter-1"); /* the whole machine first */
    assert_true(hwmon.found.channels[0].whole);
    expect_near(hwmon.found.channels[0].refresh_seconds, 4, 1e-12);
    expect_near(source_read(&hwmon, "hwmon-power_meter-1"), 213, 1e-9);
    expect_near(source_read(&hwmon, "hwmon-amdgpu-PPT"), 21.45, 1e-9);
    expect_near(source_read(&hwmon, "hwmon-amdgpu-PPT-2"), 1e-6, 1e-12);
    assert_false(hwmon.found.channels[source_channel(&hwmon, "hwmon-amdgpu-PPT")].whole);
    expect_near(source_read(&hwmon, "hwmon-xe-1"), 0, 0);
    write_in(&tree, HWMON(1), "energy2_input", "7500000\n");
    expect_near(source_read(&hwmon, "hwmon-xe-pkg"), 2.5, 1e-9);
    write_in(&tree, HWMON(1), "energy2_input", "500000\n");
    source_fails(&hwmon, "hwmon-xe-pkg", "set back");
    write_in(&tree, HWMON(1), "energy2_input", "1500000\n");
    expect_near(source_read(&hwmon, "hwmon-xe-pkg"), 3.5, 1e-9);
    source_close(&hwmon);
    scratch_close(&tree);
}

static void test_hwmon_refusals(void **state)
{
    struct scratch_tree tree;

    (void)state;
    scratch_open(&tree);
    expect_refusal(&energy_hwmon, &tree, STATUS_UNSUPPORTED, "no power or energy in /sys/class/hwmon");
    write_in(&tree, HWMON(0), "name", "coretemp\n");
    write_in(&tree, HWMON(0), "temp1_input", "40000\n");
    expect_refusal(&energy_hwmon, &tree, STATUS_UNSUPPORTED, "no power or energy");
    write_in(&tree, HWMON(1), "name", "amdgpu\n");
    write_in(&tree, HWMON(1), "power1_average", "garbage\n");
    expect_refusal(&energy_hwmon, &tree, STATUS_IO, "cannot be read");
    scratch_close(&tree);
}

/* ---- the Pixel's rails ------------------------------------------------------------------------------------------- */

#define ODPM(n) "sys/bus/iio/devices/iio:device" #n

static void test_odpm(void **state)
{
    struct scratch_tree tree;
    struct source odpm;

    (void)state;
    scratch_open(&tree);
    write_in(&tree, ODPM(0), "name", "s2mpg10-odpm\n");
    write_in(&tree, ODPM(0), "energy_value",
             "t=473848\nCH0(T=473848)[S10M_VDD_TPU], 3161249\nCH4(T=473848)[S2M_VDD_CPUCL2], 91822310\n"
             "CH5(T=473848)[S3M_VDD_CPUCL1], 40331872\n");
    write_in(&tree, ODPM(1), "name", "s2mpg11-odpm\n"); /* the form of older kernels */
    write_in(&tree, ODPM(1), "energy_value", "473849\nS2S_VDD_G3D, 8822013\nVSYS_PWR_DISPLAY, 701923400\n");
    odpm = source_open(&energy_odpm, &tree, NULL);
    assert_string_equal(odpm.found.channels[0].name, "odpm-cpu");
    assert_true(odpm.found.channels[0].whole && odpm.found.channels[0].scope == SCOPE_CORE);
    assert_int_equal(odpm.found.count, 3);
    expect_near(source_read(&odpm, "odpm-cpu"), 0, 0);
    write_in(&tree, ODPM(0), "energy_value",
             "t=474848\nCH0(T=474848)[S10M_VDD_TPU], 3161250\nCH4(T=474848)[S2M_VDD_CPUCL2], 92822310\n"
             "CH5(T=474848)[S3M_VDD_CPUCL1], 40831872\n");
    write_in(&tree, ODPM(1), "energy_value", "474849\nS2S_VDD_G3D, 8922013\nVSYS_PWR_DISPLAY, 801923400\n");
    expect_near(source_read(&odpm, "odpm-cpu"), 1.5, 1e-9);
    expect_near(source_read(&odpm, "odpm-gpu"), 0.1, 1e-9);
    write_in(&tree, ODPM(0), "energy_value", "t=5\nCH4(T=5)[S2M_VDD_CPUCL2], 10\n");
    source_fails(&odpm, "odpm-cpu", "S2M_VDD_CPUCL2 was set back");
    scratch_remove(&tree, ODPM(1) "/energy_value");
    source_fails(&odpm, "odpm-cpu", "energy_value");
    source_close(&odpm);
    scratch_close(&tree);
}

static void test_odpm_refusals(void **state)
{
    struct scratch_tree tree;

    (void)state;
    scratch_open(&tree);
    expect_refusal(&energy_odpm, &tree, STATUS_UNSUPPORTED, "sys/bus/iio/devices");
    write_in(&tree, ODPM(0), "name", "s2mpg10-odpm\n");
    expect_refusal(&energy_odpm, &tree, STATUS_IO, "energy_value");
    write_in(&tree, ODPM(0), "energy_value", "");
    expect_refusal(&energy_odpm, &tree, STATUS_IO, "empty");
    write_in(&tree, ODPM(0), "energy_value",
             "\xff\xfe,,,\n[, -5\nS2M_VDD_CPUCL2, -7\nS2M_VDD_CPUCL2, 99999999999999999999\n");
    expect_refusal(&energy_odpm, &tree, STATUS_UNSUPPORTED, "no odpm");
    scratch_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_battery_of_energy),     cmocka_unit_test(test_battery_of_charge),
        cmocka_unit_test(test_two_batteries),         cmocka_unit_test(test_battery_must_discharge),
        cmocka_unit_test(test_battery_garbage),       cmocka_unit_test(test_rails_with_a_total),
        cmocka_unit_test(test_rails_without_a_total), cmocka_unit_test(test_chips),
        cmocka_unit_test(test_hwmon_refusals),        cmocka_unit_test(test_odpm),
        cmocka_unit_test(test_odpm_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
