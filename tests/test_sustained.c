/* reports/sustained: speed by the minute, and whether it held; and how both are shown. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reports/sustained.h"
#include "reports/view.h"

static void expect_close(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-6 * fabs(expected)))
        fail_msg("%.12g is not %.12g", value, expected);
}

/* A repetition of 500 tokens at that speed. */
static void put_repetition(struct cell *cell, unsigned launch, enum phase phase, double start, double rate)
{
    struct repetition *repetition = cell_add_repetition(cell, launch, phase);

    assert_non_null(repetition);
    repetition->start_offset_seconds = start;
    repetition->values[FIELD_decode_tokens_per_second] = rate;
}

/* Ten minutes at 50 tokens a second that become 40 after five; a slow first repetition that does not count. */
static void put_launch(struct cell *cell, unsigned launch, double start)
{
    double at = 0;

    put_repetition(cell, launch, PHASE_FIRST, start - 50, 10);
    while (at < 600) {
        double rate = at < 300 ? 50 : 40;
        put_repetition(cell, launch, PHASE_MEASURED, start + at, rate);
        at += 500 / rate;
    }
}

static void test_ten_minutes(void **state)
{
    struct record record;
    struct cell *cell;
    const struct series *series;
    struct view_line line;

    (void)state;
    record_open(&record);
    cell = record_add_cell(&record, "x");
    snprintf(cell->title, sizeof cell->title, "a model");
    put_launch(cell, 0, 20);
    assert_true(sustained_conclude(cell, 0, 500));
    expect_close(cell->repetitions[1].values[FIELD_sustained_ratio], 0.8);
    assert_true(isnan(cell->repetitions[0].values[FIELD_sustained_ratio]));
    series = series_find(cell, SUSTAINED_SERIES);
    assert_non_null(series);
    assert_int_equal(series->count, 10);
    expect_close(series->offsets_seconds[0], 20);
    expect_close(series->offsets_seconds[9], 20 + 540);
    expect_close(series->values[0], 50);
    expect_close(series->values[4], 50);
    expect_close(series->values[9], 40);
    assert_true(sustained_conclude(cell, 0, 500)); /* once more adds nothing */
    assert_int_equal(series_find(cell, SUSTAINED_SERIES)->count, 10);
    cell_summarise(cell);
    assert_true(view_sustained_line(&record, 0, &line));
    assert_string_equal(line.label, "a model");
    assert_non_null(strstr(line.text, "█████▇▇▇▇▇"));
    assert_non_null(strstr(line.text, "80.0 %"));
    assert_non_null(strstr(line.text, "not judged"));
    facts_text(&cell->observations, "thermal.verdict", NULL, "throttled at minute 6");
    facts_text(&cell->observations, "thermal.evidence", NULL, "12 throttle events");
    view_sustained_line(&record, 0, &line);
    assert_non_null(strstr(line.text, "throttled at minute 6: 12 throttle events"));
    assert_false(view_sustained_line(&record, 1, &line));
    record_close(&record);
}

static void test_each_launch_has_its_own(void **state)
{
    struct record record;
    struct cell *cell;
    size_t ratios = 0;

    (void)state;
    record_open(&record);
    cell = record_add_cell(&record, "x");
    put_launch(cell, 0, 20);
    put_launch(cell, 1, 1000);
    assert_true(sustained_conclude(cell, 0, 500));
    for (size_t i = 0; i < cell->repetition_count; i++)
        if (!isnan(cell->repetitions[i].values[FIELD_sustained_ratio])) {
            expect_close(cell->repetitions[i].values[FIELD_sustained_ratio], 0.8);
            ratios++;
        }
    assert_int_equal(ratios, 2);
    assert_int_equal(series_find(cell, SUSTAINED_SERIES)->count, 20);
    record_close(&record);
}

static void test_prefill_is_left_out(void **state)
{
    struct record record;
    struct cell *cell;

    (void)state;
    record_open(&record);
    cell = record_add_cell(&record, "x");
    for (int i = 0; i < 12; i++) { /* 5 s of prefill, 10 s of decode */
        put_repetition(cell, 0, PHASE_MEASURED, 15 * i, 50);
        cell->repetitions[i].values[FIELD_prefill_tokens_per_second] = 20;
    }
    assert_true(sustained_conclude(cell, 100, 500));
    expect_close(cell->repetitions[0].values[FIELD_sustained_ratio], 1);
    expect_close(series_find(cell, SUSTAINED_SERIES)->offsets_seconds[0], 5);
    expect_close(series_find(cell, SUSTAINED_SERIES)->values[1], 50);
    record_close(&record);
}

static void test_too_few(void **state)
{
    struct record record;
    struct cell *cell;

    (void)state;
    record_open(&record);
    cell = record_add_cell(&record, "x");
    assert_true(sustained_conclude(cell, 0, 500)); /* nothing at all */
    assert_null(series_find(cell, SUSTAINED_SERIES));
    for (int i = 0; i < 4; i++)
        put_repetition(cell, 0, PHASE_MEASURED, 10 * i, 50);
    put_repetition(cell, 0, PHASE_MEASURED, 50, NAN);
    assert_true(sustained_conclude(cell, 0, 500));
    assert_true(isnan(cell->repetitions[0].values[FIELD_sustained_ratio]));
    assert_non_null(strstr(cell->figures[FIELD_sustained_ratio].reason, "there were 4"));
    assert_int_equal(series_find(cell, SUSTAINED_SERIES)->count, 1);
    record_close(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ten_minutes),
        cmocka_unit_test(test_each_launch_has_its_own),
        cmocka_unit_test(test_prefill_is_left_out),
        cmocka_unit_test(test_too_few),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
