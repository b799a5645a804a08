/* void channel_tile_avxvnni(const struct channel_tile *task)
 *
 * The register tile of gemm_int8_avxvnni.c: 1 panel × 6 tokens × blocks of 32 values of k, with integers alone.
 *   ymm0 … ymm5    sums of rows 0 … 7, tokens 0 … 5;  ymm6 … ymm11 of rows 8 … 15
 *   ymm12, ymm13   weights of the two halves of the panel;  ymm14, ymm15 activations, broadcast
 * Written in assembly because compilers spill some of the 12 accumulators. */
        .text
        .p2align 6
        .globl  channel_tile_avxvnni
        .type   channel_tile_avxvnni, @function

#define WEIGHTS %rsi
#define VALUES  %rcx
#define SUMS    %r8
#define BLOCKS  %r9

        .macro dot j, t, low, high, spare
        vpbroadcastd (24 * \j + 4 * \t)(VALUES), %ymm\spare
        {vex} vpdpbusd %ymm\spare, %ymm12, %ymm\low
        {vex} vpdpbusd %ymm\spare, %ymm13, %ymm\high
        .endm

        /* Every token's sums in turn. */
        .macro each_token do:req
        \do     0, 0, 6
        \do     1, 1, 7
        \do     2, 2, 8
        \do     3, 3, 9
        \do     4, 4, 10
        \do     5, 5, 11
        .endm

        .macro load t, low, high
        vmovdqa (64 * \t)(SUMS), %ymm\low
        vmovdqa (64 * \t + 32)(SUMS), %ymm\high
        .endm

        .macro store t, low, high
        vmovdqa %ymm\low, (64 * \t)(SUMS)
        vmovdqa %ymm\high, (64 * \t + 32)(SUMS)
        .endm

channel_tile_avxvnni:
        mov     0(%rdi), WEIGHTS
        mov     16(%rdi), VALUES
        mov     24(%rdi), SUMS
        mov     32(%rdi), BLOCKS
        each_token load
        .p2align 5
1:
        .irp j, 0, 1, 2, 3, 4, 5, 6, 7
        vmovdqu (64 * \j)(WEIGHTS), %ymm12
        vmovdqu (64 * \j + 32)(WEIGHTS), %ymm13
        dot \j, 0, 0, 6, 14
        dot \j, 1, 1, 7, 15
        dot \j, 2, 2, 8, 14
        dot \j, 3, 3, 9, 15
        dot \j, 4, 4, 10, 14
        dot \j, 5, 5, 11, 15
        .endr
        add     $512, WEIGHTS
        add     $192, VALUES
        dec     BLOCKS
        jnz     1b
        each_token store
        vzeroupper
        ret
        .size   channel_tile_avxvnni, . - channel_tile_avxvnni
        .section .note.GNU-stack, "", @progbits
