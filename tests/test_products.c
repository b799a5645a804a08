/* Packing, activation tiles and products of every row of the kernel table against float64, over odd shapes and extreme values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/kernel_rows.h"
#include "workloads/dequantise.h"

static void test_pack_variants_equal_scalar(void **state)
{
    size_t count;
    const struct kernel *table = kernel_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        if (table[i].op != OP_PACK || !(host_isa() >> table[i].isa & 1))
            continue;
        for (size_t rows = 1; rows <= 33; rows += 8) {
            size_t k = 3 * dtype_info(table[i].type)->block_elements;
            uint8_t *stored = random_rows(table[i].type, rows, k, false);
            uint8_t *got = pack_all(&table[i], rows, k, stored);
            uint8_t *want = pack_all(kernel_at(OP_PACK, table[i].type, ISA_SCALAR), rows, k, stored);
            assert_memory_equal(got, want, panel_count(rows) * panel_bytes(table[i].type, k));
            free(stored);
            free(got);
            free(want);
        }
    }
}

/* Panels are as long as they say, and little longer than the rows they hold. */
static void test_panel_bytes(void **state)
{
    (void)state;
    for (int type = 0; type < DTYPE_COUNT; type++) {
        size_t stored = PANEL_ROWS * dtype_row_bytes((enum dtype)type, 512);
        size_t packed = panel_bytes((enum dtype)type, 512);
        uint8_t *rows = random_rows((enum dtype)type, 16, 512, false), *panel = test_malloc(packed);
        const void *list[PANEL_ROWS];

        assert_true(packed >= stored && packed * 100 <= stored * 103);
        for (size_t r = 0; r < PANEL_ROWS; r++)
            list[r] = rows + r * stored / PANEL_ROWS;
        memset(panel, 0xa5, packed);
        for (size_t i = 0; i < 64; i++) { /* the last byte is written too: it changes with some row */
            kernel_at(OP_PACK, (enum dtype)type, ISA_SCALAR)->pack(512, list, panel);
            if (panel[packed - 1] != 0xa5)
                break;
            list[15] = rows + i % 15 * stored / PANEL_ROWS;
        }
        assert_int_not_equal(panel[packed - 1], 0xa5);
        free(rows);
        test_free(panel);
    }
}

static void test_panel_row_gives_stored_values(void **state)
{
    enum { K = 512, ROWS = 19 };

    (void)state;
    for (int t = 0; t < DTYPE_COUNT; t++) {
        enum dtype type = (enum dtype)t;
        float got[K];
        double want[K];
        uint8_t *stored = random_rows(type, ROWS, K, false);
        uint8_t *packed = pack_all(kernel_at(OP_PACK, type, ISA_SCALAR), ROWS, K, stored);
        for (size_t r = 0; r < 2 * PANEL_ROWS; r++) {
            panel_row(type, K, packed + r / PANEL_ROWS * panel_bytes(type, K), r % PANEL_ROWS, got);
            memset(want, 0, sizeof want);
            if (r < ROWS)
                dequantise_row(type, K, stored + r * dtype_row_bytes(type, K), want);
            for (size_t i = 0; i < K; i++) /* the rounding of a product of scales that a minimum may cancel against */
                if (!(fabs(got[i] - want[i]) <=
                      1e-4 * fabs(want[i]) + (type == DTYPE_Q4_K || type == DTYPE_Q5_K ? 1e-4 : 0)))
                    fail_msg("%s row %zu k %zu: %g, not %g", dtype_info(type)->name, r, i, (double)got[i], want[i]);
        }
        free(stored);
        free(packed);
    }
}

