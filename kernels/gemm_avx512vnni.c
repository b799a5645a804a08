/* Many-token products with 512-bit VNNI.
 *
 * Two panels (32 rows) at a time are unpacked to unsigned bytes in L1, KC values of k at once, and met with every activation tile
 * of 12 tokens by multiply_tile (gemm_tile_avx512vnni.S): 24 int32 accumulators in registers, float sums in scratch. A group of
 * pairs shares each chunk of k, so that the activations of the chunk are read from L2. Finished groups are written token by token,
 * in runs of whole lines that bypass the caches.
 *
 * q6_k has a scale per 16 values: it is met twice, each time with one half of every block made zero, so that the tile needs not know.
 * Minima of blocks (q4_1, q4_k, q5_k) are added after the tile, times the sums of the activations. */
#include <immintrin.h>
#include <string.h>

#include "kernels/kernel.h"
#include "kernels/unpack512.inc"

enum {
    WIDTH = 12,            /* tokens of a tile */
    PAIR_ROWS = 32,        /* rows of two panels */
    KC_BLOCKS = 16,        /* blocks of k unpacked at once: 16 KiB of weights */
    GROUP_MOST = 8,        /* pairs of panels per group */
    UNPACKED_BLOCK = 1024, /* bytes of one unpacked block of a pair */
    SUM_FLOATS = PAIR_ROWS * WIDTH,
};

/* What the register tile needs; offsets are used by gemm_tile_avx512vnni.S. */
struct tile_task {
    const uint8_t *weights;    /*  0: unpacked [block][k/4 of the block][2 panels][64] */
    const float *scales;       /*  8: [block][2 panels][16] */
    const int8_t *values;      /* 16: [k/4][12][4] */
    const int32_t *offsets;    /* 24: [block][12]; one more row is read */
    const float *token_scales; /* 32: [block][12] */
    float *sums;               /* 40: [12][2 panels][16], added to */
    size_t blocks;             /* 48 */
};

void gemm_tile_avx512vnni(const struct tile_task *task);

struct chunk {
    uint8_t weights[KC_BLOCKS * UNPACKED_BLOCK];
    float scales[KC_BLOCKS * PAIR_ROWS];
    float minima[KC_BLOCKS * PAIR_ROWS];
};

static inline void unpack_halves_to(const uint8_t *half_scales, float *scales)
{
    _mm512_store_ps(scales, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)half_scales)));
}

/* Nibbles n become n + 120: the same bias of 128 as q8_0 values, so that both share the activations' offsets. */
static inline void unpack_block_q4_0(const uint8_t *from, uint8_t *to)
{
    const __m512i low = _mm512_set1_epi8(0x0f), bias = _mm512_set1_epi8(120);

    for (int j = 0; j < 4; j++) {
        __m512i x = _mm512_loadu_si512(from + 64 * j);
        __m512i high = _mm512_and_si512(_mm512_srli_epi16(x, 4), low);
        _mm512_store_si512(to + 128 * j, _mm512_add_epi8(_mm512_and_si512(x, low), bias));
        _mm512_store_si512(to + 128 * (j + 4), _mm512_add_epi8(high, bias));
    }
}

static inline void unpack_block_q8_0(const uint8_t *from, uint8_t *to)
{
    for (int j = 0; j < 8; j++)
        _mm512_store_si512(to + 128 * j, _mm512_loadu_si512(from + 64 * j));
}

/* The other formats, with the bias that q8_0 has; half 0 or 1: of q6_k, only the first or last 16 values of the block. */
static inline __attribute__((always_inline)) void unpack_block_bytes(enum dtype type, const uint8_t *from, size_t half,
                                                                     uint8_t *to)
{
    const __m512i bias = _mm512_set1_epi8((char)(128 - unpack_bias(type))), zero = _mm512_set1_epi8((char)128);
    __m512i values[8];

    unpack_values(type, from, values);
#pragma GCC unroll 8
    for (size_t j = 0; j < 8; j++) {
        bool wanted = type != DTYPE_Q6_K || j / 4 == half;
        _mm512_store_si512(to + 128 * j, wanted ? _mm512_add_epi8(values[j], bias) : zero);
    }
}

