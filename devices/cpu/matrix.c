#include "devices/cpu/matrix.h"

enum {
    RELEASE_PANELS = 64,      /* panels between two releases of the source's pages */
    PIECE_BYTES = 144 * 1024, /* of a piece that any thread may take: some 8 µs of reading */
    PIECE_GRAIN = 4,          /* panels that a one-token kernel walks side by side */
    SHARED_PART = 8,          /* the last eighth of a share is in pieces */
};

struct matrix matrix_of(const struct model *model, const struct tensor *tensor, size_t first, size_t rows, isa_set isa)
{
    return (struct matrix){
        .tensor = (size_t)(tensor - model->tensors),
        .first = first,
        .type = tensor->type,
        .rows = rows,
        .columns = tensor->columns,
        .panels = panel_count(rows),
        .pack = kernel_best(OP_PACK, tensor->type, isa),
        .tile = kernel_best(OP_TILE, tensor->type, isa),
        .gemv = kernel_best(OP_GEMV, tensor->type, isa),
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

static void pack_panel(const struct matrix *matrix, const struct weights *weights, size_t panel, uint8_t *scratch)
{
    size_t first = panel * PANEL_ROWS, row_bytes = dtype_row_bytes(matrix->type, matrix->columns);
    size_t count = matrix->rows - first < PANEL_ROWS ? matrix->rows - first : PANEL_ROWS;
    const uint8_t *stored = weights->ops->view(weights, matrix->tensor, matrix->first + first);
    const void *rows[PANEL_ROWS] = {0};

    if (!stored) {
        weights->ops->read(weights, matrix->tensor, matrix->first + first, count, scratch);
        stored = scratch;
    }
    for (size_t r = 0; r < count; r++)
        rows[r] = stored + r * row_bytes;
    matrix->pack->pack(matrix->columns, rows, matrix->data + panel * panel_bytes(matrix->type, matrix->columns));
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

void matrix_multiply(const struct matrix *matrix, size_t begin, size_t end, size_t tokens, const uint8_t *tiles,
                     float *out, size_t stride, const struct gemv_tuning *tuning, void *scratch)
{
    const uint8_t *data = matrix->data + begin * panel_bytes(matrix->type, matrix->columns);

    if (tokens == 1)
        matrix->gemv->gemv(matrix->columns, end - begin, data, tiles, out + begin * PANEL_ROWS, tuning);
    else
        matrix->gemm->gemm(matrix->columns, end - begin, data, tokens, tiles, out + begin * PANEL_ROWS, stride,
                           scratch);
}
