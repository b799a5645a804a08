/* Every kernel of the table on one thread: how fast, which share of its level's roof, how exact, and whether it is the one that the
 * engine takes here. Arguments are words that a row's name must contain.
 *
 * Kernel and roof take turns in short slices, of which the best count: what else runs on the machine disturbs single slices, not the
 * best of many. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/clock.h"
#include "tests/kernel_rows.h"
#include "workloads/dequantise.h"

enum {
    COLUMNS = 2048,          /* of a typical matrix */
    ROWS = 512,              /* for many tokens: the packed weights stay in the second cache */
    MEMORY_BYTES = 96 << 20, /* of weights for one token */
    CHECKED_ROWS = 32,
    POSITIONS = 4096,
    HEAD = 128,
    QUERIES = 64,
    ELEMENTS = 8192,
    SLICES = 15,
};
#define SLICE_SECONDS 0.004

/* One row of the table: what work() needs. */
struct bench {
    const struct kernel *kernel, *roof; /* roof: NULL, none */
    size_t tokens;
    uint8_t *stored, *packed, *tiles, *scratch;
    float *x, *out, *weight;
    uint16_t *keys, *values;
    size_t rows;
    float sink;
    unsigned turn;
    uint64_t mix;
};

static bool is_gemv(enum op op)
{
    return op == OP_GEMV || op == OP_GEMV_ROWS;
}

static double work(struct bench *b)
{
    static const struct gemv_tuning tunings[] = {{1536, 4096, 4}, {3072, 3840, 2}};
    const struct gemv_tuning tuning = tunings[b->turn++ % 2]; /* processors differ in which they like better */
    const struct kernel *kernel = b->kernel;
    size_t panels = panel_count(b->rows);
    const void *rows[PANEL_ROWS];
    float maximum[QUERIES], sum[QUERIES];
    size_t visible[QUERIES];

    switch (kernel->op) {
    case OP_GEMV:
        kernel->gemv(COLUMNS, panels, b->packed, b->tiles, b->out, &tuning);
        return (double)(panels * panel_bytes(kernel->type, COLUMNS));
    case OP_GEMV_ROWS:
        kernel->gemv(COLUMNS, b->rows, b->packed, b->tiles, b->out, &tuning);
        return (double)(b->rows * dtype_row_bytes(kernel->type, COLUMNS));
    case OP_GEMM:
        kernel->gemm(COLUMNS, panels, b->packed, b->tokens, b->tiles, b->out, panels * PANEL_ROWS, b->scratch);
        return (double)b->tokens * COLUMNS * (double)b->rows;
    case OP_PACK:
        for (size_t r = 0; r < PANEL_ROWS; r++)
            rows[r] = b->stored + r * dtype_row_bytes(kernel->type, COLUMNS);
        kernel->pack(COLUMNS, rows, b->packed);
        return (double)(PANEL_ROWS * dtype_row_bytes(kernel->type, COLUMNS));
    case OP_TILE:
        kernel->tile(COLUMNS, b->tokens, b->tokens, b->x, COLUMNS, b->tiles);
        return (double)(b->tokens * COLUMNS * sizeof(float));
    case OP_ATTEND:
        for (size_t r = 0; r < b->tokens; r++) {
            maximum[r] = -INFINITY;
            sum[r] = 0;
            visible[r] = POSITIONS;
        }
        memset(b->out, 0, b->tokens * HEAD * sizeof *b->out);
        kernel->attend(&(struct attend){.head_size = HEAD,
                                        .rows = b->tokens,
                                        .queries = b->x,
                                        .keys = b->keys,
                                        .values = b->values,
                                        .keys_q8 = (const int8_t *)b->keys,
                                        .values_q8 = (const int8_t *)b->values,
                                        .key_scales = b->values,
                                        .value_scales = b->values,
                                        .end = POSITIONS,
                                        .visible = visible,
                                        .maximum = maximum,
                                        .sum = sum,
                                        .out = b->out,
                                        .scratch = (float *)b->scratch});
        return 2.0 * POSITIONS * HEAD * (double)b->tokens;
    case OP_NORM:
        kernel->norm(ELEMENTS, b->x, b->weight, 1e-5f, b->out);
        return ELEMENTS * 3.0 * sizeof(float);
    case OP_ROTATE:
    case OP_ROTATE_HALVES:
        kernel->rotate(ELEMENTS, b->out, b->x, b->weight);
        return ELEMENTS * 3.0 * sizeof(float);
    case OP_GATE:
    case OP_GATE_GELU:
        kernel->gate(ELEMENTS, b->x, b->weight, b->out);
        return ELEMENTS * 3.0 * sizeof(float);
    case OP_CAP:
        kernel->cap(ELEMENTS, 30, b->out);
        return ELEMENTS * 2.0 * sizeof(float);
    case OP_PEAK_INT8:
    case OP_PEAK_FP32:
        return (double)kernel->peak(2000, &b->sink);
    case OP_READ:
        b->mix += kernel->read(b->packed, MEMORY_BYTES, tuning.streams, &tuning);
        return MEMORY_BYTES;
    default:
        return 0;
    }
}

