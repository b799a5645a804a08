/* The referee: a float64 forward pass over the stored weights, with nothing rounded in between. */
#ifndef POCKETMARK_WORKLOADS_ORACLE_H
#define POCKETMARK_WORKLOADS_ORACLE_H

#include <stddef.h>
#include <stdint.h>

#include "workloads/weights.h"

/* Runs task(context, begin, end) over disjoint ranges that cover [0, count), on as many threads as it likes, and returns
 * when all are done. NULL in its place means: one range, here. */
struct parallel {
    void (*run)(void *pool, size_t count, void (*task)(void *context, size_t begin, size_t end), void *context);
    void *pool;
};

/* logits: count × vocabulary float64, row t for the prefix tokens[0..t]. Tokens must be below the vocabulary.
 * STATUS_MEMORY. */
enum status oracle_logits(const struct weights *weights, const int32_t *tokens, size_t count, double *logits,
                          const struct parallel *parallel, struct error *error);

/* Expands one stored row to float64. */
void oracle_dequantise(enum dtype type, size_t elements, const void *row, double *out);

/* Normalised mean square error Σ(a−b)²/Σb² of `got` against `want`; infinity where got holds a NaN or infinity. */
double oracle_nmse(const float *got, const double *want, size_t count);

/* Bars an engine's logits must meet. */
double oracle_bar_exact(const struct model *model); /* `verify`: 1e-6 for float weights, 2.5e-4·√layers for quantised */
#define ORACLE_BAR_GATE   5e-3                      /* `run`: logits of a few tokens */
#define ORACLE_BAR_KERNEL 1e-9                      /* one kernel on the same int8 activations */

#endif
