/* devices/host: recorded machines with known facts, broken trees, the limits on instruction sets and processors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>

#include <cmocka.h>

#include "devices/host.h"
#include "devices/host_parts.h"
#include "tests/scratch_tree.h"

#define MACHINES "tests/machines/"

enum { SCALAR = 1 << ISA_SCALAR, AVX2 = 1 << ISA_AVX2, AVXVNNI = 1 << ISA_AVXVNNI, AVX512 = 1 << ISA_AVX512VNNI };

static struct host *read_machine(const char *root)
{
    struct host *host = test_malloc(sizeof *host);
    struct error error = {.text = ""};

    assert_int_equal(host_read(host, root, &error), STATUS_OK);
    return host;
}

static const struct host_cache *find_cache(const struct host *host, unsigned level, char kind, uint64_t bytes)
{
    for (size_t i = 0; i < host->cache_count; i++)
        if (host->caches[i].level == level && host->caches[i].kind == kind && host->caches[i].bytes == bytes)
            return &host->caches[i];
    fail_msg("no L%u%c cache of %lu bytes", level, kind, (unsigned long)bytes);
    return NULL;
}

static void expect_counts(const struct host *host, size_t packages, size_t cores, size_t logical, size_t nodes,
                          size_t kinds)
{
    assert_int_equal(host->packages, packages);
    assert_int_equal(host->cores, cores);
    assert_int_equal(host->logical_cpus, logical);
    assert_int_equal(host->cpu_count, logical);
    assert_int_equal(host->numa_nodes, nodes);
    assert_int_equal(host->core_kinds, kinds);
}

/* ---- recorded machines ------------------------------------------------------------------------------------------- */

static void test_guest(void **state)
{
    struct host *host = read_machine(MACHINES "vm-bare");

    (void)state;
    assert_false(host->live);
    assert_string_equal(host->cpu_name, "Intel(R) Xeon(R) Processor");
    assert_string_equal(host->cpu_vendor, "GenuineIntel");
    assert_string_equal(host->microcode, "0x1");
    assert_string_equal(host->codename, ""); /* a guest's model number proves nothing */
    assert_int_equal(host->cpu_family, 6);
    assert_int_equal(host->cpu_model, 143);
    assert_int_equal(host->cpu_stepping, 8);
    assert_string_equal(host->hypervisor, "unnamed");
    assert_string_equal(host->os_name, "Debian GNU/Linux 12 (bookworm)");
    assert_string_equal(host->kernel, "6.1.90");
    assert_string_equal(host->machine, "x86_64");
    assert_string_equal(host->hostname, "guest");
    assert_string_equal(host->governor, "");
    assert_string_equal(host->transparent_hugepage, "madvise");
    expect_counts(host, 1, 2, 2, 1, 1);
    assert_int_equal(host->cpus[1].kind, -1);
    assert_int_equal(host->isa, SCALAR | AVX2 | AVXVNNI | AVX512);
    assert_non_null(strstr(host->features, "avx512_bf16"));
    assert_null(strstr(host->features, "amx"));
    /* the node tells less than /proc/meminfo does; both are kept */
    assert_int_equal(host->hwloc_memory_bytes, UINT64_C(4083970) * 1024);
    assert_int_equal(find_cache(host, 3, 'u', UINT64_C(107520) * 1024)->shared_by, 2);
    test_free(host);
}

static void test_hybrid(void **state)
{
    struct host *host = read_machine(MACHINES "hybrid-laptop");
    unsigned cpus[8] = {0};

    (void)state;
    assert_string_equal(host->cpu_name, "12th Gen Intel(R) Core(TM) i3-1215U");
    assert_string_equal(host->codename, "Alder Lake");
    assert_string_equal(host->hypervisor, "");
    assert_string_equal(host->governor, "powersave");
    assert_string_equal(host->transparent_hugepage, "always");
    expect_counts(host, 1, 6, 8, 1, 2);
    for (size_t i = 0; i < host->cpu_count; i++) {
        assert_int_equal(host->cpus[i].os_index, i);
        assert_int_equal(host->cpus[i].kind, i < 4 ? 1 : 0);
        assert_int_equal(host->cpus[i].core, i < 4 ? i / 2 : i - 2);
        assert_int_equal(host->cpus[i].first_of_core, i >= 4 || i % 2 == 0);
        assert_true(host->cpus[i].allowed);
    }
    assert_int_equal(host->isa, SCALAR | AVX2 | AVXVNNI);
    assert_int_equal(find_cache(host, 1, 'd', 48 * 1024)->instances, 2);
    assert_int_equal(find_cache(host, 1, 'd', 32 * 1024)->instances, 4);
    assert_int_equal(find_cache(host, 1, 'i', 64 * 1024)->instances, 4);
    assert_int_equal(find_cache(host, 2, 'u', 2048 * 1024)->shared_by, 4);
    assert_int_equal(find_cache(host, 3, 'u', 10240 * 1024)->shared_by, 8);
    assert_int_equal(find_cache(host, 3, 'u', 10240 * 1024)->line_bytes, 64);
    assert_int_equal(host_performance_cpus(host, cpus, 8), 2);
    assert_int_equal(cpus[0], 0);
    assert_int_equal(cpus[1], 2);
    test_free(host);
}

