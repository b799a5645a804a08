/* One row of one block of a packed panel, as plain numbers: what scalar code reads. */
#ifndef POCKETMARK_KERNELS_DECODE_H
#define POCKETMARK_KERNELS_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/blocks.h"

/* Value i is scales[i / 16] · values[i] + minimum. */
struct decoded {
    int8_t values[BLOCK_K];
    float scales[2];
    float minimum;
};

/* Block `block` (positions 32·block and on) of row `row` of a packed panel of a quantised type. */
void decode_row(enum dtype type, const void *panel, size_t block, size_t row, struct decoded *out);

#endif
