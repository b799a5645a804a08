/* What the memory is made of: type, speed, channels, and the bandwidth that follows from them. */
#ifndef POCKETMARK_DEVICES_DIMMS_H
#define POCKETMARK_DEVICES_DIMMS_H

#include <stddef.h>
#include <stdint.h>

enum { DIMMS_MAX = 64, DIMM_TEXT_MAX = 48 };

struct dimm {
    char locator[DIMM_TEXT_MAX]; /* as printed on the board */
    char channel[DIMM_TEXT_MAX]; /* a name for its channel, guessed from the locators; empty: they do not tell */
    char type[16];               /* "LPDDR5", empty: unknown */
    uint64_t bytes;
    uint64_t transfers_per_second; /* as configured; 0: unknown */
    unsigned bits;                 /* of data, without those for error correction; 0: unknown */
};

/* Unknown numbers are 0, unknown texts empty. */
struct dimms {
    struct dimm items[DIMMS_MAX];
    size_t count; /* modules in place */
    char type[16];
    uint64_t transfers_per_second; /* the slowest module's */
    size_t channels;
    unsigned bits; /* of all channels together */
    uint64_t nominal_bytes_per_second;
    const char *basis;  /* what the nominal bandwidth rests on; static storage */
    const char *source; /* file that told; static storage, empty: none */
    char reason[200];   /* why modules are unknown; empty where they are not */
};

/* SMBIOS structures of type 17, which mostly only root may read; then EDAC, which knows no speed; then boards whose memory is
 * soldered and known by their device tree. root NULL: "/". Never reads serial numbers or asset tags. */
void dimms_read(struct dimms *dimms, const char *root);

#endif
