/* One-token products without dot-product instructions, exact in int16 and int32. */
#include <immintrin.h>

#include "kernels/kernel.h"

#define INLINE         static inline __attribute__((always_inline))
#define DOT_NAME(name) name##_avx2

INLINE __m256i load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

INLINE __m256i widen_sums(__m256i sixteen_bit)
{
    return _mm256_madd_epi16(sixteen_bit, _mm256_set1_epi16(1));
}

/* A 16-bit lane gathers 8 products pairs of at most 2·15·127: 30480, so one widening a block is enough. */
INLINE __m256i dots_q4_0(const uint8_t *w, const int32_t *a, int32_t offset)
{
    const __m256i low = _mm256_set1_epi8(0x0f);
    __m256i sums = _mm256_setzero_si256();

#pragma GCC unroll 4
    for (size_t j = 0; j < 4; j++) {
        __m256i x = load(w + 64 * j), high = _mm256_and_si256(_mm256_srli_epi16(x, 4), low);
        sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(_mm256_and_si256(x, low), _mm256_set1_epi32(a[j])));
        sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(high, _mm256_set1_epi32(a[j + 4])));
    }
    return _mm256_add_epi32(widen_sums(sums), _mm256_set1_epi32(offset / 16));
}

/* |w| ≤ 128 unsigned times a·sign(w): a pair is at most 2·128·127, which fits 16 bits. No offset is needed. */
INLINE __m256i dots_q8_0(const uint8_t *w, const int32_t *a, int32_t offset)
{
    const __m256i bias = _mm256_set1_epi8((char)0x80);
    __m256i sums = _mm256_setzero_si256();

    (void)offset;
#pragma GCC unroll 8
    for (size_t j = 0; j < 8; j++) {
        __m256i x = _mm256_xor_si256(load(w + 64 * j), bias);
        __m256i signed_a = _mm256_sign_epi8(_mm256_set1_epi32(a[j]), x);
        sums = _mm256_add_epi32(sums, widen_sums(_mm256_maddubs_epi16(_mm256_abs_epi8(x), signed_a)));
    }
    return sums;
}

#include "kernels/dot256_body.inc"
