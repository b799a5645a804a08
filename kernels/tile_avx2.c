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

struct rounding {             /* see tile_scalar.c */
    __m256i bytes;            /* in the order of packs */
    __m256 products, squares; /* to be summed */
};

static inline struct rounding round_block(const __m256 x[4], float inverse)
{
    struct rounding r = {.products = _mm256_setzero_ps(), .squares = _mm256_setzero_ps()};
    __m256i values[4];

    for (int i = 0; i < 4; i++) {
        values[i] = _mm256_cvtps_epi32(_mm256_mul_ps(x[i], _mm256_set1_ps(inverse)));
        __m256 q = _mm256_cvtepi32_ps(values[i]);
        r.products = _mm256_fmadd_ps(x[i], q, r.products);
        r.squares = _mm256_fmadd_ps(q, q, r.squares);
    }
    r.bytes = _mm256_packs_epi16(_mm256_packs_epi32(values[0], values[1]), _mm256_packs_epi32(values[2], values[3]));
    return r;
}

/* Sums of products and squares of two roundings: [one's products, its squares, other's products, its squares]. */
static inline __m128 sum_roundings(const struct rounding *one, const struct rounding *other)
{
    __m256 sums =
        _mm256_hadd_ps(_mm256_hadd_ps(one->products, one->squares), _mm256_hadd_ps(other->products, other->squares));

    return _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
}

static inline int32_t sum_of_bytes(__m256i bytes)
{
    __m256i sums = _mm256_sad_epu8(_mm256_xor_si256(bytes, _mm256_set1_epi8(-128)), _mm256_setzero_si256());
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));

    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_unpackhi_epi64(s, s))) - 32 * 128;
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
    __m128 sums = sum_roundings(&one, &other);
    /* Either is as likely: blends, since no branch could be foretold. */
    __m256i better = _mm256_set1_epi32(-(sums[2] * sums[2] * sums[1] > sums[0] * sums[0] * sums[3]));
    __m256i bytes = _mm256_blendv_epi8(one.bytes, other.bytes, better);
    __m128 chosen = _mm_blendv_ps(sums, _mm_movehl_ps(sums, sums), _mm_castsi128_ps(_mm256_castsi256_si128(better)));

    *scale = chosen[1] > 0 ? chosen[0] / chosen[1] : 0;
    *sum = sum_of_bytes(bytes);
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

#define TILE_NAME tile_q8_avx2
#include "kernels/tile_body.inc"
