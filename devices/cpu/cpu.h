/* The CPU engine's state, shared by the files of this folder. */
#ifndef POCKETMARK_DEVICES_CPU_CPU_H
#define POCKETMARK_DEVICES_CPU_CPU_H

#include "devices/buffer.h"
#include "devices/cpu/matrix.h"
#include "devices/engine.h"
#include "devices/threads.h"

enum { CPU_ROTATIONS = 2 /* tables of angles: of global layers (and all where there is one kind), of local ones */ };

/* Weights of one layer. What the architecture or the layer does not have is NULL, or a matrix of no rows. Matrices that a file
 * holds fused are apart here. */
struct cpu_layer {
    struct layer shape;
    size_t rotation; /* index of the table of angles */
    const float *attention_norm, *post_attention_norm, *ffn_norm, *post_ffn_norm;
    const float *query_bias, *key_bias, *value_bias, *query_norm, *key_norm;
    struct matrix query, key, value, output, gate, up, down;
};

/* What decides the size of a cache. */
struct cpu_cache_plan {
    enum dtype type; /* DTYPE_F16 or DTYPE_Q8_0 */
    size_t context_tokens, batch_tokens;
};

/* Key/value cache in the layouts of struct attend. Layers of their own keys and values have room for `capacity` tokens: position p
 * lies at p % capacity. Where a window limits what is seen, capacity is window + batch − 1 tokens (all that the tokens of a
 * batch see), else the context; both in whole ATTEND_BLOCKs. */
struct cpu_cache {
    struct buffer buffer;
    struct cpu_cache_plan plan;
    struct cpu_cache_layer {
        size_t capacity, offset; /* offset: bytes in the buffer */
    } layers[MODEL_LAYERS_MAX];
    size_t length; /* tokens in the cache */
    size_t marked;
    size_t primed; /* tokens before this one are the synthetic ones of `seed` */
    uint64_t seed;
    struct buffer saved; /* the rings as they were at the mark; no data where they need not be or can be primed anew */
};

/* Working memory of a batch; `stride` floats from token to token where a name says so. */
struct cpu_scratch {
    struct buffer buffer;
    size_t hidden_stride, query_stride, kv_stride, ffn_stride;
    float *x, *branch;          /* [batch][hidden_stride]: residual stream, and what a branch adds to it */
    float *query, *key, *value; /* [batch][query_stride], [batch][kv_stride] */
    float *attended;            /* [batch][query_stride] */
    float *gate, *up;           /* [batch][ffn_stride] */
    float *cosine[CPU_ROTATIONS], *sine[CPU_ROTATIONS]; /* [batch][rope.dimensions/2] */
    float *query_factor; /* [batch]: softmax scale × log2(e) × the position's factor of queries */
    float *logits;       /* [vocabulary, padded to a panel] */
    uint8_t *tiles;      /* activation tiles of a batch */
    struct cpu_thread_scratch {
        uint8_t *tile;              /* activation tile of one token */
        float *normed;              /* [widest input of any matrix] */
        void *gemm;                 /* matrix_scratch_bytes of any matrix */
        float *query, *key, *value; /* one token's [heads][head_size], [kv_heads][head_size] */
        float *attend_queries, *attend_scratch;
        struct cpu_part { /* attention of one key/value head's queries over a part of the positions */
            float *out;   /* [ATTEND_ROWS_MAX][head_size] */
            float *maximum, *sum;
        } parts[2]; /* a thread shares at most its first and its last head with others */
    } * threads;
};

struct cpu_trial; /* see trial.h */

struct cpu {
    const struct host *host;
    isa_set isa;
    size_t batch_tokens, context_tokens;
    enum dtype kv_type;
    struct threads *threads;
    struct gemv_tuning tuning; /* of one-token products; tuned: by a trial at load */
    bool tuned, may_tune;
    bool as_stored; /* matrices are read where a file's mapping has them, where there are kernels for that */
    const struct kernel *attend, *norm, *rotate, *gate, *cap;
    const struct model *model;
    bool exact; /* weights are floats, and attention is as exact as they are */
    struct buffer weights;
    size_t mapped_bytes;             /* of matrices that are not in that buffer but in the file */
    struct matrix embedding, output; /* the same when tied */
    const float *output_norm;
    struct cpu_layer *layers;
    struct cpu_rotation {
        double *frequencies; /* [rope.dimensions/2] radians per position; NULL: no layer uses it */
        double magnitude;    /* factor of cosine and sine */
    } rotations[CPU_ROTATIONS];
    struct cpu_cache cache;
    struct cpu_scratch scratch;
    struct cpu_best { /* best logit of the rows that a thread has computed */
        float value;
        int32_t token;
    } best[HOST_CPUS_MAX];
    struct cpu_trial *trial;
};

/* packed.c: all weights of a model in one buffer, but for those that stay in a file. cpu_pack_bytes is what cpu_pack will allocate,
 * *mapped_bytes (may be NULL) what stays. */
size_t cpu_pack_bytes(const struct model *model, isa_set isa, bool as_stored, size_t *mapped_bytes);
enum status cpu_pack(struct cpu *cpu, const struct weights *weights, struct error *error);

/* cache.c */
size_t cpu_cache_bytes(const struct model *model, const struct cpu_cache_plan *plan);
enum status cpu_cache_open(struct cpu *cpu, struct error *error);
void cpu_cache_close(struct cpu *cpu);
/* As allocated, what a mark has saved included. */
uint64_t cpu_cache_allocated_bytes(const struct cpu *cpu);
/* Sets the keys, values and capacity of an attend to those that `layer` reads for a key/value head. */
void cpu_cache_view(const struct cpu *cpu, size_t layer, size_t head, struct attend *attend);
/* Stores one token's key and value of one head of a layer, as they meet the queries. */
void cpu_cache_store(const struct cpu *cpu, size_t layer, size_t head, size_t position, const float *key,
                     const float *value);

/* mark.c. Priming fills positions below `depth` with finite pseudo-random keys and values (a ring gets those it can hold), sets the
 * length and forgets a mark. Going back to a mark brings back what the rings have lost since. */
void cpu_cache_prime(struct cpu *cpu, size_t depth, uint64_t seed);
enum status cpu_cache_mark(struct cpu *cpu, struct error *error);
void cpu_cache_restore(struct cpu *cpu);

/* scratch.c */
size_t cpu_scratch_bytes(const struct model *model, isa_set isa, bool as_stored, size_t batch_tokens, size_t threads);
enum status cpu_scratch_open(struct cpu *cpu, struct error *error);

/* attention.c: norms and rotates this layer's queries and keys, stores keys and values, and attends; `tokens` tokens from `position`
 * on. Called by all threads; they have met before, and must meet after it. */
void cpu_attention(struct cpu *cpu, size_t layer, size_t thread, size_t position, size_t tokens);

/* forward.c: appends the tokens to the cache; leaves the last token's logits in scratch.logits and returns their argmax. */
int32_t cpu_forward(struct cpu *cpu, const int32_t *tokens, size_t count);

#endif
