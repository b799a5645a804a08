/* void gemm_tile_nibbles_avx2(const struct gemm_tile *task)
 * void gemm_tile_bytes_avx2(const struct gemm_tile *task)
 * void channel_tile_avx2(const struct channel_tile *task)
 *
 * The register tiles of gemm_avx2.c: 1 panel × 6 tokens × blocks of 32 values of k, exact in int16: pairs of products gather in 16-bit
 * lanes over a whole block and are widened once.
 *   nibbles: unsigned 0 … 15, 512 of the 1024 bytes of a block, [k/4][16 rows][4]; a lane holds at most 8 · 2 · 15 · 127 = 30480.
 *       ymm0 … ymm5 are sums of rows 0 … 7, tokens 0 … 5, ymm6 … ymm11 of rows 8 … 15
 *   bytes: unsigned 0 … 263 as low nibble and the rest, 0 … 16, [k/4][2 halves of the panel][low 8 rows][rest 8 rows][4]; a lane
 *       holds at most 8 · 2 · 16 · 127 = 32512.
 *       ymm0 … ymm5 are sums with the low nibbles, ymm6 … ymm11 with the rest, first of rows 0 … 7, then of rows 8 … 15
 *   ymm12, ymm13   weights;  ymm14, ymm15 activations, products, scales
 *   channel, of gemm_int8_avx2.c: as bytes, but sums stay integers, and there are no scales or offsets
 * offsets: added to the sums of each block. In the last eighth of a block the float part of token t−2 runs between the dot products
 * of token t. Written in assembly because compilers spill some of the 12 accumulators. */
        .section .rodata
        .p2align 5
ones:   .fill   16, 2, 1
sixteens:
        .fill   16, 2, 16

        .text

