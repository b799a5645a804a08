/* Builds small GGUF files in memory from a plan that a test may bend before it is written. */
#ifndef POCKETMARK_TESTS_GGUF_BUILDER_H
#define POCKETMARK_TESTS_GGUF_BUILDER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAN_PAIRS_MAX = 32, PLAN_TENSORS_MAX = 48, PLAN_ALIGNMENT = 32 };

/* Numbers of value types and tensor types, as in a file. */
enum { V_U8, V_I8, V_U16, V_I16, V_U32, V_I32, V_F32, V_BOOL, V_STRING, V_ARRAY, V_U64, V_I64, V_F64 };
enum { T_F32 = 0, T_F16 = 1, T_Q4_0 = 2, T_Q8_0 = 8, T_Q4_K = 12 };

struct plan_pair {
    char key[80];
    uint32_t type;
    unsigned char value[512];
    size_t bytes;
};

struct plan_tensor {
    char name[80];
    uint32_t dimension_count;
    uint64_t dimensions[4]; /* fastest first */
    uint32_t type;
    uint64_t offset;
};

struct plan {
    char magic[5];
    uint32_t version;
    uint64_t claimed_tensors, claimed_pairs; /* UINT64_MAX: as many as there are */
    struct plan_pair pairs[PLAN_PAIRS_MAX];
    struct plan_tensor tensors[PLAN_TENSORS_MAX];
    size_t pair_count, tensor_count;
    float divisor; /* every value of rope_freqs.weight and rope_factors_*.weight */
};

struct plan_shape {
    unsigned vocabulary, hidden, layers, heads, kv_heads, head_size, feed_forward;
    int tied, rope_scaled;
    uint32_t matrices; /* type of most of them */
};

static inline struct plan_pair *plan_pair(struct plan *plan, const char *key)
{
    for (size_t i = 0; i < plan->pair_count; i++)
        if (strcmp(plan->pairs[i].key, key) == 0)
            return &plan->pairs[i];
    return NULL;
}

/* Sets the value of a key, which is added where there is none. */
static inline void plan_set(struct plan *plan, const char *key, uint32_t type, const void *value, size_t bytes)
{
    struct plan_pair *pair = plan_pair(plan, key);

    if (!pair) {
        pair = &plan->pairs[plan->pair_count++];
        snprintf(pair->key, sizeof pair->key, "%s", key);
    }
    pair->type = type;
    pair->bytes = bytes;
    memcpy(pair->value, value, bytes);
}

static inline void plan_set_u32(struct plan *plan, const char *key, uint32_t value)
{
    plan_set(plan, key, V_U32, &value, sizeof value);
}

static inline void plan_set_f32(struct plan *plan, const char *key, float value)
{
    plan_set(plan, key, V_F32, &value, sizeof value);
}

static inline void plan_set_text(struct plan *plan, const char *key, const char *text)
{
    uint64_t length = strlen(text);
    unsigned char value[512];

    memcpy(value, &length, 8);
    memcpy(value + 8, text, length);
    plan_set(plan, key, V_STRING, value, 8 + length);
}

/* An array of `count` empty strings. */
static inline void plan_set_tokens(struct plan *plan, uint64_t count)
{
    unsigned char value[512] = {0};
    uint32_t type = V_STRING;

    memcpy(value, &type, 4);
    memcpy(value + 4, &count, 8);
    plan_set(plan, "tokenizer.ggml.tokens", V_ARRAY, value, 12 + 8 * count);
}

static inline void plan_drop_pair(struct plan *plan, const char *key)
{
    struct plan_pair *pair = plan_pair(plan, key);

    *pair = plan->pairs[--plan->pair_count];
}

static inline struct plan_tensor *plan_tensor(struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->tensor_count; i++)
        if (strcmp(plan->tensors[i].name, name) == 0)
            return &plan->tensors[i];
    return NULL;
}

static inline void plan_drop_tensor(struct plan *plan, const char *name)
{
    struct plan_tensor *tensor = plan_tensor(plan, name);

    *tensor = plan->tensors[--plan->tensor_count];
}

