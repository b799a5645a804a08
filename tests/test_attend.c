/* Attention kernels of both cache types against float64: rings, windows, soft caps, splits; and the vector operations that newer
 * architectures need. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/host.h"
#include "kernels/kernel.h"

static uint64_t state_of_random = 88172645463325252u;

static float random_float(void)
{
    state_of_random = state_of_random * 6364136223846793005u + 1442695040888963407u;
    return (float)((double)(state_of_random >> 40) * 0x1p-23 - 1.0);
}

static isa_set host_isa(void)
{
    struct host host;
    struct error error;

    assert_int_equal(host_read(&host, NULL, &error), STATUS_OK);
    return host.isa;
}

static void *allocate(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);

    assert_non_null(memory);
    memset(memory, 0, (bytes + 63) / 64 * 64);
    return memory;
}

static double nmse(const float *got, const double *want, size_t count)
{
    double error = 0, power = 0;

    for (size_t i = 0; i < count; i++) {
        error += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        power += want[i] * want[i];
    }
    return power > 0 ? error / power : INFINITY;
}

struct shape {
    size_t head_size, rows, begin, end, capacity, window, split; /* window 0: none; split 0: one call */
    float softcap;
};

/* A cache and what it means: keys and values of each slot. */
struct cache {
    size_t slots;
    size_t width; /* of a q8_0 kernel */
    uint16_t *keys, *values, *key_scales, *value_scales;
    int8_t *keys_q8, *values_q8;
    double *exact_keys, *exact_values; /* [slot][head_size] */
};

static void fill_f16(struct cache *c, size_t size, size_t slot, size_t d)
{
    uint16_t key = float_to_half(random_float()), value = float_to_half(random_float());

    c->keys[(slot / 64 * size + d) * 64 + slot % 64] = key;
    c->values[slot * size + d] = value;
    c->exact_keys[slot * size + d] = half_to_float(key);
    c->exact_values[slot * size + d] = half_to_float(value);
}

static void fill_q8(struct cache *c, size_t size, size_t slot, size_t d)
{
    size_t first = slot / 64 * 64, lane = slot % 64, scale = first * attend_scales(size) + d / 32 * 64 + lane;

    if (d % 32 == 0) {
        c->key_scales[scale] = float_to_half(fabsf(random_float()) / 64);
        c->value_scales[scale] = float_to_half(fabsf(random_float()) / 64);
    }
    int8_t key = (int8_t)(random_float() * 127), value = (int8_t)(random_float() * 127);
    c->keys_q8[first * attend_bytes(size) + attend_key_at(c->width, lane, d)] = attend_key_byte(c->width, key);
    c->values_q8[first * attend_bytes(size) + attend_value_at(c->width, size, lane, d)] = value;
    c->exact_keys[slot * size + d] = (double)half_to_float(c->key_scales[scale]) * key;
    c->exact_values[slot * size + d] = (double)half_to_float(c->value_scales[scale]) * value;
}

static struct cache open_cache(const struct kernel *kernel, size_t size, size_t slots)
{
    size_t scales = attend_scales(size);
    struct cache c = {.slots = slots,
                      .width = kernel->width,
                      .exact_keys = allocate(slots * size * sizeof(double)),
                      .exact_values = allocate(slots * size * sizeof(double))};

    if (kernel->type == DTYPE_Q8_0) {
        c.keys_q8 = allocate(slots * attend_bytes(size));
        c.values_q8 = allocate(slots * attend_bytes(size));
        c.key_scales = allocate(slots * scales * sizeof(uint16_t));
        c.value_scales = allocate(slots * scales * sizeof(uint16_t));
    } else {
        c.keys = allocate(slots * size * sizeof(uint16_t));
        c.values = allocate(slots * size * sizeof(uint16_t));
    }
    for (size_t slot = 0; slot < slots; slot++)
        for (size_t d = 0; d < size; d++)
            (kernel->type == DTYPE_Q8_0 ? fill_q8 : fill_f16)(&c, size, slot, d);
    return c;
}

static void close_cache(struct cache *c)
{
    free(c->keys), free(c->values), free(c->key_scales), free(c->value_scales);
    free(c->keys_q8), free(c->values_q8), free(c->exact_keys), free(c->exact_values);
}

/* Positions outside those that count must not matter, whatever is in them. */
static void spoil(struct cache *c, const struct shape *s)
{
    for (size_t slot = 0; slot < c->slots; slot++) {
        bool counts = false;
        for (size_t p = s->begin; p < s->end; p++)
            counts = counts || p % c->slots == slot;
        for (size_t d = 0; d < s->head_size && !counts && c->keys; d++) {
            c->keys[(slot / 64 * s->head_size + d) * 64 + slot % 64] = 0x7e00; /* not a number */
            c->values[slot * s->head_size + d] = 0x7e00;
        }
        for (size_t b = 0; b < attend_scales(s->head_size) && !counts && c->key_scales; b++) {
            size_t scale = slot / 64 * 64 * attend_scales(s->head_size) + b * 64 + slot % 64;
            c->key_scales[scale] = c->value_scales[scale] = 0x7e00;
        }
    }
}

