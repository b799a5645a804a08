#include "kernels/kernel.h"
#include "kernels/peak_loop.h"

#define ZERO(r)         "vpxor %%ymm" r ", %%ymm" r ", %%ymm" r "\n"
#define MULTIPLY_ADD(r) "vfmadd231ps %%ymm15, %%ymm14, %%ymm" r "\n"
/* Exact dot products of unsigned 7-bit with signed 8-bit values: 2·127·127 fits the 16-bit lane, which is then widened and added. */
#define PAIRS(r)                                                                                                       \
    "vpmaddubsw %%ymm15, %%ymm14, %%ymm12\nvpmaddwd %%ymm13, %%ymm12, %%ymm12\nvpaddd %%ymm12, %%ymm" r ", %%ymm" r "\n"

uint64_t peak_int8_avx2(uint64_t rounds, float *sink)
{
    PEAK_LOOP(PEAK_EACH_12(ZERO) ZERO("13") ZERO("14") ZERO("15"), PEAK_EACH_12(PAIRS), rounds, sink, PEAK_CLOBBERS_16);
    return rounds * 12 * 32;
}

uint64_t peak_fp32_avx2(uint64_t rounds, float *sink)
{
    PEAK_LOOP(PEAK_EACH_12(ZERO) ZERO("14") ZERO("15"), PEAK_EACH_12(MULTIPLY_ADD), rounds, sink, PEAK_CLOBBERS_16);
    return rounds * 12 * 8;
}
