/* The plan of a GGUF v3 file that holds a model: what stands before the data, and where each tensor goes. */
#ifndef POCKETMARK_WORKLOADS_GGUF_WRITER_H
#define POCKETMARK_WORKLOADS_GGUF_WRITER_H

#include "workloads/gguf_head.h"
#include "workloads/model.h"

struct gguf_plan {
    struct gguf_head head; /* the file begins with these bytes */
    uint64_t *offsets;     /* of model->tensors in the file: rows one after the other, as stored */
    uint64_t file_bytes;   /* what no tensor covers is zero */
};

/* Plans the file of a model whose types are set. It has no tokenizer, and says so: programs that only measure load it. The plan is
 * read back before it is given: STATUS_MISUSE where no file of the architecture exists, STATUS_UNSUPPORTED, naming the field, where
 * a file cannot say what the model is.
 * STATUS_MEMORY. Free with gguf_plan_free in every case. */
enum status gguf_plan_file(struct gguf_plan *plan, const struct model *model, struct error *error);
void gguf_plan_free(struct gguf_plan *plan);

#endif