static void attend_exactly(const struct cache *c, const struct attend *a, const struct shape *s, size_t row,
                           double *out)
{
    size_t size = a->head_size, first = a->first && a->first[row] > s->begin ? a->first[row] : s->begin;
    size_t end = a->visible[row] < s->end ? a->visible[row] : s->end;
    double sum = 0, most = -INFINITY, *scores = allocate(s->end * sizeof *scores);

    for (size_t p = first; p < end; p++) {
        double score = 0;
        for (size_t d = 0; d < size; d++)
            score += (double)a->queries[row * size + d] * c->exact_keys[p % c->slots * size + d];
        scores[p] = s->softcap != 0 ? s->softcap * tanh(score / s->softcap) : score;
        most = fmax(most, scores[p]);
    }
    memset(out, 0, size * sizeof *out);
    for (size_t p = first; p < end; p++) {
        double weight = exp2(scores[p] - most);
        sum += weight;
        for (size_t d = 0; d < size; d++)
            out[d] += weight * c->exact_values[p % c->slots * size + d];
    }
    for (size_t d = 0; d < size; d++)
        out[d] /= sum;
    free(scores);
}

/* Levels with dot products of integers round what they multiply: rows that are many, unless they are to be exact, and queries and
 * weights over a q8_0 cache. */
static double bar_of(const struct kernel *kernel, size_t rows, bool exact)
{
    bool rounds = kernel->isa == ISA_AVXVNNI || kernel->isa == ISA_AVX512VNNI;

    return rounds && (kernel->type == DTYPE_Q8_0 || (rows > 8 && !exact)) ? 1e-6 : 1e-9;
}

static void check(const struct kernel *kernel, const struct shape *s, bool exact)
{
    size_t slots = s->capacity ? s->capacity : (s->end + 63) / 64 * 64, size = s->head_size;
    size_t first[ATTEND_ROWS_MAX], visible[ATTEND_ROWS_MAX];
    float maximum[ATTEND_ROWS_MAX], sum[ATTEND_ROWS_MAX];
    struct cache c = open_cache(kernel, size, slots);
    float *queries = allocate(s->rows * size * sizeof *queries), *out = allocate(s->rows * size * sizeof *out);
    float *scratch = allocate(ATTEND_SCRATCH_FLOATS * sizeof *scratch);
    double *want = allocate(s->rows * size * sizeof *want);
    struct attend a = {.head_size = size,
                       .rows = s->rows,
                       .queries = queries,
                       .keys = c.keys,
                       .values = c.values,
                       .keys_q8 = c.keys_q8,
                       .values_q8 = c.values_q8,
                       .key_scales = c.key_scales,
                       .value_scales = c.value_scales,
                       .capacity = s->capacity,
                       .begin = s->begin,
                       .end = s->split ? s->split : s->end,
                       .first = s->window ? first : NULL,
                       .visible = visible,
                       .exact = exact,
                       .softcap = s->softcap,
                       .maximum = maximum,
                       .sum = sum,
                       .out = out,
                       .scratch = scratch};

    for (size_t i = 0; i < s->rows * size; i++)
        queries[i] = 2 * random_float();
    for (size_t r = 0; r < s->rows; r++) {
        visible[r] = s->end - s->rows + r + 1;
        first[r] = visible[r] > s->window ? visible[r] - s->window : 0;
        maximum[r] = -INFINITY;
        sum[r] = 0;
    }
    spoil(&c, s);
    kernel->attend(&a);
    if (s->split) {
        a.begin = s->split;
        a.end = s->end;
        kernel->attend(&a);
    }
    for (size_t r = 0; r < s->rows; r++) {
        attend_exactly(&c, &a, s, r, want + r * size);
        for (size_t d = 0; d < size; d++)
            out[r * size + d] /= sum[r];
    }
    double error = nmse(out, want, s->rows * size);
    if (!(error <= bar_of(kernel, s->rows, exact)))
        fail_msg("%s head %zu rows %zu positions %zu to %zu: NMSE %g", kernel->name, size, s->rows, s->begin, s->end,
                 error);
    free(queries), free(out), free(scratch), free(want);
    close_cache(&c);
}

