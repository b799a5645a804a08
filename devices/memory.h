/* Memory of the machine: how much there is, how much this process may use, and how much it does use. */
#ifndef POCKETMARK_DEVICES_MEMORY_H
#define POCKETMARK_DEVICES_MEMORY_H

#include <stdint.h>

#include "kernels/base.h"

/* Bytes. Unknown limits are UINT64_MAX ("no limit seen"), unknown totals 0. */
struct memory {
    uint64_t total_bytes, available_bytes, swap_total_bytes, swap_free_bytes; /* /proc/meminfo */
    uint64_t address_space_bytes; /* RLIMIT_AS less what is mapped already */
    uint64_t cgroup_bytes;        /* least limit less usage (inactive page cache left out) at this process's cgroup and
                                     every ancestor, v1 and v2 */
    uint64_t usable_bytes;        /* least of available, address space and cgroup */
    char binding[96];             /* which of them binds, in words: "MemAvailable", "RLIMIT_AS", "cgroup memory.max" */
};

/* root NULL: the running machine. RLIMIT_AS is this process's and is only read live; the cgroup is the one that the
 * tree's /proc/self/cgroup names, if it has one. Where MemAvailable is missing, MemFree stands for it in
 * usable_bytes. STATUS_IO where /proc/meminfo cannot be read. */
enum status memory_read(struct memory *memory, const char *root, struct error *error);

/* Memory of this process, bytes. Where the kernel does not tell: hugepage_bytes UINT64_MAX, the others 0. */
struct memory_usage {
    uint64_t rss_bytes, peak_rss_bytes; /* VmRSS, VmHWM of /proc/self/status */
    uint64_t anonymous_bytes;           /* RssAnon */
    uint64_t hugepage_bytes;            /* AnonHugePages of /proc/self/smaps_rollup */
    uint64_t mapped_bytes;              /* VmSize */
};

/* STATUS_IO where /proc/self/status cannot be read. */
enum status memory_usage_read(struct memory_usage *usage, struct error *error);

#endif
