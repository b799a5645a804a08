/* The middle of some measurements. */
#ifndef POCKETMARK_DEVICES_MEDIAN_H
#define POCKETMARK_DEVICES_MEDIAN_H

#include <stddef.h>

enum { MEDIAN_SAMPLES_MAX = 512 };

/* 0 < count ≤ MEDIAN_SAMPLES_MAX; the mean of both middle ones where count is even. The samples are not changed. */
double median_of(const double *samples, size_t count);

#endif
