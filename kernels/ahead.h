/* Weights as a stream: what will be read is asked for line by line, in the order written.
 *
 * Compilers move plain prefetches freely and gather those of a whole block before its loads, which costs some 4 % of the bandwidth.
 * Products of one token ask for a line ahead between one load and the next. Their sums go past the caches: a store that misses
 * the first cache, which the stream has emptied of them, holds up the loads behind it, and costs as much again. Measured on one
 * processor of family 6, model 167. */
#ifndef POCKETMARK_KERNELS_AHEAD_H
#define POCKETMARK_KERNELS_AHEAD_H

#include "kernels/kernel.h"

#define AHEAD_INLINE static inline __attribute__((always_inline))

enum { LINE_BYTES = 64 };

/* The lines to ask for next: `near` into the first cache, `far` into the second. */
struct ahead {
    const uint8_t *near, *far;
};

AHEAD_INLINE struct ahead ahead_of(const void *weights, const struct gemv_tuning *tuning)
{
    const uint8_t *at = weights;

    return (struct ahead){at + tuning->near_bytes, at + tuning->far_bytes};
}

/* Asks for line `line`, after the loads written before this and before those written behind it. */
AHEAD_INLINE void ask(const struct ahead *ahead, size_t line)
{
    const uint8_t *near = ahead->near + line * LINE_BYTES, *far = ahead->far + line * LINE_BYTES;

#if defined(__x86_64__)
    __asm__ volatile("prefetcht1 %0\n\tprefetcht0 %1" : : "m"(*far), "m"(*near) : "memory");
#else
    __builtin_prefetch(far, 0, 2);
    __builtin_prefetch(near, 0, 3);
#endif
}

/* Only into the second cache. */
AHEAD_INLINE void ask_far(const struct ahead *ahead, size_t line)
{
    __builtin_prefetch(ahead->far + line * LINE_BYTES, 0, 2);
}

AHEAD_INLINE void ask_lines(const struct ahead *ahead, size_t first, size_t end)
{
#pragma GCC unroll 20
    for (size_t line = first; line < end; line++)
        ask(ahead, line);
}

#endif
