/* Many-token products with 512-bit VNNI: 2 panels × 12 tokens a tile, 24 int32 accumulators in registers. */
#include <immintrin.h>

#include "kernels/gemm_tile.h"
#include "kernels/kernel.h"
#include "kernels/unpack512.inc"

#define GEMM_NAME(name) name##_avx512vnni
enum { WIDTH = 12, PANELS = 2, BLOCK_BYTES = 512 };

void gemm_tile_avx512vnni(const struct gemm_tile *task);

/* Nibbles n become n + 120: the same bias of 128 as q8_0 values, so that both share the activations' offsets. */
static inline void unpack_block_q4_0(const uint8_t *from, uint8_t *to)
{
    const __m512i low = _mm512_set1_epi8(0x0f), bias = _mm512_set1_epi8(120);

    for (int j = 0; j < 4; j++) {
        __m512i x = _mm512_loadu_si512(from + 64 * j);
        __m512i high = _mm512_and_si512(_mm512_srli_epi16(x, 4), low);
        _mm512_store_si512(to + 128 * j, _mm512_add_epi8(_mm512_and_si512(x, low), bias));
        _mm512_store_si512(to + 128 * (j + 4), _mm512_add_epi8(high, bias));
    }
}

static inline void unpack_block_q8_0(const uint8_t *from, uint8_t *to)
{
    for (int j = 0; j < 8; j++)
        _mm512_store_si512(to + 128 * j, _mm512_loadu_si512(from + 64 * j));
}

/* The other formats, with the bias that q8_0 has; half 0 or 1: of q6_k, only the first or last 16 values of the block. */
static inline __attribute__((always_inline)) void unpack_block_bytes(enum dtype type, const uint8_t *from, size_t half,
                                                                     uint8_t *to)
{
    const __m512i bias = _mm512_set1_epi8((char)(128 - unpack_bias(type))), zero = _mm512_set1_epi8((char)128);
    __m512i values[8];

    unpack_values(type, from, values);
#pragma GCC unroll 8
    for (size_t j = 0; j < 8; j++) {
        bool wanted = type != DTYPE_Q6_K || j / 4 == half;
        _mm512_store_si512(to + 128 * j, wanted ? _mm512_add_epi8(values[j], bias) : zero);
    }
}

static void unpack_values_to(enum dtype type, const uint8_t *from, size_t half, uint8_t *to)
{
    switch (type) {
    case DTYPE_Q4_0:
        unpack_block_q4_0(from, to);
        break;
    case DTYPE_Q4_1:
        unpack_block_bytes(DTYPE_Q4_1, from, half, to);
        break;
    case DTYPE_Q4_K:
        unpack_block_bytes(DTYPE_Q4_K, from, half, to);
        break;
    case DTYPE_Q5_K:
        unpack_block_bytes(DTYPE_Q5_K, from, half, to);
        break;
    case DTYPE_Q6_K:
        unpack_block_bytes(DTYPE_Q6_K, from, half, to);
        break;
    case DTYPE_IQ4_NL:
        unpack_block_bytes(DTYPE_IQ4_NL, from, half, to);
        break;
    default:
        unpack_block_q8_0(from, to);
    }
}

static void unpack_block(enum dtype type, const uint8_t *head, const uint8_t *from, size_t half, uint8_t *to,
                         float *scales, float *minima)
{
    unpack_values_to(type, from, half, to);
    if (type == DTYPE_Q4_0 || type == DTYPE_Q8_0)
        _mm512_store_ps(scales, unpack_halves(from + panel_block_bytes(type) - 32));
    else {
        struct unpacked_scales u = unpack_scales(type, head, from);
        _mm512_store_ps(scales, u.scales[half]);
        _mm512_store_ps(minima, u.minimum);
    }
}

static void run_tile(enum dtype type, const struct gemm_tile *task)
{
    (void)type;
    gemm_tile_avx512vnni(task);
}

#include "kernels/gemm_body.inc"

DEFINE_PRODUCT(q4_0, DTYPE_Q4_0)
DEFINE_PRODUCT(q4_1, DTYPE_Q4_1)
DEFINE_PRODUCT(q8_0, DTYPE_Q8_0)
DEFINE_PRODUCT(q4_k, DTYPE_Q4_K)
DEFINE_PRODUCT(q5_k, DTYPE_Q5_K)
DEFINE_PRODUCT(q6_k, DTYPE_Q6_K)
DEFINE_PRODUCT(iq4_nl, DTYPE_IQ4_NL)
