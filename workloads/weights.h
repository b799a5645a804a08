/* Where the values of a model's tensors come from: a GGUF file or a generator. Read-only and safe to share among threads. */
#ifndef POCKETMARK_WORKLOADS_WEIGHTS_H
#define POCKETMARK_WORKLOADS_WEIGHTS_H

#include <stddef.h>

#include "workloads/model.h"

struct weights;

struct weights_ops {
    const char *name; /* "synthetic" or "file" */
    /* Writes stored rows [first, first+count) of model->tensors[tensor] to `out` (count × dtype_row_bytes). A pure
     * function of its arguments: any split over rows and threads gives the same bytes. Cannot fail. */
    void (*read)(const struct weights *weights, size_t tensor, size_t first, size_t count, void *out);
    /* Address of row `first` of a tensor where the rows already lie in memory as stored, else NULL. */
    const void *(*view)(const struct weights *weights, size_t tensor, size_t first);
    /* These rows are not needed again: their pages may be given back. NULL: nothing to give back. */
    void (*release)(const struct weights *weights, size_t tensor, size_t first, size_t count);
    /* Rows will be read where they lie, again and again: brings all pages in. NULL: they lie in memory for good. */
    void (*retain)(const struct weights *weights);
    void (*close)(struct weights *weights);
};

/* First member of every implementation. */
struct weights {
    const struct weights_ops *ops;
    const struct model *model;
};

static inline void weights_close(struct weights *weights)
{
    if (weights)
        weights->ops->close(weights);
}

#endif
