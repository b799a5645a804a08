/* Stores what was read of a machine as a tree that can be read in its place. */
#ifndef POCKETMARK_DEVICES_TREE_RECORD_H
#define POCKETMARK_DEVICES_TREE_RECORD_H

#include <stddef.h>

#include "devices/host.h"

/* Makes `folder`, or takes an empty one. STATUS_MISUSE: it holds something; STATUS_IO names it and the cause. */
enum status tree_record_prepare(const char *folder, struct error *error);

/* Copies into `folder` the files and folders that `log` names (one a line, as POCKETMARK_TREE_LOG writes them), what hwloc reads of
 * the processors, and what the running machine only tells by calls: CPUID and the kernel's release. Links inside the tree stay
 * links. Nothing that tree_mask.h bars is stored; device_id, which is made from such things, is stored ready, NULL: not at all.
 * What cannot be read is left out. *files: how many were written. STATUS_IO where writing fails. */
enum status tree_record(const char *folder, const char *root, const struct host *host, const char *device_id,
                        const char *log, size_t *files, struct error *error);

/* Where a recorded tree holds the id. */
#define DEVICE_ID_PATH "pocketmark/device-id"

#endif
