/* The figures of any number of results as CSV: one row per cell and figure. */
#ifndef POCKETMARK_REPORTS_FIGURES_H
#define POCKETMARK_REPORTS_FIGURES_H

#include <stddef.h>
#include <stdio.h>

#include "reports/record.h"

/* A line of names, then value, interval, numbers, kind, source or the reason for no value; cells without figures have a row with
 * theirs, and predictions follow the cells of their result. Errors are those of the stream. */
void figures_write(const struct record *const *records, size_t count, FILE *out);

#endif
