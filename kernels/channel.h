/* Per-channel int8 products of many tokens: what their register tiles need. The offsets are used by channel_tile_*.S and
 * gemm_tile_avx2.S. */
#ifndef POCKETMARK_KERNELS_CHANNEL_H
#define POCKETMARK_KERNELS_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

struct channel_tile {
    const uint8_t *weights[2]; /*  0, 8: biased bytes [k/4][16 rows][4] of the panels side by side */
    const int8_t *values;      /* 16: activations [k/4][tokens][4] */
    int32_t *sums;             /* 24: [tokens][panels][16], added to */
    size_t blocks;             /* 32: of BLOCK_K values of k, at least one */
};

#endif
