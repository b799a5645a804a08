/* A static board over any number of results: pages for all of them, per device, per model and per pair of devices, and the results
 * themselves. Works from a folder or a web server, without script. The same results give the same files. */
#ifndef POCKETMARK_REPORTS_PAGE_SITE_H
#define POCKETMARK_REPORTS_PAGE_SITE_H

#include <stddef.h>

#include "kernels/base.h"

struct site_options {
    const char *folder; /* new, empty, or of an earlier site, whose pages that are no more are removed */
    size_t pairs_most;  /* pages of pairs of devices at most */
    void (*warn)(const char *text, void *context); /* a file is left out, charts are missing; may be NULL */
    void *context;
};

struct site_tally {
    size_t results, left_out, devices, models, pairs;
    size_t pairs_left; /* pairs that have a case in common, but no page */
    size_t files, removed;
};

/* `paths`: files, and folders for all *.json below them. Files that are no results are left out and told on the index. STATUS_IO
 * where the folder cannot be written or is not ours, STATUS_FORMAT where no file is a result, STATUS_MEMORY. */
enum status site_build(const char *const *paths, size_t count, const struct site_options *options,
                       struct site_tally *tally, struct error *error);

#endif