static inline uint64_t plan_bytes(const struct plan_tensor *tensor)
{
    uint64_t elements = 1;

    for (uint32_t i = 0; i < 4; i++)
        elements *= i < tensor->dimension_count ? tensor->dimensions[i] : 1;
    switch (tensor->type) {
    case T_F32:
        return elements * 4;
    case T_F16:
        return elements * 2;
    case T_Q4_0:
        return elements / 32 * 18;
    default:
        return elements / 32 * 34;
    }
}

static inline void plan_add(struct plan *plan, const char *name, uint64_t rows, uint64_t columns, uint32_t type)
{
    struct plan_tensor *tensor = &plan->tensors[plan->tensor_count++];

    *tensor = (struct plan_tensor){.dimension_count = rows > 1 ? 2 : 1, .dimensions = {columns, rows, 1, 1}};
    tensor->type = type;
    snprintf(tensor->name, sizeof tensor->name, "%s", name);
}

/* Lays the tensors one behind the other. */
static inline void plan_place(struct plan *plan)
{
    uint64_t offset = 0;

    for (size_t i = 0; i < plan->tensor_count; i++) {
        plan->tensors[i].offset = offset;
        offset += (plan_bytes(&plan->tensors[i]) + PLAN_ALIGNMENT - 1) / PLAN_ALIGNMENT * PLAN_ALIGNMENT;
    }
}

