/* The figures of a chart as tables and as CSV. */
#ifndef POCKETMARK_REPORTS_PAGE_CHART_DATA_H
#define POCKETMARK_REPORTS_PAGE_CHART_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/page/page.h"

/* Points of all panels. */
size_t chart_data_count(const struct chart *chart);

/* One more table of the page's last section for each panel that has points, with the ids "data-1-ID", "data-2-ID", …; at most
 * `most` rows each. */
void chart_data_grids(const struct chart *chart, struct page *page, size_t most);

#define CHART_DATA_TYPE "text/csv;charset=utf-8"
enum { CHART_DATA_NAME = 80 };

/* The data as a file of that type, "ID.csv", to be freed: one line per point and all digits; `quantity` is the title of the value's
 * axis, with its unit. False without memory. */
bool chart_data_file(const struct chart *chart, char name[CHART_DATA_NAME], char **bytes, size_t *length);

#endif