static void unpack_block(enum dtype type, const uint8_t *from, size_t half, uint8_t *to)
{
    switch (type) {
    case DTYPE_Q4_0:
        unpack_block_q4_0(from, to);
        break;
    case DTYPE_Q4_1:
        unpack_block_bytes(DTYPE_Q4_1, from, half, to);
        break;
    case DTYPE_Q4_K:
        unpack_block_bytes(DTYPE_Q4_K, from, half, to);
        break;
    case DTYPE_Q5_K:
        unpack_block_bytes(DTYPE_Q5_K, from, half, to);
        break;
    case DTYPE_Q6_K:
        unpack_block_bytes(DTYPE_Q6_K, from, half, to);
        break;
    case DTYPE_IQ4_NL:
        unpack_block_bytes(DTYPE_IQ4_NL, from, half, to);
        break;
    default:
        unpack_block_q8_0(from, to);
    }
}

static inline void unpack_block_scales(enum dtype type, const uint8_t *head, const uint8_t *from, size_t half,
                                       struct chunk *chunk, size_t at)
{
    if (type == DTYPE_Q4_0 || type == DTYPE_Q8_0)
        unpack_halves_to(from + panel_block_bytes(type) - 32, chunk->scales + at);
    else {
        struct unpacked_scales u = unpack_scales(type, head, from);
        _mm512_store_ps(chunk->scales + at, u.scales[half]);
        _mm512_store_ps(chunk->minima + at, u.minimum);
    }
}

/* Blocks [first, first + count) of two panels; a missing second panel is zero. */
static void unpack(enum dtype type, const uint8_t *const panels[2], size_t first, size_t count, size_t half,
                   struct chunk *chunk)
{
    const size_t bytes = panel_block_bytes(type), head_bytes = panel_head_bytes(type);
    const size_t group = head_bytes ? SUPER_BLOCKS : 1;

    for (size_t r = 0; r < 2; r++)
        for (size_t b = 0; b < count; b++) {
            size_t at = b * PAIR_ROWS + PANEL_ROWS * r;
            if (panels[r]) {
                const uint8_t *head = panels[r] + (first + b) / group * (head_bytes + group * bytes);
                const uint8_t *from = head + head_bytes + (first + b) % group * bytes;
                unpack_block(type, from, half, chunk->weights + b * UNPACKED_BLOCK + 64 * r);
                unpack_block_scales(type, head, from, half, chunk, at);
            } else {
                _mm512_store_ps(chunk->scales + at, _mm512_setzero_ps());
                _mm512_store_ps(chunk->minima + at, _mm512_setzero_ps());
            }
        }
}

struct product {
    enum dtype type;
    size_t k, panels, tokens, tiles, tile_size, panel_size;
    const uint8_t *weights, *activations;
    float *out;
    size_t stride;
    struct chunk *chunk;
    float *sums; /* [pair of the group][tile][12][2][16] */
};

/* sums += minima ⊗ sums of the activations, block by block; the offsets are −128 times the latter. */
static void add_minima(const struct tile_task *task, const float *minima)
{
    float token_sums[KC_BLOCKS * WIDTH];

    for (size_t i = 0; i < task->blocks * WIDTH; i++)
        token_sums[i] = (float)task->offsets[i] * task->token_scales[i] * (-1.0f / 128);
    for (size_t r = 0; r < 2; r++) {
        __m512 totals[WIDTH];
#pragma GCC unroll 12
        for (size_t t = 0; t < WIDTH; t++)
            totals[t] = _mm512_load_ps(task->sums + PAIR_ROWS * t + PANEL_ROWS * r);
        for (size_t b = 0; b < task->blocks; b++) {
            __m512 minimum = _mm512_load_ps(minima + b * PAIR_ROWS + PANEL_ROWS * r);
#pragma GCC unroll 12
            for (size_t t = 0; t < WIDTH; t++)
                totals[t] = _mm512_fmadd_ps(minimum, _mm512_set1_ps(token_sums[b * WIDTH + t]), totals[t]);
        }
#pragma GCC unroll 12
        for (size_t t = 0; t < WIDTH; t++)
            _mm512_store_ps(task->sums + PAIR_ROWS * t + PANEL_ROWS * r, totals[t]);
    }
}

/* All tiles against the unpacked chunk; meanwhile the packed bytes at `next` come nearer. */
static void multiply_chunk(const struct product *p, size_t first, size_t count, float *sums, const uint8_t *next,
                           size_t next_bytes)
{
    size_t blocks = p->k / BLOCK_K, ahead = (next_bytes / p->tiles + 63) / 64 * 64;
    struct tile_task task = {.weights = p->chunk->weights, .scales = p->chunk->scales, .blocks = count};

    for (size_t t = 0; t < p->tiles; t++) {
        const int8_t *tile = (const int8_t *)p->activations + t * p->tile_size;
        const int32_t *offsets = (const int32_t *)(tile + p->k * WIDTH);
        task.values = tile + first * BLOCK_K * WIDTH;
        task.offsets = offsets + first * WIDTH;
        task.token_scales = (const float *)(offsets + blocks * WIDTH) + first * WIDTH;
        task.sums = sums + t * SUM_FLOATS;
        for (size_t byte = t * ahead; byte < (t + 1) * ahead && byte < next_bytes; byte += 64) {
            _mm_prefetch((const char *)next + byte, _MM_HINT_T1);
            _mm_prefetch((const char *)next + p->panel_size + byte, _MM_HINT_T1);
        }
        gemm_tile_avx512vnni(&task);
        if (unpack_has_minimum(p->type))
            add_minima(&task, p->chunk->minima);
    }
}

