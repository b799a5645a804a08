/* Token lists: {"tokens":[…]}. */
#ifndef POCKETMARK_WORKLOADS_TOKENS_H
#define POCKETMARK_WORKLOADS_TOKENS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/base.h"

/* Reads a list of token ids, all of them below `vocabulary`, at least one. Other keys than "tokens" are let be. *tokens is
 * to be freed with free(). STATUS_IO; STATUS_FORMAT names the file and, for a bad id, its index and value. */
enum status tokens_read(const char *path, size_t vocabulary, int32_t **tokens, size_t *count, struct error *error);

/* The same from text in memory; `origin` names it in errors. */
enum status tokens_parse(const char *text, size_t length, const char *origin, size_t vocabulary, int32_t **tokens,
                         size_t *count, struct error *error);

#endif
