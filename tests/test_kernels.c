/* Every row of the kernel table against float64, over odd shapes and extreme values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/host.h"
#include "kernels/kernel.h"

static isa_set host_isa(void)
{
    static struct host host;
    struct error error;

    if (!host.isa)
        assert_int_equal(host_read(&host, NULL, &error), STATUS_OK);
    return host.isa;
}

static uint32_t random_state = 1;

static uint32_t next_random(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

static float random_float(void)
{
    return (float)next_random() / (float)(1 << 23) - 1.0f;
}

static void *allocate(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);

    assert_non_null(memory);
    memset(memory, 0, (bytes + 127) / 64 * 64);
    return memory;
}

static double nmse(const float *got, const double *want, size_t count)
{
    double error = 0, power = 0;

    for (size_t i = 0; i < count; i++) {
        error += (got[i] - want[i]) * (got[i] - want[i]);
        power += want[i] * want[i];
    }
    return power > 0 ? error / power : error;
}

/* Stored rows of random blocks; `extreme`: all quants at an end of their range. */
static uint8_t *random_rows(enum dtype type, size_t rows, size_t k, bool extreme)
{
    size_t bytes = dtype_row_bytes(type, k), block = dtype_info(type)->block_bytes;
    uint8_t *stored = allocate(rows * bytes);

    for (size_t i = 0; i < rows * bytes / block; i++) {
        uint8_t *at = stored + i * block;
        uint16_t half = float_to_half(random_float());
        float value = random_float();
        for (size_t j = 0; j < block; j++)
            at[j] = (uint8_t)next_random();
        if (extreme)
            memset(at, next_random() & 1 ? (type == DTYPE_Q8_0 ? 0x80 : 0x00) : (type == DTYPE_Q8_0 ? 0x7f : 0xff),
                   block);
        if (type == DTYPE_F32)
            memcpy(at, &value, 4);
        else
            memcpy(at, &half, 2); /* the value of f16, the scale of the quantised types */
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
            uint8_t *stored = random_rows(table[i].type, rows, 96, false);
            uint8_t *got = pack_all(&table[i], rows, 96, stored);
            uint8_t *want = pack_all(kernel_at(OP_PACK, table[i].type, ISA_SCALAR), rows, 96, stored);
            assert_memory_equal(got, want, panel_count(rows) * panel_bytes(table[i].type, 96));
            free(stored);
            free(got);
            free(want);
        }
    }
}

/* What a stored row means, from the block layouts alone. */
static void stored_row(enum dtype type, size_t k, const uint8_t *row, float *out)
{
    for (size_t i = 0; i < k; i++) {
        const uint8_t *block = row + i / dtype_info(type)->block_elements * dtype_info(type)->block_bytes;
        uint16_t half;
        size_t j = i % BLOCK_K;
        memcpy(&half, block, 2);
        if (type == DTYPE_F32)
            memcpy(out + i, row + 4 * i, 4);
        else if (type == DTYPE_F16)
            out[i] = half_to_float(half);
        else if (type == DTYPE_Q8_0)
            out[i] = half_to_float(half) * (float)(int8_t)block[2 + j];
        else
            out[i] = half_to_float(half) * (float)((j < 16 ? block[2 + j] & 15 : block[2 + j - 16] >> 4) - 8);
    }
}

static void test_panel_row_gives_stored_values(void **state)
{
    (void)state;
    for (int type = 0; type < DTYPE_COUNT; type++) {
        float got[64], want[64];
        uint8_t *stored = random_rows((enum dtype)type, 19, 64, false);
        uint8_t *packed = pack_all(kernel_at(OP_PACK, (enum dtype)type, ISA_SCALAR), 19, 64, stored);
        for (size_t r = 0; r < 19; r++) {
            panel_row((enum dtype)type, 64, packed + r / 16 * panel_bytes((enum dtype)type, 64), r % 16, got);
            stored_row((enum dtype)type, 64, stored + r * dtype_row_bytes((enum dtype)type, 64), want);
            assert_memory_equal(got, want, sizeof got);
        }
        free(stored);
        free(packed);
    }
}

