/* Flags: which repetitions something from outside disturbed. They are told, never acted on: nothing is dropped. */
#ifndef POCKETMARK_REPORTS_FLAGS_H
#define POCKETMARK_REPORTS_FLAGS_H

#include "reports/record.h"

/* A launch whose canary is further off the run's median than that is flagged "canary". */
#define FLAGS_CANARY_RATIO 0.10

/* Sets the flags of all repetitions from their noise and from canary_read_bytes_per_second, and tells the canaries in the
 * environment: "canary.median_bytes_per_second", least_, largest_. A launch tells its canary once; the flag goes to all its
 * repetitions. Involuntary switches have no limit of their own: beyond 20 and three times the cell's median they count. */
void flags_set(struct record *record);

/* Repetitions of phase measured that carry the flag; with FLAG_COUNT: any flag. */
size_t flags_count(const struct record *record, unsigned flag);

#endif
