/* Per-channel int8 products of many tokens with 512-bit VNNI: 2 panels × 12 tokens a tile, 24 int32 accumulators in registers. */
#include "kernels/channel.h"

#define CHANNEL_NAME(name) name##_avx512vnni
enum { WIDTH = 12, PANELS = 2, KC_BLOCKS = 24, CHUNK_BYTES = 0 };

void channel_tile_avx512vnni(const struct channel_tile *task);

static const uint8_t *place_weights(const uint8_t *from, size_t blocks, uint8_t *chunk)
{
    (void)blocks, (void)chunk;
    return from;
}

static int32_t channel_start(int32_t offset)
{
    return offset;
}

static void run_tile(const struct channel_tile *task)
{
    channel_tile_avx512vnni(task);
}

#include "kernels/channel_body.inc"
