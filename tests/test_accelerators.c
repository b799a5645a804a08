/* devices/accelerators: every kind in every state, two of a kind, what is none, and files full of anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/accelerators.h"
#include "tests/scratch_tree.h"

/* ---- trees ------------------------------------------------------------------------------------------------------------- */

/* "8086:7d1d:04:120000": vendor, device, revision, class. */
static void put_pci(const struct scratch_tree *tree, const char *slot, const char *id, const char *driver)
{
    static const char *const files[] = {"vendor", "device", "revision", "class"};
    char path[128], text[160], copy[32], *cursor = copy;

    snprintf(copy, sizeof copy, "%s", id);
    for (size_t i = 0; i < 4 && cursor; i++) {
        snprintf(path, sizeof path, "sys/bus/pci/devices/%s/%s", slot, files[i]);
        snprintf(text, sizeof text, "0x%s\n", strsep(&cursor, ":"));
        scratch_write(tree, path, text);
    }
    snprintf(path, sizeof path, "sys/bus/pci/devices/%s/uevent", slot);
    snprintf(text, sizeof text, "%s%s%sPCI_SLOT_NAME=%s\n", driver ? "DRIVER=" : "", driver ? driver : "",
             driver ? "\n" : "", slot);
    scratch_write(tree, path, text);
}

static void put_platform(const struct scratch_tree *tree, const char *name, const char *compatible, const char *driver)
{
    char path[128], text[256];

    snprintf(path, sizeof path, "sys/bus/platform/devices/%s/uevent", name);
    snprintf(text, sizeof text, "%s%s%sOF_FULLNAME=/soc/%s\nOF_COMPATIBLE_0=%s\nOF_COMPATIBLE_N=1\n",
             driver ? "DRIVER=" : "", driver ? driver : "", driver ? "\n" : "", name, compatible);
    scratch_write(tree, path, text);
}

/* A node of the class accel or drm, of the device whose uevent holds that line. */
static void put_class_node(const struct scratch_tree *tree, const char *name, const char *line)
{
    char path[128], text[160];

    snprintf(path, sizeof path, "sys/class/%s/%s/device/uevent", strncmp(name, "accel", 5) == 0 ? "accel" : "drm",
             name);
    snprintf(text, sizeof text, "%s\n", line);
    scratch_write(tree, path, text);
}

static void read_tree(const struct scratch_tree *tree, struct accelerators *found)
{
    accelerators_read(found, tree->root);
    for (size_t i = 0; i < found->count; i++)
        if ((found->items[i].state == ACCELERATOR_READY) != (found->items[i].reason[0] == '\0'))
            fail_msg("%s: %s: '%s'", found->items[i].name, accelerator_state_name(found->items[i].state),
                     found->items[i].reason);
}

static void expect_state(const struct accelerator *accelerator, enum accelerator_state state, const char *reason)
{
    if (accelerator->state != state || !strstr(accelerator->reason, reason))
        fail_msg("%s is '%s: %s' instead of '%s: … %s …'", accelerator->name,
                 accelerator_state_name(accelerator->state), accelerator->reason, accelerator_state_name(state),
                 reason);
}

/* ---- every kind in every state --------------------------------------------------------------------------------------------- */

struct subject {
    const char *name;
    enum accelerator_kind kind;
    const char *pci, *compatible, *board; /* what tells of it; all NULL: its node alone */
    const char *driver;                   /* as it is told */
    const char *class_node, *node;
    const char *libraries[3];
    const char *closed, *install; /* words of the remedies */
};

static const struct subject subjects[] = {
#include "tests/accelerator_subjects.inc"
};

static const char slot[] = "0000:01:00.0", name[] = "fd000000.unit";

static void put_subject(const struct scratch_tree *tree, const struct subject *subject, const char *driver)
{
    char properties[96];

    if (subject->pci)
        put_pci(tree, slot, subject->pci, driver);
    if (subject->compatible)
        put_platform(tree, name, subject->compatible, driver);
    if (subject->board && strchr(subject->board, ','))
        scratch_write_bytes(tree, "proc/device-tree/compatible", subject->board, strlen(subject->board) + 1);
    else if (subject->board) {
        snprintf(properties, sizeof properties, "ro.soc.manufacturer=X\nro.soc.model=%s\n", subject->board);
        scratch_write(tree, "system/build.prop", properties);
    }
}

static void expect_subject(const struct scratch_tree *tree, const struct subject *subject, enum accelerator_state state,
                           const char *reason)
{
    struct accelerators found;

    read_tree(tree, &found);
    if (found.count != 1)
        fail_msg("%s, %s: %zu found", subject->name, accelerator_state_name(state), found.count);
    assert_string_equal(found.items[0].name, subject->name);
    assert_int_equal(found.items[0].kind, subject->kind);
    expect_state(&found.items[0], state, reason);
    if (state >= ACCELERATOR_NODE_CLOSED)
        assert_string_equal(found.items[0].node + 1, subject->node);
    if (state == ACCELERATOR_READY)
        assert_string_equal(found.items[0].runtime + 1, subject->libraries[0]);
}

