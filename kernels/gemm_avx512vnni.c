/* Many-token products with 512-bit VNNI.
 *
 * Two panels (32 rows) at a time are unpacked to unsigned bytes in L1, KC values of k at once, and met with every activation tile
 * of 12 tokens by multiply_tile (gemm_tile_avx512vnni.S): 24 int32 accumulators in registers, float sums in scratch. A group of
 * pairs shares each chunk of k, so that the activations of the chunk are read from L2. Finished groups are written token by token,
 * in runs of whole lines that bypass the caches. */
#include <immintrin.h>
#include <string.h>

#include "kernels/kernel.h"

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
};

static inline void unpack_scales(const uint8_t *half_scales, float *scales)
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

/* Blocks [first, first + count) of two panels; a missing second panel is zero. */
static void unpack(enum dtype type, const uint8_t *const panels[2], size_t first, size_t count, struct chunk *chunk)
{
    size_t bytes = type == DTYPE_Q4_0 ? Q4_0_PANEL_BLOCK : Q8_0_PANEL_BLOCK;

    for (size_t r = 0; r < 2; r++)
        for (size_t b = 0; b < count; b++) {
            const uint8_t *from = panels[r] ? panels[r] + (first + b) * bytes : NULL;
            uint8_t *to = chunk->weights + b * UNPACKED_BLOCK + 64 * r;
            if (!from)
                _mm512_store_ps(chunk->scales + b * PAIR_ROWS + 16 * r, _mm512_setzero_ps());
            else if (type == DTYPE_Q4_0)
                unpack_block_q4_0(from, to);
            else
                unpack_block_q8_0(from, to);
            if (from)
                unpack_scales(from + bytes - 32, chunk->scales + b * PAIR_ROWS + 16 * r);
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
            unpack(p->type, two, first, count, p->chunk);
            multiply_chunk(p, first, count, p->sums + i * p->tiles * SUM_FLOATS, next, count * bytes);
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

void gemm_q4_0_avx512vnni(size_t k, size_t panels, const void *weights, size_t tokens, const void *tiles, float *out,
                          size_t stride, void *scratch)
{
    multiply(DTYPE_Q4_0, k, panels, weights, tokens, tiles, out, stride, scratch);
}

void gemm_q8_0_avx512vnni(size_t k, size_t panels, const void *weights, size_t tokens, const void *tiles, float *out,
                          size_t stride, void *scratch)
{
    multiply(DTYPE_Q8_0, k, panels, weights, tokens, tiles, out, stride, scratch);
}
