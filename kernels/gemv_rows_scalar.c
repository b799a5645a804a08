/* One-token products over rows as stored, in plain loops. */
#include <string.h>

#include "kernels/kernel.h"

/* Value i of a block behind its scale. */
static int32_t stored_value(enum dtype type, const uint8_t *values, size_t i)
{
    if (type == DTYPE_Q8_0)
        return (int8_t)values[i];
    return (i < BLOCK_K / 2 ? values[i] & 15 : values[i - BLOCK_K / 2] >> 4) - 8;
}

static void multiply(enum dtype type, size_t k, size_t rows, const uint8_t *weights, const void *tile, float *out)
{
    const int8_t *a = tile;
    const float *scales = (const float *)(a + k + k / BLOCK_K * sizeof(int32_t));
    size_t bytes = dtype_info(type)->block_bytes;

    for (size_t r = 0; r < rows; r++) {
        out[r] = 0;
        for (size_t b = 0; b < k / BLOCK_K; b++, weights += bytes) {
            uint16_t half;
            int32_t sum = 0;
            memcpy(&half, weights, sizeof half);
            for (size_t i = 0; i < BLOCK_K; i++)
                sum += stored_value(type, weights + sizeof half, i) * a[b * BLOCK_K + i];
            out[r] += half_to_float(half) * scales[b] * (float)sum;
        }
    }
}

void gemv_rows_q4_0_scalar(size_t k, size_t rows, const void *weights, const void *tile, float *out,
                           const struct gemv_tuning *tuning)
{
    (void)tuning;
    multiply(DTYPE_Q4_0, k, rows, weights, tile, out);
}

void gemv_rows_q8_0_scalar(size_t k, size_t rows, const void *weights, const void *tile, float *out,
                           const struct gemv_tuning *tuning)
{
    (void)tuning;
    multiply(DTYPE_Q8_0, k, rows, weights, tile, out);
}
