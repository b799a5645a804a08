#include <immintrin.h>
#include <string.h>

#include "kernels/kernel.h"

struct rounding { /* see tile_scalar.c */
    __m512i low, high;
    float products, squares;
};

static inline struct rounding round_block(__m512 low, __m512 high, float inverse)
{
    __m512 factor = _mm512_set1_ps(inverse);
    struct rounding r = {.low = _mm512_cvtps_epi32(_mm512_mul_ps(low, factor)),
                         .high = _mm512_cvtps_epi32(_mm512_mul_ps(high, factor))};
    __m512 a = _mm512_cvtepi32_ps(r.low), b = _mm512_cvtepi32_ps(r.high);

    r.products = _mm512_reduce_add_ps(_mm512_fmadd_ps(low, a, _mm512_mul_ps(high, b)));
    r.squares = _mm512_reduce_add_ps(_mm512_fmadd_ps(a, a, _mm512_mul_ps(b, b)));
    return r;
}

/* 32 floats → 32 int8 in the 8 words of the result; their scale and sum. */
static inline __m256i quantise_block(const float *x, float *scale, int32_t *sum)
{
    __m512 low = _mm512_loadu_ps(x), high = _mm512_loadu_ps(x + 16);
    float most = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high)));
    float inverse = most > TILE_LEAST ? 1.0f / most : 0;
    struct rounding one = round_block(low, high, TILE_STEPS * inverse);
    struct rounding other = round_block(low, high, TILE_OTHER_STEPS * inverse);

    if (other.products * other.products * one.squares > one.products * one.products * other.squares)
        one = other;
    *scale = one.squares > 0 ? one.products / one.squares : 0;
    *sum = _mm512_reduce_add_epi32(_mm512_add_epi32(one.low, one.high));
    return _mm256_set_m128i(_mm512_cvtepi32_epi8(one.high), _mm512_cvtepi32_epi8(one.low));
}

#define TILE_NAME tile_q8_avx512vnni
#include "kernels/tile_body.inc"
