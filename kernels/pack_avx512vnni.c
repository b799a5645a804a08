/* Panels of q4_0 and q8_0 in whole rows of 16 lanes, stored past the caches: what is packed is read much later. */
#include <immintrin.h>

#include "kernels/kernel.h"

#define INLINE static inline __attribute__((always_inline))

enum { ROW_PIECE = 16 }; /* bytes of a row that are transposed at once: four words */

INLINE __m512i insert_piece(__m512i x, __mmask16 lane, const void *row, size_t offset)
{
    const uint8_t *at = (const uint8_t *)row + offset;

    return _mm512_mask_broadcast_i32x4(x, lane, _mm_loadu_si128((const __m128i *)at));
}

/* The pieces of four rows. */
INLINE __m512i four_rows(const void *const rows[4], size_t offset)
{
    __m512i x = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)((const uint8_t *)rows[0] + offset)));

    x = insert_piece(x, 0x00f0, rows[1], offset);
    x = insert_piece(x, 0x0f00, rows[2], offset);
    return insert_piece(x, 0xf000, rows[3], offset);
}

/* Blocks begin in the middle of a line as often as not. */
INLINE void store_line(uint8_t *to, __m512i x)
{
    _mm256_stream_si256((__m256i *)to, _mm512_castsi512_si256(x));
    _mm256_stream_si256((__m256i *)(to + 32), _mm512_extracti64x4_epi64(x, 1));
}

/* Word j of the pieces of all 16 rows, side by side, at to + 64·j. */
INLINE void transpose(const void *const rows[PANEL_ROWS], size_t offset, __m512i flip, uint8_t *to)
{
    const __m512i first = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    const __m512i last = _mm512_add_epi32(first, _mm512_set1_epi32(2));
    __m512i a = four_rows(rows, offset), b = four_rows(rows + 4, offset);
    __m512i c = four_rows(rows + 8, offset), d = four_rows(rows + 12, offset);
    __m512i ab[2] = {_mm512_permutex2var_epi32(a, first, b), _mm512_permutex2var_epi32(a, last, b)};
    __m512i cd[2] = {_mm512_permutex2var_epi32(c, first, d), _mm512_permutex2var_epi32(c, last, d)};

#pragma GCC unroll 2
    for (size_t j = 0; j < 2; j++) {
        store_line(to + 128 * j, _mm512_xor_si512(flip, _mm512_shuffle_i64x2(ab[j], cd[j], 0x44)));
        store_line(to + 128 * j + 64, _mm512_xor_si512(flip, _mm512_shuffle_i64x2(ab[j], cd[j], 0xee)));
    }
}

INLINE void copy_scales(const void *const rows[PANEL_ROWS], size_t offset, uint8_t *to)
{
    _Alignas(32) uint16_t scales[PANEL_ROWS];

#pragma GCC unroll 16
    for (size_t r = 0; r < PANEL_ROWS; r++)
        __builtin_memcpy(&scales[r], (const uint8_t *)rows[r] + offset, sizeof scales[r]);
    _mm256_stream_si256((__m256i *)to, _mm256_load_si256((const __m256i *)scales));
}

INLINE void pack(enum dtype type, size_t k, const void *const rows[PANEL_ROWS], uint8_t *to)
{
    const size_t value_bytes = type == DTYPE_Q4_0 ? BLOCK_K / 2 : BLOCK_K, stored = sizeof(uint16_t) + value_bytes;
    const __m512i flip = _mm512_set1_epi8(type == DTYPE_Q4_0 ? 0 : (char)0x80);

    for (size_t at = 0; at < k / BLOCK_K * stored; at += stored) {
        for (size_t done = 0; done < value_bytes; done += ROW_PIECE, to += PANEL_ROWS * ROW_PIECE)
            transpose(rows, at + sizeof(uint16_t) + done, flip, to);
        copy_scales(rows, at, to);
        to += PANEL_ROWS * sizeof(uint16_t);
    }
    _mm_sfence();
}

/* A panel with rows missing, as the last one of a matrix may be, is rare. */
INLINE void pack_whole(enum dtype type, size_t k, const void *const rows[PANEL_ROWS], void *panel)
{
    for (size_t r = 0; r < PANEL_ROWS; r++)
        if (!rows[r]) {
            kernel_at(OP_PACK, type, ISA_SCALAR)->pack(k, rows, panel);
            return;
        }
    pack(type, k, rows, panel);
}

void pack_q4_0_avx512vnni(size_t k, const void *const rows[PANEL_ROWS], void *panel)
{
    pack_whole(DTYPE_Q4_0, k, rows, panel);
}

void pack_q8_0_avx512vnni(size_t k, const void *const rows[PANEL_ROWS], void *panel)
{
    pack_whole(DTYPE_Q8_0, k, rows, panel);
}