static void test_attention_against_float64(void **state)
{
    static const struct shape shapes[] = {
        {64, 4, 0, 100, 0, 0, 0, 0},       {64, 1, 0, 1, 0, 0, 0, 0},          {128, 8, 0, 64, 0, 0, 0, 0},
        {80, 7, 0, 130, 0, 0, 64, 0},      {96, 16, 0, 77, 0, 0, 16, 0},       {256, 64, 0, 200, 0, 0, 0, 0},
        {128, 128, 3, 700, 0, 0, 0, 0},    {512, 9, 0, 70, 0, 0, 0, 0},        {40, 9, 0, 33, 0, 0, 7, 0},
        {2, 3, 0, 65, 0, 0, 0, 0},         {64, 4, 37, 130, 0, 0, 0, 0},       {64, 4, 70, 130, 0, 0, 101, 0},
        {64, 12, 50, 200, 0, 60, 0, 0},    {80, 3, 0, 200, 0, 9, 0, 0},        {48, 5, 260, 430, 192, 160, 0, 0},
        {64, 20, 190, 300, 128, 70, 0, 0}, {64, 9, 1000, 1100, 128, 64, 0, 0}, {32, 4, 1000, 1127, 128, 0, 1030, 0},
        {64, 4, 0, 100, 0, 0, 0, 3.5f},    {256, 32, 10, 90, 128, 40, 0, 20},
    };
    isa_set isa = host_isa();
    size_t count, seen = 0;
    const struct kernel *table = kernel_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        if (table[i].op == OP_ATTEND && (isa >> table[i].isa & 1)) {
            seen |= (size_t)1 << table[i].type;
            for (size_t s = 0; s < 2 * sizeof shapes / sizeof *shapes; s++)
                check(&table[i], &shapes[s / 2], s % 2);
        }
    assert_int_equal(seen, (size_t)1 << DTYPE_F16 | (size_t)1 << DTYPE_Q8_0);
}

enum { COUNT = 93 };

/* What an operation must make of x and y. */
static bool expect(enum op op, size_t dimensions, const float *x, const float *y, const float *z, double *want)
{
    for (size_t i = 0; i < COUNT; i++)
        want[i] = x[i];
    if (op == OP_GATE_GELU)
        for (size_t i = 0; i < COUNT; i++)
            want[i] = 0.5 * x[i] * (1 + tanh(sqrt(2 / M_PI) * (x[i] + 0.044715 * pow(x[i], 3)))) * y[i];
    else if (op == OP_CAP)
        for (size_t i = 0; i < COUNT; i++)
            want[i] = 30 * tanh(x[i] / 30.0);
    else if (op == OP_ROTATE_HALVES)
        for (size_t i = 0, half = dimensions / 2; i < half; i++) {
            want[i] = (double)x[i] * y[i] - (double)x[half + i] * z[i];
            want[half + i] = (double)x[i] * z[i] + (double)x[half + i] * y[i];
        }
    else
        return false;
    return true;
}

static void apply(const struct kernel *kernel, size_t dimensions, const float *x, const float *y, const float *z,
                  float *out)
{
    memcpy(out, x, COUNT * sizeof *out);
    if (kernel->op == OP_GATE_GELU)
        kernel->gate(COUNT, x, y, out);
    else if (kernel->op == OP_CAP)
        kernel->cap(COUNT, 30, out);
    else
        kernel->rotate(dimensions, out, y, z);
}

static void test_vector_operations(void **state)
{
    static const size_t dimensions[] = {2, 22, 48, 64, 92};
    float x[COUNT], y[COUNT], z[COUNT], out[COUNT];
    double want[COUNT];
    isa_set isa = host_isa();
    size_t count, seen = 0;
    const struct kernel *table = kernel_table(&count);

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        x[i] = random_float() * (i % 7 ? 3.0f : 300.0f);
        y[i] = random_float();
        z[i] = random_float();
    }
    for (size_t n = 0; n < count; n++)
        for (size_t d = 0; d < sizeof dimensions / sizeof *dimensions; d++) {
            if (!(isa >> table[n].isa & 1) || !expect(table[n].op, dimensions[d], x, y, z, want))
                continue;
            apply(&table[n], dimensions[d], x, y, z, out);
            seen++;
            if (!(nmse(out, want, COUNT) <= 1e-11))
                fail_msg("%s: NMSE %g", table[n].name, nmse(out, want, COUNT));
        }
    assert_true(seen >= 3 * sizeof dimensions / sizeof *dimensions);
}

/* Far out, gates and caps stay finite. */
static void test_extremes_stay_finite(void **state)
{
    static const float extremes[] = {0, 1e30f, -1e30f, 1e12f, -1e12f, 1e-30f, -700, 700};
    float out[64], x[64], up[64];
    isa_set isa = host_isa();
    size_t count;
    const struct kernel *table = kernel_table(&count);

    (void)state;
    for (size_t i = 0; i < 64; i++) {
        x[i] = extremes[i % 8];
        up[i] = 1;
    }
    for (size_t n = 0; n < count; n++) {
        bool gate = table[n].op == OP_GATE || table[n].op == OP_GATE_GELU;
        if (!(isa >> table[n].isa & 1) || (!gate && table[n].op != OP_CAP))
            continue;
        memcpy(out, x, sizeof out);
        if (gate)
            table[n].gate(64, x, up, out);
        else
            table[n].cap(64, 50, out);
        for (size_t i = 0; i < 64; i++)
            if (!isfinite(out[i]) || fabsf(out[i]) > fabsf(x[i]) * 1.0001f)
                fail_msg("%s of %g is %g", table[n].name, (double)x[i], (double)out[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attention_against_float64),
        cmocka_unit_test(test_vector_operations),
        cmocka_unit_test(test_extremes_stay_finite),
    };
    return cmocka_run_group_tests_name("attend", tests, NULL, NULL);
}
