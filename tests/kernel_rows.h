/* What tests and benchmarks of products share: random rows, packed and as tiles. Included after cmocka.h. */
#ifndef POCKETMARK_TESTS_KERNEL_ROWS_H
#define POCKETMARK_TESTS_KERNEL_ROWS_H

#include "tests/kernel_random.h"

/* Where the f16 scales of a block lie; SIZE_MAX: there is none. */
static inline void half_offsets(enum dtype type, size_t offsets[2])
{
    offsets[0] = type == DTYPE_F32 || type == DTYPE_BF16 ? SIZE_MAX : type == DTYPE_Q6_K ? 208 : 0;
    offsets[1] = type == DTYPE_Q4_1 || type == DTYPE_Q4_K || type == DTYPE_Q5_K ? 2 : SIZE_MAX;
}

/* The byte that puts quants at an end of their range. */
static inline uint8_t extreme_byte(enum dtype type, bool high)
{
    if (type == DTYPE_Q8_0)
        return high ? 0x7f : 0x80;
    return high ? 0xff : 0x00;
}

static inline uint8_t *random_channels(size_t rows, size_t k, bool extreme)
{
    size_t bytes = dtype_row_bytes(DTYPE_INT8, k);
    uint8_t *stored = allocate(rows * bytes);

    for (size_t r = 0; r < rows; r++) {
        float scale = random_float();
        for (size_t i = 0; i < k; i++)
            stored[r * bytes + i] = (uint8_t)next_random();
        for (size_t i = 0; extreme && i < k; i += BLOCK_K)
            memset(stored + r * bytes + i, next_random() & 1 ? 0x7f : 0x80, BLOCK_K);
        memcpy(stored + r * bytes + k, &scale, sizeof scale);
    }
    return stored;
}

/* Stored rows of random blocks; `extreme`: all quants at an end of their range. */
static inline uint8_t *random_rows(enum dtype type, size_t rows, size_t k, bool extreme)
{
    size_t bytes = dtype_row_bytes(type, k), block = dtype_info(type)->block_bytes, halves[2];
    uint8_t *stored;

    if (type == DTYPE_INT8)
        return random_channels(rows, k, extreme);
    stored = allocate(rows * bytes);
    half_offsets(type, halves);
    for (size_t i = 0; i < rows * bytes / block; i++) {
        uint8_t *at = stored + i * block;
        float value = random_float();
        for (size_t j = 0; j < block; j++)
            at[j] = (uint8_t)next_random();
        if (extreme)
            memset(at, extreme_byte(type, next_random() & 1), block);
        if (extreme && type == DTYPE_Q6_K) /* scales, the smallest of which is −128 */
            memset(at + 192, next_random() & 1 ? 0x80 : 0x7f, 16);
        if (type == DTYPE_F32)
            memcpy(at, &value, 4);
        if (type == DTYPE_BF16)
            memcpy(at, (uint8_t *)&value + 2, 2);
        for (size_t h = 0; h < 2; h++) {
            uint16_t half = float_to_half(random_float());
            if (halves[h] != SIZE_MAX)
                memcpy(at + halves[h], &half, 2); /* the value of f16, the scale of the quantised types */
        }
    }
    return stored;
}

static inline uint8_t *pack_all(const struct kernel *pack, size_t rows, size_t k, const uint8_t *stored)
{
    size_t row_bytes = dtype_row_bytes(pack->type, k);
    uint8_t *packed = allocate(panel_count(rows) * panel_bytes(pack->type, k));

    for (size_t p = 0; p < panel_count(rows); p++) {
        const void *list[PANEL_ROWS];
        for (size_t r = 0; r < PANEL_ROWS; r++)
            list[r] = p * PANEL_ROWS + r < rows ? stored + (p * PANEL_ROWS + r) * row_bytes : NULL;
        pack->pack(k, list, packed + p * panel_bytes(pack->type, k));
    }
    return packed;
}

static inline uint8_t *tile_all(const struct kernel *tile, size_t k, size_t tokens, size_t width, const float *x)
{
    size_t tiles = (tokens + width - 1) / width, bytes = tile_bytes(tile->type, k, width);
    uint8_t *out = allocate(tiles * bytes + TILE_SLACK);

    for (size_t i = 0; i < tiles; i++) {
        size_t left = tokens - i * width;
        tile->tile(k, left < width ? left : width, width, x + i * width * k, k, out + i * bytes);
    }
    return out;
}

/* Value i of a token, as the kernels see it. */
static inline double activation(enum dtype type, const uint8_t *tiles, size_t k, size_t width, size_t token, size_t i)
{
    const uint8_t *tile = tiles + token / width * tile_bytes(type, k, width);
    size_t t = token % width, block = tile_block(type, k);

    if (!dtype_info(type)->quantised)
        return ((const float *)tile)[i * width + t];
    const float *scales = (const float *)(tile + k * width + k / block * width * 4);
    return (double)((const int8_t *)tile)[(i / 4 * width + t) * 4 + i % 4] * scales[i / block * width + t];
}

#endif
