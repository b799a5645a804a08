/* Per-channel int8 products of many tokens with the 256-bit dot-product instructions of client processors: 1 panel × 6 tokens a tile,
 * 12 int32 accumulators in registers. */
#include "kernels/channel.h"

#define CHANNEL_NAME(name) name##_avxvnni
enum { WIDTH = 6, PANELS = 1, KC_BLOCKS = 48, CHUNK_BYTES = 0 };

void channel_tile_avxvnni(const struct channel_tile *task);

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
    channel_tile_avxvnni(task);
}

#include "kernels/channel_body.inc"
