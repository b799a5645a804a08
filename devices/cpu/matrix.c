#include "devices/cpu/matrix.h"

#include "workloads/dequantise.h"

enum {
    UNPACK_BYTES = 1 << 20,   /* of panels that are packed for a product of many tokens with rows as stored */
    UNPACK_PANELS = 2,        /* the same at least: a register tile's */
    RELEASE_PANELS = 64,      /* panels between two releases of the source's pages */
    PIECE_BYTES = 144 * 1024, /* of a piece that any thread may take: some 8 µs of reading */
    PIECE_GRAIN = 4,          /* panels that a one-token kernel walks side by side */
    SHARED_PART = 8,          /* the last eighth of a share is in pieces */
};

struct matrix matrix_of(const struct model *model, const struct tensor *tensor, size_t first, size_t rows, isa_set isa,
                        bool as_stored)
{
    const struct kernel *gemv_rows = as_stored ? kernel_best(OP_GEMV_ROWS, tensor->type, isa) : NULL;

    return (struct matrix){
        .tensor = (size_t)(tensor - model->tensors),
        .first = first,
        .type = tensor->type,
        .rows = rows,
        .columns = tensor->columns,
        .panels = panel_count(rows),
        .as_stored = gemv_rows != NULL,
        .pack = kernel_best(OP_PACK, tensor->type, isa),
        .tile = kernel_best(OP_TILE, tensor->type, isa),
        .gemv = gemv_rows ? gemv_rows : kernel_best(OP_GEMV, tensor->type, isa),
        .gemm = kernel_best(OP_GEMM, tensor->type, isa),
    };
}

size_t matrix_bytes(const struct matrix *matrix)
{
    size_t bytes = matrix->panels * panel_bytes(matrix->type, matrix->columns);

    return (bytes + 63) / 64 * 64;
}

size_t matrix_stored_panel_bytes(const struct matrix *matrix)
{
    return PANEL_ROWS * dtype_row_bytes(matrix->type, matrix->columns);
}

void matrix_share(const struct matrix *matrix, const struct threads *threads, size_t thread, size_t *panel_begin,
                  size_t *panel_end)
{
    threads_share(threads, thread, matrix->panels, 2, panel_begin, panel_end);
}

/* Panels of rows as stored that are packed at once. */
static size_t unpack_panels(const struct matrix *matrix)
{
    size_t panels = UNPACK_BYTES / panel_bytes(matrix->type, matrix->columns) / UNPACK_PANELS * UNPACK_PANELS;

    return panels < UNPACK_PANELS ? UNPACK_PANELS : panels;
}

size_t matrix_scratch_bytes(const struct matrix *matrix)
{
    return GEMM_SCRATCH_BYTES +
           (matrix->as_stored ? unpack_panels(matrix) * panel_bytes(matrix->type, matrix->columns) : 0);
}

static size_t rows_of_panel(const struct matrix *matrix, size_t panel)
{
    size_t left = matrix->rows - panel * PANEL_ROWS;

    return left < PANEL_ROWS ? left : PANEL_ROWS;
}

static void pack_rows(const struct matrix *matrix, const uint8_t *stored, size_t count, uint8_t *panel)
{
    const void *rows[PANEL_ROWS] = {0};

    for (size_t r = 0; r < count; r++)
        rows[r] = stored + r * dtype_row_bytes(matrix->type, matrix->columns);
    matrix->pack->pack(matrix->columns, rows, panel);
}

static void pack_panel(const struct matrix *matrix, const struct weights *weights, size_t panel, uint8_t *scratch)
{
    size_t first = matrix->first + panel * PANEL_ROWS, count = rows_of_panel(matrix, panel);
    const uint8_t *stored = weights->ops->view(weights, matrix->tensor, first);

    if (!stored) {
        weights->ops->read(weights, matrix->tensor, first, count, scratch);
        stored = scratch;
    }
    pack_rows(matrix, stored, count, matrix->data + panel * panel_bytes(matrix->type, matrix->columns));
}

void matrix_pack(const struct matrix *matrix, const struct weights *weights, size_t begin, size_t end, void *scratch)
{
    for (size_t panel = begin; panel < end;) {
        size_t stop = panel + RELEASE_PANELS < end ? panel + RELEASE_PANELS : end, first = panel * PANEL_ROWS;
        for (; panel < stop; panel++)
            pack_panel(matrix, weights, panel, scratch);
        if (weights->ops->release) {
            size_t last = stop * PANEL_ROWS < matrix->rows ? stop * PANEL_ROWS : matrix->rows;
            weights->ops->release(weights, matrix->tensor, matrix->first + first, last - first);
        }
    }
}

static size_t width_for(const struct matrix *matrix, size_t tokens)
{
    return tokens == 1 ? 1 : matrix->gemm->width;
}

size_t matrix_tile_count(const struct matrix *matrix, size_t tokens)
{
    size_t width = width_for(matrix, tokens);

    return (tokens + width - 1) / width;
}

size_t matrix_tiles_bytes(const struct matrix *matrix, size_t tokens)
{
    return matrix_tile_count(matrix, tokens) * tile_bytes(matrix->type, matrix->columns, width_for(matrix, tokens)) +
           TILE_SLACK;
}

