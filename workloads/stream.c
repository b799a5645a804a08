#include "workloads/stream.h"

#include <string.h>

/* xoshiro128++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2019) in vectors of BYTES bytes:
 * writes steps × STREAM_STEP_BYTES. Lanes are independent, so the width changes the speed and nothing else. */
#define DEFINE_FILL(NAME, TARGET, BYTES)                                                                               \
    TARGET static void NAME(stream_state state, enum stream_fix fix, size_t steps, uint8_t *out)                       \
    {                                                                                                                  \
        typedef uint32_t vector __attribute__((vector_size(BYTES)));                                                   \
        for (size_t lane = 0; lane < STREAM_LANES; lane += BYTES / sizeof(uint32_t)) {                                 \
            vector a, b, c, d;                                                                                         \
            memcpy(&a, &state[0][lane], BYTES);                                                                        \
            memcpy(&b, &state[1][lane], BYTES);                                                                        \
            memcpy(&c, &state[2][lane], BYTES);                                                                        \
            memcpy(&d, &state[3][lane], BYTES);                                                                        \
            for (size_t step = 0; step < steps; step++) {                                                              \
                vector sum = a + d, x = ((sum << 7) | (sum >> 25)) + a, shifted = b << 9;                              \
                c ^= a;                                                                                                \
                d ^= b;                                                                                                \
                b ^= c;                                                                                                \
                a ^= d;                                                                                                \
                c ^= shifted;                                                                                          \
                d = (d << 11) | (d >> 21);                                                                             \
                if (fix == FIX_NIBBLES) {                                                                              \
                    vector used = x | (x >> 1);                                                                        \
                    used |= used >> 2;                                                                                 \
                    x |= (~used & 0x11111111) << 3;                                                                    \
                } else if (fix == FIX_BYTES) {                                                                         \
                    vector low = x ^ 0x80808080;                                                                       \
                    x ^= ~(((low & 0x7f7f7f7f) + 0x7f7f7f7f) | low) & 0x80808080;                                      \
                }                                                                                                      \
                memcpy(out + step * STREAM_STEP_BYTES + lane * sizeof(uint32_t), &x, BYTES);                           \
            }                                                                                                          \
            memcpy(&state[0][lane], &a, BYTES);                                                                        \
            memcpy(&state[1][lane], &b, BYTES);                                                                        \
            memcpy(&state[2][lane], &c, BYTES);                                                                        \
            memcpy(&state[3][lane], &d, BYTES);                                                                        \
        }                                                                                                              \
    }

DEFINE_FILL(fill_any, , 16)
#if defined(__x86_64__)
DEFINE_FILL(fill_avx2, __attribute__((target("avx2"))), 32)
DEFINE_FILL(fill_avx512, __attribute__((target("avx512f"))), 64)
#endif

stream_fill *stream_choose_fill(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return fill_avx512;
    if (__builtin_cpu_supports("avx2"))
        return fill_avx2;
#endif
    return fill_any;
}

/* splitmix64 (Steele, Lea and Flood, 2014, constants by Vigna). */
uint64_t stream_mix(uint64_t *counter)
{
    uint64_t z = *counter += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void stream_seed(struct stream *stream, stream_fill *fill, uint64_t seed, size_t tensor, size_t group)
{
    uint64_t key = seed;

    stream->fill = fill;
    /* Each part is mixed in before the next is added, so that neighbours in two of them cannot cancel. */
    key = stream_mix(&key) + tensor;
    key = stream_mix(&key) + group;
    for (size_t word = 0; word < 4; word++)
        for (size_t lane = 0; lane < STREAM_LANES; lane += 2) {
            uint64_t bits = stream_mix(&key);
            stream->state[word][lane] = (uint32_t)bits;
            stream->state[word][lane + 1] = (uint32_t)(bits >> 32);
        }
}

void stream_take(struct stream *stream, enum stream_fix fix, size_t bytes, void *out)
{
    stream->fill(stream->state, fix, (bytes + STREAM_STEP_BYTES - 1) / STREAM_STEP_BYTES, out);
}
