/* The energy sources as facts. */
#ifndef POCKETMARK_RUNNER_DETECT_ENERGY_H
#define POCKETMARK_RUNNER_DETECT_ENERGY_H

#include "reports/facts.h"

/* Of every source of this build, in order of preference, as LIST[i]: name, scope, state ("ready", "absent", "no permission",
 * "unreadable", "on request"), reason with the remedy (null where it is ready), summary, and of a ready one offers
 * (all its channels in a line) and channels[j]: name,
 * scope, whole (covers the processor), unit ("J": a counter, "W": a power that is integrated), refresh_seconds, step_joules.
 * Sources are opened and closed; root NULL: the running machine, else a recorded one. */
void detect_energy(struct facts *facts, const char *list, const char *root);

#endif
