/* An engine's logits beside the exact ones. */
#ifndef POCKETMARK_RUNNER_REFEREE_H
#define POCKETMARK_RUNNER_REFEREE_H

#include "runner/workbench.h"

/* Exact logits of the subject: count × vocabulary, on the threads of the performance cores, for the context that the bench was
 * started with. */
enum status referee_logits(const struct workbench *bench, const int32_t *tokens, size_t count, double *logits,
                           struct error *error);

/* Agreement of rows of logits. */
struct agreement {
    double nmse;           /* over all rows together; infinity where an engine's value is not finite */
    size_t rows, same_top; /* rows whose largest logit is the same one */
};
struct agreement referee_compare(const float *got, const double *want, size_t rows, size_t vocabulary);

/* Returns to the marked state and feeds the tokens, one at a time by decode (batch 0) or by prefills of `batch` tokens. Rows
 * whose logits the engine gives are written to got[t·vocabulary] and told by seen[t]. STATUS_UNSUPPORTED where the engine
 * gives no logits. */
enum status referee_feed(struct workbench *bench, const int32_t *tokens, size_t count, size_t batch, float *got,
                         bool *seen, struct error *error);

/* The gate: kernels against float64 on the same activations, then logits of a few tokens against the exact ones, in a context
 * of context_tokens (0: no more than those few). *nmse is the larger of the logits' errors, NaN with a reason where the engine
 * has no arithmetic to check or the model does not fit. STATUS_MISMATCH where a bar is not met. */
enum status referee_gate(struct workbench *bench, size_t context_tokens, double *nmse, char *reason, size_t reason_size,
                         struct error *error);

#endif
