/* A language model as a shape: hyperparameters and the list of its tensors. No weights, no arithmetic. */
#ifndef POCKETMARK_WORKLOADS_MODEL_H
#define POCKETMARK_WORKLOADS_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/base.h"
#include "workloads/architecture.h"

/* What a tensor is for. Shapes are rows × columns; a row is contiguous and has as many elements as the input is wide,
 * so y = W·x is `rows` dot products of length `columns`. Vectors are one row. H heads, K key/value heads, d head size,
 * D hidden, F feed-forward, V vocabulary. */
enum role {
    ROLE_TOKEN_EMBEDDING, /* V × D  token_embd.weight */
    ROLE_OUTPUT_NORM,     /* 1 × D  output_norm.weight */
    ROLE_OUTPUT,          /* V × D  output.weight; absent when tied */
    /* 1 × d/2  rope_freqs.weight: divisors of the rotation frequencies; absent without llama3 scaling */
    ROLE_ROPE_FREQS,
    ROLE_ATTENTION_NORM,      /* 1 × D  blk.N.attn_norm.weight */
    ROLE_QUERY,               /* H·d × D  blk.N.attn_q.weight */
    ROLE_KEY,                 /* K·d × D */
    ROLE_VALUE,               /* K·d × D */
    ROLE_ATTENTION_OUTPUT,    /* D × H·d */
    ROLE_FFN_NORM,            /* 1 × D */
    ROLE_GATE,                /* F × D */
    ROLE_UP,                  /* F × D */
    ROLE_DOWN,                /* D × F */
    ROLE_QKV,                 /* (H+2K)·d × D  blk.N.attn_qkv.weight: queries, keys, values */
    ROLE_GATE_UP,             /* 2F × D  blk.N.ffn_up.weight: gate, up */
    ROLE_QUERY_BIAS,          /* 1 × H·d  blk.N.attn_q.bias */
    ROLE_KEY_BIAS,            /* 1 × K·d */
    ROLE_VALUE_BIAS,          /* 1 × K·d */
    ROLE_QUERY_NORM,          /* 1 × d, or 1 × H·d where norms are wide: blk.N.attn_q_norm.weight */
    ROLE_KEY_NORM,            /* 1 × d, or 1 × K·d */
    ROLE_POST_ATTENTION_NORM, /* 1 × D */
    ROLE_POST_FFN_NORM,       /* 1 × D  blk.N.post_ffw_norm.weight */
    ROLE_ROPE_LONG,           /* 1 × n/2  rope_factors_long.weight */
    ROLE_ROPE_SHORT,          /* 1 × n/2  rope_factors_short.weight */
    ROLE_COUNT
};

struct tensor {
    enum role role;
    int layer; /* −1 for the tensors of the whole model */
    size_t rows, columns;
    enum dtype type;
    char name[64]; /* as in a GGUF file */
};

enum { MODEL_LAYERS_MAX = 512, MODEL_HEAD_SIZE_MAX = 512 };

/* How rotation frequencies are changed for long contexts. */
enum rope_scaling { ROPE_PLAIN, ROPE_LLAMA3, ROPE_LINEAR, ROPE_YARN, ROPE_LONGROPE };

struct rope {
    double base;       /* frequency i is base^(−2i/dimensions) before any scaling */
    size_t dimensions; /* the first so many of a head's dimensions are rotated */
    enum rope_scaling scaling;
    double factor; /* linear and yarn: positions are stretched by this much; 1 otherwise */
    /* yarn: rotations within the original context where the ramp begins and ends. */
    double yarn_beta_fast, yarn_beta_slow;
    /* Factor of the rotated values: yarn's as the file means it, all of it (1 for mistral3); longrope's attn_factor;
     * else 1. */
    double magnitude;
    size_t original_context_tokens; /* yarn, longrope and temperature_scale; 0 otherwise */
    /* llama3: divisors of the frequencies (tensor ROLE_ROPE_FREQS); longrope: divisors beyond the original context. */
    float divisors[MODEL_HEAD_SIZE_MAX / 2];
    float short_divisors[MODEL_HEAD_SIZE_MAX / 2]; /* longrope: divisors within the original context */
};

struct model {
    char name[64];                           /* "llama-3.2-1b" */
    char architecture_name[32];              /* "llama" */
    const struct architecture *architecture; /* its row; set by model_lay_out */
    char license[96];                        /* empty: unknown */
    char source[512];                        /* where the shape was read; empty for files */
    bool inexact;                            /* parts of the shape are unconfirmed; `source` says which */
    size_t vocabulary, hidden, layers, heads, kv_heads, head_size, feed_forward, context_tokens;
    double norm_epsilon;
    bool tied; /* the output matrix is the token embedding */

