#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "reports/page/page.h"

static void test_order_and_empty_sections(void **state)
{
    struct page page;

    (void)state;
    page_open(&page, "title", NULL);
    assert_string_equal(page.subtitle, "");
    page_section(&page, "none", "Nothing here");
    page_section(&page, "first", "First");
    page_text(&page, BLOCK_LEAD, "%d of %s", 1, "two");
    page_item(&page, MARK_YES, "one");
    page_item(&page, MARK_NO, "two");
    page_pair(&page, MARK_NONE, "label", "text");
    page_item(&page, MARK_NONE, "three");
    page_section(&page, "gone", "Nothing either");
    page_section(&page, "second", "Second");
    page_link(&page, "a.html", "there");
    page_section(&page, "end", "Nothing at the end");

    assert_false(page.failed);
    assert_int_equal(page.section_count, 3);
    assert_string_equal(page.sections[0].id, "first");
    assert_string_equal(page.sections[1].id, "second");
    assert_true(section_used(&page.sections[1]));
    assert_false(section_used(&page.sections[2]));
    assert_int_equal(page.sections[0].block_count, 4);
    assert_string_equal(page.sections[0].blocks[0].text, "1 of two");
    assert_int_equal(page.sections[0].blocks[1].kind, BLOCK_LIST);
    assert_int_equal(page.sections[0].blocks[1].pair_count, 2);
    assert_int_equal(page.sections[0].blocks[1].pairs[1].mark, MARK_NO);
    assert_string_equal(page.sections[0].blocks[2].pairs[0].label, "label");
    assert_int_equal(page.sections[0].blocks[3].pair_count, 1);
    assert_string_equal(page.sections[1].blocks[0].href, "a.html");
    page_close(&page);
    assert_int_equal(page.section_count, 0);
}

static void test_grid(void **state)
{
    struct page page;
    struct grid *grid;

    (void)state;
    page_open(&page, "", "");
    page_section(&page, "s", "S");
    grid = page_grid(&page, "table", "Caption");
    assert_int_equal(grid_rows(grid), 0);
    grid_mark(grid, MARK_YES); /* no cell yet: nothing happens */
    grid_share(grid, 1);
    grid_href(grid, "x");
    grid_column(grid, "name", "", false);
    grid_column(grid, "speed", "tok/s", true);
    for (int i = 0; i < 100; i++) {
        grid_text(grid, "row %d", i);
        grid_href(grid, "first.html");
        grid_href(grid, "second.html");
        grid_value(grid, i, "%d", i);
        grid_share(grid, 0.5);
        grid_mark(grid, MARK_MEASURED);
    }
    grid_text(grid, "half a row");
    assert_int_equal(grid_rows(grid), 100);
    assert_string_equal(grid->cells[198].text, "row 99");
    assert_string_equal(grid->cells[198].href, "first.html");
    assert_true(isnan(grid->cells[198].value) && isnan(grid->cells[198].share));
    assert_float_equal(grid->cells[199].value, 99, 0);
    assert_float_equal(grid->cells[199].share, 0.5, 0);
    assert_int_equal(grid->cells[199].mark, MARK_MEASURED);
    assert_false(page.failed);
    page_close(&page);
}

static void test_charts(void **state)
{
    const struct chart *found[2] = {NULL};
    struct page page;
    struct chart *chart = chart_new("used", "Title");
    struct chart_panel *panel = chart_panel(chart, CHART_POINTS, "", "", "");

    (void)state;
    page_open(&page, "", "");
    page_section(&page, "s", "S");
    page_chart(&page, chart_new("empty", "No points"));
    assert_int_equal(page_charts(&page, NULL), 0);
    assert_false(page.failed);
    chart_add(chart, panel, chart_series(chart, panel, ""), 1, 2, NAN, NAN, NULL);
    page_chart(&page, chart);
    assert_int_equal(page_charts(&page, found), 1);
    assert_ptr_equal(found[0], chart);
    page_chart(&page, NULL); /* chart_new had no memory */
    assert_true(page.failed);
    page_close(&page);
}

static void test_attachment_of_any_bytes(void **state)
{
    struct page page;

    (void)state;
    page_open(&page, "", "");
    page_attach(&page, "a", "text/plain", "x\0y", 3);
    page_attach(&page, "b", "text/plain", "", 0);
    assert_int_equal(page.attachment_count, 2);
    assert_memory_equal(page.attachments[0].bytes, "x\0y", 3);
    assert_int_equal(page.attachments[1].length, 0);
    page_badge(&page, "%s", "virtual");
    assert_string_equal(page.badges[0], "virtual");
    assert_false(page.failed);
    page_close(&page);
}

/* What cannot be kept is told by the page, and builders may go on. */
static void test_lost_content_is_told(void **state)
{
    struct page page;
    struct grid *grid;

    (void)state;
    page_open(&page, "", "");
    page_text(&page, BLOCK_TEXT, "outside of any section");
    assert_true(page.failed);
    grid = page_grid(&page, "lost", "");
    assert_null(grid);
    grid_column(grid, "a", "", false);
    grid_text(grid, "b");
    grid_mark(grid, MARK_NO);
    assert_int_equal(grid_rows(grid), 0);
    page_close(&page);
}

static void test_marks(void **state)
{
    (void)state;
    for (enum mark mark = MARK_NONE; mark <= MARK_PREDICTED; mark++) {
        assert_int_equal(*mark_sign(mark, true) == '\0', mark == MARK_NONE);
        assert_int_equal(*mark_word(mark) == '\0', mark == MARK_NONE);
        for (const char *sign = mark_sign(mark, false); *sign; sign++)
            assert_true(*sign > ' ' && *sign < 127);
        for (enum mark other = MARK_NONE; other < mark; other++)
            assert_string_not_equal(mark_sign(mark, true), mark_sign(other, true));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_empty_sections),
        cmocka_unit_test(test_grid),
        cmocka_unit_test(test_charts),
        cmocka_unit_test(test_attachment_of_any_bytes),
        cmocka_unit_test(test_lost_content_is_told),
        cmocka_unit_test(test_marks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
