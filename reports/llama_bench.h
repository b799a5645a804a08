/* Results as the rows of llama-bench: one per test and launch, as if it had been called once for each launch. */
#ifndef POCKETMARK_REPORTS_LLAMA_BENCH_H
#define POCKETMARK_REPORTS_LLAMA_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "kernels/base.h"
#include "reports/record.h"

enum llama_column {
#define LLAMA(name, type) LLAMA_##name,
#include "reports/llama_bench.inc"
#undef LLAMA
    LLAMA_COUNT
};

enum llama_type { LLAMA_TEXT, LLAMA_INTEGER, LLAMA_BOOLEAN, LLAMA_FLOAT };

const char *llama_column_name(enum llama_column column);
enum llama_type llama_column_type(enum llama_column column);

/* Text may be NULL and number NaN: not known. */
struct llama_value {
    const char *text; /* of text columns */
    double number;    /* of all others; booleans 0 or 1 */
};

struct llama_row {
    struct llama_value values[LLAMA_COUNT];
    const double *tokens_per_second; /* of each sample, in order */
    double tokens;                   /* of a sample: its nanoseconds are tokens ÷ tokens_per_second × 1e9 */
    size_t samples;
};

/* Calls `put` for each row in order. A prefill is a pp test; a decode after a prompt of P tokens at depth D is tg at depth D + P,
 * which is what it was. Cells of other kinds have no row. STATUS_MEMORY. */
enum status llama_bench_each(const struct record *record,
                             void (*put)(const struct llama_row *row, size_t index, FILE *out), size_t *index,
                             FILE *out, struct error *error);

#endif
