/* SHA-256, for provenance: files, documents, definitions. */
#ifndef POCKETMARK_REPORTS_DIGEST_H
#define POCKETMARK_REPORTS_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"

enum {
    DIGEST_BYTES = 32,
    DIGEST_HEX = 2 * DIGEST_BYTES + 1 /* hexadecimal digits and a terminator */
};

/* False where it could not be computed. */
bool digest_raw(const void *bytes, size_t count, unsigned char digest[DIGEST_BYTES]);

/* The same as text; "" where it could not be computed. */
void digest_bytes(const void *bytes, size_t count, char hex[DIGEST_HEX]);

/* STATUS_IO names the path. Pages of large files are dropped from the page cache's active use as they are read. */
enum status digest_file(const char *path, char hex[DIGEST_HEX], struct error *error);

#endif
