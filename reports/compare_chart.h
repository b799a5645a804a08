/* Ratios as a chart: a panel per figure, a row per comparison, each a point with its interval around 1 (a forest plot). */
#ifndef POCKETMARK_REPORTS_COMPARE_CHART_H
#define POCKETMARK_REPORTS_COMPARE_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"
#include "reports/chart.h"
#include "reports/compare.h"

struct compare_chart_row {
    const struct comparison_row *row; /* the caller's; without a ratio it is left out */
    const char *label;                /* the caller's */
};

/* Of rows that may come from several comparisons; `base` names what all of them are set against. Panels stand in the order of
 * headline figures, at most CHART_PANELS_MAX; each keeps the order of its rows. NULL without memory; a chart without any point
 * where no row has a ratio (chart_used). */
struct chart *compare_chart_rows(const char *id, const char *title, const char *base,
                                 const struct compare_chart_row *rows, size_t count);

/* The same of a whole comparison, its rows labelled by case and, where there are several, by candidate. */
struct chart *compare_chart(const char *id, const struct comparison *comparison);

/* Does the name end in .svg or .png? */
bool compare_chart_form(const char *path, enum chart_form *form);

/* Draws that file in one step. STATUS_UNSUPPORTED: no gnuplot, or no ratio to draw; STATUS_FAILED, STATUS_IO, STATUS_MEMORY. */
enum status compare_chart_save(const struct comparison *comparison, const char *path, struct error *error);

#endif
