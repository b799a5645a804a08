/* The golden models: tiny files, their tokens, and the exact logits of these (tests/golden/README.md). Include <cmocka.h> and
 * what it needs first. */
#ifndef POCKETMARK_TESTS_GOLDEN_MODELS_H
#define POCKETMARK_TESTS_GOLDEN_MODELS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/gguf.h"
#include "workloads/gguf_index.h"
#include "workloads/layout.h"
#include "workloads/tokens.h"
#include "workloads/weights.h"

struct golden {
    struct model model;
    struct weights *weights;
    int32_t *tokens;
    size_t count, context_tokens;
    float *logits; /* count × vocabulary, float64 rounded to float32 */
};

static const char *const golden_names[] = {
    "golden-llama-tied-f32",
    "golden-llama-tied-f16",
    "golden-llama-tied-q8_0",
    "golden-llama-tied-q4_0",
    "golden-llama-untied-f32",
    "golden-llama-untied-f16",
    "golden-llama-untied-q8_0",
    "golden-llama-untied-q4_0",
    "golden-llama-bf16",
    "golden-llama-q5_k",
    "golden-llama-yarn-f32",
    "golden-gemma2-f32",
    "golden-gemma2-iq4_nl",
    "golden-gemma3-f32",
    "golden-gemma3-q4_0",
    "golden-phi3-longrope-long-f32",
    "golden-phi3-longrope-short-f32",
    "golden-phi3-partial-q8_0",
    "golden-qwen2-f32",
    "golden-qwen2-q6_k",
    "golden-qwen3-f32",
    "golden-qwen3-q4_k",
    "golden-granite-f32",
    "golden-granite-q8_0",
    "golden-olmo2-f32",
    "golden-olmo2-q4_1",
    "golden-smollm3-f32",
    "golden-smollm3-q8_0",
    "golden-mistral3-f32",
    "golden-mistral3-iq4_nl",
    "golden-afm-f32",
    "golden-afm-q4_0",
};
enum { GOLDEN_COUNT = sizeof golden_names / sizeof *golden_names };

