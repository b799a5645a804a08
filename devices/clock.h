/* Time. */
#ifndef POCKETMARK_DEVICES_CLOCK_H
#define POCKETMARK_DEVICES_CLOCK_H

#include <stdint.h>

/* Nanoseconds since an arbitrary start (CLOCK_MONOTONIC); only differences mean anything. */
uint64_t clock_now_ns(void);

/* Seconds from `start_ns` to `end_ns`. */
static inline double clock_seconds(uint64_t start_ns, uint64_t end_ns)
{
    return (double)(end_ns - start_ns) * 1e-9;
}

#endif
