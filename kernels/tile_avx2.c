#include <immintrin.h>
#include <string.h>

#include "kernels/kernel.h"

static inline float most_of(__m256 v)
{
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));

    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    m = _mm_max_ss(m, _mm_movehdup_ps(m));
    return _mm_cvtss_f32(m);
}

static inline float float_sum_of(__m256 v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));

    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    s = _mm_add_ss(s, _mm_movehdup_ps(s));
    return _mm_cvtss_f32(s);
}

static inline int32_t sum_of(__m256i v)
{
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));

    s = _mm_add_epi32(s, _mm_unpackhi_epi64(s, s));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 1));
    return _mm_cvtsi128_si32(s);
}

struct rounding { /* see tile_scalar.c */
    __m256i values[4];
    float products, squares;
};

static inline struct rounding round_block(const __m256 x[4], float inverse)
{
    __m256 products = _mm256_setzero_ps(), squares = _mm256_setzero_ps();
    struct rounding r;

    for (int i = 0; i < 4; i++) {
        r.values[i] = _mm256_cvtps_epi32(_mm256_mul_ps(x[i], _mm256_set1_ps(inverse)));
        __m256 q = _mm256_cvtepi32_ps(r.values[i]);
        products = _mm256_fmadd_ps(x[i], q, products);
        squares = _mm256_fmadd_ps(q, q, squares);
    }
    r.products = float_sum_of(products);
    r.squares = float_sum_of(squares);
    return r;
}

/* 32 floats → 32 int8 in 8 words; their scale and sum. */
static inline __m256i quantise_block(const float *x, float *scale, int32_t *sum)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    __m256 v[4], most = _mm256_setzero_ps();

    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_loadu_ps(x + 8 * i);
        most = _mm256_max_ps(most, _mm256_andnot_ps(sign, v[i]));
    }
    float largest = most_of(most), inverse = largest > TILE_LEAST ? 1.0f / largest : 0;
    struct rounding one = round_block(v, TILE_STEPS * inverse), other = round_block(v, TILE_OTHER_STEPS * inverse);
    if (other.products * other.products * one.squares > one.products * one.products * other.squares)
        one = other;
    *scale = one.squares > 0 ? one.products / one.squares : 0;
    *sum = sum_of(_mm256_add_epi32(_mm256_add_epi32(one.values[0], one.values[1]),
                                   _mm256_add_epi32(one.values[2], one.values[3])));
    __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(one.values[0], one.values[1]),
                                       _mm256_packs_epi32(one.values[2], one.values[3]));
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

#define TILE_NAME tile_q8_avx2
#include "kernels/tile_body.inc"
