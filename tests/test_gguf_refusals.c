#include <math.h>
#include <string.h>

#include "tests/gguf_expect.h"

enum operation {
    DROP_KEY,
    SET_U32,
    SET_F32,
    SET_TEXT,
    SET_TYPE_OF_KEY, /* its value stays */
    RENAME_KEY,
    DROP_TENSOR,
    RENAME_TENSOR,
    ADD_TENSOR,
    SET_TYPE,
    SET_DIMENSION_0,
    SET_DIMENSION_1,
    SET_DIMENSION_COUNT,
    SET_OFFSET,
    SET_DIVISOR,
    SET_TOKENS,
    SET_MAGIC,
    SET_VERSION,
    CLAIM_TENSORS,
    CLAIM_KEYS,
};

/* One thing bent, and what the reader must say about it. */
struct change {
    enum operation operation;
    const char *target;
    double value;
    const char *text;
    enum status status;
    const char *says;
};

static void bend(struct plan *plan, const struct change *change)
{
    struct plan_pair *pair = change->target ? plan_pair(plan, change->target) : NULL;
    struct plan_tensor *tensor = change->target ? plan_tensor(plan, change->target) : NULL;
    uint64_t whole = change->value > 0 ? (uint64_t)change->value : 0;

    switch (change->operation) {
    case DROP_KEY:
        plan_drop_pair(plan, change->target);
        break;
    case SET_U32:
        plan_set_u32(plan, change->target, (uint32_t)whole);
        break;
    case SET_F32:
        plan_set_f32(plan, change->target, (float)change->value);
        break;
    case SET_TEXT:
        plan_set_text(plan, change->target, change->text);
        break;
    case SET_TYPE_OF_KEY:
        pair->type = (uint32_t)whole;
        break;
    case RENAME_KEY:
        snprintf(pair->key, sizeof pair->key, "%s", change->text);
        break;
    case DROP_TENSOR:
        plan_drop_tensor(plan, change->target);
        break;
    case RENAME_TENSOR:
        snprintf(tensor->name, sizeof tensor->name, "%s", change->text);
        break;
    case ADD_TENSOR:
        plan_add(plan, change->target, 1, 32, T_F32);
        plan_place(plan);
        break;
    case SET_TYPE:
        tensor->type = (uint32_t)whole;
        break;
    case SET_DIMENSION_0:
        tensor->dimensions[0] = whole;
        break;
    case SET_DIMENSION_1:
        tensor->dimensions[1] = whole;
        break;
    case SET_DIMENSION_COUNT:
        tensor->dimension_count = (uint32_t)whole;
        break;
    case SET_OFFSET:
        tensor->offset = whole;
        break;
    case SET_DIVISOR:
        plan->divisor = (float)change->value;
        break;
    case SET_TOKENS:
        plan_set_tokens(plan, whole);
        break;
    case SET_MAGIC:
        memcpy(plan->magic, change->text, 4);
        break;
    case SET_VERSION:
        plan->version = (uint32_t)whole;
        break;
    case CLAIM_TENSORS:
        plan->claimed_tensors = whole;
        break;
    case CLAIM_KEYS:
        plan->claimed_pairs = whole;
        break;
    }
}

static void expect_changes(const struct change *changes, size_t count)
{
    static struct plan plan;

    for (size_t i = 0; i < count; i++) {
        plan_llama(&plan, &tiny);
        bend(&plan, &changes[i]);
        expect(&plan, changes[i].status, changes[i].says);
    }
}

static void refuses_bad_headers(void **state)
{
    static const struct change changes[] = {
        {SET_MAGIC, NULL, 0, "GGML", STATUS_FORMAT, "not a GGUF file"},
        {SET_VERSION, NULL, 1, NULL, STATUS_UNSUPPORTED, "version 1 "},
        {SET_VERSION, NULL, 4, NULL, STATUS_UNSUPPORTED, "version 4 "},
        {SET_VERSION, NULL, 0x03000000, NULL, STATUS_UNSUPPORTED, "big-endian"},
        {SET_VERSION, NULL, 2, NULL, STATUS_OK, NULL},
        {CLAIM_TENSORS, NULL, 0, NULL, STATUS_FORMAT, "token_embd.weight"},
        {CLAIM_TENSORS, NULL, 1e18, NULL, STATUS_FORMAT, "1000000000000000000 tensors"},
        {CLAIM_TENSORS, NULL, 60000, NULL, STATUS_FORMAT, "60000 tensors"},
        {CLAIM_TENSORS, NULL, 19, NULL, STATUS_FORMAT, "'output_norm.weight' is missing"},
        {CLAIM_TENSORS, NULL, 23, NULL, STATUS_FORMAT, "tensor 22"},
        {CLAIM_KEYS, NULL, 0, NULL, STATUS_FORMAT, "tensor"},
        {CLAIM_KEYS, NULL, 1.8e19, NULL, STATUS_FORMAT, "key-value pairs"},
        {CLAIM_KEYS, NULL, 13, NULL, STATUS_FORMAT, "tensor"},
        {CLAIM_KEYS, NULL, 15, NULL, STATUS_FORMAT, NULL},
    };

    (void)state;
    expect_changes(changes, sizeof changes / sizeof *changes);
}

