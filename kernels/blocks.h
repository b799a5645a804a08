/* Stored and packed layouts of weight matrices.
 *
 * Stored (GGUF, row after row; block layouts of the ggml types of the same names):
 *   q4_0: f16 scale, 16 bytes; byte j holds element j in its low and element j+16 in its high nibble; value = scale·(n−8)
 *   q8_0: f16 scale, 32 × int8; value = scale·q
 *
 * Packed: panels of PANEL_ROWS rows, interleaved so that one vector lane is one row and nothing is ever summed across
 * lanes. A panel is a run of blocks along k (k = position in the row):
 *   q4_0, per 32 k: 4 × 64 bytes, byte 4·r+b of group j: low nibble k=4j+b, high nibble k=16+4j+b, of row r;
 *                   then PANEL_ROWS f16 scales. 288 bytes, as many as stored.
 *   q8_0, per 32 k: 8 × 64 bytes, byte 4·r+b of group j: k=4j+b of row r, biased by +128 into unsigned;
 *                   then PANEL_ROWS f16 scales. 544 bytes, as many as stored.
 *   f16, f32, per k: PANEL_ROWS elements.
 * Rows that pad the last panel are zero (scale 0). */
#ifndef POCKETMARK_KERNELS_BLOCKS_H
#define POCKETMARK_KERNELS_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/base.h"

enum {
    BLOCK_K = 32,           /* elements that share one scale, in weights and in activations */
    PANEL_ROWS = 16,        /* rows interleaved in a panel: 16 lanes of 32 bits */
    Q4_0_PANEL_BLOCK = 288, /* bytes of one q4_0 block of a panel */
    Q8_0_PANEL_BLOCK = 544,
};

struct block_q4_0 {
    uint16_t scale;
    uint8_t nibbles[BLOCK_K / 2];
};

struct block_q8_0 {
    uint16_t scale;
    int8_t values[BLOCK_K];
};

/* Bytes of one packed panel of rows of length k (a multiple of the type's block). */
static inline size_t panel_bytes(enum dtype type, size_t k)
{
    return PANEL_ROWS * dtype_row_bytes(type, k);
}

/* Panels that hold `rows` rows. */
static inline size_t panel_count(size_t rows)
{
    return (rows + PANEL_ROWS - 1) / PANEL_ROWS;
}

#endif
