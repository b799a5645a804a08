/* devices/memory and devices/cgroup: recorded limits, both versions of control groups, malformed files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "devices/cgroup.h"
#include "devices/memory.h"
#include "tests/scratch_tree.h"

#define MACHINES "tests/machines/"
#define MEMINFO  "MemTotal: 1000 kB\nMemFree: 300 kB\nMemAvailable: 500 kB\nSwapTotal: 80 kB\nSwapFree: 20 kB\n"

static const uint64_t kib = 1024;

static void read_root(struct memory *memory, const char *root)
{
    struct error error = {.text = ""};

    assert_int_equal(memory_read(memory, root, &error), STATUS_OK);
}

/* ---- whole machines ---------------------------------------------------------------------------------------------- */

static void test_guest(void **state)
{
    struct memory memory;

    (void)state;
    read_root(&memory, MACHINES "vm-bare");
    assert_int_equal(memory.total_bytes, 8167940 * kib);
    assert_int_equal(memory.available_bytes, 7340032 * kib);
    assert_int_equal(memory.swap_total_bytes, 0);
    assert_true(memory.cgroup_bytes == UINT64_MAX); /* version 1 writes "unlimited" as a huge number */
    assert_true(memory.address_space_bytes == UINT64_MAX);
    assert_int_equal(memory.usable_bytes, 7340032 * kib);
    assert_string_equal(memory.binding, "MemAvailable");
}

static void test_server(void **state)
{
    struct memory memory;

    (void)state;
    read_root(&memory, MACHINES "dual-server");
    /* the parent's limit of 64 GiB, less 4 GiB in use of which 2 GiB can be given back */
    assert_int_equal(memory.cgroup_bytes, UINT64_C(62) << 30);
    assert_int_equal(memory.usable_bytes, UINT64_C(62) << 30);
    assert_string_equal(memory.binding, "cgroup memory.max");
}

static void test_laptop(void **state)
{
    struct memory memory;

    (void)state;
    read_root(&memory, MACHINES "hybrid-laptop"); /* no /proc/self/cgroup at all */
    assert_true(memory.cgroup_bytes == UINT64_MAX);
    assert_int_equal(memory.swap_total_bytes, 2097148 * kib);
    assert_int_equal(memory.swap_free_bytes, 1048576 * kib);
    assert_string_equal(memory.binding, "MemAvailable");
}

static void test_live(void **state)
{
    struct memory memory;
    struct memory_usage usage;
    struct error error = {.text = ""};

    (void)state;
    read_root(&memory, NULL);
    assert_true(memory.total_bytes > 0);
    assert_true(memory.available_bytes <= memory.total_bytes);
    assert_true(memory.usable_bytes <= memory.available_bytes);
    assert_int_equal(memory_usage_read(&usage, &error), STATUS_OK);
    assert_true(usage.rss_bytes > 0);
    assert_true(usage.peak_rss_bytes >= usage.rss_bytes);
    assert_true(usage.anonymous_bytes <= usage.rss_bytes);
    assert_true(usage.mapped_bytes >= usage.rss_bytes);
}

static void test_address_space_limit(void **state)
{
    struct rlimit before, limit;
    struct memory memory, recorded;
    struct memory_usage usage;
    struct error error;

    (void)state;
    assert_int_equal(memory_usage_read(&usage, &error), STATUS_OK);
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    limit = before;
    limit.rlim_cur = usage.mapped_bytes + (UINT64_C(64) << 20);
    if (before.rlim_max != RLIM_INFINITY && before.rlim_max < limit.rlim_cur)
        skip();
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    read_root(&memory, NULL);
    read_root(&recorded, MACHINES "vm-bare");
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_true(memory.address_space_bytes <= UINT64_C(64) << 20);
    assert_true(memory.usable_bytes <= UINT64_C(64) << 20);
    assert_true(recorded.address_space_bytes == UINT64_MAX); /* our limit is not that machine's */
}

