/* One-token products with 512-bit VNNI of the formats that are unpacked to bytes first; otherwise as gemv_avx512vnni.c. */
#include "kernels/ahead.h"
#include "kernels/unpack512.inc"

enum { STREAMS = 4 };

/* What one block of 32 activations brings to every row. */
struct vector_block {
    const int32_t *words; /* 8 × 4 activations */
    __m512i start[2]; /* −bias × sums of the first and the last 16; of both in the first where rows have one scale */
    __m512 scale, sum; /* the sum is of values, not scaled */
};

UNPACK_INLINE struct vector_block read_vector(enum dtype type, const int32_t *words, int32_t offset, float scale)
{
    struct vector_block v = {words,
                             {_mm512_setzero_si512(), _mm512_setzero_si512()},
                             _mm512_set1_ps(scale),
                             _mm512_set1_ps((float)offset * (-1.0f / 128))};

    if (type == DTYPE_Q6_K) {
        __m128i x = _mm_dpbusd_epi32(_mm_setzero_si128(), _mm_set1_epi8(32), _mm_loadu_si128((const __m128i *)words));
        x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4e));
        x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0xb1));
        v.start[0] = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_broadcastd_epi32(x));
        v.start[1] = _mm512_sub_epi32(_mm512_set1_epi32(offset / 4), v.start[0]);
    } else
        v.start[0] = _mm512_set1_epi32(offset / 128 * unpack_bias(type));
    return v;
}

/* total += one block of 16 rows. The sums of a block run in two chains, which q6_k needs apart and the others for speed. */
UNPACK_INLINE __m512 multiply_block(enum dtype type, const uint8_t *head, const uint8_t *w,
                                    const struct vector_block *v, __m512 total)
{
    struct unpacked_scales u = unpack_scales(type, head, w);
    __m512i values[8], first = v->start[0], last = v->start[1];
    __m512 value;

    unpack_values(type, w, values);
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        first = _mm512_dpbusd_epi32(first, values[j], _mm512_set1_epi32(v->words[j]));
        last = _mm512_dpbusd_epi32(last, values[j + 4], _mm512_set1_epi32(v->words[j + 4]));
    }
    if (type == DTYPE_Q6_K) {
        value = _mm512_mul_ps(_mm512_cvtepi32_ps(first), u.scales[0]);
        value = _mm512_fmadd_ps(_mm512_cvtepi32_ps(last), u.scales[1], value);
    } else
        value = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(first, last)), u.scales[0]);
    if (panel_has_minimum(type))
        value = _mm512_fmadd_ps(u.minimum, v->sum, value);
    return _mm512_fmadd_ps(value, v->scale, total);
}

/* `streams` panels, `step` bytes apart, walked along k together. */
UNPACK_INLINE void multiply_panels(enum dtype type, size_t k, size_t streams, const uint8_t *weights, size_t step,
                                   const void *tile, float *out, size_t out_step, const struct gemv_tuning *tuning)
{
    const size_t head = panel_head_bytes(type), bytes = panel_block_bytes(type), group = head ? SUPER_BLOCKS : 1;
    const size_t blocks = k / BLOCK_K;
    const int32_t *a = tile, *offsets = a + k / 4;
    const float *scales = (const float *)(offsets + blocks);
    __m512 totals[STREAMS] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};

    for (size_t b = 0; b < blocks; weights += head + group * bytes)
        for (size_t end = b + group, at = head; b < end; b++, a += 8, at += bytes) {
            struct vector_block v = read_vector(type, a, offsets[b], scales[b]);
#pragma GCC unroll 4
            for (size_t s = 0; s < streams; s++) {
                const uint8_t *w = weights + s * step;
                struct ahead ahead = ahead_of(w + at, tuning);
                ask_lines(&ahead, 0, (bytes + head / SUPER_BLOCKS + LINE_BYTES - 1) / LINE_BYTES);
                totals[s] = multiply_block(type, w, w + at, &v, totals[s]);
            }
        }
#pragma GCC unroll 4
    for (size_t s = 0; s < streams; s++)
        _mm512_stream_ps(out + s * out_step, totals[s]);
}

UNPACK_INLINE void walk(enum dtype type, size_t k, size_t panels, const uint8_t *weights, const void *tile, float *out,
                        size_t streams, const struct gemv_tuning *tuning)
{
    size_t bytes = panel_bytes(type, k), part = panels / streams;

    for (size_t p = 0; p < part; p++)
        multiply_panels(type, k, streams, weights + p * bytes, part * bytes, tile, out + p * PANEL_ROWS,
                        part * PANEL_ROWS, tuning);
    for (size_t p = part * streams; p < panels; p++)
        multiply_panels(type, k, 1, weights + p * bytes, 0, tile, out + p * PANEL_ROWS, 0, tuning);
}

UNPACK_INLINE void multiply(enum dtype type, size_t k, size_t panels, const uint8_t *weights, const void *tile,
                            float *out, const struct gemv_tuning *tuning)
{
    if (tuning->streams == 2)
        walk(type, k, panels, weights, tile, out, 2, tuning);
    else
        walk(type, k, panels, weights, tile, out, STREAMS, tuning);
}

#define DEFINE_PRODUCT(name, type)                                                                                     \
    void gemv_##name##_avx512vnni(size_t k, size_t panels, const void *weights, const void *tile, float *out,          \
                                  const struct gemv_tuning *tuning)                                                    \
    {                                                                                                                  \
        multiply(type, k, panels, weights, tile, out, tuning);                                                         \
    }

DEFINE_PRODUCT(q4_1, DTYPE_Q4_1)
DEFINE_PRODUCT(q4_k, DTYPE_Q4_K)
DEFINE_PRODUCT(q5_k, DTYPE_Q5_K)
DEFINE_PRODUCT(q6_k, DTYPE_Q6_K)
DEFINE_PRODUCT(iq4_nl, DTYPE_IQ4_NL)
