/* Hardware counters around a phase, by PAPI. Absent counters are absent, never zero. */
#ifndef POCKETMARK_DEVICES_COUNTERS_H
#define POCKETMARK_DEVICES_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/base.h"

enum counter { COUNTER_CYCLES, COUNTER_INSTRUCTIONS, COUNTER_CACHE_MISSES, COUNTER_COUNT };

struct counters;

/* Counts the calling thread and the threads it creates later. Never fails: without counters `counters_reason` says why.
 * NULL only when out of memory. */
struct counters *counters_open(void);
const char *counters_reason(const struct counters *counters); /* empty where counters work */
void counters_start(struct counters *counters);
/* values[i] is meaningful where valid[i]. */
void counters_stop(struct counters *counters, uint64_t values[COUNTER_COUNT], bool valid[COUNTER_COUNT]);
void counters_close(struct counters *counters);

#endif
