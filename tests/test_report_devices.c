/* The section that sets devices side by side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "reports/glossary.h"
#include "reports/page/devices_contest.h"
#include "reports/page/sections.h"
#include "tests/contest.h"

enum { SOURCES_MAX = 4 };

struct sample {
    struct record records[SOURCES_MAX];
    struct report_source sources[SOURCES_MAX];
    size_t count;
    struct report report;
    struct page page;
};

/* A result without cells. */
static struct record *sample_open(struct sample *sample, const char *device, const char *commit)
{
    static const char *const names[SOURCES_MAX] = {"a.json", "b.json", "c.json", "d.json"};
    struct record *record = &sample->records[sample->count];

    contest_record(record, device, commit);
    snprintf(record->created, sizeof record->created, "2026-11-2%zuT15:04:05Z", sample->count);
    sample->sources[sample->count] = (struct report_source){.record = record, .name = names[sample->count]};
    sample->count++;
    return record;
}

static void sample_cell(struct record *record, const char *model, const char *format, unsigned launches, double decode)
{
    uint64_t seed = (uint64_t)record->created[9];

    contest_launches(contest_cell(record, model, format), launches, decode, 0.01, &seed);
}

static struct record *sample_add(struct sample *sample, const char *device, const char *commit, double decode)
{
    struct record *record = sample_open(sample, device, commit);

    sample_cell(record, "llama-3.2-1b", "q4_0", 10, decode);
    return record;
}

/* Builds the page of this one section. */
static void sample_build(struct sample *sample)
{
    struct error error = {0};

    assert_int_equal(report_open(&sample->report, sample->sources, sample->count, &error), STATUS_OK);
    page_open(&sample->page, "Report", "");
    page_section(&sample->page, "devices", "Side by side");
    section_devices(&sample->report, &sample->page);
    assert_false(sample->page.failed);
}

static void sample_close(struct sample *sample)
{
    page_close(&sample->page);
    report_close(&sample->report);
    for (size_t i = 0; i < sample->count; i++)
        record_close(&sample->records[i]);
}

static const struct grid *find_grid(const struct page *page, const char *id)
{
    const struct section *section = &page->sections[0];

    for (size_t i = 0; i < section->block_count; i++)
        if (section->blocks[i].grid && strcmp(section->blocks[i].grid->id, id) == 0)
            return section->blocks[i].grid;
    return NULL;
}

static const struct chart *find_chart(const struct page *page)
{
    for (size_t i = 0; i < page->sections[0].block_count; i++)
        if (page->sections[0].blocks[i].chart)
            return page->sections[0].blocks[i].chart;
    return NULL;
}

/* Is the text in a paragraph or a list of the section? */
static bool says(const struct page *page, const char *text)
{
    const struct section *section = &page->sections[0];

    for (size_t i = 0; i < section->block_count; i++) {
        const struct block *block = &section->blocks[i];
        if (block->text && strstr(block->text, text))
            return true;
        for (size_t k = 0; k < block->pair_count; k++)
            if (strstr(block->pairs[k].text, text))
                return true;
    }
    return false;
}

