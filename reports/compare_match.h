/* Which cell belongs to which, and what differs between them. For compare*.c. */
#ifndef POCKETMARK_REPORTS_COMPARE_MATCH_H
#define POCKETMARK_REPORTS_COMPARE_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"
#include "reports/compare_traits.h"

struct match {
    size_t base, candidate; /* cells */
};

struct matches {
    struct match *items; /* owned; in the order of the base's cells */
    size_t count, capacity;
    struct drops differ; /* traits in which the partners differ, maybe none */
};

struct match_request {
    const struct traits *base, *candidate; /* the same: cells of one result among each other */
    struct drops ignored;                  /* traits that do not count from the beginning */
    bool all_bases;                        /* more than one cell of the base may have the same partner */
    bool mixed;                            /* partners may differ in more traits than one */
};

/* Matches cells that are equal; if none are, those that differ in the one trait that matches most; if none do and `mixed` is set,
 * in whatever the two nearest differ. Workload and matrix
 * never differ. No matches: matches->count is 0 and `differ` tells how the nearest differ. STATUS_MEMORY.
 * matches_close() in every case. */
enum status matches_find(struct matches *matches, const struct match_request *request, struct error *error);

/* The cells that differ in fewest traits; false where there are none. Looks at the first few hundred of each side. */
bool matches_nearest(const struct match_request *request, struct match *nearest, struct drops *differ);

void matches_close(struct matches *matches);

#endif
