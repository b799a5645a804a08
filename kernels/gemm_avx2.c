/* Many-token products without dot-product instructions: 1 panel × 6 tokens a tile, 12 accumulators of 16-bit pairs in registers. Types
 * of nibbles are multiplied as they are; those of bytes, biased by 136, in two parts, the low nibble and the rest. */
#include "kernels/gemm_tile.h"
#include "kernels/unpack256.inc"

#define GEMM_NAME(name) name##_avx2
enum { WIDTH = 6, PANELS = 1, BLOCK_BYTES = 1024 };

void gemm_tile_nibbles_avx2(const struct gemm_tile *task);
void gemm_tile_bytes_avx2(const struct gemm_tile *task);

INLINE bool is_nibbles(enum dtype type)
{
    return type == DTYPE_Q4_0 || type == DTYPE_Q4_1 || type == DTYPE_Q4_K;
}

/* Bytes biased by 128 → low nibbles and rest of the bytes biased by 136. */
INLINE void store_parts(const __m256i values[8], uint8_t *to)
{
    const __m256i low = _mm256_set1_epi8(15), eight = _mm256_set1_epi8(8);

    for (size_t j = 0; j < 8; j++) {
        __m256i sum = _mm256_add_epi8(_mm256_and_si256(values[j], low), eight);
        __m256i carry = _mm256_and_si256(_mm256_srli_epi16(sum, 4), low);
        __m256i high = _mm256_and_si256(_mm256_srli_epi16(values[j], 4), low);
        _mm256_store_si256((__m256i *)(to + 128 * j), _mm256_and_si256(sum, low));
        _mm256_store_si256((__m256i *)(to + 128 * j + 32), _mm256_add_epi8(high, carry));
    }
}

INLINE void unpack_type(enum dtype type, const uint8_t *head, const uint8_t *from, size_t part, uint8_t *to,
                        float *scales, float *minima)
{
    for (size_t half = 0; half < 2; half++) {
        struct eight e;
        if (is_nibbles(type)) {
            unpack_values(type, from, half, e.values);
            for (size_t j = 0; j < 8; j++)
                _mm256_store_si256((__m256i *)(to + 64 * j + 32 * half), e.values[j]);
        } else {
            unpack_biased(type, from, half, part, e.values);
            store_parts(e.values, to + 64 * half);
        }
        unpack_scales(type, head, from, half, &e);
        _mm256_store_ps(scales + HALF_ROWS * half, e.scales[type == DTYPE_Q6_K ? part : 0]);
        if (panel_has_minimum(type))
            _mm256_store_ps(minima + HALF_ROWS * half, e.minimum);
    }
}

#include "kernels/unpack256_block.inc"

static void run_tile(enum dtype type, const struct gemm_tile *task);

#include "kernels/gemm_body.inc"

/* The offsets at hand are −128 times the sums of the activations; those of q4_0 are −8 times, of bytes −136 times. */
static void run_tile(enum dtype type, const struct gemm_tile *task)
{
    int32_t offsets[KC_BLOCKS * WIDTH];
    struct gemm_tile own = *task;

    own.offsets = offsets;
    for (size_t i = 0; i < task->blocks * WIDTH; i++)
        offsets[i] = type == DTYPE_Q4_0 ? task->offsets[i] / 16 : is_nibbles(type) ? 0 : task->offsets[i] / 16 * 17;
    if (is_nibbles(type))
        gemm_tile_nibbles_avx2(&own);
    else
        gemm_tile_bytes_avx2(&own);
}

DEFINE_PRODUCT(q4_0, DTYPE_Q4_0)
DEFINE_PRODUCT(q4_1, DTYPE_Q4_1)
DEFINE_PRODUCT(q8_0, DTYPE_Q8_0)
DEFINE_PRODUCT(q4_k, DTYPE_Q4_K)
DEFINE_PRODUCT(q5_k, DTYPE_Q5_K)
DEFINE_PRODUCT(q6_k, DTYPE_Q6_K)
DEFINE_PRODUCT(iq4_nl, DTYPE_IQ4_NL)
