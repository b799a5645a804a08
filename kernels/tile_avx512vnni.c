#include <immintrin.h>
#include <string.h>

#include "kernels/kernel.h"

struct rounding { /* see tile_scalar.c */
    __m512i low, high;
    __m512 products, squares; /* to be summed */
};

static inline struct rounding round_block(__m512 low, __m512 high, float inverse)
{
    __m512 factor = _mm512_set1_ps(inverse);
    struct rounding r = {.low = _mm512_cvtps_epi32(_mm512_mul_ps(low, factor)),
                         .high = _mm512_cvtps_epi32(_mm512_mul_ps(high, factor))};
    __m512 a = _mm512_cvtepi32_ps(r.low), b = _mm512_cvtepi32_ps(r.high);

    r.products = _mm512_fmadd_ps(low, a, _mm512_mul_ps(high, b));
    r.squares = _mm512_fmadd_ps(a, a, _mm512_mul_ps(b, b));
    return r;
}

/* Sums of neighbouring lanes: those of x in the even lanes of the result, those of y in the odd ones. */
static inline __m512 add_neighbours(__m512 x, __m512 y)
{
    return _mm512_add_ps(_mm512_unpacklo_ps(x, y), _mm512_unpackhi_ps(x, y));
}

/* Sums of products and squares of two roundings: [one's products, its squares, other's products, its squares]. */
static inline __m128 sum_roundings(const struct rounding *one, const struct rounding *other)
{
    __m512d a = _mm512_castps_pd(add_neighbours(one->products, one->squares));
    __m512d b = _mm512_castps_pd(add_neighbours(other->products, other->squares));
    __m512 sums = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)), _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(sums), _mm512_extractf32x8_ps(sums, 1));

    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

/* 32 floats → 32 int8 in the 8 words of the result; their scale and sum. */
static inline __m256i quantise_block(const float *x, float *scale, int32_t *sum)
{
    __m512 low = _mm512_loadu_ps(x), high = _mm512_loadu_ps(x + 16);
    float most = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high)));
    float inverse = most > TILE_LEAST ? 1.0f / most : 0;
    struct rounding one = round_block(low, high, TILE_STEPS * inverse);
    struct rounding other = round_block(low, high, TILE_OTHER_STEPS * inverse);
    __m128 sums = sum_roundings(&one, &other);
    /* Either is as likely: a blend, since no branch could be foretold. */
    bool better = sums[2] * sums[2] * sums[1] > sums[0] * sums[0] * sums[3];
    __mmask16 mask = (__mmask16)-better;
    __m512i first = _mm512_mask_blend_epi32(mask, one.low, other.low);
    __m512i second = _mm512_mask_blend_epi32(mask, one.high, other.high);
    __m128 chosen = _mm_mask_blend_ps((__mmask8)mask, sums, _mm_movehl_ps(sums, sums));

    *scale = chosen[1] > 0 ? chosen[0] / chosen[1] : 0;
    *sum = _mm512_reduce_add_epi32(_mm512_add_epi32(first, second));
    return _mm256_set_m128i(_mm512_cvtepi32_epi8(second), _mm512_cvtepi32_epi8(first));
}

#define TILE_NAME tile_q8_avx512vnni
#include "kernels/tile_body.inc"
