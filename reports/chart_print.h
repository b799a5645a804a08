/* Charts in characters: for a terminal, and for Markdown without pictures. */
#ifndef POCKETMARK_REPORTS_CHART_PRINT_H
#define POCKETMARK_REPORTS_CHART_PRINT_H

#include <stdio.h>

#include "reports/chart.h"
#include "reports/writer.h"

enum { CHART_PRINT_WIDTH_LEAST = 40 };

/* Bars with their figures, intervals as ├─●─┤ around a rule, curves as a line of bars with first and last value, points as
 * lines of their coordinates; each line within the style's width, from CHART_PRINT_WIDTH_LEAST columns on. Single measurements
 * behind a figure are left out. Title, panels and foot; not the finding. False: out of memory. */
bool chart_print(FILE *out, const struct chart *chart, const struct writer_style *style);

#endif
