/* Streams of random bits (stream.h), bent into stored rows with integer arithmetic alone, so that every processor and compiler
 * makes the same bytes. A stream is keyed by seed, tensor and group of PANEL_ROWS rows: a reader of whole panels never generates
 * a row twice, and any other range only skips within its first group.
 *
 * Distribution. Matrices: mean zero, variance g²/columns, g = 1 except 1/√(2·layers) where a branch is added to the
 * residual stream (attention output, down projection); embeddings have unit variance after the model's embedding scale; norm
 * gains lie in 1 ± 0.1; biases have standard deviation 0.1. So every activation stays near 1 at any depth. Magnitudes (of
 * quantised matrices: the scales) spread over [a, 4a), evenly in their bit patterns, which is nearly log-uniform; nibbles and
 * bytes are uniform but for the one value without a negative, which becomes zero. Formats with minima take 8 (q5_k: 16) times the
 * scale for it, exactly in q4_1, and within 3 of a 6-bit number in q4_k and q5_k; bits above the nibbles are uniform. The values of
 * iq4_nl have no negatives: signed scales make their mean zero. */
#include "workloads/synthetic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/blocks.h"
#include "workloads/stream.h"

enum {
    RUN_BLOCKS = 128,                 /* quantised blocks made at a time: their bytes stay in the first-level cache */
    RUN_BYTES = RUN_BLOCKS * BLOCK_K, /* scratch for the values of a run; float rows use it too */
};

/* Mean of q² of uniform nibbles n−8 with −8 made 0: 2·Σ₁⁷ i² / 16; and of bytes with −128 made 0: 2·Σ₁¹²⁷ i² / 256. */
#define NIBBLE_VARIANCE 17.5
#define BYTE_VARIANCE   5397.5
/* Mean square of the values of iq4_nl. */
#define IQ4_NL_VARIANCE 4548.0
/* Mean square of n−16 and n−32, where the nibble is as above and the bits above it are uniform: 8²·1 and 16²·1.25 more. */
#define FIVE_BIT_VARIANCE (NIBBLE_VARIANCE + 64)
#define SIX_BIT_VARIANCE  (NIBBLE_VARIANCE + 320)
/* Mean squares of uniform integers 32 … 63 and 16 … 31: the numbers that scales of super-blocks are multiplied with. */
#define NUMBER_VARIANCE        2341.5
#define SIGNED_NUMBER_VARIANCE 573.5
/* What the difference of scale and minimum adds to n·sc − 8·m (q5_k: 16·m): mean square of a ^ b − a with two random bits b is 2.5. */
#define MINIMUM_VARIANCE 2.5
/* Mean of (x/a)² for x log-uniform in [a, 4a): (4² − 1) / (2 ln 4). Even bit patterns come within 8 % of it, and
 * within 30 % where the scales of q8_0 fall below the normal range of f16. */
#define SPREAD_VARIANCE 5.4101

/* How one tensor's rows are made. */
struct recipe {
    enum { RECIPE_SPREAD, RECIPE_NORM, RECIPE_DIVISORS } kind;
    uint32_t low,
        span; /* bit patterns of magnitudes or scales: [low, low + span), f16, bf16 or f32 as the type has it */
    const float *divisors;
    size_t row_bytes;
};

struct synthetic {
    struct weights base;
    uint64_t seed;
    stream_fill *fill;
    struct recipe recipes[];
};

/* The f16 −(2^power · scale), exact: 3 or 4 in place of `power`. */
static inline uint16_t half_times_power(uint16_t scale, unsigned power)
{
    if (scale >= 0x0400)
        return (uint16_t)(0x8000 | (scale + (power << 10)));
    return (uint16_t)(0x8000 | float_to_half(half_to_float(scale) * (float)(1 << power)));
}

static inline void blocks_assemble(bool minima, const uint16_t *scales, const uint8_t *values, size_t value_bytes,
                                   size_t blocks, uint8_t *out)
{
    for (size_t i = 0; i < blocks; i++) {
        memcpy(out, &scales[i], sizeof *scales);
        out += sizeof *scales;
        if (minima) {
            uint16_t minimum = half_times_power(scales[i], 3);
            memcpy(out, &minimum, sizeof minimum);
            out += sizeof minimum;
        }
        memcpy(out, values + i * value_bytes, value_bytes);
        out += value_bytes;
    }
}