void matrix_tile(const struct matrix *matrix, size_t tokens, const float *x, size_t stride, size_t begin, size_t end,
                 uint8_t *tiles)
{
    size_t width = width_for(matrix, tokens), bytes = tile_bytes(matrix->type, matrix->columns, width);

    for (size_t i = begin; i < end; i++) {
        size_t left = tokens - i * width;
        matrix->tile->tile(matrix->columns, left < width ? left : width, width, x + i * width * stride, stride,
                           tiles + i * bytes);
    }
}

/* Panels of a piece, and pieces of a thread's share that others may take. */
static size_t piece_panels(const struct matrix *matrix)
{
    size_t panels = PIECE_BYTES / panel_bytes(matrix->type, matrix->columns) / PIECE_GRAIN * PIECE_GRAIN;

    return panels < PIECE_GRAIN ? PIECE_GRAIN : panels;
}

static size_t piece_count(const struct matrix_walk *walk, size_t owner, size_t *begin, size_t *end)
{
    matrix_share(walk->matrix, walk->threads, owner, begin, end);
    if (threads_count(walk->threads) == 1 || *end - *begin < 2 * walk->piece_panels)
        return 0;
    return ((*end - *begin) / SHARED_PART + walk->piece_panels - 1) / walk->piece_panels;
}

struct matrix_walk matrix_walk(const struct matrix *matrix, struct threads *threads, size_t thread, size_t slot)
{
    struct matrix_walk walk = {
        .matrix = matrix, .threads = threads, .thread = thread, .slot = slot, .piece_panels = piece_panels(matrix)};
    size_t begin, end;

    threads_offer(threads, thread, slot, piece_count(&walk, thread, &begin, &end));
    return walk;
}

bool matrix_walk_next(struct matrix_walk *walk, size_t *begin, size_t *end)
{
    size_t threads = threads_count(walk->threads), count, piece;

    if (!walk->begun) {
        walk->begun = true;
        count = piece_count(walk, walk->thread, begin, end);
        *end -= count * walk->piece_panels;
        if (*begin < *end)
            return true;
    }
    for (; walk->helped < threads; walk->helped++) {
        size_t owner = (walk->thread + walk->helped) % threads;
        if (!threads_take(walk->threads, owner, walk->slot, &piece))
            continue;
        count = piece_count(walk, owner, begin, end);
        *begin = *end - (count - piece) * walk->piece_panels;
        *end = *begin + walk->piece_panels;
        return true;
    }
    return false;
}

void matrix_row(const struct matrix *matrix, size_t row, float *out)
{
    const struct dtype_info *info = dtype_info(matrix->type);
    const uint8_t *stored = matrix->data + row * dtype_row_bytes(matrix->type, matrix->columns);
    double block[SUPER_K];

    if (!matrix->as_stored) {
        panel_row(matrix->type, matrix->columns,
                  matrix->data + row / PANEL_ROWS * panel_bytes(matrix->type, matrix->columns), row % PANEL_ROWS, out);
        return;
    }
    for (size_t k = 0; k < matrix->columns; k += info->block_elements, stored += info->block_bytes) {
        dequantise_row(matrix->type, info->block_elements, stored, block);
        for (size_t i = 0; i < info->block_elements; i++)
            out[k + i] = (float)block[i];
    }
}

/* Many tokens: some panels at a time are packed into scratch, behind what the product itself needs. */
static void multiply_stored(const struct matrix *matrix, size_t begin, size_t end, size_t tokens, const uint8_t *tiles,
                            float *out, size_t stride, uint8_t *scratch)
{
    size_t bytes = panel_bytes(matrix->type, matrix->columns), most = unpack_panels(matrix);
    uint8_t *panels = scratch + GEMM_SCRATCH_BYTES;

    for (size_t panel = begin; panel < end; panel += most) {
        size_t count = end - panel < most ? end - panel : most;
        for (size_t i = 0; i < count; i++)
            pack_rows(matrix, matrix->data + (panel + i) * bytes, rows_of_panel(matrix, panel + i), panels + i * bytes);
        matrix->gemm->gemm(matrix->columns, count, panels, tokens, tiles, out + panel * PANEL_ROWS, stride, scratch);
    }
}

void matrix_multiply(const struct matrix *matrix, size_t begin, size_t end, size_t tokens, const uint8_t *tiles,
                     float *out, size_t stride, const struct gemv_tuning *tuning, void *scratch)
{
    const uint8_t *data = matrix->data + begin * panel_bytes(matrix->type, matrix->columns);
    size_t last = end * PANEL_ROWS < matrix->rows ? end * PANEL_ROWS : matrix->rows;

    if (tokens == 1)
        matrix->gemv->gemv(matrix->columns, matrix->as_stored ? last - begin * PANEL_ROWS : end - begin, data, tiles,
                           out + begin * PANEL_ROWS, tuning);
    else if (matrix->as_stored)
        multiply_stored(matrix, begin, end, tokens, tiles, out, stride, scratch);
    else
        matrix->gemm->gemm(matrix->columns, end - begin, data, tokens, tiles, out + begin * PANEL_ROWS, stride,
                           scratch);
}
