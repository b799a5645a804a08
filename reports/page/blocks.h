/* What several section builders put on a page alike. */
#ifndef POCKETMARK_REPORTS_PAGE_BLOCKS_H
#define POCKETMARK_REPORTS_PAGE_BLOCKS_H

#include "reports/page/report.h"

enum { BLOCKS_ID_MAX = 64, BLOCKS_LABEL_MAX = 160 };

/* "–", for what is unknown. */
extern const char blocks_unknown[];

/* "memory" for index 0, "memory-2" for 1, …: an id that stays unique where a section repeats itself. */
void blocks_id(char id[BLOCKS_ID_MAX], const char *name, size_t index);

/* The cells of a device, which stand together in a report's lists. */
const struct report_cell *blocks_of_device(const struct report_cell *cells, size_t count, size_t device, size_t *found);

/* The next cell of a table: a value of that unit, scaled, or "–". */
void blocks_quantity(struct grid *grid, const char *unit, double value);

/* A whole number, all digits, or "–". */
void blocks_count(struct grid *grid, double count);

/* The next cell: a figure with its unit, "727 MB"; or with its interval, the unit in the column's head, "0.317 ±0.005". */
void blocks_figure(struct grid *grid, const struct report_cell *cell, enum field field);
void blocks_figure_interval(struct grid *grid, const struct report_cell *cell, enum field field);

/* "43.1 to 97.2 %", "97.2 %" where both read alike. */
void blocks_percent_range(char *out, size_t size, double least_ratio, double most_ratio);

/* A bar behind the last cell: none where the share is unknown, full beyond 1. */
void blocks_share(struct grid *grid, double share);

/* Does any of the cells have that figure? */
bool blocks_any(const struct report_cell *cells, size_t count, enum field field);

/* Why figures of these fields are missing: a note per reason, each once, with the figures it explains. */
void blocks_missing(struct page *page, const struct report_cell *cells, size_t count, const enum field *fields,
                    size_t field_count);

#endif
