/* Blocks made by hand, byte by byte, against the numbers they stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/dequantise.h"

enum {
    HALF_ONE = 0x3c,
    HALF_TWO = 0x40,
    HALF_QUARTER = 0x34
}; /* upper bytes of the f16 1, 2 and 0.25; the lower ones are 0 */

static void floats_are_themselves(void **state)
{
    const float f32[] = {0, -1.5f, 3.0e38f, 1e-40f};
    const uint16_t f16[] = {0x3c00, 0xc000, 0x0001, 0x7bff}, bf16[] = {0x3f80, 0xc040, 0x0001, 0x7f7f};
    double out[4];

    (void)state;
    dequantise_row(DTYPE_F32, 4, f32, out);
    for (size_t i = 0; i < 4; i++)
        assert_true(out[i] == (double)f32[i]);
    dequantise_row(DTYPE_F16, 4, f16, out);
    assert_true(out[0] == 1 && out[1] == -2 && out[2] == 0x1p-24 && out[3] == 65504);
    dequantise_row(DTYPE_BF16, 4, bf16, out);
    assert_true(out[0] == 1 && out[1] == -3 && out[2] == 0x1p-133 && out[3] == 0x1.fep127);
}

static void q8_0_bytes_are_signed(void **state)
{
    uint8_t row[2 * 34] = {[1] = HALF_TWO, [2] = 127, [33] = 0x80, [35] = HALF_QUARTER, [36] = 0xff, [67] = 4};
    double out[64];

    (void)state;
    dequantise_row(DTYPE_Q8_0, 64, row, out);
    assert_true(out[0] == 254 && out[1] == 0 && out[31] == -256);
    assert_true(out[32] == -0.25 && out[63] == 1);
}

