/* Inside of the float64 pass: what oracle.c (the pass as a whole), oracle_layer.c (one layer) and oracle_product.c (rows and
 * matrices) share. Nobody else includes this. */
#ifndef POCKETMARK_WORKLOADS_ORACLE_PASS_H
#define POCKETMARK_WORKLOADS_ORACLE_PASS_H

#include "workloads/oracle.h"

/* All tokens go through a layer together, so a weight row is expanded once, and keys and values need room for one layer
 * only: a layer without its own reads those of the layer before it, which still lie here. */
struct pass {
    const struct weights *weights;
    const struct model *model;
    const struct parallel *parallel;
    size_t count;          /* tokens */
    size_t context_tokens; /* see oracle_logits */
    struct layer layer;    /* the one at work */
    /* count rows each, in one allocation that starts at hidden */
    double *hidden, *normed; /* D; normed: input of a branch, then its output */
    double *query, *mixed;   /* H·d */
    double *key, *value;     /* K·d */
    double *gate, *up;       /* F */
    double *scores;          /* H rows of count: the weights of one query */
    double *vector;          /* one expanded row of up to max(D, H·d) elements */
    uint8_t *stored;         /* the same as stored */
};

/* Sum of a[i]·b[i], the same for the same numbers whatever calls it. */
double oracle_dot(const double *a, const double *b, size_t count);

/* Expands one row of at most max(D, H·d) elements into pass->vector, which it returns. */
const double *oracle_expand_row(const struct pass *pass, const struct tensor *tensor, size_t row);

/* out (tokens × rows) = in (tokens × columns) times rows [first, first + rows) of the tensor, transposed. STATUS_MEMORY. */
enum status oracle_multiply(const struct pass *pass, const struct tensor *tensor, size_t first, size_t rows,
                            const double *in, double *out, struct error *error);

/* RMSNorm of `groups` vectors of `size` per token, each by itself, with the gains of one (a tensor of `size` elements). `in`
 * may be `out`. */
void oracle_normalise(const struct pass *pass, const struct tensor *gains, size_t groups, size_t size, const double *in,
                      double *out);

/* Calls the task over [0, count) on the caller's threads, or here. */
void oracle_share_out(const struct pass *pass, size_t count, void (*task)(void *context, size_t begin, size_t end),
                      void *context);

/* Attention, then feed-forward network: hidden in, hidden out. Layers must come in turn from 0 on. STATUS_MEMORY. */
enum status oracle_layer(struct pass *pass, size_t layer, struct error *error);

#endif
