/* What becomes of a launch: its figures join the cell, or its failure does. */
#ifndef POCKETMARK_RUNNER_COMMIT_H
#define POCKETMARK_RUNNER_COMMIT_H

#include "runner/lines.h"

/* Adds what launch `number` told to the cell: repetitions, figures of the launch as a whole (counted once, with the first measured
 * repetition), those of its first repetition under names of their own, reasons, sources, the engine's choices as
 * "options.KEY" of the cell's engine, facts "engine.…" there too, other facts to the observations. */
void commit_launch(struct cell *cell, unsigned number, struct outcome *outcome);

/* Notes in the observations that launch `number` failed: "launches.failed_count", "launches.failures[i].launch" and ".reason". */
void commit_failure(struct cell *cell, unsigned number, const char *reason);

/* How many were noted so far. */
size_t commit_failures(const struct cell *cell);

#endif