static void refuses_bad_keys(void **state)
{
    static const struct change changes[] = {
        {DROP_KEY, "general.architecture", 0, NULL, STATUS_FORMAT, "'general.architecture' is missing"},
        {SET_U32, "general.architecture", 3, NULL, STATUS_FORMAT, "'general.architecture': is of type u32"},
        {SET_TEXT, "general.architecture", 0, "gemma4", STATUS_UNSUPPORTED,
         "key 'general.architecture': architecture 'gemma4' is not supported; supported: llama"},
        {SET_TEXT, "general.architecture", 0, "qwen35", STATUS_UNSUPPORTED, "'qwen35' is not supported"},
        {SET_TEXT, "general.architecture", 0, "afm", STATUS_UNSUPPORTED,
         "'general.architecture': there is no file format of architecture 'afm'"},
        {SET_TEXT, "general.architecture", 0, "gemma3", STATUS_FORMAT, "'gemma3.block_count' is missing"},
        {SET_TEXT, "general.architecture", 0, "lla\nma", STATUS_UNSUPPORTED, "'lla?ma'"},
        {SET_TEXT, "general.architecture", 0, "an-architecture-with-far-too-long-a-name", STATUS_FORMAT, "too long"},
        {DROP_KEY, "llama.block_count", 0, NULL, STATUS_FORMAT, "'llama.block_count' is missing"},
        {DROP_KEY, "llama.context_length", 0, NULL, STATUS_FORMAT, "'llama.context_length' is missing"},
        {DROP_KEY, "llama.embedding_length", 0, NULL, STATUS_FORMAT, "'llama.embedding_length' is missing"},
        {DROP_KEY, "llama.feed_forward_length", 0, NULL, STATUS_FORMAT, "'llama.feed_forward_length' is missing"},
        {DROP_KEY, "llama.attention.head_count", 0, NULL, STATUS_FORMAT, "head_count' is missing"},
        {DROP_KEY, "llama.attention.layer_norm_rms_epsilon", 0, NULL, STATUS_FORMAT, "rms_epsilon' is missing"},
        {SET_F32, "llama.block_count", 2, NULL, STATUS_FORMAT, "'llama.block_count': is of type f32"},
        {SET_TOKENS, "", 39, NULL, STATUS_FORMAT, "tokenizer.ggml.tokens"},
        {SET_U32, "tokenizer.ggml.tokens", 40, NULL, STATUS_FORMAT, "tokenizer.ggml.tokens"},
        {SET_U32, "llama.block_count", 0, NULL, STATUS_FORMAT, "number of layers is 0"},
        {SET_U32, "llama.block_count", 4294967295, NULL, STATUS_FORMAT, "number of layers is 4294967295"},
        {SET_U32, "llama.block_count", 3, NULL, STATUS_FORMAT, "'blk.2.attn_norm.weight' is missing"},
        {SET_U32, "llama.block_count", 1, NULL, STATUS_UNSUPPORTED, "'blk.1."},
        {SET_U32, "llama.context_length", 0, NULL, STATUS_FORMAT, "context length is 0"},
        {SET_U32, "llama.attention.head_count", 0, NULL, STATUS_FORMAT, "number of heads is 0"},
        {SET_U32, "llama.attention.head_count_kv", 0, NULL, STATUS_FORMAT, "key/value heads is 0"},
        {SET_U32, "llama.attention.head_count_kv", 3, NULL, STATUS_FORMAT, "4 heads cannot be shared"},
        {SET_U32, "llama.attention.key_length", 9, NULL, STATUS_UNSUPPORTED, "value_length"},
        {SET_U32, "llama.attention.value_length", 16, NULL, STATUS_UNSUPPORTED, "value_length"},
        {SET_U32, "llama.rope.dimension_count", 10, NULL, STATUS_FORMAT, "rotated dimensions is 10"},
        {SET_U32, "llama.rope.dimension_count", 7, NULL, STATUS_FORMAT, "rotated dimensions is 7"},
        {SET_U32, "llama.rope.dimension_count", 6, NULL, STATUS_FORMAT, "'rope_freqs.weight' has 1 rows of 4"},
        {SET_U32, "llama.vocab_size", 41, NULL, STATUS_FORMAT, "'llama.vocab_size': is 41"},
        {SET_U32, "llama.feed_forward_length", 96, NULL, STATUS_FORMAT, "'blk.0.ffn_gate.weight' has 64 rows of 32"},
        {SET_U32, "llama.embedding_length", 64, NULL, STATUS_FORMAT, "'token_embd.weight' has 40 rows of 32"},
        {SET_F32, "llama.attention.layer_norm_rms_epsilon", 0, NULL, STATUS_FORMAT, "epsilon is 0"},
        {SET_F32, "llama.attention.layer_norm_rms_epsilon", (double)INFINITY, NULL, STATUS_FORMAT, "must be finite"},
        {SET_U32, "llama.attention.layer_norm_rms_epsilon", 1, NULL, STATUS_FORMAT, "must be f32 or f64"},
        {SET_F32, "llama.rope.freq_base", -1, NULL, STATUS_FORMAT, "rope base is -1"},
        {SET_F32, "llama.rope.freq_base", (double)NAN, NULL, STATUS_FORMAT, "'llama.rope.freq_base'"},
        {SET_TEXT, "llama.rope.scaling.type", 0, "dynamic", STATUS_UNSUPPORTED, "'llama.rope.scaling.type': 'dynamic'"},
        {SET_TEXT, "llama.rope.scaling.type", 0, "longrope", STATUS_FORMAT, "'rope_factors_long.weight' is missing"},
        {SET_TEXT, "llama.rope.scaling.type", 0, "none", STATUS_OK, NULL},
        {SET_F32, "llama.rope.scaling.factor", 8, NULL, STATUS_UNSUPPORTED,
         "'llama.rope.scaling.factor': 8 beside tensor 'rope_freqs.weight'"},
        {SET_F32, "llama.rope.scaling.factor", 1, NULL, STATUS_OK, NULL},
        {SET_F32, "llama.rope.scaling.attn_factor", 1.2, NULL, STATUS_UNSUPPORTED,
         "attn_factor': 1.2 is not supported"},
        {SET_F32, "llama.attention.scale", 0.1, NULL, STATUS_UNSUPPORTED, "'llama.attention.scale': 0.1"},
        {SET_F32, "llama.embedding_scale", 12, NULL, STATUS_UNSUPPORTED, "'llama.embedding_scale': 12"},
        {SET_F32, "llama.embedding_scale", 1, NULL, STATUS_OK, NULL},
        {SET_F32, "llama.final_logit_softcapping", 30, NULL, STATUS_UNSUPPORTED, "final_logit_softcapping': 30"},
        {SET_U32, "llama.attention.sliding_window", 4096, NULL, STATUS_UNSUPPORTED, "sliding_window': 4096"},
        {SET_U32, "llama.attention.sliding_window", 0, NULL, STATUS_OK, NULL},
        {SET_U32, "llama.expert_count", 8, NULL, STATUS_UNSUPPORTED, "'llama.expert_count': 8"},
        {SET_U32, "llama.expert_count", 0, NULL, STATUS_OK, NULL},
        {SET_U32, "split.count", 2, NULL, STATUS_UNSUPPORTED, "split.count"},
        {SET_U32, "split.count", 1, NULL, STATUS_OK, NULL},
        {SET_U32, "general.alignment", 24, NULL, STATUS_FORMAT, "'general.alignment': is 24"},
        {SET_U32, "general.alignment", 0, NULL, STATUS_FORMAT, "'general.alignment': is 0"},
        {SET_U32, "general.alignment", 4, NULL, STATUS_FORMAT, "'general.alignment': is 4"},
        {SET_U32, "general.alignment", 0x80000000, NULL, STATUS_FORMAT, "'general.alignment'"},
        {SET_U32, "general.alignment", 64, NULL, STATUS_FORMAT, "no multiple of the alignment"},
        {SET_U32, "general.alignment", 32, NULL, STATUS_OK, NULL},
        {RENAME_KEY, "llama.context_length", 0, "llama.block_count", STATUS_FORMAT,
         "'llama.block_count' is there twice"},
        {RENAME_KEY, "general.name", 0, "", STATUS_FORMAT, "the key is 0 bytes long"},
        {SET_TYPE_OF_KEY, "llama.block_count", 13, NULL, STATUS_FORMAT, "value type 13 does not exist"},
        {SET_TYPE_OF_KEY, "llama.block_count", 4294967295, NULL, STATUS_FORMAT, "value type 4294967295"},
        {SET_TYPE_OF_KEY, "llama.block_count", V_STRING, NULL, STATUS_FORMAT, "past the end of the file"},
        {SET_TYPE_OF_KEY, "llama.block_count", V_ARRAY, NULL, STATUS_FORMAT, NULL},
    };

    (void)state;
    expect_changes(changes, sizeof changes / sizeof *changes);
}

