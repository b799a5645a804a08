/* runner/detect: recorded machines as facts; what is unknown is null with a reason; nothing that names a person's
 * machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/detect.h"
#include "tests/scratch_tree.h"

#define MACHINES "tests/machines/"

/* The device block of a recorded tree; to be freed with facts_free. */
static struct facts read_device(const char *root)
{
    struct host *host = test_malloc(sizeof *host);
    struct facts facts = {0};
    struct memory memory;
    struct error error;
    bool readable;

    assert_int_equal(host_read(host, root, &error), STATUS_OK);
    readable = memory_read(&memory, root, &error) == STATUS_OK;
    detect_device(&facts, host, readable ? &memory : NULL, root);
    assert_false(facts.failed);
    test_free(host);
    return facts;
}

static const struct fact *find(const struct facts *facts, const char *path, enum fact_type type)
{
    const struct fact *fact = facts_find(facts, path);

    if (!fact || fact->type != type)
        fail_msg("%s: %s", path, fact ? "of another type" : "missing");
    return fact;
}

static void expect_text(const struct facts *facts, const char *path, const char *text)
{
    assert_string_equal(find(facts, path, FACT_TEXT)->text, text);
}

static void expect_integer(const struct facts *facts, const char *path, int64_t integer)
{
    assert_int_equal(find(facts, path, FACT_INTEGER)->integer, integer);
}

static void expect_null(const struct facts *facts, const char *path)
{
    assert_string_not_equal(find(facts, path, FACT_NULL)->text, "");
}

/* Every null has its reason, every path occurs once. */
static void expect_well_formed(const struct facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (facts->items[i].type == FACT_NULL)
            assert_true(facts->items[i].text && facts->items[i].text[0]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(facts->items[i].path, facts->items[j].path);
    }
}

static void test_laptop(void **state)
{
    struct facts facts = read_device(MACHINES "hybrid-laptop");

    (void)state;
    expect_well_formed(&facts);
    expect_text(&facts, "kind", "laptop");
    expect_text(&facts, "cpu.name", "12th Gen Intel(R) Core(TM) i3-1215U");
    expect_text(&facts, "cpu.isa", "scalar avx2 avxvnni");
    expect_integer(&facts, "cpu.cores_physical", 6);
    expect_integer(&facts, "cpu.logical_cpus", 8);
    expect_integer(&facts, "cpu.core_kinds", 2);
    expect_integer(&facts, "cpu.kinds[0].cores", 4);
    expect_integer(&facts, "cpu.kinds[1].cores", 2);
    expect_integer(&facts, "cpu.kinds[1].logical_cpus", 4);
    assert_true(find(&facts, "cpu.smt", FACT_BOOLEAN)->boolean);
    expect_text(&facts, "cpu.caches[0].kind", "data");
    expect_integer(&facts, "cpu.caches[0].size_bytes", 48 * 1024);
    expect_integer(&facts, "cpu.caches[0].instances", 2);
    expect_integer(&facts, "cpu.caches[0].line_bytes", 64);
    expect_integer(&facts, "memory_bytes", INT64_C(16106112) * 1024);
    expect_integer(&facts, "memory.total_bytes", INT64_C(16106112) * 1024);
    expect_text(&facts, "memory.usable_binding", "MemAvailable");
    expect_null(&facts, "memory.cgroup_bytes");
    expect_null(&facts, "hypervisor");
    expect_text(&facts, "governor", "powersave");
    expect_text(&facts, "energy_sources[0].name", "rapl");
    expect_text(&facts, "energy_sources[0].scope", "package");
    expect_text(&facts, "energy_sources[0].state", "ready");
    facts_free(&facts);
}

static void test_guest(void **state)
{
    struct facts facts = read_device(MACHINES "vm-bare");

    (void)state;
    expect_well_formed(&facts);
    expect_text(&facts, "kind", "vm");
    expect_text(&facts, "hypervisor", "unnamed");
    expect_null(&facts, "governor");
    expect_null(&facts, "cpu.codename");
    assert_null(facts_find(&facts, "cpu.kinds[0].cores"));
    expect_integer(&facts, "memory.swap_total_bytes", 0); /* known to be none */
    expect_text(&facts, "energy_sources[0].state", "absent");
    assert_non_null(strstr(find(&facts, "energy_sources[0].reason", FACT_TEXT)->text, "powercap"));
    for (size_t i = 0; i < facts.count; i++) /* the host name is in the tree, and stays there */
        if (facts.items[i].type == FACT_TEXT)
            assert_string_not_equal(facts.items[i].text, "guest");
    facts_free(&facts);
}

