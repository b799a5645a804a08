/* Quantised products in plain loops: the fallback of every processor and the measure of the unit tests. */
#include <string.h>

#include "kernels/decode.h"
#include "kernels/kernel.h"

/* Adds one block of one row to the sums of all tokens. */
static void multiply_block(size_t k, size_t b, size_t tokens, size_t width, const uint8_t *tiles, size_t tile_size,
                           const struct decoded *row, float *out, size_t stride)
{
    for (size_t t = 0; t < tokens; t++) {
        const int8_t *a = (const int8_t *)tiles + t / width * tile_size;
        const int32_t *offsets = (const int32_t *)(a + k * width);
        const float *scales = (const float *)(offsets + k / BLOCK_K * width);
        size_t at = b * width + t % width;
        int32_t sums[2] = {0};
        for (size_t i = 0; i < BLOCK_K; i++)
            sums[i / 16] += row->values[i] * a[((b * BLOCK_K + i) / 4 * width + t % width) * 4 + i % 4];
        out[t * stride] += scales[at] * ((float)sums[0] * row->scales[0] + (float)sums[1] * row->scales[1] +
                                         (float)(offsets[at] / -128) * row->minimum);
    }
}

static void multiply(enum dtype type, size_t k, size_t panels, const uint8_t *weights, size_t tokens, size_t width,
                     const void *tiles, float *out, size_t stride)
{
    struct decoded row;

    for (size_t p = 0; p < panels; p++, weights += panel_bytes(type, k), out += PANEL_ROWS) {
        for (size_t t = 0; t < tokens; t++)
            memset(out + t * stride, 0, PANEL_ROWS * sizeof *out);
        for (size_t b = 0; b < k / BLOCK_K; b++)
            for (size_t r = 0; r < PANEL_ROWS; r++) {
                decode_row(type, weights, b, r, &row);
                multiply_block(k, b, tokens, width, tiles, tile_bytes(type, k, width), &row, out + r, stride);
            }
    }
}

#define DEFINE_PRODUCTS(name, type)                                                                                    \
    void gemv_##name##_scalar(size_t k, size_t panels, const void *weights, const void *tile, float *out,              \
                              const struct gemv_tuning *tuning)                                                        \
    {                                                                                                                  \
        (void)tuning;                                                                                                  \
        multiply(type, k, panels, weights, 1, 1, tile, out, 0);                                                        \
    }                                                                                                                  \
    void gemm_##name##_scalar(size_t k, size_t panels, const void *weights, size_t tokens, const void *tiles,          \
                              float *out, size_t stride, void *scratch)                                                \
    {                                                                                                                  \
        (void)scratch;                                                                                                 \
        multiply(type, k, panels, weights, tokens, 4, tiles, out, stride);                                             \
    }

DEFINE_PRODUCTS(q4_0, DTYPE_Q4_0)
DEFINE_PRODUCTS(q4_1, DTYPE_Q4_1)
DEFINE_PRODUCTS(q8_0, DTYPE_Q8_0)
DEFINE_PRODUCTS(q4_k, DTYPE_Q4_K)
DEFINE_PRODUCTS(q5_k, DTYPE_Q5_K)
DEFINE_PRODUCTS(q6_k, DTYPE_Q6_K)
DEFINE_PRODUCTS(iq4_nl, DTYPE_IQ4_NL)
