/* The kernel's performance events, one counter at a time; only for counters that PAPI does not offer. */
#ifndef POCKETMARK_DEVICES_PERF_EVENT_H
#define POCKETMARK_DEVICES_PERF_EVENT_H

#include <stdint.h>

/* Begins to count an event of a PMU on one processor, all processes together. Returns a descriptor to read 64-bit counts from and
 * to close(), or a negative errno: -EACCES where kernel.perf_event_paranoid forbids it. */
int perf_event_start(uint32_t pmu_type, uint64_t config, int cpu);

#endif
