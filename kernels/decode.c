#include "kernels/decode.h"

#include <string.h>

static float half_at(const uint8_t *p)
{
    uint16_t half;

    memcpy(&half, p, sizeof half);
    return half_to_float(half);
}

/* The 32 numbers 0 … 15 of a row, from the nibbles at the beginning of a block. */
static void decode_nibbles(const uint8_t *block, size_t row, int8_t values[BLOCK_K])
{
    for (size_t i = 0; i < BLOCK_K / 2; i++) {
        uint8_t byte = block[64 * (i / 4) + 4 * row + i % 4];
        values[i] = byte & 15;
        values[i + BLOCK_K / 2] = byte >> 4;
    }
}

static void set_scale(struct decoded *out, float scale)
{
    out->scales[0] = out->scales[1] = scale;
}

static void decode_q8_0(const uint8_t *block, size_t row, struct decoded *out)
{
    for (size_t i = 0; i < BLOCK_K; i++)
        out->values[i] = (int8_t)(block[64 * (i / 4) + 4 * row + i % 4] - 128);
    set_scale(out, half_at(block + 512 + 2 * row));
}

static void decode_q4_0(const uint8_t *block, size_t row, struct decoded *out)
{
    decode_nibbles(block, row, out->values);
    for (size_t i = 0; i < BLOCK_K; i++)
        out->values[i] = (int8_t)(out->values[i] - 8);
    set_scale(out, half_at(block + 256 + 2 * row));
}

static void decode_iq4_nl(const uint8_t *block, size_t row, struct decoded *out)
{
    static const int8_t table[16] = {IQ4_NL_VALUES};

    decode_nibbles(block, row, out->values);
    for (size_t i = 0; i < BLOCK_K; i++)
        out->values[i] = table[out->values[i]];
    set_scale(out, half_at(block + 256 + 2 * row));
}

static void decode_q4_1(const uint8_t *block, size_t row, struct decoded *out)
{
    decode_nibbles(block, row, out->values);
    set_scale(out, half_at(block + 256 + 2 * row));
    out->minimum = half_at(block + 288 + 2 * row);
}

/* q4_k and q5_k: `numbers`: where the block's scales and minima lie. */
static void decode_scale_minimum(const uint8_t *head, const uint8_t *numbers, size_t row, struct decoded *out)
{
    set_scale(out, half_at(head + 2 * row) * (float)numbers[row]);
    out->minimum = -half_at(head + 32 + 2 * row) * (float)numbers[PANEL_ROWS + row];
}

static void decode_q5_k(const uint8_t *head, const uint8_t *block, size_t row, struct decoded *out)
{
    decode_nibbles(block, row, out->values);
    for (size_t i = 0; i < BLOCK_K; i++)
        out->values[i] |= (int8_t)((block[256 + 4 * row + i % 4] >> i / 4 & 1) << 4);
    decode_scale_minimum(head, block + 320, row, out);
}

static void decode_q6_k(const uint8_t *head, const uint8_t *block, size_t row, struct decoded *out)
{
    const int8_t *numbers = (const int8_t *)block + 384;

    decode_nibbles(block, row, out->values);
    for (size_t i = 0; i < BLOCK_K; i++) {
        uint8_t pairs = block[256 + 64 * (i / 16) + 4 * row + i % 4];
        out->values[i] = (int8_t)((out->values[i] | (pairs >> 2 * (i % 16 / 4) & 3) << 4) - 32);
    }
    for (size_t h = 0; h < 2; h++)
        out->scales[h] = half_at(head + 2 * row) * (float)numbers[PANEL_ROWS * h + row];
}

void decode_row(enum dtype type, const void *panel, size_t block, size_t row, struct decoded *out)
{
    size_t head_bytes = panel_head_bytes(type), bytes = panel_block_bytes(type);
    size_t group = head_bytes ? SUPER_BLOCKS : 1;
    const uint8_t *head = (const uint8_t *)panel + block / group * (head_bytes + group * bytes);
    const uint8_t *at = head + head_bytes + block % group * bytes;

    out->minimum = 0;
    switch (type) {
    case DTYPE_Q8_0:
        decode_q8_0(at, row, out);
        break;
    case DTYPE_IQ4_NL:
        decode_iq4_nl(at, row, out);
        break;
    case DTYPE_Q4_1:
        decode_q4_1(at, row, out);
        break;
    case DTYPE_Q4_K:
        decode_nibbles(at, row, out->values);
        decode_scale_minimum(head, at + 256, row, out);
        break;
    case DTYPE_Q5_K:
        decode_q5_k(head, at, row, out);
        break;
    case DTYPE_Q6_K:
        decode_q6_k(head, at, row, out);
        break;
    default:
        decode_q4_0(at, row, out);
    }
}