static float *random_vectors(size_t tokens, size_t k, bool extreme)
{
    float *x = allocate(tokens * k * sizeof *x);

    for (size_t i = 0; i < tokens * k; i++)
        x[i] = extreme ? (next_random() & 1 ? 1.0f : -1.0f) : random_float() * 3.0f;
    if (!extreme)
        memset(x, 0, (k < BLOCK_K ? k : BLOCK_K) * sizeof *x); /* a block of zeros has scale 0 */
    return x;
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
                    double most = 0, step = dtype_info(table[n].type)->quantised ? 0.51 / 127 : 0;
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

/* A product against float64 on the same activations; the offset of an all-equal block must cancel exactly. */
static void check_product(const struct kernel *kernel, const struct shape *s)
{
    size_t width = kernel->width, stride = panel_count(s->rows) * PANEL_ROWS;
    uint8_t *stored = random_rows(kernel->type, s->rows, s->k, s->extreme);
    uint8_t *packed = pack_all(kernel_at(OP_PACK, kernel->type, ISA_SCALAR), s->rows, s->k, stored);
    float *x = random_vectors(s->tokens, s->k, s->extreme), *row = allocate(s->k * sizeof *row);
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
        stored_row(kernel->type, s->k, stored + r * dtype_row_bytes(kernel->type, s->k), row);
        for (size_t t = 0; t < s->tokens; t++) {
            double sum = 0;
            for (size_t i = 0; i < s->k; i++)
                sum += (double)row[i] * activation(kernel->type, tiles, s->k, width, t, i);
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
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
            if ((table[i].op == OP_GEMV) == (shapes[s].tokens == 1) || table[i].op == OP_GEMM)
                check_product(&table[i], &shapes[s]);
    }
}

struct attention_case {
    size_t head_size, rows, positions, split; /* split: the cache is attended in two calls */
};

static void attend_exactly(const struct attend *a, size_t row, double *out)
{
    double sum = 0, *scores = allocate(a->end * sizeof *scores), most = -INFINITY;

    for (size_t p = 0; p < a->end && p < a->visible[row]; p++) {
        scores[p] = 0;
        for (size_t d = 0; d < a->head_size; d++)
            scores[p] += (double)a->queries[row * a->head_size + d] *
                         half_to_float(a->keys[(p / 16 * a->head_size + d) * 16 + p % 16]);
        most = fmax(most, scores[p]);
    }
    memset(out, 0, a->head_size * sizeof *out);
    for (size_t p = 0; p < a->end && p < a->visible[row]; p++) {
        double weight = exp2(scores[p] - most);
        sum += weight;
        for (size_t d = 0; d < a->head_size; d++)
            out[d] += weight * half_to_float(a->values[p * a->head_size + d]);
    }
    for (size_t d = 0; d < a->head_size; d++)
        out[d] /= sum;
    free(scores);
}

static uint16_t *random_halves(size_t count)
{
    uint16_t *halves = allocate(count * sizeof *halves);

    for (size_t i = 0; i < count; i++)
        halves[i] = float_to_half(random_float());
    return halves;
}

static void check_attention(const struct kernel *kernel, const struct attention_case *c)
{
    size_t padded = (c->positions + 63) / 64 * 64, visible[ATTEND_ROWS_MAX];
    float maximum[ATTEND_ROWS_MAX], sum[ATTEND_ROWS_MAX], *queries = random_vectors(c->rows, c->head_size, false);
    float *out = allocate(c->rows * c->head_size * sizeof *out),
          *scratch = allocate(ATTEND_SCRATCH_FLOATS * sizeof *scratch);
    uint16_t *keys = random_halves(padded * c->head_size), *values = random_halves(padded * c->head_size);
    double *want = allocate(c->rows * c->head_size * sizeof *want);
    struct attend a = {.head_size = c->head_size,
                       .rows = c->rows,
                       .queries = queries,
                       .keys = keys,
                       .values = values,
                       .visible = visible,
                       .maximum = maximum,
                       .sum = sum,
                       .out = out,
                       .scratch = scratch};

    for (size_t r = 0; r < c->rows; r++) {
        visible[r] = c->positions - c->rows + r + 1;
        maximum[r] = -INFINITY;
        sum[r] = 0;
    }
    for (size_t i = c->positions; i < padded; i++) /* what lies behind the end must not matter */
        for (size_t d = 0; d < c->head_size; d++)
            keys[(i / 16 * c->head_size + d) * 16 + i % 16] = values[i * c->head_size + d] = 0x7e00;
    if (c->split) {
        a.end = c->split;
        kernel->attend(&a);
        a.begin = c->split;
    }
    a.end = c->positions;
    kernel->attend(&a);
    for (size_t r = 0; r < c->rows; r++) {
        attend_exactly(&a, r, want + r * c->head_size);
        for (size_t d = 0; d < c->head_size; d++)
            out[r * c->head_size + d] /= sum[r];
    }
    double error = nmse(out, want, c->rows * c->head_size);
    if (!(error <= 1e-9))
        fail_msg("%s head %zu rows %zu positions %zu: NMSE %g", kernel->name, c->head_size, c->rows, c->positions,
                 error);
    free(queries), free(out), free(scratch), free(keys), free(values), free(want);
}

static void test_attention_against_float64(void **state)
{
    static const struct attention_case cases[] = {{64, 4, 100, 0},  {64, 1, 1, 0},    {128, 8, 64, 0},
                                                  {80, 7, 130, 64}, {96, 16, 77, 16}, {256, 64, 200, 0},
                                                  {16, 3, 65, 32},  {40, 9, 33, 0}};
    size_t count;
    const struct kernel *table = kernel_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        if (table[i].op == OP_ATTEND && (host_isa() >> table[i].isa & 1))
            for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
                check_attention(&table[i], &cases[c]);
}

static void test_vector_operations(void **state)
{
    enum { COUNT = 77 };
    float x[COUNT], w[COUNT], up[COUNT], out[COUNT];
    size_t count;
    const struct kernel *table = kernel_table(&count);

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        x[i] = random_float() * (i % 7 ? 4.0f : 200.0f);
        w[i] = random_float();
        up[i] = random_float();
    }
    for (size_t n = 0; n < count; n++) {
        double want[COUNT], squares = 0;
        if (!(host_isa() >> table[n].isa & 1))
            continue;
        if (table[n].op == OP_NORM) {
            for (size_t i = 0; i < COUNT; i++)
                squares += (double)x[i] * x[i];
            for (size_t i = 0; i < COUNT; i++)
                want[i] = x[i] / sqrt(squares / COUNT + 1e-5) * w[i];
            table[n].norm(COUNT, x, w, 1e-5f, out);
        } else if (table[n].op == OP_GATE) {
            for (size_t i = 0; i < COUNT; i++)
                want[i] = x[i] / (1 + exp(-(double)x[i])) * up[i];
            table[n].gate(COUNT, x, up, out);
        } else if (table[n].op == OP_ROTATE) {
            memcpy(out, x, sizeof out);
            table[n].rotate(76, out, w, up);
            for (size_t i = 0; i < 38; i++) {
                want[2 * i] = (double)x[2 * i] * w[i] - (double)x[2 * i + 1] * up[i];
                want[2 * i + 1] = (double)x[2 * i] * up[i] + (double)x[2 * i + 1] * w[i];
            }
            want[76] = x[76];
        } else
            continue;
        if (!(nmse(out, want, COUNT) <= 1e-11))
            fail_msg("%s: NMSE %g", table[n].name, nmse(out, want, COUNT));
    }
}