static void test_tiles_keep_the_values(void **state)
{
    size_t count;
    const struct kernel *table = kernel_table(&count);

    (void)state;
    for (size_t n = 0; n < count; n++) {
        if (table[n].op != OP_TILE || !(host_isa() >> table[n].isa & 1))
            continue;
        for (size_t width = 1; width <= 12; width += 11) {
            const size_t k = 96, tokens = width == 1 ? 1 : 17;
            float *x = random_vectors(tokens, k, false);
            uint8_t *tiles = tile_all(&table[n], k, tokens, width, x);
            for (size_t t = 0; t < tokens; t++)
                for (size_t i = 0; i < k; i++) {
                    double most = 0, step = dtype_info(table[n].type)->quantised
                                                ? 0.75 / 127
                                                : 0; /* rounding, and a scale of least squares */
                    size_t block = tile_block(table[n].type, k), first = i / block * block;
                    for (size_t j = first; j < first + block; j++)
                        most = fmax(most, fabs((double)x[t * k + j]));
                    assert_true(fabs(activation(table[n].type, tiles, k, width, t, i) - x[t * k + i]) <= most * step);
                }
            free(x);
            free(tiles);
        }
    }
}

enum { ONE_SIDED = 2 };

struct shape {
    size_t rows, k, tokens;
    int extreme; /* 1: values at the ends of their ranges; ONE_SIDED, for int8: all of a row, and of a token, at the same end */
};

static const struct shape shapes[] = {
    {1, 32, 1, false},    {16, 32, 2, false},    {17, 64, 3, true},    {31, 96, 5, false},   {33, 544, 12, false},
    {48, 1056, 13, true}, {80, 2048, 25, false}, {144, 320, 7, false}, {64, 8192, 4, false}, {5, 17920, 1, true},
    {272, 64, 40, false}, {128, 512, 1, false},  {520, 96, 11, true},  {16, 5120, 6, false}, {530, 32, 1, false},
};

/* For types whose blocks are longer than 32. */
static const struct shape long_shapes[] = {
    {1, 256, 1, false},    {16, 256, 2, false}, {17, 768, 13, true},  {33, 512, 12, false},
    {80, 2048, 25, false}, {7, 17920, 1, true}, {530, 256, 1, false},
};

static void make_one_sided(const struct shape *s, uint8_t *stored, float *x)
{
    for (size_t r = 0; r < s->rows; r++)
        memset(stored + r * dtype_row_bytes(DTYPE_INT8, s->k), r % 2 ? 0x7f : 0x80, s->k);
    for (size_t i = 0; i < s->tokens * s->k; i++)
        x[i] = i / s->k % 2 ? -1.0f : 1.0f;
}

/* A product against float64 on the same activations; the offset of an all-equal block must cancel exactly. */
static void check_product(const struct kernel *kernel, const struct shape *s)
{
    size_t width = kernel->width, stride = panel_count(s->rows) * PANEL_ROWS;
    uint8_t *stored = random_rows(kernel->type, s->rows, s->k, s->extreme);
    float *x = random_vectors(s->tokens, s->k, s->extreme);
    if (s->extreme == ONE_SIDED)
        make_one_sided(s, stored, x);
    uint8_t *packed = pack_all(kernel_at(OP_PACK, kernel->type, ISA_SCALAR), s->rows, s->k, stored);
    double *row = allocate(s->k * sizeof *row);
    uint8_t *tiles = tile_all(kernel_at(OP_TILE, kernel->type, ISA_SCALAR), s->k, s->tokens, width, x);
    float *out = allocate(s->tokens * stride * sizeof *out), *got = allocate(s->tokens * s->rows * sizeof *got);
    double *want = allocate(s->tokens * s->rows * sizeof *want);
    void *scratch = allocate(GEMM_SCRATCH_BYTES);
    struct gemv_tuning tuning = {1024, 4096, s->rows % 4 < 2 ? 2 : 4};

    if (kernel->op == OP_GEMV)
        kernel->gemv(s->k, panel_count(s->rows), packed, tiles, out, &tuning);
    else
        kernel->gemm(s->k, panel_count(s->rows), packed, s->tokens, tiles, out, stride, scratch);
    for (size_t r = 0; r < s->rows; r++) {
        dequantise_row(kernel->type, s->k, stored + r * dtype_row_bytes(kernel->type, s->k), row);
        for (size_t t = 0; t < s->tokens; t++) {
            double sum = 0;
            for (size_t i = 0; i < s->k; i++)
                sum += row[i] * activation(kernel->type, tiles, s->k, width, t, i);
            want[t * s->rows + r] = sum;
            got[t * s->rows + r] = out[t * stride + r];
        }
    }
    double error = nmse(got, want, s->tokens * s->rows);
    if (!(error <= 1e-9))
        fail_msg("%s rows %zu k %zu tokens %zu: NMSE %g", kernel->name, s->rows, s->k, s->tokens, error);
    free(stored), free(packed), free(x), free(row), free(tiles), free(out), free(got), free(want), free(scratch);
}