static const char *text_at(const struct grid *grid, size_t row, const char *column)
{
    for (size_t i = 0; i < grid->column_count; i++)
        if (strcmp(grid->columns[i].title, column) == 0)
            return grid->cells[row * grid->column_count + i].text;
    fail_msg("no column %s", column);
    return NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Two are alike, one is slower: places 1, 1 and 3. */
static void test_ranking(void **state)
{
    struct sample sample = {0};
    const struct grid *grid;

    (void)state;
    sample_add(&sample, "d-slow", contest_base_commit, 20);
    sample_add(&sample, "d-one", contest_base_commit, 50);
    sample_add(&sample, "d-two", contest_base_commit, 50);
    sample_build(&sample);
    assert_true(says(&sample.page, "1 case was measured on more than one device; none decodes fastest in it."));
    grid = find_grid(&sample.page, "devices-case");
    assert_non_null(grid);
    assert_int_equal(grid_rows(grid), 3);
    assert_false(grid->sortable || grid->folded); /* seen at a glance */
    assert_true(ends_with(text_at(grid, 0, "decode"), " (1)") && ends_with(text_at(grid, 1, "decode"), " (1)"));
    assert_string_equal(text_at(grid, 2, "device"), "Processor of d-slow");
    assert_true(ends_with(text_at(grid, 2, "decode"), " (3)"));
    assert_string_equal(text_at(grid, 2, "peak memory"), "700 MB (1)");
    assert_string_equal(grid->columns[grid->column_count - 1].title, "peak memory"); /* no energy anywhere */
    assert_float_equal(grid->cells[2 * grid->column_count + 1].share, 0.4, 0.02);
    sample_close(&sample);
}

static void test_ratios(void **state)
{
    struct sample sample = {0};
    const struct grid *grid;
    const struct chart *chart;

    (void)state;
    sample_add(&sample, "d-base", contest_base_commit, 50);
    sample_add(&sample, "d-twice", contest_base_commit, 100);
    sample_build(&sample);
    assert_true(says(&sample.page, "device; Processor of d-twice decodes fastest in it."));
    grid = find_grid(&sample.page, "devices-ratio-table");
    assert_non_null(grid);
    assert_int_equal(grid_rows(grid), 3);
    assert_non_null(strstr(grid->caption, "Processor of d-base"));
    for (size_t i = 0; i < 3; i++)
        if (strcmp(text_at(grid, i, "figure"), "decode") == 0) {
            assert_string_equal(text_at(grid, i, "verdict"), "better");
            assert_float_equal(grid->cells[i * 6 + 3].value, 2, 0.05);
            assert_int_equal(grid->cells[i * 6 + 5].mark, MARK_YES);
        }
    chart = find_chart(&sample.page);
    assert_non_null(chart);
    assert_int_equal(chart->panel_count, 2);
    assert_string_equal(chart->panels[0].labels[0], "llama-3.2-1b q4_0");
    assert_string_equal(chart->panels[0].x_title, "ratio to Processor of d-base");
    sample_close(&sample);
}

/* Another build on another device: both stand in the ranking, but no ratio explains itself. */
static void test_refused(void **state)
{
    struct sample sample = {0};
    const struct grid *grid;

    (void)state;
    sample_add(&sample, "d-one", contest_base_commit, 50);
    sample_add(&sample, "d-two", contest_next_commit, 40);
    sample_build(&sample);
    grid = find_grid(&sample.page, "devices-case");
    assert_non_null(grid);
    assert_non_null(strstr(text_at(grid, 1, "build"), "ffeeddccbbaa"));
    assert_null(find_grid(&sample.page, "devices-ratio-table"));
    assert_null(find_chart(&sample.page));
    assert_true(says(&sample.page, "Not compared with Processor of d-one:"));
    assert_true(says(&sample.page, "more than one factor, device, build"));
    sample_close(&sample);
}

static void test_nothing_common(void **state)
{
    struct sample sample = {0};

    (void)state;
    sample_add(&sample, "d-one", contest_base_commit, 50);
    sample_cell(sample_open(&sample, "d-two", contest_base_commit), "qwen3-8b", "q8_0", 10, 5);
    sample_build(&sample);
    assert_true(says(&sample.page, "No case was measured on two devices"));
    assert_true(says(&sample.page, "no cell is common"));
    assert_null(find_grid(&sample.page, "devices-case"));
    sample_close(&sample);
}

/* Three launches give no interval, and so no place. */
static void test_unranked(void **state)
{
    struct sample sample = {0};
    const struct grid *grid;

    (void)state;
    sample_add(&sample, "d-one", contest_base_commit, 50);
    sample_cell(sample_open(&sample, "d-two", contest_base_commit), "llama-3.2-1b", "q4_0", 3, 90);
    sample_build(&sample);
    grid = find_grid(&sample.page, "devices-case");
    assert_non_null(grid);
    assert_string_equal(text_at(grid, 0, "device"), "Processor of d-two");
    assert_null(strchr(text_at(grid, 0, "decode"), '('));
    assert_null(strchr(text_at(grid, 1, "decode"), '(')); /* nothing to be ranked with */
    assert_non_null(
        strstr(text_at(find_grid(&sample.page, "devices-ratio-table"), 0, "verdict"), "inconclusive: needs n"));
    sample_close(&sample);
}

/* Energy of another scope is another thing. */
static void test_energy(void **state)
{
    static const char *const scopes[] = {"package", "wall", "package"};
    static const double joules[] = {0.5, 0.1, 0.9};
    struct sample sample = {0};
    const struct grid *grid;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char device[16];
        struct cell *cell;
        snprintf(device, sizeof device, "d-%zu", i);
        cell = sample_add(&sample, device, contest_base_commit, 50 - 10 * (double)i)->cells;
        cell->figures[FIELD_energy_joules_per_token] = (struct figure){.present = true,
                                                                       .value = joules[i],
                                                                       .ci_low = joules[i] * 0.99,
                                                                       .ci_high = joules[i] * 1.01,
                                                                       .n = 10,
                                                                       .launches = 10};
        strcpy(cell->figures[FIELD_energy_joules_per_token].scope, scopes[i]);
    }
    sample_build(&sample);
    grid = find_grid(&sample.page, "devices-case");
    assert_string_equal(text_at(grid, 0, "energy per token"), "500 mJ/tok, package (1)");
    assert_string_equal(text_at(grid, 1, "energy per token"), "100 mJ/tok, wall");
    assert_string_equal(text_at(grid, 2, "energy per token"), "900 mJ/tok, package (2)");
    sample_close(&sample);
}