/* The whole file in memory, freed with free; a zero follows its last byte. */
static inline unsigned char *golden_read(const char *name, const char *ending, size_t *size)
{
    char path[160];
    unsigned char *bytes;
    FILE *file;
    long length;

    snprintf(path, sizeof path, "tests/golden/%s%s", name, ending);
    file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot open %s", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    length = ftell(file);
    assert_true(length > 0);
    rewind(file);
    *size = (size_t)length;
    bytes = calloc(1, *size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

/* Weights of an architecture that no real file has, which the reader of files therefore refuses. */
struct golden_weights {
    struct weights base;
    unsigned char *bytes;
    struct gguf_index index;
};

static inline const void *golden_view(const struct weights *weights, size_t tensor, size_t first)
{
    const struct golden_weights *golden = (const struct golden_weights *)weights;
    const struct tensor *shape = &weights->model->tensors[tensor];
    const struct gguf_entry *entry = gguf_index_entry(&golden->index, shape->name);

    return golden->bytes + golden->index.data_offset + entry->offset +
           first * dtype_row_bytes(shape->type, shape->columns);
}

static inline void golden_copy(const struct weights *weights, size_t tensor, size_t first, size_t count, void *out)
{
    const struct tensor *shape = &weights->model->tensors[tensor];

    memcpy(out, golden_view(weights, tensor, first), count * dtype_row_bytes(shape->type, shape->columns));
}

static inline void golden_free(struct weights *weights)
{
    struct golden_weights *golden = (struct golden_weights *)weights;

    gguf_index_free(&golden->index);
    free(golden->bytes);
    free(golden);
}

static const struct weights_ops golden_ops = {"golden", golden_copy, golden_view, NULL, NULL, golden_free};

static inline double golden_key(const struct gguf_index *index, const char *name)
{
    const struct gguf_pair *pair;
    struct error error = {0};
    char key[80];
    uint64_t count = 0;
    double real = 0;

    snprintf(key, sizeof key, "afm.%s", name);
    pair = gguf_index_pair(index, key);
    if (!pair)
        fail_msg("key %s is missing", key);
    if (pair->type == GGUF_F32 ? gguf_pair_real(pair, &real, &error) : gguf_pair_count(pair, &count, &error))
        fail_msg("%s", error.text);
    return pair->type == GGUF_F32 ? real : (double)count;
}

static inline void golden_open_afm(struct golden *golden, const char *name)
{
    struct golden_weights *weights = calloc(1, sizeof *weights);
    struct gguf_index *index;
    struct model *model = &golden->model;
    struct error error = {0};
    size_t size;

    assert_non_null(weights);
    index = &weights->index;
    weights->base = (struct weights){&golden_ops, model};
    weights->bytes = golden_read(name, ".gguf", &size);
    if (gguf_index_read(index, weights->bytes, size, &error))
        fail_msg("%s", error.text);
    *model = (struct model){
        .architecture_name = "afm",
        .vocabulary = (size_t)golden_key(index, "vocab_size"),
        .hidden = (size_t)golden_key(index, "embedding_length"),
        .layers = (size_t)golden_key(index, "block_count"),
        .heads = (size_t)golden_key(index, "attention.head_count"),
        .kv_heads = (size_t)golden_key(index, "attention.head_count_kv"),
        .head_size = (size_t)golden_key(index, "attention.key_length"),
        .feed_forward = (size_t)golden_key(index, "feed_forward_length"),
        .context_tokens = (size_t)golden_key(index, "context_length"),
        .norm_epsilon = golden_key(index, "attention.layer_norm_rms_epsilon"),
        .tied = true,
        .rope = {.base = golden_key(index, "rope.freq_base"),
                 .dimensions = (size_t)golden_key(index, "rope.dimension_count")},
    };
    snprintf(model->name, sizeof model->name, "%s", name);
    model->kv_shared_from = model->layers - (size_t)golden_key(index, "attention.shared_kv_layers");
    layout_set_constants(model);
    if (model_lay_out(model, &error))
        fail_msg("%s", error.text);
    assert_int_equal(model->tensor_count, index->entry_count);
    for (size_t i = 0; i < model->tensor_count; i++) {
        struct tensor *tensor = &model->tensors[i];
        const struct gguf_entry *entry = gguf_index_entry(index, tensor->name);

        assert_non_null(entry);
        assert_int_equal(entry->dimensions[0], tensor->columns);
        assert_int_equal(entry->dimensions[1], tensor->rows);
        assert_true(dtype_from_gguf(entry->type, &tensor->type));
    }
    golden->weights = &weights->base;
}

/* Fails the test where anything is wrong. The model must stay where it is; free with golden_close. */
static inline void golden_open(struct golden *golden, const char *name)
{
    struct error error = {0};
    const char *context;
    char path[160], *text;
    size_t size;

    memset(golden, 0, sizeof *golden);
    snprintf(path, sizeof path, "tests/golden/%s.gguf", name);
    if (strncmp(name, "golden-afm-", 11) == 0)
        golden_open_afm(golden, name);
    else if (gguf_open(&golden->weights, &golden->model, path, &error))
        fail_msg("%s", error.text);
    text = (char *)golden_read(name, ".json", &size);
    if (tokens_parse(text, size, name, golden->model.vocabulary, &golden->tokens, &golden->count, &error))
        fail_msg("%s", error.text);
    context = strstr(text, "\"context_tokens\": ");
    golden->context_tokens = context ? strtoul(strchr(context, ' '), NULL, 10) : golden->count;
    free(text);
    golden->logits = (float *)(void *)golden_read(name, ".logits.f32", &size);
    assert_int_equal(size, golden->count * golden->model.vocabulary * sizeof *golden->logits);
}

static inline void golden_close(struct golden *golden)
{
    weights_close(golden->weights);
    model_free(&golden->model);
    free(golden->tokens);
    free(golden->logits);
}

#endif
