/* What this machine is: topology, processor identity, operating system. */
#ifndef POCKETMARK_DEVICES_HOST_H
#define POCKETMARK_DEVICES_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/base.h"

enum { HOST_CPUS_MAX = 1024, HOST_CACHES_MAX = 24, HOST_KINDS_MAX = 8, HOST_NODES_MAX = 64 };

struct host_cache {
    unsigned level;
    char kind; /* 'd' data, 'i' instruction, 'u' unified */
    uint64_t bytes;
    size_t line_bytes, instances;
    size_t shared_by; /* logical processors that share one instance */
    int core_kind;    /* of the cores around it; −1: of several kinds, or all cores are alike */
};

/* What a kind of core is for, from the fastest down. */
enum core_type { CORE_PERFORMANCE, CORE_MIDDLE, CORE_EFFICIENT, CORE_LOW_POWER };
const char *core_type_name(enum core_type type); /* "performance", "middle", "efficient", "low-power" */

struct host_kind { /* cores that are alike; on most machines there is one kind only, of type CORE_PERFORMANCE */
    enum core_type type;
    char name[32]; /* of the microarchitecture, where the processor tells: "Cortex-A76" */
    size_t cores, logical_cpus;
    uint64_t max_hertz, base_hertz; /* the highest clocks of its cores */
};

struct host_cpu {       /* one logical processor */
    unsigned os_index;  /* the kernel's number */
    unsigned core;      /* logical number of its core */
    bool first_of_core; /* the first hardware thread of its core */
    int kind;           /* index of its core kind, higher = faster; −1 where all are alike */
    bool allowed;       /* this process may run there */
    /* Logical numbers of what it is in; −1: no such level seen. */
    int package, node, l3, l2, cluster;
    uint64_t l3_bytes, l2_bytes;
    uint64_t max_hertz, base_hertz;
    unsigned capacity, part; /* cpu_capacity (0 to 1024); part number of an Arm core */
};

struct host_node { /* NUMA */
    unsigned os_index;
    uint64_t memory_bytes;
    size_t logical_cpus; /* 0: memory only */
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
    struct host_kind kinds[HOST_KINDS_MAX]; /* core_kinds entries, the slowest first */
    const char *kinds_source;               /* what told the kinds apart: "sys/devices/cpu_core/cpus"; static storage */
    struct host_node nodes[HOST_NODES_MAX]; /* the first of numa_nodes */
    struct host_cpu cpus[HOST_CPUS_MAX];
    size_t cpu_count; /* entries in cpus */
    struct host_cache caches[HOST_CACHES_MAX];
    size_t cache_count;
    uint64_t hwloc_memory_bytes; /* sum of the NUMA nodes' local memory as hwloc reads it */
    isa_set isa;                 /* levels the processor has and the operating system enables */
    char features[512]; /* feature words that matter to our kernels, space separated: "avx2 fma f16c avx512f …" */
    const char *features_source; /* "CPUID", "pocketmark/cpuid.txt", "AT_HWCAP", "proc/cpuinfo" …; static storage */
    int amx;                     /* may a process use AMX tiles: 1 yes, 0 no, −1 not known; only where it has them */
};

/* Reads the running machine (root NULL) or a recorded tree (root: folder holding /proc and /sys; nothing is read live).
 * Missing pieces are left unknown; only a missing or unreadable root is an error. Not while other threads run: it
 * sets an environment variable for a while, forks, and visits each kind of core. STATUS_IO. */
enum status host_read(struct host *host, const char *root, struct error *error);

/* host->isa limited by the environment variable POCKETMARK_ISA to that level and those below it (scalar < avx2 <
 * avxvnni < avx512vnni). STATUS_MISUSE for an unknown level or one that this processor lacks; the text lists what it
 * has. */
enum status host_usable_isa(const struct host *host, isa_set *isa, struct error *error);

/* Logical processors to run on: the first hardware thread of every allowed performance core, in order; count ≤
 * capacity. Of a core whose first thread is barred it is the first allowed one; where no performance core is allowed, the
 * fastest kind that is. Returns how many there are. */
size_t host_performance_cpus(const struct host *host, unsigned *os_index, size_t capacity);

/* Logical processors for a number of threads or a choice by words; at least HOST_CPUS_MAX entries in os_index.
 * choice NULL: `threads` of them (0: what host_performance_cpus gives), performance cores first, then the others in order.
 * Else "all": every allowed processor; "performance", "efficient": one per allowed core of that type; or numbers and ranges with
 * '+' between them, "0-3" or "0+2+4-7": these. STATUS_MISUSE names the choice, what is wrong, and the remedy. */
enum status host_choose_cpus(const struct host *host, size_t threads, const char *choice, unsigned *os_index,
                             size_t *count, struct error *error);

/* Is this text a choice that host_choose_cpus knows, whatever the machine? STATUS_MISUSE with what it takes. */
enum status host_check_choice(const char *choice, struct error *error);

/* The word for people of a feature: "avx512_vnni" gives "AVX512-VNNI", "asimddp" "dotprod". The word itself where it has none. */
const char *host_feature_title(const char *word);

#endif
