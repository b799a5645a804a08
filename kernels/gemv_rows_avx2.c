/* One-token products over rows as stored, without dot-product instructions, exact in int16 and int32. */
#include <immintrin.h>

#include "kernels/kernel.h"

#define INLINE          static inline __attribute__((always_inline))
#define ROWS_NAME(name) name##_avx2

INLINE __m256i widen_sums(__m256i sixteen_bit)
{
    return _mm256_madd_epi16(sixteen_bit, _mm256_set1_epi16(1));
}

/* Two pairs of products of at most 15·127 each fit 16 bits. */
INLINE __m256i dot_nibbles(__m256i low, __m256i high, __m256i a, __m256i b, __m256i start)
{
    __m256i sums = _mm256_add_epi16(_mm256_maddubs_epi16(low, a), _mm256_maddubs_epi16(high, b));

    return _mm256_add_epi32(widen_sums(sums), start);
}

/* |x| ≤ 128 unsigned times a·sign(x): a pair is at most 2·128·127, which fits 16 bits. No start is needed. */
INLINE __m256i dot_bytes(__m256i x, __m256i a, __m256i start)
{
    (void)start;
    return widen_sums(_mm256_maddubs_epi16(_mm256_abs_epi8(x), _mm256_sign_epi8(a, x)));
}

#include "kernels/gemv_rows256.inc"
