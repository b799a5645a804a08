#include "workloads/dequantise.h"

#include <stdint.h>
#include <string.h>

static double half_at(const uint8_t *p)
{
    uint16_t half;

    memcpy(&half, p, sizeof half);
    return half_to_float(half);
}

static void block_q8_0(const uint8_t *block, double *out)
{
    double scale = half_at(block);

    for (size_t i = 0; i < 32; i++)
        out[i] = scale * (int8_t)block[2 + i];
}

/* The nibbles of a block of 32, byte j: elements j and j+16. */
static unsigned nibble(const uint8_t *nibbles, size_t i)
{
    return i < 16 ? nibbles[i] & 15 : nibbles[i - 16] >> 4;
}

static void block_q4_0(const uint8_t *block, double *out)
{
    double scale = half_at(block);

    for (size_t i = 0; i < 32; i++)
        out[i] = scale * ((int)nibble(block + 2, i) - 8);
}

static void block_q4_1(const uint8_t *block, double *out)
{
    double scale = half_at(block), minimum = half_at(block + 2);

    for (size_t i = 0; i < 32; i++)
        out[i] = scale * nibble(block + 4, i) + minimum;
}

static void block_iq4_nl(const uint8_t *block, double *out)
{
    static const int8_t values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    double scale = half_at(block);

    for (size_t i = 0; i < 32; i++)
        out[i] = scale * values[nibble(block + 2, i)];
}

/* 6-bit scale and minimum of sub-block `sub` of q4_k and q5_k out of their 12 bytes. */
static void scale_and_minimum(const uint8_t *bytes, size_t sub, unsigned *scale, unsigned *minimum)
{
    if (sub < 4) {
        *scale = bytes[sub] & 63;
        *minimum = bytes[sub + 4] & 63;
    } else {
        *scale = (bytes[sub + 4] & 15u) | (unsigned)bytes[sub - 4] >> 6 << 4;
        *minimum = (unsigned)bytes[sub + 4] >> 4 | (unsigned)bytes[sub] >> 6 << 4;
    }
}

/* q4_k, and q5_k where `fifths` is not NULL: bit `sub` of its byte l belongs to element l of sub-block `sub`. */
static void block_k_with_minimum(const uint8_t *block, const uint8_t *fifths, const uint8_t *nibbles, double *out)
{
    double d = half_at(block), d_minimum = half_at(block + 2);

    for (size_t sub = 0; sub < 8; sub++) {
        unsigned scale, minimum;

        scale_and_minimum(block + 4, sub, &scale, &minimum);
        for (size_t l = 0; l < 32; l++) {
            unsigned n = nibbles[sub / 2 * 32 + l] >> sub % 2 * 4 & 15u;
            if (fifths)
                n |= (fifths[l] >> sub & 1u) << 4;
            out[sub * 32 + l] = d * scale * n - d_minimum * minimum;
        }
    }
}

static void block_q4_k(const uint8_t *block, double *out)
{
    block_k_with_minimum(block, NULL, block + 16, out);
}

static void block_q5_k(const uint8_t *block, double *out)
{
    block_k_with_minimum(block, block + 16, block + 48, out);
}

/* Two halves of 128 elements; in each, quarter q of 32 elements takes the nibbles of 32 bytes and 2 bits of every byte of `high`. */
static void block_q6_k(const uint8_t *block, double *out)
{
    double d = half_at(block + 208);

    for (size_t i = 0; i < 256; i++) {
        size_t half = i / 128, quarter = i / 32 % 4, l = i % 32;
        const uint8_t *low = block + half * 64 + quarter % 2 * 32, *high = block + 128 + half * 32;
        int n = (low[l] >> quarter / 2 * 4 & 15) | (high[l] >> quarter * 2 & 3) << 4;
        out[i] = d * (int8_t)block[192 + i / 16] * (n - 32);
    }
}

static void element_f16(const uint8_t *element, double *out)
{
    *out = half_at(element);
}

static void element_bf16(const uint8_t *element, double *out)
{
    uint16_t upper;

    memcpy(&upper, element, sizeof upper);
    *out = bfloat_to_float(upper);
}

static void element_f32(const uint8_t *element, double *out)
{
    float value;

    memcpy(&value, element, sizeof value);
    *out = value;
}

static void row_int8(size_t elements, const uint8_t *row, double *out)
{
    float scale;

    memcpy(&scale, row + elements, sizeof scale);
    for (size_t i = 0; i < elements; i++)
        out[i] = (double)scale * (int8_t)row[i];
}

void dequantise_row(enum dtype type, size_t elements, const void *row, double *out)
{
    static void (*const blocks[DTYPE_MODELS])(const uint8_t *block, double *out) = {
        [DTYPE_F32] = element_f32, [DTYPE_F16] = element_f16,    [DTYPE_BF16] = element_bf16, [DTYPE_Q8_0] = block_q8_0,
        [DTYPE_Q4_0] = block_q4_0, [DTYPE_Q4_1] = block_q4_1,    [DTYPE_Q4_K] = block_q4_k,   [DTYPE_Q5_K] = block_q5_k,
        [DTYPE_Q6_K] = block_q6_k, [DTYPE_IQ4_NL] = block_iq4_nl};
    const struct dtype_info *info = dtype_info(type);
    const uint8_t *bytes = row;

    if (type == DTYPE_INT8) {
        row_int8(elements, bytes, out);
        return;
    }
    for (size_t i = 0; i < elements; i += info->block_elements, bytes += info->block_bytes)
        blocks[type](bytes, out + i);
}