/* Done per second over one slice. */
static double slice(struct bench *b)
{
    uint64_t start_ns = clock_now_ns();
    double done = 0, seconds;

    do {
        done += work(b);
        seconds = clock_seconds(start_ns, clock_now_ns());
    } while (seconds < SLICE_SECONDS);
    return done / seconds;
}

static double product_nmse(struct bench *b)
{
    const struct kernel *kernel = b->kernel;
    size_t width = is_gemv(kernel->op) ? 1 : kernel->width, stride = panel_count(b->rows) * PANEL_ROWS;
    double *row = allocate(COLUMNS * sizeof *row), *want = allocate(CHECKED_ROWS * sizeof *want), worst = 0;
    float got[CHECKED_ROWS];

    for (size_t t = 0; t < b->tokens; t += b->tokens / 2 + 1) {
        for (size_t r = 0; r < CHECKED_ROWS; r++) {
            dequantise_row(kernel->type, COLUMNS, b->stored + r * dtype_row_bytes(kernel->type, COLUMNS), row);
            want[r] = 0;
            for (size_t i = 0; i < COLUMNS; i++)
                want[r] += row[i] * activation(kernel->type, b->tiles, COLUMNS, width, t, i);
            got[r] = b->out[t * stride + r];
        }
        worst = fmax(worst, nmse(got, want, CHECKED_ROWS));
    }
    free(row);
    free(want);
    return worst;
}

/* Copies of CHECKED_ROWS rows, packed or as stored, one after another. */
static void fill_weights(struct bench *b)
{
    enum dtype type = b->kernel->type;
    size_t bytes = panel_count(CHECKED_ROWS) * panel_bytes(type, COLUMNS);
    uint8_t *some;

    b->stored = random_rows(type, CHECKED_ROWS, COLUMNS, false);
    some = pack_all(kernel_at(OP_PACK, type, ISA_SCALAR), CHECKED_ROWS, COLUMNS, b->stored);
    b->packed = allocate(panel_count(b->rows) * panel_bytes(type, COLUMNS) + (1 << 16));
    for (size_t at = 0; at < panel_count(b->rows) * panel_bytes(type, COLUMNS); at += bytes)
        memcpy(b->packed + at, b->kernel->op == OP_GEMV_ROWS ? b->stored : some, bytes);
    free(some);
}

static void prepare(struct bench *b)
{
    const struct kernel *kernel = b->kernel;
    size_t width = kernel->op == OP_GEMM ? kernel->width : 1;
    bool product = is_gemv(kernel->op) || kernel->op == OP_GEMM;

    b->rows = is_gemv(kernel->op)
                  ? MEMORY_BYTES / panel_bytes(kernel->type, COLUMNS) * PANEL_ROWS / CHECKED_ROWS * CHECKED_ROWS
                  : ROWS;
    b->x = random_vectors(QUERIES < 512 ? 512 : QUERIES, COLUMNS, false);
    b->weight = random_vectors(8, COLUMNS, false);
    b->scratch = allocate(GEMM_SCRATCH_BYTES + ATTEND_SCRATCH_FLOATS * sizeof(float));
    b->out = allocate((product ? b->rows * b->tokens : 1 << 16) * sizeof *b->out);
    if (kernel->type < DTYPE_COUNT && kernel->op != OP_ATTEND)
        fill_weights(b);
    if (kernel->op == OP_READ)
        b->packed = allocate(MEMORY_BYTES);
    if (product)
        b->tiles = tile_all(kernel_at(OP_TILE, kernel->type, ISA_SCALAR), COLUMNS, b->tokens, width, b->x);
    if (kernel->op == OP_TILE)
        b->tiles = allocate(tile_bytes(kernel->type, COLUMNS, b->tokens) + TILE_SLACK);
    if (kernel->op == OP_ATTEND) {
        b->keys = allocate(2 * POSITIONS * HEAD);
        b->values = allocate(2 * POSITIONS * HEAD);
        for (size_t i = 0; i < (size_t)POSITIONS * HEAD; i++)
            b->keys[i] = b->values[i] = float_to_half(random_float());
    }
}

