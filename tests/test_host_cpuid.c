/* devices/host_cpuid, host_features, host_kinds: CPUID as data, what follows from it, and kinds of cores told apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/host_parts.h"
#include "tests/scratch_tree.h"

static const char hybrid[] = "# pocketmark cpuid 1: leaf subleaf eax ebx ecx edx\n"
                             "cpus 0-1\n"
                             "00000001 00000000 000a06a4 00000000 18001000 00000000\n"
                             "0000001a 00000000 40000002 00000000 00000000 00000000\n"
                             "xcr0 0000000000000007\n"
                             "cpus 2-3\n"
                             "00000001 00000000 000a06a4 00000000 18001000 00000000\n"
                             "0000001a 00000000 20000003 00000000 00000000 00000000\n"
                             "xcr0 0000000000000007\n"
                             "amx 1\n";

static void read_text(struct cpuid_dump *dump, const char *text)
{
    struct scratch_tree tree;

    scratch_open(&tree);
    scratch_write(&tree, CPUID_PATH, text);
    cpuid_read(dump, tree.root);
    scratch_close(&tree);
}

/* ---- the file ---------------------------------------------------------------------------------------------------------- */

static void test_file(void **state)
{
    struct cpuid_dump dump;
    char *text;

    (void)state;
    read_text(&dump, hybrid);
    assert_int_equal(dump.count, 2);
    assert_int_equal(dump.amx, 1);
    assert_string_equal(dump.views[1].cpus, "2-3");
    assert_int_equal(dump.views[0].xcr0, 7);
    assert_int_equal(cpuid_find(&dump.views[0], 0x1a, 0)[REGISTER_A], 0x40000002);
    assert_null(cpuid_find(&dump.views[0], 0x1a, 1));
    assert_null(cpuid_find(&dump.views[0], 3, 0));
    text = cpuid_text(&dump);
    assert_string_equal(text, hybrid); /* what is written is what was read */
    free(text);
}

static void test_broken_files(void **state)
{
    static const char *const texts[] = {"",
                                        "\n\n",
                                        "00000001 00000000 1 2 3 4\n",
                                        "cpus \n00000001 00000000 1 2 3 4\n",
                                        "cpus x\n",
                                        "xcr0 7\namx 7\n",
                                        "amx\n",
                                        "cpu 0\n"};
    struct cpuid_dump dump;
    char *many = test_calloc(1, 8192);

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        read_text(&dump, texts[i]);
        assert_int_equal(dump.count, 0);
        assert_int_equal(dump.amx, -1);
    }
    for (int i = 0; i < 100; i++)
        strcat(many, i < 8 ? "cpus 0-1\n" : "00000001 00000000 00000001 00000002 00000003 00000004\n");
    read_text(&dump, many);
    assert_int_equal(dump.count, CPUID_VIEWS_MAX);
    assert_int_equal(dump.views[CPUID_VIEWS_MAX - 1].count, CPUID_LEAVES_MAX);
    read_text(&dump, "cpus 0\n00000001 00000000 1 2 3\nnonsense\n00000001 00000000 1 2 3 4\n");
    assert_int_equal(dump.views[0].count, 1);
    cpuid_read(&dump, "tests/machines/vm-bare"); /* no such file */
    assert_int_equal(dump.count, 0);
    test_free(many);
}

/* ---- features ------------------------------------------------------------------------------------------------------------ */

/* One view with these registers of leaves 1, 7.0, 7.1 and 0x24. */
static struct cpuid_view make_view(uint32_t one_c, uint32_t seven_b, uint32_t seven_d, uint32_t more_a, uint32_t more_d,
                                   uint32_t version, uint64_t xcr0)
{
    return (struct cpuid_view){.cpus = "0",
                               .leaves = {{1, 0, {0, 0, one_c, 0}},
                                          {7, 0, {1, seven_b, 0, seven_d}},
                                          {7, 1, {more_a, 0, 0, more_d}},
                                          {0x24, 0, {0, version, 0, 0}}},
                               .count = 4,
                               .xcr0 = xcr0};
}

static void expect_features(const struct cpuid_dump *dump, const char *words, int amx)
{
    struct host *host = test_calloc(1, sizeof *host);

    host_features_from_cpuid(host, dump);
    assert_string_equal(host->features, words);
    assert_int_equal(host->amx, amx);
    test_free(host);
}