#define WEIGHTS  %rsi
#define SCALES   %rdx
#define VALUES   %rcx
#define OFFSETS  %r8
#define TOKENS   %r9
#define SUMS     %r10
#define BLOCKS   %r11

        /* Pairs of products of token \t in eighth \j with both vectors of weights; `begin` sets the sums, `dot` adds to them. */
        .macro begin t, low, high
        vpbroadcastd (4 * \t)(VALUES), %ymm14
        vpmaddubsw %ymm14, %ymm12, %ymm\low
        vpmaddubsw %ymm14, %ymm13, %ymm\high
        .endm

        .macro dot j, t, low, high
        vpbroadcastd (24 * \j + 4 * \t)(VALUES), %ymm14
        vpmaddubsw %ymm14, %ymm12, %ymm15
        vpmaddubsw %ymm14, %ymm13, %ymm14
        vpaddw  %ymm15, %ymm\low, %ymm\low
        vpaddw  %ymm14, %ymm\high, %ymm\high
        .endm

        .macro weights at
        vmovdqa (\at)(WEIGHTS), %ymm12
        vmovdqa (\at + 32)(WEIGHTS), %ymm13
        .endm

        .macro finish_nibbles t, low, high
        vpmaddwd ones(%rip), %ymm\low, %ymm\low
        vpmaddwd ones(%rip), %ymm\high, %ymm\high
        vpbroadcastd (4 * \t)(OFFSETS), %ymm14
        vpaddd  %ymm14, %ymm\low, %ymm\low
        vpaddd  %ymm14, %ymm\high, %ymm\high
        vbroadcastss (4 * \t)(TOKENS), %ymm14
        vmulps  (SCALES), %ymm14, %ymm15
        vmulps  32(SCALES), %ymm14, %ymm14
        vcvtdq2ps %ymm\low, %ymm\low
        vcvtdq2ps %ymm\high, %ymm\high
        vfmadd213ps (64 * \t)(SUMS), %ymm15, %ymm\low
        vfmadd213ps (64 * \t + 32)(SUMS), %ymm14, %ymm\high
        vmovaps %ymm\low, (64 * \t)(SUMS)
        vmovaps %ymm\high, (64 * \t + 32)(SUMS)
        .endm

        .macro finish_bytes half, t, low, high
        vpmaddwd ones(%rip), %ymm\low, %ymm\low
        vpmaddwd sixteens(%rip), %ymm\high, %ymm\high
        vpbroadcastd (4 * \t)(OFFSETS), %ymm14
        vbroadcastss (4 * \t)(TOKENS), %ymm15
        vpaddd  %ymm14, %ymm\low, %ymm\low
        vmulps  (32 * \half)(SCALES), %ymm15, %ymm15
        vpaddd  %ymm\high, %ymm\low, %ymm\low
        vcvtdq2ps %ymm\low, %ymm\low
        vfmadd213ps (64 * \t + 32 * \half)(SUMS), %ymm15, %ymm\low
        vmovaps %ymm\low, (64 * \t + 32 * \half)(SUMS)
        .endm

        .macro finish_channel half, t, low, high
        vpmaddwd ones(%rip), %ymm\low, %ymm\low
        vpmaddwd sixteens(%rip), %ymm\high, %ymm\high
        vpaddd  (64 * \t + 32 * \half)(SUMS), %ymm\low, %ymm\low
        vpaddd  %ymm\high, %ymm\low, %ymm\low
        vmovdqa %ymm\low, (64 * \t + 32 * \half)(SUMS)
        .endm

        .macro enter
        mov     0(%rdi), WEIGHTS
        mov     8(%rdi), SCALES
        mov     16(%rdi), VALUES
        mov     24(%rdi), OFFSETS
        mov     32(%rdi), TOKENS
        mov     40(%rdi), SUMS
        mov     48(%rdi), BLOCKS
        .p2align 5
        .endm

        /* Eighths 0 … 6, whose weights lie \step bytes apart from \at on. */
        .macro most_of_block at, step
        weights \at
        begin   0, 0, 6
        begin   1, 1, 7
        begin   2, 2, 8
        begin   3, 3, 9
        begin   4, 4, 10
        begin   5, 5, 11
        .irp j, 1, 2, 3, 4, 5, 6
        weights (\at + \step * \j)
        dot     \j, 0, 0, 6
        dot     \j, 1, 1, 7
        dot     \j, 2, 2, 8
        dot     \j, 3, 3, 9
        dot     \j, 4, 4, 10
        dot     \j, 5, 5, 11
        .endr
        weights (\at + \step * 7)
        .endm

        .macro last_eighth finish:vararg
        dot     7, 0, 0, 6
        dot     7, 1, 1, 7
        dot     7, 2, 2, 8
        \finish 0, 0, 6
        dot     7, 3, 3, 9
        \finish 1, 1, 7
        dot     7, 4, 4, 10
        \finish 2, 2, 8
        dot     7, 5, 5, 11
        \finish 3, 3, 9
        \finish 4, 4, 10
        \finish 5, 5, 11
        .endm

        .macro leave
        add     $1024, WEIGHTS
        add     $64, SCALES
        add     $192, VALUES
        add     $24, OFFSETS
        add     $24, TOKENS
        dec     BLOCKS
        jnz     1b
        vzeroupper
        ret
        .endm

        .p2align 6
        .globl  gemm_tile_nibbles_avx2
        .type   gemm_tile_nibbles_avx2, @function
gemm_tile_nibbles_avx2:
        enter
1:      most_of_block 0, 64
        last_eighth finish_nibbles
        leave
        .size   gemm_tile_nibbles_avx2, . - gemm_tile_nibbles_avx2

        .p2align 6
        .globl  gemm_tile_bytes_avx2
        .type   gemm_tile_bytes_avx2, @function
gemm_tile_bytes_avx2:
        enter
1:      most_of_block 0, 128
        last_eighth finish_bytes 0,
        most_of_block 64, 128
        last_eighth finish_bytes 1,
        leave
        .size   gemm_tile_bytes_avx2, . - gemm_tile_bytes_avx2

        .p2align 6
        .globl  channel_tile_avx2
        .type   channel_tile_avx2, @function
channel_tile_avx2:
        mov     0(%rdi), WEIGHTS
        mov     16(%rdi), VALUES
        mov     24(%rdi), SUMS
        mov     32(%rdi), BLOCKS
        .p2align 5
1:      most_of_block 0, 128
        last_eighth finish_channel 0,
        most_of_block 64, 128
        last_eighth finish_channel 1,
        add     $1024, WEIGHTS
        add     $192, VALUES
        dec     BLOCKS
        jnz     1b
        vzeroupper
        ret
        .size   channel_tile_avx2, . - channel_tile_avx2
        .section .note.GNU-stack, "", @progbits
