/* `run --against`, `--against-llama-bench`: another program that is measured in the same rounds. */
#ifndef POCKETMARK_RUNNER_AGAINST_H
#define POCKETMARK_RUNNER_AGAINST_H

#include "runner/measure.h"

struct against {
    struct contender contender; /* its record is ours: below */
    struct record record;
    bool asked; /* false: there is none, and nothing else is set */
};

/* Looks at the options; asks the other program who it is and whether it speaks as this build does: a launch of the engine that
 * does nothing, of each kind that the plan has. Fills the record for it beside `ours`, whose workload, device and cells are told.
 * STATUS_MISUSE for a program that cannot do it, and for cases that llama-bench cannot have; STATUS_IO where it cannot be read.
 * Close with against_close in every case. */
enum status against_open(struct against *against, const struct options *options, const struct plan *plan,
                         const struct record *ours, const volatile sig_atomic_t *signal, struct error *error);

/* Tells both records' environments what they have in common, and who was measured beside whom. */
void against_pair(struct against *against, struct record *ours);

void against_close(struct against *against);

#endif
