/* Energy sources that are asked by calls: the kernel's events, and NVML. There is no such hardware here: the system call is replaced,
 * and the library is tests/fake_nvml.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "devices/perf_event.h"
#include "tests/energy_source.h"

extern const struct energy_ops energy_perf, energy_nvml;

/* ---- the kernel's events ----------------------------------------------------------------------------------------- */

#define POWER "sys/bus/event_source/devices/power"

/* In place of the system call: a pipe that the test writes counts into, one for each counter and processor. */
enum { FAKE_EVENTS_MAX = 4 };
static struct {
    int problem; /* a negative errno */
    int count;
    uint64_t configs[FAKE_EVENTS_MAX];
    int writers[FAKE_EVENTS_MAX];
} fake;

static void fake_count(int event, uint64_t count)
{
    assert_int_equal(write(fake.writers[event], &count, sizeof count), sizeof count);
}

int perf_event_start(uint32_t pmu_type, uint64_t config, int cpu)
{
    int ends[2];

    assert_int_equal(pmu_type, 30);
    assert_true(cpu == 0 || cpu == 12);
    if (fake.problem)
        return fake.problem;
    assert_true(fake.count < FAKE_EVENTS_MAX);
    assert_int_equal(pipe(ends), 0);
    fake.configs[fake.count] = config;
    fake.writers[fake.count] = ends[1];
    fake_count(fake.count++, 1000); /* what it counted before we came */
    return ends[0];
}

static void fake_reset(int problem)
{
    for (int i = 0; i < fake.count; i++)
        close(fake.writers[i]);
    fake.count = 0;
    fake.problem = problem;
}

static void write_events(const struct scratch_tree *tree)
{
    write_in(tree, POWER, "type", "30\n");
    write_in(tree, POWER, "cpumask", "0,12\n");
    write_in(tree, POWER, "events/energy-pkg", "event=0x02\n");
    write_in(tree, POWER, "events/energy-pkg.unit", "Joules\n");
    write_in(tree, POWER, "events/energy-pkg.scale", "2.3283064365386962890625e-10\n");
    write_in(tree, POWER, "events/energy-ram", "event=0x03\n"); /* without a unit: not ours */
}

static void test_perf(void **state)
{
    struct scratch_tree tree;
    struct source perf;

    (void)state;
    scratch_open(&tree);
    write_events(&tree);
    fake_reset(0);
    perf = source_open(&energy_perf, &tree, &(struct energy_setting){.root = tree.root});
    assert_int_equal(perf.found.count, 1);
    assert_int_equal(fake.count, 2);
    assert_int_equal(fake.configs[0], 2);
    fake_count(0, 1000 + (UINT64_C(3) << 32));
    fake_count(1, 1000 + (UINT64_C(1) << 32));
    expect_near(source_read(&perf, "perf"), 4, 1e-9);
    fake_reset(0); /* the pipes end */
    source_fails(&perf, "perf", "could not be read");
    source_close(&perf);
    scratch_close(&tree);
}

static void test_perf_refusals(void **state)
{
    const struct {
        const char *file, *text;
        enum status status;
        const char *words;
    } rows[] = {{POWER "/cpumask", "0-\n", STATUS_IO, "cpumask"},
                {POWER "/cpumask", "\n", STATUS_IO, "cpumask"},
                {POWER "/type", "x\n", STATUS_UNSUPPORTED, "no PMU"},
                {POWER "/events/energy-pkg", "event=\n", STATUS_UNSUPPORTED, "no event"},
                {POWER "/events/energy-pkg", "umask=0x02\n", STATUS_UNSUPPORTED, "no event"},
                {POWER "/events/energy-pkg.scale", "-1\n", STATUS_UNSUPPORTED, "no event"},
                {POWER "/events/energy-pkg.scale", "nan\n", STATUS_UNSUPPORTED, "no event"},
                {POWER "/events/energy-pkg.unit", "Watts\n", STATUS_UNSUPPORTED, "no event"}};
    struct scratch_tree tree;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scratch_open(&tree);
        write_events(&tree);
        scratch_write(&tree, rows[i].file, rows[i].text);
        expect_refusal(&energy_perf, &tree, rows[i].status, rows[i].words);
        scratch_close(&tree);
    }
}

