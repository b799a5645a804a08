/* The cells of a record, one per planned case, with what is known before any measuring. */
#ifndef POCKETMARK_RUNNER_CELLS_H
#define POCKETMARK_RUNNER_CELLS_H

#include "reports/record.h"
#include "runner/plan.h"

/* Adds a cell for every case, in order: cell i belongs to case i. Model, engine and parameters are filled; of model files
 * the head is hashed, and where the plan asks for it all of it. `binary`: hash of this program. STATUS_IO for a file that cannot be read, STATUS_MEMORY. */
enum status cells_add(struct record *record, const struct plan *plan, const char binary[DIGEST_HEX],
                      struct error *error);

/* The document's workload block. */
void cells_tell_workload(struct facts *workload, const struct plan *plan);

#endif
