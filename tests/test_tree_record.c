/* devices/tree_mask and devices/tree_record: a machine stored as a tree reads the same, and holds nothing private. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/host.h"
#include "devices/tree.h"
#include "devices/tree_mask.h"
#include "devices/tree_record.h"
#include "tests/scratch_tree.h"

#define MACHINES "tests/machines/"

/* ---- masks ------------------------------------------------------------------------------------------------------------- */

static void expect_content(const struct tree_mask *mask, const char *path, const char *content, const char *masked)
{
    size_t length;
    char *text = tree_mask_content(mask, path, content, strlen(content), &length);

    assert_non_null(text);
    assert_string_equal(text, masked);
    free(text);
}

static void test_patterns(void **state)
{
    static const struct tree_mask mask = {.words = {"anna", "box-of-anna"}, .word_count = 2};
    static const char any[] = "sys/class/some/file";

    (void)state;
    expect_content(&mask, any, "4500000\n", "4500000\n");
    expect_content(&mask, any, "00000000,00ffffff\n", "00000000,00ffffff\n");
    expect_content(&mask, any, "a0:36:9f:01:02:0a\n", "00:00:00:00:00:00\n");
    expect_content(&mask, any, "a0-36-9f-01-02-0A x\n", "00-00-00-00-00-00 x\n");
    expect_content(&mask, any, "12:30:45\n", "12:30:45\n"); /* a time is no address */
    expect_content(&mask, any, "0000:c5:00.1\n", "0000:c5:00.1\n");
    expect_content(&mask, any, "UUID=4c4c4544-0033-4a10-8054-b4c04f4d3733\n",
                   "UUID=00000000-0000-0000-0000-000000000000\n");
    expect_content(&mask, any, "0123456789abcdef0123456789abcdef\n", "00000000000000000000000000000000\n");
    expect_content(&mask, any, "/home/anna/models\n", "/home/xxxx/models\n");
    expect_content(&mask, any, "by anna at box-of-anna.\n", "by xxxx at xxxxxxxxxxx.\n");
    expect_content(&mask, any, "joanna annab\n", "joanna annab\n"); /* parts of other words are not the name */
    expect_content(&mask, any, "name: x\nserial: 12345\nunit: y\n", "name: x\nunit: y\n");
    expect_content(&mask, any, "POWER_SUPPLY_SERIAL_NUMBER=77\n", "");
    expect_content(&mask, any, "", "");
    expect_content(&mask, any, "anna", "xxxx\n");
}

