/* Frequencies of the rotary position embedding and its stretchings for long contexts. θ_i = base^(−2i/n) for n rotated
 * dimensions.
 *   llama3, longrope: θ_i / divisor_i (Llama 3.1's reference code; LongRoPE, arXiv 2402.13753)
 *   linear:           θ_i / factor (position interpolation, arXiv 2306.15595)
 *   yarn:             a blend of the plain and the linear one by how often a dimension turns within the original
 *                     context (NTK-by-parts, arXiv 2309.00071, section 3.2); the ramp's ends fall on whole dimensions
 * The temperature of queries at far positions: Llama 4's, as Ministral 3 has it. */
#include <math.h>

#include "workloads/model.h"

/* The dimension, counted in pairs, that turns `turns` times within the original context. */
static double dimension_of(const struct rope *rope, double turns)
{
    double original = (double)rope->original_context_tokens, pi = acos(-1.0);

    return (double)rope->dimensions * log(original / (2 * pi * turns)) / (2 * log(rope->base));
}

/* Share of the plain frequency in pair i: 1 where it turns often, 0 where it turns hardly. */
static double yarn_share(const struct rope *rope, size_t pair)
{
    double low = fmax(0, floor(dimension_of(rope, rope->yarn_beta_fast)));
    double high = fmin((double)rope->dimensions - 1, ceil(dimension_of(rope, rope->yarn_beta_slow)));
    double ramp = ((double)pair - low) / fmax(0.001, high - low);

    return 1 - fmin(fmax(ramp, 0), 1);
}

void model_rope(const struct model *model, size_t layer, size_t context_tokens, double *frequencies, double *magnitude)
{
    const struct rope *rope = &model->rope;
    bool apart = model->local_rope_base > 0 && model_layer(model, layer).window > 0;
    const float *divisors = rope->scaling == ROPE_LONGROPE && context_tokens <= rope->original_context_tokens
                                ? rope->short_divisors
                                : rope->divisors;

    for (size_t i = 0; i < rope->dimensions / 2; i++) {
        double exponent = -2.0 * (double)i / (double)rope->dimensions;
        double plain = pow(apart ? model->local_rope_base : rope->base, exponent), share;

        frequencies[i] = plain;
        if (apart)
            continue;
        switch (rope->scaling) {
        case ROPE_PLAIN:
            break;
        case ROPE_LLAMA3:
        case ROPE_LONGROPE:
            frequencies[i] = plain / (double)divisors[i];
            break;
        case ROPE_LINEAR:
            frequencies[i] = plain / rope->factor;
            break;
        case ROPE_YARN:
            share = yarn_share(rope, i);
            frequencies[i] = plain / rope->factor * (1 - share) + plain * share;
            break;
        }
    }
    *magnitude = apart ? 1 : rope->magnitude;
}

double model_query_factor(const struct model *model, size_t position)
{
    if (model->temperature_scale == 0)
        return 1;
    return 1 + model->temperature_scale * log1p((double)(position / model->rope.original_context_tokens));
}