static void write_group(const struct product *p, size_t panel, size_t pairs)
{
    for (size_t t = 0; t < p->tokens; t++) {
        const float *from = p->sums + t / WIDTH * SUM_FLOATS + t % WIDTH * PAIR_ROWS;
        float *to = p->out + t * p->stride + panel * PANEL_ROWS;
        for (size_t i = 0; i < pairs; i++, from += p->tiles * SUM_FLOATS, to += PAIR_ROWS) {
            _mm512_storeu_ps(to, _mm512_load_ps(from));
            if (panel + 2 * i + 1 < p->panels)
                _mm512_storeu_ps(to + PANEL_ROWS, _mm512_load_ps(from + PANEL_ROWS));
        }
    }
}

static void multiply_group(const struct product *p, size_t panel, size_t pairs)
{
    size_t blocks = p->k / BLOCK_K, bytes = p->panel_size / blocks;

    memset(p->sums, 0, pairs * p->tiles * SUM_FLOATS * sizeof *p->sums);
    for (size_t first = 0; first < blocks; first += KC_BLOCKS) {
        size_t count = blocks - first < KC_BLOCKS ? blocks - first : KC_BLOCKS;
        for (size_t i = 0; i < pairs; i++) {
            const uint8_t *low = p->weights + (panel + 2 * i) * p->panel_size;
            const uint8_t *const two[2] = {low, panel + 2 * i + 1 < p->panels ? low + p->panel_size : NULL};
            const uint8_t *next = i + 1 < pairs ? low + 2 * p->panel_size + first * bytes
                                                : p->weights + panel * p->panel_size + (first + count) * bytes;
            for (size_t half = 0; half < (p->type == DTYPE_Q6_K ? 2 : 1); half++) {
                unpack(p->type, two, first, count, half, p->chunk);
                multiply_chunk(p, first, count, p->sums + i * p->tiles * SUM_FLOATS, next, count * bytes);
            }
        }
    }
    write_group(p, panel, pairs);
}

static void multiply(enum dtype type, size_t k, size_t panels, const uint8_t *weights, size_t tokens, const void *tiles,
                     float *out, size_t stride, void *scratch)
{
    struct product p = {
        .type = type,
        .k = k,
        .panels = panels,
        .tokens = tokens,
        .tiles = (tokens + WIDTH - 1) / WIDTH,
        .tile_size = tile_bytes(type, k, WIDTH),
        .panel_size = panel_bytes(type, k),
        .weights = weights,
        .activations = tiles,
        .out = out,
        .stride = stride,
        .chunk = scratch,
        .sums = (float *)((char *)scratch + sizeof(struct chunk)),
    };
    size_t room = (GEMM_SCRATCH_BYTES - sizeof(struct chunk)) / (p.tiles * SUM_FLOATS * sizeof *p.sums);
    size_t group = room < GROUP_MOST ? room : GROUP_MOST;

    for (size_t panel = 0; panel < panels; panel += 2 * group) {
        size_t left = (panels - panel + 1) / 2;
        multiply_group(&p, panel, left < group ? left : group);
    }
}

#define DEFINE_PRODUCT(name, type)                                                                                     \
    void gemm_##name##_avx512vnni(size_t k, size_t panels, const void *weights, size_t tokens, const void *tiles,      \
                                  float *out, size_t stride, void *scratch)                                            \
    {                                                                                                                  \
        multiply(type, k, panels, weights, tokens, tiles, out, stride, scratch);                                       \
    }

DEFINE_PRODUCT(q4_0, DTYPE_Q4_0)
DEFINE_PRODUCT(q4_1, DTYPE_Q4_1)
DEFINE_PRODUCT(q8_0, DTYPE_Q8_0)
DEFINE_PRODUCT(q4_k, DTYPE_Q4_K)
DEFINE_PRODUCT(q5_k, DTYPE_Q5_K)
DEFINE_PRODUCT(q6_k, DTYPE_Q6_K)
DEFINE_PRODUCT(iq4_nl, DTYPE_IQ4_NL)
