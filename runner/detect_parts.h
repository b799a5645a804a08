/* The pieces that detect_facts puts together; private to runner/detect*.c. */
#ifndef POCKETMARK_RUNNER_DETECT_PARTS_H
#define POCKETMARK_RUNNER_DETECT_PARTS_H

#include "runner/detect.h"

enum { DETECT_PATH_MAX = 96 };

extern const char not_told[]; /* the usual reason of a null */

/* The label where the value is known, NULL where it is not: rows that say nothing are left out of what people read. */
const char *detect_label(const char *label, bool known);

/* 0 becomes null with the reason. */
void detect_count(struct facts *facts, const char *path, const char *label, uint64_t count, const char *reason);

/* cpu.* */
void detect_processor(struct facts *facts, const struct host *host);

/* memory.*; memory NULL: /proc/meminfo could not be read. root NULL: the running machine. */
void detect_memory(struct facts *facts, const struct host *host, const struct memory *memory, const char *root);

/* accelerators[]: each NPU and GPU; of a kind of which there is none, one entry that is absent and tells where it was looked for. */
void detect_accelerators(struct facts *facts, const char *root);

/* sensors.*: heat and clocks of the machine of `root`, which is the host's; or, for a live host, of the tree that stands in for its
 * sensors. */
void detect_sensors(struct facts *facts, const struct host *host, const char *root);

#endif