static void refuses_bad_tensors(void **state)
{
    static const struct change changes[] = {
        {DROP_TENSOR, "token_embd.weight", 0, NULL, STATUS_FORMAT, "'token_embd.weight' is missing"},
        {DROP_TENSOR, "output_norm.weight", 0, NULL, STATUS_FORMAT, "'output_norm.weight' is missing"},
        {DROP_TENSOR, "blk.1.ffn_up.weight", 0, NULL, STATUS_FORMAT, "'blk.1.ffn_up.weight' is missing"},
        {RENAME_TENSOR, "blk.1.attn_q.weight", 0, "blk.1.attn_qkv.weight", STATUS_FORMAT,
         "'blk.1.attn_q.weight' is missing"},
        {RENAME_TENSOR, "blk.1.attn_q.weight", 0, "blk.0.attn_q.weight", STATUS_FORMAT,
         "'blk.0.attn_q.weight' is there twice"},
        {RENAME_TENSOR, "output.weight", 0, "", STATUS_FORMAT, "name is 0 bytes long"},
        {RENAME_TENSOR, "output.weight", 0, "a-name-of-sixty-five-bytes-0123456789-0123456789-0123456789-01234",
         STATUS_FORMAT, "name is 65 bytes long"},
        {ADD_TENSOR, "blk.0.attn_q.bias", 0, NULL, STATUS_UNSUPPORTED,
         "'blk.0.attn_q.bias' is none of a llama model's"},
        {ADD_TENSOR, "blk.2.attn_norm.weight", 0, NULL, STATUS_UNSUPPORTED, "'blk.2.attn_norm.weight'"},
        {SET_TYPE, "blk.0.ffn_down.weight", T_Q4_K, NULL, STATUS_FORMAT,
         "'blk.0.ffn_down.weight' has rows of 64 elements, which is no multiple of the 256 of a block of q4_k"},
        {SET_TYPE, "blk.0.ffn_down.weight", 6, NULL, STATUS_UNSUPPORTED,
         "'blk.0.ffn_down.weight' is of type q5_0, which is not supported; supported: f32, f16, bf16, q8_0, q4_0, "
         "q4_1, "
         "q4_k, q5_k, q6_k, iq4_nl"},
        {SET_TYPE, "blk.0.ffn_down.weight", 39, NULL, STATUS_UNSUPPORTED, "is of type mxfp4"},
        {SET_TYPE, "blk.0.ffn_down.weight", 4, NULL, STATUS_UNSUPPORTED, "is of unknown type 4"},
        {SET_TYPE, "blk.0.ffn_down.weight", 4294967295, NULL, STATUS_UNSUPPORTED, "is of unknown type 4294967295"},
        {SET_TYPE, "blk.0.ffn_norm.weight", T_F16, NULL, STATUS_UNSUPPORTED, "'blk.0.ffn_norm.weight' is of type f16"},
        {SET_TYPE, "rope_freqs.weight", T_F16, NULL, STATUS_UNSUPPORTED, "'rope_freqs.weight' is of type f16"},
        {SET_DIMENSION_0, "blk.1.attn_q.weight", 64, NULL, STATUS_FORMAT, "'blk.1.attn_q.weight' has 32 rows of 64"},
        {SET_DIMENSION_1, "blk.1.attn_k.weight", 32, NULL, STATUS_FORMAT, "the keys ask for 16 of 32"},
        {SET_DIMENSION_1, "token_embd.weight", 41, NULL, STATUS_FORMAT, "vocab_size"},
        {SET_DIMENSION_0, "output.weight", 0, NULL, STATUS_FORMAT, "'output.weight': dimension 0 is 0"},
        {SET_DIMENSION_0, "output_norm.weight", 31, NULL, STATUS_FORMAT, "'output_norm.weight' has 1 rows of 31"},
        {SET_DIMENSION_COUNT, "output.weight", 0, NULL, STATUS_FORMAT, "'output.weight' has 0 dimensions"},
        {SET_DIMENSION_COUNT, "output.weight", 5, NULL, STATUS_FORMAT, "'output.weight' has 5 dimensions"},
        {SET_DIMENSION_COUNT, "output.weight", 1, NULL, STATUS_FORMAT, "'output.weight' has 1 rows of 32"},
        {SET_DIMENSION_COUNT, "output.weight", 4, NULL, STATUS_OK, NULL},
        {SET_DIMENSION_COUNT, "output_norm.weight", 2, NULL, STATUS_OK, NULL},
        {SET_OFFSET, "output.weight", 33, NULL, STATUS_FORMAT, "'output.weight': offset 33"},
        {SET_OFFSET, "output.weight", 0, NULL, STATUS_FORMAT, "overlap"},
        {SET_OFFSET, "blk.0.attn_norm.weight", 32, NULL, STATUS_FORMAT,
         "'token_embd.weight' and 'blk.0.attn_norm.weight'"},
        {SET_OFFSET, "output.weight", 32768, NULL, STATUS_FORMAT, "'output.weight' (720 bytes at 32768) runs past"},
        {SET_OFFSET, "output.weight", 0x1p63, NULL, STATUS_FORMAT, "runs past"},
        {SET_DIVISOR, NULL, 0, NULL, STATUS_FORMAT, "rope divisor 0 is 0"},
        {SET_DIVISOR, NULL, -1, NULL, STATUS_FORMAT, "rope divisor 0 is -1"},
        {SET_DIVISOR, NULL, (double)INFINITY, NULL, STATUS_FORMAT, "rope divisor 0 is inf"},
        {SET_DIVISOR, NULL, (double)NAN, NULL, STATUS_FORMAT, "rope divisor 0"},
        {SET_DIVISOR, NULL, 1e30, NULL, STATUS_OK, NULL},
    };

    (void)state;
    expect_changes(changes, sizeof changes / sizeof *changes);
}

