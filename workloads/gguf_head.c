#include "workloads/gguf_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/gguf_index.h"

enum { CAPACITY_LEAST = 4096, KEY_SPACE = 128 };

void gguf_put_bytes(struct gguf_head *head, const void *bytes, size_t count)
{
    if (!head->starved && count > head->capacity - head->size) {
        size_t capacity = head->capacity ? 2 * head->capacity : CAPACITY_LEAST;
        unsigned char *more;
        while (capacity - head->size < count)
            capacity *= 2;
        more = realloc(head->bytes, capacity);
        head->starved = !more;
        head->bytes = more ? more : head->bytes;
        head->capacity = more ? capacity : head->capacity;
    }
    if (head->starved)
        return;
    memcpy(head->bytes + head->size, bytes, count);
    head->size += count;
}

void gguf_put_number(struct gguf_head *head, uint64_t value, size_t bytes)
{
    unsigned char little[sizeof value];

    for (size_t i = 0; i < bytes; i++)
        little[i] = (unsigned char)(value >> (8 * i));
    gguf_put_bytes(head, little, bytes);
}

void gguf_put_text(struct gguf_head *head, const char *text)
{
    gguf_put_number(head, strlen(text), 8);
    gguf_put_bytes(head, text, strlen(text));
}

static void put_key(struct gguf_head *head, const char *prefix, const char *name, enum gguf_type type)
{
    char key[KEY_SPACE];

    snprintf(key, sizeof key, "%s%s%s", prefix, *prefix ? "." : "", name);
    gguf_put_text(head, key);
    gguf_put_number(head, type, 4);
    head->pair_count++;
}

void gguf_put_count_pair(struct gguf_head *head, const char *prefix, const char *name, uint32_t value)
{
    put_key(head, prefix, name, GGUF_U32);
    gguf_put_number(head, value, 4);
}

void gguf_put_real_pair(struct gguf_head *head, const char *prefix, const char *name, double value)
{
    float single = (float)value;
    uint32_t bits;

    memcpy(&bits, &single, sizeof bits);
    put_key(head, prefix, name, GGUF_F32);
    gguf_put_number(head, bits, 4);
}

void gguf_put_text_pair(struct gguf_head *head, const char *prefix, const char *name, const char *value)
{
    put_key(head, prefix, name, GGUF_STRING);
    gguf_put_text(head, value);
}

void gguf_put_padding(struct gguf_head *head, size_t alignment)
{
    while (head->size % alignment && !head->starved)
        gguf_put_number(head, 0, 1);
}