/* Imported and emulated results are in no ranking, and are told. */
static void test_foreign(void **state)
{
    struct sample sample = {0};
    const struct grid *grid;

    (void)state;
    sample_add(&sample, "d-one", contest_base_commit, 50);
    sample_add(&sample, "d-two", contest_base_commit, 500)->origin = ORIGIN_IMPORTED;
    sample_add(&sample, "d-one", contest_base_commit, 300)->origin = ORIGIN_EMULATED;
    sample_build(&sample);
    assert_null(find_grid(&sample.page, "devices-case"));
    assert_null(find_chart(&sample.page));
    grid = find_grid(&sample.page, "devices-foreign");
    assert_non_null(grid);
    assert_int_equal(grid_rows(grid), 2);
    assert_string_equal(text_at(grid, 0, "origin"), "imported");
    assert_string_equal(text_at(grid, 1, "origin"), "emulated");
    assert_int_equal(grid->cells[1].mark, MARK_WARNING);
    assert_null(strchr(text_at(grid, 0, "decode"), '('));
    assert_true(says(&sample.page, "not ranked"));
    sample_close(&sample);
}

static void test_one_device(void **state)
{
    struct sample sample = {0};

    (void)state;
    sample_add(&sample, "d-one", contest_base_commit, 50);
    sample_build(&sample);
    assert_false(section_used(&sample.page.sections[0]));
    sample_close(&sample);
    sample = (struct sample){0};
    sample_add(&sample, "d-one", contest_base_commit, 50);
    sample_add(&sample, "d-one", contest_next_commit, 60);
    sample_build(&sample);
    assert_true(says(&sample.page, "`pocketmark compare`"));
    assert_true(says(&sample.page, "b.json: commit ffeeddccbbaa; a.json: commit 001122334455"));
    assert_null(find_grid(&sample.page, "devices-case"));
    sample_close(&sample);
}

static void test_nothing(void **state)
{
    struct sample sample = {0};

    (void)state;
    sample_build(&sample);
    assert_false(section_used(&sample.page.sections[0]));
    sample_close(&sample);
    sample = (struct sample){0};
    sample_open(&sample, "d-one", contest_base_commit);
    sample_add(&sample, "d-two", contest_base_commit, 50);
    sample_build(&sample);
    assert_true(says(&sample.page, "no model was measured"));
    sample_close(&sample);
}

/* Names are whatever a file says. */
static void test_hostile(void **state)
{
    struct sample sample = {0};
    char name[10001];

    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    memcpy(name, "<script>\n\xff", 10);
    facts_text(&sample_add(&sample, "d-one", contest_base_commit, 50)->device, "cpu.name", NULL, name);
    facts_text(&sample_add(&sample, "d-two", contest_base_commit, 40)->device, "cpu.name", NULL, name);
    sample_build(&sample);
    assert_int_equal(grid_rows(find_grid(&sample.page, "devices-case")), 2);
    assert_non_null(find_chart(&sample.page));
    sample_close(&sample);
}

static void test_words(void **state)
{
    struct page page;

    (void)state;
    page_open(&page, "Report", "");
    page_section(&page, "words", "Words");
    section_words(NULL, &page);
    assert_false(page.failed);
    assert_int_equal(page.sections[0].block_count, 1);
    assert_int_equal(page.sections[0].blocks[0].pair_count, glossary_count);
    for (size_t i = 1; i < glossary_count; i++)
        assert_true(strcasecmp(glossary[i - 1].term, glossary[i].term) < 0);
    page_close(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranking),        cmocka_unit_test(test_ratios),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_nothing_common), cmocka_unit_test(test_unranked),   cmocka_unit_test(test_energy),
        cmocka_unit_test(test_foreign),        cmocka_unit_test(test_one_device), cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_hostile),        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
