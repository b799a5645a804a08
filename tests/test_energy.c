/* devices/energy and its RAPL source: sums, wraps, counters set back, missing and unreadable files, integration. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/energy_source.h"

#define ZONE  "sys/class/powercap/intel-rapl:"
#define RANGE "262143328850"

extern const struct energy_ops energy_rapl;

static void write_zone(const struct scratch_tree *tree, const char *number, const char *name, const char *energy_uj)
{
    char path[128];

    snprintf(path, sizeof path, ZONE "%s/name", number);
    scratch_write(tree, path, name);
    snprintf(path, sizeof path, ZONE "%s/energy_uj", number);
    scratch_write(tree, path, energy_uj);
    snprintf(path, sizeof path, ZONE "%s/max_energy_range_uj", number);
    scratch_write(tree, path, RANGE "\n");
}

static enum status refusal(const char *root, struct error *error)
{
    struct energy_found found;

    return source_refusal(&energy_rapl, root, &found, error);
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static void test_counts_and_wraps(void **state)
{
    struct scratch_tree tree;
    struct source rapl;

    (void)state;
    scratch_open(&tree);
    write_zone(&tree, "0", "package-0\n", "262143000000\n");
    rapl = source_open(&energy_rapl, &tree, NULL);
    expect_near(source_read(&rapl, "rapl"), 0, 1e-9);
    scratch_write(&tree, ZONE "0/energy_uj", "262143328000\n");
    expect_near(source_read(&rapl, "rapl"), 0.328, 1e-9);
    scratch_write(&tree, ZONE "0/energy_uj", "41150\n");
    expect_near(source_read(&rapl, "rapl"), 0.328 + 0.042, 1e-9);
    expect_near(source_read(&rapl, "rapl"), 0.370, 1e-9); /* stands still */
    source_close(&rapl);
    scratch_close(&tree);
}

static void test_packages_are_added(void **state)
{
    struct scratch_tree tree;
    struct source rapl;

    (void)state;
    scratch_open(&tree);
    write_zone(&tree, "0", "package-0\n", "1000000\n");
    write_zone(&tree, "0:0", "core\n", "0\n");
    write_zone(&tree, "2:0", "core\n", "0\n");
    write_zone(&tree, "0:2", "dram\n", "0\n");
    scratch_write(&tree, ZONE "0:2/energy_uj", "broken\n"); /* a part that cannot be read is left out */
    write_zone(&tree, "0:1", "package-9\n", "0\n");         /* a part, whatever it is called */
    write_zone(&tree, "1", "psys\n", "0\n");
    write_zone(&tree, "2", "package-1\n", "2000000\n");
    write_zone(&tree, "3", "package-1\n", "2000000\n"); /* the same package once more */
    scratch_write(&tree, "sys/class/powercap/intel-rapl-mmio:0/name", "package-2\n");
    scratch_write(&tree, "sys/class/powercap/intel-rapl-mmio:0/energy_uj", "0\n");
    scratch_write(&tree, "sys/class/powercap/intel-rapl-mmio:0/max_energy_range_uj", RANGE "\n");
    rapl = source_open(&energy_rapl, &tree, NULL);
    scratch_write(&tree, ZONE "0:0/energy_uj", "77000000\n");
    scratch_write(&tree, ZONE "0:1/energy_uj", "77000000\n");
    scratch_write(&tree, ZONE "1/energy_uj", "77000000\n");
    scratch_write(&tree, "sys/class/powercap/intel-rapl-mmio:0/energy_uj", "77000000\n");
    scratch_write(&tree, ZONE "0/energy_uj", "1500000\n");
    scratch_write(&tree, ZONE "2/energy_uj", "2250000\n");
    scratch_write(&tree, ZONE "3/energy_uj", "2250000\n");
    scratch_write(&tree, ZONE "2:0/energy_uj", "1000000\n");
    assert_int_equal(rapl.found.count, 3);
    expect_near(source_read(&rapl, "rapl"), 0.75, 1e-9);
    expect_near(source_read(&rapl, "rapl-core"), 78, 1e-9);
    expect_near(source_read(&rapl, "rapl-psys"), 77, 1e-9);
    assert_true(rapl.found.channels[0].whole && rapl.found.channels[0].scope == SCOPE_PACKAGE);
    assert_false(rapl.found.channels[source_channel(&rapl, "rapl-core")].whole);
    source_close(&rapl);
    scratch_close(&tree);
}

static void test_two_packages(void **state)
{
    struct scratch_tree tree;
    struct source rapl;

    (void)state;
    scratch_open(&tree);
    write_zone(&tree, "0", "package-0-die-0\n", "100\n");
    write_zone(&tree, "1", "package-0-die-1\n", "200\n");
    rapl = source_open(&energy_rapl, &tree, NULL);
    scratch_write(&tree, ZONE "0/energy_uj", "1000100\n");
    scratch_write(&tree, ZONE "1/energy_uj", "2000200\n");
    expect_near(source_read(&rapl, "rapl"), 3, 1e-9);
    expect_near(rapl.found.channels[0].step_joules, 2 * 61.035e-6, 1e-8); /* Intel counts in units of 2⁻¹⁴ J */
    assert_true(rapl.found.channels[0].refresh_seconds > 0 && rapl.found.channels[0].refresh_seconds < 0.1);
    source_close(&rapl);
    scratch_close(&tree);
}

