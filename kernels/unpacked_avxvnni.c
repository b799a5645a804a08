/* With the 256-bit dot-product instructions of client processors. */
#include <immintrin.h>

#include "kernels/kernel.h"

#define INLINE              static inline __attribute__((always_inline))
#define UNPACKED_NAME(name) name##_avxvnni
enum { WIDTH = 6 };

INLINE __m256i dot_unsigned(__m256i sums, __m256i w, __m256i a)
{
    return _mm256_dpbusd_avx_epi32(sums, w, a);
}

INLINE __m256i dot_signed(__m256i sums, __m256i w, __m256i a)
{
    return _mm256_dpbusd_avx_epi32(sums, _mm256_abs_epi8(w), _mm256_sign_epi8(a, w));
}

#include "kernels/unpacked256_body.inc"
