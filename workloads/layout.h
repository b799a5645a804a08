/* What the readers of models share: which architectures there are, what their tensors are and what they fix. See also
 * model_lay_out. */
#ifndef POCKETMARK_WORKLOADS_LAYOUT_H
#define POCKETMARK_WORKLOADS_LAYOUT_H

#include "workloads/model.h"

/* Rows or columns of a tensor, as an expression in the model's hyperparameters. */
enum extent {
    EXTENT_ONE,
    EXTENT_HIDDEN,
    EXTENT_VOCABULARY,
    EXTENT_HEAD,    /* one head */
    EXTENT_QUERY,   /* all query heads side by side */
    EXTENT_KV,      /* all key/value heads side by side */
    EXTENT_QKV,     /* queries, keys and values side by side */
    EXTENT_FORWARD, /* inside of the feed-forward network */
    EXTENT_GATE_UP, /* twice that: gate and up side by side */
    EXTENT_ROPE_PAIRS,
};

/* WHEN_OWN_KV: in layers that do not read the keys and values of another one. */
enum presence { ALWAYS, WHEN_UNTIED, WHEN_OWN_KV, WHEN_LLAMA3, WHEN_LONGROPE };

/* One tensor of an architecture. Neighbouring rows with per_layer set are repeated together for every layer. */
struct slot {
    enum role role;
    bool per_layer;
    enum extent rows, columns;
    enum presence presence;
    const char *name; /* behind "blk.N." where per_layer is set */
};

/* What an architecture fixes for all its models, so that no file says it. 0 and false: nothing. */
struct layout_constants {
    bool embedding_by_width; /* the embedding is multiplied by √hidden */
    double local_rope_base;
    size_t global_period, global_offset; /* of models with a window */
    size_t unrotated_period;
    size_t
        width_scaled_layers; /* a model of so many layers scales attention by 1/√(hidden/heads), not 1/√(head size) */
    bool described_only;     /* no GGUF file of it exists */
};

/* Row of the table of architectures; NULL where there is none of that name. */
const struct architecture *layout_architecture(const char *name);
const struct layout_constants *layout_constants(const char *name);

bool layout_has_role(const struct architecture *architecture, enum role role);

/* Is the word one of a list that is separated by spaces? */
bool layout_is_among(const char *word, const char *list);

/* STATUS_UNSUPPORTED, naming the ones that are known, where `architecture` is not among them. */
enum status layout_check_architecture(const char *architecture, struct error *error);

/* Fills the fields of layout_constants that are still 0, from the architecture, hidden, heads, layers and window. For
 * readers, before model_lay_out, which itself takes 0 for neutral. The architecture must be a known one. */
void layout_set_constants(struct model *model);

/* Norms, biases and rotation divisors: one row, stored as f32 in every file. Everything else is a matrix. */
bool layout_is_vector(enum role role);

/* Rotation divisors, which are no parameters. */
bool layout_is_divisor(enum role role);

/* STATUS_FORMAT, naming the first that is not finite and above 0, among the divisors that are in use. */
enum status layout_check_divisors(const struct model *model, struct error *error);

#endif
