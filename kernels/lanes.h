/* Float lanes in the compiler's vector extension, as many as a register of the instruction set holds: one source for all of
 * them. Compilers keep wider vectors in memory. Included by kernel bodies only. */
#ifndef POCKETMARK_KERNELS_LANES_H
#define POCKETMARK_KERNELS_LANES_H

#include <stdint.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX2__)
#define LANES 8
#else
#define LANES 4
#endif
#define LANES_INLINE static inline __attribute__((always_inline))

typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t lanes_int __attribute__((vector_size(4 * LANES)));
typedef float lanes_loose __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t lanes_int_loose __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

LANES_INLINE lanes lanes_load(const float *p)
{
    return *(const lanes_loose *)p;
}

LANES_INLINE void lanes_store(float *p, lanes v)
{
    *(lanes_loose *)p = v;
}

/* To an address of whole vectors, past the caches. */
LANES_INLINE void lanes_stream(float *p, lanes v)
{
#if defined(__AVX512F__)
    _mm512_stream_ps(p, (__m512)v);
#elif defined(__AVX2__)
    _mm256_stream_ps(p, (__m256)v);
#else
    lanes_store(p, v);
#endif
}

LANES_INLINE lanes lanes_all(float x)
{
    return x - (lanes){0}; /* a sum would make +0 of −0 */
}

LANES_INLINE lanes_int lanes_load_int(const int32_t *p)
{
    return *(const lanes_int_loose *)p;
}

LANES_INLINE void lanes_store_int(int32_t *p, lanes_int v)
{
    *(lanes_int_loose *)p = v;
}

LANES_INLINE lanes_int lanes_all_int(int32_t x)
{
    return x + (lanes_int){0};
}

#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
/* sum + Σ a · b of the four bytes of each lane; those of a are unsigned. */
LANES_INLINE lanes_int lanes_dot_bytes(lanes_int sum, lanes_int a, lanes_int b)
{
#if defined(__AVX512VNNI__)
    return (lanes_int)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
#else
    return (lanes_int)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)a, (__m256i)b);
#endif
}

/* sum + a.low · b.low + a.high · b.high of 16-bit pairs, lane by lane. */
LANES_INLINE lanes_int lanes_dot_pairs(lanes_int sum, lanes_int a, lanes_int b)
{
#if defined(__AVX512VNNI__)
    return (lanes_int)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
#else
    return (lanes_int)_mm256_dpwssd_avx_epi32((__m256i)sum, (__m256i)a, (__m256i)b);
#endif
}
#endif

LANES_INLINE lanes lanes_select(lanes_int mask, lanes yes, lanes no)
{
    return (lanes)((mask & (lanes_int)yes) | (~mask & (lanes_int)no));
}

/* LANES unsigned shorts as integers. GCC makes a detour of the general conversion where there is an intrinsic. */
LANES_INLINE lanes_int lanes_load_shorts(const uint16_t *p)
{
#if LANES == 8
    return (lanes_int)_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
#elif LANES == 4 && defined(__SSE2__)
    return (lanes_int)_mm_unpacklo_epi16(_mm_loadl_epi64((const __m128i *)p), _mm_setzero_si128());
#else
    typedef uint16_t shorts __attribute__((vector_size(2 * LANES), aligned(2), may_alias));

    return __builtin_convertvector(*(const shorts *)p, lanes_int);
#endif
}

/* LANES f16 values as floats. */
LANES_INLINE lanes lanes_load_half(const uint16_t *p)
{
#if defined(__AVX512F__)
    return (lanes)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
#elif defined(__AVX2__)
    return (lanes)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
#else
    lanes_int bits = lanes_load_shorts(p), special = (bits & 0x7c00) == 0x7c00; /* infinite, or not a number */
    lanes_int rest = ((bits & 0x7fff) << 13) + (112 << 23);
    /* Below 2^-14 no leading one is implied: it is put there and taken away. A product would make denormal floats on the way. */
    lanes low = (lanes)(rest + (1 << 23)) - lanes_all(0x1p-14f);
    lanes v = lanes_select((bits & 0x7c00) == 0, low, (lanes)rest);
    return (lanes)((lanes_int)v | (special & 0x7f800000) | (bits & 0x8000) << 16);
#endif
}

