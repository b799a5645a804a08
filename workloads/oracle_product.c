/* Rows are shared out in panels of PANEL_ROWS; each output is one thread's work in a fixed order of additions, so the result
 * does not depend on the number of threads. */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/blocks.h"
#include "workloads/dequantise.h"
#include "workloads/oracle_pass.h"

struct product {
    const struct pass *pass;
    const struct tensor *tensor;
    size_t first, rows;
    const double *in;
    double *out;
    atomic_bool starved; /* a thread found no memory */
};

/* Eight sums side by side: additions of one sum wait for each other, and strict arithmetic forbids reordering them. */
double oracle_dot(const double *a, const double *b, size_t count)
{
    typedef double pair __attribute__((vector_size(16)));
    pair sums[4] = {{0}};
    double sum = 0;
    size_t i = 0;

    for (; i + 8 <= count; i += 8)
        for (size_t j = 0; j < 4; j++) {
            pair x, y;
            memcpy(&x, a + i + 2 * j, sizeof x);
            memcpy(&y, b + i + 2 * j, sizeof y);
            sums[j] += x * y;
        }
    for (; i < count; i++)
        sum += a[i] * b[i];
    for (size_t j = 0; j < 4; j++)
        sum += sums[j][0] + sums[j][1];
    return sum;
}

static void multiply_rows(const struct product *product, size_t first, size_t count, const uint8_t *stored, double *row)
{
    const struct tensor *tensor = product->tensor;
    size_t row_bytes = dtype_row_bytes(tensor->type, tensor->columns);

    for (size_t r = 0; r < count; r++) {
        dequantise_row(tensor->type, tensor->columns, stored + r * row_bytes, row);
        for (size_t token = 0; token < product->pass->count; token++)
            product->out[token * product->rows + first + r] =
                oracle_dot(row, product->in + token * tensor->columns, tensor->columns);
    }
}

static void multiply_panels(void *context, size_t begin, size_t end)
{
    struct product *product = context;
    const struct weights *weights = product->pass->weights;
    const struct tensor *tensor = product->tensor;
    size_t index = (size_t)(tensor - product->pass->model->tensors);
    size_t last = end * PANEL_ROWS < product->rows ? end * PANEL_ROWS : product->rows;
    double *row = malloc(tensor->columns * sizeof *row);
    uint8_t *scratch = malloc(PANEL_ROWS * dtype_row_bytes(tensor->type, tensor->columns));

    if (!row || !scratch) {
        atomic_store(&product->starved, true);
        goto out;
    }
    for (size_t first = begin * PANEL_ROWS; first < last; first += PANEL_ROWS) {
        size_t count = last - first < PANEL_ROWS ? last - first : PANEL_ROWS;
        const uint8_t *stored = weights->ops->view(weights, index, product->first + first);

        if (!stored) {
            weights->ops->read(weights, index, product->first + first, count, scratch);
            stored = scratch;
        }
        multiply_rows(product, first, count, stored, row);
        if (weights->ops->release)
            weights->ops->release(weights, index, product->first + first, count);
    }
out:
    free(row);
    free(scratch);
}

void oracle_share_out(const struct pass *pass, size_t count, void (*task)(void *context, size_t begin, size_t end),
                      void *context)
{
    if (pass->parallel)
        pass->parallel->run(pass->parallel->pool, count, task, context);
    else
        task(context, 0, count);
}

enum status oracle_multiply(const struct pass *pass, const struct tensor *tensor, size_t first, size_t rows,
                            const double *in, double *out, struct error *error)
{
    struct product product = {pass, tensor, first, rows, in, out, false};

    oracle_share_out(pass, panel_count(rows), multiply_panels, &product);
    if (atomic_load(&product.starved))
        return error_set(error, STATUS_MEMORY, "reference pass: no memory for rows of %s (%zu elements)", tensor->name,
                         tensor->columns);
    return STATUS_OK;
}

const double *oracle_expand_row(const struct pass *pass, const struct tensor *tensor, size_t row)
{
    const struct weights *weights = pass->weights;
    size_t index = (size_t)(tensor - pass->model->tensors);
    const void *stored = weights->ops->view(weights, index, row);

    if (!stored) {
        weights->ops->read(weights, index, row, 1, pass->stored);
        stored = pass->stored;
    }
    dequantise_row(tensor->type, tensor->columns, stored, pass->vector);
    return pass->vector;
}

void oracle_normalise(const struct pass *pass, const struct tensor *gains, size_t groups, size_t size, const double *in,
                      double *out)
{
    const double *gain = oracle_expand_row(pass, gains, 0);

    for (size_t group = 0; group < pass->count * groups; group++, in += size, out += size) {
        double scale = 1 / sqrt(oracle_dot(in, in, size) / (double)size + pass->model->norm_epsilon);

        for (size_t i = 0; i < size; i++)
            out[i] = in[i] * scale * gain[i];
    }
}
