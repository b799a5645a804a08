/* Does the speed hold? From the repetitions of a long launch. */
#ifndef POCKETMARK_REPORTS_SUSTAINED_H
#define POCKETMARK_REPORTS_SUSTAINED_H

#include "reports/record.h"

#define SUSTAINED_SERIES "decode_tokens_per_second"

/* Gives the first measured repetition of each launch its sustained_ratio: the speed of decode in the last fifth of the launch over
 * that in the first; and the cell the series decode_tokens_per_second, a value for each minute of a launch at the minute's begin.
 * Launches of fewer than five repetitions have no ratio; the reason says so. `prompt` and `generated`: tokens of a repetition.
 * False: out of memory. */
bool sustained_conclude(struct cell *cell, double prompt_tokens, double generated_tokens);

/* NULL: the cell has no series of that name. */
const struct series *series_find(const struct cell *cell, const char *name);

#endif
