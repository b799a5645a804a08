/* The board of a site: what is read, grouped and paired; slugs, the walk over folders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "reports/page/site_pages.h"
#include "reports/page/site_slug.h"
#include "reports/page/site_table.h"
#include "tests/site_results.h"

static const char other_commit[] = "feedbeeffeedbeeffeedbeeffeedbeeffeedbeef";

/* ---- slugs -------------------------------------------------------------------------------------------------------------- */

static void test_slugs(void **state)
{
    static const struct {
        const char *name, *slug;
        bool whole;
    } cases[] = {
        {"llama-3.2-1b", "llama-3-2-1b", true},
        {"Intel(R) Xeon(R) Gold 6130", "intel-xeon-gold-6130", true},
        {"Intel(R)Core(TM)i7", "intel-core-i7", true},
        {"--a__b..c--", "a-b-c", true},
        {"<script>alert(1)</script>", "script-alert-1-script", false},
        {"../../etc/passwd", "etc-passwd", false},
        {"a\nb\x01\xff", "a-b", false},
        {"\u5904\u7406\u5668", "unnamed", false},
        {"", "unnamed", false},
        {"(r)", "unnamed", false},
    };
    char slug[SLUG_MAX], other[SLUG_MAX], name[20001];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(slug_of_name(slug, cases[i].name), cases[i].whole);
        assert_string_equal(slug, cases[i].slug);
    }
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_false(slug_of_name(slug, name));
    assert_int_equal(strlen(slug), 40);
    strcpy(other, slug);
    slug_tag(slug, "one");
    slug_tag(other, "another");
    assert_int_equal(strlen(slug), 51);
    assert_string_not_equal(slug, other);
}

/* ---- the walk ----------------------------------------------------------------------------------------------------------- */

static void test_walk(void **state)
{
    struct scratch_tree *tree = *state;
    char missing[PATH_MAX], named[PATH_MAX];
    struct site_files files;
    struct error error = {0};

    scratch_write(tree, "in/b.json", "{}");
    scratch_write(tree, "in/a/z.json", "{}");
    scratch_write(tree, "in/a/.hidden.json", "{}");
    scratch_write(tree, "in/.git/c.json", "{}");
    scratch_write(tree, "in/site/" SITE_MANIFEST, "pocketmark site 1\n");
    scratch_write(tree, "in/site/results/d.json", "{}");
    scratch_write(tree, "in/notes.txt", "");
    scratch_write(tree, "in/.json", "");
    scratch_write(tree, "one.json", "{}");
    scratch_path(tree, "in", missing, sizeof missing);
    scratch_path(tree, "one.json", named, sizeof named);
    const char *paths[] = {missing, named, "/nowhere/x.json"};
    assert_int_equal(site_files_find(&files, paths, 3, &error), STATUS_OK);
    assert_int_equal(files.count, 4);
    assert_string_equal(files.items[0].name, "a/z.json");
    assert_string_equal(files.items[1].name, "b.json");
    assert_string_equal(files.items[2].name, "one.json");
    assert_null(files.items[2].why);
    assert_string_equal(files.items[3].name, "x.json");
    assert_non_null(files.items[3].why);
    site_files_close(&files);
}

/* ---- the board ---------------------------------------------------------------------------------------------------------- */

static void count_warning(const char *text, void *context)
{
    assert_non_null(text);
    ++*(size_t *)context;
}

static enum status read_board(struct scratch_tree *tree, struct site_board *board, size_t *warnings,
                              struct error *error)
{
    const char *paths[] = {tree->root};
    struct site_files files;
    enum status status;

    assert_int_equal(site_files_find(&files, paths, 1, error), STATUS_OK);
    status = site_board_read(board, &files, count_warning, warnings, error);
    site_files_close(&files);
    return status;
}

static const struct board_device *device_named(const struct site_board *board, const char *beginning)
{
    for (size_t i = 0; i < board->device_count; i++)
        if (strncmp(board->devices[i].name, beginning, strlen(beginning)) == 0)
            return &board->devices[i];
    fail_msg("no device of that name");
    return NULL;
}

