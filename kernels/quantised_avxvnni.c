/* One-token products with the 256-bit dot-product instructions of client processors. */
#include <immintrin.h>

#include "kernels/kernel.h"

#define INLINE         static inline __attribute__((always_inline))
#define DOT_NAME(name) name##_avxvnni

INLINE __m256i load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

/* The high nibbles stay where they are and count 16-fold. */
INLINE __m256i dots_q4_0(const uint8_t *w, const int32_t *a, int32_t offset)
{
    const __m256i low = _mm256_set1_epi8(0x0f);
    __m256i sums = _mm256_set1_epi32(offset / 16), high = _mm256_setzero_si256();

#pragma GCC unroll 4
    for (size_t j = 0; j < 4; j++) {
        __m256i x = load(w + 64 * j);
        sums = _mm256_dpbusd_avx_epi32(sums, _mm256_and_si256(x, low), _mm256_set1_epi32(a[j]));
        high = _mm256_dpbusd_avx_epi32(high, _mm256_andnot_si256(low, x), _mm256_set1_epi32(a[j + 4]));
    }
    return _mm256_add_epi32(sums, _mm256_srai_epi32(high, 4));
}

INLINE __m256i dots_q8_0(const uint8_t *w, const int32_t *a, int32_t offset)
{
    __m256i even = _mm256_set1_epi32(offset), odd = _mm256_setzero_si256();

#pragma GCC unroll 4
    for (size_t j = 0; j < 8; j += 2) {
        even = _mm256_dpbusd_avx_epi32(even, load(w + 64 * j), _mm256_set1_epi32(a[j]));
        odd = _mm256_dpbusd_avx_epi32(odd, load(w + 64 * (j + 1)), _mm256_set1_epi32(a[j + 1]));
    }
    return _mm256_add_epi32(even, odd);
}

#include "kernels/dot256_body.inc"
