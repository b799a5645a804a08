/* devices/sensors: /proc/stat, pressure, quota, throttling as recorded, short or broken, and what two readings make. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "devices/sensors.h"
#include "tests/scratch_tree.h"

static void expect_close(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-9))
        fail_msg("%.12g is not %.12g", value, expected);
}

static void read_root(struct sensors *sensors, const char *root)
{
    struct sensor_set set;

    sensors_find(&set, NULL, root);
    sensors_read(sensors, &set);
}

static void test_recorded(void **state)
{
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    struct sensors sensors;

    (void)state;
    read_root(&sensors, "tests/machines/vm-bare");
    expect_close(sensors.steal_seconds, 1304 * tick);
    expect_close(sensors.busy_seconds, (143028 + 1159 + 17360 + 0 + 102 + 1304) * tick);
    expect_close(sensors.processors, 2);
    assert_true(sensors.own_seconds >= 0);
    assert_true(sensors.wall_seconds > 0);
}

static void test_live(void **state)
{
    struct sensors before, after;
    struct noise noise;

    (void)state;
    sensors_read(&before, NULL);
    sensors_read(&after, NULL);
    noise = sensors_noise(&before, &after);
    assert_true(before.processors >= 1);
    assert_true(after.wall_seconds >= before.wall_seconds);
    assert_true(after.busy_seconds >= before.busy_seconds);
    assert_true(noise.major_faults_count >= 0);
}

static void read_text(struct sensors *sensors, const char *text)
{
    struct scratch_tree tree;

    scratch_open(&tree);
    if (text)
        scratch_write(&tree, "proc/stat", text);
    read_root(sensors, tree.root);
    scratch_close(&tree);
}

static void test_unknown(void **state)
{
    /* without the stolen time the busy time is not known either: an old kernel's line is short */
    static const char *const texts[] = {NULL,
                                        "",
                                        "\n",
                                        "cpu",
                                        "cpu \n",
                                        "cpu  1 2 3 4 5 6 7\n",
                                        "cpu  1 2 3 x 5 6 7 8\n",
                                        "cpu  1 2 3 -4 5 6 7 8\n",
                                        "xcpu  1 2 3 4 5 6 7 8\n",
                                        "cpux 1 2 3 4 5 6 7 8\n"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct sensors sensors;

        read_text(&sensors, texts[i]);
        assert_true(isnan(sensors.steal_seconds));
        assert_true(isnan(sensors.busy_seconds));
        assert_true(isnan(sensors.processors));
        assert_false(isnan(sensors.own_seconds));
        assert_false(isnan(sensors.wall_seconds));
    }
}

static void test_processor_lines(void **state)
{
    struct sensors sensors;

    (void)state;
    read_text(&sensors, "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 1\ncpu1 1\ncpu15 1\ncpufreq 3\nintr 5");
    expect_close(sensors.processors, 3);
    expect_close(sensors.steal_seconds, 0);
}

static struct sensors reading(double wall, double steal, double busy, double own)
{
    return (struct sensors){.wall_seconds = wall,
                            .steal_seconds = steal,
                            .busy_seconds = busy,
                            .own_seconds = own,
                            .processors = 4,
                            .involuntary_switches_count = 10 * wall,
                            .major_faults_count = wall};
}

static void test_noise(void **state)
{
    struct sensors before = reading(10, 1, 20, 5), after = reading(20, 3, 50, 25);
    struct noise noise = sensors_noise(&before, &after);

    (void)state;
    expect_close(noise.steal_ratio, 2.0 / 40);
    expect_close(noise.foreign_load_ratio, (30.0 - 2 - 20) / 40);
    expect_close(noise.involuntary_switches_count, 100);
    expect_close(noise.major_faults_count, 10);
}

static void test_noise_at_the_edges(void **state)
{
    struct sensors before = reading(10, 1, 20, 5), after = reading(11, 1, 20.99, 6), unknown = reading(12, NAN, NAN, 7);
    struct noise noise = sensors_noise(&before, &after);

    (void)state;
    expect_close(noise.foreign_load_ratio, 0); /* coarse ticks, not less than nothing */
    expect_close(noise.steal_ratio, 0);
    noise = sensors_noise(&before, &unknown);
    assert_true(isnan(noise.steal_ratio));
    assert_true(isnan(noise.foreign_load_ratio));
    expect_close(noise.major_faults_count, 2);
    noise = sensors_noise(&before, &before); /* no time has passed */
    assert_true(isnan(noise.steal_ratio));
}

