/* The CPU engine's state, shared by the files of this folder. */
#ifndef POCKETMARK_DEVICES_CPU_CPU_H
#define POCKETMARK_DEVICES_CPU_CPU_H

#include "devices/buffer.h"
#include "devices/cpu/matrix.h"
#include "devices/engine.h"
#include "devices/threads.h"

enum { CPU_BATCH_TOKENS = 512 }; /* default of a prefill's batch: llama.cpp's micro-batch, so that figures compare */

struct cpu_layer {
    const float *attention_norm, *ffn_norm;
    struct matrix query, key, value, output, gate, up, down;
};

/* Key/value cache of all layers, f16. Per layer and key/value head: keys [position/16][head_size][16], then per layer and head:
 * values [position][head_size]. */
struct cpu_cache {
    struct buffer buffer;
    size_t capacity; /* tokens, a multiple of ATTEND_BLOCK */
    size_t length;   /* tokens in the cache */
    size_t marked;
};

/* Working memory of a batch; `stride` floats from token to token where a name says so. */
struct cpu_scratch {
    struct buffer buffer;
    size_t hidden_stride, query_stride, kv_stride, ffn_stride;
    float *x, *branch;          /* [batch][hidden_stride]: residual stream, and what a branch adds to it */
    float *query, *key, *value; /* [batch][query_stride], [batch][kv_stride] */
    float *attended;            /* [batch][query_stride] */
    float *gate, *up;           /* [batch][ffn_stride] */
    float *cosine, *sine;       /* [batch][rope_dimensions/2] */
    float *logits;              /* [vocabulary, padded to a panel] */
    uint8_t *tiles;             /* activation tiles of a batch */
    struct cpu_thread_scratch {
        uint8_t *tile; /* activation tile of one token */
        float *normed; /* [widest input of any matrix] */
        void *gemm;    /* GEMM_SCRATCH_BYTES */
        float *attend_queries, *attend_out, *attend_scratch;
    } * threads;
};

struct cpu_trial; /* see trial.h */

struct cpu {
    const struct host *host;
    isa_set isa;
    size_t batch_tokens, context_tokens;
    struct threads *threads;
    const struct kernel *attend, *norm, *rotate, *gate;
    const struct model *model;
    struct buffer weights;
    struct matrix embedding, output; /* the same when tied */
    const float *output_norm;
    struct cpu_layer *layers;
    double *frequencies; /* [rope_dimensions/2] radians per position */
    struct cpu_cache cache;
    struct cpu_scratch scratch;
    struct { /* best logit of each thread's rows */
        float value;
        int32_t token;
    } best[HOST_CPUS_MAX];
    struct cpu_trial *trial;
};

/* packed.c: all weights of a model in one buffer. cpu_pack_bytes is what cpu_pack will allocate. */
size_t cpu_pack_bytes(const struct model *model, isa_set isa);
enum status cpu_pack(struct cpu *cpu, const struct weights *weights, struct error *error);

/* cache.c */
size_t cpu_cache_bytes(const struct model *model, size_t context_tokens);
enum status cpu_cache_open(struct cpu *cpu, struct error *error);
/* Keys and values of one layer and key/value head, from position 0. */
uint16_t *cpu_cache_keys(const struct cpu *cpu, size_t layer, size_t head);
uint16_t *cpu_cache_values(const struct cpu *cpu, size_t layer, size_t head);
/* Stores one token's key and value of one head, already rotated. */
void cpu_cache_store(const struct cpu *cpu, size_t layer, size_t head, size_t position, const float *key,
                     const float *value);
/* Fills positions below `depth` with finite pseudo-random keys and values and sets the length. */
void cpu_cache_prime(struct cpu *cpu, size_t depth, uint64_t seed);

/* scratch.c */
size_t cpu_scratch_bytes(const struct model *model, isa_set isa, size_t batch_tokens, size_t threads);
enum status cpu_scratch_open(struct cpu *cpu, struct error *error);

/* attention.c: rotates this layer's queries and keys, stores keys and values, and attends; `tokens` tokens from `position` on.
 * Called by all threads; they have met before, and must meet after it. */
void cpu_attention(struct cpu *cpu, size_t layer, size_t thread, size_t position, size_t tokens);

/* forward.c: appends the tokens to the cache; leaves the last token's logits in scratch.logits and returns their argmax. */
int32_t cpu_forward(struct cpu *cpu, const int32_t *tokens, size_t count);

#endif
