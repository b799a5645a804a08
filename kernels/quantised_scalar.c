/* Quantised products in plain loops: the fallback of every processor and the measure of the unit tests. */
#include <string.h>

#include "kernels/kernel.h"

/* Block b of a panel as signed values [k][row] and float scales. */
static void decode_block(enum dtype type, const uint8_t *panel, size_t b, int8_t values[BLOCK_K][PANEL_ROWS],
                         float scales[PANEL_ROWS])
{
    const uint8_t *block = panel + b * (type == DTYPE_Q4_0 ? Q4_0_PANEL_BLOCK : Q8_0_PANEL_BLOCK);
    size_t value_bytes = type == DTYPE_Q4_0 ? 256 : 512;

    for (size_t r = 0; r < PANEL_ROWS; r++) {
        uint16_t half;
        memcpy(&half, block + value_bytes + 2 * r, sizeof half);
        scales[r] = half_to_float(half);
        for (size_t i = 0; i < value_bytes / PANEL_ROWS; i++) {
            uint8_t byte = block[64 * (i / 4) + 4 * r + i % 4];
            if (type == DTYPE_Q4_0) {
                values[i][r] = (int8_t)((byte & 15) - 8);
                values[i + BLOCK_K / 2][r] = (int8_t)((byte >> 4) - 8);
            } else
                values[i][r] = (int8_t)(byte - 128);
        }
    }
}

static void multiply_block(size_t k, size_t b, size_t tokens, size_t width, const uint8_t *tiles, size_t tile_size,
                           int8_t values[BLOCK_K][PANEL_ROWS], const float scales[PANEL_ROWS], float *out,
                           size_t stride)
{
    for (size_t t = 0; t < tokens; t++) {
        const int8_t *a = (const int8_t *)tiles + t / width * tile_size;
        const float *a_scales = (const float *)(a + k * width + k / BLOCK_K * width * 4);
        int32_t sums[PANEL_ROWS] = {0};
        for (size_t i = 0; i < BLOCK_K; i++) {
            int32_t x = a[((b * BLOCK_K + i) / 4 * width + t % width) * 4 + i % 4];
            for (size_t r = 0; r < PANEL_ROWS; r++)
                sums[r] += values[i][r] * x;
        }
        for (size_t r = 0; r < PANEL_ROWS; r++)
            out[t * stride + r] += (float)sums[r] * (scales[r] * a_scales[b * width + t % width]);
    }
}

static void multiply(enum dtype type, size_t k, size_t panels, const uint8_t *weights, size_t tokens, size_t width,
                     const void *tiles, float *out, size_t stride)
{
    int8_t values[BLOCK_K][PANEL_ROWS];
    float scales[PANEL_ROWS];

    for (size_t p = 0; p < panels; p++, weights += panel_bytes(type, k), out += PANEL_ROWS) {
        for (size_t t = 0; t < tokens; t++)
            memset(out + t * stride, 0, PANEL_ROWS * sizeof *out);
        for (size_t b = 0; b < k / BLOCK_K; b++) {
            decode_block(type, weights, b, values, scales);
            multiply_block(k, b, tokens, width, tiles, tile_bytes(type, k, width), values, scales, out, stride);
        }
    }
}

void gemv_q4_0_scalar(size_t k, size_t panels, const void *weights, const void *tile, float *out,
                      const struct gemv_tuning *tuning)
{
    (void)tuning;
    multiply(DTYPE_Q4_0, k, panels, weights, 1, 1, tile, out, 0);
}

void gemv_q8_0_scalar(size_t k, size_t panels, const void *weights, const void *tile, float *out,
                      const struct gemv_tuning *tuning)
{
    (void)tuning;
    multiply(DTYPE_Q8_0, k, panels, weights, 1, 1, tile, out, 0);
}

void gemm_q4_0_scalar(size_t k, size_t panels, const void *weights, size_t tokens, const void *tiles, float *out,
                      size_t stride, void *scratch)
{
    (void)scratch;
    multiply(DTYPE_Q4_0, k, panels, weights, tokens, 4, tiles, out, stride);
}

void gemm_q8_0_scalar(size_t k, size_t panels, const void *weights, size_t tokens, const void *tiles, float *out,
                      size_t stride, void *scratch)
{
    (void)scratch;
    multiply(DTYPE_Q8_0, k, panels, weights, tokens, 4, tiles, out, stride);
}
