/* 24 independent chains: an instruction's latency of 5 and two ports need at least 10, and fewer than 16 were seen to read low. */
#include "kernels/kernel.h"
#include "kernels/peak_loop.h"

#define ZERO(r)         "vpxord %%zmm" r ", %%zmm" r ", %%zmm" r "\n"
#define DOT(r)          "vpdpbusd %%zmm31, %%zmm30, %%zmm" r "\n"
#define MULTIPLY_ADD(r) "vfmadd231ps %%zmm31, %%zmm30, %%zmm" r "\n"

uint64_t peak_int8_avx512vnni(uint64_t rounds, float *sink)
{
    PEAK_LOOP(PEAK_EACH_24(ZERO) ZERO("30") ZERO("31"), PEAK_EACH_24(DOT), rounds, sink, PEAK_CLOBBERS_32);
    return rounds * 24 * 64;
}

uint64_t peak_fp32_avx512vnni(uint64_t rounds, float *sink)
{
    PEAK_LOOP(PEAK_EACH_24(ZERO) ZERO("30") ZERO("31"), PEAK_EACH_24(MULTIPLY_ADD), rounds, sink, PEAK_CLOBBERS_32);
    return rounds * 24 * 16;
}
