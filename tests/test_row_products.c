/* Products of rows as stored against float64, at every level, over odd shapes and extreme values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/kernel_rows.h"
#include "workloads/dequantise.h"

static const struct shape {
    size_t rows, k;
    bool extreme;
} shapes[] = {{1, 32, false},     {2, 64, true},    {3, 96, false},     {4, 128, false},  {5, 160, true},
              {7, 1152, false},   {8, 2048, true},  {13, 544, false},   {16, 736, false}, {33, 992, false},
              {61, 1024, false},  {5, 17920, true}, {4, 8192, false},   {128, 32, true},  {18, 1056, true},
              {1030, 128, false}, {601, 256, true}, {1301, 2048, false}};

/* A copy whose last byte is the last that may be read: behind it lies a page that nobody may touch. */
static uint8_t *guard(const uint8_t *bytes, size_t size, uint8_t **mapping, size_t *mapped)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (size + page - 1) / page * page;

    *mapped = whole + page;
    *mapping = mmap(NULL, *mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(*mapping != MAP_FAILED);
    assert_int_equal(mprotect(*mapping + whole, page, PROT_NONE), 0);
    memcpy(*mapping + whole - size, bytes, size);
    return *mapping + whole - size;
}

static void check(const struct kernel *kernel, const struct shape *s)
{
    const struct gemv_tuning tuning = {.near_bytes = 1024, .far_bytes = 4096};
    size_t row_bytes = dtype_row_bytes(kernel->type, s->k), mapped;
    uint8_t *stored = random_rows(kernel->type, s->rows, s->k, s->extreme), *mapping;
    uint8_t *guarded = guard(stored, s->rows * row_bytes, &mapping, &mapped);
    float *x = random_vectors(1, s->k, s->extreme), *out = allocate((s->rows + 1) * sizeof *out);
    uint8_t *tile = tile_all(kernel_at(OP_TILE, kernel->type, ISA_SCALAR), s->k, 1, 1, x);
    double *row = allocate(s->k * sizeof *row), *want = allocate(s->rows * sizeof *want), error;

    /* What lies behind a tile may be anything. */
    memset(tile + tile_bytes(kernel->type, s->k, 1), 0xff, TILE_SLACK);
    out[s->rows] = 123;
    kernel->gemv(s->k, s->rows, guarded, tile, out, &tuning);
    for (size_t r = 0; r < s->rows; r++) {
        dequantise_row(kernel->type, s->k, stored + r * row_bytes, row);
        for (size_t i = 0; i < s->k; i++)
            want[r] += row[i] * activation(kernel->type, tile, s->k, 1, 0, i);
    }
    error = nmse(out, want, s->rows);
    if (!(error <= 1e-9))
        fail_msg("%s rows %zu k %zu: NMSE %g", kernel->name, s->rows, s->k, error);
    assert_true(out[s->rows] == 123);
    munmap(mapping, mapped);
    free(stored), free(x), free(out), free(tile), free(row), free(want);
}

static void test_rows_against_float64(void **state)
{
    size_t count, seen = 0;
    const struct kernel *table = kernel_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        if (table[i].op == OP_GEMV_ROWS && (host_isa() >> table[i].isa & 1))
            for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++, seen++)
                check(&table[i], &shapes[s]);
    assert_true(seen > 0);
}

/* Blocks that cancel leave nothing: sums of whole numbers are exact. */
static void test_sums_are_exact(void **state)
{
    enum { K = 256 };
    const struct gemv_tuning tuning = {.near_bytes = 0};
    size_t count;
    const struct kernel *table = kernel_table(&count);
    float x[K], out[2];

    (void)state;
    for (size_t i = 0; i < K; i++)
        x[i] = i % 2 ? 127 : -127;
    for (size_t i = 0; i < count; i++) {
        if (table[i].op != OP_GEMV_ROWS || !(host_isa() >> table[i].isa & 1))
            continue;
        uint8_t *stored = random_rows(table[i].type, 2, K, true);
        uint8_t *tile = tile_all(kernel_at(OP_TILE, table[i].type, ISA_SCALAR), K, 1, 1, x);
        table[i].gemv(K, 2, stored, tile, out, &tuning);
        assert_true(out[0] == 0 && out[1] == 0);
        free(stored), free(tile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_against_float64),
        cmocka_unit_test(test_sums_are_exact),
    };
    return cmocka_run_group_tests_name("row products", tests, NULL, NULL);
}
