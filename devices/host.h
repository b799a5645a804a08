/* What this machine is: topology, processor identity, operating system. */
#ifndef POCKETMARK_DEVICES_HOST_H
#define POCKETMARK_DEVICES_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/base.h"

enum { HOST_CPUS_MAX = 1024, HOST_CACHES_MAX = 16 };

struct host_cache {
    unsigned level;
    char kind; /* 'd' data, 'i' instruction, 'u' unified */
    uint64_t bytes;
    size_t line_bytes, instances;
    size_t shared_by; /* logical processors that share one instance */
};

struct host_cpu {       /* one logical processor */
    unsigned os_index;  /* the kernel's number */
    unsigned core;      /* logical number of its core */
    bool first_of_core; /* the first hardware thread of its core */
    int kind;           /* index of its core kind, higher = faster; −1 where all are alike */
    bool allowed;       /* this process may run there */
};

/* Unknown numbers are 0, unknown texts empty; a report turns them into null with a reason. */
struct host {
    bool live; /* false: read from a recorded tree */
    char cpu_name[96], cpu_vendor[32], microcode[32], codename[64];
    unsigned cpu_family, cpu_model, cpu_stepping;
    char hypervisor[32]; /* empty: none seen */
    char os_name[96], kernel[96], machine[32], hostname[96];
    char governor[32];             /* scaling governor of cpu0 */
    char transparent_hugepage[16]; /* the bracketed word: always, madvise, never */
    size_t packages, cores, logical_cpus, numa_nodes, core_kinds;
    struct host_cpu cpus[HOST_CPUS_MAX];
    size_t cpu_count; /* entries in cpus */
    struct host_cache caches[HOST_CACHES_MAX];
    size_t cache_count;
    uint64_t hwloc_memory_bytes; /* sum of the NUMA nodes' local memory as hwloc reads it */
    isa_set isa;                 /* levels the processor has and the operating system enables */
    char features[512]; /* feature words that matter to our kernels, space separated: "avx2 fma f16c avx512f …" */
};

/* Reads the running machine (root NULL) or a recorded tree (root: folder holding /proc and /sys; nothing is read live).
 * Missing pieces are left unknown; only a missing or unreadable root is an error. Not while other threads run: it
 * sets an environment variable for a while, and forks to read a tree. STATUS_IO. */
enum status host_read(struct host *host, const char *root, struct error *error);

/* host->isa limited by the environment variable POCKETMARK_ISA to that level and those below it (scalar < avx2 <
 * avxvnni < avx512vnni). STATUS_MISUSE for an unknown level or one that this processor lacks; the text lists what it
 * has. */
enum status host_usable_isa(const struct host *host, isa_set *isa, struct error *error);

/* Logical processors to run on: the first hardware thread of every allowed performance core, in order; count ≤
 * capacity. Of a core whose first thread is barred it is the first allowed one; where no performance core is allowed, the
 * fastest kind that is. Returns how many there are. */
size_t host_performance_cpus(const struct host *host, unsigned *os_index, size_t capacity);

#endif
