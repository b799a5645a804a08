/* Work of a model in multiply-accumulates (MACs) and bytes, from its shape alone. The one place of these formulas. */
#ifndef POCKETMARK_WORKLOADS_COST_H
#define POCKETMARK_WORKLOADS_COST_H

#include <stddef.h>
#include <stdint.h>

#include "workloads/model.h"

/* MACs of a prefill of `tokens` tokens behind `depth` cached ones: linear layers × tokens, causal attention (2·H·d MACs
 * per pair of query and key that its layer's window lets it see), the output matrix once. */
uint64_t cost_prefill_macs(const struct model *model, size_t tokens, size_t depth);

/* The first two parts of that. */
uint64_t cost_linear_macs(const struct model *model, size_t tokens);
uint64_t cost_attention_macs(const struct model *model, size_t tokens, size_t depth);

/* Values that enter and leave the matrices of all layers for each token: the sum of their rows and columns. */
uint64_t cost_linear_values(const struct model *model);

/* Bytes one decode step at `position` (0-based) must read: stored bytes of every matrix used (an untied embedding: one
 * row; a tied one: once) plus, for each layer, K and V of min(position+1, window) tokens at kv_element_bytes each:
 * those of another layer where it has none of its own. */
uint64_t cost_decode_bytes(const struct model *model, size_t position, double kv_element_bytes);

/* The two parts of that. */
uint64_t cost_weight_bytes(const struct model *model);
uint64_t cost_cache_bytes(const struct model *model, size_t position, double kv_element_bytes);

/* MACs and stored weight bytes of one matmul of rows × columns weights with `tokens` activations. */
uint64_t cost_matmul_macs(size_t rows, size_t columns, size_t tokens);
uint64_t cost_matmul_bytes(enum dtype type, size_t rows, size_t columns);

/* Bytes of K and V of one token over all layers that keep their own, windows left aside. */
uint64_t cost_kv_bytes_per_token(const struct model *model, double kv_element_bytes);

#endif
