/* A language model as a shape: hyperparameters and the list of its tensors. No weights, no arithmetic. */
#ifndef POCKETMARK_WORKLOADS_MODEL_H
#define POCKETMARK_WORKLOADS_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/base.h"

/* What a tensor is for. Shapes are rows × columns; a row is contiguous and has as many elements as the input is wide,
 * so y = W·x is `rows` dot products of length `columns`. Vectors are one row. H heads, K key/value heads, d head size,
 * D hidden, F feed-forward, V vocabulary. */
enum role {
    ROLE_TOKEN_EMBEDDING, /* V × D  token_embd.weight */
    ROLE_OUTPUT_NORM,     /* 1 × D  output_norm.weight */
    ROLE_OUTPUT,          /* V × D  output.weight; absent when tied */
    ROLE_ROPE_FREQS, /* 1 × d/2  rope_freqs.weight: divisors of the rotation frequencies; absent without llama3 scaling */
    ROLE_ATTENTION_NORM,   /* 1 × D  blk.N.attn_norm.weight */
    ROLE_QUERY,            /* H·d × D  blk.N.attn_q.weight */
    ROLE_KEY,              /* K·d × D */
    ROLE_VALUE,            /* K·d × D */
    ROLE_ATTENTION_OUTPUT, /* D × H·d */
    ROLE_FFN_NORM,         /* 1 × D */
    ROLE_GATE,             /* F × D */
    ROLE_UP,               /* F × D */
    ROLE_DOWN,             /* D × F */
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

struct model {
    char name[64];         /* "llama-3.2-1b" */
    char architecture[32]; /* "llama" */
    char license[96];      /* empty: unknown */
    char source[512];      /* where the shape was read; empty for files */
    size_t vocabulary, hidden, layers, heads, kv_heads, head_size, feed_forward, context_tokens;
    double norm_epsilon, rope_base;
    size_t rope_dimensions; /* the first so many of a head's dimensions are rotated, in pairs (2i, 2i+1) */
    float rope_divisors[MODEL_HEAD_SIZE_MAX / 2]; /* frequency i is divided by [i]; all 1 without scaling */
    bool rope_scaled;       /* rope_divisors came from the model (tensor ROLE_ROPE_FREQS exists) */
    bool tied;              /* the output matrix is the token embedding */
    struct tensor *tensors; /* in file order; owned */
    size_t tensor_count;
};

/* Directory of the model descriptions: $POCKETMARK_DATA/models, else beside the installed program, else beside the
 * sources the program was built from. The storage belongs to the calling thread and holds until its next call. */
const char *model_directory(void);

/* Reads workloads/models/NAME.json. Strict: unknown, missing, duplicate or contradicting keys are refused by file and
 * key. An unknown NAME is STATUS_MISUSE and suggests the nearest one. Types of the tensors are not set: see
 * model_set_types. The caller frees with model_free. */
enum status model_load(struct model *model, const char *name, struct error *error);

/* The same from text in memory; `origin` names it in errors. For tests and the fuzzer. */
enum status model_parse(struct model *model, const char *text, size_t length, const char *origin, struct error *error);

/* Lays out the tensors of the model's architecture in file order (names, roles, shapes; type f32), from the
 * hyperparameters, rope_scaled and tied; rope divisors that are not in use become 1. Used by both readers.
 * STATUS_UNSUPPORTED for an unknown architecture, STATUS_FORMAT for shapes out of range or in contradiction to each
 * other, STATUS_MEMORY. */
enum status model_lay_out(struct model *model, struct error *error);

/* Every matrix gets type `matrices`, the output matrix (the embedding when tied) `output`, vectors f32.
 * STATUS_FORMAT where a row is not a whole number of blocks, naming the tensor. */
enum status model_set_types(struct model *model, enum dtype matrices, enum dtype output, struct error *error);

/* First tensor of that role and layer (−1: of the whole model), NULL where the model has none. */
const struct tensor *model_tensor(const struct model *model, enum role role, int layer);

/* The matrix that makes the logits: ROLE_OUTPUT, or the embedding when tied. */
const struct tensor *model_output(const struct model *model);

uint64_t model_parameter_count(const struct model *model); /* elements of all tensors but rope_freqs */
uint64_t model_stored_bytes(const struct model *model); /* bytes of all tensors in the file format, without padding */

/* Calls visit(name, context) for each described model in alphabetical order. STATUS_IO names the folder. */
enum status model_list(void (*visit)(const char *name, void *context), void *context, struct error *error);

void model_free(struct model *model);

#endif
