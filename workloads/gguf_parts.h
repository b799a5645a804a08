/* The bytes of a model file, or of all the files NAME-00001-of-0000M.gguf that one was split into. */
#ifndef POCKETMARK_WORKLOADS_GGUF_PARTS_H
#define POCKETMARK_WORKLOADS_GGUF_PARTS_H

#include "workloads/gguf_index.h"

enum { GGUF_PARTS_MAX = 1024 };

struct gguf_part {
    const unsigned char *bytes;
    size_t size;
    struct gguf_index index;
    bool mapped;
    char *path; /* owned; NULL where the bytes were in memory already */
};

struct gguf_parts {
    struct gguf_part *items; /* in order; the first has the model's keys */
    size_t count;
};

/* Maps the file, and the other parts where it is one of several: any of them may be named. Checks keys split.no,
 * split.count and split.tensors.count. Texts of errors begin with the path they are about. Close with gguf_parts_close
 * unless it failed. */
enum status gguf_parts_open(struct gguf_parts *parts, const char *path, struct error *error);

/* The same over bytes in memory, which must outlive the parts and may not be a part of several. */
enum status gguf_parts_read(struct gguf_parts *parts, const void *bytes, size_t size, const char *origin,
                            struct error *error);
void gguf_parts_close(struct gguf_parts *parts);

/* Asks the system to drop the files from its page cache, so that the next reading comes from the disk. *kept_ratio: share of their
 * bytes that is in memory still, as files of a memory file system always are. STATUS_UNSUPPORTED for bytes that no file holds,
 * STATUS_IO. */
enum status gguf_parts_drop_cache(const struct gguf_parts *parts, double *kept_ratio, struct error *error);

/* The tensor of that name and the part it lies in; NULL where there is none. */
const struct gguf_entry *gguf_parts_entry(const struct gguf_parts *parts, const char *name,
                                          const struct gguf_part **part);

/* Length of a file's name (the last component of a path) without ".gguf" and the mark of a part. */
size_t gguf_stem_length(const char *name);

#endif
