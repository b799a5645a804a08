/* Which files a site is made from: those that were named, and all *.json below the folders that were. */
#ifndef POCKETMARK_REPORTS_PAGE_SITE_WALK_H
#define POCKETMARK_REPORTS_PAGE_SITE_WALK_H

#include <stddef.h>

#include "kernels/base.h"

/* The file that says that a folder is a site: what lies below such a folder is left out, it is made from results. */
#define SITE_MANIFEST ".pocketmark-site"

struct site_file {
    char *path; /* where it is */
    char *name; /* for people: below the folder that was named, or the file's own name */
    char *why;  /* why it cannot be had; NULL: it may be */
};

struct site_files {
    struct site_file *items; /* owned */
    size_t count;
};

/* In the order of the paths, in a folder by name. Hidden files and folders are left out, links to folders are not followed. A path
 * that is not there, or a folder that cannot be read, is an entry with its reason. STATUS_MEMORY. site_files_close() in every
 * case. */
enum status site_files_find(struct site_files *files, const char *const *paths, size_t count, struct error *error);
void site_files_close(struct site_files *files);

#endif
