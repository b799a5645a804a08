/* A folder of files written by a test, in place of a machine's /proc and /sys. */
#ifndef POCKETMARK_TESTS_SCRATCH_TREE_H
#define POCKETMARK_TESTS_SCRATCH_TREE_H

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch_tree {
    char root[64];
};

/* Ends the test program where the folder cannot be made. */
static inline void scratch_open(struct scratch_tree *tree)
{
    /* thousands of small files are slow on a disk */
    snprintf(tree->root, sizeof tree->root, "%s/pocketmark-test-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : P_tmpdir);
    if (!mkdtemp(tree->root) || chmod(tree->root, 0755) != 0) {
        perror(tree->root);
        exit(99);
    }
}

/* Full path of a file of the tree, its folders made. */
static inline void scratch_path(const struct scratch_tree *tree, const char *path, char *full, size_t capacity)
{
    snprintf(full, capacity, "%s/%s", tree->root, path);
    for (char *slash = full + strlen(tree->root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        if (mkdir(full, 0755) != 0 && errno != EEXIST) {
            perror(full);
            exit(99);
        }
        *slash = '/';
    }
}

static inline void scratch_write_bytes(const struct scratch_tree *tree, const char *path, const void *bytes,
                                       size_t count)
{
    char full[PATH_MAX];
    FILE *file;

    scratch_path(tree, path, full, sizeof full);
    file = fopen(full, "w");
    if (!file || fwrite(bytes, 1, count, file) != count || fclose(file) != 0) {
        perror(full);
        exit(99);
    }
}

static inline void scratch_write(const struct scratch_tree *tree, const char *path, const char *text)
{
    scratch_write_bytes(tree, path, text, strlen(text));
}

static inline void scratch_remove(const struct scratch_tree *tree, const char *path)
{
    char full[PATH_MAX];

    scratch_path(tree, path, full, sizeof full);
    unlink(full);
}

static inline int scratch_remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static inline void scratch_close(struct scratch_tree *tree)
{
    nftw(tree->root, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Around a test that wants a folder: *state is its tree. */
static inline int scratch_setup(void **state)
{
    static struct scratch_tree tree;

    scratch_open(&tree);
    *state = &tree;
    return 0;
}

static inline int scratch_teardown(void **state)
{
    scratch_close(*state);
    return 0;
}

#endif
