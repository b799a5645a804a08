/* One-token products with 512-bit VNNI: one lane per row, two or four streams of panels at once, two levels of prefetch. What limits
 * this kernel is how many cache lines the core keeps in flight; the arithmetic needs less than half of the time. */
#include <immintrin.h>

#include "kernels/ahead.h"

#define INLINE static inline __attribute__((always_inline))

enum { STREAMS = 4 };

INLINE __m512i words(const int8_t *four_bytes)
{
    int32_t word;

    __builtin_memcpy(&word, four_bytes, sizeof word);
    return _mm512_set1_epi32(word);
}

INLINE __m512 scale_sums(__m512i sums, const uint8_t *half_scales, float scale, __m512 total)
{
    __m512 scales = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)half_scales));

    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), _mm512_mul_ps(scales, _mm512_set1_ps(scale)), total);
}

/* total += one q4_0 block of 16 rows × 32 activations; asks for four lines from `line` on. The high nibbles stay where they are and
 * count 16-fold. */
INLINE __m512 block_q4_0(const uint8_t *w, const int8_t *a, int32_t offset, float scale, const struct ahead *ahead,
                         size_t line, __m512 total)
{
    const __m512i low = _mm512_set1_epi8(0x0f);
    __m512i sums = _mm512_set1_epi32(offset / 16), high = _mm512_setzero_si512();

#pragma GCC unroll 4
    for (size_t j = 0; j < 4; j++) {
        ask(ahead, line + j);
        __m512i x = _mm512_loadu_si512(w + 64 * j);
        sums = _mm512_dpbusd_epi32(sums, _mm512_and_si512(x, low), words(a + 4 * j));
        high = _mm512_dpbusd_epi32(high, _mm512_andnot_si512(low, x), words(a + 16 + 4 * j));
    }
    sums = _mm512_add_epi32(sums, _mm512_srai_epi32(high, 4));
    return scale_sums(sums, w + 256, scale, total);
}

/* The same of q8_0, eight lines. */
INLINE __m512 block_q8_0(const uint8_t *w, const int8_t *a, int32_t offset, float scale, const struct ahead *ahead,
                         size_t line, __m512 total)
{
    __m512i sums[2] = {_mm512_set1_epi32(offset), _mm512_setzero_si512()};

#pragma GCC unroll 8
    for (size_t j = 0; j < 8; j++) {
        ask(ahead, line + j);
        sums[j % 2] = _mm512_dpbusd_epi32(sums[j % 2], _mm512_loadu_si512(w + 64 * j), words(a + 4 * j));
    }
    return scale_sums(_mm512_add_epi32(sums[0], sums[1]), w + 512, scale, total);
}

INLINE __m512 block(enum dtype type, const uint8_t *w, const int8_t *a, int32_t offset, float scale,
                    const struct ahead *ahead, size_t line, __m512 total)
{
    return type == DTYPE_Q4_0 ? block_q4_0(w, a, offset, scale, ahead, line, total)
                              : block_q8_0(w, a, offset, scale, ahead, line, total);
}

/* `run` blocks of `streams` panels. Two blocks are whole lines, so that each line is asked for once. */
INLINE void add_blocks(enum dtype type, size_t streams, size_t run, const uint8_t *weights, size_t step,
                       const int8_t *a, const int32_t *offsets, const float *scales, const struct gemv_tuning *tuning,
                       __m512 totals[STREAMS])
{
    const size_t bytes = type == DTYPE_Q4_0 ? Q4_0_PANEL_BLOCK : Q8_0_PANEL_BLOCK, lines = bytes / LINE_BYTES;

#pragma GCC unroll 4
    for (size_t s = 0; s < streams; s++) {
        const uint8_t *w = weights + s * step;
        struct ahead ahead = ahead_of(w, tuning);
#pragma GCC unroll 2
        for (size_t r = 0; r < run; r++, w += bytes)
            totals[s] = block(type, w, a + r * BLOCK_K, offsets[r], scales[r], &ahead, r * lines, totals[s]);
        ask(&ahead, run * lines);
    }
}

/* `streams` panels, `step` bytes apart, walked along k together. */
INLINE void multiply_panels(enum dtype type, size_t k, size_t streams, const uint8_t *weights, size_t step,
                            const void *tile, float *out, size_t out_step, const struct gemv_tuning *tuning)
{
    const size_t bytes = type == DTYPE_Q4_0 ? Q4_0_PANEL_BLOCK : Q8_0_PANEL_BLOCK, blocks = k / BLOCK_K;
    const int8_t *a = tile;
    const int32_t *offsets = (const int32_t *)(a + k);
    const float *scales = (const float *)(offsets + blocks);
    __m512 totals[STREAMS] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    size_t b = 0;

    for (; b + 2 <= blocks; b += 2, weights += 2 * bytes, a += 2 * BLOCK_K)
        add_blocks(type, streams, 2, weights, step, a, offsets + b, scales + b, tuning, totals);
    if (b < blocks)
        add_blocks(type, streams, 1, weights, step, a, offsets + b, scales + b, tuning, totals);
#pragma GCC unroll 4
    for (size_t s = 0; s < streams; s++)
        _mm512_stream_ps(out + s * out_step, totals[s]);
}

INLINE void walk(enum dtype type, size_t k, size_t panels, const uint8_t *weights, const void *tile, float *out,
                 size_t streams, const struct gemv_tuning *tuning)
{
    size_t bytes = panel_bytes(type, k), part = panels / streams;

    for (size_t p = 0; p < part; p++)
        multiply_panels(type, k, streams, weights + p * bytes, part * bytes, tile, out + p * PANEL_ROWS,
                        part * PANEL_ROWS, tuning);
    for (size_t p = part * streams; p < panels; p++)
        multiply_panels(type, k, 1, weights + p * bytes, 0, tile, out + p * PANEL_ROWS, 0, tuning);
}

INLINE void multiply(enum dtype type, size_t k, size_t panels, const uint8_t *weights, const void *tile, float *out,
                     const struct gemv_tuning *tuning)
{
    if (tuning->streams == 2)
        walk(type, k, panels, weights, tile, out, 2, tuning);
    else
        walk(type, k, panels, weights, tile, out, STREAMS, tuning);
}

void gemv_q4_0_avx512vnni(size_t k, size_t panels, const void *weights, const void *tile, float *out,
                          const struct gemv_tuning *tuning)
{
    multiply(DTYPE_Q4_0, k, panels, weights, tile, out, tuning);
}

void gemv_q8_0_avx512vnni(size_t k, size_t panels, const void *weights, const void *tile, float *out,
                          const struct gemv_tuning *tuning)
{
    multiply(DTYPE_Q8_0, k, panels, weights, tile, out, tuning);
}