/* Three results of a device and build are one row: median, quartiles, launches. Another build is another row. */
static void test_groups(void **state)
{
    struct scratch_tree *tree = *state;
    struct error error = {0};
    size_t warnings = 0;
    struct site_board board;

    put_result(tree, &(struct site_result){.number = 1, .decode = 40});
    put_result(tree, &(struct site_result){.number = 2, .decode = 50});
    put_result(tree, &(struct site_result){.number = 3, .decode = 44});
    put_result(tree, &(struct site_result){.number = 4, .decode = 90, .commit = other_commit});
    put_result(tree,
               &(struct site_result){.number = 5, .decode = 30, .device = "d-emulated00", .origin = ORIGIN_EMULATED});
    assert_int_equal(read_board(tree, &board, &warnings, &error), STATUS_OK);
    assert_int_equal(warnings, 0);
    assert_int_equal(board.result_count, 5);
    assert_int_equal(board.group_count, 3);
    assert_int_equal(board.device_count, 2);
    assert_int_equal(board.model_count, 1);
    assert_string_equal(board.results[board.newest[0]].created, "2026-01-05T00:00:00Z");
    for (size_t i = 0; i < board.group_count; i++) {
        const struct board_group *group = &board.groups[i];
        if (group->row_count != 3)
            continue;
        double scale = group->figures[BOARD_DECODE].value / 44;
        assert_float_equal(scale, 1, 0.01);
        assert_float_equal(group->figures[BOARD_DECODE].low, 42 * scale, 0.1);
        assert_float_equal(group->figures[BOARD_DECODE].high, 47 * scale, 0.1);
        assert_int_equal(group->launches, 18);
        assert_string_equal(group->parameters, "p128 n32");
        assert_string_equal(group->format, "q4_0");
        assert_true(isnan(group->figures[BOARD_ENERGY].value));
        assert_string_equal(board.results[board.rows[group->first_row].result].created, "2026-01-03T00:00:00Z");
    }
    site_board_close(&board);
}

/* A single result keeps its own interval, which is not that of quartiles. */
static void test_figure_text(void **state)
{
    const struct board_figure speed = {48.12, 47.7, 48.5}, time = {0.3332, 0.3311, 0.3402}, bytes = {7e8, NAN, NAN};
    const struct board_figure wide = {0.9, 0.95, 1.2}, none = {NAN, NAN, NAN};
    char text[SITE_TEXT_MAX];

    (void)state;
    site_figure_text(text, sizeof text, &speed, BOARD_DECODE, false);
    assert_string_equal(text, "48.1 ±0.4");
    site_figure_text(text, sizeof text, &speed, BOARD_DECODE, true);
    assert_string_equal(text, "48.1 [47.7 48.5]");
    site_figure_text(text, sizeof text, &time, BOARD_FIRST, true);
    assert_string_equal(text, "333 ms [331 340]");
    site_figure_text(text, sizeof text, &wide, BOARD_FIRST, true);
    assert_string_equal(text, "900 ms [950 1.20 s]");
    site_figure_text(text, sizeof text, &bytes, BOARD_MEMORY, false);
    assert_string_equal(text, "700 MB");
    site_figure_text(text, sizeof text, &none, BOARD_DECODE, true);
    assert_string_equal(text, "–");
}

static void test_left_out(void **state)
{
    struct scratch_tree *tree = *state;
    struct error error = {0};
    size_t warnings = 0;
    struct site_board board;

    put_result(tree, &(struct site_result){.number = 1, .decode = 40, .file = "old.json"});
    put_result(tree, &(struct site_result){.number = 1, .decode = 41, .file = "renewed.json"});
    scratch_write(tree, "package.json", "{\"name\": \"x\"}");
    scratch_write(tree, "empty.json", "");
    scratch_write(tree, "cut.json", "{\"schema\": {\"name\": \"pocketmark.result\"");
    assert_int_equal(read_board(tree, &board, &warnings, &error), STATUS_OK);
    assert_int_equal(board.result_count, 1);
    assert_string_equal(board.results[0].name, "renewed.json");
    assert_int_equal(board.left_count, 4);
    assert_int_equal(warnings, 4);
    for (size_t i = 0; i < board.left_count; i++)
        assert_true(*board.left[i].why);
    site_board_close(&board);
}