static void test_products_against_float64(void **state)
{
    size_t count;
    const struct kernel *table = kernel_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        if ((table[i].op != OP_GEMV && table[i].op != OP_GEMM) || !(host_isa() >> table[i].isa & 1))
            continue;
        bool longer = dtype_info(table[i].type)->block_elements > BLOCK_K;
        const struct shape *list = longer ? long_shapes : shapes;
        size_t shape_count = longer ? sizeof long_shapes / sizeof *long_shapes : sizeof shapes / sizeof *shapes;
        for (size_t s = 0; s < shape_count; s++)
            if ((table[i].op == OP_GEMV) == (list[s].tokens == 1) || table[i].op == OP_GEMM)
                check_product(&table[i], &list[s]);
    }
}

/* The longest rows and the largest numbers of per-channel int8: nothing overflows, at any level. */
static void test_channel_sums_hold_the_longest_rows(void **state)
{
    static const struct shape longest[] = {{18, CHANNEL_K_MAX, 13, ONE_SIDED}, {3, CHANNEL_K_MAX, 1, ONE_SIDED}};
    size_t count;
    const struct kernel *table = kernel_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        if (table[i].type == DTYPE_INT8 && (host_isa() >> table[i].isa & 1)) {
            if (table[i].op == OP_GEMM)
                check_product(&table[i], &longest[0]);
            if (table[i].op == OP_GEMV)
                check_product(&table[i], &longest[1]);
        }
}

/* Every f16 value, the subnormal and the infinite too, reaches the product as what it is. */
static void test_half_weights_are_exact(void **state)
{
    enum { VALUES = 1 << 16 };
    const struct gemv_tuning tuning = {.near_bytes = 0};
    const float one = 1;
    uint16_t *halves = allocate(VALUES * sizeof *halves);
    float *out = allocate(VALUES * sizeof *out);

    (void)state;
    for (size_t i = 0; i < VALUES; i++)
        halves[i] = (uint16_t)i;
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        const struct kernel *kernel = kernel_at(OP_GEMV, DTYPE_F16, (enum isa)isa);
        if (!kernel || !(host_isa() >> isa & 1))
            continue;
        kernel->gemv(1, VALUES / PANEL_ROWS, halves, &one, out, &tuning);
        for (size_t i = 0; i < VALUES; i++) {
            float want = half_to_float((uint16_t)i);
            if (isnan(want) ? !isnan(out[i]) : out[i] != want)
                fail_msg("%s: %#zx is %g, not %g", kernel->name, i, (double)out[i], (double)want);
        }
    }
    free(halves);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack_variants_equal_scalar),    cmocka_unit_test(test_panel_bytes),
        cmocka_unit_test(test_panel_row_gives_stored_values), cmocka_unit_test(test_tiles_keep_the_values),
        cmocka_unit_test(test_products_against_float64),      cmocka_unit_test(test_channel_sums_hold_the_longest_rows),
        cmocka_unit_test(test_half_weights_are_exact),
    };
    return cmocka_run_group_tests_name("products", tests, NULL, NULL);
}
