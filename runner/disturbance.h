/* For tests alone: launches that are slowed on purpose, so that it can be shown that a slowdown is caught and noise is not. The
 * engine is told as option test_…, and a result that holds such a launch is marked as emulated.
 *
 *   POCKETMARK_TEST_SLOWDOWN=0.05  each decode step takes that much longer
 *   POCKETMARK_TEST_NOISE=0.01     each launch as a whole takes longer by a random ratio: three standard deviations of that size
 *                                  on average, give or take, from --seed and --number */
#ifndef POCKETMARK_RUNNER_DISTURBANCE_H
#define POCKETMARK_RUNNER_DISTURBANCE_H

#include "kernels/base.h"

struct disturbance {
    double decode_ratio, prefill_ratio; /* of extra time; 0: none */
};

/* STATUS_MISUSE for a value that is no ratio from 0 to 10. */
enum status disturbance_read(struct disturbance *disturbance, uint64_t seed, uint64_t launch, struct error *error);

/* Waits, at work, for that ratio of the time since start_ns. */
void disturbance_wait(double ratio, uint64_t start_ns);

#endif
