/* Stored weights as the numbers they stand for, in float64 and by the definition of each format alone. */
#ifndef POCKETMARK_WORKLOADS_DEQUANTISE_H
#define POCKETMARK_WORKLOADS_DEQUANTISE_H

#include <stddef.h>

#include "kernels/base.h"

/* Expands a stored row of `elements` elements, a multiple of the type's block, to out[elements]. `row` needs no alignment. Layouts:
 * ggml's block definitions, as kernels/blocks.h names them. */
void dequantise_row(enum dtype type, size_t elements, const void *row, double *out);

#endif
