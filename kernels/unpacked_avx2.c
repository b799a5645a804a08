/* Without dot-product instructions, exact in int16 and int32. */
#include "kernels/unpack256.inc"

#define UNPACKED_NAME(name) name##_avx2

/* A pair of products is at most 2·127·127 in either case, which fits 16 bits. */
INLINE __m256i dot_unsigned(__m256i sums, __m256i w, __m256i a)
{
    return _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_maddubs_epi16(w, a), _mm256_set1_epi16(1)));
}

INLINE __m256i dot_signed(__m256i sums, __m256i w, __m256i a)
{
    return dot_unsigned(sums, _mm256_abs_epi8(w), _mm256_sign_epi8(a, w));
}

#include "kernels/unpacked256_body.inc"
