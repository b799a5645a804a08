/* One-token products over rows as stored, with the 256-bit dot-product instructions of client processors. */
#include <immintrin.h>

#include "kernels/kernel.h"

#define INLINE          static inline __attribute__((always_inline))
#define ROWS_NAME(name) name##_avxvnni

INLINE __m256i dot_nibbles(__m256i low, __m256i high, __m256i a, __m256i b, __m256i start)
{
    return _mm256_dpbusd_avx_epi32(_mm256_dpbusd_avx_epi32(start, low, a), high, b);
}

INLINE __m256i dot_bytes(__m256i x, __m256i a, __m256i start)
{
    return _mm256_dpbusd_avx_epi32(start, _mm256_xor_si256(x, _mm256_set1_epi8((char)0x80)), a);
}

#include "kernels/gemv_rows256.inc"