/* Low nibbles are the first 16 elements, high ones the last. */
static void nibbles_are_split_in_halves(void **state)
{
    uint8_t q4_0[18] = {0, HALF_TWO}, q4_1[20] = {0, HALF_TWO, 0, HALF_QUARTER}, iq4_nl[18] = {0, HALF_ONE};
    static const double table[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    double out[32];

    (void)state;
    for (size_t i = 0; i < 16; i++)
        q4_0[2 + i] = q4_1[4 + i] = iq4_nl[2 + i] = (uint8_t)(i | (15 - i) << 4);
    dequantise_row(DTYPE_Q4_0, 32, q4_0, out);
    for (size_t i = 0; i < 16; i++)
        assert_true(out[i] == 2 * ((double)i - 8) && out[16 + i] == 2 * (7 - (double)i));
    dequantise_row(DTYPE_Q4_1, 32, q4_1, out);
    for (size_t i = 0; i < 16; i++)
        assert_true(out[i] == 2 * (double)i + 0.25 && out[16 + i] == 2 * (15 - (double)i) + 0.25);
    dequantise_row(DTYPE_IQ4_NL, 32, iq4_nl, out);
    for (size_t i = 0; i < 16; i++)
        assert_true(out[i] == table[i] && out[16 + i] == table[15 - i]);
}

/* Scales 1 2 3 4 49 34 19 63 and minima 5 6 7 8 20 37 54 0 in their 12 bytes: numbers of the last four are split, low 4 bits in
 * the last four bytes, high 2 bits above the numbers of the first four. */
static const uint8_t numbers[12] = {1 | 3 << 6, 2 | 2 << 6, 3 | 1 << 6, 4 | 3 << 6, 5 | 1 << 6, 6 | 2 << 6,
                                    7 | 3 << 6, 8 | 0 << 6, 1 | 4 << 4, 2 | 5 << 4, 3 | 6 << 4, 15 | 0 << 4};
static const double scales[8] = {1, 2, 3, 4, 49, 34, 19, 63}, minima[8] = {5, 6, 7, 8, 20, 37, 54, 0};

static void q4_k_sub_blocks_have_scales_and_minima(void **state)
{
    uint8_t block[144] = {0, HALF_TWO, 0, HALF_QUARTER};
    double out[256];

    (void)state;
    memcpy(block + 4, numbers, sizeof numbers);
    for (size_t i = 0; i < 128; i++)
        block[16 + i] = (uint8_t)((i * 7 & 15) | ((i * 5 + 3) & 15) << 4);
    dequantise_row(DTYPE_Q4_K, 256, block, out);
    for (size_t sub = 0; sub < 8; sub++)
        for (size_t l = 0; l < 32; l++) {
            size_t i = sub / 2 * 32 + l, n = sub % 2 ? (i * 5 + 3) % 16 : i * 7 % 16;
            assert_true(out[sub * 32 + l] == 2 * scales[sub] * (double)n - 0.25 * minima[sub]);
        }
}

static void q5_k_has_fifth_bits(void **state)
{
    uint8_t block[176] = {0, HALF_TWO, 0, HALF_QUARTER};
    double out[256];

    (void)state;
    memcpy(block + 4, numbers, sizeof numbers);
    for (size_t i = 0; i < 32; i++)
        block[16 + i] = (uint8_t)(i * 37);
    for (size_t i = 0; i < 128; i++)
        block[48 + i] = (uint8_t)(i * 11);
    dequantise_row(DTYPE_Q5_K, 256, block, out);
    for (size_t sub = 0; sub < 8; sub++)
        for (size_t l = 0; l < 32; l++) {
            size_t byte = (sub / 2 * 32 + l) * 11 % 256, n = sub % 2 ? byte / 16 : byte % 16;
            n += 16 * (l * 37 % 256 / ((size_t)1 << sub) % 2);
            assert_true(out[sub * 32 + l] == 2 * scales[sub] * (double)n - 0.25 * minima[sub]);
        }
}

/* Written from elements to bits, the other way round than the code under test. */
static void q6_k_bits_are_gathered(void **state)
{
    uint8_t block[210] = {0};
    double out[256];

    (void)state;
    for (size_t i = 0; i < 256; i++) {
        unsigned n = (unsigned)(i * 29 + 5) % 64;
        size_t half = i / 128, l = i % 32;
        switch (i % 128 / 32) {
        case 0:
            block[64 * half + l] |= (uint8_t)(n & 15);
            block[128 + 32 * half + l] |= (uint8_t)(n >> 4);
            break;
        case 1:
            block[64 * half + 32 + l] |= (uint8_t)(n & 15);
            block[128 + 32 * half + l] |= (uint8_t)(n >> 4 << 2);
            break;
        case 2:
            block[64 * half + l] |= (uint8_t)((n & 15) << 4);
            block[128 + 32 * half + l] |= (uint8_t)(n >> 4 << 4);
            break;
        default:
            block[64 * half + 32 + l] |= (uint8_t)((n & 15) << 4);
            block[128 + 32 * half + l] |= (uint8_t)(n >> 4 << 6);
        }
    }
    for (size_t i = 0; i < 16; i++)
        block[192 + i] = (uint8_t)(i * 17 - 128); /* −128 … 127 */
    block[209] = HALF_QUARTER;
    dequantise_row(DTYPE_Q6_K, 256, block, out);
    for (size_t i = 0; i < 256; i++)
        assert_true(out[i] == 0.25 * ((double)(i / 16) * 17 - 128) * ((double)((i * 29 + 5) % 64) - 32));
}

/* A row of several blocks, at an odd address. */
static void blocks_follow_each_other(void **state)
{
    (void)state;
    for (int type = 0; type < DTYPE_MODELS; type++) {
        const struct dtype_info *info = dtype_info((enum dtype)type);
        uint8_t row[3 * 210 + 1], copy[210];
        double out[3 * 256 + 1], one[256];

        for (size_t i = 0; i < sizeof row; i++)
            row[i] = (uint8_t)(i * 0x35 & 0x7b); /* no f16, bf16 or f32 of these bytes is infinite */
        out[3 * info->block_elements] = 12345;
        dequantise_row((enum dtype)type, 3 * info->block_elements, row + 1, out);
        assert_true(out[3 * info->block_elements] == 12345);
        for (size_t b = 0; b < 3; b++) {
            memcpy(copy, row + 1 + b * info->block_bytes, info->block_bytes);
            dequantise_row((enum dtype)type, info->block_elements, copy, one);
            assert_memory_equal(one, out + b * info->block_elements, info->block_elements * sizeof *one);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_themselves),       cmocka_unit_test(q8_0_bytes_are_signed),
        cmocka_unit_test(nibbles_are_split_in_halves), cmocka_unit_test(q4_k_sub_blocks_have_scales_and_minima),
        cmocka_unit_test(q5_k_has_fifth_bits),         cmocka_unit_test(q6_k_bits_are_gathered),
        cmocka_unit_test(blocks_follow_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