enum { FMA = 1 << 12, F16C = 1 << 29, AVX2 = 1 << 5, AVX512F = 1 << 16, AVX_VNNI = 1 << 4, AVX10 = 1 << 19 };

static void test_features(void **state)
{
    const uint32_t amx = 1u << 24 | 1u << 25;
    struct cpuid_dump dump = {.count = 1, .amx = 1};

    (void)state;
    dump.views[0] = make_view(FMA | F16C, AVX2 | AVX512F, amx, AVX_VNNI, AVX10, 2, 0x602e7);
    expect_features(&dump, "fma f16c avx2 avx_vnni avx512f amx_tile amx_int8 avx10_2", 1);
    dump.views[0].xcr0 = 0xe7; /* no tiles saved */
    expect_features(&dump, "fma f16c avx2 avx_vnni avx512f avx10_2", -1);
    dump.views[0].xcr0 = 7; /* the operating system saves no 512-bit registers */
    expect_features(&dump, "fma f16c avx2 avx_vnni", -1);
    dump.views[0].xcr0 = 0;
    expect_features(&dump, "", -1);
    dump.amx = 0;
    dump.views[0].xcr0 = 0x602e7;
    expect_features(&dump, "fma f16c avx2 avx_vnni avx512f amx_tile amx_int8 avx10_2", 0);
    dump.views[1] = make_view(FMA | F16C, AVX2, 0, AVX_VNNI, 0, 0, 0x602e7); /* cores of another kind have less */
    dump.count = 2;
    expect_features(&dump, "fma f16c avx2 avx_vnni", -1);
    dump.count = 0;
    expect_features(&dump, "", -1);
}

static void test_titles(void **state)
{
    (void)state;
    assert_string_equal(host_feature_title("avx512_vnni"), "AVX512-VNNI");
    assert_string_equal(host_feature_title("asimddp"), "dotprod");
    assert_string_equal(host_feature_title("i8mm"), "i8mm");
    assert_string_equal(host_feature_title("sme"), "SME");
    assert_string_equal(host_feature_title("v"), "RVV");
    assert_string_equal(host_feature_title("avx10_2"), "AVX10.2");
    assert_string_equal(host_feature_title("unheard_of"), "unheard_of");
}

static void expect_words(const char *line, const char *features)
{
    struct host *host = test_calloc(1, sizeof *host);

    host_features_parse(host, line);
    assert_string_equal(host->features, features);
    test_free(host);
}

static void test_words(void **state)
{
    (void)state;
    expect_words(" fp asimd i8mm sve sve2 sme sme2 ", "asimd sve sve2 i8mm sme sme2");
    expect_words(" rv64imafdcv_zicsr_zvfh_zvfhmin ", "v zvfh zvfhmin");
    expect_words(" rv64imafdc_zicsr_zvfhminx_svinval ", ""); /* no v among the letters */
    expect_words(" rv64imafdc_zvfbfwma", "zvfbfwma");
    expect_words(" sv39 v ", "");
    expect_words("", "");
}

static void expect_guest(uint32_t one_c, const char *signature, const char *name)
{
    struct cpuid_dump dump = {.count = 1};
    char text[32] = "?";

    dump.views[0] =
        (struct cpuid_view){.leaves = {{1, 0, {0, 0, one_c, 0}}, {0x40000000, 0, {0}}}, .count = signature ? 2 : 1};
    if (signature)
        memcpy(&dump.views[0].leaves[1].registers[REGISTER_B], signature, 12);
    host_hypervisor_find(&dump, text, sizeof text);
    assert_string_equal(text, name);
}

static void test_hypervisors(void **state)
{
    (void)state;
    expect_guest(1u << 31, "KVMKVMKVM\0\0\0", "KVM");
    expect_guest(1u << 31, "Microsoft Hv", "Hyper-V");
    expect_guest(1u << 31,
                 "a\nb\x7f"
                 "cdefghij",
                 "a?b?cdefghij");
    expect_guest(1u << 31, NULL, "unnamed");
    expect_guest(0, "KVMKVMKVM\0\0\0", "");
}

/* ---- kinds --------------------------------------------------------------------------------------------------------------- */

/* Four cores of one thread, two of them with a third-level cache. */
static struct host *four_cores(void)
{
    struct host *host = test_calloc(1, sizeof *host);

    host->cpu_count = 4;
    for (unsigned i = 0; i < 4; i++)
        host->cpus[i] =
            (struct host_cpu){.os_index = i, .core = i, .first_of_core = true, .kind = -1, .l3 = i < 3 ? 0 : -1};
    return host;
}

