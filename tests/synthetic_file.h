/* Small models of every architecture that files know, and their files in memory. Included after cmocka.h. */
#ifndef POCKETMARK_TESTS_SYNTHETIC_FILE_H
#define POCKETMARK_TESTS_SYNTHETIC_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/gguf.h"
#include "workloads/gguf_writer.h"
#include "workloads/layout.h"
#include "workloads/synthetic.h"

/* What is 0 here is the architecture's own or neutral. */
static const struct model file_shapes[] = {
    {.architecture_name = "llama", .tied = true},
    {.architecture_name = "llama", .rope = {.scaling = ROPE_LLAMA3}, .license = "none"},
    {.architecture_name = "llama", .rope = {.scaling = ROPE_LINEAR, .factor = 4}},
    {.architecture_name = "llama",
     .rope = {.scaling = ROPE_YARN,
              .factor = 4,
              .yarn_beta_fast = 24,
              .yarn_beta_slow = 2,
              .magnitude = 1.25,
              .original_context_tokens = 64}},
    {.architecture_name = "gemma2", .tied = true, .window = 70, .attention_softcap = 40, .logit_softcap = 20},
    {.architecture_name = "gemma2", .window = 16},
    {.architecture_name = "gemma3",
     .tied = true,
     .window = 20,
     .global_period = 4,
     .global_offset = 3,
     .local_rope_base = 20000,
     .rope = {.base = 1e6, .scaling = ROPE_LINEAR, .factor = 8}},
    {.architecture_name = "gemma3", .window = 20, .rope = {.base = 1e6}},
    {.architecture_name = "phi3", .rope = {.dimensions = 24}},
    {.architecture_name = "phi3",
     .window = 30,
     .rope = {.scaling = ROPE_LONGROPE, .magnitude = 1.19, .original_context_tokens = 200}},
    {.architecture_name = "qwen2", .tied = true},
    {.architecture_name = "qwen3", .rope = {.base = 1e6}},
    {.architecture_name = "olmo2"},
    {.architecture_name = "granite",
     .embedding_scale = 12,
     .residual_scale = 0.22,
     .attention_scale = 0.02,
     .logit_divisor = 8},
    {.architecture_name = "smollm3", .tied = true},
    {.architecture_name = "mistral3",
     .temperature_scale = 0.1,
     .rope = {.scaling = ROPE_YARN,
              .factor = 16,
              .yarn_beta_fast = 32,
              .yarn_beta_slow = 1,
              .magnitude = 1,
              .original_context_tokens = 32}},
};
enum { SHAPE_COUNT = sizeof file_shapes / sizeof *file_shapes };

/* A small model of that shape, to be freed with model_free: matrices of `type`, the one of the logits q8_0. */
static inline void make_shape(struct model *model, size_t index, enum dtype type)
{
    struct error error = {0};

    *model = file_shapes[index];
    snprintf(model->name, sizeof model->name, "shape-%zu-%s", index, model->architecture_name);
    model->vocabulary = 37;
    model->hidden = 256;
    model->layers = 5;
    model->heads = 8;
    model->kv_heads = 4;
    model->head_size = 32;
    model->feed_forward = 512;
    model->context_tokens = 4096;
    model->norm_epsilon = 1e-5;
    model->rope.base = model->rope.base > 0 ? model->rope.base : 10000;
    model->rope.dimensions = model->rope.dimensions ? model->rope.dimensions : model->head_size;
    for (size_t i = 0; i < model->rope.dimensions / 2 && model->rope.scaling != ROPE_PLAIN; i++) {
        model->rope.divisors[i] = 1.0f + (float)(i * i) / 50;
        model->rope.short_divisors[i] = 1.0f + (float)i / 100;
    }
    layout_set_constants(model);
    if (model_lay_out(model, &error) || model_set_types(model, type, DTYPE_Q8_0, &error))
        fail_msg("%s", error.text);
}

/* The whole file in memory, to be freed. */
static inline unsigned char *fill_file(const struct gguf_plan *plan, const struct weights *weights)
{
    const struct model *model = weights->model;
    unsigned char *bytes = calloc(1, plan->file_bytes);

    assert_non_null(bytes);
    memcpy(bytes, plan->head.bytes, plan->head.size);
    for (size_t i = 0; i < model->tensor_count; i++) {
        size_t size = model->tensors[i].rows * dtype_row_bytes(model->tensors[i].type, model->tensors[i].columns);
        assert_true(plan->offsets[i] >= plan->head.size && plan->offsets[i] % 32 == 0);
        assert_true(plan->offsets[i] + size <= plan->file_bytes);
        weights->ops->read(weights, i, 0, model->tensors[i].rows, bytes + plan->offsets[i]);
    }
    return bytes;
}

#endif