/* ---- /proc/meminfo ----------------------------------------------------------------------------------------------- */

static void test_no_meminfo(void **state)
{
    struct scratch_tree tree;
    struct memory memory;
    struct error error = {.text = ""};

    (void)state;
    scratch_open(&tree);
    assert_int_equal(memory_read(&memory, tree.root, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "/proc/meminfo"));
    scratch_close(&tree);
}

static void test_old_kernel(void **state)
{
    struct scratch_tree tree;
    struct memory memory;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "proc/meminfo", "MemTotal: 1000 kB\nMemFree: 300 kB\n");
    read_root(&memory, tree.root);
    scratch_close(&tree);
    assert_int_equal(memory.available_bytes, 0);
    assert_int_equal(memory.usable_bytes, 300 * kib);
    assert_string_equal(memory.binding, "MemFree");
}

static void test_hostile_meminfo(void **state)
{
    static const char *const contents[] = {
        "",
        "\n\n",
        "MemTotal",
        "MemTotal:",
        "MemTotal: kB\nMemAvailable: kB\n",
        "MemTotal: -5 kB\nMemAvailable: -5 kB\n",
        "MemTotal: 10\nMemAvailable: 10\n",
        "MemTotal: 10 MB\nMemAvailable: 10 MB\n",
        "MemTotal: 10 kB extra\nMemAvailable: 1 2 kB\n",
        "MemTotal: 18446744073709551616 kB\nMemAvailable: 18446744073709551615 kB\n",
        "XMemTotal: 10 kB\nMemTotals: 10 kB\nMemAvailableX: 9 kB\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        struct scratch_tree tree;
        struct memory memory;

        scratch_open(&tree);
        scratch_write(&tree, "proc/meminfo", contents[i]);
        read_root(&memory, tree.root);
        scratch_close(&tree);
        assert_int_equal(memory.total_bytes, 0);
        assert_int_equal(memory.available_bytes, 0);
        assert_true(memory.usable_bytes == UINT64_MAX);
        assert_string_equal(memory.binding, "no limit seen");
    }
}

/* ---- control groups ---------------------------------------------------------------------------------------------- */

/* What the limits of one scratch tree come to. */
static struct cgroup_room room_of(const struct scratch_tree *tree, const char *groups, const char *mounts)
{
    struct cgroup_room room;

    cgroup_room_read(&room, tree->root, groups, mounts);
    return room;
}

static void test_version_2(void **state)
{
    struct scratch_tree tree;
    struct cgroup_room room;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "sys/fs/cgroup/a/memory.max", "1000\n");
    scratch_write(&tree, "sys/fs/cgroup/a/memory.current", "100\n");
    scratch_write(&tree, "sys/fs/cgroup/a/b/memory.max", "max\n");
    scratch_write(&tree, "sys/fs/cgroup/a/b/c/memory.max", "5000\n");
    room = room_of(&tree, "0::/a/b/c\n", NULL);
    assert_int_equal(room.bytes, 900);
    assert_string_equal(room.binding, "cgroup /a memory.max");
    scratch_write(&tree, "sys/fs/cgroup/a/b/c/memory.current", "4900\n");
    room = room_of(&tree, "0::/a/b/c\n", NULL);
    assert_int_equal(room.bytes, 100);
    assert_string_equal(room.binding, "cgroup /a/b/c memory.max");
    /* page cache that can be dropped at once is no usage, not even more of it than there is usage */
    scratch_write(&tree, "sys/fs/cgroup/a/b/c/memory.stat", "anon 1\ninactive_file_x 9\ninactive_file 4000\n");
    assert_int_equal(room_of(&tree, "0::/a/b/c\n", NULL).bytes, 900);
    scratch_write(&tree, "sys/fs/cgroup/a/memory.stat", "inactive_file 99999\n");
    assert_int_equal(room_of(&tree, "0::/a\n", NULL).bytes, 1000);
    /* a group that uses more than it may */
    scratch_write(&tree, "sys/fs/cgroup/a/memory.stat", "inactive_file 0\n");
    scratch_write(&tree, "sys/fs/cgroup/a/memory.current", "1001\n");
    assert_int_equal(room_of(&tree, "0::/a\n", NULL).bytes, 0);
    scratch_close(&tree);
}