static void check_subject(const struct subject *subject)
{
    struct scratch_tree tree;
    char line[96];

    scratch_open(&tree);
    if (subject->pci || subject->compatible || subject->board) {
        put_subject(&tree, subject, NULL);
        expect_subject(&tree, subject, ACCELERATOR_HARDWARE_ONLY, "no driver is bound; ");
    }
    if (subject->driver) {
        put_subject(&tree, subject, subject->driver);
        expect_subject(&tree, subject, ACCELERATOR_DRIVER_BOUND, "there is no /dev/");
    }
    snprintf(line, sizeof line, "%s%s", subject->pci ? "PCI_SLOT_NAME=" : "OF_FULLNAME=/soc/",
             subject->pci ? slot : name);
    if (subject->class_node) {
        put_class_node(&tree, subject->class_node, line);
        expect_subject(&tree, subject, ACCELERATOR_DRIVER_BOUND, "there is no /dev/");
    }
    scratch_write(&tree, subject->node, "");
    snprintf(line, sizeof line, "%s\n", subject->node);
    scratch_write(&tree, "pocketmark/forbidden", line);
    expect_subject(&tree, subject, ACCELERATOR_NODE_CLOSED, subject->closed);
    scratch_remove(&tree, "pocketmark/forbidden");
    for (size_t i = 0; subject->libraries[i]; i++) {
        expect_subject(&tree, subject, ACCELERATOR_RUNTIME_MISSING, subject->install);
        scratch_write(&tree, subject->libraries[i], "");
    }
    expect_subject(&tree, subject, ACCELERATOR_READY, "");
    scratch_close(&tree);
}

static void test_states(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        check_subject(&subjects[i]);
}

/* ---- several -------------------------------------------------------------------------------------------------------------- */

/* Nodes go to their own devices, whatever the order of their numbers. */
static void test_two_gpus(void **state)
{
    struct scratch_tree tree;
    struct accelerators found;

    (void)state;
    scratch_open(&tree);
    put_pci(&tree, "0000:03:00.0", "1002:744c:c8:030000", "amdgpu");
    put_pci(&tree, "0000:00:02.0", "8086:46a6:0c:030000", "i915");
    put_class_node(&tree, "renderD128", "PCI_SLOT_NAME=0000:03:00.0");
    put_class_node(&tree, "renderD129", "PCI_SLOT_NAME=0000:00:02.0");
    put_class_node(&tree, "card0-eDP-1", "PCI_SLOT_NAME=0000:00:02.0");
    scratch_write(&tree, "dev/dri/renderD128", "");
    scratch_write(&tree, "dev/dri/renderD129", "");
    scratch_write(&tree, "sys/bus/pci/devices/0000:03:00.0/mem_info_vram_total", "25753026560\n");
    scratch_write(&tree, "sys/bus/pci/devices/0000:03:00.0/product_name", "Navi 31 of a kind\n");
    read_tree(&tree, &found);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.items[0].vendor, "Intel");
    assert_string_equal(found.items[0].node, "/dev/dri/renderD129");
    assert_int_equal(found.items[0].memory_bytes, 0);
    assert_string_equal(found.items[1].node, "/dev/dri/renderD128");
    assert_string_equal(found.items[1].name, "Navi 31 of a kind");
    assert_int_equal(found.items[1].memory_bytes, 25753026560);
    scratch_close(&tree);
}

static void test_two_nvidia(void **state)
{
    struct scratch_tree tree;
    struct accelerators found;

    (void)state;
    scratch_open(&tree);
    put_pci(&tree, "0000:17:00.0", "10de:2330:a1:030200", "nvidia");
    put_pci(&tree, "0000:65:00.0", "10de:2330:a1:030200", "nvidia");
    put_pci(&tree, "0000:65:00.1", "10de:22ba:a1:040300", "snd_hda_intel"); /* sound over HDMI */
    scratch_write(&tree, "proc/driver/nvidia/gpus/0000:17:00.0/information",
                  "Model: \t\t NVIDIA H100 80GB HBM3\nDevice Minor: \t 1\n");
    scratch_write(&tree, "proc/driver/nvidia/gpus/0000:65:00.0/information", "Model: ?\nDevice Minor: \t -1\n");
    scratch_write(&tree, "sys/module/nvidia/version", "550.54.14\n");
    scratch_write(&tree, "dev/nvidia1", "");
    read_tree(&tree, &found);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.items[0].name, "H100 80GB HBM3");
    assert_string_equal(found.items[0].node, "/dev/nvidia1");
    assert_string_equal(found.items[0].driver_version, "550.54.14");
    expect_state(&found.items[0], ACCELERATOR_RUNTIME_MISSING, "libcuda");
    expect_state(&found.items[1], ACCELERATOR_DRIVER_BOUND, "/dev/nvidia*");
    scratch_close(&tree);
}

