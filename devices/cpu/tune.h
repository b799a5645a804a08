/* How far ahead one-token products prefetch: chosen at load, on the packed weights themselves. */
#ifndef POCKETMARK_DEVICES_CPU_TUNE_H
#define POCKETMARK_DEVICES_CPU_TUNE_H

#include <stddef.h>

#include "kernels/kernel.h"

struct cpu;

enum { TUNE_CANDIDATES = 6, TUNE_ROUNDS_MAX = 9 };

/* Index 0 is what stands where nothing was tried: best or within the noise of the best on the processors measured. */
extern const struct gemv_tuning tune_candidates[TUNE_CANDIDATES];

/* The candidate of the least median time, if it takes at least 1.5 % less than candidate 0; else 0. seconds: [candidate][round]. */
size_t tune_choose(double seconds[TUNE_CANDIDATES][TUNE_ROUNDS_MAX], size_t rounds);

/* Reads some layers with each candidate in turn, for about 0.15 s, and sets cpu->tuning and cpu->tuned. Leaves both where the weights
 * fit into the caches. Overwrites scratch. */
void cpu_tune(struct cpu *cpu);

#endif
