#include "kernels/kernel.h"
#include "kernels/lanes.h"

enum { CHAINS = 3 };

/* Sums tend to a fixed point, so that no value overflows or becomes denormal. */
uint64_t peak_fp32_scalar(uint64_t rounds, float *sink)
{
    lanes sums[CHAINS] = {0}, total = {0};

    for (uint64_t round = 0; round < rounds; round++)
#pragma GCC unroll 3
        for (int i = 0; i < CHAINS; i++)
            sums[i] = sums[i] * lanes_all(0.5f) + lanes_all(0.5f);
    for (int i = 0; i < CHAINS; i++)
        total += sums[i];
    *sink = lanes_sum(total);
    return rounds * CHAINS * LANES;
}
