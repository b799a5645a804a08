/* Results of the same plan, build and device taken together: more launches of the same cells. */
#ifndef POCKETMARK_REPORTS_POOL_H
#define POCKETMARK_REPORTS_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/record.h"

/* Why the launches of two records must not be taken together: another plan (comparability key), build (hash of the program) or
 * device; with both values, for a sentence that begins with the names of the two. False: nothing stands against it. */
bool pool_obstacle(const struct record *a, const struct record *b, char *text, size_t size);

/* Are these of one build (hash of the program)? False where one does not tell. */
bool pool_same_build(const struct record *a, const struct record *b);

/* Appends the launches of `from`, which has no obstacle to `into`, renumbered behind those that are there, and summarises again.
 * A cell that is not ok in one of them is not ok afterwards, with that reason. STATUS_MEMORY. */
enum status pool_add(struct record *into, const struct record *from, struct error *error);

/* Moves all cells of `from` behind those of `into`; `from` has none afterwards. STATUS_MEMORY leaves the rest where it is. */
enum status pool_join(struct record *into, struct record *from, struct error *error);

#endif
