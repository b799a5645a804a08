/* Charts by gnuplot, which runs as a child process. */
#ifndef POCKETMARK_REPORTS_CHART_H
#define POCKETMARK_REPORTS_CHART_H

#include "kernels/base.h"
#include "reports/record.h"

/* Writes BASE.svg and BASE.png: decode and prefill speed of every model cell with intervals and the roofs as lines. gnuplot runs
 * as a child, is given 30 s and no shell. STATUS_UNSUPPORTED where gnuplot is not installed (the text says what was left out),
 * STATUS_FAILED where it fails, STATUS_IO for unwritable files. */
enum status chart_save(const struct record *record, const char *base, struct error *error);

#endif
