/* Stored rows of super-blocks (q4_k, q5_k, q6_k) → packed panels, four values at a time: 32-bit words hold the bytes of four
 * neighbouring elements, and no shift below moves a bit that is kept into another byte. Layouts: blocks.h. */
#include <string.h>

#include "kernels/kernel.h"

static inline uint32_t word_at(const uint8_t *p)
{
    uint32_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

/* Sub-block `sub` of the 128 nibble bytes of q4_k and q5_k: 32 bytes serve 64 elements, low nibbles the first half of them. */
static inline void pack_nibbles(const uint8_t *nibbles, size_t sub, uint8_t *to)
{
    const uint8_t *from = nibbles + sub / 2 * 32;

    for (size_t j = 0; j < 4; j++) {
        uint32_t first = word_at(from + 4 * j), second = word_at(from + 16 + 4 * j), word;
        if (sub % 2)
            word = (first >> 4 & 0x0f0f0f0f) | (second & 0xf0f0f0f0);
        else
            word = (first & 0x0f0f0f0f) | (second & 0x0f0f0f0f) << 4;
        memcpy(to + 64 * j, &word, sizeof word);
    }
}

/* 6-bit scale and minimum of sub-block `sub`: those of the first four lie in whole bytes, whose upper bits belong to the last
 * four. */
static inline void pack_numbers(const uint8_t numbers[12], size_t sub, uint8_t *scale, uint8_t *minimum)
{
    if (sub < 4) {
        *scale = numbers[sub] & 63;
        *minimum = numbers[sub + 4] & 63;
    } else {
        *scale = (uint8_t)((numbers[sub + 4] & 15) | numbers[sub - 4] >> 6 << 4);
        *minimum = (uint8_t)(numbers[sub + 4] >> 4 | numbers[sub] >> 6 << 4);
    }
}

static inline void pack_fifths(const uint8_t fifths[32], size_t sub, uint8_t *to)
{
    uint32_t word = 0;

    for (size_t j = 0; j < 8; j++)
        word |= (word_at(fifths + 4 * j) >> sub & 0x01010101) << j;
    memcpy(to, &word, sizeof word);
}

void pack_q4_k_scalar(size_t k, const void *const rows[PANEL_ROWS], void *panel)
{
    static const struct block_q4_k zero;
    uint8_t *head = panel;

    for (size_t g = 0; g < k / SUPER_K; g++, head += Q4_K_PANEL_HEAD + SUPER_BLOCKS * Q4_K_PANEL_BLOCK)
        for (size_t r = 0; r < PANEL_ROWS; r++) {
            const struct block_q4_k *from = rows[r] ? (const struct block_q4_k *)rows[r] + g : &zero;
            uint8_t *to = head + Q4_K_PANEL_HEAD;
            memcpy(head + 2 * r, &from->d, 2);
            memcpy(head + 32 + 2 * r, &from->dmin, 2);
            for (size_t sub = 0; sub < SUPER_BLOCKS; sub++, to += Q4_K_PANEL_BLOCK) {
                pack_nibbles(from->nibbles, sub, to + 4 * r);
                pack_numbers(from->numbers, sub, to + 256 + r, to + 272 + r);
            }
        }
}

void pack_q5_k_scalar(size_t k, const void *const rows[PANEL_ROWS], void *panel)
{
    static const struct block_q5_k zero;
    uint8_t *head = panel;

    for (size_t g = 0; g < k / SUPER_K; g++, head += Q4_K_PANEL_HEAD + SUPER_BLOCKS * Q5_K_PANEL_BLOCK)
        for (size_t r = 0; r < PANEL_ROWS; r++) {
            const struct block_q5_k *from = rows[r] ? (const struct block_q5_k *)rows[r] + g : &zero;
            uint8_t *to = head + Q4_K_PANEL_HEAD;
            memcpy(head + 2 * r, &from->d, 2);
            memcpy(head + 32 + 2 * r, &from->dmin, 2);
            for (size_t sub = 0; sub < SUPER_BLOCKS; sub++, to += Q5_K_PANEL_BLOCK) {
                pack_nibbles(from->nibbles, sub, to + 4 * r);
                pack_fifths(from->fifths, sub, to + 256 + 4 * r);
                pack_numbers(from->numbers, sub, to + 320 + r, to + 336 + r);
            }
        }
}

/* Sub-block `sub` of q6_k: quarter sub % 4 of a half of 128 elements, which has 64 bytes of nibbles and 32 of pairs. */
static inline void pack_sub_q6_k(const struct block_q6_k *from, size_t sub, size_t row, uint8_t *to)
{
    const uint8_t *nibbles = from->nibbles + sub / 4 * 64 + sub % 2 * 32, *pairs = from->pairs + sub / 4 * 32;
    size_t quarter = sub % 4;
    uint32_t high[2] = {0};

    for (size_t j = 0; j < 4; j++) {
        uint32_t first = word_at(nibbles + 4 * j), second = word_at(nibbles + 16 + 4 * j), word;
        if (quarter >= 2)
            word = (first >> 4 & 0x0f0f0f0f) | (second & 0xf0f0f0f0);
        else
            word = (first & 0x0f0f0f0f) | (second & 0x0f0f0f0f) << 4;
        memcpy(to + 64 * j + 4 * row, &word, sizeof word);
        high[0] |= (word_at(pairs + 4 * j) >> 2 * quarter & 0x03030303) << 2 * j;
        high[1] |= (word_at(pairs + 16 + 4 * j) >> 2 * quarter & 0x03030303) << 2 * j;
    }
    memcpy(to + 256 + 4 * row, &high[0], 4);
    memcpy(to + 320 + 4 * row, &high[1], 4);
    to[384 + row] = (uint8_t)from->numbers[2 * sub];
    to[400 + row] = (uint8_t)from->numbers[2 * sub + 1];
}

void pack_q6_k_scalar(size_t k, const void *const rows[PANEL_ROWS], void *panel)
{
    static const struct block_q6_k zero;
    uint8_t *head = panel;

    for (size_t g = 0; g < k / SUPER_K; g++, head += Q6_K_PANEL_HEAD + SUPER_BLOCKS * Q6_K_PANEL_BLOCK)
        for (size_t r = 0; r < PANEL_ROWS; r++) {
            const struct block_q6_k *from = rows[r] ? (const struct block_q6_k *)rows[r] + g : &zero;
            uint8_t *to = head + Q6_K_PANEL_HEAD;
            memcpy(head + 2 * r, &from->d, 2);
            for (size_t sub = 0; sub < SUPER_BLOCKS; sub++, to += Q6_K_PANEL_BLOCK)
                pack_sub_q6_k(from, sub, r, to);
        }
}
