/* Recorded machines with other things in their files: random bytes, nothing, too much, numbers out of range, the right text
 * with wrong bits, a folder in place of a file. Every reader must come through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ftw.h>

#include "tests/scratch_tree.h"
#include "tests/tree_readers.h"

#define MACHINES "tests/machines/"

enum { PATHS_MAX = 1024, SMALL_BYTES = 3000, LARGE_BYTES = 1 << 20, OPEN_FOLDERS = 16 };

struct paths {
    char *items[PATHS_MAX]; /* relative to the tree */
    size_t count, root_length;
};

static struct paths found; /* nftw hands its visitor no context */

static int visit(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)walk;
    if (type == FTW_F && found.count < PATHS_MAX)
        found.items[found.count++] = strdup(path + found.root_length + 1);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In an order that does not depend on the file system. */
static void find_paths(const char *root)
{
    found = (struct paths){.root_length = strlen(root)};
    nftw(root, visit, OPEN_FOLDERS, FTW_PHYS);
    qsort(found.items, found.count, sizeof *found.items, by_text);
    assert_true(found.count > 50);
}

/* xorshift64*: https://vigna.di.unimi.it/ftp/papers/xorshift.pdf */
static uint64_t draw(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static void write_random(const struct scratch_tree *tree, const char *path, size_t bytes, uint64_t *state)
{
    char *content = test_malloc(bytes + 1);

    for (size_t i = 0; i < bytes; i++)
        content[i] = (char)draw(state);
    scratch_write_bytes(tree, path, content, bytes);
    test_free(content);
}

/* The file's own text with one byte in eight changed. */
static void write_mangled(const struct scratch_tree *tree, const char *root, const char *path, uint64_t *state)
{
    char full[PATH_MAX], content[SMALL_BYTES];
    FILE *in;
    size_t count;

    snprintf(full, sizeof full, "%s/%s", root, path);
    in = fopen(full, "r");
    assert_non_null(in);
    count = fread(content, 1, sizeof content, in);
    fclose(in);
    for (size_t i = 0; i < count; i++)
        if (draw(state) % 8 == 0)
            content[i] = (char)draw(state);
    scratch_write_bytes(tree, path, content, count);
}

static void write_anything(const struct scratch_tree *tree, const char *root, const char *path, uint64_t *state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "-1\n",
                                        "18446744073709551616\n",
                                        "18446744073709551615\n",
                                        "max\n",
                                        "0\r\n",
                                        "0",
                                        "0-3,8-\n",
                                        "1e999\n",
                                        "nan\n",
                                        " \t \n",
                                        "4294967296\n",
                                        "0-4294967295\n",
                                        ":::\n",
                                        "[\n",
                                        "%s%n%s\n"};
    static const char zeros[SMALL_BYTES];
    char full[PATH_MAX];

    switch (draw(state) % 16) {
    case 0:
    case 1:
        scratch_write_bytes(tree, path, zeros, 1 + draw(state) % sizeof zeros);
        return;
    case 2:
        scratch_path(tree, path, full, sizeof full);
        mkdir(full, 0755);
        return;
    case 3:
        return; /* not there */
    case 4:
    case 5:
    case 6:
        write_random(tree, path, draw(state) % SMALL_BYTES, state);
        return;
    case 7:
    case 8:
    case 9:
    case 10:
        write_mangled(tree, root, path, state);
        return;
    default:
        scratch_write(tree, path, texts[draw(state) % (sizeof texts / sizeof *texts)]);
    }
}

static void run_hostile(const char *name, uint64_t seed)
{
    uint64_t state = seed;
    struct scratch_tree tree;
    char root[64];

    snprintf(root, sizeof root, MACHINES "%s", name);
    find_paths(root);
    scratch_open(&tree);
    for (size_t i = 0; i < found.count; i++) {
        write_anything(&tree, root, found.items[i], &state);
        free(found.items[i]);
    }
    tree_readers_run(tree.root);
    scratch_close(&tree);
}

static void test_small_machine(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++)
        run_hostile("vm-bare", seed);
}

static void test_all_machines(void **state)
{
    static const char *const names[] = {"ultra-laptop", "strix-laptop", "rk3588-board", "raspberry-pi-5",
                                        "jetson-orin",  "pixel-phone",  "dual-server",  "hybrid-laptop"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        run_hostile(names[i], 100 + i);
}

/* Each file in turn holds a megabyte, all others are as they were. */
static void test_large_files(void **state)
{
    static const char *const paths[] = {"proc/cpuinfo",
                                        "proc/meminfo",
                                        "proc/stat",
                                        "proc/self/cgroup",
                                        "proc/self/mountinfo",
                                        "etc/os-release",
                                        "pocketmark/cpuid.txt",
                                        "sys/firmware/dmi/tables/DMI",
                                        "sys/firmware/dmi/entries/17-0/raw",
                                        "sys/devices/cpu_core/cpus",
                                        "proc/device-tree/compatible",
                                        "sys/class/dmi/id/product_name"};

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct scratch_tree tree;
        uint64_t seed = i + 1;
        char *letters = test_malloc(LARGE_BYTES);

        memset(letters, 'a' + (int)i, LARGE_BYTES);
        scratch_open(&tree);
        scratch_write(&tree, "proc/meminfo", "MemTotal: 1000 kB\n");
        scratch_write_bytes(&tree, paths[i], letters, LARGE_BYTES);
        tree_readers_run(tree.root);
        write_random(&tree, paths[i], LARGE_BYTES, &seed);
        tree_readers_run(tree.root);
        scratch_close(&tree);
        test_free(letters);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_machine),
        cmocka_unit_test(test_all_machines),
        cmocka_unit_test(test_large_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