/* Twelve bytes of 6-bit scales 32 … 63 and minima out of two random words: bits 5 and 7 of the first eight bytes are the highest
 * bits of all numbers; a minimum differs from its scale in the two lowest bits. */
static inline void numbers_assemble(const uint32_t random[2], uint8_t *out)
{
    uint32_t scales = random[0] | 0xa0a0a0a0, low = random[1] & 0x0f0f0f0f;
    uint32_t words[3] = {scales, scales ^ (random[1] >> 6 & 0x03030303),
                         low | (low ^ (random[1] >> 4 & 0x03030303)) << 4};

    memcpy(out, words, sizeof words);
}

/* A super-block out of its parts: `numbers` are 8 random bytes (16 of q6_k), `high` the bits above the nibbles. */
static void super_assemble(enum dtype type, uint16_t scale, const uint8_t *numbers, const uint8_t *nibbles,
                           const uint8_t *high, uint8_t *out)
{
    uint32_t words[2];

    if (type == DTYPE_Q6_K) {
        struct block_q6_k block = {.d = scale};
        memcpy(block.nibbles, nibbles, sizeof block.nibbles);
        memcpy(block.pairs, high, sizeof block.pairs);
        for (size_t i = 0; i < sizeof block.numbers; i++) {
            int number = 16 + (numbers[i] & 15);
            block.numbers[i] = (int8_t)(numbers[i] & 64 ? -number : number);
        }
        memcpy(out, &block, sizeof block);
        return;
    }
    uint16_t minimum = half_times_power(scale, type == DTYPE_Q5_K ? 4 : 3) & 0x7fff; /* it is subtracted */
    memcpy(words, numbers, sizeof words);
    memcpy(out, &scale, sizeof scale);
    memcpy(out + 2, &minimum, sizeof minimum);
    numbers_assemble(words, out + 4);
    if (type == DTYPE_Q5_K)
        memcpy(out + 16, high, SUPER_K / 8);
    memcpy(out + (type == DTYPE_Q5_K ? 48 : 16), nibbles, SUPER_K / 2);
}

/* The next four turn uniform bits into bit patterns of scales, signed magnitudes and norm gains. They work on whole
 * steps, as stream_take does: a count known to the compiler becomes vectors. */
static void scales_bend(const struct recipe *recipe, size_t count, uint16_t *bits)
{
    enum { STEP = STREAM_STEP_BYTES / sizeof(uint16_t) };
    uint16_t low = (uint16_t)recipe->low, span = (uint16_t)recipe->span;

    for (size_t done = 0; done < count; done += STEP, bits += STEP)
        for (size_t i = 0; i < STEP; i++)
            bits[i] = (uint16_t)(low + ((uint32_t)bits[i] * span >> 16));
}

static void halves_bend(const struct recipe *recipe, size_t count, uint16_t *bits)
{
    enum { STEP = STREAM_STEP_BYTES / sizeof(uint16_t) };
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

    for (size_t done = 0; done < count; done += STREAM_LANES, bits += STREAM_LANES)
        for (size_t i = 0; i < STREAM_LANES; i++)
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
    size_t value_bytes = type == DTYPE_Q8_0 ? BLOCK_K : BLOCK_K / 2, blocks = columns / BLOCK_K;
    enum stream_fix fix = type == DTYPE_Q8_0 ? FIX_BYTES : type == DTYPE_IQ4_NL ? FIX_NONE : FIX_NIBBLES;

    while (blocks) {
        size_t run = blocks < RUN_BLOCKS ? blocks : RUN_BLOCKS;

        stream_take(stream, FIX_NONE, run * sizeof *scales, scales);
        stream_take(stream, fix, run * value_bytes, values);
        if (out) {
            if (type == DTYPE_IQ4_NL)
                halves_bend(recipe, run, scales);
            else
                scales_bend(recipe, run, scales);
            if (type == DTYPE_Q8_0)
                blocks_assemble(false, scales, values, BLOCK_K, run, out);
            else
                blocks_assemble(type == DTYPE_Q4_1, scales, values, BLOCK_K / 2, run, out);
            out += run * dtype_info(type)->block_bytes;
        }
        blocks -= run;
    }
}

