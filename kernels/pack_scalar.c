/* Stored rows ↔ packed panels, layouts in blocks.h. */
#include <string.h>

#include "kernels/decode.h"
#include "kernels/kernel.h"

static uint16_t half_at(const void *p)
{
    uint16_t value;

    memcpy(&value, p, sizeof value);
    return value;
}

void pack_q4_0_scalar(size_t k, const void *const rows[PANEL_ROWS], void *panel)
{
    for (size_t b = 0; b < k / BLOCK_K; b++) {
        uint8_t *to = (uint8_t *)panel + b * Q4_0_PANEL_BLOCK;
        for (size_t r = 0; r < PANEL_ROWS; r++) {
            uint8_t zero[sizeof(struct block_q4_0)];
            const uint8_t *from = rows[r] ? (const uint8_t *)rows[r] + b * sizeof zero : zero;
            if (!rows[r]) {
                memset(zero, 0x88, sizeof zero);
                memset(zero, 0, 2);
            }
            for (size_t j = 0; j < 4; j++)
                memcpy(to + 64 * j + 4 * r, from + 2 + 4 * j, 4);
            memcpy(to + 256 + 2 * r, from, 2);
        }
    }
}

void pack_q4_1_scalar(size_t k, const void *const rows[PANEL_ROWS], void *panel)
{
    for (size_t b = 0; b < k / BLOCK_K; b++) {
        uint8_t *to = (uint8_t *)panel + b * Q4_1_PANEL_BLOCK;
        for (size_t r = 0; r < PANEL_ROWS; r++) {
            static const uint8_t zero[sizeof(struct block_q4_1)];
            const uint8_t *from = rows[r] ? (const uint8_t *)rows[r] + b * sizeof zero : zero;
            for (size_t j = 0; j < 4; j++)
                memcpy(to + 64 * j + 4 * r, from + 4 + 4 * j, 4);
            memcpy(to + 256 + 2 * r, from, 2);
            memcpy(to + 288 + 2 * r, from + 2, 2);
        }
    }
}

void pack_q8_0_scalar(size_t k, const void *const rows[PANEL_ROWS], void *panel)
{
    for (size_t b = 0; b < k / BLOCK_K; b++) {
        uint8_t *to = (uint8_t *)panel + b * Q8_0_PANEL_BLOCK;
        for (size_t r = 0; r < PANEL_ROWS; r++) {
            static const uint8_t zero[sizeof(struct block_q8_0)];
            const uint8_t *from = rows[r] ? (const uint8_t *)rows[r] + b * sizeof zero : zero;
            for (size_t i = 0; i < BLOCK_K; i++)
                to[64 * (i / 4) + 4 * r + i % 4] = from[2 + i] ^ 0x80;
            memcpy(to + 512 + 2 * r, from, 2);
        }
    }
}

void pack_f16_scalar(size_t k, const void *const rows[PANEL_ROWS], void *panel)
{
    for (size_t i = 0; i < k; i++)
        for (size_t r = 0; r < PANEL_ROWS; r++)
            ((uint16_t *)panel)[i * PANEL_ROWS + r] = rows[r] ? half_at((const uint8_t *)rows[r] + 2 * i) : 0;
}

void pack_f32_scalar(size_t k, const void *const rows[PANEL_ROWS], void *panel)
{
    for (size_t i = 0; i < k; i++)
        for (size_t r = 0; r < PANEL_ROWS; r++) {
            float value = 0;
            if (rows[r])
                memcpy(&value, (const uint8_t *)rows[r] + 4 * i, sizeof value);
            ((float *)panel)[i * PANEL_ROWS + r] = value;
        }
}

static void row_quantised(enum dtype type, size_t k, const void *panel, size_t row, float *out)
{
    struct decoded block;

    for (size_t i = 0; i < k; i++) {
        if (i % BLOCK_K == 0)
            decode_row(type, panel, i / BLOCK_K, row, &block);
        out[i] = block.scales[i % BLOCK_K / 16] * (float)block.values[i % BLOCK_K] + block.minimum;
    }
}

static void row_int8(size_t k, const uint8_t *panel, size_t row, float *out)
{
    float scale;

    memcpy(&scale, panel + k * PANEL_ROWS + row * sizeof scale, sizeof scale);
    for (size_t i = 0; i < k; i++)
        out[i] = scale * (float)(panel[64 * (i / 4) + 4 * row + i % 4] - 128);
}

void panel_row(enum dtype type, size_t k, const void *panel, size_t row, float *out)
{
    if (type == DTYPE_INT8)
        row_int8(k, panel, row, out);
    else if (dtype_info(type)->quantised)
        row_quantised(type, k, panel, row, out);
    else
        for (size_t i = 0, at = row; i < k; i++, at += PANEL_ROWS)
            out[i] = type == DTYPE_F16    ? half_to_float(((const uint16_t *)panel)[at])
                     : type == DTYPE_BF16 ? bfloat_to_float(((const uint16_t *)panel)[at])
                                          : ((const float *)panel)[at];
}