static void test_server(void **state)
{
    struct host *host = read_machine(MACHINES "dual-server");
    unsigned cpus[4] = {9, 9, 9, 9};

    (void)state;
    expect_counts(host, 2, 4, 8, 2, 1);
    assert_string_equal(host->codename, "Ice Lake-SP");
    assert_int_equal(host->isa, SCALAR | AVX2 | AVX512); /* AVX-512 VNNI, but no 256-bit VNNI: levels are no ladder */
    assert_int_equal(host->hwloc_memory_bytes, UINT64_C(131072000) * 1024);
    assert_int_equal(find_cache(host, 3, 'u', 43008 * 1024)->instances, 2);
    assert_int_equal(find_cache(host, 3, 'u', 43008 * 1024)->shared_by, 4);
    assert_int_equal(host_performance_cpus(host, cpus, 3), 4); /* no more are stored than there is room for */
    assert_int_equal(cpus[2], 2);
    assert_int_equal(cpus[3], 9);
    test_free(host);
}

static void test_arm(void **state)
{
    struct host *host = read_machine(MACHINES "arm-board");

    (void)state;
    expect_counts(host, 1, 4, 4, 1, 1);
    assert_string_equal(host->cpu_name, "Cortex-A76");
    assert_string_equal(host->cpu_vendor, "ARM");
    assert_string_equal(host->machine, "aarch64");
    assert_int_equal(host->isa, SCALAR);
    assert_string_equal(host->features, "asimd fphp asimdhp asimddp");
    assert_string_equal(host->transparent_hugepage, "");
    test_free(host);
}

/* ---- broken and sparse trees ------------------------------------------------------------------------------------- */

static void test_missing_root(void **state)
{
    struct host *host = test_malloc(sizeof *host);
    struct error error = {.text = ""};

    (void)state;
    assert_int_equal(host_read(host, MACHINES "no-such-machine", &error), STATUS_IO);
    assert_non_null(strstr(error.text, "no-such-machine"));
    assert_int_equal(host_read(host, "tests/test_host.c", &error), STATUS_IO);
    test_free(host);
}

static void test_empty_root(void **state)
{
    struct scratch_tree tree;
    struct host *host;
    unsigned cpu;

    (void)state;
    scratch_open(&tree);
    host = read_machine(tree.root);
    scratch_close(&tree);
    expect_counts(host, 0, 0, 0, 0, 0);
    assert_string_equal(host->cpu_name, "");
    assert_string_equal(host->kernel, "");
    assert_string_equal(host->machine, "");
    assert_int_equal(host->cache_count, 0);
    assert_int_equal(host->isa, SCALAR);
    assert_int_equal(host_performance_cpus(host, &cpu, 1), 0);
    test_free(host);
}

static void test_hostile_files(void **state)
{
    static const char *const contents[] = {
        "",      "\n",       "-1",       "18446744073709551616",
        "flags", "flags\t:", ":::\n\n:", "model name\t: \r\nflags\t\t: avx2\r\nmodel\t\t: 99999999999\r\n"};
    static const char *const paths[] = {"proc/cpuinfo",
                                        "proc/version",
                                        "etc/os-release",
                                        "sys/kernel/mm/transparent_hugepage/enabled",
                                        "sys/devices/system/cpu/online",
                                        "sys/devices/system/cpu/cpu0/topology/core_cpus",
                                        "sys/devices/system/cpu/cpu0/cache/index0/size",
                                        "sys/devices/cpu_core/cpus",
                                        "sys/devices/cpu_atom/cpus",
                                        "sys/devices/system/node/online"};

    (void)state;
    for (size_t c = 0; c < sizeof contents / sizeof contents[0]; c++) {
        struct scratch_tree tree;
        struct host *host;

        scratch_open(&tree);
        for (size_t p = 0; p < sizeof paths / sizeof paths[0]; p++)
            scratch_write(&tree, paths[p], contents[c]);
        host = read_machine(tree.root);
        scratch_close(&tree);
        assert_int_equal(host->isa, SCALAR);
        assert_int_equal(host->cpu_model, 0);
        assert_string_equal(host->cpu_name, "");
        assert_string_equal(host->transparent_hugepage, "");
        test_free(host);
    }
}

