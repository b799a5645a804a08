#include <math.h>
#include <stdio.h>
#include <string.h>

#include "workloads/layout.h"

/* Names and shapes of tensors: llama.cpp's tables of tensors per architecture. Those of afm are ours: no file of it
 * exists. */
// clang-format off
#define SLOT(...) {__VA_ARGS__}
#define MATRIX(role, rows, columns, presence, name) SLOT(role, true, rows, columns, presence, name)
#define VECTOR(role, columns, presence, name) SLOT(role, true, EXTENT_ONE, columns, presence, name)
#define DIVISORS(role, presence, name) SLOT(role, false, EXTENT_ONE, EXTENT_ROPE_PAIRS, presence, name)

#define EMBEDDING \
    SLOT(ROLE_TOKEN_EMBEDDING, false, EXTENT_VOCABULARY, EXTENT_HIDDEN, ALWAYS, "token_embd.weight")
#define BEFORE_ATTENTION VECTOR(ROLE_ATTENTION_NORM, EXTENT_HIDDEN, ALWAYS, "attn_norm.weight")
#define QUERY            MATRIX(ROLE_QUERY, EXTENT_QUERY, EXTENT_HIDDEN, ALWAYS, "attn_q.weight")
#define KEY              MATRIX(ROLE_KEY, EXTENT_KV, EXTENT_HIDDEN, WHEN_OWN_KV, "attn_k.weight")
#define VALUE            MATRIX(ROLE_VALUE, EXTENT_KV, EXTENT_HIDDEN, WHEN_OWN_KV, "attn_v.weight")
#define QKV              MATRIX(ROLE_QKV, EXTENT_QKV, EXTENT_HIDDEN, ALWAYS, "attn_qkv.weight")
#define QUERY_BIAS       VECTOR(ROLE_QUERY_BIAS, EXTENT_QUERY, ALWAYS, "attn_q.bias")
#define KEY_BIAS         VECTOR(ROLE_KEY_BIAS, EXTENT_KV, WHEN_OWN_KV, "attn_k.bias")
#define VALUE_BIAS       VECTOR(ROLE_VALUE_BIAS, EXTENT_KV, WHEN_OWN_KV, "attn_v.bias")
#define QUERY_NORM(of)   VECTOR(ROLE_QUERY_NORM, of, ALWAYS, "attn_q_norm.weight")
#define KEY_NORM(of)     VECTOR(ROLE_KEY_NORM, of, WHEN_OWN_KV, "attn_k_norm.weight")
#define ATTENTION_OUTPUT MATRIX(ROLE_ATTENTION_OUTPUT, EXTENT_HIDDEN, EXTENT_QUERY, ALWAYS, "attn_output.weight")
#define AFTER_ATTENTION  VECTOR(ROLE_POST_ATTENTION_NORM, EXTENT_HIDDEN, ALWAYS, "post_attention_norm.weight")
#define BEFORE_FFN       VECTOR(ROLE_FFN_NORM, EXTENT_HIDDEN, ALWAYS, "ffn_norm.weight")
#define GATE             MATRIX(ROLE_GATE, EXTENT_FORWARD, EXTENT_HIDDEN, ALWAYS, "ffn_gate.weight")
#define UP               MATRIX(ROLE_UP, EXTENT_FORWARD, EXTENT_HIDDEN, ALWAYS, "ffn_up.weight")
#define GATE_UP          MATRIX(ROLE_GATE_UP, EXTENT_GATE_UP, EXTENT_HIDDEN, ALWAYS, "ffn_up.weight")
#define DOWN             MATRIX(ROLE_DOWN, EXTENT_HIDDEN, EXTENT_FORWARD, ALWAYS, "ffn_down.weight")
#define AFTER_FFN        VECTOR(ROLE_POST_FFN_NORM, EXTENT_HIDDEN, ALWAYS, "post_ffw_norm.weight")
#define OUTPUT_NORM      SLOT(ROLE_OUTPUT_NORM, false, EXTENT_ONE, EXTENT_HIDDEN, ALWAYS, "output_norm.weight")
#define OUTPUT           SLOT(ROLE_OUTPUT, false, EXTENT_VOCABULARY, EXTENT_HIDDEN, WHEN_UNTIED, "output.weight")

