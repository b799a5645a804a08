/* From the keys of a GGUF file to the hyperparameters of a model, and back. */
#ifndef POCKETMARK_WORKLOADS_GGUF_KEYS_H
#define POCKETMARK_WORKLOADS_GGUF_KEYS_H

#include "workloads/gguf_head.h"
#include "workloads/gguf_parts.h"
#include "workloads/model.h"

/* Fills all of `model`, which must be zeroed, but its tensors and rope divisors; model_lay_out judges the values. The
 * keys are those of the first part. The name is general.name, else taken from the path `origin`. STATUS_FORMAT or
 * STATUS_UNSUPPORTED names the key. */
enum status gguf_read_keys(struct model *model, const struct gguf_parts *parts, const char *origin,
                           struct error *error);

/* The part of it that fills model->rope but its base, from rope.* keys and the presence of divisors among the tensors.
 * */
enum status gguf_read_rope(struct model *model, const struct gguf_parts *parts, struct error *error);

/* The pair of key "ARCHITECTURE.name", NULL where there is none. */
const struct gguf_pair *gguf_model_pair(const struct model *model, const struct gguf_parts *parts, const char *name);

/* A count that fits 32 bits. */
enum status gguf_pair_size(const struct gguf_pair *pair, size_t *value, struct error *error);

/* The opposite of gguf_read_keys for a model that is laid out: the keys of its architecture but for general.* ones; what the
 * architecture fixes is left out. */
void gguf_write_keys(struct gguf_head *head, const struct model *model);

/* The part of it that gguf_read_rope reads. */
void gguf_write_rope(struct gguf_head *head, const struct model *model);

#endif
