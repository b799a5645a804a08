/* What must not leave a machine: serial numbers, UUIDs, addresses, names of hosts, users and control groups, home folders. */
#ifndef POCKETMARK_DEVICES_TREE_MASK_H
#define POCKETMARK_DEVICES_TREE_MASK_H

#include <stdbool.h>
#include <stddef.h>

enum { MASK_WORDS_MAX = 16, MASK_GROUPS_MAX = 32, MASK_WORD_MAX = 128 };

struct tree_mask {
    char words[MASK_WORDS_MAX][MASK_WORD_MAX]; /* names of this machine and its user */
    size_t word_count;
    char groups[MASK_GROUPS_MAX][MASK_WORD_MAX]; /* parts of the paths of this process's control groups */
    size_t group_count;
};

/* Learns the names from the machine: host name, user, control groups. root NULL: the running one. */
void tree_mask_open(struct tree_mask *mask, const char *root);

/* May a file of that path be stored at all? */
bool tree_mask_allows(const char *path);

/* One part of a path, or of a link's target, as it may be stored: a control group becomes "group-1", an address zeros. */
void tree_mask_name(const struct tree_mask *mask, const char *name, char *masked, size_t size);

/* The content of a file as it may be stored: from files of known form only what our readers use, from all others everything but
 * lines that tell a serial number and what looks like a UUID, an address, a long key, a home folder or one of the names; those
 * become '0' or 'x', of the same length. Returns a copy, to be freed with free(), its length in *masked_length; NULL: out of
 * memory. */
char *tree_mask_content(const struct tree_mask *mask, const char *path, const char *content, size_t length,
                        size_t *masked_length);

#endif
