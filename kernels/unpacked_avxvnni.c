/* With the 256-bit dot-product instructions of client processors. */
#include "kernels/unpack256.inc"

#define UNPACKED_NAME(name) name##_avxvnni

INLINE __m256i dot_unsigned(__m256i sums, __m256i w, __m256i a)
{
    return _mm256_dpbusd_avx_epi32(sums, w, a);
}

INLINE __m256i dot_signed(__m256i sums, __m256i w, __m256i a)
{
    return _mm256_dpbusd_avx_epi32(sums, _mm256_abs_epi8(w), _mm256_sign_epi8(a, w));
}

#include "kernels/unpacked256_body.inc"
