/* Accelerators beside the processor: NPUs and GPUs, and what stands between each of them and being used. */
#ifndef POCKETMARK_DEVICES_ACCELERATORS_H
#define POCKETMARK_DEVICES_ACCELERATORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum accelerator_kind { ACCELERATOR_NPU, ACCELERATOR_GPU };
const char *accelerator_kind_name(enum accelerator_kind kind); /* "npu", "gpu" */

/* Each state holds all that stand before it. */
enum accelerator_state {
    ACCELERATOR_ABSENT,          /* none of this kind was found */
    ACCELERATOR_HARDWARE_ONLY,   /* no driver, or one that is of no use */
    ACCELERATOR_DRIVER_BOUND,    /* no node to open, or nobody knows what could run on it */
    ACCELERATOR_NODE_CLOSED,     /* no permission for the node */
    ACCELERATOR_RUNTIME_MISSING, /* no library that drives it */
    ACCELERATOR_READY
};
const char *accelerator_state_name(enum accelerator_state state); /* "hardware only", "node not openable", … */

/* What the maker says it can do at its highest clock. A claim: nobody measured it here, and it does not predict decode, which is
 * bound by reading memory. */
struct accelerator_claim {
    double least_tops,
        most_tops; /* 10^12 operations per second, a multiply-accumulate being two; equal where one figure is told */
    const char *precision; /* "INT8"; NULL: not told */
    bool sparse;           /* half of the operands are zeros that are left out */
    const char *source;    /* where it was published */
};

enum { ACCELERATORS_MAX = 32 };

/* Unknown texts are empty, unknown numbers 0. No serial number, no UUID. */
struct accelerator {
    enum accelerator_kind kind;
    enum accelerator_state state;
    char reason[320]; /* what keeps it from being ready, and the remedy; empty where it is */
    char vendor[24], name[80];
    char bus[12]; /* "pci", "platform"; "soc": told by the name of the system on a chip; "node": by its node alone */
    char id[64];  /* "8086:7d1d, revision 04", a word of the device tree, or what told of it */
    char address[48]; /* on its bus: "0000:00:0b.0", "fdab0000.npu" */
    size_t units;     /* devices on the bus that make it up: cores */
    char driver[32], driver_version[48], firmware[48];
    char node[64], runtime[128];           /* files: "/dev/accel/accel0"; the library that drives it */
    uint64_t memory_bytes;                 /* of its own, where the driver tells */
    const struct accelerator_claim *claim; /* NULL: none known */
};

struct accelerators {
    struct accelerator items[ACCELERATORS_MAX]; /* NPUs first, then by bus and address */
    size_t count;
    char looked[240]; /* where they were looked for, for people */
};

/* Looks through the accel and drm classes, PCI, the device tree, makers' nodes and the folders of libraries. Opens no device and
 * loads no library. What cannot be read is left out. root NULL: the running machine. */
void accelerators_read(struct accelerators *found, const char *root);

#endif