static void row_super(struct stream *stream, const struct recipe *recipe, enum dtype type, size_t columns, uint8_t *out)
{
    enum { RUN = RUN_BLOCKS / SUPER_BLOCKS };
    _Alignas(64) uint16_t scales[2 * RUN]; /* a whole step of the generator */
    _Alignas(64) uint8_t numbers[RUN * SUPER_K / 16], nibbles[RUN * SUPER_K / 2], high[RUN * SUPER_K / 4];
    size_t number_bytes = type == DTYPE_Q6_K ? SUPER_K / 16 : 8;
    size_t high_bytes = type == DTYPE_Q6_K ? SUPER_K / 4 : type == DTYPE_Q5_K ? SUPER_K / 8 : 0;

    for (size_t blocks = columns / SUPER_K, run; blocks; blocks -= run) {
        run = blocks < RUN ? blocks : RUN;
        stream_take(stream, FIX_NONE, run * sizeof *scales, scales);
        stream_take(stream, FIX_NONE, run * number_bytes, numbers);
        stream_take(stream, FIX_NIBBLES, run * SUPER_K / 2, nibbles);
        stream_take(stream, FIX_NONE, run * high_bytes, high);
        if (!out)
            continue;
        scales_bend(recipe, run, scales);
        for (size_t i = 0; i < run; i++, out += dtype_info(type)->block_bytes)
            super_assemble(type, scales[i], numbers + i * number_bytes, nibbles + i * SUPER_K / 2,
                           high + i * high_bytes, out);
    }
}

/* int8: the bytes, then their scale. */
static void row_channel(struct stream *stream, const struct recipe *recipe, size_t columns, uint8_t *out)
{
    _Alignas(64) uint32_t scales[STREAM_LANES];
    _Alignas(64) uint8_t values[RUN_BYTES];

    stream_take(stream, FIX_NONE, sizeof *scales, scales);
    for (size_t run; columns; columns -= run) {
        run = columns < RUN_BYTES ? columns : RUN_BYTES;
        stream_take(stream, FIX_BYTES, run, values);
        if (out) {
            memcpy(out, values, run);
            out += run;
        }
    }
    if (out) {
        uint32_t scale = recipe->low + (scales[0] & (recipe->span - 1)); /* the span is a power of two */
        memcpy(out, &scale, sizeof scale);
    }
}