static void test_counter_set_back(void **state)
{
    struct scratch_tree tree;
    struct source rapl;

    (void)state;
    scratch_open(&tree);
    write_zone(&tree, "0", "package-0\n", "5000000\n");
    rapl = source_open(&energy_rapl, &tree, NULL);
    scratch_write(&tree, ZONE "0/energy_uj", "6000000\n");
    expect_near(source_read(&rapl, "rapl"), 1, 1e-9);
    /* back by little: a wrap would be nearly the whole range */
    scratch_write(&tree, ZONE "0/energy_uj", "5999000\n");
    source_fails(&rapl, "rapl", "set back from 6000000 to 5999000");
    /* the lost stretch is not counted, the next one is */
    scratch_write(&tree, ZONE "0/energy_uj", "7999000\n");
    expect_near(source_read(&rapl, "rapl"), 3, 1e-9);
    /* from beyond its own range there is no telling */
    scratch_write(&tree, ZONE "0/energy_uj", "262143328853\n");
    source_read(&rapl, "rapl");
    scratch_write(&tree, ZONE "0/energy_uj", "5\n");
    source_fails(&rapl, "rapl", "set back");
    source_close(&rapl);
    scratch_close(&tree);
}

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

static void test_absent(void **state)
{
    struct scratch_tree tree;
    struct error error = {.text = ""};

    (void)state;
    scratch_open(&tree);
    assert_int_equal(refusal(tree.root, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "sys/class/powercap"));
    write_zone(&tree, "0", "unknown\n", "5\n");
    write_zone(&tree, "0:", "core\n", "5\n");
    write_zone(&tree, "0:0:0", "core\n", "5\n");
    write_zone(&tree, "x", "package-0\n", "5\n");
    write_zone(&tree, "", "package-0\n", "5\n");
    assert_int_equal(refusal(tree.root, &error), STATUS_UNSUPPORTED);
    scratch_close(&tree);
}

static void test_broken_files(void **state)
{
    static const char *const contents[] = {"",      "\n",   "-5\n", "five\n", "1 2\n", "18446744073709551616\n",
                                           "0x5\n", "5.0\n"};
    struct scratch_tree tree;
    struct error error;
    struct source rapl;

    (void)state;
    scratch_open(&tree);
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        error.text[0] = '\0';
        write_zone(&tree, "0", "package-0\n", contents[i]);
        assert_int_equal(refusal(tree.root, &error), STATUS_IO);
        assert_non_null(strstr(error.text, "energy_uj"));
        write_zone(&tree, "0", "package-0\n", "5\n");
        rapl = source_open(&energy_rapl, &tree, NULL);
        scratch_write(&tree, ZONE "0/energy_uj", contents[i]);
        source_fails(&rapl, "rapl", "energy_uj");
        source_close(&rapl);
        scratch_write(&tree, ZONE "0/max_energy_range_uj", contents[i]);
        assert_int_equal(refusal(tree.root, &error), STATUS_IO);
    }
    write_zone(&tree, "0", "package-0\n", "5\n");
    scratch_write(&tree, ZONE "0/max_energy_range_uj", "0\n");
    assert_int_equal(refusal(tree.root, &error), STATUS_IO);
    scratch_remove(&tree, ZONE "0/max_energy_range_uj");
    assert_int_equal(refusal(tree.root, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "max_energy_range_uj"));
    scratch_close(&tree);
}

static void test_counter_vanishes(void **state)
{
    struct scratch_tree tree;
    struct source rapl;

    (void)state;
    scratch_open(&tree);
    write_zone(&tree, "0", "package-0\n", "5\n");
    rapl = source_open(&energy_rapl, &tree, NULL);
    scratch_remove(&tree, ZONE "0/energy_uj");
    source_fails(&rapl, "rapl", "No such file");
    source_close(&rapl);
    scratch_close(&tree);
}

static void test_no_permission(void **state)
{
    struct scratch_tree tree;
    struct energy_state look;
    char path[PATH_MAX];
    uid_t user = geteuid();
    struct energy_setting here = {.recorded = true};

    (void)state;
    scratch_open(&tree);
    here.root = tree.root;
    write_zone(&tree, "0", "package-0\n", "5\n");
    scratch_path(&tree, ZONE "0/energy_uj", path, sizeof path);
    chmod(path, 0);
    if (user == 0 && seteuid(65534) != 0) { /* root reads everything */
        scratch_close(&tree);
        skip();
    }
    energy_look(&look, &energy_rapl, &here);
    if (user == 0)
        assert_int_equal(seteuid(0), 0);
    scratch_close(&tree);
    assert_string_equal(look.word, "no permission");
    assert_non_null(strstr(look.reason, "energy_uj"));
    assert_non_null(strstr(look.reason, "run as root"));
    assert_non_null(strstr(look.reason, "udev"));
}

/* ---- all sources together ---------------------------------------------------------------------------------------- */

