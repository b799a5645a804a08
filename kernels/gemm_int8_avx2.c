/* Per-channel int8 products of many tokens without dot-product instructions: 1 panel × 6 tokens a tile; bytes are multiplied in two
 * parts, the low nibble and the rest, whose pairs of products are exact in 16 bits over a whole block. */
#include <immintrin.h>

#include "kernels/blocks.h"
#include "kernels/channel.h"

#define CHANNEL_NAME(name) name##_avx2
enum { WIDTH = 6, PANELS = 1, KC_BLOCKS = 16, CHUNK_BYTES = KC_BLOCKS * 2 * BLOCK_K * PANEL_ROWS };

void channel_tile_avx2(const struct channel_tile *task);

/* Bytes biased by 128 → low nibbles and rest of the bytes biased by 136, half a panel after the other. */
static const uint8_t *place_weights(const uint8_t *from, size_t blocks, uint8_t *chunk)
{
    const __m256i low = _mm256_set1_epi8(15), eight = _mm256_set1_epi8(8);
    uint8_t *to = chunk;

    for (size_t j = 0; j < blocks * BLOCK_K / 4; j++, to += 128)
        for (size_t half = 0; half < 2; half++) {
            __m256i x = _mm256_loadu_si256((const __m256i *)(from + 64 * j + 32 * half));
            __m256i sum = _mm256_add_epi8(_mm256_and_si256(x, low), eight);
            __m256i carry = _mm256_and_si256(_mm256_srli_epi16(sum, 4), low);
            __m256i rest = _mm256_and_si256(_mm256_srli_epi16(x, 4), low);
            _mm256_store_si256((__m256i *)(to + 64 * half), _mm256_and_si256(sum, low));
            _mm256_store_si256((__m256i *)(to + 64 * half + 32), _mm256_add_epi8(rest, carry));
        }
    return chunk;
}

static int32_t channel_start(int32_t offset)
{
    return offset / 128 * 136;
}

static void run_tile(const struct channel_tile *task)
{
    channel_tile_avx2(task);
}

#include "kernels/channel_body.inc"
