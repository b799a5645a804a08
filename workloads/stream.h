/* Random bits in bulk: a keyed generator whose bytes are the same on every processor. */
#ifndef POCKETMARK_WORKLOADS_STREAM_H
#define POCKETMARK_WORKLOADS_STREAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    STREAM_LANES = 16,                                   /* 32-bit generators side by side */
    STREAM_STEP_BYTES = STREAM_LANES * sizeof(uint32_t), /* bytes of one step of all lanes */
};

/* What becomes of the bits of a step. */
enum stream_fix {
    FIX_NONE,
    FIX_NIBBLES, /* 0, that is −8, becomes 8, that is 0 */
    FIX_BYTES,   /* −128 becomes 0 */
};

typedef uint32_t stream_state[4][STREAM_LANES];
typedef void stream_fill(stream_state state, enum stream_fix fix, size_t steps, uint8_t *out);

struct stream {
    stream_fill *fill;
    stream_state state;
};

/* The fastest generator of this processor; all give the same bytes. */
stream_fill *stream_choose_fill(void);

/* Begins the stream of a group of rows of a tensor. */
void stream_seed(struct stream *stream, stream_fill *fill, uint64_t seed, size_t tensor, size_t group);

/* Fills `out` with at least `bytes` bytes, rounded up to whole steps. */
void stream_take(struct stream *stream, enum stream_fix fix, size_t bytes, void *out);

/* The next number of the sequence at *counter. */
uint64_t stream_mix(uint64_t *counter);

#endif
