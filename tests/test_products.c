/* Packing, activation tiles and products of every row of the kernel table against float64, over odd shapes and extreme values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/kernel_random.h"
#include "workloads/dequantise.h"

/* Where the f16 scales of a block lie; SIZE_MAX: there is none. */
static void half_offsets(enum dtype type, size_t offsets[2])
{
    offsets[0] = type == DTYPE_F32 || type == DTYPE_BF16 ? SIZE_MAX : type == DTYPE_Q6_K ? 208 : 0;
    offsets[1] = type == DTYPE_Q4_1 || type == DTYPE_Q4_K || type == DTYPE_Q5_K ? 2 : SIZE_MAX;
}

/* The byte that puts quants at an end of their range. */
static uint8_t extreme_byte(enum dtype type, bool high)
{
    if (type == DTYPE_Q8_0)
        return high ? 0x7f : 0x80;
    return high ? 0xff : 0x00;
}

/* Stored rows of random blocks; `extreme`: all quants at an end of their range. */
static uint8_t *random_rows(enum dtype type, size_t rows, size_t k, bool extreme)
{
    size_t bytes = dtype_row_bytes(type, k), block = dtype_info(type)->block_bytes, halves[2];
    uint8_t *stored = allocate(rows * bytes);

    half_offsets(type, halves);
    for (size_t i = 0; i < rows * bytes / block; i++) {
        uint8_t *at = stored + i * block;
        float value = random_float();
        for (size_t j = 0; j < block; j++)
            at[j] = (uint8_t)next_random();
        if (extreme)
            memset(at, extreme_byte(type, next_random() & 1), block);
        if (extreme && type == DTYPE_Q6_K) /* scales, the smallest of which is −128 */
            memset(at + 192, next_random() & 1 ? 0x80 : 0x7f, 16);
        if (type == DTYPE_F32)
            memcpy(at, &value, 4);
        if (type == DTYPE_BF16)
            memcpy(at, (uint8_t *)&value + 2, 2);
        for (size_t h = 0; h < 2; h++) {
            uint16_t half = float_to_half(random_float());
            if (halves[h] != SIZE_MAX)
                memcpy(at + halves[h], &half, 2); /* the value of f16, the scale of the quantised types */
        }
    }
    return stored;
}

static uint8_t *pack_all(const struct kernel *pack, size_t rows, size_t k, const uint8_t *stored)
{
    size_t row_bytes = dtype_row_bytes(pack->type, k);
    uint8_t *packed = allocate(panel_count(rows) * panel_bytes(pack->type, k));

    for (size_t p = 0; p < panel_count(rows); p++) {
        const void *list[PANEL_ROWS];
        for (size_t r = 0; r < PANEL_ROWS; r++)
            list[r] = p * PANEL_ROWS + r < rows ? stored + (p * PANEL_ROWS + r) * row_bytes : NULL;
        pack->pack(k, list, packed + p * panel_bytes(pack->type, k));
    }
    return packed;
}

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

static uint8_t *tile_all(const struct kernel *tile, size_t k, size_t tokens, size_t width, const float *x)
{
    size_t tiles = (tokens + width - 1) / width, bytes = tile_bytes(tile->type, k, width);
    uint8_t *out = allocate(tiles * bytes + TILE_SLACK);

    for (size_t i = 0; i < tiles; i++) {
        size_t left = tokens - i * width;
        tile->tile(k, left < width ? left : width, width, x + i * width * k, k, out + i * bytes);
    }
    return out;
}

static double activation(enum dtype type, const uint8_t *tiles, size_t k, size_t width, size_t token, size_t i)
{
    const uint8_t *tile = tiles + token / width * tile_bytes(type, k, width);
    size_t t = token % width;

    if (!dtype_info(type)->quantised)
        return ((const float *)tile)[i * width + t];
    const float *scales = (const float *)(tile + k * width + k / BLOCK_K * width * 4);
    return (double)((const int8_t *)tile)[(i / 4 * width + t) * 4 + i % 4] * scales[i / BLOCK_K * width + t];
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
                    for (size_t j = i / BLOCK_K * BLOCK_K; j < i / BLOCK_K * BLOCK_K + BLOCK_K; j++)
                        most = fmax(most, fabs((double)x[t * k + j]));
                    assert_true(fabs(activation(table[n].type, tiles, k, width, t, i) - x[t * k + i]) <= most * step);
                }
            free(x);
            free(tiles);
        }
    }
}

struct shape {
    size_t rows, k, tokens;
    bool extreme;
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

/* A product against float64 on the same activations; the offset of an all-equal block must cancel exactly. */
static void check_product(const struct kernel *kernel, const struct shape *s)
{
    size_t width = kernel->width, stride = panel_count(s->rows) * PANEL_ROWS;
    uint8_t *stored = random_rows(kernel->type, s->rows, s->k, s->extreme);
    uint8_t *packed = pack_all(kernel_at(OP_PACK, kernel->type, ISA_SCALAR), s->rows, s->k, stored);
    float *x = random_vectors(s->tokens, s->k, s->extreme);
    double *row = allocate(s->k * sizeof *row);
    uint8_t *tiles = tile_all(kernel_at(OP_TILE, kernel->type, ISA_SCALAR), s->k, s->tokens, width, x);
    float *out = allocate(s->tokens * stride * sizeof *out), *got = allocate(s->tokens * s->rows * sizeof *got);
    double *want = allocate(s->tokens * s->rows * sizeof *want);
    void *scratch = allocate(GEMM_SCRATCH_BYTES);
    struct gemv_tuning tuning = {1024, 4096};

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

/* Every f16 value, the subnormal and the infinite too, reaches the product as what it is. */
static void test_half_weights_are_exact(void **state)
{
    enum { VALUES = 1 << 16 };
    const struct gemv_tuning tuning = {0, 0};
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
        cmocka_unit_test(test_products_against_float64),      cmocka_unit_test(test_half_weights_are_exact),
    };
    return cmocka_run_group_tests_name("products", tests, NULL, NULL);
}
