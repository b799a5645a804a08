/* What stands before the data of a GGUF file: key-value pairs and tensor entries, checked but not yet interpreted. */
#ifndef POCKETMARK_WORKLOADS_GGUF_INDEX_H
#define POCKETMARK_WORKLOADS_GGUF_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/base.h"

/* Value types, numbered as in a file. */
enum gguf_type {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
    GGUF_TYPE_COUNT
};

/* Bytes inside the file, without a zero at their end. */
struct gguf_text {
    const char *bytes;
    size_t length;
};

struct gguf_pair {
    struct gguf_text key;
    enum gguf_type type;
    const unsigned char *value; /* of a scalar; not of an array */
    struct gguf_text text;      /* GGUF_STRING */
    uint64_t count;             /* GGUF_ARRAY: number of elements */
};

struct gguf_entry {
    struct gguf_text name;
    uint64_t dimensions[4]; /* fastest first; those not given are 1; none is 0 and their product fits 63 bits */
    uint32_t type;          /* ggml_type number, not yet judged */
    uint64_t offset;        /* from data_offset, a multiple of the alignment */
};

struct gguf_index {
    struct gguf_pair *pairs;    /* sorted by key; no two are equal */
    struct gguf_entry *entries; /* sorted by name; no two are equal */
    size_t pair_count, entry_count;
    size_t data_offset; /* of the first tensor data in the file, at most its size */
};

/* Texts point into `bytes`. STATUS_FORMAT names the key or tensor, STATUS_UNSUPPORTED the version, STATUS_MEMORY. Free
 * with gguf_index_free unless it failed. */
enum status gguf_index_read(struct gguf_index *index, const void *bytes, size_t size, struct error *error);
void gguf_index_free(struct gguf_index *index);

/* NULL where there is none. */
const struct gguf_pair *gguf_index_pair(const struct gguf_index *index, const char *key);
const struct gguf_entry *gguf_index_entry(const struct gguf_index *index, const char *name);
const struct gguf_entry *gguf_index_find(const struct gguf_index *index, struct gguf_text name);

/* The value of a pair: an integer of any width that is not negative; a finite f32 or f64; a string without zero bytes that
 * fits `size`. STATUS_FORMAT names the key. */
enum status gguf_pair_count(const struct gguf_pair *pair, uint64_t *value, struct error *error);
enum status gguf_pair_real(const struct gguf_pair *pair, double *value, struct error *error);
enum status gguf_pair_text(const struct gguf_pair *pair, char *text, size_t size, struct error *error);

/* The f32 stored in 4 bytes that need not be aligned. */
float gguf_float(const void *bytes);

/* A text as it may be shown to a user: cut to fit, with '?' for what cannot be printed. */
struct gguf_shown {
    char text[80];
};
struct gguf_shown gguf_show(struct gguf_text text);

#endif
