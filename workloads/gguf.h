/* GGUF v3 reader over a read-only mapping. Every length, offset, count, alignment and type is checked before use. */
#ifndef POCKETMARK_WORKLOADS_GGUF_H
#define POCKETMARK_WORKLOADS_GGUF_H

#include "workloads/weights.h"

/* Opens a model file, or all parts of one that was split (any of them may be named): fills `model` (free with
 * model_free) and gives its weights (close with weights_close; `model` must outlive them). STATUS_IO, STATUS_FORMAT
 * (names key or tensor), STATUS_UNSUPPORTED (architecture or type, by name). */
enum status gguf_open(struct weights **weights, struct model *model, const char *path, struct error *error);

/* The same over bytes in memory, at a multiple of 8, which must outlive the weights. For tests and the fuzzer. */
enum status gguf_open_memory(struct weights **weights, struct model *model, const void *bytes, size_t size,
                             const char *origin, struct error *error);

/* Size of the file, or of all its parts together. */
size_t gguf_file_bytes(const struct weights *weights);

/* What stands before the data of a file, keys and tensor entries, and the size of the file. */
struct gguf_front {
    const void *bytes; /* good while the weights are open */
    size_t size, file_bytes;
};

/* The head of part number `part` of a model; false where it has no such part. */
bool gguf_front(const struct weights *weights, size_t part, struct gguf_front *head);

/* See gguf_parts_drop_cache. */
enum status gguf_drop_cache(const struct weights *weights, double *kept_ratio, struct error *error);

#endif
