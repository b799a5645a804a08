/* Large zeroed memory for weights, caches and scratch. */
#ifndef POCKETMARK_DEVICES_BUFFER_H
#define POCKETMARK_DEVICES_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"

struct buffer {
    void *data;   /* aligned to 2 MiB when huge, else to the page */
    size_t bytes; /* usable */
    size_t mapped_bytes;
    bool huge; /* transparent huge pages were asked for */
};

/* Anonymous private mapping, untouched: the pages belong to whoever writes them first. huge asks for transparent huge
 * pages. STATUS_MEMORY names the size. */
enum status buffer_open(struct buffer *buffer, size_t bytes, bool huge, struct error *error);
void buffer_close(struct buffer *buffer);

#endif