static struct energy *open_all(const char *root, const char *meter)
{
    struct energy *energy = energy_open(&(struct energy_setting){.root = root, .recorded = true, .meter = meter});

    assert_non_null(energy);
    return energy;
}

static void test_first_whole_channel_is_preferred(void **state)
{
    struct energy *energy = open_all("tests/machines/dual-server", NULL);
    struct energy_mark first, second;
    struct error error = {.text = ""};
    double joules, seconds;

    (void)state;
    assert_int_equal(energy_preferred(energy), 0);
    assert_string_equal(energy_reason(energy), "");
    assert_string_equal(energy_channel(energy, 0).name, "rapl");
    assert_string_equal(energy_scope_name(energy_channel(energy, 0).scope), "package");
    energy_read(energy, &first);
    energy_read(energy, &second);
    assert_int_equal(energy_between(energy, 0, &first, &second, &joules, &seconds, &error), STATUS_OK);
    expect_near(joules, 0, 0);
    assert_true(seconds >= 0);
    energy_close(energy);
    energy_close(NULL);
}

static void test_no_source(void **state)
{
    static const char *const looked_for[] = {
        "rapl: ",     "sys/class/powercap", "perf: ", "battery: ", "sys/class/power_supply",
        "hwmon: ",    "sys/class/hwmon",    "odpm: ", "nvml: ",    "meter: ",
        "sys/bus/iio"};
    struct energy *energy = open_all("tests/machines/vm-bare", NULL);

    (void)state;
    assert_int_equal(energy_count(energy), 0);
    assert_int_equal(energy_preferred(energy), 0);
    for (size_t i = 0; i < sizeof looked_for / sizeof *looked_for; i++)
        if (!strstr(energy_reason(energy), looked_for[i]))
            fail_msg("'%s' lacks '%s'", energy_reason(energy), looked_for[i]);
    energy_close(energy);
}

/* A power that stays is power times time; a lost stretch is told, and the next one counts. */
static void test_power_is_integrated(void **state)
{
    struct scratch_tree tree;
    struct energy_mark marks[3];
    struct error error = {.text = ""};
    struct energy *energy;
    double joules, seconds;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "sys/class/hwmon/hwmon0/name", "power_meter\n");
    scratch_write(&tree, "sys/class/hwmon/hwmon0/power1_average", "12500000\n");
    energy = open_all(tree.root, NULL);
    energy_read(energy, &marks[0]);
    usleep(250000);
    energy_read(energy, &marks[1]);
    assert_int_equal(energy_between(energy, 0, &marks[0], &marks[1], &joules, &seconds, &error), STATUS_OK);
    expect_near(joules, 12.5 * seconds, 1e-9);
    assert_true(seconds >= 0.25);
    scratch_write(&tree, "sys/class/hwmon/hwmon0/power1_average", "0\n");
    energy_read(energy, &marks[2]);
    assert_int_equal(energy_between(energy, 0, &marks[1], &marks[2], &joules, &seconds, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "0 W"));
    scratch_write(&tree, "sys/class/hwmon/hwmon0/power1_average", "99999999999\n");
    energy_read(energy, &marks[0]);
    usleep(1000);
    energy_read(energy, &marks[1]);
    assert_int_equal(energy_between(energy, 0, &marks[0], &marks[1], &joules, &seconds, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "no power that a device has"));
    energy_close(energy);
    scratch_close(&tree);
}

static void test_counter_that_stands_still_is_not_believed(void **state)
{
    struct scratch_tree tree;
    struct energy_state look;

    (void)state;
    scratch_open(&tree);
    write_zone(&tree, "0", "package-0\n", "5\n");
    energy_look(&look, &energy_rapl, &(struct energy_setting){.root = tree.root});
    scratch_close(&tree);
    assert_string_equal(look.word, "absent");
    assert_non_null(strstr(look.reason, "stands still under load"));
}

static void test_error_estimate(void **state)
{
    struct energy_channel channel = {.refresh_seconds = 0.1, .step_joules = 0.5, .gain_ratio = 0.01};

    (void)state;
    expect_near(energy_error_ratio(&channel, 100, 10), 0.01 + 0.02 + 0.01, 1e-12);
}

static void test_scope_names(void **state)
{
    (void)state;
    for (int scope = SCOPE_WALL; scope <= SCOPE_DEVICE; scope++)
        for (int other = SCOPE_WALL; other < scope; other++)
            assert_string_not_equal(energy_scope_name((enum energy_scope)scope),
                                    energy_scope_name((enum energy_scope)other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_wraps),
        cmocka_unit_test(test_packages_are_added),
        cmocka_unit_test(test_two_packages),
        cmocka_unit_test(test_counter_set_back),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_broken_files),
        cmocka_unit_test(test_counter_vanishes),
        cmocka_unit_test(test_no_permission),
        cmocka_unit_test(test_first_whole_channel_is_preferred),
        cmocka_unit_test(test_no_source),
        cmocka_unit_test(test_power_is_integrated),
        cmocka_unit_test(test_counter_that_stands_still_is_not_believed),
        cmocka_unit_test(test_error_estimate),
        cmocka_unit_test(test_scope_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
