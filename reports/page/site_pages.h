/* What the pages of a site are made from, and their makers; for the files site*.c. */
#ifndef POCKETMARK_REPORTS_PAGE_SITE_PAGES_H
#define POCKETMARK_REPORTS_PAGE_SITE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/page/page.h"
#include "reports/page/site_board.h"
#include "reports/page/site_records.h"

/* Two devices that have a case in common. */
struct site_pair {
    size_t a, b;   /* devices, by name */
    size_t common; /* cases that both have */
    double time;   /* of the newest of them, told by the older one of both results */
    bool alike;    /* of one engine and build: nothing but the device differs, in one case at least */
};

/* A case of both, by the newest results of one engine and build, or of any where there are none such. */
struct site_case {
    const char *key;
    size_t result_a, result_b; /* in board.results */
    double time;
    bool alike;
};

struct site {
    struct site_board board;
    struct site_records records;
    struct site_pair
        *pairs; /* owned; those that nothing but the device tells apart first, then those with most in common */
    size_t pair_count, pairs_left;
};

/* Finds the pairs of devices that were measured themselves; keeps at most so many. STATUS_MEMORY. */
enum status site_pairs_find(struct site *site, size_t most, struct error *error);

/* All cases of a pair, those that nothing but the device tells apart first, then the newest first; to be freed. NULL: no memory. */
struct site_case *site_pair_cases(const struct site *site, const struct site_pair *pair, size_t *count);

/* Makers of pages; results are read again from their copies. page_close() in every case, unless the page is handed on; page->failed: no memory. */
void site_index_build(const struct site *site, int figure, struct page *page); /* ordered by that BOARD_… */
enum status site_device_build(struct site *site, size_t device, struct page *page, struct error *error);
void site_model_build(const struct site *site, size_t model, struct page *page);
enum status site_pair_build(struct site *site, const struct site_pair *pair, struct page *page, struct error *error);

/* Name of the index that is ordered by a figure: "index.html", "index-prefill.html", … */
const char *site_index_name(int figure);

/* Adds the sections "Emulated results" and "Imported results": tables of their own, with a warning above. `choice` as in
 * site_choose, its origin does not count. */
struct site_choice;
void site_foreign_tables(const struct site *site, const struct site_choice *choice, int figure, const char *up,
                         struct page *page);

#endif
