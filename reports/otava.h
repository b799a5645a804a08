/* The CSV that Apache Otava reads: time, commit, one column per figure; rows from the earliest to the latest, none with a gap. */
#ifndef POCKETMARK_REPORTS_OTAVA_H
#define POCKETMARK_REPORTS_OTAVA_H

#include <stddef.h>
#include <stdio.h>

/* A result. Values stand in the order of the columns; NaN: not had. */
struct otava_row {
    const char *time;   /* RFC 3339 */
    const char *commit; /* "" unknown */
    double *values;
};

/* Sorts the rows by time and writes those that have every column of the latest row; figures which that one lacks are no columns.
 * *left_out: rows that lack one of them. */
void otava_write(FILE *out, const char *const *columns, size_t column_count, struct otava_row *rows, size_t row_count,
                 size_t *left_out);

#endif
