/* Operations on packed weights, and the table of their variants.
 *
 * Activations travel in tiles of `width` tokens, interleaved as the multiplying kernel wants them:
 *   q8 tile (for quantised weights): int8 values [k/4][width][4]; then int32 offsets [k/32][width], −128 × the sum of the
 *     32 values; then float scales [k/32][width]. TILE_SLACK more bytes may be read.
 *   channel tile (for int8 weights): the same with one block, of all k: offsets [width], scales [width].
 *   f32 tile (for f32, f16 and bf16 weights): float [k][width].
 * A tile of width 1 is the plain vector. Missing tokens of the last tile are zero. */
#ifndef POCKETMARK_KERNELS_KERNEL_H
#define POCKETMARK_KERNELS_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/base.h"
#include "kernels/blocks.h"

enum op {
    OP_PACK,          /* stored rows → one packed panel */
    OP_TILE,          /* float vectors → one activation tile; type: that of the weights */
    OP_GEMV,          /* packed panels × one vector */
    OP_GEMV_ROWS,     /* stored rows × one vector */
    OP_GEMM,          /* packed panels × many tokens */
    OP_ATTEND,        /* queries × cached keys and values, online softmax */
    OP_NORM,          /* RMSNorm */
    OP_ROTATE,        /* rotary position embedding of neighbours */
    OP_ROTATE_HALVES, /* the same of halves */
    OP_GATE,          /* SwiGLU's silu(gate) · up */
    OP_GATE_GELU,     /* GeGLU's gelu(gate) · up */
    OP_CAP,           /* soft cap */
    OP_PEAK_INT8,     /* INT8 dot products in registers: the arithmetic roof */
    OP_PEAK_FP32,     /* fused multiply-adds in registers */
    OP_READ,          /* reads memory and does nothing with it: the bandwidth roof */
    OP_COUNT
};

enum {
    TILE_WIDTH_MAX = 16,
    TILE_SLACK = 256,                 /* bytes behind a tile that a kernel may read */
    GEMM_SCRATCH_BYTES = 1216 * 1024, /* scratch a gemm needs, aligned to 64 */
    GEMM_TOKENS_MAX = 2048,           /* most tokens of one gemm */
    CHANNEL_K_MAX = 65536, /* longest row of int8 weights: 128·127·65536 < 2^31, so that sums along it are exact */
    ATTEND_BLOCK = 64,     /* positions an attend works on together */
    ATTEND_ROWS_MAX = 128, /* most query rows of one attend */
    ATTEND_HEAD_MAX = 512, /* largest head size */
    ATTEND_TILE_MAX = 8,   /* most rows that an attend holds in registers */
    ATTEND_SCRATCH_FLOATS = 2 * ATTEND_BLOCK * ATTEND_HEAD_MAX +
                            (ATTEND_ROWS_MAX + ATTEND_TILE_MAX + 1) * ATTEND_HEAD_MAX + ATTEND_TILE_MAX * ATTEND_BLOCK,
};

/* Blocks of activations whose largest magnitude is not above this count as zero: 127 divided by less could overflow. */
#define TILE_LEAST 1e-30f

/* Steps that the largest magnitude of a block of activations may be rounded to; the better one is taken, block by block. Two steps
 * and a scale of least squares take 8 % off the squared error of 127 steps and the plain scale, on normal data. */
#define TILE_STEPS       127.0f
#define TILE_OTHER_STEPS 125.5f

/* How a one-token product walks memory; prefetch distances in bytes, 0 = none. */
struct gemv_tuning {
    size_t near_bytes, far_bytes; /* into the first and the second cache */
    size_t streams;               /* panels walked side by side, where a kernel has the choice: 2, else 4 */
};

/* rows[i]: stored row i of the panel, NULL for rows past the end (become zero). k: elements of a row. panel is aligned to 32
 * bytes and may be stored past the caches. */
typedef void pack_fn(size_t k, const void *const rows[PANEL_ROWS], void *panel);

/* x: `tokens` ≤ width vectors of k floats, `stride` floats apart. */
typedef void tile_fn(size_t k, size_t tokens, size_t width, const float *x, size_t stride, void *tile);

/* out[16·panels] = weights (that many consecutive panels) × one tile of width 1. out is aligned to 64 bytes and may be stored past
 * the caches: other threads see it after a barrier. OP_GEMV_ROWS: `panels` is the number of rows, which follow each other as
 * stored, and of values of out; nothing behind the last row is read. */
typedef void gemv_fn(size_t k, size_t panels, const void *weights, const void *tile, float *out,
                     const struct gemv_tuning *tuning);

/* out[t·stride + row] for tokens t < `tokens` ≤ GEMM_TOKENS_MAX and rows < 16·panels. tiles: ceil(tokens / width) tiles of the
 * kernel's width, tile_bytes() apart. scratch: GEMM_SCRATCH_BYTES. */
typedef void gemm_fn(size_t k, size_t panels, const void *weights, size_t tokens, const void *tiles, float *out,
                     size_t stride, void *scratch);

/* Attention of `rows` query vectors of one key/value head over the cached positions [begin, end). Position p lies at slot
 * p % capacity, so that a cache may be a ring; whole ATTEND_BLOCKs are read, and what lies outside [begin, end) in them does not
 * matter.
 *   f16:  keys [slot/64][head_size][64], values [slot][head_size].
 *   q8_0: int8 with an f16 scale for every BLOCK_K values along the head, the last of which may be fewer; n = attend_scales(head_size)
 *         scales [slot/64][n][64] for keys and for values. attend_key_at and attend_value_at say where in the
 *         64 · attend_bytes(head_size) bytes of a block of slots a byte lies, attend_key_byte how a key is stored: that
 *         depends on the kernel's width. */
