/* Float vectors → activation tiles, layouts in kernel.h. A block's largest value decides the step of rounding; its scale is then the
 * one of least squared error for the rounded values q: Σxq / Σq². */
#include <math.h>
#include <string.h>

#include "kernels/kernel.h"

void tile_q8_scalar(size_t k, size_t tokens, size_t width, const float *x, size_t stride, void *tile)
{
    int8_t *values = tile;
    int32_t *offsets = (int32_t *)(values + k * width);
    float *scales = (float *)(offsets + k / BLOCK_K * width);

    memset(tile, 0, tile_bytes(DTYPE_Q8_0, k, width));
    for (size_t t = 0; t < tokens; t++)
        for (size_t b = 0; b < k / BLOCK_K; b++) {
            const float *block = x + t * stride + b * BLOCK_K;
            float most = 0, products = 0;
            int32_t sum = 0, squares = 0;
            for (size_t i = 0; i < BLOCK_K; i++)
                most = fmaxf(most, fabsf(block[i]));
            float inverse = most > TILE_LEAST ? 127.0f / most : 0;
            for (size_t i = 0; i < BLOCK_K; i++) {
                int32_t q = (int32_t)nearbyintf(block[i] * inverse);
                sum += q;
                squares += q * q;
                products += block[i] * (float)q;
                values[((b * BLOCK_K + i) / 4 * width + t) * 4 + i % 4] = (int8_t)q;
            }
            offsets[b * width + t] = -128 * sum;
            scales[b * width + t] = squares ? products / (float)squares : 0;
        }
}

void tile_f32_scalar(size_t k, size_t tokens, size_t width, const float *x, size_t stride, void *tile)
{
    float *to = tile;

    for (size_t i = 0; i < k; i++)
        for (size_t t = 0; t < width; t++)
            to[i * width + t] = t < tokens ? x[t * stride + i] : 0;
}
