/* Roofs as facts of the document's environment: told once, looked up for every ratio. */
#ifndef POCKETMARK_RUNNER_ROOFS_H
#define POCKETMARK_RUNNER_ROOFS_H

#include "devices/roof.h"
#include "reports/facts.h"

/* Tells `roofs` under "roofs.": headline figures with labels, and one object per footprint and per instruction-set level. */
void roofs_tell(struct facts *facts, const struct roofs *roofs);

/* Joins the roofs of another pass: of each figure the better one stays, with what belongs to it. Facts not below "roofs." are let
 * be. Neighbours on a shared machine can lower a pass, so the first alone is no roof. */
void roofs_join(struct facts *facts, const struct facts *other);

/* Bytes read per second over the footprint nearest (by ratio) to `bytes`; NaN where none was measured. */
double roofs_read_near(const struct facts *facts, uint64_t bytes);

/* MACs per second of all threads. `isa`: name of a level. NaN where it was not measured. */
double roofs_int8(const struct facts *facts, const char *isa);
double roofs_fp32(const struct facts *facts);

#endif
