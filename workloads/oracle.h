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
 * context_tokens: length of the context the run is laid out for; it decides longrope's divisors and nothing else, and may
 * be below count. Every architecture runs by its table (architecture.h) and the model's figures, none by its name.
 * STATUS_MEMORY. */
enum status oracle_logits(const struct weights *weights, const int32_t *tokens, size_t count, size_t context_tokens,
                          double *logits, const struct parallel *parallel, struct error *error);

/* Normalised mean square error Σ(a−b)²/Σb² of `got` against `want`; infinity where got holds a NaN or infinity. */
double oracle_nmse(const float *got, const double *want, size_t count);

/* Bars an engine's logits must meet. */
double oracle_bar_exact(const struct model *model); /* `verify`: 1e-6 for float weights, 2.5e-4·√layers for quantised */
/* The same for keys and values kept as kv_type: 2e-3 at least for DTYPE_Q8_0, oracle_bar_exact for the float types. */
double oracle_bar(const struct model *model, enum dtype kv_type);
#define ORACLE_BAR_GATE   5e-3 /* `run`: logits of a few tokens */
#define ORACLE_BAR_KERNEL 1e-9 /* one kernel on the same int8 activations */

#endif