static void test_roof_kernels_count_their_work(void **state)
{
    size_t count;
    const struct kernel *table = kernel_table(&count);
    struct gemv_tuning tuning = {0, 0};
    uint64_t *data = allocate(4096);
    float sink;

    (void)state;
    for (size_t i = 0; i < 512; i++)
        data[i] = i == 77 ? 5 : 0;
    for (size_t n = 0; n < count; n++) {
        if (!(host_isa() >> table[n].isa & 1))
            continue;
        if (table[n].op == OP_PEAK_INT8 || table[n].op == OP_PEAK_FP32)
            assert_int_equal(table[n].peak(20, &sink), 2 * table[n].peak(10, &sink));
        if (table[n].op == OP_READ)
            for (size_t streams = 1; streams <= 8; streams *= 2)
                assert_int_equal(table[n].read(data, 4096, streams, &tuning), 5);
    }
    free(data);
}

static void test_half_conversions(void **state)
{
    (void)state;
    for (uint32_t half = 0; half < 0x10000; half++) {
        float value = half_to_float((uint16_t)half);
        if (!isnan(value))
            assert_int_equal(float_to_half(value), half);
    }
    assert_int_equal(float_to_half(65519.9f), 0x7bff);
    assert_int_equal(float_to_half(65520.0f), 0x7c00);
    assert_int_equal(float_to_half(0x1p-25f), 0);
    assert_int_equal(float_to_half(0x1.8p-25f), 1);
    assert_int_equal(float_to_half(1.0f + 0x1p-11f), 0x3c00);
    assert_int_equal(float_to_half(1.0f + 3 * 0x1p-11f), 0x3c02);
    assert_true(isnan(half_to_float(float_to_half(NAN))));
}

/* Names follow operation_type_level, and each pair of operation and type has a scalar row. */
static void test_table_grammar(void **state)
{
    size_t count;
    const struct kernel *table = kernel_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        const char *end = strrchr(table[i].name, '_');
        assert_non_null(end);
        assert_string_equal(end + 1, isa_name(table[i].isa));
        assert_int_equal(strncmp(table[i].name, op_name(table[i].op), strlen(op_name(table[i].op))), 0);
        if (table[i].op != OP_PEAK_INT8)
            assert_non_null(kernel_at(table[i].op, table[i].type, ISA_SCALAR));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half_conversions),
        cmocka_unit_test(test_table_grammar),
        cmocka_unit_test(test_pack_variants_equal_scalar),
        cmocka_unit_test(test_panel_row_gives_stored_values),
        cmocka_unit_test(test_tiles_keep_the_values),
        cmocka_unit_test(test_products_against_float64),
        cmocka_unit_test(test_attention_against_float64),
        cmocka_unit_test(test_vector_operations),
        cmocka_unit_test(test_roof_kernels_count_their_work),
    };
    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