static const struct slot llama_slots[] = {
    EMBEDDING, BEFORE_ATTENTION, QUERY, KEY, VALUE, ATTENTION_OUTPUT, BEFORE_FFN, GATE, UP, DOWN, OUTPUT_NORM, OUTPUT,
    DIVISORS(ROLE_ROPE_FREQS, WHEN_LLAMA3, "rope_freqs.weight"),
};
static const struct slot plain_slots[] = {
    EMBEDDING, BEFORE_ATTENTION, QUERY, KEY, VALUE, ATTENTION_OUTPUT, BEFORE_FFN, GATE, UP, DOWN, OUTPUT_NORM, OUTPUT,
};
static const struct slot gemma2_slots[] = {
    EMBEDDING, BEFORE_ATTENTION, QUERY, KEY, VALUE, ATTENTION_OUTPUT, AFTER_ATTENTION,
    BEFORE_FFN, GATE, UP, DOWN, AFTER_FFN, OUTPUT_NORM, OUTPUT,
};
static const struct slot gemma3_slots[] = {
    EMBEDDING, BEFORE_ATTENTION, QUERY, KEY, VALUE, QUERY_NORM(EXTENT_HEAD), KEY_NORM(EXTENT_HEAD), ATTENTION_OUTPUT,
    AFTER_ATTENTION, BEFORE_FFN, GATE, UP, DOWN, AFTER_FFN, OUTPUT_NORM, OUTPUT,
};
static const struct slot phi3_slots[] = {
    EMBEDDING, BEFORE_ATTENTION, QKV, ATTENTION_OUTPUT, BEFORE_FFN, GATE_UP, DOWN, OUTPUT_NORM, OUTPUT,
    DIVISORS(ROLE_ROPE_LONG, WHEN_LONGROPE, "rope_factors_long.weight"),
    DIVISORS(ROLE_ROPE_SHORT, WHEN_LONGROPE, "rope_factors_short.weight"),
};
static const struct slot qwen2_slots[] = {
    EMBEDDING, BEFORE_ATTENTION, QUERY, KEY, VALUE, QUERY_BIAS, KEY_BIAS, VALUE_BIAS, ATTENTION_OUTPUT,
    BEFORE_FFN, GATE, UP, DOWN, OUTPUT_NORM, OUTPUT,
};
static const struct slot qwen3_slots[] = {
    EMBEDDING, BEFORE_ATTENTION, QUERY, KEY, VALUE, QUERY_NORM(EXTENT_HEAD), KEY_NORM(EXTENT_HEAD), ATTENTION_OUTPUT,
    BEFORE_FFN, GATE, UP, DOWN, OUTPUT_NORM, OUTPUT,
};
static const struct slot olmo2_slots[] = {
    EMBEDDING, QUERY, KEY, VALUE, QUERY_NORM(EXTENT_QUERY), KEY_NORM(EXTENT_KV), ATTENTION_OUTPUT, AFTER_ATTENTION,
    GATE, UP, DOWN, AFTER_FFN, OUTPUT_NORM, OUTPUT,
};
// clang-format on

#define SLOTS(list) .slots = list, .slot_count = sizeof list / sizeof *list

/* Forward passes: the reference implementations of llama.cpp; afm: Apple's technical report of 2025 and the toolkit for
 * its adapters. smollm3 and mistral3 differ from llama in the rotation alone, granite in its scales. */
