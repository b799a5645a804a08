#include "kernels/kernel.h"
#include "kernels/lanes.h"

enum { CHAINS = 12 };

/* Sums tend to a fixed point, so that no value overflows or becomes denormal. They start apart, or compilers would make one of
 * them. */
uint64_t peak_fp32_scalar(uint64_t rounds, float *sink)
{
    lanes sums[CHAINS], total = {0};

    for (int i = 0; i < CHAINS; i++)
        sums[i] = lanes_all((float)i);
    for (uint64_t round = 0; round < rounds; round++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++)
            sums[i] = sums[i] * lanes_all(0.5f) + lanes_all(0.5f);
    for (int i = 0; i < CHAINS; i++)
        total += sums[i];
    *sink = lanes_sum(total);
    return rounds * CHAINS * LANES;
}
