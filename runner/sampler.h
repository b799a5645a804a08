/* Heat, clocks and disturbances along a launch: a thread that looks again and again while the work goes on, keeps what it sees in
 * memory, and tells it between the repetitions as means over a second.
 *
 *   cpu_temperature_celsius                                      the processor's hottest sensor
 *   clock_performance_hertz, _middle_, _efficient_, _low_power_  mean over the cores of a kind
 *   thermal_brake_ratio                                          how hard the kernel brakes, see devices/thermal.h
 *   steal_ratio, foreign_load_ratio, cpu_pressure_ratio, memory_pressure_ratio, thermal_throttle_count
 *                                                                of the second before, see devices/sensors.h */
#ifndef POCKETMARK_RUNNER_SAMPLER_H
#define POCKETMARK_RUNNER_SAMPLER_H

#include <stdint.h>
#include <stdio.h>

#include "devices/sensors.h"

struct sampler;

struct sampler_setting {
    const struct host *host;      /* the running machine */
    const struct sensor_set *set; /* what to look at; the only one that must outlive the sampler */
    double hertz;                 /* how often; where that would cost more than 0.4 % of the time it looks less often */
    const unsigned *busy_cpus;    /* processors that work: the thread stays away from them where another one is free */
    size_t busy_count;
};

/* NULL: hertz is 0, or no thread could be had. All functions below do nothing for NULL. */
struct sampler *sampler_open(const struct sampler_setting *setting);

/* Tells the seconds that are complete. Outside of timed regions. */
void sampler_tell(struct sampler *sampler, FILE *out);

/* Mean clock of the fastest kind of cores in the first and in the last half of a time just past, by what has not been told yet.
 * NaN with fewer than two samples in a half. */
void sampler_clocks(struct sampler *sampler, uint64_t start_ns, uint64_t end_ns, double *first_hertz,
                    double *last_hertz);

/* Ends the thread, tells the rest, and its cost: observations sampler.cpu_ratio (time of its processor over time passed),
 * sampler.hertz, sampler.lost_count. out NULL: tells nothing. */
void sampler_close(struct sampler *sampler, FILE *out);

#endif