static void refuses_products_that_overflow(void **state)
{
    static struct plan plan;
    size_t size;
    struct error error;
    struct weights *weights;
    struct model model;
    unsigned char *bytes;

    (void)state;
    plan_llama(&plan, &tiny);
    struct plan_tensor *tensor = plan_tensor(&plan, "output.weight");
    tensor->dimension_count = 4;
    for (size_t i = 0; i < 4; i++)
        tensor->dimensions[i] = (uint64_t)1 << 16;
    bytes = plan_write_head(&plan, &size);
    assert_int_equal(gguf_open_memory(&weights, &model, bytes, size, "test.gguf", &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "'output.weight': dimension 3 is 65536; the tensor would be too large"));
    free(bytes);
}

static void refuses_bad_arrays(void **state)
{
    static struct plan plan;
    struct {
        uint32_t type;
        uint64_t count;
        const char *says;
    } arrays[] = {
        {V_ARRAY, 1, "array of type 9, that is of arrays"},
        {99, 1, "array of type 99 does not exist"},
        {V_F32, UINT64_MAX, "past the end"},
        {V_F64, (uint64_t)1 << 61, "past the end"},
        {V_STRING, UINT64_MAX, "past the end"},
        {V_U8, 1 << 20, "past the end"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        unsigned char value[12];
        memcpy(value, &arrays[i].type, 4);
        memcpy(value + 4, &arrays[i].count, 8);
        plan_llama(&plan, &tiny);
        plan_set(&plan, "tokenizer.ggml.scores", V_ARRAY, value, sizeof value);
        expect(&plan, STATUS_FORMAT, arrays[i].says);
    }
    plan_llama(&plan, &tiny);
    plan_set(&plan, "general.flag", V_BOOL, "\2", 1);
    expect(&plan, STATUS_FORMAT, "'general.flag': a bool of value 2");
    plan_set(&plan, "general.flag", V_BOOL, "\1", 1);
    expect(&plan, STATUS_OK, NULL);
    plan_set(&plan, "general.flag", V_STRING, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    expect(&plan, STATUS_FORMAT, "past the end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_headers), cmocka_unit_test(refuses_bad_keys),
        cmocka_unit_test(refuses_bad_tensors), cmocka_unit_test(refuses_products_that_overflow),
        cmocka_unit_test(refuses_bad_arrays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
