/* The roofs: what this machine can do at best, measured. */
#ifndef POCKETMARK_DEVICES_ROOF_H
#define POCKETMARK_DEVICES_ROOF_H

#include <stddef.h>
#include <stdint.h>

#include "devices/host.h"

enum { ROOF_REPETITIONS_MAX = 16, ROOF_READS_MAX = 8 };

/* Repetitions of the best configuration of one probe. value: the best of them, as a roof must be; their median beside it. */
struct roof_figure {
    double value, median;
    size_t count;
    double samples[ROOF_REPETITIONS_MAX];
};

struct roof_read { /* bytes per second read from memory, all threads */
    uint64_t footprint_bytes;
    struct roof_figure figure;
    bool huge_pages; /* the choices that won */
    size_t streams, prefetch_bytes;
};

struct roofs {
    size_t threads;
    struct roof_read reads[ROOF_READS_MAX];
    size_t read_count;
    struct roof_figure int8[ISA_COUNT];     /* MACs per second, all threads; count 0: the processor lacks the level */
    struct roof_figure int8_one[ISA_COUNT]; /* one thread */
    struct roof_figure fp32, fp32_one;      /* at the best level */
    struct roof_figure latency; /* seconds from load to use: dependent loads over a footprint beyond the caches */
};

struct roof_options {
    uint64_t footprints[ROOF_READS_MAX]; /* bytes; each is cut to half of the usable memory */
    size_t footprint_count;
    size_t threads;     /* 0: one per performance core */
    const char *choice; /* of processors, as host_choose_cpus takes it, in place of `threads`; NULL: none */
    double seconds;     /* time to spend on each probe, at least 5 repetitions whatever it is */
    isa_set isa;
};

/* Measures. Allocates the largest footprint. STATUS_MEMORY, STATUS_FAILED. */
enum status roof_measure(struct roofs *roofs, const struct host *host, const struct roof_options *options,
                         struct error *error);

#endif