static void clear(struct bench *b)
{
    free(b->stored), free(b->packed), free(b->tiles), free(b->scratch);
    free(b->x), free(b->out), free(b->weight), free(b->keys), free(b->values);
}

static const struct kernel *roof_of(const struct kernel *kernel)
{
    isa_set up_to = ((isa_set)2 << kernel->isa) - 1;

    switch (kernel->op) {
    case OP_GEMV:
    case OP_GEMV_ROWS:
        return kernel_best(OP_READ, DTYPE_COUNT, up_to);
    case OP_GEMM:
        return dtype_info(kernel->type)->quantised ? kernel_at(OP_PEAK_INT8, DTYPE_COUNT, kernel->isa)
                                                   : kernel_best(OP_PEAK_FP32, DTYPE_COUNT, up_to);
    case OP_ATTEND:
        return kernel_best(OP_PEAK_FP32, DTYPE_COUNT, up_to);
    default:
        return NULL;
    }
}

static bool counts_macs(enum op op)
{
    return op == OP_GEMM || op == OP_ATTEND || op == OP_PEAK_INT8 || op == OP_PEAK_FP32;
}

static void measure(const struct kernel *kernel, size_t tokens, isa_set isa)
{
    struct bench b = {.kernel = kernel, .tokens = tokens}, roof = {.kernel = roof_of(kernel), .tokens = 1};
    bool product = is_gemv(kernel->op) || kernel->op == OP_GEMM;
    double best = 0, best_roof = 0;

    prepare(&b);
    if (roof.kernel)
        prepare(&roof);
    for (int i = 0; i < SLICES; i++) {
        best = fmax(best, slice(&b));
        best_roof = roof.kernel ? fmax(best_roof, slice(&roof)) : 0;
    }
    printf("%-28s %-6s %6zu %9.2f %-6s", kernel->name,
           kernel->type < DTYPE_COUNT ? dtype_info(kernel->type)->name : "-", tokens, best * 1e-9,
           counts_macs(kernel->op) ? "GMAC/s" : "GB/s");
    if (best_roof > 0)
        printf(" %6.3f", best / best_roof);
    else
        printf(" %6s", "-");
    if (product)
        printf(" %9.1e", product_nmse(&b));
    else
        printf(" %9s", "-");
    printf("  %s\n", kernel == kernel_best(kernel->op, kernel->type, isa) ? "taken here" : "");
    fflush(stdout);
    clear(&b);
    if (roof.kernel)
        clear(&roof);
}

static bool wanted(const struct kernel *kernel, int count, char *const *words)
{
    for (int i = 0; i < count; i++)
        if (!strstr(kernel->name, words[i]))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    isa_set isa = host_isa();
    size_t count;
    const struct kernel *table = kernel_table(&count);

    printf("%-28s %-6s %6s %9s %-6s %6s %9s\n", "kernel", "type", "tokens", "", "", "roof", "NMSE");
    for (size_t i = 0; i < count; i++) {
        if (!(isa >> table[i].isa & 1) || !wanted(&table[i], argc - 1, argv + 1))
            continue;
        if (table[i].op == OP_GEMM) {
            measure(&table[i], 128, isa);
            measure(&table[i], 512, isa);
        } else if (table[i].op == OP_ATTEND) {
            measure(&table[i], 4, isa);
            measure(&table[i], QUERIES, isa);
        } else
            measure(&table[i], table[i].op == OP_TILE ? 12 : 1, isa);
    }
    return 0;
}
