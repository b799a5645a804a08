/* Weights out of nothing: deterministic in the seed, identical on every instruction set and thread count. */
#ifndef POCKETMARK_WORKLOADS_SYNTHETIC_H
#define POCKETMARK_WORKLOADS_SYNTHETIC_H

#include <stdint.h>

#include "workloads/weights.h"

/* Generator for `model`, which must outlive it and have its types set. Values are scaled so that activations stay finite
 * through every layer (reference for the distribution: see synthetic.c). STATUS_MEMORY. */
enum status synthetic_open(struct weights **weights, const struct model *model, uint64_t seed, struct error *error);

/* `count` token ids below `vocabulary`, the same for the same seed. */
void synthetic_tokens(uint64_t seed, size_t vocabulary, size_t count, int32_t *tokens);

#endif
