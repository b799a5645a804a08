/* SHA-256, for provenance: files, documents, definitions. */
#ifndef POCKETMARK_REPORTS_DIGEST_H
#define POCKETMARK_REPORTS_DIGEST_H

#include <stddef.h>

#include "kernels/base.h"

enum { DIGEST_HEX = 65 }; /* 64 hexadecimal digits and a terminator */

void digest_bytes(const void *bytes, size_t count, char hex[DIGEST_HEX]);

/* STATUS_IO names the path. Pages of large files are dropped from the page cache's active use as they are read. */
enum status digest_file(const char *path, char hex[DIGEST_HEX], struct error *error);

#endif
