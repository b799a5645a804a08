/* Figures that follow from a measured time, the shapes and the roofs. */
#ifndef POCKETMARK_RUNNER_DERIVE_H
#define POCKETMARK_RUNNER_DERIVE_H

#include "reports/record.h"
#include "runner/plan.h"

/* Fills the derived values of one repetition. `environment` holds the roofs (see roofs.h); `isa` is the level that the engine
 * multiplied quantised weights with, empty where it did not say. A ratio whose roof is unknown stays NaN. */
void derive_values(const struct plan_case *item, const struct facts *environment, const char *isa,
                   struct repetition *repetition);

/* Gives the reason for every derived figure that cannot be had, whatever the repetitions; then what only all repetitions together
 * tell: whether the speed held, and the verdict on heat. */
void derive_explain(const struct plan_case *item, const struct facts *environment, const char *isa, struct cell *cell);

#endif