static void test_binary_files(void **state)
{
    enum { BYTES = 65536 };
    char *zeros = test_calloc(1, BYTES), *letters = test_malloc(BYTES);
    struct scratch_tree tree;
    struct host *host;

    (void)state;
    memset(letters, 'x', BYTES);
    memcpy(letters, "model name\t: ", 13);
    scratch_open(&tree);
    scratch_write_bytes(&tree, "proc/version", zeros, BYTES);
    scratch_write_bytes(&tree, "proc/cpuinfo", letters, BYTES);
    host = read_machine(tree.root);
    scratch_close(&tree);
    assert_string_equal(host->kernel, "");
    assert_int_equal(strlen(host->cpu_name), sizeof host->cpu_name - 1); /* cut, not overrun */
    test_free(host);
    test_free(zeros);
    test_free(letters);
}

static void test_link_out_of_the_tree(void **state)
{
    struct scratch_tree tree, elsewhere;
    char link[PATH_MAX], target[PATH_MAX];
    struct host *host;

    (void)state;
    scratch_open(&tree);
    scratch_open(&elsewhere);
    scratch_write(&elsewhere, "release", "PRETTY_NAME=\"Elsewhere\"\n");
    scratch_path(&elsewhere, "release", target, sizeof target);
    scratch_path(&tree, "etc/os-release", link, sizeof link);
    assert_int_equal(symlink(target, link), 0);
    scratch_path(&tree, "proc/cpuinfo", link, sizeof link);
    assert_int_equal(symlink("cpuinfo", link), 0); /* a loop */
    host = read_machine(tree.root);
    scratch_close(&tree);
    scratch_close(&elsewhere);
    assert_string_equal(host->os_name, "");
    assert_string_equal(host->cpu_name, "");
    test_free(host);
}

static void test_processors_without_topology(void **state)
{
    struct scratch_tree tree;
    struct host *host;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "proc/cpuinfo", "processor\t: 0\nmodel name\t: One\n\nprocessor\t: 1\nmodel name\t: One\n");
    host = read_machine(tree.root);
    scratch_close(&tree);
    assert_int_equal(host->logical_cpus, 2);
    assert_int_equal(host->cores, 0);
    assert_string_equal(host->cpu_name, "One");
    test_free(host);
}

static void test_environment_is_left_alone(void **state)
{
    struct host *host;

    (void)state;
    unsetenv("HWLOC_FSROOT");
    unsetenv("HWLOC_COMPONENTS");
    setenv("HWLOC_THISSYSTEM", "1", 1);
    host = read_machine(MACHINES "arm-board");
    assert_int_equal(host->cores, 4);
    assert_null(getenv("HWLOC_FSROOT"));
    assert_null(getenv("HWLOC_COMPONENTS"));
    assert_string_equal(getenv("HWLOC_THISSYSTEM"), "1");
    unsetenv("HWLOC_THISSYSTEM");
    test_free(host);
}

/* ---- features ---------------------------------------------------------------------------------------------------- */

static void expect_isa(const char *words, isa_set isa)
{
    struct host *host = test_calloc(1, sizeof *host);

    host_features_parse(host, words);
    assert_int_equal(host->isa, isa);
    test_free(host);
}

static void test_levels(void **state)
{
    (void)state;
    expect_isa("", SCALAR);
    expect_isa("avx2 fma", SCALAR);
    expect_isa("avx2 fma f16c", SCALAR | AVX2);
    expect_isa("xavx2 fma f16c", SCALAR);
    expect_isa("avx2x fma f16c avx_vnni", SCALAR);
    expect_isa("avx_vnni", SCALAR);
    expect_isa("f16c fma avx_vnni avx2", SCALAR | AVX2 | AVXVNNI);
    expect_isa("avx2 fma f16c avx_vnni_int8", SCALAR | AVX2);
    expect_isa("avx2 fma f16c avx512f avx512bw avx512dq avx512vl", SCALAR | AVX2);
    expect_isa("avx2 fma f16c avx512f avx512bw avx512dq avx512vl avx512_vnni", SCALAR | AVX2 | AVX512);
    expect_isa("fma f16c avx512f avx512bw avx512dq avx512vl avx512_vnni", SCALAR);
}

