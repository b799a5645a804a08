/* gnuplot's SVG made fit to stand inside a page, beside others of its kind. */
#ifndef POCKETMARK_REPORTS_CHART_SVG_H
#define POCKETMARK_REPORTS_CHART_SVG_H

#include <stddef.h>

#include "reports/chart.h"

/* Rewrites `length` bytes of gnuplot's (5.4) picture of that chart: see chart_draw. picture->bytes is to be freed. STATUS_FAILED
 * where it is no SVG, or not whole; STATUS_MEMORY. */
enum status chart_svg(const struct chart *chart, const char *svg, size_t length, struct picture *picture,
                      struct error *error);

#endif