static void test_perf_permission(void **state)
{
    struct scratch_tree tree;
    struct energy_state look;

    (void)state;
    scratch_open(&tree);
    write_events(&tree);
    scratch_write(&tree, "proc/sys/kernel/perf_event_paranoid", "2\n");
    fake_reset(-EACCES);
    for (int recorded = 0; recorded < 2; recorded++) { /* a recorded tree says the same, and no call is made */
        energy_look(&look, &energy_perf, &(struct energy_setting){.root = tree.root, .recorded = recorded});
        assert_string_equal(look.word, "no permission");
        assert_non_null(strstr(look.reason, "perf_event_paranoid is 2"));
        assert_non_null(strstr(look.reason, "CAP_PERFMON"));
    }
    fake_reset(-ENODEV);
    energy_look(&look, &energy_perf, &(struct energy_setting){.root = tree.root});
    assert_string_equal(look.word, "unreadable");
    scratch_write(&tree, "proc/sys/kernel/perf_event_paranoid", "0\n");
    energy_look(&look, &energy_perf, &(struct energy_setting){.root = tree.root, .recorded = true});
    assert_string_equal(look.word, "ready");
    fake_reset(0);
    scratch_close(&tree);
}

/* ---- NVML -------------------------------------------------------------------------------------------------------- */

/* The fake library lies beside this program. */
static void use_fake_library(const struct scratch_tree *tree, const char *script)
{
    char path[PATH_MAX], script_path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 32);

    assert_true(length > 0);
    path[length] = '\0';
    strcpy(strrchr(path, '/'), "/fake_nvml.so");
    scratch_write(tree, "script", script);
    scratch_path(tree, "script", script_path, sizeof script_path);
    setenv("POCKETMARK_NVML", path, 1);
    setenv("POCKETMARK_FAKE_NVML", script_path, 1);
}

static void test_nvml(void **state)
{
    const struct energy_setting live = {.root = NULL};
    struct scratch_tree tree;
    struct source nvml;

    (void)state;
    scratch_open(&tree);
    use_fake_library(&tree, "count 3\nenergy0 1000000\npower0 5\npower2 30500\n");
    nvml = source_open(&energy_nvml, NULL, &live);
    assert_int_equal(nvml.found.count, 2); /* the second tells neither */
    assert_false(nvml.found.channels[0].power || nvml.found.channels[0].whole);
    expect_near(source_read(&nvml, "nvml-0"), 0, 0);
    expect_near(source_read(&nvml, "nvml-2"), 30.5, 1e-9);
    scratch_write(&tree, "script", "energy0 1004500\n");
    expect_near(source_read(&nvml, "nvml-0"), 4.5, 1e-9);
    source_fails(&nvml, "nvml-2", "power");
    scratch_write(&tree, "script", "energy0 500\n"); /* the driver was loaded again */
    source_fails(&nvml, "nvml-0", "set back");
    scratch_write(&tree, "script", "energy0 1500\n");
    expect_near(source_read(&nvml, "nvml-0"), 5.5, 1e-9);
    source_close(&nvml);
    scratch_close(&tree);
}

static void test_nvml_refusals(void **state)
{
    static const struct {
        const char *script, *word, *words;
    } rows[] = {{"init 9\n", "unreadable", "Driver Not Loaded"},
                {"init 4\n", "no permission", "Insufficient Permissions"},
                {"count 0\n", "absent", "no GPU"},
                {"count 1\n", "absent", "no GPU"},
                {"count 1\nhandle0 4\n", "no permission", "Insufficient"}};
    struct energy_state look;
    struct scratch_tree tree;

    (void)state;
    scratch_open(&tree);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        use_fake_library(&tree, rows[i].script);
        energy_look(&look, &energy_nvml, &(struct energy_setting){.root = NULL});
        assert_string_equal(look.word, rows[i].word);
        if (!strstr(look.reason, rows[i].words))
            fail_msg("'%s' does not say '%s'", look.reason, rows[i].words);
    }
    setenv("POCKETMARK_NVML", "./nowhere.so", 1);
    energy_look(&look, &energy_nvml, &(struct energy_setting){.root = NULL});
    assert_string_equal(look.word, "absent");
    use_fake_library(&tree, "count 1\nenergy0 5\n");
    energy_look(&look, &energy_nvml, &(struct energy_setting){.root = tree.root, .recorded = true});
    assert_string_equal(look.word, "absent");
    assert_non_null(strstr(look.reason, "cannot be recorded"));
    unsetenv("POCKETMARK_NVML");
    scratch_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_perf), cmocka_unit_test(test_perf_refusals), cmocka_unit_test(test_perf_permission),
        cmocka_unit_test(test_nvml), cmocka_unit_test(test_nvml_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