static const struct {
    struct architecture architecture;
    struct layout_constants constants;
} rows[] = {
    {{.name = "llama", SLOTS(llama_slots), .pre_norm = true}, {0}},
    {{.name = "gemma2",
      SLOTS(gemma2_slots),
      .pairing = PAIRING_HALVES,
      .activation = ACTIVATION_GELU_TANH,
      .pre_norm = true,
      .post_norm = true},
     {.embedding_by_width = true, .global_period = 2, .global_offset = 1, .width_scaled_layers = 46}},
    {{.name = "gemma3",
      SLOTS(gemma3_slots),
      .pairing = PAIRING_HALVES,
      .activation = ACTIVATION_GELU_TANH,
      .qk_norm = QK_NORM_HEAD,
      .pre_norm = true,
      .post_norm = true},
     {.embedding_by_width = true,
      .local_rope_base = 10000,
      .global_period = 6,
      .global_offset = 5,
      .width_scaled_layers = 62}},
    {{.name = "phi3",
      SLOTS(phi3_slots),
      .pairing = PAIRING_HALVES,
      .pre_norm = true,
      .fused_qkv = true,
      .fused_gate_up = true},
     {0}},
    {{.name = "qwen2", SLOTS(qwen2_slots), .pairing = PAIRING_HALVES, .pre_norm = true, .qkv_bias = true}, {0}},
    {{.name = "qwen3", SLOTS(qwen3_slots), .pairing = PAIRING_HALVES, .qk_norm = QK_NORM_HEAD, .pre_norm = true}, {0}},
    {{.name = "granite", SLOTS(llama_slots), .pre_norm = true}, {0}},
    {{.name = "olmo2", SLOTS(olmo2_slots), .pairing = PAIRING_HALVES, .qk_norm = QK_NORM_WIDE, .post_norm = true}, {0}},
    {{.name = "smollm3", SLOTS(plain_slots), .pre_norm = true}, {.unrotated_period = 4}},
    {{.name = "mistral3", SLOTS(plain_slots), .pre_norm = true}, {0}},
    {{.name = "afm", SLOTS(qwen3_slots), .qk_norm = QK_NORM_HEAD_ROTATED, .pre_norm = true, .rounds_kv = true},
     {.described_only = true}},
};

enum { ROW_COUNT = sizeof rows / sizeof *rows };

const struct architecture *layout_architecture(const char *name)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (strcmp(rows[i].architecture.name, name) == 0)
            return &rows[i].architecture;
    return NULL;
}

const struct layout_constants *layout_constants(const char *name)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (strcmp(rows[i].architecture.name, name) == 0)
            return &rows[i].constants;
    return NULL;
}

bool layout_has_role(const struct architecture *architecture, enum role role)
{
    for (size_t i = 0; i < architecture->slot_count; i++)
        if (architecture->slots[i].role == role)
            return true;
    return false;
}

bool layout_is_among(const char *word, const char *list)
{
    size_t length = strlen(word);

    for (; *list; list += strcspn(list, " "), list += strspn(list, " "))
        if (strcspn(list, " ") == length && strncmp(list, word, length) == 0)
            return true;
    return false;
}

enum status layout_check_architecture(const char *architecture, struct error *error)
{
    char known[256] = "";
    size_t used = 0;

    if (layout_architecture(architecture))
        return STATUS_OK;
    for (size_t i = 0; i < ROW_COUNT && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", rows[i].architecture.name);
    return error_set(error, STATUS_UNSUPPORTED, "architecture '%s' is not supported; supported: %s", architecture,
                     known);
}

void layout_set_constants(struct model *model)
{
    const struct layout_constants *constants = layout_constants(model->architecture_name);

    if (constants->embedding_by_width && model->embedding_scale == 0)
        model->embedding_scale = sqrt((double)model->hidden);
    if (constants->width_scaled_layers && model->layers == constants->width_scaled_layers &&
        model->attention_scale == 0 && model->heads && model->hidden)
        model->attention_scale = 1 / sqrt((double)model->hidden / (double)model->heads);
    if (model->local_rope_base == 0)
        model->local_rope_base = constants->local_rope_base;
    if (model->window && model->global_period == 0) {
        model->global_period = constants->global_period;
        model->global_offset = constants->global_offset;
    }
    if (model->unrotated_period == 0)
        model->unrotated_period = constants->unrotated_period;
}
