/* Float vectors → activation tiles, layouts in kernel.h. A block is rounded in two ways; its scale is the one of least squared error
 * for the rounded values q, Σxq / Σq², and the way of which less error is left, that of the larger (Σxq)² / Σq², is taken. */
#include <math.h>
#include <string.h>

#include "kernels/kernel.h"

struct rounding {
    int32_t values[BLOCK_K], sum, squares;
    float products;
};

static void round_block(const float *x, float inverse, struct rounding *rounding)
{
    *rounding = (struct rounding){.sum = 0};
    for (size_t i = 0; i < BLOCK_K; i++) {
        int32_t q = (int32_t)nearbyintf(x[i] * inverse);
        rounding->values[i] = q;
        rounding->sum += q;
        rounding->squares += q * q;
        rounding->products += x[i] * (float)q;
    }
}

static bool is_better(const struct rounding *a, const struct rounding *b)
{
    return a->products * a->products * (float)b->squares > b->products * b->products * (float)a->squares;
}

void tile_q8_scalar(size_t k, size_t tokens, size_t width, const float *x, size_t stride, void *tile)
{
    int8_t *values = tile;
    int32_t *offsets = (int32_t *)(values + k * width);
    float *scales = (float *)(offsets + k / BLOCK_K * width);

    memset(tile, 0, tile_bytes(DTYPE_Q8_0, k, width));
    for (size_t t = 0; t < tokens; t++)
        for (size_t b = 0; b < k / BLOCK_K; b++) {
            const float *block = x + t * stride + b * BLOCK_K;
            struct rounding one, other;
            float most = 0;
            for (size_t i = 0; i < BLOCK_K; i++)
                most = fmaxf(most, fabsf(block[i]));
            float inverse = most > TILE_LEAST ? 1.0f / most : 0;
            round_block(block, TILE_STEPS * inverse, &one);
            round_block(block, TILE_OTHER_STEPS * inverse, &other);
            const struct rounding *best = is_better(&other, &one) ? &other : &one;
            for (size_t i = 0; i < BLOCK_K; i++)
                values[((b * BLOCK_K + i) / 4 * width + t) * 4 + i % 4] = (int8_t)best->values[i];
            offsets[b * width + t] = -128 * best->sum;
            scales[b * width + t] = best->squares ? best->products / (float)best->squares : 0;
        }
}

void tile_f32_scalar(size_t k, size_t tokens, size_t width, const float *x, size_t stride, void *tile)
{
    float *to = tile;

    for (size_t i = 0; i < k; i++)
        for (size_t t = 0; t < width; t++)
            to[i * width + t] = t < tokens ? x[t * stride + i] : 0;
}
