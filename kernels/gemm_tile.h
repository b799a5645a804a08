/* What a register tile of a many-token product needs. The offsets are used by gemm_tile_*.S. */
#ifndef POCKETMARK_KERNELS_GEMM_TILE_H
#define POCKETMARK_KERNELS_GEMM_TILE_H

#include <stddef.h>
#include <stdint.h>

struct gemm_tile {
    const uint8_t *weights;    /*  0: unpacked [block][k/4 of the block][panels][64] */
    const float *scales;       /*  8: [block][panels][16] */
    const int8_t *values;      /* 16: activations [k/4][tokens][4] */
    const int32_t *offsets;    /* 24: [block][tokens], where the sums of a block begin; one more row may be read */
    const float *token_scales; /* 32: [block][tokens] */
    float *sums;               /* 40: [tokens][panels][16], added to */
    size_t blocks;             /* 48 */
};

#endif
