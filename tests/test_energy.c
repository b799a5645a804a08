/* devices/energy and its RAPL source: sums, wraps, counters set back, missing and unreadable files. */
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

#include "devices/energy.h"
#include "tests/scratch_tree.h"

#define ZONE  "sys/class/powercap/intel-rapl:"
#define RANGE "262143328850"

extern const struct energy_ops energy_rapl;

static void expect_joules(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-9))
        fail_msg("%.12g J is not %.12g J", value, expected);
}

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

static void *open_rapl(const struct scratch_tree *tree)
{
    struct error error = {.text = ""};
    void *rapl = NULL;

    if (energy_rapl.open(&rapl, tree->root, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return rapl;
}

static double read_rapl(void *rapl)
{
    struct error error = {.text = ""};
    double joules = -1;

    if (energy_rapl.read(rapl, &joules, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return joules;
}

/* How opening a tree is refused; the text is left in `error`. */
static enum status refusal(const char *root, struct error *error)
{
    void *rapl = NULL;
    enum status status = energy_rapl.open(&rapl, root, error);

    if (status == STATUS_OK)
        energy_rapl.close(rapl);
    return status;
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static void test_counts_and_wraps(void **state)
{
    struct scratch_tree tree;
    void *rapl;

    (void)state;
    scratch_open(&tree);
    write_zone(&tree, "0", "package-0\n", "262143000000\n");
    rapl = open_rapl(&tree);
    expect_joules(read_rapl(rapl), 0);
    scratch_write(&tree, ZONE "0/energy_uj", "262143328000\n");
    expect_joules(read_rapl(rapl), 0.328);
    scratch_write(&tree, ZONE "0/energy_uj", "41150\n");
    expect_joules(read_rapl(rapl), 0.328 + 0.042);
    expect_joules(read_rapl(rapl), 0.370); /* stands still */
    energy_rapl.close(rapl);
    scratch_close(&tree);
}

static void test_packages_are_added(void **state)
{
    struct scratch_tree tree;
    void *rapl;

    (void)state;
    scratch_open(&tree);
    write_zone(&tree, "0", "package-0\n", "1000000\n");
    write_zone(&tree, "0:0", "core\n", "0\n");
    write_zone(&tree, "0:1", "package-9\n", "0\n"); /* a part, whatever it is called */
    write_zone(&tree, "1", "psys\n", "0\n");
    write_zone(&tree, "2", "package-1\n", "2000000\n");
    write_zone(&tree, "3", "package-1\n", "2000000\n"); /* the same package once more */
    scratch_write(&tree, "sys/class/powercap/intel-rapl-mmio:0/name", "package-2\n");
    scratch_write(&tree, "sys/class/powercap/intel-rapl-mmio:0/energy_uj", "0\n");
    scratch_write(&tree, "sys/class/powercap/intel-rapl-mmio:0/max_energy_range_uj", RANGE "\n");
    rapl = open_rapl(&tree);
    scratch_write(&tree, ZONE "0:0/energy_uj", "77000000\n");
    scratch_write(&tree, ZONE "0:1/energy_uj", "77000000\n");
    scratch_write(&tree, ZONE "1/energy_uj", "77000000\n");
    scratch_write(&tree, "sys/class/powercap/intel-rapl-mmio:0/energy_uj", "77000000\n");
    scratch_write(&tree, ZONE "0/energy_uj", "1500000\n");
    scratch_write(&tree, ZONE "2/energy_uj", "2250000\n");
    scratch_write(&tree, ZONE "3/energy_uj", "2250000\n");
    expect_joules(read_rapl(rapl), 0.75);
    energy_rapl.close(rapl);
    scratch_close(&tree);
}

static void test_two_packages(void **state)
{
    struct scratch_tree tree;
    double step, seconds;
    void *rapl;

    (void)state;
    scratch_open(&tree);
    write_zone(&tree, "0", "package-0-die-0\n", "100\n");
    write_zone(&tree, "1", "package-0-die-1\n", "200\n");
    rapl = open_rapl(&tree);
    scratch_write(&tree, ZONE "0/energy_uj", "1000100\n");
    scratch_write(&tree, ZONE "1/energy_uj", "2000200\n");
    expect_joules(read_rapl(rapl), 3);
    energy_rapl.resolution(rapl, &step, &seconds);
    assert_true(fabs(step - 2 * 61.035e-6) < 1e-8); /* Intel counts in units of 2⁻¹⁴ J */
    assert_true(seconds > 0 && seconds < 0.1);
    energy_rapl.close(rapl);
    scratch_close(&tree);
}

static void test_counter_set_back(void **state)
{
    struct scratch_tree tree;
    struct error error = {.text = ""};
    double joules;
    void *rapl;

    (void)state;
    scratch_open(&tree);
    write_zone(&tree, "0", "package-0\n", "5000000\n");
    rapl = open_rapl(&tree);
    scratch_write(&tree, ZONE "0/energy_uj", "6000000\n");
    expect_joules(read_rapl(rapl), 1);
    /* back by little: a wrap would be nearly the whole range */
    scratch_write(&tree, ZONE "0/energy_uj", "5999000\n");
    assert_int_equal(energy_rapl.read(rapl, &joules, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "set back"));
    assert_non_null(strstr(error.text, "5999000"));
    /* the lost stretch is not counted, the next one is */
    scratch_write(&tree, ZONE "0/energy_uj", "7999000\n");
    expect_joules(read_rapl(rapl), 3);
    /* from beyond its own range there is no telling */
    scratch_write(&tree, ZONE "0/energy_uj", "262143328853\n");
    energy_rapl.read(rapl, &joules, &error);
    scratch_write(&tree, ZONE "0/energy_uj", "5\n");
    assert_int_equal(energy_rapl.read(rapl, &joules, &error), STATUS_IO);
    energy_rapl.close(rapl);
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
    write_zone(&tree, "0", "psys\n", "5\n");
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
    double joules;
    void *rapl;

    (void)state;
    scratch_open(&tree);
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        error.text[0] = '\0';
        write_zone(&tree, "0", "package-0\n", contents[i]);
        assert_int_equal(refusal(tree.root, &error), STATUS_IO);
        assert_non_null(strstr(error.text, "energy_uj"));
        write_zone(&tree, "0", "package-0\n", "5\n");
        rapl = open_rapl(&tree);
        scratch_write(&tree, ZONE "0/energy_uj", contents[i]);
        assert_int_equal(energy_rapl.read(rapl, &joules, &error), STATUS_IO);
        energy_rapl.close(rapl);
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
    struct error error = {.text = ""};
    double joules;
    void *rapl;

    (void)state;
    scratch_open(&tree);
    write_zone(&tree, "0", "package-0\n", "5\n");
    rapl = open_rapl(&tree);
    scratch_remove(&tree, ZONE "0/energy_uj");
    assert_int_equal(energy_rapl.read(rapl, &joules, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "No such file"));
    energy_rapl.close(rapl);
    scratch_close(&tree);
}

static void test_no_permission(void **state)
{
    struct scratch_tree tree;
    struct error error = {.text = ""};
    char path[PATH_MAX];
    uid_t user = geteuid();
    enum status status;

    (void)state;
    scratch_open(&tree);
    write_zone(&tree, "0", "package-0\n", "5\n");
    scratch_path(&tree, ZONE "0/energy_uj", path, sizeof path);
    chmod(path, 0);
    if (user == 0 && seteuid(65534) != 0) { /* root reads everything */
        scratch_close(&tree);
        skip();
    }
    status = refusal(tree.root, &error);
    if (user == 0)
        assert_int_equal(seteuid(0), 0);
    scratch_close(&tree);
    assert_int_equal(status, STATUS_IO);
    assert_non_null(strstr(error.text, "energy_uj"));
    assert_non_null(strstr(error.text, "root"));
    assert_non_null(strstr(error.text, "udev"));
}

/* ---- the meter --------------------------------------------------------------------------------------------------- */

static void test_meter(void **state)
{
    struct energy energy;
    struct error error = {.text = ""};
    double joules = -1;

    (void)state;
    energy_open(&energy, "tests/machines/dual-server");
    assert_non_null(energy.ops);
    assert_string_equal(energy.reason, "");
    assert_string_equal(energy.ops->name, "rapl");
    assert_string_equal(energy_scope_name(energy.ops->scope), "package");
    assert_int_equal(energy_read(&energy, &joules, &error), STATUS_OK);
    expect_joules(joules, 0);
    energy_close(&energy);
    energy_close(&energy); /* closing what is closed does nothing */
}

static void test_no_meter(void **state)
{
    struct energy energy;
    struct error error = {.text = ""};
    double joules = -1;

    (void)state;
    energy_open(&energy, "tests/machines/vm-bare");
    assert_null(energy.ops);
    assert_non_null(strstr(energy.reason, "rapl: "));
    assert_non_null(strstr(energy.reason, "sys/class/powercap"));
    assert_int_equal(energy_read(&energy, &joules, &error), STATUS_UNSUPPORTED);
    assert_true(joules == -1);
    energy_close(&energy);
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
        cmocka_unit_test(test_meter),
        cmocka_unit_test(test_no_meter),
        cmocka_unit_test(test_scope_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
