/* Records of results that pages are made from, read again and kept as long as there is room: many pages ask for the same ones. */
#ifndef POCKETMARK_REPORTS_PAGE_SITE_RECORDS_H
#define POCKETMARK_REPORTS_PAGE_SITE_RECORDS_H

#include <stddef.h>

#include "reports/page/site_board.h"
#include "reports/record.h"

/* As many records as are asked for last are never given up. */
enum { SITE_RECORDS_LEAST = 16 };

struct site_kept {
    size_t result;
    struct record record;
    size_t bytes; /* about */
    size_t asked; /* when, in calls */
};

struct site_records {
    const struct site_board *board;
    const char *folder;       /* of the site, in which the results lie */
    struct site_kept **items; /* owned */
    size_t count, bytes, calls;
};

/* A result of the board. It stays good until SITE_RECORDS_LEAST others have been asked for. STATUS_IO, STATUS_FORMAT,
 * STATUS_MEMORY; *record is NULL then. */
enum status site_records_get(struct site_records *records, size_t result, const struct record **record,
                             struct error *error);
void site_records_close(struct site_records *records);

#endif
