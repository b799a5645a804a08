#include <immintrin.h>

#include "kernels/kernel.h"

/* Four 16-byte pieces of four rows → word j of all four rows side by side at to + 64·j. */
static inline void transpose_words(__m128i a, __m128i b, __m128i c, __m128i d, uint8_t *to)
{
    __m128i ab_low = _mm_unpacklo_epi32(a, b), ab_high = _mm_unpackhi_epi32(a, b);
    __m128i cd_low = _mm_unpacklo_epi32(c, d), cd_high = _mm_unpackhi_epi32(c, d);

    _mm_storeu_si128((__m128i *)to, _mm_unpacklo_epi64(ab_low, cd_low));
    _mm_storeu_si128((__m128i *)(to + 64), _mm_unpackhi_epi64(ab_low, cd_low));
    _mm_storeu_si128((__m128i *)(to + 128), _mm_unpacklo_epi64(ab_high, cd_high));
    _mm_storeu_si128((__m128i *)(to + 192), _mm_unpackhi_epi64(ab_high, cd_high));
}

static inline __m128i piece(const void *row, size_t offset)
{
    return _mm_loadu_si128((const __m128i *)((const uint8_t *)row + offset));
}

static inline void copy_scales(const void *const rows[PANEL_ROWS], size_t offset, uint8_t *to)
{
    for (size_t r = 0; r < PANEL_ROWS; r++)
        __builtin_memcpy(to + 2 * r, (const uint8_t *)rows[r] + offset, 2);
}

static bool rows_whole(const void *const rows[PANEL_ROWS])
{
    for (size_t r = 0; r < PANEL_ROWS; r++)
        if (!rows[r])
            return false;
    return true;
}

void pack_q4_0_avx2(size_t k, const void *const rows[PANEL_ROWS], void *panel)
{
    if (!rows_whole(rows)) {
        kernel_at(OP_PACK, DTYPE_Q4_0, ISA_SCALAR)->pack(k, rows, panel);
        return;
    }
    for (size_t b = 0; b < k / BLOCK_K; b++) {
        size_t at = b * sizeof(struct block_q4_0);
        uint8_t *to = (uint8_t *)panel + b * Q4_0_PANEL_BLOCK;
        for (size_t r = 0; r < PANEL_ROWS; r += 4)
            transpose_words(piece(rows[r], at + 2), piece(rows[r + 1], at + 2), piece(rows[r + 2], at + 2),
                            piece(rows[r + 3], at + 2), to + 4 * r);
        copy_scales(rows, at, to + 256);
    }
}

void pack_q8_0_avx2(size_t k, const void *const rows[PANEL_ROWS], void *panel)
{
    const __m128i bias = _mm_set1_epi8((char)0x80);

    if (!rows_whole(rows)) {
        kernel_at(OP_PACK, DTYPE_Q8_0, ISA_SCALAR)->pack(k, rows, panel);
        return;
    }
    for (size_t b = 0; b < k / BLOCK_K; b++) {
        size_t at = b * sizeof(struct block_q8_0);
        uint8_t *to = (uint8_t *)panel + b * Q8_0_PANEL_BLOCK;
        for (size_t r = 0; r < PANEL_ROWS; r += 4)
            for (size_t half = 0; half < 2; half++) {
                __m128i p[4];
                for (size_t i = 0; i < 4; i++)
                    p[i] = _mm_xor_si128(piece(rows[r + i], at + 2 + 16 * half), bias);
                transpose_words(p[0], p[1], p[2], p[3], to + 256 * half + 4 * r);
            }
        copy_scales(rows, at, to + 512);
    }
}
