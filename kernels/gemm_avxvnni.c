/* Many-token products with the 256-bit dot-product instructions of client processors: 1 panel × 6 tokens a tile, 12 int32
 * accumulators in registers. */
#include "kernels/gemm_tile.h"
#include "kernels/unpack256.inc"

#define GEMM_NAME(name) name##_avxvnni
enum { WIDTH = 6, PANELS = 1, BLOCK_BYTES = 512 };

void gemm_tile_avxvnni(const struct gemm_tile *task);

INLINE void unpack_type(enum dtype type, const uint8_t *head, const uint8_t *from, size_t part, uint8_t *to,
                        float *scales, float *minima)
{
    for (size_t half = 0; half < 2; half++) {
        struct eight e;
        unpack_biased(type, from, half, part, e.values);
        unpack_scales(type, head, from, half, &e);
        for (size_t j = 0; j < 8; j++)
            _mm256_store_si256((__m256i *)(to + 64 * j + 32 * half), e.values[j]);
        _mm256_store_ps(scales + HALF_ROWS * half, e.scales[type == DTYPE_Q6_K ? part : 0]);
        if (panel_has_minimum(type))
            _mm256_store_ps(minima + HALF_ROWS * half, e.minimum);
    }
}

#include "kernels/unpack256_block.inc"

static void run_tile(enum dtype type, const struct gemm_tile *task)
{
    (void)type;
    gemm_tile_avxvnni(task);
}

#include "kernels/gemm_body.inc"

DEFINE_PRODUCT(q4_0, DTYPE_Q4_0)
DEFINE_PRODUCT(q4_1, DTYPE_Q4_1)
DEFINE_PRODUCT(q8_0, DTYPE_Q8_0)
DEFINE_PRODUCT(q4_k, DTYPE_Q4_K)
DEFINE_PRODUCT(q5_k, DTYPE_Q5_K)
DEFINE_PRODUCT(q6_k, DTYPE_Q6_K)
DEFINE_PRODUCT(iq4_nl, DTYPE_IQ4_NL)
