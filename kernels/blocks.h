/* Stored and packed layouts of weight matrices.
 *
 * Stored (GGUF, row after row; block layouts of the ggml types of the same names). In the 32-element types byte j of the
 * nibbles holds element j in its low and element j+16 in its high half:
 *   q4_0:   f16 scale, 16 bytes; value = scale·(n−8)
 *   q4_1:   f16 scale, f16 minimum, 16 bytes; value = scale·n + minimum
 *   q8_0:   f16 scale, 32 × int8; value = scale·q
 *   iq4_nl: f16 scale, 16 bytes; value = scale·IQ4_NL_VALUES[n]
 *   q4_k:   256 elements: f16 d, f16 dmin, 12 bytes of eight 6-bit scales sc and minima m, 128 bytes; value = d·sc·n − dmin·m
 *   q5_k:   likewise, 32 bytes of fifth bits before the 128 bytes
 *   q6_k:   256 elements: 128 bytes of low nibbles, 64 bytes of high pairs of bits, 16 × int8 scale, f16 d;
 *           value = d·sc·(n−32), one sc per 16 elements
 *   int8:   a whole row of int8, then one f32 scale; value = scale·q
 * The order of bits in q4_k, q5_k and q6_k is that of dequantise.c in workloads/ and of the unpacking half of pack_k_scalar.c.
 *
 * Packed: panels of PANEL_ROWS rows, interleaved so that one vector lane is one row and nothing is ever summed across
 * lanes. A panel is a run of blocks along k (k = position in the row). Nibbles lie as 4 × 64 bytes, byte 4·r+b of group j: low
 * nibble k=4j+b, high nibble k=16+4j+b, of row r. An array of rows has PANEL_ROWS elements.
 *   q4_0, iq4_nl, per 32 k: nibbles; f16 scales of the rows. 288 bytes, as many as stored.
 *   q4_1, per 32 k: nibbles; f16 scales of the rows; f16 minima of the rows. 320 bytes, as many as stored.
 *   q8_0, per 32 k: 8 × 64 bytes, byte 4·r+b of group j: k=4j+b of row r, biased by +128 into unsigned;
 *                   then f16 scales of the rows. 544 bytes, as many as stored.
 *   q4_k, per 256 k: f16 d of the rows, f16 dmin of the rows; then 8 blocks of 32 k: nibbles, uint8 sc of the rows, uint8 m of
 *                   the rows. 2368 bytes, 2.8 % more than stored: the 6-bit numbers have bytes of their own.
 *   q5_k, per 256 k: likewise, but after the nibbles 64 bytes of fifth bits: byte 4·r+b, bit j: k=4j+b of row r. 2880 bytes, 2.3 %
 *                   more than stored.
 *   q6_k, per 256 k: f16 d of the rows; then 8 blocks of 32 k: nibbles; 2 × 64 bytes of high pairs, byte 4·r+b, bits 2j and 2j+1: of
 *                   the first k=4j+b, of the second k=16+4j+b; int8 sc of the rows for the first 16 k, then for the second. 3360
 *                   bytes, as many as stored.
 *   int8, the whole row: k/4 × 64 bytes as in q8_0; then f32 scales of the rows. As many bytes as stored.
 *   bf16, f16, f32, per k: PANEL_ROWS elements.
 * Rows that pad the last panel are zero (scales and minima 0). */
#ifndef POCKETMARK_KERNELS_BLOCKS_H
#define POCKETMARK_KERNELS_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/base.h"

enum {
    BLOCK_K = 32,  /* elements that share one scale, in weights and in activations */
    SUPER_K = 256, /* elements that share d and dmin in q4_k, q5_k, q6_k */
    SUPER_BLOCKS = SUPER_K / BLOCK_K,
    PANEL_ROWS = 16,        /* rows interleaved in a panel: 16 lanes of 32 bits */
    Q4_0_PANEL_BLOCK = 288, /* bytes of one q4_0 block of a panel */
    Q4_1_PANEL_BLOCK = 320,
    Q8_0_PANEL_BLOCK = 544,
    Q4_K_PANEL_BLOCK = 288,
    Q5_K_PANEL_BLOCK = 352,
    Q6_K_PANEL_BLOCK = 416,
    Q4_K_PANEL_HEAD = 64, /* bytes before the 8 blocks of a super-block, q5_k's too */
    Q6_K_PANEL_HEAD = 32,
};

/* What the 16 nibbles of iq4_nl stand for (ggml's kvalues_iq4nl). */
#define IQ4_NL_VALUES -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113

struct block_q4_0 {
    uint16_t scale;
    uint8_t nibbles[BLOCK_K / 2];
};

struct block_q4_1 {
    uint16_t scale, minimum;
    uint8_t nibbles[BLOCK_K / 2];
};

struct block_q8_0 {
    uint16_t scale;
    int8_t values[BLOCK_K];
};

struct block_q4_k {
    uint16_t d, dmin;
    uint8_t numbers[12];
    uint8_t nibbles[SUPER_K / 2];
};

struct block_q5_k {
    uint16_t d, dmin;
    uint8_t numbers[12];
    uint8_t fifths[SUPER_K / 8];
    uint8_t nibbles[SUPER_K / 2];
};

struct block_q6_k {
    uint8_t nibbles[SUPER_K / 2];
    uint8_t pairs[SUPER_K / 4];
    int8_t numbers[SUPER_K / 16];
    uint16_t d;
};

/* Bytes of one quantised block of BLOCK_K values of k in a panel, and of what stands before SUPER_BLOCKS of them. Not for int8. */
static inline size_t panel_block_bytes(enum dtype type)
{
    switch (type) {
    case DTYPE_Q8_0:
        return Q8_0_PANEL_BLOCK;
    case DTYPE_Q4_1:
        return Q4_1_PANEL_BLOCK;
    case DTYPE_Q5_K:
        return Q5_K_PANEL_BLOCK;
    case DTYPE_Q6_K:
        return Q6_K_PANEL_BLOCK;
    default: /* q4_0, iq4_nl and q4_k have blocks of the same size */
        return Q4_0_PANEL_BLOCK;
    }
}

static inline size_t panel_head_bytes(enum dtype type)
{
    return type == DTYPE_Q4_K || type == DTYPE_Q5_K ? Q4_K_PANEL_HEAD : type == DTYPE_Q6_K ? Q6_K_PANEL_HEAD : 0;
}

/* Do the blocks of this type have a minimum beside the scale? */
static inline bool panel_has_minimum(enum dtype type)
{
    return type == DTYPE_Q4_1 || type == DTYPE_Q4_K || type == DTYPE_Q5_K;
}

/* Bytes of one packed panel of rows of length k (a multiple of the type's block). */
static inline size_t panel_bytes(enum dtype type, size_t k)
{
    if (type == DTYPE_Q4_K || type == DTYPE_Q5_K || type == DTYPE_Q6_K)
        return k / SUPER_K * (panel_head_bytes(type) + SUPER_BLOCKS * panel_block_bytes(type));
    return PANEL_ROWS * dtype_row_bytes(type, k);
}

/* Panels that hold `rows` rows. */
static inline size_t panel_count(size_t rows)
{
    return (rows + PANEL_ROWS - 1) / PANEL_ROWS;
}

#endif
