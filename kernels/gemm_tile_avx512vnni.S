/* void gemm_tile_avx512vnni(const struct gemm_tile *task)
 *
 * The register tile of gemm_avx512vnni.c: 2 panels × 12 tokens × blocks of 32 values of k.
 *   zmm0 … zmm11   int32 sums of panel 0, tokens 0 … 11;  zmm12 … zmm23 of panel 1
 *   zmm24, zmm25   weights of the two panels;  zmm26, zmm27 their scales
 *   zmm28, zmm29   activations, broadcast;  zmm30, zmm31 products of scales
 * In the last eighth of a block the float part of token t−2 runs between the dot products of token t: convert, scale, add to the
 * sums in memory, and start the next block at its offset, so that no port waits for a whole epilogue. Written in assembly because
 * gcc and clang both spill 24 accumulators. */
        .text
        .p2align 6
        .globl  gemm_tile_avx512vnni
        .type   gemm_tile_avx512vnni, @function

#define WEIGHTS  %rsi
#define SCALES   %rdx
#define VALUES   %rcx
#define OFFSETS  %r8
#define TOKENS   %r9
#define SUMS     %r10
#define BLOCKS   %r11

        /* Dot products of token \t in eighth \j of a block. */
        .macro dot j, t, low, high, spare
        vpbroadcastd (48 * \j + 4 * \t)(VALUES), %zmm\spare
        vpdpbusd %zmm\spare, %zmm24, %zmm\low
        vpdpbusd %zmm\spare, %zmm25, %zmm\high
        .endm

        .macro eighth j
        vmovdqa64 (128 * \j)(WEIGHTS), %zmm24
        vmovdqa64 (128 * \j + 64)(WEIGHTS), %zmm25
        .endm

        /* Float part of token \t, then the next block's offset. */
        .macro finish t, low, high
        vbroadcastss (4 * \t)(TOKENS), %zmm30
        vmulps  %zmm30, %zmm27, %zmm31
        vmulps  %zmm30, %zmm26, %zmm30
        vcvtdq2ps %zmm\low, %zmm\low
        vcvtdq2ps %zmm\high, %zmm\high
        vfmadd213ps (128 * \t)(SUMS), %zmm30, %zmm\low
        vfmadd213ps (128 * \t + 64)(SUMS), %zmm31, %zmm\high
        vmovaps %zmm\low, (128 * \t)(SUMS)
        vmovaps %zmm\high, (128 * \t + 64)(SUMS)
        vpbroadcastd (48 + 4 * \t)(OFFSETS), %zmm\low
        vmovdqa64 %zmm\low, %zmm\high
        .endm

        .macro whole_eighth j
        eighth \j
        dot \j, 0, 0, 12, 28
        dot \j, 1, 1, 13, 29
        dot \j, 2, 2, 14, 28
        dot \j, 3, 3, 15, 29
        dot \j, 4, 4, 16, 28
        dot \j, 5, 5, 17, 29
        dot \j, 6, 6, 18, 28
        dot \j, 7, 7, 19, 29
        dot \j, 8, 8, 20, 28
        dot \j, 9, 9, 21, 29
        dot \j, 10, 10, 22, 28
        dot \j, 11, 11, 23, 29
        .endm

gemm_tile_avx512vnni:
        mov     0(%rdi), WEIGHTS
        mov     8(%rdi), SCALES
        mov     16(%rdi), VALUES
        mov     24(%rdi), OFFSETS
        mov     32(%rdi), TOKENS
        mov     40(%rdi), SUMS
        mov     48(%rdi), BLOCKS
        .irp t, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        vpbroadcastd (4 * \t)(OFFSETS), %zmm\t
        .endr
        vmovdqa64 %zmm0, %zmm12
        vmovdqa64 %zmm1, %zmm13
        vmovdqa64 %zmm2, %zmm14
        vmovdqa64 %zmm3, %zmm15
        vmovdqa64 %zmm4, %zmm16
        vmovdqa64 %zmm5, %zmm17
        vmovdqa64 %zmm6, %zmm18
        vmovdqa64 %zmm7, %zmm19
        vmovdqa64 %zmm8, %zmm20
        vmovdqa64 %zmm9, %zmm21
        vmovdqa64 %zmm10, %zmm22
        vmovdqa64 %zmm11, %zmm23
        .p2align 5
1:
        .irp j, 0, 1, 2, 3, 4, 5, 6
        whole_eighth \j
        .endr
        vmovaps (SCALES), %zmm26
        vmovaps 64(SCALES), %zmm27
        eighth 7
        dot 7, 0, 0, 12, 28
        dot 7, 1, 1, 13, 29
        dot 7, 2, 2, 14, 28
        finish 0, 0, 12
        dot 7, 3, 3, 15, 29
        finish 1, 1, 13
        dot 7, 4, 4, 16, 28
        finish 2, 2, 14
        dot 7, 5, 5, 17, 29
        finish 3, 3, 15
        dot 7, 6, 6, 18, 28
        finish 4, 4, 16
        dot 7, 7, 7, 19, 29
        finish 5, 5, 17
        dot 7, 8, 8, 20, 28
        finish 6, 6, 18
        dot 7, 9, 9, 21, 29
        finish 7, 7, 19
        dot 7, 10, 10, 22, 28
        finish 8, 8, 20
        dot 7, 11, 11, 23, 29
        finish 9, 9, 21
        finish 10, 10, 22
        finish 11, 11, 23
        add     $1024, WEIGHTS
        add     $128, SCALES
        add     $384, VALUES
        add     $48, OFFSETS
        add     $48, TOKENS
        dec     BLOCKS
        jnz     1b
        vzeroupper
        ret
        .size   gemm_tile_avx512vnni, . - gemm_tile_avx512vnni
        .section .note.GNU-stack, "", @progbits
