/* Whole files for readers of text. */
#ifndef POCKETMARK_REPORTS_INPUT_H
#define POCKETMARK_REPORTS_INPUT_H

#include <stddef.h>

#include "kernels/base.h"

/* All bytes of a file, of a pipe, or, named "-", of standard input; to be freed. Up to 1 GiB: more than any result, less than
 * what would bring a small device down. STATUS_IO names the path. */
enum status input_read(const char *path, char **text, size_t *length, struct error *error);

#endif
