/* Streams of random bits, bent into stored rows with integer arithmetic alone, so that every processor and compiler makes
 * the same bytes. A stream is keyed by seed, tensor and group of PANEL_ROWS rows: a reader of whole panels never generates
 * a row twice, and any other range only skips within its first group.
 *
 * Distribution. Matrices: mean zero, variance g²/columns, g = 1 except 1/√(2·layers) where a branch is added to the
 * residual stream (attention output, down projection); embeddings have unit variance; norm gains lie in 1 ± 0.1. So every
 * activation stays near 1 at any depth. Magnitudes (of quantised matrices: the scales) spread over [a, 4a), evenly in
 * their bit patterns, which is nearly log-uniform; nibbles and bytes are uniform but for the one value without a negative,
 * which becomes zero. */
#include "workloads/synthetic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/blocks.h"

enum {
    LANES = 16,                            /* 32-bit generators side by side */
    STEP_BYTES = LANES * sizeof(uint32_t), /* bytes of one step of all lanes */
    RUN_BLOCKS = 128,                 /* quantised blocks made at a time: their bytes stay in the first-level cache */
    RUN_BYTES = RUN_BLOCKS * BLOCK_K, /* scratch for the values of a run; float rows use it too */
};

/* Mean of q² of uniform nibbles n−8 with −8 made 0: 2·Σ₁⁷ i² / 16; and of bytes with −128 made 0: 2·Σ₁¹²⁷ i² / 256. */
#define NIBBLE_VARIANCE 17.5
#define BYTE_VARIANCE   5397.5
/* Mean of (x/a)² for x log-uniform in [a, 4a): (4² − 1) / (2 ln 4). Even bit patterns come within 8 % of it, and
 * within 30 % where the scales of q8_0 fall below the normal range of f16. */
#define SPREAD_VARIANCE 5.4101

/* What becomes of the bits of a step. */
enum fix {
    FIX_NONE,
    FIX_NIBBLES, /* 0, that is −8, becomes 8, that is 0 */
    FIX_BYTES,   /* −128 becomes 0 */
};

typedef uint32_t lane_state[4][LANES];
typedef void fill_function(lane_state state, enum fix fix, size_t steps, uint8_t *out);

/* xoshiro128++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2019) in vectors of BYTES bytes:
 * writes steps × STEP_BYTES. Lanes are independent, so the width changes the speed and nothing else. */
#define DEFINE_FILL(NAME, TARGET, BYTES)                                                                               \
    TARGET static void NAME(lane_state state, enum fix fix, size_t steps, uint8_t *out)                                \
    {                                                                                                                  \
        typedef uint32_t vector __attribute__((vector_size(BYTES)));                                                   \
        for (size_t lane = 0; lane < LANES; lane += BYTES / sizeof(uint32_t)) {                                        \
            vector a, b, c, d;                                                                                         \
            memcpy(&a, &state[0][lane], BYTES);                                                                        \
            memcpy(&b, &state[1][lane], BYTES);                                                                        \
            memcpy(&c, &state[2][lane], BYTES);                                                                        \
            memcpy(&d, &state[3][lane], BYTES);                                                                        \
            for (size_t step = 0; step < steps; step++) {                                                              \
                vector sum = a + d, x = ((sum << 7) | (sum >> 25)) + a, shifted = b << 9;                              \
                c ^= a;                                                                                                \
                d ^= b;                                                                                                \
                b ^= c;                                                                                                \
                a ^= d;                                                                                                \
                c ^= shifted;                                                                                          \
                d = (d << 11) | (d >> 21);                                                                             \
                if (fix == FIX_NIBBLES) {                                                                              \
                    vector used = x | (x >> 1);                                                                        \
                    used |= used >> 2;                                                                                 \
                    x |= (~used & 0x11111111) << 3;                                                                    \
                } else if (fix == FIX_BYTES) {                                                                         \
                    vector low = x ^ 0x80808080;                                                                       \
                    x ^= ~(((low & 0x7f7f7f7f) + 0x7f7f7f7f) | low) & 0x80808080;                                      \
                }                                                                                                      \
                memcpy(out + step * STEP_BYTES + lane * sizeof(uint32_t), &x, BYTES);                                  \
            }                                                                                                          \
            memcpy(&state[0][lane], &a, BYTES);                                                                        \
            memcpy(&state[1][lane], &b, BYTES);                                                                        \
            memcpy(&state[2][lane], &c, BYTES);                                                                        \
            memcpy(&state[3][lane], &d, BYTES);                                                                        \
        }                                                                                                              \
    }

