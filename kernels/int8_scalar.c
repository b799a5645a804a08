/* Per-channel int8 in plain loops: packing, and products of one and of many tokens. */
#include <string.h>

#include "kernels/kernel.h"

void pack_int8_scalar(size_t k, const void *const rows[PANEL_ROWS], void *panel)
{
    uint8_t *to = panel, *scales = to + k * PANEL_ROWS;

    for (size_t r = 0; r < PANEL_ROWS; r++) {
        const uint8_t *from = rows[r];
        for (size_t i = 0; i < k; i++)
            to[64 * (i / 4) + 4 * r + i % 4] = from ? from[i] ^ 0x80 : 0x80;
        if (from)
            memcpy(scales + 4 * r, from + k, 4);
        else
            memset(scales + 4 * r, 0, 4);
    }
}

static void multiply(size_t k, size_t panels, const uint8_t *weights, size_t tokens, size_t width, const void *tiles,
                     float *out, size_t stride)
{
    size_t size = tile_bytes(DTYPE_INT8, k, width);

    for (size_t p = 0; p < panels; p++, weights += panel_bytes(DTYPE_INT8, k), out += PANEL_ROWS)
        for (size_t t = 0; t < tokens; t++) {
            const int8_t *a = (const int8_t *)tiles + t / width * size;
            const float *scale = (const float *)(a + k * width) + width + t % width;
            for (size_t r = 0; r < PANEL_ROWS; r++) {
                int32_t sum = 0;
                float row_scale;
                for (size_t i = 0; i < k; i++)
                    sum += (weights[64 * (i / 4) + 4 * r + i % 4] - 128) * a[(i / 4 * width + t % width) * 4 + i % 4];
                memcpy(&row_scale, weights + k * PANEL_ROWS + 4 * r, sizeof row_scale);
                out[t * stride + r] = (float)sum * (row_scale * *scale);
            }
        }
}

void gemv_int8_scalar(size_t k, size_t panels, const void *weights, const void *tile, float *out,
                      const struct gemv_tuning *tuning)
{
    (void)tuning;
    multiply(k, panels, weights, 1, 1, tile, out, 0);
}

void gemm_int8_scalar(size_t k, size_t panels, const void *weights, size_t tokens, const void *tiles, float *out,
                      size_t stride, void *scratch)
{
    (void)scratch;
    multiply(k, panels, weights, tokens, 4, tiles, out, stride);
}
