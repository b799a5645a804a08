/* The text of a model description: see model_parse and workloads/models/README.md. */
#ifndef POCKETMARK_WORKLOADS_DESCRIPTION_H
#define POCKETMARK_WORKLOADS_DESCRIPTION_H

#include <stdbool.h>

enum { DESCRIPTION_BYTES_MAX = 64 * 1024 };

/* May a model have this name? a-z, 0-9, '.', '_' and '-'; not empty, not hidden. */
bool description_is_name(const char *name);

#endif