/* LANES signed bytes as floats. */
LANES_INLINE lanes lanes_load_bytes(const int8_t *p)
{
#if defined(__AVX512F__)
    return (lanes)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
#elif defined(__AVX2__)
    return (lanes)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)));
#else
    typedef int8_t bytes __attribute__((vector_size(LANES), aligned(1), may_alias));

    return __builtin_convertvector(*(const bytes *)p, lanes);
#endif
}

LANES_INLINE lanes lanes_max(lanes a, lanes b)
{
#if defined(__AVX512F__)
    return (lanes)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (lanes)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return lanes_select(a > b, a, b);
#endif
}

#if defined(__AVX512F__)
LANES_INLINE float lanes_sum(lanes v)
{
    return _mm512_reduce_add_ps((__m512)v);
}

LANES_INLINE float lanes_maximum(lanes v)
{
    return _mm512_reduce_max_ps((__m512)v);
}
#else
LANES_INLINE float lanes_sum(lanes v)
{
    float sums[LANES];

    lanes_store(sums, v);
    for (int width = LANES / 2; width; width /= 2)
        for (int i = 0; i < width; i++)
            sums[i] += sums[i + width];
    return sums[0];
}

LANES_INLINE float lanes_maximum(lanes v)
{
    float values[LANES];

    lanes_store(values, v);
    for (int width = LANES / 2; width; width /= 2)
        for (int i = 0; i < width; i++)
            values[i] = values[i] > values[i + width] ? values[i] : values[i + width];
    return values[0];
}
#endif

/* 2^x for x ≤ 127; 0 below 2^-126. Taylor series of degree 6 around the nearest integer: relative error under 2·10⁻⁷. */
LANES_INLINE lanes lanes_exp2(lanes x)
{
    const lanes round = lanes_all(12582912.0f); /* 1.5·2^23: adding it leaves the nearest integer in the low bits */
    lanes_int normal = x >= lanes_all(-126.0f);
    lanes clamped = lanes_select(normal, x, lanes_all(-126.0f));
    lanes shifted = clamped + round;
    lanes f = clamped - (shifted - round);
    lanes_int exponent = ((lanes_int)shifted - 0x4b400000 + 127) << 23;
    lanes p = lanes_all(1.5403530e-4f); /* ln(2)^i / i!, i = 6 … 1 */

    p = p * f + lanes_all(1.3333558e-3f);
    p = p * f + lanes_all(9.6181291e-3f);
    p = p * f + lanes_all(5.5504109e-2f);
    p = p * f + lanes_all(2.4022651e-1f);
    p = p * f + lanes_all(6.9314718e-1f);
    p = p * f + lanes_all(1.0f);
    return (lanes)((lanes_int)(p * (lanes)exponent) & normal);
}

/* 2^x for x ≤ 0, less than 2^-125 below −126. Minimax polynomial around the nearest integer: relative error under 2·10⁻⁷. */
LANES_INLINE lanes lanes_exp2_below(lanes x)
{
    const lanes round = lanes_all(12582912.0f); /* see lanes_exp2 */
    lanes clamped = lanes_max(x, lanes_all(-126.0f)), shifted = clamped + round;
    lanes f = clamped - (shifted - round), p = lanes_all(1.32647273e-3f);

    p = p * f + lanes_all(9.67151299e-3f);
    p = p * f + lanes_all(5.55073358e-2f);
    p = p * f + lanes_all(2.40222424e-1f);
    p = p * f + lanes_all(6.93147004e-1f);
    p = p * f + lanes_all(1.0f);
    return (lanes)((lanes_int)p + ((lanes_int)shifted << 23));
}

/* Hyperbolic tangent, absolute error under 2·10⁻⁷. */
LANES_INLINE lanes lanes_tanh(lanes x)
{
    const lanes one = lanes_all(1.0f), most = lanes_all(64.0f);
    lanes power = x * lanes_all(2.88539008f); /* 2·log2(e): e^2x is the power of two */
    lanes e = lanes_exp2(lanes_select(power < most, power, most));

    return (e - one) / (e + one);
}

#endif