static void test_version_1(void **state)
{
    static const char mounts[] = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                                 "36 31 0:33 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
    struct scratch_tree tree;
    struct cgroup_room room;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    scratch_write(&tree, "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "2000\n");
    scratch_write(&tree, "sys/fs/cgroup/memory/a/memory.usage_in_bytes", "700\n");
    scratch_write(&tree, "sys/fs/cgroup/memory/a/memory.stat", "inactive_file 1\ntotal_inactive_file 200\n");
    scratch_write(&tree, "sys/fs/cgroup/cpu/memory.limit_in_bytes", "1\n");
    room = room_of(&tree, "4:memory:/a/gone\n3:cpu:/\n0::/\n", mounts);
    assert_int_equal(room.bytes, 1500);
    assert_string_equal(room.binding, "cgroup /a memory.limit_in_bytes");
    assert_int_equal(room_of(&tree, "4:hugetlb,memory,pids:/a\n", mounts).bytes, 1500);
    assert_true(room_of(&tree, "4:memory2:/a\n3:cpu:/a\n", mounts).bytes == UINT64_MAX);
    assert_int_equal(room_of(&tree, "4:memory:/a\n", NULL).bytes, 1500);
    scratch_close(&tree);
}

static void test_both_versions(void **state)
{
    static const char mounts[] = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                                 "41 31 0:38 / /sys/fs/cgroup/unified rw shared:4 master:2 - cgroup2 cgroup2 rw\n";
    struct scratch_tree tree;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "sys/fs/cgroup/memory/memory.limit_in_bytes", "2000\n");
    scratch_write(&tree, "sys/fs/cgroup/unified/x/memory.max", "1999\n");
    assert_int_equal(room_of(&tree, "4:memory:/\n0::/x\n", mounts).bytes, 1999);
    assert_int_equal(room_of(&tree, "4:memory:/\n0::/y\n", mounts).bytes, 2000);
    assert_string_equal(room_of(&tree, "4:memory:/\n", mounts).binding, "cgroup / memory.limit_in_bytes");
    scratch_close(&tree);
}

static void test_container(void **state)
{
    /* only the container's own branch is mounted, at the place where the whole hierarchy usually is */
    static const char mounts[] = "9 8 0:9 /other /sys/fs/cgroup/elsewhere rw - cgroup2 cgroup2 rw\n"
                                 "35 31 0:32 /docker/1a /sys/fs/cgroup\\040x rw - cgroup2 cgroup2 rw\n";
    struct scratch_tree tree;
    struct cgroup_room room;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "sys/fs/cgroup x/memory.max", "4000\n");
    scratch_write(&tree, "sys/fs/cgroup x/sub/memory.max", "3000\n");
    scratch_write(&tree, "sys/fs/cgroup/elsewhere/memory.max", "5\n");
    room = room_of(&tree, "0::/docker/1a/sub\n", mounts);
    assert_int_equal(room.bytes, 3000);
    assert_string_equal(room.binding, "cgroup /docker/1a/sub memory.max");
    assert_int_equal(room_of(&tree, "0::/docker/1a\n", mounts).bytes, 4000);
    assert_int_equal(room_of(&tree, "0::/docker/1ab\n", mounts).bytes, 5); /* not below /docker/1a */
    /* the group's name is the host's, the mount's top stands for it: no other mount fits better */
    assert_int_equal(room_of(&tree, "0::/../outside\n", mounts).bytes, 5);
    scratch_close(&tree);
}