static void test_two_of_one_driver(void **state)
{
    struct scratch_tree tree;
    struct accelerators found;

    (void)state;
    scratch_open(&tree);
    put_pci(&tree, "0000:04:00.0", "1e60:2864:01:120000", "hailo");
    put_pci(&tree, "0000:05:00.0", "1e60:2864:01:120000", "hailo");
    scratch_write(&tree, "dev/hailo0", "");
    scratch_write(&tree, "dev/hailo1", "");
    scratch_write(&tree, "usr/lib/libhailort.so", "");
    read_tree(&tree, &found);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.items[0].node, "/dev/hailo0");
    assert_string_equal(found.items[1].node, "/dev/hailo1");
    assert_string_equal(found.items[1].id, "1e60:2864, revision 01");
    scratch_close(&tree);
}

/* NPUs come first; three cores with one node, on a device of the driver's own, are one NPU. */
static void test_cores(void **state)
{
    struct scratch_tree tree;
    struct accelerators found;

    (void)state;
    scratch_open(&tree);
    scratch_write_bytes(&tree, "proc/device-tree/compatible", "x,board\0rockchip,rk3588", 24);
    put_platform(&tree, "fb000000.gpu", "arm,mali-valhall-csf", "panthor");
    put_platform(&tree, "fdab0000.npu", "rockchip,rk3588-rknn-core", NULL);
    put_platform(&tree, "fdac0000.npu", "rockchip,rk3588-rknn-core", "rocket");
    put_platform(&tree, "fdad0000.npu", "rockchip,rk3588-rknn-core", "rocket");
    put_class_node(&tree, "accel0", "MODALIAS=platform:rknn");
    scratch_write(&tree, "dev/accel/accel0", "");
    read_tree(&tree, &found);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.items[0].units, 3);
    assert_string_equal(found.items[0].driver, "rocket");
    assert_string_equal(found.items[0].node, "/dev/accel/accel0");
    assert_string_equal(found.items[1].name, "Mali-G610 (RK3588)");
    scratch_close(&tree);
}

static void test_claims(void **state)
{
    struct scratch_tree tree;
    struct accelerators found;

    (void)state;
    scratch_open(&tree);
    scratch_write_bytes(&tree, "proc/device-tree/compatible", "nvidia,p3701-0005\0nvidia,tegra234", 34);
    put_platform(&tree, "15880000.nvdla0", "nvidia,tegra234-nvdla", "nvdla");
    put_platform(&tree, "17000000.gpu", "nvidia,ga10b", "gk20a");
    read_tree(&tree, &found);
    assert_int_equal(found.count, 2);
    assert_true(found.items[0].claim && found.items[0].claim->most_tops == 105 && found.items[0].claim->sparse);
    assert_true(found.items[1].claim && found.items[1].claim->most_tops == 171 && found.items[1].claim->sparse);
    scratch_write_bytes(&tree, "proc/device-tree/compatible", "nvidia,p3767-0000\0nvidia,tegra234", 34);
    read_tree(&tree, &found);
    assert_int_equal(found.count, 2);
    assert_null(found.items[0].claim);
    assert_null(found.items[1].claim);
    scratch_close(&tree);
}

/* ---- others ----------------------------------------------------------------------------------------------------------------- */

static void test_none(void **state)
{
    struct scratch_tree tree;
    struct accelerators found;

    (void)state;
    scratch_open(&tree);
    read_tree(&tree, &found);
    assert_int_equal(found.count, 0);
    put_pci(&tree, "0000:00:1f.6", "8086:1502:04:020000", "e1000e"); /* a network card of the number of AMD's NPU */
    put_pci(&tree, "0000:02:00.0", "1a03:2000:41:030000", "ast");    /* a server's console */
    put_pci(&tree, "0000:00:04.0", "8086:647d:04:118000", NULL);     /* signal processing, but no NPU */
    put_platform(&tree, "fdd90000.vop", "rockchip,rk3588-vop", "rockchip-vop2");
    put_class_node(&tree, "renderD128", "PCI_SLOT_NAME=0000:02:00.0");
    read_tree(&tree, &found);
    assert_int_equal(found.count, 0);
    assert_non_null(strstr(found.looked, "/sys/class/accel"));
    assert_non_null(strstr(found.looked, "PCI (devices: 3)"));
    scratch_close(&tree);
}

