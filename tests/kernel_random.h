/* What tests of kernels share: the levels this machine has, numbers, aligned memory. Included after cmocka.h. */
#ifndef POCKETMARK_TESTS_KERNEL_RANDOM_H
#define POCKETMARK_TESTS_KERNEL_RANDOM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/host.h"
#include "kernels/kernel.h"

static inline isa_set host_isa(void)
{
    static struct host host;
    struct error error;

    if (!host.isa)
        assert_int_equal(host_read(&host, NULL, &error), STATUS_OK);
    return host.isa;
}

static uint32_t random_state = 1;

static inline uint32_t next_random(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

static inline float random_float(void)
{
    return (float)next_random() / (float)(1 << 23) - 1.0f;
}

static inline void *allocate(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);

    assert_non_null(memory);
    memset(memory, 0, (bytes + 127) / 64 * 64);
    return memory;
}

static inline double nmse(const float *got, const double *want, size_t count)
{
    double error = 0, power = 0;

    for (size_t i = 0; i < count; i++) {
        error += (got[i] - want[i]) * (got[i] - want[i]);
        power += want[i] * want[i];
    }
    return power > 0 ? error / power : error;
}

static inline float *random_vectors(size_t tokens, size_t k, bool extreme)
{
    float *x = allocate(tokens * k * sizeof *x);

    for (size_t i = 0; i < tokens * k; i++)
        x[i] = extreme ? (next_random() & 1 ? 1.0f : -1.0f) : random_float() * 3.0f;
    if (!extreme)
        memset(x, 0, (k < BLOCK_K ? k : BLOCK_K) * sizeof *x); /* a block of zeros has scale 0 */
    return x;
}

#endif
