/* Kernels without weights of the table against float64; those with: test_products.c. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/kernel_random.h"

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
    struct gemv_tuning tuning = {.near_bytes = 0};
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
        cmocka_unit_test(test_vector_operations),
        cmocka_unit_test(test_roof_kernels_count_their_work),
    };
    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
