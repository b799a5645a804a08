/* From the keys of a GGUF file to the hyperparameters of a model. */
#ifndef POCKETMARK_WORKLOADS_GGUF_KEYS_H
#define POCKETMARK_WORKLOADS_GGUF_KEYS_H

#include "workloads/gguf_index.h"
#include "workloads/model.h"

/* Fills all of `model`, which must be zeroed, but its tensors and rope divisors; model_lay_out judges the values. The name
 * is general.name, else taken from the path `origin`. STATUS_FORMAT or STATUS_UNSUPPORTED names the key. */
enum status gguf_read_keys(struct model *model, const struct gguf_index *index, const char *origin,
                           struct error *error);

#endif
