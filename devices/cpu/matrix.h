/* One weight matrix in packed panels, or in rows as a file has them, and its products on all threads. */
#ifndef POCKETMARK_DEVICES_CPU_MATRIX_H
#define POCKETMARK_DEVICES_CPU_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/threads.h"
#include "kernels/kernel.h"
#include "workloads/weights.h"

struct matrix {
    size_t tensor; /* index in model->tensors */
    size_t first;  /* its row that is the first of the matrix */
    enum dtype type;
    size_t rows, columns, panels;
    bool as_stored; /* the rows lie at data as in a file, which nobody writes to; else they are packed there */
    uint8_t *data;  /* panels · panel_bytes, rows past the end are zero, or, as stored, not there */
    const struct kernel *pack, *tile, *gemv, *gemm;
};

/* Shape and kernels of `rows` rows of a tensor from `first` on; data is left NULL. as_stored is asked for and granted where
 * there is a kernel for the type. */
struct matrix matrix_of(const struct model *model, const struct tensor *tensor, size_t first, size_t rows, isa_set isa,
                        bool as_stored);

/* Bytes of all panels, a multiple of 64. Those of the types that can stay as stored are as long as their rows. */
size_t matrix_bytes(const struct matrix *matrix);

/* Bytes of scratch of one thread for matrix_multiply. */
size_t matrix_scratch_bytes(const struct matrix *matrix);

/* Row `row` as floats. */
void matrix_row(const struct matrix *matrix, size_t row, float *out);

/* Bytes of the stored rows of one panel: what matrix_pack needs as scratch. */
size_t matrix_stored_panel_bytes(const struct matrix *matrix);

/* Rows that `threads` give to `thread`: whole pairs of panels, the same for packing and for every product. */
void matrix_share(const struct matrix *matrix, const struct threads *threads, size_t thread, size_t *panel_begin,
                  size_t *panel_end);

/* Packs panels [begin, end) from `weights` and gives the source's pages back. scratch: matrix_stored_panel_bytes. */
void matrix_pack(const struct matrix *matrix, const struct weights *weights, size_t begin, size_t end, void *scratch);

/* Bytes of the activation tiles of `tokens` vectors, slack included: width 1 for one token, else the gemm's. */
size_t matrix_tiles_bytes(const struct matrix *matrix, size_t tokens);

/* Makes tiles [begin, end) of `tokens` vectors x, `stride` floats apart. */
void matrix_tile(const struct matrix *matrix, size_t tokens, const float *x, size_t stride, size_t begin, size_t end,
                 uint8_t *tiles);
size_t matrix_tile_count(const struct matrix *matrix, size_t tokens);

/* The panels of a product that fall to one thread: most of its share, then pieces of its own last eighth and of the others',
 * which whoever is early takes. */
struct matrix_walk {
    const struct matrix *matrix;
    struct threads *threads;
    size_t thread, slot, piece_panels, helped; /* helped: threads whose pieces are all taken */
    bool begun;
};

/* slot: see threads_offer; walks between the same two barriers need slots of their own. */
struct matrix_walk matrix_walk(const struct matrix *matrix, struct threads *threads, size_t thread, size_t slot);

/* The next panels [*begin, *end) to multiply; false: all are taken. */
bool matrix_walk_next(struct matrix_walk *walk, size_t *begin, size_t *end);

/* out[t·stride + row] of the rows of panels [begin, end); what pads the last panel becomes 0 or is left as it is. scratch:
 * matrix_scratch_bytes of this thread. */
void matrix_multiply(const struct matrix *matrix, size_t begin, size_t end, size_t tokens, const uint8_t *tiles,
                     float *out, size_t stride, const struct gemv_tuning *tuning, void *scratch);

#endif