static void expect_kinds(const struct host *host, const char *source, const char *kinds)
{
    assert_string_equal(host->kinds_source, source);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(host->cpus[i].kind, kinds[i] == '-' ? -1 : kinds[i] - '0');
}

static void write_cpu(const struct scratch_tree *tree, unsigned cpu, const char *file, const char *text)
{
    char path[96];

    snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%u/%s", cpu, file);
    scratch_write(tree, path, text);
}

static void test_kinds_by_cpuid(void **state)
{
    struct host *host = four_cores();
    struct cpuid_dump dump;
    struct scratch_tree tree;

    (void)state;
    scratch_open(&tree);
    read_text(&dump, hybrid);
    host_kinds_settle(host, tree.root, &dump);
    expect_kinds(host, "CPUID", "2210"); /* the last one reaches no third level: an island of its own */
    assert_int_equal(host->kinds[0].type, CORE_LOW_POWER);
    assert_int_equal(host->kinds[1].type, CORE_EFFICIENT);
    assert_int_equal(host->kinds[2].type, CORE_PERFORMANCE);
    assert_int_equal(host->kinds[2].cores, 2);
    scratch_close(&tree);
    test_free(host);
}

static void test_kinds_by_numbers(void **state)
{
    struct host *host = four_cores();
    struct cpuid_dump none = {.amx = -1};
    struct scratch_tree tree;

    (void)state;
    scratch_open(&tree);
    for (unsigned i = 0; i < 4; i++)
        write_cpu(&tree, i, "cpufreq/cpuinfo_max_freq", i < 2 ? "1800000\n" : i < 3 ? "2256000\n" : "2304000\n");
    host_kinds_settle(host, tree.root, &none);
    expect_kinds(host, "sys/devices/system/cpu/cpu*/cpufreq/cpuinfo_max_freq", "0011"); /* 2 % apart is one kind */
    assert_int_equal(host->kinds[1].max_hertz, UINT64_C(2304000000));
    test_free(host);

    host = four_cores();
    for (unsigned i = 0; i < 4; i++)
        write_cpu(&tree, i, "cpu_capacity", i < 1 ? "160\n" : i < 3 ? "498\n" : "1024\n");
    host_kinds_settle(host, tree.root, &none);
    expect_kinds(host, "sys/devices/system/cpu/cpu*/cpu_capacity", "0112");
    assert_int_equal(host->kinds[1].type, CORE_MIDDLE);
    test_free(host);

    host = four_cores(); /* what hwloc said counts more, but clocks this near are no kinds */
    for (unsigned i = 0; i < 4; i++) {
        host->cpus[i].kind = i < 2 ? 0 : i < 3 ? 1 : 2;
        write_cpu(&tree, i, "cpu_capacity", i < 2 ? "530\n" : "1024\n");
    }
    host_kinds_settle(host, tree.root, &none);
    expect_kinds(host, "hwloc", "0011");
    scratch_close(&tree);
    test_free(host);
}

static void test_kinds_unknown(void **state)
{
    struct host *host = four_cores();
    struct cpuid_dump none = {.amx = -1};
    struct scratch_tree tree;

    (void)state;
    scratch_open(&tree);
    write_cpu(&tree, 0, "cpu_capacity", "1024\n"); /* of one only */
    write_cpu(&tree, 1, "cpu_capacity", "99999\n");
    scratch_write(&tree, "sys/devices/cpu_core/cpus", "0-1,\n");
    scratch_write(&tree, "sys/devices/cpu_atom/cpus", "2-3\n");
    host->cpus[0].kind = 3; /* hwloc ranks some and not others */
    host_kinds_settle(host, tree.root, &none);
    expect_kinds(host, "", "----");
    assert_int_equal(host->core_kinds, 1);
    assert_int_equal(host->kinds[0].cores, 4);
    assert_int_equal(host->kinds[0].max_hertz, 0);
    scratch_close(&tree);
    test_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),           cmocka_unit_test(test_broken_files),
        cmocka_unit_test(test_features),       cmocka_unit_test(test_titles),
        cmocka_unit_test(test_words),          cmocka_unit_test(test_hypervisors),
        cmocka_unit_test(test_kinds_by_cpuid), cmocka_unit_test(test_kinds_by_numbers),
        cmocka_unit_test(test_kinds_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
