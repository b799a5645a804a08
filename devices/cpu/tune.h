/* How one-token products walk memory: chosen by a short trial, on the packed weights themselves. */
#ifndef POCKETMARK_DEVICES_CPU_TUNE_H
#define POCKETMARK_DEVICES_CPU_TUNE_H

#include <stdbool.h>
#include <stddef.h>

#include "devices/host.h"
#include "kernels/kernel.h"

struct cpu;

enum { TUNE_CANDIDATES = 5, TUNE_ROUNDS_MAX = 31 };

/* Index 0 is what stands where nothing was tried. Each was best on some processor measured. */
extern const struct gemv_tuning tune_candidates[TUNE_CANDIDATES];

/* The candidate of the least median time, if it takes at least 1.5 % less than candidate 0; else 0. seconds: [candidate][round]. */
size_t tune_choose(double seconds[TUNE_CANDIDATES][TUNE_ROUNDS_MAX], size_t rounds);

/* Calls `pass` with each candidate in turn for about 0.15 s; it reads at least some megabytes, others each time. False, and *tuning
 * as it was, where too few rounds were had. */
bool tune_try(void (*pass)(void *context, const struct gemv_tuning *tuning), void *context, struct gemv_tuning *tuning);

/* Bytes of the largest kind of cache, all of its kind together: what fits there says nothing of memory. */
size_t tune_cache_bytes(const struct host *host);

/* Tries the layers of a loaded model and sets cpu->tuning and cpu->tuned. Leaves both where the weights fit into the caches.
 * Overwrites scratch. */
void cpu_tune(struct cpu *cpu);

#endif
