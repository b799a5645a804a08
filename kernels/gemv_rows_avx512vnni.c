/* One-token products with 512-bit VNNI over rows as stored: a vector holds four blocks of one row, and rows of four streams run side
 * by side. Unpacking costs about as much as a core has time for while it reads, so that no instruction here is free. */
#include <immintrin.h>

#include "kernels/kernel.h"

#define INLINE          static inline __attribute__((always_inline))
#define ROWS_NAME(name) name##_avx512vnni

enum { STREAMS = 4, STEP_BLOCKS = 4 };

typedef __m512 rows_total;

/* What four blocks of activations bring to every row. */
struct activations {
    __m512i values[2]; /* q4_0: the first 16 of each block, the last 16; q8_0: two blocks, two blocks */
    __m512i start[2];  /* −bias × their sums, spread over the lanes of each block */
    __m512 scales[2];
};

INLINE __m512i spread_four(void)
{
    return _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
}

INLINE __m512i spread_two(int first)
{
    return _mm512_add_epi32(_mm512_set_epi32(1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0), _mm512_set1_epi32(first));
}

/* Blocks from `count` on are zero: their scales count for nothing. */
INLINE struct activations read_activations(enum dtype type, const int8_t *a, const int32_t *offsets,
                                           const float *scales, size_t count)
{
    __mmask16 some = (__mmask16)((1u << count) - 1);
    __m512i low = _mm512_maskz_loadu_epi64((__mmask8)((1u << 4 * (count < 2 ? count : 2)) - 1), a);
    __m512i high = _mm512_maskz_loadu_epi64(count > 2 ? (__mmask8)((1u << 4 * (count - 2)) - 1) : 0, a + 64);
    __m512i sums = _mm512_maskz_loadu_epi32(some, offsets);
    __m512 factors = _mm512_maskz_loadu_ps(some, scales);
    struct activations x;

    if (type == DTYPE_Q4_0) {
        x.values[0] = _mm512_shuffle_i64x2(low, high, 0x88);
        x.values[1] = _mm512_shuffle_i64x2(low, high, 0xdd);
        x.start[0] = x.start[1] = _mm512_srai_epi32(_mm512_permutexvar_epi32(spread_four(), sums), 6);
        x.scales[0] = x.scales[1] = _mm512_permutexvar_ps(spread_four(), factors);
    } else {
        x.values[0] = low;
        x.values[1] = high;
        for (int i = 0; i < 2; i++) {
            x.start[i] = _mm512_srai_epi32(_mm512_permutexvar_epi32(spread_two(2 * i), sums), 3);
            x.scales[i] = _mm512_permutexvar_ps(spread_two(2 * i), factors);
        }
    }
    return x;
}

INLINE __m512 scale_sums(__m512i sums, __m512i words, __m512 scales, __m512 total)
{
    __m512 own = _mm512_cvtph_ps(_mm512_castsi512_si256(words));

    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), _mm512_mul_ps(own, scales), total);
}

INLINE __m512i load_lane(__m512i x, __mmask16 lane, const uint8_t *at)
{
    return _mm512_mask_broadcast_i32x4(x, lane, _mm_loadu_si128((const __m128i *)at));
}

/* total += `count` blocks of a q4_0 row, 18 bytes each. */
INLINE __m512 step_q4_0(const uint8_t *w, const struct activations *a, size_t count, __m512 total)
{
    const __m512i low = _mm512_set1_epi8(0x0f);
    const __m512i places = _mm512_set_epi64(0, 0, 0, 0, 0x001b001b001b001b, 0x0012001200120012, 0x0009000900090009, 0);
    __m512i x = _mm512_zextsi128_si512(_mm_loadu_si128((const __m128i *)(w + 2))), head, sums;

    if (count > 1)
        x = load_lane(x, 0x00f0, w + 20);
    if (count > 2)
        x = load_lane(x, 0x0f00, w + 38);
    if (count > 3)
        x = load_lane(x, 0xf000, w + 56);
    head = count == STEP_BLOCKS ? _mm512_loadu_si512(w)
                                : _mm512_maskz_loadu_epi16((__mmask32)((1ull << 9 * count) - 1), w);
    sums = _mm512_dpbusd_epi32(a->start[0], _mm512_and_si512(x, low), a->values[0]);
    sums = _mm512_dpbusd_epi32(sums, _mm512_and_si512(_mm512_srli_epi16(x, 4), low), a->values[1]);
    return scale_sums(sums, _mm512_permutexvar_epi16(places, head), a->scales[0], total);
}

/* total += `count` blocks of a q8_0 row, 34 bytes each, two at a time. */
INLINE __m512 step_q8_0(const uint8_t *w, const struct activations *a, size_t count, __m512 total)
{
    const __m512i bias = _mm512_set1_epi8((char)0x80);
    const __m512i places = _mm512_set_epi64(0, 0, 0, 0, 0x0011001100110011, 0x0011001100110011, 0, 0);

#pragma GCC unroll 2
    for (size_t i = 0; i < (count + 1) / 2; i++, w += 68) {
        bool both = count > 2 * i + 1;
        __m512i x = _mm512_zextsi256_si512(_mm256_loadu_si256((const __m256i *)(w + 2))), head, sums;
        if (both)
            x = _mm512_mask_broadcast_i64x4(x, 0xf0, _mm256_loadu_si256((const __m256i *)(w + 36)));
        head = both ? _mm512_loadu_si512(w) : _mm512_maskz_loadu_epi16(1, w);
        sums = _mm512_dpbusd_epi32(a->start[i], _mm512_xor_si512(x, bias), a->values[i]);
        total = scale_sums(sums, _mm512_permutexvar_epi16(places, head), a->scales[i], total);
    }
    return total;
}

INLINE __m512 step(enum dtype type, const uint8_t *w, const struct activations *a, size_t count, __m512 total)
{
    return type == DTYPE_Q4_0 ? step_q4_0(w, a, count, total) : step_q8_0(w, a, count, total);
}

INLINE rows_total no_total(void)
{
    return _mm512_setzero_ps();
}

INLINE void sum_totals(const rows_total *t, size_t streams, float *out, size_t out_apart)
{
    if (streams == 1) {
        *out = _mm512_reduce_add_ps(t[0]);
        return;
    }
    __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(t[0], t[1]), _mm512_unpackhi_ps(t[0], t[1]));
    __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(t[2], t[3]), _mm512_unpackhi_ps(t[2], t[3]));
    __m512 abcd = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xee));
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
    __m128 sums = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));

    _mm_store_ss(out, sums);
    _mm_store_ss(out + out_apart, _mm_movehdup_ps(sums));
    _mm_store_ss(out + 2 * out_apart, _mm_movehl_ps(sums, sums));
    _mm_store_ss(out + 3 * out_apart, _mm_shuffle_ps(sums, sums, 3));
}

#include "kernels/gemv_rows_body.inc"