static void test_foreign_drivers(void **state)
{
    struct scratch_tree tree;
    struct accelerators found;

    (void)state;
    scratch_open(&tree);
    put_pci(&tree, slot, "10de:2330:a1:030200", "vfio-pci");
    scratch_write(&tree, "dev/nvidia0", "");
    read_tree(&tree, &found);
    assert_int_equal(found.count, 1);
    expect_state(&found.items[0], ACCELERATOR_HARDWARE_ONLY, "the driver vfio-pci holds it; give it back to nvidia");
    assert_string_equal(found.items[0].node, "");
    scratch_close(&tree);
}

/* What no row describes is told all the same. */
static void test_unknown_devices(void **state)
{
    struct scratch_tree tree;
    struct accelerators found;

    (void)state;
    scratch_open(&tree);
    put_pci(&tree, "0000:04:00.0", "1234:5678:01:120000", NULL);
    put_pci(&tree, "0000:05:00.0", "1234:5679:01:088000", "newnpu");
    put_class_node(&tree, "accel0", "DRIVER=newnpu\nPCI_ID=1234:5679\nPCI_SLOT_NAME=0000:05:00.0");
    read_tree(&tree, &found);
    assert_int_equal(found.count, 2);
    expect_state(&found.items[0], ACCELERATOR_HARDWARE_ONLY, "no driver is bound");
    expect_state(&found.items[1], ACCELERATOR_DRIVER_BOUND, "newnpu");
    assert_string_equal(found.items[1].id, "1234:5679");
    assert_string_equal(found.items[1].node, "/dev/accel/accel0");
    scratch_close(&tree);
}

static void test_bad_files(void **state)
{
    static const char *const texts[] = {"",         "\n",       "8086\n",   "0x8086 1\n", "0x80866\n",
                                        "0x-086\n", "0xzzzz\n", "0x808\n",  "\xff\xfe",   "0x8086\r7d",
                                        "%s%n\n",   "0x\n",     "0X8086\n", "-0x8086\n",  "0x 8086\n"};
    struct scratch_tree tree;
    struct accelerators found;

    (void)state;
    scratch_open(&tree);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put_pci(&tree, slot, "8086:7d1d:04:120000", "intel_vpu");
        scratch_write(&tree, "sys/bus/pci/devices/0000:01:00.0/vendor", texts[i]);
        read_tree(&tree, &found);
        assert_int_equal(found.count, 0);
    }
    put_pci(&tree, slot, "1022:17f0:10:118000", "amdxdna");
    scratch_write(&tree, "sys/bus/pci/devices/0000:01:00.0/vbnv", "NPU \033[31mred\n");
    scratch_write(&tree, "sys/bus/pci/devices/0000:01:00.0/fw_version", "\xff\xff\n");
    scratch_write(&tree, "sys/module/amdxdna/version", "1\x01\n");
    scratch_write(&tree, "sys/bus/pci/devices/0000:01:00.0/revision", "10\n");
    read_tree(&tree, &found);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.items[0].name, "XDNA 2 NPU"); /* which one, only the revision tells */
    assert_string_equal(found.items[0].id, "1022:17f0");
    assert_string_equal(found.items[0].firmware, "");
    assert_string_equal(found.items[0].driver_version, "");
    scratch_write(&tree, "sys/bus/pci/devices/0000:01:00.0/uevent", "DRIVER=amd xdna;\033\nPCI_SLOT_NAME=");
    read_tree(&tree, &found);
    expect_state(&found.items[0], ACCELERATOR_HARDWARE_ONLY, "no driver is bound");
    scratch_close(&tree);
}

static void test_too_many(void **state)
{
    struct scratch_tree tree;
    struct accelerators *found = test_malloc(sizeof *found);
    char text[64];

    (void)state;
    scratch_open(&tree);
    for (unsigned i = 0; i < 80; i++) {
        snprintf(text, sizeof text, "0000:%02x:00.0", i);
        put_pci(&tree, text, "10de:2330:a1:030200", "nvidia");
        snprintf(text, sizeof text, "accel%u", i);
        put_class_node(&tree, text, "DRIVER=some");
    }
    read_tree(&tree, found);
    assert_int_equal(found->count, ACCELERATORS_MAX);
    scratch_close(&tree);
    test_free(found);
}

/* Whatever this machine has: nothing breaks, and what is not ready says why. */
static void test_live(void **state)
{
    struct accelerators found;

    (void)state;
    accelerators_read(&found, NULL);
    for (size_t i = 0; i < found.count; i++)
        assert_true((found.items[i].state == ACCELERATOR_READY) == (found.items[i].reason[0] == '\0'));
    assert_true(*found.looked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_two_gpus),
        cmocka_unit_test(test_two_nvidia),
        cmocka_unit_test(test_two_of_one_driver),
        cmocka_unit_test(test_cores),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_foreign_drivers),
        cmocka_unit_test(test_unknown_devices),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_live),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