/* f16 and bf16. */
static void row_halves(struct stream *stream, const struct recipe *recipe, size_t columns, uint8_t *out)
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
    case DTYPE_BF16:
        row_halves(stream, recipe, tensor->columns, out);
        break;
    case DTYPE_INT8:
        row_channel(stream, recipe, tensor->columns, out);
        break;
    case DTYPE_Q4_K:
    case DTYPE_Q5_K:
    case DTYPE_Q6_K:
        row_super(stream, recipe, tensor->type, tensor->columns, out);
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
            memcpy(out, recipe->divisors, recipe->row_bytes);
        return;
    }
    for (size_t group = first / PANEL_ROWS; group * PANEL_ROWS < end; group++) {
        struct stream stream;

        stream_seed(&stream, source->fill, source->seed, tensor, group);
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

static double tensor_deviation(const struct model *model, const struct tensor *tensor)
{
    switch (tensor->role) {
    case ROLE_TOKEN_EMBEDDING:
        return model->embedding_scale > 0 ? 1 / model->embedding_scale : 1;
    case ROLE_ATTENTION_OUTPUT:
    case ROLE_DOWN:
        return 1 / sqrt((double)tensor->columns * 2 * (double)model->layers);
    case ROLE_QUERY_BIAS:
    case ROLE_KEY_BIAS:
    case ROLE_VALUE_BIAS:
        return 0.1;
    default:
        return 1 / sqrt((double)tensor->columns);
    }
}

/* Mean square of a value in units of the scale, or of the smallest magnitude. */
static double type_variance(enum dtype type)
{
    switch (type) {
    case DTYPE_Q4_0:
    case DTYPE_Q4_1:
        return SPREAD_VARIANCE * NIBBLE_VARIANCE;
    case DTYPE_Q8_0:
    case DTYPE_INT8:
        return SPREAD_VARIANCE * BYTE_VARIANCE;
    case DTYPE_IQ4_NL:
        return SPREAD_VARIANCE * IQ4_NL_VARIANCE;
    case DTYPE_Q4_K:
        return SPREAD_VARIANCE * (NUMBER_VARIANCE * NIBBLE_VARIANCE + 64 * MINIMUM_VARIANCE);
    case DTYPE_Q5_K:
        return SPREAD_VARIANCE * (NUMBER_VARIANCE * FIVE_BIT_VARIANCE + 256 * MINIMUM_VARIANCE);
    case DTYPE_Q6_K:
        return SPREAD_VARIANCE * SIGNED_NUMBER_VARIANCE * SIX_BIT_VARIANCE;
    default:
        return SPREAD_VARIANCE;
    }
}

/* Scales of super-blocks, which are multiplied with a further number, mostly lie below the normal range of f16, where patterns are
 * spaced evenly: how much larger the root mean square of the patterns is than the one that SPREAD_VARIANCE stands for. */
static double excess_of_patterns(const struct recipe *recipe, float low)
{
    double squares = 0;

    if (!recipe->span)
        return 1;
    for (uint32_t i = 0; i < recipe->span; i++) {
        double value = half_to_float((uint16_t)(recipe->low + i));
        squares += value * value;
    }
    return sqrt(squares / recipe->span / SPREAD_VARIANCE) / low;
}

static void recipe_set_halves(struct recipe *recipe, float low)
{
    recipe->low = float_to_half(low);
    recipe->span = float_to_half(4 * low) - recipe->low;
}

/* Bounds of magnitudes or scales, such that the values have standard deviation `deviation`. */
static void recipe_set_spread(struct recipe *recipe, enum dtype type, double deviation)
{
    float low = (float)(deviation / sqrt(type_variance(type)));

    if (type == DTYPE_F32 || type == DTYPE_BF16 || type == DTYPE_INT8) {
        memcpy(&recipe->low, &low, sizeof low);
        recipe->span = 1 << 24;
        if (type == DTYPE_BF16) {
            recipe->low >>= 16;
            recipe->span >>= 16;
        }
    } else {
        recipe_set_halves(recipe, low);
        if (dtype_info(type)->block_elements == SUPER_K)
            recipe_set_halves(recipe, (float)(low / excess_of_patterns(recipe, low)));
    }
}

static void recipe_set(struct recipe *recipe, const struct model *model, const struct tensor *tensor)
{
    recipe->row_bytes = dtype_row_bytes(tensor->type, tensor->columns);
    switch (tensor->role) {
    case ROLE_ROPE_FREQS:
    case ROLE_ROPE_LONG:
    case ROLE_ROPE_SHORT:
        recipe->kind = RECIPE_DIVISORS;
        recipe->divisors = tensor->role == ROLE_ROPE_SHORT ? model->rope.short_divisors : model->rope.divisors;
        break;
    case ROLE_OUTPUT_NORM:
    case ROLE_ATTENTION_NORM:
    case ROLE_FFN_NORM:
    case ROLE_QUERY_NORM:
    case ROLE_KEY_NORM:
    case ROLE_POST_ATTENTION_NORM:
    case ROLE_POST_FFN_NORM:
        recipe->kind = RECIPE_NORM;
        break;
    default:
        recipe->kind = RECIPE_SPREAD;
        recipe_set_spread(recipe, tensor->type, tensor_deviation(model, tensor));
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
    source->fill = stream_choose_fill();
    for (size_t i = 0; i < model->tensor_count; i++)
        recipe_set(&source->recipes[i], model, &model->tensors[i]);
    *weights = &source->base;
    return STATUS_OK;
}

void synthetic_tokens(uint64_t seed, size_t vocabulary, size_t count, int32_t *tokens)
{
    for (size_t i = 0; i < count; i++)
        tokens[i] = (int32_t)((stream_mix(&seed) >> 32) * vocabulary >> 32);
}