DEFINE_FILL(fill_any, , 16)
#if defined(__x86_64__)
DEFINE_FILL(fill_avx2, __attribute__((target("avx2"))), 32)
DEFINE_FILL(fill_avx512, __attribute__((target("avx512f"))), 64)
#endif

static fill_function *fill_choose(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return fill_avx512;
    if (__builtin_cpu_supports("avx2"))
        return fill_avx2;
#endif
    return fill_any;
}

/* How one tensor's rows are made. */
struct recipe {
    enum { RECIPE_SPREAD, RECIPE_NORM, RECIPE_DIVISORS } kind;
    uint32_t low, span; /* bit patterns of magnitudes or scales: [low, low + span), f16 or f32 as the type has it */
    size_t row_bytes;
};

struct synthetic {
    struct weights base;
    uint64_t seed;
    fill_function *fill;
    struct recipe recipes[];
};

struct stream {
    fill_function *fill;
    lane_state state;
};

/* The next number of the sequence at *counter; splitmix64 (Steele, Lea and Flood, 2014, constants by Vigna). */
static uint64_t splitmix64(uint64_t *counter)
{
    uint64_t z = *counter += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static void stream_seed(struct stream *stream, const struct synthetic *source, size_t tensor, size_t group)
{
    uint64_t key = source->seed;

    stream->fill = source->fill;
    /* Each part is mixed in before the next is added, so that neighbours in two of them cannot cancel. */
    key = splitmix64(&key) + tensor;
    key = splitmix64(&key) + group;
    for (size_t word = 0; word < 4; word++)
        for (size_t lane = 0; lane < LANES; lane += 2) {
            uint64_t bits = splitmix64(&key);
            stream->state[word][lane] = (uint32_t)bits;
            stream->state[word][lane + 1] = (uint32_t)(bits >> 32);
        }
}

/* Fills `out` with at least `bytes` bytes, rounded up to whole steps. */
static void stream_take(struct stream *stream, enum fix fix, size_t bytes, void *out)
{
    stream->fill(stream->state, fix, (bytes + STEP_BYTES - 1) / STEP_BYTES, out);
}

static inline void blocks_assemble(const uint16_t *scales, const uint8_t *values, size_t value_bytes, size_t blocks,
                                   uint8_t *out)
{
    for (size_t i = 0; i < blocks; i++) {
        memcpy(out, &scales[i], sizeof *scales);
        memcpy(out + sizeof *scales, values + i * value_bytes, value_bytes);
        out += sizeof *scales + value_bytes;
    }
}

/* The next four turn uniform bits into bit patterns of scales, signed magnitudes and norm gains. They work on whole
 * steps, as stream_take does: a count known to the compiler becomes vectors. */
static void scales_bend(const struct recipe *recipe, size_t count, uint16_t *bits)
{
    enum { STEP = STEP_BYTES / sizeof(uint16_t) };
    uint16_t low = (uint16_t)recipe->low, span = (uint16_t)recipe->span;

    for (size_t done = 0; done < count; done += STEP, bits += STEP)
        for (size_t i = 0; i < STEP; i++)
            bits[i] = (uint16_t)(low + ((uint32_t)bits[i] * span >> 16));
}

static void halves_bend(const struct recipe *recipe, size_t count, uint16_t *bits)
{
    enum { STEP = STEP_BYTES / sizeof(uint16_t) };
    uint16_t low = (uint16_t)recipe->low, span = (uint16_t)recipe->span;

    for (size_t done = 0; done < count; done += STEP, bits += STEP)
        for (size_t i = 0; i < STEP; i++) {
            uint16_t doubled = (uint16_t)(bits[i] << 1);
            bits[i] = (uint16_t)((bits[i] & 0x8000) | (low + ((uint32_t)doubled * span >> 16)));
        }
}

static void floats_bend(const struct recipe *recipe, size_t count, uint32_t *bits)
{
    uint32_t low = recipe->low, mask = recipe->span - 1; /* the span is a power of two */

    for (size_t done = 0; done < count; done += LANES, bits += LANES)
        for (size_t i = 0; i < LANES; i++)
            bits[i] = (bits[i] & 0x80000000) | (low + (bits[i] & mask));
}

/* 1 ± 0.1 in steps of 2^-24, by an integer so that no rounding or fusing depends on the compiler. */
static void gains_bend(size_t count, uint32_t *bits)
{
    for (size_t i = 0; i < count; i++) {
        float gain = (float)(15099495 + (bits[i] >> 8) / 5) * 0x1p-24f;
        memcpy(&bits[i], &gain, sizeof gain);
    }
}

/* `out` NULL in this and the next functions: the stream moves on, nothing is written. */
static void row_quantised(struct stream *stream, const struct recipe *recipe, enum dtype type, size_t columns,
                          uint8_t *out)
{
    _Alignas(64) uint16_t scales[RUN_BLOCKS];
    _Alignas(64) uint8_t values[RUN_BYTES];
    bool nibbles = type == DTYPE_Q4_0;
    size_t value_bytes = nibbles ? BLOCK_K / 2 : BLOCK_K, blocks = columns / BLOCK_K;

    while (blocks) {
        size_t run = blocks < RUN_BLOCKS ? blocks : RUN_BLOCKS;

        stream_take(stream, FIX_NONE, run * sizeof *scales, scales);
        stream_take(stream, nibbles ? FIX_NIBBLES : FIX_BYTES, run * value_bytes, values);
        if (out) {
            scales_bend(recipe, run, scales);
            if (nibbles)
                blocks_assemble(scales, values, BLOCK_K / 2, run, out);
            else
                blocks_assemble(scales, values, BLOCK_K, run, out);
            out += run * (sizeof *scales + value_bytes);
        }
        blocks -= run;
    }
}

static void row_f16(struct stream *stream, const struct recipe *recipe, size_t columns, uint8_t *out)
{
    enum { RUN = RUN_BYTES / sizeof(uint16_t) };
    _Alignas(64) uint16_t bits[RUN];

    while (columns) {
        size_t run = columns < RUN ? columns : RUN;

        stream_take(stream, FIX_NONE, run * sizeof *bits, bits);
        if (out) {
            halves_bend(recipe, run, bits);
            memcpy(out, bits, run * sizeof *bits);
            out += run * sizeof *bits;
        }
        columns -= run;
    }
}

static void row_f32(struct stream *stream, const struct recipe *recipe, size_t columns, uint8_t *out)
{
    enum { RUN = RUN_BYTES / sizeof(uint32_t) };
    _Alignas(64) uint32_t bits[RUN];

    while (columns) {
        size_t run = columns < RUN ? columns : RUN;

        stream_take(stream, FIX_NONE, run * sizeof *bits, bits);
        if (out) {
            if (recipe->kind == RECIPE_NORM)
                gains_bend(run, bits);
            else
                floats_bend(recipe, run, bits);
            memcpy(out, bits, run * sizeof *bits);
            out += run * sizeof *bits;
        }
        columns -= run;
    }
}

static void row_write(struct stream *stream, const struct recipe *recipe, const struct tensor *tensor, uint8_t *out)
{
    switch (tensor->type) {
    case DTYPE_F32:
        row_f32(stream, recipe, tensor->columns, out);
        break;
    case DTYPE_F16:
        row_f16(stream, recipe, tensor->columns, out);
        break;
    default:
        row_quantised(stream, recipe, tensor->type, tensor->columns, out);
    }
}

static void synthetic_read(const struct weights *weights, size_t tensor, size_t first, size_t count, void *out)
{
    const struct synthetic *source = (const struct synthetic *)weights;
    const struct recipe *recipe = &source->recipes[tensor];
    const struct tensor *shape = &weights->model->tensors[tensor];
    uint8_t *target = out;
    size_t end = first + count;

    if (recipe->kind == RECIPE_DIVISORS) {
        if (count)
            memcpy(out, weights->model->rope_divisors, recipe->row_bytes);
        return;
    }
    for (size_t group = first / PANEL_ROWS; group * PANEL_ROWS < end; group++) {
        struct stream stream;

        stream_seed(&stream, source, tensor, group);
        for (size_t row = group * PANEL_ROWS; row < end && row < (group + 1) * PANEL_ROWS; row++) {
            row_write(&stream, recipe, shape, row < first ? NULL : target);
            target += row < first ? 0 : recipe->row_bytes;
        }
    }
}

static const void *synthetic_view(const struct weights *weights, size_t tensor, size_t first)
{
    (void)weights, (void)tensor, (void)first;
    return NULL;
}

static void synthetic_close(struct weights *weights)
{
    free(weights);
}

static const struct weights_ops synthetic_ops = {
    .name = "synthetic",
    .read = synthetic_read,
    .view = synthetic_view,
    .close = synthetic_close,
};

static double matrix_deviation(const struct model *model, const struct tensor *tensor)
{
    switch (tensor->role) {
    case ROLE_TOKEN_EMBEDDING:
        return 1;
    case ROLE_ATTENTION_OUTPUT:
    case ROLE_DOWN:
        return 1 / sqrt((double)tensor->columns * 2 * (double)model->layers);
    default:
        return 1 / sqrt((double)tensor->columns);
    }
}

/* Bounds of magnitudes or scales, such that the values have standard deviation `deviation`. */
static void recipe_set_spread(struct recipe *recipe, enum dtype type, double deviation)
{
    double variance = SPREAD_VARIANCE;
    float low;

    if (type == DTYPE_Q4_0)
        variance *= NIBBLE_VARIANCE;
    else if (type == DTYPE_Q8_0)
        variance *= BYTE_VARIANCE;
    low = (float)(deviation / sqrt(variance));
    if (type == DTYPE_F32) {
        memcpy(&recipe->low, &low, sizeof low);
        recipe->span = 1 << 24;
    } else {
        recipe->low = float_to_half(low);
        recipe->span = float_to_half(4 * low) - recipe->low;
    }
}

static void recipe_set(struct recipe *recipe, const struct model *model, const struct tensor *tensor)
{
    recipe->row_bytes = dtype_row_bytes(tensor->type, tensor->columns);
    switch (tensor->role) {
    case ROLE_ROPE_FREQS:
        recipe->kind = RECIPE_DIVISORS;
        break;
    case ROLE_OUTPUT_NORM:
    case ROLE_ATTENTION_NORM:
    case ROLE_FFN_NORM:
        recipe->kind = RECIPE_NORM;
        break;
    default:
        recipe->kind = RECIPE_SPREAD;
        recipe_set_spread(recipe, tensor->type, matrix_deviation(model, tensor));
    }
}

enum status synthetic_open(struct weights **weights, const struct model *model, uint64_t seed, struct error *error)
{
    struct synthetic *source = calloc(1, sizeof *source + model->tensor_count * sizeof source->recipes[0]);

    if (!source)
        return error_set(error, STATUS_MEMORY, "model \"%s\": no memory to describe its %zu tensors", model->name,
                         model->tensor_count);
    source->base = (struct weights){&synthetic_ops, model};
    source->seed = seed;
    source->fill = fill_choose();
    for (size_t i = 0; i < model->tensor_count; i++)
        recipe_set(&source->recipes[i], model, &model->tensors[i]);
    *weights = &source->base;
    return STATUS_OK;
}

void synthetic_tokens(uint64_t seed, size_t vocabulary, size_t count, int32_t *tokens)
{
    for (size_t i = 0; i < count; i++)
        tokens[i] = (int32_t)((splitmix64(&seed) >> 32) * vocabulary >> 32);
}