static void test_known_forms(void **state)
{
    static const struct tree_mask mask = {.groups = {"user-anna.slice", "3f2a"}, .group_count = 2};

    (void)state;
    expect_content(&mask, "proc/cpuinfo", "processor\t: 0\nSerial\t\t: 12\nmodel name\t: X\nbogus\t: 7\n\n",
                   "processor\t: 0\nmodel name\t: X\n\n");
    expect_content(&mask, "etc/os-release", "NAME=\"Box of Anna\"\nPRETTY_NAME=\"Debian\"\n",
                   "PRETTY_NAME=\"Debian\"\n");
    expect_content(&mask, "proc/version", "Linux version 6.1.0-18 (anna@box) (gcc 12)\n", "Linux version 6.1.0-18\n");
    expect_content(&mask, "system/build.prop", "ro.serialno=1\nro.product.model=P\nro.build.host=h\n",
                   "ro.product.model=P\n");
    expect_content(&mask, "proc/self/cgroup", "0::/user-anna.slice/3f2a\n4:memory:/\n",
                   "0::/group-1/group-2\n4:memory:/\n");
    expect_content(&mask, "proc/self/mountinfo",
                   "1 2 0:3 / /home/anna rw - ext4 /dev/sda rw\n4 5 0:6 /3f2a /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
                   "4 5 0:6 /group-2 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
}

static void test_paths(void **state)
{
    static const char *const barred[] = {"etc/machine-id",
                                         "sys/class/dmi/id/product_uuid",
                                         "sys/class/dmi/id/board_serial",
                                         "sys/class/dmi/id/chassis_asset_tag",
                                         "proc/device-tree/serial-number",
                                         "proc/sys/kernel/hostname",
                                         "proc/sys/kernel/random/boot_id",
                                         "sys/class/net/eth0/address",
                                         "sys/class/power_supply/BAT0/serial_number"};

    (void)state;
    for (size_t i = 0; i < sizeof barred / sizeof *barred; i++)
        assert_false(tree_mask_allows(barred[i]));
    assert_true(tree_mask_allows("sys/class/dmi/id/product_name"));
    assert_true(tree_mask_allows("serial/size")); /* only the last part counts */
}

static void test_names_of_parts(void **state)
{
    static const struct tree_mask mask = {.groups = {"user-anna.slice"}, .group_count = 1};
    char name[64];

    (void)state;
    tree_mask_name(&mask, "user-anna.slice", name, sizeof name);
    assert_string_equal(name, "group-1");
    tree_mask_name(&mask, "hid-a0:36:9f:01:02:0a-battery", name, sizeof name);
    assert_string_equal(name, "hid-00:00:00:00:00:00-battery");
    tree_mask_name(&mask, "intel-rapl:0:1", name, sizeof name);
    assert_string_equal(name, "intel-rapl:0:1");
}

/* Host names that are the product's are no secrets, and the product must stay readable. */
static void test_product_words(void **state)
{
    struct scratch_tree tree;
    struct tree_mask mask;

    (void)state;
    scratch_open(&tree);
    scratch_write_bytes(&tree, "proc/device-tree/compatible", "raspberrypi,5-model-b\0brcm,bcm2712", 35);
    scratch_write(&tree, "proc/sys/kernel/hostname", "raspberrypi\n");
    tree_mask_open(&mask, tree.root);
    assert_int_equal(mask.word_count, 0);
    scratch_write(&tree, "proc/sys/kernel/hostname", "kitchen\n");
    tree_mask_open(&mask, tree.root);
    scratch_close(&tree);
    assert_int_equal(mask.word_count, 1);
    assert_string_equal(mask.words[0], "kitchen");
}

/* ---- trees ------------------------------------------------------------------------------------------------------------- */

static size_t record(const struct scratch_tree *out, const char *root, const char *log)
{
    struct host *host = test_malloc(sizeof *host);
    struct error error = {.text = ""};
    size_t files = 0;

    assert_int_equal(host_read(host, root, &error), STATUS_OK);
    if (tree_record(out->root, root, host, "d-0123456789abcdef", log, &files, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    test_free(host);
    return files;
}

static void expect_file(const struct scratch_tree *tree, const char *path, const char *content)
{
    char text[4096];
    ssize_t length = tree_read(tree->root, path, text, sizeof text);

    if (length < 0)
        fail_msg("%s: %s", path, strerror((int)-length));
    assert_string_equal(text, content);
}

static void test_links(void **state)
{
    struct scratch_tree tree, out;
    char path[PATH_MAX], target[PATH_MAX];
    ssize_t length;

    (void)state;
    scratch_open(&tree);
    scratch_open(&out);
    scratch_write(&tree, "sys/devices/pci0000:00/0000:00:0b.0/vendor", "0x8086\n");
    scratch_write(&tree, "sys/devices/pci0000:00/0000:00:0b.0/unread", "1\n");
    scratch_write(&tree, "etc/passwd", "anna\n");
    scratch_path(&tree, "sys/class/accel/accel0/device", path, sizeof path);
    assert_int_equal(symlink("../../../devices/pci0000:00/0000:00:0b.0", path), 0);
    scratch_path(&tree, "sys/class/accel/loop", path, sizeof path);
    assert_int_equal(symlink("loop", path), 0);
    scratch_path(&tree, "sys/class/accel/out", path, sizeof path);
    assert_int_equal(symlink("../../../../../../../etc/passwd", path), 0);
    record(&out, tree.root,
           "sys/class/accel/\nsys/class/accel/accel0/device/vendor\nsys/class/accel/loop/x\nsys/class/nowhere\n../../"
           "etc\n");
    expect_file(&out, "sys/class/accel/accel0/device/vendor", "0x8086\n");
    expect_file(&out, "sys/devices/pci0000:00/0000:00:0b.0/vendor", "0x8086\n");
    assert_false(tree_exists(out.root, "sys/devices/pci0000:00/0000:00:0b.0/unread"));
    assert_false(tree_exists(out.root, "sys/class/nowhere"));
    assert_false(tree_exists(out.root, "etc/passwd"));
    scratch_path(&out, "sys/class/accel/out", path, sizeof path);
    assert_int_equal(readlink(path, target, sizeof target), -1);
    scratch_path(&out, "sys/class/accel/accel0/device", path, sizeof path);
    length = readlink(path, target, sizeof target - 1); /* a link stays a link */
    assert_true(length > 0);
    target[length] = '\0';
    assert_string_equal(target, "../../../devices/pci0000:00/0000:00:0b.0");
    scratch_close(&tree);
    scratch_close(&out);
}

static void test_told_files(void **state)
{
    struct scratch_tree out;

    (void)state;
    scratch_open(&out);
    assert_true(record(&out, MACHINES "strix-laptop", "pocketmark/cpuid.txt\nproc/cpuinfo\n") > 100);
    expect_file(&out, DEVICE_ID_PATH, "d-0123456789abcdef\n");
    assert_true(tree_exists(out.root, "pocketmark/cpuid.txt"));
    assert_true(tree_exists(out.root, "sys/devices/system/cpu/cpu23/topology/core_cpus"));
    scratch_close(&out);
}

static void test_folders(void **state)
{
    struct scratch_tree tree;
    struct error error = {.text = ""};
    char path[PATH_MAX];

    (void)state;
    scratch_open(&tree);
    assert_int_equal(tree_record_prepare(tree.root, &error), STATUS_OK);
    scratch_write(&tree, "file", "");
    assert_int_equal(tree_record_prepare(tree.root, &error), STATUS_MISUSE);
    scratch_path(&tree, "file", path, sizeof path);
    assert_int_equal(tree_record_prepare(path, &error), STATUS_IO);
    scratch_path(&tree, "a/b/c", path, sizeof path);
    assert_int_equal(tree_record_prepare(path, &error), STATUS_OK);
    scratch_path(&tree, "x", path, sizeof path);
    strcat(path, "/y");
    assert_int_equal(tree_record_prepare(path, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "/x/y"));
    scratch_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),       cmocka_unit_test(test_known_forms),   cmocka_unit_test(test_paths),
        cmocka_unit_test(test_names_of_parts), cmocka_unit_test(test_product_words), cmocka_unit_test(test_links),
        cmocka_unit_test(test_told_files),     cmocka_unit_test(test_folders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
