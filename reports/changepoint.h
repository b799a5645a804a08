/* Where a series of figures over time changes its level. E-divisive splits within windows, each split kept only if Student's t
 * test holds for it: no randomness, so that the same series gives the same points (Matteson and James 2014; Hunter 2023). */
#ifndef POCKETMARK_REPORTS_CHANGEPOINT_H
#define POCKETMARK_REPORTS_CHANGEPOINT_H

#include <stdbool.h>
#include <stddef.h>

struct changepoint_options {
    size_t window;          /* values looked at together; later windows begin half a window on */
    double p_most;          /* between the levels on both sides */
    double magnitude_ratio; /* smallest change of the mean that counts */
};

/* 50 values, p < 0.001, 2 %. */
extern const struct changepoint_options changepoint_defaults;

struct changepoint {
    size_t index;         /* of the first value of the new level */
    double before, after; /* means of the levels, up to the neighbouring points */
    double p;
};

/* Finds them in order. values must be finite. *points is owned by the caller. False: out of memory. */
bool changepoint_find(const double *values, size_t count, const struct changepoint_options *options,
                      struct changepoint **points, size_t *found);

#endif