    struct rope rope;       /* of global layers */
    double local_rope_base; /* local layers: plain rope of this base; 0: as the global ones */
    size_t window;          /* local layers see that many last tokens, themselves included; 0: none is local */
    /* Layer i is global where i % period == offset; period 1: all are global, 0: none is. */
    size_t global_period, global_offset;
    size_t unrotated_period; /* layer i with (i+1) % period == 0 has no rotation; 0: all are rotated */
    /* Layers from this one on have no keys and values and read those of the layer before it; 0: none. */
    size_t kv_shared_from;

    double embedding_scale, residual_scale;  /* x = scale · embedding; x += scale · branch; 1 in most */
    double attention_scale;                  /* of q·k before the softmax: 1/√d in most */
    double logit_divisor;                    /* logits are divided by it; 1 in most */
    double attention_softcap, logit_softcap; /* s = cap · tanh(s/cap); 0: no cap */
    double temperature_scale; /* q is multiplied by 1 + this · ln(1 + floor(position / original context)); 0: not */

    struct tensor *tensors; /* in file order; owned */
    size_t tensor_count;
};

/* What the layer at index `layer` does that its neighbours may not. */
struct layer {
    size_t window; /* 0: sees everything before it */
    bool rotated;
    size_t kv_layer; /* whose keys and values it reads: itself, or an earlier one */
    bool own_kv;     /* kv_layer == layer */
    const struct architecture *architecture;
};
struct layer model_layer(const struct model *model, size_t layer);

/* Rotation of a layer for a run whose context is `context_tokens` long (it decides longrope's divisors for the whole
 * run): radians per position of each of rope.dimensions/2 pairs, and the factor of cosine and sine. Formulas and
 * sources: rope.c. */
void model_rope(const struct model *model, size_t layer, size_t context_tokens, double *frequencies, double *magnitude);

/* Factor of q at a position (temperature_scale), 1 in most models. */
double model_query_factor(const struct model *model, size_t position);

/* Directory of the model descriptions: $POCKETMARK_DATA/models, else beside the installed program, else beside the
 * sources the program was built from. The storage belongs to the calling thread and holds until its next call. */
const char *model_directory(void);

/* Reads workloads/models/NAME.json. Strict: unknown, missing, duplicate or contradicting keys are refused by file and
 * key. An unknown NAME is STATUS_MISUSE and suggests the nearest one. Types of the tensors are not set: see
 * model_set_types. The caller frees with model_free. */
enum status model_load(struct model *model, const char *name, struct error *error);

/* The same from text in memory; `origin` names it in errors. For tests and the fuzzer. */
enum status model_parse(struct model *model, const char *text, size_t length, const char *origin, struct error *error);

/* Lays out the tensors of architecture_name in file order (names, roles, shapes; type f32), from the hyperparameters;
 * sets `architecture`, and what a reader left 0 to its neutral value (scales 1, attention_scale 1/√d, divisors 1,
 * global_period 1 without a window). Used by both readers. STATUS_UNSUPPORTED for an unknown architecture,
 * STATUS_FORMAT for shapes out of range or in contradiction to each other, STATUS_MEMORY. */
enum status model_lay_out(struct model *model, struct error *error);

/* Leaves the first `layers` of a model that was laid out and has no types yet: the same work by the layer, of fewer layers.
 * STATUS_MISUSE where it has not so many. */
enum status model_cut(struct model *model, size_t layers, struct error *error);

/* Every matrix gets type `matrices`, the output matrix (the embedding when tied) `output`, vectors f32.
 * STATUS_FORMAT where a row is not a whole number of blocks, naming the tensor. */
enum status model_set_types(struct model *model, enum dtype matrices, enum dtype output, struct error *error);

/* The usual mix of types by the name of a quantisation: "q4_k_m", "q8_0", "q4_0", … as llama.cpp's quantiser assigns
 * them without an importance matrix, for the names that are a mix; a plain type name gives every matrix that type.
 * `output`: type of the output matrix, NULL: what the mix says. Where its rows, or those of a matrix of a mix, are no
 * whole number of a K type's blocks, a type of 32 elements takes its place, as in that quantiser (which ones:
 * quantise.c). STATUS_MISUSE for an unknown name (suggests the nearest), STATUS_FORMAT as model_set_types. */
enum status model_quantise(struct model *model, const char *quantisation, const enum dtype *output,
                           struct error *error);

/* Whether any tensor has a quantised type. */
bool model_quantised(const struct model *model);

/* First tensor of that role and layer (−1: of the whole model), NULL where the model has none. */
const struct tensor *model_tensor(const struct model *model, enum role role, int layer);

/* The matrix that makes the logits: ROLE_OUTPUT, or the embedding when tied. */
const struct tensor *model_output(const struct model *model);

uint64_t model_parameter_count(const struct model *model); /* elements of all tensors but rotation divisors */
uint64_t model_stored_bytes(const struct model *model); /* bytes of all tensors in the file format, without padding */

/* Calls visit(name, context) for each described model in alphabetical order. STATUS_IO names the folder. */
enum status model_list(void (*visit)(const char *name, void *context), void *context, struct error *error);

void model_free(struct model *model);

#endif
