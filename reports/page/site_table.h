/* Tables of a site: groups of results chosen from the board, ordered by one of their figures. */
#ifndef POCKETMARK_REPORTS_PAGE_SITE_TABLE_H
#define POCKETMARK_REPORTS_PAGE_SITE_TABLE_H

#include <stddef.h>

#include "reports/page/page.h"
#include "reports/page/site_board.h"

enum { SITE_ADDRESS_MAX = 192, SITE_TEXT_MAX = 256 };

/* Id of the table on a device's page that has a row for each result. */
#define SITE_ALL_RESULTS "all-results"

/* Which groups; SIZE_MAX and NULL: any. */
struct site_choice {
    enum origin origin;
    size_t device, model;
    const char *key;
};

struct site_groups {
    const struct site_board *board;
    size_t *items; /* owned; indices */
    size_t count;
    int figure; /* BOARD_…: what they are ordered by, the best first, unknown last */
};

/* Without memory the page is set to have failed. site_groups_close() in every case. Energy is ordered by scope first: sources of
 * different scope say nothing about each other. */
void site_choose(struct site_groups *groups, const struct site_board *board, const struct site_choice *choice,
                 int figure, struct page *page);
void site_groups_close(struct site_groups *groups);

/* "decode": the title of the column of a figure. */
const char *site_figure_title(int figure);

/* "48.1 ±0.4", or with quartiles over several results "48.1 [47.8 48.4]"; seconds, joules and bytes with their unit. */
void site_figure_text(char *out, size_t size, const struct board_figure *figure, int which, bool quartiles);

/* "cpu 0.1.0 0123456789ab": name, version, commit. */
void site_engine_text(char *out, size_t size, const struct board_group *group);

/* Addresses below the site's root, `up` ("" or "../") before them. */
void site_device_address(char out[SITE_ADDRESS_MAX], const char *up, const struct board_device *device);
void site_model_address(char out[SITE_ADDRESS_MAX], const char *up, const struct board_model *model);
void site_pair_address(char out[SITE_ADDRESS_MAX], const char *up, const struct board_device *a,
                       const struct board_device *b);
void site_result_address(char out[SITE_ADDRESS_MAX], const char *up, const struct board_result *result);

/* Where the figures of a group stand: in its result, or, of several, in the table of all results of the device. */
void site_group_address(char out[SITE_ADDRESS_MAX], const char *up, const struct site_board *board,
                        const struct board_group *group);

/* The next cell of a table: a figure with its interval, its address, and the scope of energy. */
void site_put_figure(struct grid *grid, const struct board_group *group, int figure, const char *address);

/* A table of them, one row each, that can be sorted and filtered. Nothing where there is none. */
void site_table(struct page *page, const char *id, const char *caption, const struct site_groups *groups,
                const char *up);

/* What texts, brackets and letters in such a table mean. */
void site_table_notes(struct page *page);

/* Date of a result: "2026-11-22". */
void site_date(char out[16], const struct board_result *result);

#endif
