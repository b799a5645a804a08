#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "runner/commands.h"
#include "runner/verdict.h"

static struct cell *cell_with_share(struct record *record, const char *id, double share)
{
    struct cell *cell = record_add_cell(record, id);

    for (unsigned i = 0; i < 6; i++)
        cell_add_repetition(cell, i, PHASE_MEASURED)->values[FIELD_decode_utilization_ratio] = share;
    return cell;
}

static const char *plausibility(const struct record *record, size_t cell)
{
    const struct fact *fact = facts_find(&record->cells[cell].observations, "plausibility.verdict");

    return fact ? fact->text : "";
}

static void test_above_roofline(void **state)
{
    struct record record;

    (void)state;
    record_open(&record);
    cell_with_share(&record, "usual", 0.93);
    cell_with_share(&record, "limit", 1.2);
    cell_with_share(&record, "beyond", 1.31);
    cell_with_share(&record, "unknown", NAN);
    cell_with_share(&record, "failed", 1.31)->status = CELL_FAILED;
    verdict_conclude(&record, false, false);
    assert_string_equal(plausibility(&record, 0), "");
    assert_string_equal(plausibility(&record, 1), "");
    assert_string_equal(plausibility(&record, 2), "above_roofline");
    assert_non_null(strstr(facts_find(&record.cells[2].observations, "plausibility.evidence")->text, "1.31 times"));
    assert_string_equal(plausibility(&record, 3), "");
    assert_string_equal(plausibility(&record, 4), "");
    record_close(&record);
}

static void test_status_and_code(void **state)
{
    struct record record;

    (void)state;
    record_open(&record);
    cell_with_share(&record, "a", 0.9);
    verdict_conclude(&record, false, false);
    assert_int_equal(record.status, RUN_COMPLETE);
    assert_int_equal(verdict_exit_code(&record), EXIT_OK);
    cell_with_share(&record, "b", 0.9)->status = CELL_FAILED;
    verdict_conclude(&record, false, false);
    assert_int_equal(record.status, RUN_PARTIAL);
    assert_int_equal(verdict_exit_code(&record), EXIT_CASE_FAILED);
    facts_boolean(&record.cells[1].engine, "backend_verified", NULL, false);
    assert_int_equal(verdict_exit_code(&record), EXIT_UNVERIFIED);
    record_close(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_above_roofline), cmocka_unit_test(test_status_and_code)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