static void test_usable_isa(void **state)
{
    struct host *host = test_calloc(1, sizeof *host);
    struct error error = {.text = ""};
    isa_set isa = 0;

    (void)state;
    host->isa = SCALAR | AVX2 | AVX512;
    unsetenv("POCKETMARK_ISA");
    assert_int_equal(host_usable_isa(host, &isa, &error), STATUS_OK);
    assert_int_equal(isa, SCALAR | AVX2 | AVX512);
    setenv("POCKETMARK_ISA", "avx512vnni", 1);
    assert_int_equal(host_usable_isa(host, &isa, &error), STATUS_OK);
    assert_int_equal(isa, SCALAR | AVX2 | AVX512);
    setenv("POCKETMARK_ISA", "avx2", 1);
    assert_int_equal(host_usable_isa(host, &isa, &error), STATUS_OK);
    assert_int_equal(isa, SCALAR | AVX2);
    setenv("POCKETMARK_ISA", "scalar", 1);
    assert_int_equal(host_usable_isa(host, &isa, &error), STATUS_OK);
    assert_int_equal(isa, SCALAR);
    setenv("POCKETMARK_ISA", "avxvnni", 1);
    assert_int_equal(host_usable_isa(host, &isa, &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "avx512vnni"));
    setenv("POCKETMARK_ISA", "neon", 1);
    assert_int_equal(host_usable_isa(host, &isa, &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "neon"));
    unsetenv("POCKETMARK_ISA");
    test_free(host);
}

static void test_code_names(void **state)
{
    static const struct {
        const char *vendor;
        unsigned family, model;
        const char *name;
    } rows[] = {
        {"GenuineIntel", 6, 0xaa, "Meteor Lake"}, {"GenuineIntel", 6, 0x01, ""},
        {"GenuineIntel", 0x19, 0x61, ""},         {"AuthenticAMD", 0x19, 0x61, "Zen 4"},
        {"AuthenticAMD", 0x1a, 0x24, "Zen 5"},    {"", 6, 0xaa, ""},
    };
    struct host *host = test_calloc(1, sizeof *host);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(host->cpu_vendor, sizeof host->cpu_vendor, "%s", rows[i].vendor);
        host->cpu_family = rows[i].family;
        host->cpu_model = rows[i].model;
        host_codename_find(host);
        assert_string_equal(host->codename, rows[i].name);
    }
    test_free(host);
}

static void test_arm_names(void **state)
{
    struct host *host = test_calloc(1, sizeof *host);

    (void)state;
    host_arm_name_find(host, "CPU implementer\t: 0x41\nCPU part\t: 0xd05\n\nCPU part\t: 0xd0b\n\nCPU part\t: 0xd0b\n");
    assert_string_equal(host->cpu_name, "Cortex-A55 + Cortex-A76");
    host->cpu_name[0] = '\0';
    host_arm_name_find(host, "CPU implementer\t: 0x41\nCPU part\t: 0xfff\n");
    assert_string_equal(host->cpu_name, "");
    host_arm_name_find(host, "CPU implementer\t: 0x61\nCPU part\t: 0xd05\n");
    assert_string_equal(host->cpu_name, "");
    test_free(host);
}

/* ---- which processors to run on ---------------------------------------------------------------------------------- */

static void test_barred_processors(void **state)
{
    struct host *host = read_machine(MACHINES "hybrid-laptop");
    unsigned cpus[8];

    (void)state;
    host->cpus[0].allowed = false;
    assert_int_equal(host_performance_cpus(host, cpus, 8), 2);
    assert_int_equal(cpus[0], 1); /* the second thread stands for the first */
    assert_int_equal(cpus[1], 2);
    for (size_t i = 0; i < 4; i++)
        host->cpus[i].allowed = false;
    assert_int_equal(host_performance_cpus(host, cpus, 8), 4);
    assert_int_equal(cpus[0], 4);
    for (size_t i = 4; i < 8; i++)
        host->cpus[i].allowed = false;
    assert_int_equal(host_performance_cpus(host, cpus, 8), 0);
    test_free(host);
}

static void test_live(void **state)
{
    cpu_set_t before, after;
    struct host *host;
    unsigned cpus[HOST_CPUS_MAX];

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    host = read_machine(NULL);
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&before, &after));
    assert_true(host->live);
    assert_true(host->isa & SCALAR);
    assert_true(host->logical_cpus > 0);
    assert_true(host_performance_cpus(host, cpus, HOST_CPUS_MAX) > 0);
    assert_true(CPU_ISSET(cpus[0], &before));
    assert_string_not_equal(host->kernel, "");
    test_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guest),
        cmocka_unit_test(test_hybrid),
        cmocka_unit_test(test_server),
        cmocka_unit_test(test_arm),
        cmocka_unit_test(test_missing_root),
        cmocka_unit_test(test_empty_root),
        cmocka_unit_test(test_hostile_files),
        cmocka_unit_test(test_binary_files),
        cmocka_unit_test(test_link_out_of_the_tree),
        cmocka_unit_test(test_processors_without_topology),
        cmocka_unit_test(test_environment_is_left_alone),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_usable_isa),
        cmocka_unit_test(test_code_names),
        cmocka_unit_test(test_arm_names),
        cmocka_unit_test(test_barred_processors),
        cmocka_unit_test(test_live),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
