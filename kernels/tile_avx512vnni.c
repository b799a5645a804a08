#include <immintrin.h>
#include <string.h>

#include "kernels/kernel.h"

/* 32 floats → 32 int8 in the 8 words of the result; their scale and sum. */
static inline __m256i quantise_block(const float *x, float *scale, int32_t *sum)
{
    __m512 a = _mm512_loadu_ps(x), b = _mm512_loadu_ps(x + 16);
    float most = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(a), _mm512_abs_ps(b)));
    __m512 inverse = _mm512_set1_ps(most > TILE_LEAST ? 127.0f / most : 0);
    __m512i qa = _mm512_cvtps_epi32(_mm512_mul_ps(a, inverse)), qb = _mm512_cvtps_epi32(_mm512_mul_ps(b, inverse));

    __m512 fa = _mm512_cvtepi32_ps(qa), fb = _mm512_cvtepi32_ps(qb);
    float products = _mm512_reduce_add_ps(_mm512_fmadd_ps(a, fa, _mm512_mul_ps(b, fb)));
    float squares = _mm512_reduce_add_ps(_mm512_fmadd_ps(fa, fa, _mm512_mul_ps(fb, fb)));

    *scale = squares > 0 ? products / squares : 0;
    *sum = _mm512_reduce_add_epi32(_mm512_add_epi32(qa, qb));
    return _mm256_set_m128i(_mm512_cvtepi32_epi8(qb), _mm512_cvtepi32_epi8(qa));
}

#define TILE_NAME tile_q8_avx512vnni
#include "kernels/tile_body.inc"
