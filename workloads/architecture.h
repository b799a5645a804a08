/* An architecture: what one of its layers does, as data. The forward passes (the engine's and the oracle's) read this table and
 * know no architecture by name; one that differs only in known features is one row and its tensors. */
#ifndef POCKETMARK_WORKLOADS_ARCHITECTURE_H
#define POCKETMARK_WORKLOADS_ARCHITECTURE_H

#include <stdbool.h>
#include <stddef.h>

/* Which elements of a head are rotated together, n being the number of rotated dimensions. */
enum pairing { PAIRING_NEIGHBOURS /* (2i, 2i+1) */, PAIRING_HALVES /* (i, i+n/2) */ };

/* Feed-forward network: down(activation(gate·x) ⊙ up·x). */
enum activation { ACTIVATION_SILU, ACTIVATION_GELU_TANH /* 0.5x(1+tanh(√(2/π)(x+0.044715x³))) */ };

/* RMSNorm of queries and keys. */
enum qk_norm {
    QK_NORM_NONE,
    QK_NORM_HEAD,         /* each head by itself, before the rotation; weights of one head */
    QK_NORM_HEAD_ROTATED, /* each head by itself, after the rotation */
    QK_NORM_WIDE,         /* all heads together, before the rotation; weights of all heads */
};

struct slot; /* a tensor of the architecture: see layout.h */

struct architecture {
    const char *name; /* general.architecture of a GGUF file */
    const struct slot *slots;
    size_t slot_count;
    enum pairing pairing;
    enum activation activation;
    enum qk_norm qk_norm;
    bool pre_norm;      /* a branch works on norm(x) (attention_norm, ffn_norm); without: on x itself */
    bool post_norm;     /* a branch's result is normed before it is added (post_attention_norm, post_ffn_norm) */
    bool fused_qkv;     /* ROLE_QKV holds the rows of queries, keys, values, in this order */
    bool fused_gate_up; /* ROLE_GATE_UP holds the rows of gate, then up */
    bool qkv_bias;      /* ROLE_QUERY_BIAS, ROLE_KEY_BIAS, ROLE_VALUE_BIAS are added */
    bool rounds_kv;     /* keys and values are rounded to 8 bits with one scale per tensor (AFM) */
};

#endif
