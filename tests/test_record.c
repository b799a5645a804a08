#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "reports/record.h"
#include "reports/text.h"

static void test_identity(void **state)
{
    struct record a, b;

    (void)state;
    record_open(&a);
    record_open(&b);
    assert_int_equal(strlen(a.result_id), 36);
    assert_int_equal(a.result_id[14], '7');
    assert_non_null(strchr("89ab", a.result_id[19]));
    assert_string_not_equal(a.result_id, b.result_id);
    assert_true(text_is_date_time(a.created));
    assert_int_equal(a.created[strlen(a.created) - 1], 'Z');
    assert_int_equal(a.status, RUN_COMPLETE);
    assert_int_equal(a.cell_count, 0);
    record_close(&a);
    record_close(&b);
}

static void test_field_table(void **state)
{
    enum field field = FIELD_load_seconds;

    (void)state;
    for (int i = 0; i < FIELD_COUNT; i++) {
        assert_true(field_from_name(field_info((enum field)i)->name, &field));
        assert_int_equal(field, i);
        assert_true(strlen(field_info((enum field)i)->meaning) > 10);
    }
    assert_false(field_from_name("no_such_count", &field));
    assert_int_equal(field, FIELD_COUNT - 1);
    assert_string_equal(field_unit(FIELD_decode_read_bytes_per_second), "bytes_per_second");
    assert_int_equal(field_info(FIELD_load_seconds)->better, BETTER_LOWER);
    assert_int_equal(field_info(FIELD_prefill_macs_per_second)->kind, KIND_DERIVED);
    assert_int_equal(field_info(FIELD_peak_rss_bytes)->estimator, ESTIMATOR_MAX);
}

static void test_cell_ids(void **state)
{
    struct record record;
    char longest[400];

    (void)state;
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    record_open(&record);
    assert_string_equal(record_add_cell(&record, "llm.llama-3.2-1b.q4_0+x")->id, "llm.llama-3.2-1b.q4_0+x");
    assert_string_equal(record_add_cell(&record, "My Model/ö")->id, "my-model---");
    assert_string_equal(record_add_cell(&record, "")->id, "-");
    assert_int_equal(strlen(record_add_cell(&record, longest)->id), CELL_ID_MAX - 1);
    for (int i = 0; i < 20; i++)
        assert_non_null(record_add_cell(&record, "more"));
    assert_int_equal(record.cell_count, 24);
    assert_string_equal(record.cells[1].id, "my-model---");
    assert_true(isnan(record.cells[3].figures[0].value));
    record_close(&record);
}

/* The values of one launch become their median; figures are taken over launches; warm-ups do not count. */
static void test_summarise_launches(void **state)
{
    static const double values[6][3] = {{10, 11, 99}, {12, 12, 12}, {13, 1, 13},
                                        {14, 14, 15}, {15, 15, 15}, {16, 17, 16}};
    struct record record;
    struct cell *cell;
    const struct figure *figure;

    (void)state;
    record_open(&record);
    cell = record_add_cell(&record, "a");
    for (unsigned launch = 6; launch-- > 0;) {
        cell_add_repetition(cell, launch, PHASE_FIRST)->values[FIELD_decode_tokens_per_second] = 1000;
        cell_add_repetition(cell, launch, PHASE_WARMUP)->values[FIELD_decode_tokens_per_second] = 1000;
        for (int i = 0; i < 3; i++)
            cell_add_repetition(cell, launch, PHASE_MEASURED)->values[FIELD_decode_tokens_per_second] =
                values[launch][i];
    }
    cell_summarise(cell);
    figure = &cell->figures[FIELD_decode_tokens_per_second];
    assert_true(figure->present);
    assert_true(figure->value == 13.5); /* of 11 12 13 14 15 16 */
    assert_true(figure->ci_low == 11 && figure->ci_high == 16);
    assert_int_equal(figure->n, 18);
    assert_int_equal(figure->launches, 6);
    assert_int_equal(cell->repetition_count, 30);
    assert_int_equal(cell->repetitions[29].index, 29);
    assert_false(cell->figures[FIELD_load_seconds].present);
    assert_string_equal(cell->figures[FIELD_load_seconds].reason, "");
    record_close(&record);
}

/* A peak is the largest seen anywhere, and has no interval. */
static void test_summarise_maximum(void **state)
{
    struct record record;
    struct cell *cell;
    const struct figure *figure;

    (void)state;
    record_open(&record);
    cell = record_add_cell(&record, "a");
    for (unsigned i = 0; i < 12; i++)
        cell_add_repetition(cell, i / 2, PHASE_MEASURED)->values[FIELD_peak_private_bytes] = i == 6 ? 5e9 : 1e9 + i;
    cell_summarise(cell);
    figure = &cell->figures[FIELD_peak_private_bytes];
    assert_true(figure->value == 5e9);
    assert_true(isnan(figure->ci_low) && isnan(figure->ci_high));
    assert_int_equal(figure->launches, 6);
    record_close(&record);
}