/* ---- pressure, quota, throttling, heat ---------------------------------------------------------------------------------- */

static void test_the_others(void **state)
{
    struct scratch_tree tree;
    struct sensors before, after;
    struct noise noise;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "proc/pressure/cpu",
                  "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0 total=7\n");
    scratch_write(&tree, "proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
    scratch_write(&tree, "proc/self/cgroup", "0::/a/b\n");
    scratch_write(&tree, "sys/fs/cgroup/a/b/cpu.stat", "usage_usec 5\nnr_periods 9\nnr_throttled 3\n");
    scratch_write(&tree, "sys/fs/cgroup/a/cpu.stat", "usage_usec 5\nnr_periods 9\nnr_throttled 4\n");
    scratch_write(&tree, "sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n");
    scratch_write(&tree, "sys/class/thermal/thermal_zone0/temp", "54000\n");
    read_root(&before, tree.root);
    expect_close(before.cpu_pressure_seconds, 2.5);
    expect_close(before.memory_pressure_seconds, 0);
    expect_close(before.cgroup_throttled_count, 7);
    expect_close(before.processor_celsius, 54);
    assert_true(isnan(before.thermal_throttle_count));
    after = before;
    after.wall_seconds = before.wall_seconds + 10;
    after.cpu_pressure_seconds = 4.5;
    after.memory_pressure_seconds = 20; /* more than has passed */
    after.cgroup_throttled_count = 9;
    after.processor_celsius = 61;
    after.suspended_seconds += 30;
    before.clock_hertz = 4e9;
    after.clock_hertz = 3e9;
    noise = sensors_noise(&before, &after);
    expect_close(noise.cpu_pressure_ratio, 0.2);
    expect_close(noise.memory_pressure_ratio, 1);
    expect_close(noise.cgroup_throttled_count, 2);
    expect_close(noise.temperature_rise_celsius, 7);
    assert_true(fabs(noise.suspended_seconds - 30) < 1e-6);
    expect_close(noise.clock_drift_ratio, 0.25);
    assert_true(isnan(noise.thermal_throttle_count));
    scratch_close(&tree);
}

static void test_counters_that_fall(void **state)
{
    struct sensors before = reading(10, 1, 20, 5), after = reading(20, 3, 50, 25);
    struct noise noise;

    (void)state;
    before.thermal_throttle_count = before.cgroup_throttled_count = before.cpu_pressure_seconds = 5;
    after.thermal_throttle_count = after.cgroup_throttled_count = after.cpu_pressure_seconds = 4;
    before.clock_hertz = after.clock_hertz = NAN;
    noise = sensors_noise(&before, &after);
    assert_true(isnan(noise.thermal_throttle_count));
    assert_true(isnan(noise.cgroup_throttled_count));
    assert_true(isnan(noise.cpu_pressure_ratio));
    assert_true(isnan(noise.clock_drift_ratio));
}

static void test_broken_pressure(void **state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "some",
                                        "some total=\n",
                                        "full avg10=0 total=3\n",
                                        "some total=x",
                                        "some total=-3",
                                        "some total=5 6",
                                        "total=5\n"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct scratch_tree tree;
        struct sensors sensors;

        scratch_open(&tree);
        scratch_write(&tree, "proc/pressure/cpu", texts[i]);
        read_root(&sensors, tree.root);
        assert_true(isnan(sensors.cpu_pressure_seconds));
        assert_true(isnan(sensors.cgroup_throttled_count));
        scratch_close(&tree);
    }
}

static void test_version_1_quota(void **state)
{
    struct scratch_tree tree;
    struct sensors sensors;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "proc/self/cgroup", "4:memory:/m\n3:cpu,cpuacct:/c\n0::/\n");
    scratch_write(&tree, "sys/fs/cgroup/cpu/c/cpu.stat", "nr_periods 9\nnr_throttled 8\nthrottled_time 1\n");
    scratch_write(&tree, "sys/fs/cgroup/memory/m/cpu.stat", "nr_throttled 100\n");
    read_root(&sensors, tree.root);
    expect_close(sensors.cgroup_throttled_count, 8);
    scratch_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded),        cmocka_unit_test(test_live),
        cmocka_unit_test(test_unknown),         cmocka_unit_test(test_processor_lines),
        cmocka_unit_test(test_noise),           cmocka_unit_test(test_noise_at_the_edges),
        cmocka_unit_test(test_the_others),      cmocka_unit_test(test_counters_that_fall),
        cmocka_unit_test(test_broken_pressure), cmocka_unit_test(test_version_1_quota),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
