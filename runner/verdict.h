/* What a measured record amounts to. */
#ifndef POCKETMARK_RUNNER_VERDICT_H
#define POCKETMARK_RUNNER_VERDICT_H

#include "reports/record.h"

/* Summarises the cells that are ok, tells the noise, and sets the status of the run. A decode beyond 1.2 of the read roof gets
 * the observations plausibility.verdict "above_roofline" and plausibility.evidence. */
void verdict_conclude(struct record *record, bool interrupted, bool out_of_time);

/* Exit code as the record tells it: 1 where a gate failed, 5 where a case failed, 75 where none is ok, 0. */
int verdict_exit_code(const struct record *record);

#endif
