/* Loops of arithmetic roofs in named registers: compilers spill that many values kept in an array. */
#ifndef POCKETMARK_KERNELS_PEAK_LOOP_H
#define POCKETMARK_KERNELS_PEAK_LOOP_H

#define PEAK_EACH_8(X)  X("0") X("1") X("2") X("3") X("4") X("5") X("6") X("7")
#define PEAK_EACH_12(X) PEAK_EACH_8(X) X("8") X("9") X("10") X("11")
#define PEAK_EACH_24(X)                                                                                                \
    PEAK_EACH_12(X)                                                                                                    \
    X("12") X("13") X("14") X("15") X("16") X("17") X("18") X("19") X("20") X("21") X("22") X("23")

#define PEAK_CLOBBERS_16                                                                                               \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",         \
        "xmm13", "xmm14", "xmm15"
#define PEAK_CLOBBERS_32                                                                                               \
    PEAK_CLOBBERS_16, "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",        \
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31"

/* Runs `body` (assembly text) `rounds` > 0 times between `before` and a store of the first register to *sink. */
#define PEAK_LOOP(before, body, rounds, sink, ...)                                                                     \
    do {                                                                                                               \
        uint64_t left = (rounds);                                                                                      \
        __asm__ volatile(before ".p2align 5\n1:\n" body "dec %0\njnz 1b\nvmovss %%xmm0, %1\nvzeroupper\n"              \
                         : "+r"(left), "=m"(*(sink))                                                                   \
                         :                                                                                             \
                         : "cc", __VA_ARGS__);                                                                         \
    } while (0)

#endif
