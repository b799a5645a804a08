/* void channel_tile_avx512vnni(const struct channel_tile *task)
 *
 * The register tile of gemm_int8_avx512vnni.c: 2 panels × 12 tokens × blocks of 32 values of k, with integers alone.
 *   zmm0 … zmm11   sums of panel 0, tokens 0 … 11;  zmm12 … zmm23 of panel 1
 *   zmm24, zmm25   weights of the two panels;  zmm26 … zmm31 activations, broadcast
 * Written in assembly because gcc and clang both spill 24 accumulators. */
        .text
        .p2align 6
        .globl  channel_tile_avx512vnni
        .type   channel_tile_avx512vnni, @function

#define LOW     %rsi
#define HIGH    %rdx
#define VALUES  %rcx
#define SUMS    %r8
#define END     %r9

        .macro dot j, t, low, high, spare
        vpbroadcastd (48 * \j + 4 * \t)(VALUES), %zmm\spare
        vpdpbusd %zmm\spare, %zmm24, %zmm\low
        vpdpbusd %zmm\spare, %zmm25, %zmm\high
        .endm

        /* Every token's sums in turn. */
        .macro each_token do:req
        \do     0, 0, 12
        \do     1, 1, 13
        \do     2, 2, 14
        \do     3, 3, 15
        \do     4, 4, 16
        \do     5, 5, 17
        \do     6, 6, 18
        \do     7, 7, 19
        \do     8, 8, 20
        \do     9, 9, 21
        \do     10, 10, 22
        \do     11, 11, 23
        .endm

        .macro load t, low, high
        vmovdqa64 (128 * \t)(SUMS), %zmm\low
        vmovdqa64 (128 * \t + 64)(SUMS), %zmm\high
        .endm

        .macro store t, low, high
        vmovdqa64 %zmm\low, (128 * \t)(SUMS)
        vmovdqa64 %zmm\high, (128 * \t + 64)(SUMS)
        .endm

        /* HIGH is the distance from panel to panel: one address less to move on. */
channel_tile_avx512vnni:
        mov     0(%rdi), LOW
        mov     8(%rdi), HIGH
        sub     LOW, HIGH
        mov     16(%rdi), VALUES
        mov     24(%rdi), SUMS
        mov     32(%rdi), END
        shl     $9, END
        add     LOW, END
        each_token load
        .p2align 5
1:
        .irp j, 0, 1, 2, 3, 4, 5, 6, 7
        vmovdqu64 (64 * \j)(LOW), %zmm24
        vmovdqu64 (64 * \j)(LOW, HIGH), %zmm25
        dot \j, 0, 0, 12, 26
        dot \j, 1, 1, 13, 27
        dot \j, 2, 2, 14, 28
        dot \j, 3, 3, 15, 29
        dot \j, 4, 4, 16, 30
        dot \j, 5, 5, 17, 31
        dot \j, 6, 6, 18, 26
        dot \j, 7, 7, 19, 27
        dot \j, 8, 8, 20, 28
        dot \j, 9, 9, 21, 29
        dot \j, 10, 10, 22, 30
        dot \j, 11, 11, 23, 31
        .endr
        add     $384, VALUES
        add     $512, LOW
        cmp     END, LOW
        jne     1b
        each_token store
        vzeroupper
        ret
        .size   channel_tile_avx512vnni, . - channel_tile_avx512vnni
        .section .note.GNU-stack, "", @progbits
