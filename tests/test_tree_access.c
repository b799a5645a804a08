/* devices/tree: what may be done with a file that is not opened, what is taken down of it, and lines "key=value". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/mman.h>

#include "devices/tree.h"
#include "tests/scratch_tree.h"

static void test_recorded(void **state)
{
    struct scratch_tree tree;
    char path[PATH_MAX];

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "dev/accel/accel0", "");
    scratch_write(&tree, "dev/accel/accel1", "");
    scratch_write(&tree, "pocketmark/forbidden", "dev/accel/accel1\ndev/kfd\n");
    assert_int_equal(tree_access(tree.root, "dev/accel/accel0", R_OK | W_OK), 0);
    assert_int_equal(tree_access(tree.root, "dev/accel/accel1", R_OK), -EACCES);
    assert_int_equal(tree_access(tree.root, "dev/kfd", R_OK), -EACCES);
    assert_int_equal(tree_access(tree.root, "dev/accel/accel2", R_OK), -ENOENT);
    assert_int_equal(tree_access(tree.root, "dev/accel/accel0/x", R_OK), -ENOTDIR);
    scratch_path(&tree, "dev/out", path, sizeof path);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(tree_access(tree.root, "dev/out", R_OK), -EXDEV);
    scratch_path(&tree, "dev/loop", path, sizeof path);
    assert_int_equal(symlink("loop", path), 0);
    assert_int_equal(tree_access(tree.root, "dev/loop", R_OK), -ELOOP);
    scratch_close(&tree);
}

static void test_live(void **state)
{
    (void)state;
    assert_int_equal(tree_access(NULL, "dev/null", R_OK | W_OK), 0);
    assert_int_equal(tree_access(NULL, "dev/there-is-no-such-device", R_OK), -ENOENT);
}

static void test_notes(void **state)
{
    int file = memfd_create("notes", MFD_CLOEXEC);
    char number[16], text[64] = "";

    (void)state;
    assert_true(file >= 0);
    snprintf(number, sizeof number, "%d", file);
    setenv(TREE_LOG_VARIABLE, number, 1);
    tree_access(NULL, "dev/null", R_OK);
    unsetenv(TREE_LOG_VARIABLE);
    assert_true(pread(file, text, sizeof text - 1, 0) > 0);
    assert_string_equal(text, "dev/null?\n");
    close(file);
}

static void test_properties(void **state)
{
    static const char text[] = "DRIVER=xe\nPCI_ID=8086:64A0\r\nEMPTY=\nPCI_ID=second\nDRIVERS = no\nlast=1";
    char value[8];

    (void)state;
    assert_true(tree_find_property(text, "DRIVER", value, sizeof value));
    assert_string_equal(value, "xe");
    assert_true(tree_find_property(text, "PCI_ID", value, sizeof value));
    assert_string_equal(value, "8086:64"); /* cut */
    assert_true(tree_find_property(text, "EMPTY", value, sizeof value));
    assert_string_equal(value, "");
    assert_true(tree_find_property(text, "last", value, sizeof value));
    assert_string_equal(value, "1");
    assert_false(tree_find_property(text, "DRIVERS", value, sizeof value));
    assert_false(tree_find_property(text, "DRIV", value, sizeof value));
    assert_string_equal(value, "");
    assert_false(tree_find_property("", "a", value, sizeof value));
    assert_false(tree_find_property(NULL, "a", value, sizeof value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_properties),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