static inline void plan_keys(struct plan *plan, const struct plan_shape *shape)
{
    plan_set_text(plan, "general.architecture", "llama");
    plan_set_text(plan, "general.name", "Tiny Test");
    plan_set_u32(plan, "llama.vocab_size", shape->vocabulary);
    plan_set_u32(plan, "llama.context_length", 512);
    plan_set_u32(plan, "llama.embedding_length", shape->hidden);
    plan_set_u32(plan, "llama.block_count", shape->layers);
    plan_set_u32(plan, "llama.feed_forward_length", shape->feed_forward);
    plan_set_u32(plan, "llama.attention.head_count", shape->heads);
    plan_set_u32(plan, "llama.attention.head_count_kv", shape->kv_heads);
    plan_set_u32(plan, "llama.attention.key_length", shape->head_size);
    plan_set_u32(plan, "llama.attention.value_length", shape->head_size);
    plan_set_f32(plan, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
    plan_set_f32(plan, "llama.rope.freq_base", 500000);
    plan_set_u32(plan, "llama.rope.dimension_count", shape->head_size);
}

/* Key and value matrices are f16 and f32, so that every supported type is there when the others are q4_0 or q8_0. */
static inline void plan_llama(struct plan *plan, const struct plan_shape *shape)
{
    unsigned query = shape->heads * shape->head_size, kv = shape->kv_heads * shape->head_size;
    struct {
        const char *name;
        unsigned rows, columns;
        uint32_t type;
    } layer[] = {
        {"attn_norm", 1, shape->hidden, T_F32},
        {"attn_q", query, shape->hidden, shape->matrices},
        {"attn_k", kv, shape->hidden, T_F16},
        {"attn_v", kv, shape->hidden, T_F32},
        {"attn_output", shape->hidden, query, shape->matrices},
        {"ffn_norm", 1, shape->hidden, T_F32},
        {"ffn_gate", shape->feed_forward, shape->hidden, shape->matrices},
        {"ffn_up", shape->feed_forward, shape->hidden, shape->matrices},
        {"ffn_down", shape->hidden, shape->feed_forward, shape->matrices},
    };
    char name[80];

    *plan = (struct plan){.magic = "GGUF", .version = 3, .divisor = 2};
    plan->claimed_tensors = plan->claimed_pairs = UINT64_MAX;
    plan_keys(plan, shape);
    plan_add(plan, "token_embd.weight", shape->vocabulary, shape->hidden, T_Q8_0);
    for (unsigned i = 0; i < shape->layers; i++)
        for (size_t j = 0; j < sizeof layer / sizeof *layer; j++) {
            snprintf(name, sizeof name, "blk.%u.%s.weight", i, layer[j].name);
            plan_add(plan, name, layer[j].rows, layer[j].columns, layer[j].type);
        }
    plan_add(plan, "output_norm.weight", 1, shape->hidden, T_F32);
    if (shape->rope_scaled)
        plan_add(plan, "rope_freqs.weight", 1, shape->head_size / 2, T_F32);
    if (!shape->tied)
        plan_add(plan, "output.weight", shape->vocabulary, shape->hidden, shape->matrices);
    plan_place(plan);
}

struct plan_sink {
    unsigned char *bytes;
    size_t size;
};

static inline void plan_put(struct plan_sink *sink, const void *bytes, size_t count)
{
    if (sink->bytes)
        memcpy(sink->bytes + sink->size, bytes, count);
    sink->size += count;
}

static inline void plan_put_text(struct plan_sink *sink, const char *text)
{
    uint64_t length = strlen(text);

    plan_put(sink, &length, 8);
    plan_put(sink, text, length);
}

static inline void plan_put_head(const struct plan *plan, struct plan_sink *sink)
{
    uint64_t tensors = plan->claimed_tensors == UINT64_MAX ? plan->tensor_count : plan->claimed_tensors;
    uint64_t pairs = plan->claimed_pairs == UINT64_MAX ? plan->pair_count : plan->claimed_pairs;

    plan_put(sink, plan->magic, 4);
    plan_put(sink, &plan->version, 4);
    plan_put(sink, &tensors, 8);
    plan_put(sink, &pairs, 8);
    for (size_t i = 0; i < plan->pair_count; i++) {
        plan_put_text(sink, plan->pairs[i].key);
        plan_put(sink, &plan->pairs[i].type, 4);
        plan_put(sink, plan->pairs[i].value, plan->pairs[i].bytes);
    }
    for (size_t i = 0; i < plan->tensor_count; i++) {
        const struct plan_tensor *tensor = &plan->tensors[i];
        plan_put_text(sink, tensor->name);
        plan_put(sink, &tensor->dimension_count, 4);
        plan_put(sink, tensor->dimensions, 8 * (tensor->dimension_count <= 4 ? tensor->dimension_count : 4));
        plan_put(sink, &tensor->type, 4);
        plan_put(sink, &tensor->offset, 8);
    }
}

/* What the byte at `position` of a tensor's data is. */
static inline unsigned char plan_byte(const struct plan *plan, const struct plan_tensor *tensor, uint64_t position)
{
    unsigned char value[4];

    memcpy(value, &plan->divisor, 4);
    if (strncmp(tensor->name, "rope_", 5) == 0)
        return value[position % 4];
    return (unsigned char)(position * 31 + strlen(tensor->name) * 7 + tensor->offset);
}

/* Header and index alone; *size bytes, which the caller frees. NULL without memory. */
static inline unsigned char *plan_write_head(const struct plan *plan, size_t *size)
{
    struct plan_sink sink = {0};

    plan_put_head(plan, &sink);
    sink.bytes = malloc(sink.size);
    sink.size = 0;
    if (sink.bytes)
        plan_put_head(plan, &sink);
    *size = sink.size;
    return sink.bytes;
}

/* The whole file, without padding behind the last tensor. The data has room for the tensors as plan_place put them; a
 * bent offset or type moves nothing. The caller frees. NULL without memory. */
static inline unsigned char *plan_write(const struct plan *plan, size_t *size)
{
    static struct plan straight; /* large for a stack */
    size_t head_bytes, data_offset;
    unsigned char *head = plan_write_head(plan, &head_bytes), *bytes;
    const struct plan_tensor *last;

    straight = *plan;
    plan_place(&straight);
    last = &straight.tensors[straight.tensor_count - 1];
    data_offset = (head_bytes + PLAN_ALIGNMENT - 1) / PLAN_ALIGNMENT * PLAN_ALIGNMENT;
    *size = data_offset + (size_t)(last->offset + plan_bytes(last));
    bytes = calloc(1, *size);
    if (!head || !bytes)
        abort();
    memcpy(bytes, head, head_bytes);
    for (size_t i = 0; i < straight.tensor_count; i++)
        for (uint64_t j = 0; j < plan_bytes(&straight.tensors[i]); j++)
            bytes[data_offset + straight.tensors[i].offset + j] = plan_byte(plan, &straight.tensors[i], j);
    free(head);
    return bytes;
}

#endif
