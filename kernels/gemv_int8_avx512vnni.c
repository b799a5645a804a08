/* Per-channel int8 products of one token with 512-bit VNNI: otherwise as gemv_avx512vnni.c, but the sums stay integers along all of
 * k. */
#include <immintrin.h>

#include "kernels/ahead.h"

#define INLINE static inline __attribute__((always_inline))

enum { STREAMS = 4, STEP_BYTES = BLOCK_K * PANEL_ROWS };

INLINE __m512i words(const int8_t *four_bytes)
{
    int32_t word;

    __builtin_memcpy(&word, four_bytes, sizeof word);
    return _mm512_set1_epi32(word);
}

/* `streams` panels, `step` bytes apart, walked along k together. */
INLINE void multiply_panels(size_t k, size_t streams, const uint8_t *weights, size_t step, const void *tile, float *out,
                            size_t out_step, const struct gemv_tuning *tuning)
{
    const int8_t *a = tile;
    const int32_t *offset = (const int32_t *)(a + k);
    const float *scale = (const float *)(offset + 1);
    __m512i even[STREAMS], odd[STREAMS];

#pragma GCC unroll 4
    for (size_t s = 0; s < streams; s++) {
        even[s] = _mm512_set1_epi32(*offset);
        odd[s] = _mm512_setzero_si512();
    }
    for (size_t b = 0; b < k / BLOCK_K; b++, weights += STEP_BYTES, a += BLOCK_K)
#pragma GCC unroll 4
        for (size_t s = 0; s < streams; s++) {
            const uint8_t *w = weights + s * step;
            struct ahead ahead = ahead_of(w, tuning);
#pragma GCC unroll 4
            for (size_t j = 0; j < 8; j += 2) {
                ask(&ahead, j);
                even[s] = _mm512_dpbusd_epi32(even[s], _mm512_loadu_si512(w + 64 * j), words(a + 4 * j));
                ask(&ahead, j + 1);
                odd[s] = _mm512_dpbusd_epi32(odd[s], _mm512_loadu_si512(w + 64 * j + 64), words(a + 4 * j + 4));
            }
        }
#pragma GCC unroll 4
    for (size_t s = 0; s < streams; s++) {
        __m512 scales = _mm512_loadu_ps(weights + s * step);
        __m512 sums = _mm512_cvtepi32_ps(_mm512_add_epi32(even[s], odd[s]));
        _mm512_stream_ps(out + s * out_step, _mm512_mul_ps(sums, _mm512_mul_ps(scales, _mm512_set1_ps(*scale))));
    }
}

void gemv_int8_avx512vnni(size_t k, size_t panels, const void *weights, const void *tile, float *out,
                          const struct gemv_tuning *tuning)
{
    size_t bytes = panel_bytes(DTYPE_INT8, k), part = panels / STREAMS;
    const uint8_t *from = weights;

    for (size_t p = 0; p < part; p++)
        multiply_panels(k, STREAMS, from + p * bytes, part * bytes, tile, out + p * PANEL_ROWS, part * PANEL_ROWS,
                        tuning);
    for (size_t p = part * STREAMS; p < panels; p++)
        multiply_panels(k, 1, from + p * bytes, 0, tile, out + p * PANEL_ROWS, 0, tuning);
}
