/* The second half of reading a board (site_board.h): orders, names, and the figures of groups. */
#ifndef POCKETMARK_REPORTS_PAGE_SITE_SETTLE_H
#define POCKETMARK_REPORTS_PAGE_SITE_SETTLE_H

#include "reports/page/site_board.h"

/* Once all rows are there. STATUS_MEMORY. */
enum status site_board_settle(struct site_board *board, struct error *error);

/* Newer first, by time and then by id. */
int site_board_newer(const struct board_result *a, const struct board_result *b);

#endif