static void test_hostile_limits(void **state)
{
    static const char *const limits[] = {"",   "\n",     "max",  "-1\n",     "18446744073709551616", "12 13", "0x10",
                                         "1k", "1\n2\n", "\r\n", "infinity", "9223372036854775808x"};
    static const char *const groups[] = {"",     "\n",  "0:",       "0::",          "::/",
                                         "0::a", ":::", "memory:/", "1:memory:rel", "99999999999999999999::/"};
    static const char *const mounts[] = {"",
                                         "\n",
                                         "x",
                                         "1 2 3",
                                         "1 2 3:4 / /sys/fs/cgroup rw",
                                         "- cgroup2 c rw",
                                         "1 2 3:4 / /sys/fs/cgroup rw - tmpfs t rw",
                                         "1 2 3:4 / /a rw - cgroup2"};
    struct scratch_tree tree;

    (void)state;
    scratch_open(&tree);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        scratch_write(&tree, "sys/fs/cgroup/memory.max", limits[i]);
        assert_true(room_of(&tree, "0::/\n", NULL).bytes == UINT64_MAX);
    }
    scratch_write(&tree, "sys/fs/cgroup/memory.max", "7");
    assert_int_equal(room_of(&tree, "0::/", NULL).bytes, 7);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        assert_true(room_of(&tree, groups[i], NULL).bytes == UINT64_MAX);
    for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++)
        assert_true(room_of(&tree, "0::/\n", mounts[i]).bytes == UINT64_MAX);
    scratch_write(&tree, "sys/fs/cgroup/memory.current", "many\n");
    assert_int_equal(room_of(&tree, "0::/\n", NULL).bytes, 7);
    scratch_close(&tree);
}

static void test_long_paths(void **state)
{
    char groups[4096] = "0::", path[3000] = "";
    struct scratch_tree tree;
    struct cgroup_room room;

    (void)state;
    scratch_open(&tree);
    for (int i = 0; i < 20; i++)
        strcat(path, "/a-rather-long-name.slice");
    snprintf(groups + 3, sizeof groups - 3, "%s\n", path);
    memmove(path + 13, path, strlen(path) + 1);
    memcpy(path, "sys/fs/cgroup", 13);
    strcat(path, "/memory.max");
    scratch_write(&tree, path, "7\n");
    room = room_of(&tree, groups, NULL);
    assert_int_equal(room.bytes, 7);
    assert_int_equal(strncmp(room.binding, "cgroup ...", 10), 0);
    assert_non_null(strstr(room.binding, "name.slice memory.max"));
    /* beyond what is kept: unknown, and nothing overrun */
    memset(groups + 3, 'x', sizeof groups - 5);
    groups[3] = '/';
    groups[sizeof groups - 1] = '\0';
    assert_true(room_of(&tree, groups, NULL).bytes == UINT64_MAX);
    scratch_close(&tree);
}

static void test_limit_binds(void **state)
{
    struct scratch_tree tree;
    struct memory memory;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "proc/meminfo", MEMINFO);
    scratch_write(&tree, "proc/self/cgroup", "0::/a\n");
    scratch_write(&tree, "sys/fs/cgroup/a/memory.max", "512001\n");
    read_root(&memory, tree.root);
    assert_string_equal(memory.binding, "MemAvailable");
    assert_int_equal(memory.cgroup_bytes, 512001);
    scratch_write(&tree, "sys/fs/cgroup/a/memory.max", "511999\n");
    read_root(&memory, tree.root);
    assert_string_equal(memory.binding, "cgroup memory.max");
    assert_int_equal(memory.usable_bytes, 511999);
    scratch_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guest),
        cmocka_unit_test(test_server),
        cmocka_unit_test(test_laptop),
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_address_space_limit),
        cmocka_unit_test(test_no_meminfo),
        cmocka_unit_test(test_old_kernel),
        cmocka_unit_test(test_hostile_meminfo),
        cmocka_unit_test(test_version_2),
        cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_both_versions),
        cmocka_unit_test(test_container),
        cmocka_unit_test(test_hostile_limits),
        cmocka_unit_test(test_long_paths),
        cmocka_unit_test(test_limit_binds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
