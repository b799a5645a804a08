#include "kernels/kernel.h"
#include "kernels/peak_loop.h"

#define ZERO(r) "vpxor %%ymm" r ", %%ymm" r ", %%ymm" r "\n"
#define DOT(r)  "%{vex%} vpdpbusd %%ymm15, %%ymm14, %%ymm" r "\n"

uint64_t peak_int8_avxvnni(uint64_t rounds, float *sink)
{
    PEAK_LOOP(PEAK_EACH_12(ZERO) ZERO("14") ZERO("15"), PEAK_EACH_12(DOT), rounds, sink, PEAK_CLOBBERS_16);
    return rounds * 12 * 32;
}