static void test_none_good(void **state)
{
    struct scratch_tree *tree = *state;
    struct error error = {0};
    size_t warnings = 0;
    struct site_board board;

    assert_int_equal(read_board(tree, &board, &warnings, &error), STATUS_IO);
    site_board_close(&board);
    scratch_write(tree, "x.json", "[]");
    assert_int_equal(read_board(tree, &board, &warnings, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "x.json"));
    site_board_close(&board);
}

/* Devices of one name are told apart, and models whose names make one slug. */
static void test_names(void **state)
{
    struct scratch_tree *tree = *state;
    struct error error = {0};
    size_t warnings = 0;
    struct site_board board;

    put_result(tree, &(struct site_result){.number = 1, .decode = 40, .device = "d-00000001", .model = "a.b"});
    put_result(tree, &(struct site_result){.number = 2, .decode = 40, .device = "d-00000002", .model = "a-b"});
    put_result(tree, &(struct site_result){
                         .number = 3, .decode = 40, .device = "d-00000003", .model = "c", .processor = "<b>x</b>"});
    assert_int_equal(read_board(tree, &board, &warnings, &error), STATUS_OK);
    assert_int_equal(board.device_count, 3);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(board.devices[i].name, board.devices[k].name);
            assert_string_not_equal(board.devices[i].slug, board.devices[k].slug);
            assert_string_not_equal(board.models[i].slug, board.models[k].slug);
        }
    assert_string_equal(device_named(&board, "<b>")->name, "<b>x</b>");
    assert_int_equal(strspn(device_named(&board, "<b>")->slug, "abcdefghijklmnopqrstuvwxyz0123456789-"),
                     strlen(device_named(&board, "<b>")->slug));
    site_board_close(&board);
}

/* ---- pairs -------------------------------------------------------------------------------------------------------------- */

static void put_pairs(struct scratch_tree *tree)
{
    put_result(tree, &(struct site_result){.number = 1, .decode = 40, .device = "d-00000001", .processor = "A"});
    put_result(tree, &(struct site_result){.number = 2, .decode = 50, .device = "d-00000002", .processor = "B"});
    put_result(tree, &(struct site_result){
                         .number = 3, .decode = 60, .device = "d-00000003", .processor = "C", .commit = other_commit});
    put_result(tree, &(struct site_result){
                         .number = 4, .decode = 70, .device = "d-00000004", .processor = "D", .model = "other"});
    put_result(tree,
               &(struct site_result){
                   .number = 5, .decode = 80, .device = "d-00000005", .processor = "E", .origin = ORIGIN_EMULATED});
    put_result(tree, &(struct site_result){.number = 6, .decode = 41, .device = "d-00000001", .processor = "A"});
}

static void test_pairs(void **state)
{
    struct scratch_tree *tree = *state;
    struct error error = {0};
    size_t warnings = 0, count;
    struct site site = {0};
    struct site_case *cases;

    put_pairs(tree);
    assert_int_equal(read_board(tree, &site.board, &warnings, &error), STATUS_OK);
    assert_int_equal(site_pairs_find(&site, 500, &error), STATUS_OK);
    assert_int_equal(site.pair_count, 3);
    assert_string_equal(site.board.devices[site.pairs[0].a].name, "A");
    assert_string_equal(site.board.devices[site.pairs[0].b].name, "B");
    assert_true(site.pairs[0].alike);
    assert_false(site.pairs[1].alike);
    assert_int_equal(site.pairs[0].common, 1);
    cases = site_pair_cases(&site, &site.pairs[0], &count);
    assert_int_equal(count, 1);
    assert_true(cases[0].alike);
    assert_string_equal(site.board.results[cases[0].result_a].created, "2026-01-06T00:00:00Z");
    assert_string_equal(site.board.results[cases[0].result_b].created, "2026-01-02T00:00:00Z");
    free(cases);
    free(site.pairs);
    site = (struct site){.board = site.board};
    assert_int_equal(site_pairs_find(&site, 1, &error), STATUS_OK);
    assert_int_equal(site.pair_count, 1);
    assert_int_equal(site.pairs_left, 2);
    assert_true(site.pairs[0].alike);
    free(site.pairs);
    site_board_close(&site.board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slugs),
        cmocka_unit_test(test_figure_text),
        cmocka_unit_test_setup_teardown(test_walk, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_groups, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_left_out, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_none_good, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_names, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_pairs, scratch_setup, scratch_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
