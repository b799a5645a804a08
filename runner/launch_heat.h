/* Heat and clocks along a launch. */
#ifndef POCKETMARK_RUNNER_LAUNCH_HEAT_H
#define POCKETMARK_RUNNER_LAUNCH_HEAT_H

#include <stdio.h>

#include "devices/sensors.h"
#include "runner/options.h"
#include "runner/sampler.h"
#include "runner/workbench.h"

/* Finds what can be read, of the recorded machine of --root or of this one. While no other threads run. */
void launch_heat_find(struct sensor_set *sensors, const struct host *host, const struct options *options);

/* Tells the limits that a verdict on heat needs, and starts to sample away from the engine's processors. NULL: nothing to sample. */
struct sampler *launch_heat_watch(const struct sensor_set *sensors, const struct workbench *bench,
                                  const struct options *options, FILE *out);

#endif