struct attend {
    size_t head_size;                          /* multiple of 2, ≤ ATTEND_HEAD_MAX */
    size_t rows;                               /* ≤ ATTEND_ROWS_MAX */
    const float *queries;                      /* [rows][head_size], times softmax scale × log2(e) */
    const uint16_t *keys, *values;             /* f16 */
    const int8_t *keys_q8, *values_q8;         /* q8_0 */
    const uint16_t *key_scales, *value_scales; /* q8_0 */
    size_t capacity;                           /* multiple of ATTEND_BLOCK; 0: no ring, position p lies at p */
    size_t begin, end;
    const size_t *first, *visible; /* row r sees first[r] ≤ p < visible[r]; first may be NULL: from 0 on */
    bool
        exact; /* many rows too are multiplied as floats; else kernels may round to 12 bits of a block's largest, NMSE 10⁻⁶ */
    float softcap; /* a score s becomes cap · tanh(s / cap); in units of the scores: times log2(e). 0: no cap */
    float *maximum,
        *sum;   /* [rows] running maximum (base-2 exponent) and sum, carried from call to call; start −inf and 0 */
    float *out; /* [rows][head_size] running weighted values, start 0; the caller divides by sum at the end */
    float *scratch; /* ATTEND_SCRATCH_FLOATS, aligned to 64 */
};
typedef void attend_fn(const struct attend *attend);

/* Bytes of one key or value of a q8_0 cache, its scales not included. */
static inline size_t attend_bytes(size_t head_size)
{
    return (head_size + 3) / 4 * 4;
}

/* Where byte d of a key or value lies in a block of a q8_0 cache, whose slot `lane` it belongs to. With a width of 4, the bytes of 4
 * neighbouring elements of a key, or of 4 values 16 slots apart, lie together. */
static inline size_t attend_key_at(size_t width, size_t lane, size_t d)
{
    return (d / width * ATTEND_BLOCK + lane) * width + d % width;
}

static inline size_t attend_value_at(size_t width, size_t head_size, size_t lane, size_t d)
{
    size_t first = d / BLOCK_K * BLOCK_K, left = attend_bytes(head_size) - first,
           count = left < BLOCK_K ? left : BLOCK_K;
    size_t apart = ATTEND_BLOCK / 4;

    if (width == 1)
        return lane * head_size + d;
    return first * ATTEND_BLOCK + (lane % apart * count + d - first) * 4 + lane / apart;
}

/* A key's byte as stored: with a width of 4 it is unsigned, plus 128. */
static inline int8_t attend_key_byte(size_t width, int value)
{
    return (int8_t)(width == 1 ? value : value ^ -128);
}

/* Scales of one key or value of a q8_0 cache. */
static inline size_t attend_scales(size_t head_size)
{
    return (head_size + BLOCK_K - 1) / BLOCK_K;
}

/* out = x / sqrt(mean(x²) + epsilon) · weight. In place is allowed. */
typedef void norm_fn(size_t count, const float *x, const float *weight, float epsilon, float *out);

/* Rotates the pairs of `dimensions` elements by the angle whose cosine and sine are given per pair; in place. Pairs are
 * (2i, 2i+1), for OP_ROTATE_HALVES (i, i + dimensions/2). */
typedef void rotate_fn(size_t dimensions, float *x, const float *cosine, const float *sine);

/* out = gate / (1 + exp(−gate)) · up; for OP_GATE_GELU gate/2 · (1 + tanh(√(2/π) · (gate + 0.044715 gate³))) · up. */
typedef void gate_fn(size_t count, const float *gate, const float *up, float *out);

/* x = cap · tanh(x / cap), in place. */
typedef void cap_fn(size_t count, float cap, float *x);

/* Does `rounds` rounds of independent multiply-adds; returns the MACs done. `sink` receives a value that depends on all. */
typedef uint64_t peak_fn(uint64_t rounds, float *sink);

/* Reads `bytes` (multiple of 64·streams) in `streams` (1, 2, 4 or 8) consecutive parts at once. Returns a mix of what was read. */
typedef uint64_t read_fn(const void *data, size_t bytes, size_t streams, const struct gemv_tuning *prefetch);

struct kernel {
    const char *name; /* "gemm_q4_0_avx512vnni": operation, weights' type where it has one, level */
    enum op op;
    enum dtype type; /* DTYPE_COUNT where the operation has none */
    enum isa isa;
    size_t width; /* gemm: tokens of its tile; attend over q8_0: 1 or 4, see attend_key_at */
    union {
        pack_fn *pack;
        tile_fn *tile;
        gemv_fn *gemv;
        gemm_fn *gemm;
        attend_fn *attend;
        norm_fn *norm;
        rotate_fn *rotate;
        gate_fn *gate;
        cap_fn *cap;
        peak_fn *peak;
        read_fn *read;
    };
};

const char *op_name(enum op op);

/* First row of the table for op and type whose level is in `isa`; the table stands in order of preference. There is always a
 * scalar row for what the engine uses; NULL otherwise. */
const struct kernel *kernel_best(enum op op, enum dtype type, isa_set isa);

/* The row of exactly that level, or NULL. */
const struct kernel *kernel_at(enum op op, enum dtype type, enum isa isa);

/* The whole table. */
const struct kernel *kernel_table(size_t *count);

/* Values of a token that share a scale and an offset in the tiles for quantised weights; a part of k. */
size_t tile_block(enum dtype weights, size_t k);

/* Bytes of one activation tile, slack not included; a multiple of 64. */
size_t tile_bytes(enum dtype weights, size_t k, size_t width);

/* Expands row `row` of a packed panel to floats. */
void panel_row(enum dtype type, size_t k, const void *panel, size_t row, float *out);

#endif
