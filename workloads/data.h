/* Descriptions as data: where their folders lie, and how one is read strictly. */
#ifndef POCKETMARK_WORKLOADS_DATA_H
#define POCKETMARK_WORKLOADS_DATA_H

#include <stddef.h>

#include "kernels/base.h"

struct cJSON;

/* Folder of that kind of descriptions ("models", "scenarios"): $POCKETMARK_DATA/KIND; else share/pocketmark/KIND beside the
 * folder of the running program, where `make install` puts it; else the sources' workloads/KIND. The storage belongs to the
 * calling thread and holds until its next call. */
const char *data_directory(const char *kind);

/* Parses text of at most `most_bytes` bytes that holds one JSON object and nothing else; *object is to be freed with cJSON_Delete.
 * STATUS_FORMAT says what is wrong, without the origin of the text. STATUS_MEMORY. */
enum status data_object(const char *text, size_t length, size_t most_bytes, struct cJSON **object, struct error *error);

#endif
