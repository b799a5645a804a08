/* What tests of the generator share: bare models, and all values of a tensor. Freed with test_free. */
#ifndef POCKETMARK_TESTS_SYNTHETIC_WEIGHTS_H
#define POCKETMARK_TESTS_SYNTHETIC_WEIGHTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "workloads/dequantise.h"
#include "workloads/synthetic.h"

/* A model that is nothing but tensors; the generator asks for no more. */
static inline struct model model_of(struct tensor *tensors, size_t count, size_t layers)
{
    return (struct model){.name = "bare", .layers = layers, .tensors = tensors, .tensor_count = count};
}

static inline struct weights *open_weights(const struct model *model, uint64_t seed)
{
    struct weights *weights = NULL;
    struct error error = {0};

    if (synthetic_open(&weights, model, seed, &error))
        fail_msg("%s", error.text);
    assert_ptr_equal(weights->model, model);
    return weights;
}

/* All stored bytes of a tensor, in a block of exactly that size so that a sanitizer sees every byte too many. */
static inline uint8_t *read_all(const struct weights *weights, size_t tensor, size_t *size)
{
    const struct tensor *shape = &weights->model->tensors[tensor];
    uint8_t *bytes;

    *size = shape->rows * dtype_row_bytes(shape->type, shape->columns);
    bytes = test_malloc(*size);
    weights->ops->read(weights, tensor, 0, shape->rows, bytes);
    return bytes;
}

static inline double *expand_all(const struct weights *weights, size_t tensor)
{
    const struct tensor *shape = &weights->model->tensors[tensor];
    double *values = test_malloc(shape->rows * shape->columns * sizeof *values);
    size_t size;
    uint8_t *bytes = read_all(weights, tensor, &size);

    for (size_t r = 0; r < shape->rows; r++)
        dequantise_row(shape->type, shape->columns, bytes + r * dtype_row_bytes(shape->type, shape->columns),
                       values + r * shape->columns);
    test_free(bytes);
    return values;
}

#endif
