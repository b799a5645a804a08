/* void gemm_tile_avxvnni(const struct gemm_tile *task)
 *
 * The register tile of gemm_avxvnni.c: 1 panel × 6 tokens × blocks of 32 values of k.
 *   ymm0 … ymm5    int32 sums of rows 0 … 7, tokens 0 … 5;  ymm6 … ymm11 of rows 8 … 15
 *   ymm12, ymm13   weights of the two halves of the panel;  ymm14, ymm15 activations and scales, broadcast
 * In the last eighth of a block the float part of token t−2 runs between the dot products of token t: convert, scale, add to the
 * sums in memory, and start the next block at its offset, so that no port waits for a whole epilogue. Written in assembly because
 * compilers spill some of the 12 accumulators. */
        .text
        .p2align 6
        .globl  gemm_tile_avxvnni
        .type   gemm_tile_avxvnni, @function

#define WEIGHTS  %rsi
#define SCALES   %rdx
#define VALUES   %rcx
#define OFFSETS  %r8
#define TOKENS   %r9
#define SUMS     %r10
#define BLOCKS   %r11

        /* Dot products of token \t in eighth \j of a block. */
        .macro dot j, t, low, high, spare
        vpbroadcastd (24 * \j + 4 * \t)(VALUES), %ymm\spare
        {vex} vpdpbusd %ymm\spare, %ymm12, %ymm\low
        {vex} vpdpbusd %ymm\spare, %ymm13, %ymm\high
        .endm

        .macro weights j
        vmovdqa (64 * \j)(WEIGHTS), %ymm12
        vmovdqa (64 * \j + 32)(WEIGHTS), %ymm13
        .endm

        /* Float part of token \t, then the next block's offset. */
        .macro finish t, low, high
        vbroadcastss (4 * \t)(TOKENS), %ymm14
        vmulps  (SCALES), %ymm14, %ymm15
        vmulps  32(SCALES), %ymm14, %ymm14
        vcvtdq2ps %ymm\low, %ymm\low
        vcvtdq2ps %ymm\high, %ymm\high
        vfmadd213ps (64 * \t)(SUMS), %ymm15, %ymm\low
        vfmadd213ps (64 * \t + 32)(SUMS), %ymm14, %ymm\high
        vmovaps %ymm\low, (64 * \t)(SUMS)
        vmovaps %ymm\high, (64 * \t + 32)(SUMS)
        vpbroadcastd (24 + 4 * \t)(OFFSETS), %ymm\low
        vmovdqa %ymm\low, %ymm\high
        .endm

gemm_tile_avxvnni:
        mov     0(%rdi), WEIGHTS
        mov     8(%rdi), SCALES
        mov     16(%rdi), VALUES
        mov     24(%rdi), OFFSETS
        mov     32(%rdi), TOKENS
        mov     40(%rdi), SUMS
        mov     48(%rdi), BLOCKS
        .irp t, 0, 1, 2, 3, 4, 5
        vpbroadcastd (4 * \t)(OFFSETS), %ymm\t
        .endr
        vmovdqa %ymm0, %ymm6
        vmovdqa %ymm1, %ymm7
        vmovdqa %ymm2, %ymm8
        vmovdqa %ymm3, %ymm9
        vmovdqa %ymm4, %ymm10
        vmovdqa %ymm5, %ymm11
        .p2align 5
1:
        .irp j, 0, 1, 2, 3, 4, 5, 6
        weights \j
        dot \j, 0, 0, 6, 14
        dot \j, 1, 1, 7, 15
        dot \j, 2, 2, 8, 14
        dot \j, 3, 3, 9, 15
        dot \j, 4, 4, 10, 14
        dot \j, 5, 5, 11, 15
        .endr
        weights 7
        dot 7, 0, 0, 6, 14
        dot 7, 1, 1, 7, 15
        dot 7, 2, 2, 8, 14
        finish 0, 0, 6
        dot 7, 3, 3, 9, 15
        finish 1, 1, 7
        dot 7, 4, 4, 10, 14
        finish 2, 2, 8
        dot 7, 5, 5, 11, 15
        finish 3, 3, 9
        finish 4, 4, 10
        finish 5, 5, 11
        add     $512, WEIGHTS
        add     $64, SCALES
        add     $192, VALUES
        add     $24, OFFSETS
        add     $24, TOKENS
        dec     BLOCKS
        jnz     1b
        vzeroupper
        ret
        .size   gemm_tile_avxvnni, . - gemm_tile_avxvnni
        .section .note.GNU-stack, "", @progbits