static void test_summarise_few_launches(void **state)
{
    struct record record;
    struct cell *cell;
    const struct figure *figure;

    (void)state;
    record_open(&record);
    cell = record_add_cell(&record, "a");
    for (unsigned i = 0; i < 5; i++)
        cell_add_repetition(cell, i, PHASE_MEASURED)->values[FIELD_load_seconds] = i;
    cell_add_repetition(cell, 5, PHASE_MEASURED)->values[FIELD_load_seconds] = INFINITY;
    cell_add_repetition(cell, 6, PHASE_MEASURED);
    cell_summarise(cell);
    figure = &cell->figures[FIELD_load_seconds];
    assert_true(figure->present && figure->value == 2);
    assert_true(isnan(figure->ci_low) && isnan(figure->ci_high));
    assert_int_equal(figure->n, 5);
    assert_int_equal(figure->launches, 5);
    record_close(&record);
}

static void test_reasons(void **state)
{
    struct record record;
    struct cell *cell;

    (void)state;
    record_open(&record);
    cell = record_add_cell(&record, "a");
    cell_explain(cell, FIELD_average_power_watts, "no energy source: %s", "none of 3 answered");
    cell_explain(cell, FIELD_load_seconds, "will come");
    cell->figures[FIELD_predicted_peak_bytes].present = true;
    cell->figures[FIELD_predicted_peak_bytes].value = 7;
    cell_add_repetition(cell, 0, PHASE_MEASURED)->values[FIELD_load_seconds] = 2;
    cell_summarise(cell);
    assert_false(cell->figures[FIELD_average_power_watts].present);
    assert_string_equal(cell->figures[FIELD_average_power_watts].reason, "no energy source: none of 3 answered");
    assert_true(cell->figures[FIELD_load_seconds].present);
    assert_string_equal(cell->figures[FIELD_load_seconds].reason, "");
    assert_true(cell->figures[FIELD_predicted_peak_bytes].present);
    assert_true(cell->figures[FIELD_predicted_peak_bytes].value == 7);
    record_close(&record);
}

static void test_summarise_nothing(void **state)
{
    struct record record;
    struct cell *cell;

    (void)state;
    record_open(&record);
    cell = record_add_cell(&record, "a");
    cell_summarise(cell);
    for (int i = 0; i < FIELD_COUNT; i++)
        assert_false(cell->figures[i].present);
    record_close(&record);
}

/* One value per launch in the order of launches, whatever the order of repetitions; a maximum for fields that are one. */
static void test_launch_values(void **state)
{
    static const struct {
        unsigned launch;
        enum phase phase;
        double decode, bytes;
    } rows[] = {{7, PHASE_MEASURED, 10, 5}, {2, PHASE_FIRST, 90, 9},     {2, PHASE_MEASURED, 30, 1},
                {7, PHASE_MEASURED, 20, 3}, {2, PHASE_MEASURED, NAN, 4}, {9, PHASE_MEASURED, NAN, NAN}};
    struct record record;
    struct cell *cell;
    double values[6];
    unsigned launches[6];

    (void)state;
    record_open(&record);
    cell = record_add_cell(&record, "cell");
    assert_int_equal(cell_launch_values(cell, FIELD_decode_tokens_per_second, values, 6), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct repetition *repetition = cell_add_repetition(cell, rows[i].launch, rows[i].phase);
        repetition->values[FIELD_decode_tokens_per_second] = rows[i].decode;
        repetition->values[FIELD_peak_private_bytes] = rows[i].bytes;
    }
    assert_int_equal(cell_launch_rounds(cell, FIELD_decode_tokens_per_second, values, launches, 6), 2);
    assert_true(values[0] == 30 && values[1] == 15);
    assert_true(launches[0] == 2 && launches[1] == 7);
    assert_int_equal(cell_launch_values(cell, FIELD_peak_private_bytes, values, 6), 2);
    assert_true(values[0] == 4 && values[1] == 5);
    values[1] = -1;
    assert_int_equal(cell_launch_rounds(cell, FIELD_decode_tokens_per_second, values, launches, 1), 1);
    assert_true(values[0] == 30 && values[1] == -1);
    record_close(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),          cmocka_unit_test(test_field_table),
        cmocka_unit_test(test_cell_ids),          cmocka_unit_test(test_summarise_launches),
        cmocka_unit_test(test_summarise_maximum), cmocka_unit_test(test_summarise_few_launches),
        cmocka_unit_test(test_reasons),           cmocka_unit_test(test_summarise_nothing),
        cmocka_unit_test(test_launch_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
