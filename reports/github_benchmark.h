/* The array that github-action-benchmark reads. One of its tools knows one direction, so that what should be large and what
 * should be small are two files. */
#ifndef POCKETMARK_REPORTS_GITHUB_BENCHMARK_H
#define POCKETMARK_REPORTS_GITHUB_BENCHMARK_H

#include <stdio.h>

#include "reports/record.h"

/* All figures of the records that are better in that direction: {name, unit, value, range, extra}. */
void github_benchmark_write(const struct record *records, size_t count, enum better better, FILE *out);

#endif
