/* What a cell saw over minutes: its longest launch, or all of a sustained run, as samples by the minute. */
#ifndef POCKETMARK_REPORTS_PAGE_STRETCH_H
#define POCKETMARK_REPORTS_PAGE_STRETCH_H

#include "reports/record.h"

enum { STRETCH_COURSES_MAX = 12 };

/* Samples in the order of time. */
struct course {
    char name[32]; /* "performance" */
    const char *unit;
    double *minutes, *values; /* owned; since the begin of the stretch */
    size_t count;
};

struct stretch {
    double begin_seconds, end_seconds; /* since the start of the run */
    bool part;                         /* the longest launch of several */
    struct course courses[STRETCH_COURSES_MAX];
    size_t count;
    struct course median; /* running median of the first course */
};

/* True where the cell has samples over at least a minute, or belongs to a sustained run (`sustained`). The first course is the
 * speed of decode, by repetition or by what the series tells more often; then follow temperatures, clocks and power.
 * stretch_close() in every case; without memory *failed is set. */
bool stretch_open(struct stretch *stretch, const struct cell *cell, bool sustained, bool *failed);
void stretch_close(struct stretch *stretch);

/* Mean (or, where it asks so, median) of the samples from one minute to before another; NaN: none. */
double stretch_mean(const struct course *course, double from, double to);
double stretch_median(const struct course *course, double from, double to);

#endif
