/* What stands before the data of a GGUF file, on its way into one: the opposite of gguf_index.h. */
#ifndef POCKETMARK_WORKLOADS_GGUF_HEAD_H
#define POCKETMARK_WORKLOADS_GGUF_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that grow. Zero it before use; free `bytes` after it. */
struct gguf_head {
    unsigned char *bytes;
    size_t size, capacity;
    uint64_t pair_count; /* pairs put so far */
    bool starved;        /* memory ran out: the bytes are incomplete */
};

void gguf_put_bytes(struct gguf_head *head, const void *bytes, size_t count);

/* Little-endian, `bytes` bytes of it. */
void gguf_put_number(struct gguf_head *head, uint64_t value, size_t bytes);
void gguf_put_text(struct gguf_head *head, const char *text);

/* Whole pairs; a key is `prefix`, a dot where there is a prefix, and `name`. Counts are u32, reals f32: what all readers take. */
void gguf_put_count_pair(struct gguf_head *head, const char *prefix, const char *name, uint32_t value);
void gguf_put_real_pair(struct gguf_head *head, const char *prefix, const char *name, double value);
void gguf_put_text_pair(struct gguf_head *head, const char *prefix, const char *name, const char *value);

/* Zeros up to the next multiple of `alignment`. */
void gguf_put_padding(struct gguf_head *head, size_t alignment);

#endif