static void test_other_kinds(void **state)
{
    struct facts server = read_device(MACHINES "dual-server"), board = read_device(MACHINES "arm-board");

    (void)state;
    expect_text(&server, "kind", "server");
    expect_integer(&server, "memory.numa_nodes", 2);
    expect_text(&board, "kind", "sbc");
    expect_null(&board, "cpu.microcode");
    expect_null(&board, "cpu.family");
    facts_free(&server);
    facts_free(&board);
}

static void test_chassis_types(void **state)
{
    static const struct {
        const char *type, *kind;
    } rows[] = {{"3\n", "desktop"},  {"9\n", "laptop"},  {"30\n", "tablet"},  {"17\n", "server"},
                {"35\n", "desktop"}, {"2\n", "desktop"}, {"-9\n", "desktop"}, {"99999999999999999999\n", "desktop"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scratch_tree tree;
        struct facts facts;

        scratch_open(&tree);
        scratch_write(&tree, "sys/class/dmi/id/chassis_type", rows[i].type);
        facts = read_device(tree.root);
        scratch_close(&tree);
        expect_text(&facts, "kind", rows[i].kind);
        facts_free(&facts);
    }
}

static void test_nothing_known(void **state)
{
    struct scratch_tree tree;
    struct facts facts;

    (void)state;
    scratch_open(&tree);
    facts = read_device(tree.root);
    scratch_close(&tree);
    expect_well_formed(&facts);
    expect_null(&facts, "device_id");
    expect_null(&facts, "memory_bytes");
    expect_null(&facts, "cpu.name");
    expect_null(&facts, "cpu.cores_physical");
    expect_null(&facts, "cpu.smt");
    expect_null(&facts, "memory.total_bytes");
    expect_null(&facts, "memory.swap_total_bytes");
    expect_null(&facts, "os.kernel");
    facts_free(&facts);
}

/* The id of a tree with these files; test_free() it. */
static char *id_of(const char *machine_id, const char *product, const char *model)
{
    struct scratch_tree tree;
    struct facts facts;
    char text[256], *id;

    scratch_open(&tree);
    if (machine_id)
        scratch_write(&tree, "etc/machine-id", machine_id);
    if (product)
        scratch_write(&tree, "sys/class/dmi/id/product_name", product);
    snprintf(text, sizeof text, "processor\t: 0\nmodel name\t: %s\n", model);
    scratch_write(&tree, "proc/cpuinfo", text);
    facts = read_device(tree.root);
    scratch_close(&tree);
    id = test_malloc(64);
    snprintf(id, 64, "%s", find(&facts, "device_id", FACT_TEXT)->text);
    facts_free(&facts);
    return id;
}

static void test_ids(void **state)
{
    char *ids[] = {
        id_of("0123456789abcdef0123456789abcdef\n", "Box", "One"),
        id_of("0123456789abcdef0123456789abcdee\n", "Box", "One"),
        id_of("0123456789abcdef0123456789abcdef\n", "Box", "Two"),
        id_of("uninitialized\n", "Box", "One"),
        id_of(NULL, "Case", "One"),
        id_of(NULL, NULL, "One"),
    };
    char *again = id_of("0123456789abcdef0123456789abcdef", "Other", "One"), *blank = id_of("\n", "Box", "One");

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        assert_int_equal(strlen(ids[i]), 18);
        assert_int_equal(strncmp(ids[i], "d-", 2), 0);
        assert_int_equal(strspn(ids[i] + 2, "0123456789abcdef"), 16);
        assert_null(strstr("0123456789abcdef0123456789abcdef", ids[i] + 2));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(ids[i], ids[j]);
    }
    assert_string_equal(again, ids[0]); /* where there is a machine-id, the firmware does not matter */
    assert_string_equal(blank, ids[3]);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        test_free(ids[i]);
    test_free(again);
    test_free(blank);
}

static void test_sensors_of_another_machine(void **state)
{
    struct host *host = test_calloc(1, sizeof *host);
    struct facts facts = {0};

    (void)state;
    host->live = true;
    host->isa = 1u << ISA_SCALAR;
    detect_device(&facts, host, NULL, MACHINES "dual-server");
    expect_text(&facts, "kind", "emulated");
    expect_text(&facts, "energy_sources[0].state", "ready");
    facts_free(&facts);
    test_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_laptop),
        cmocka_unit_test(test_guest),
        cmocka_unit_test(test_other_kinds),
        cmocka_unit_test(test_chassis_types),
        cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_sensors_of_another_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
