/* Matmul work: one weight matrix of a model's layer times a number of tokens. */
#ifndef POCKETMARK_WORKLOADS_MATMUL_H
#define POCKETMARK_WORKLOADS_MATMUL_H

#include "workloads/model.h"

struct matmul {
    char name[80]; /* "llama-3.2-1b.ffn_up" */
    enum dtype type;
    size_t rows, columns; /* weights; rows are outputs, columns inputs */
    size_t tokens;
    uint64_t seed;
};

/* Distinct matrix shapes of one layer of `model`, largest first, without the output matrix: at most `capacity` tensors are
 * written to `shapes`; returns how many there are. Equal shapes and types count once. */
size_t matmul_shapes(const struct model *model, const struct tensor **shapes, size_t capacity);

/* The work of multiplying tensor `shape` of `model` with `tokens` activations. */
struct matmul matmul_of(const struct model *model, const struct tensor *shape, size_t tokens, uint64_t seed);

#endif
