/* Sections of a report built alone, and what they say, for the tests of their builders. */
#ifndef POCKETMARK_TESTS_REPORT_RIG_H
#define POCKETMARK_TESTS_REPORT_RIG_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document.h"
#include "reports/page/sections.h"

enum { RIG_RECORDS = 16 };

struct rig {
    struct record records[RIG_RECORDS];
    struct report_source sources[RIG_RECORDS];
    size_t count;
    struct report report;
    struct page page;
};

typedef void section_builder(const struct report *report, struct page *page);

/* An open record of the rig's, to be filled. */
static inline struct record *rig_record(struct rig *rig, const char *name)
{
    struct record *record = &rig->records[rig->count];

    assert_true(rig->count < RIG_RECORDS);
    rig->sources[rig->count++] = (struct report_source){.record = record, .name = name};
    return record;
}

static inline struct record *rig_read(struct rig *rig, const char *path)
{
    struct record *record = rig_record(rig, path);
    struct error error = {0};

    if (document_read_file(path, record, &error))
        fail_msg("%s", error.text);
    return record;
}

/* Builds a section of all records, as the only one of the page. */
static inline void rig_build(struct rig *rig, const char *id, section_builder *builder)
{
    struct error error = {0};

    assert_int_equal(report_open(&rig->report, rig->sources, rig->count, &error), STATUS_OK);
    page_open(&rig->page, "title", "");
    page_section(&rig->page, id, id);
    builder(&rig->report, &rig->page);
    assert_false(rig->page.failed);
}

static inline void rig_close(struct rig *rig)
{
    page_close(&rig->page);
    report_close(&rig->report);
    for (size_t i = 0; i < rig->count; i++)
        record_close(&rig->records[i]);
    *rig = (struct rig){0};
}

static inline const struct section *rig_section(const struct rig *rig)
{
    assert_int_equal(rig->page.section_count, 1);
    return &rig->page.sections[0];
}

/* The block-th table, or chart, of the section; NULL: none. */
static inline const struct grid *rig_grid(const struct rig *rig, const char *id)
{
    for (size_t i = 0; i < rig_section(rig)->block_count; i++) {
        const struct block *block = &rig_section(rig)->blocks[i];
        if (block->kind == BLOCK_GRID && strcmp(block->grid->id, id) == 0)
            return block->grid;
    }
    return NULL;
}

static inline const struct chart *rig_chart(const struct rig *rig, const char *id)
{
    for (size_t i = 0; i < rig_section(rig)->block_count; i++) {
        const struct block *block = &rig_section(rig)->blocks[i];
        if (block->kind == BLOCK_CHART && strcmp(block->chart->id, id) == 0)
            return block->chart;
    }
    return NULL;
}

/* The cell of that row in the column of that title. */
static inline const struct grid_cell *rig_cell(const struct grid *grid, size_t row, const char *title)
{
    assert_non_null(grid);
    assert_true(row < grid_rows(grid));
    for (size_t i = 0; i < grid->column_count; i++)
        if (strcmp(grid->columns[i].title, title) == 0)
            return &grid->cells[row * grid->column_count + i];
    fail_msg("no column %s", title);
    return NULL;
}

/* Is that said anywhere: in a paragraph, a line, a caption, a cell, a finding or a foot? */
static inline bool rig_says(const struct rig *rig, const char *words)
{
    const struct section *section = rig_section(rig);

    for (size_t i = 0; i < section->block_count; i++) {
        const struct block *block = &section->blocks[i];
        if (block->text && strstr(block->text, words))
            return true;
        for (size_t k = 0; k < block->pair_count; k++)
            if (strstr(block->pairs[k].text, words) || strstr(block->pairs[k].label, words))
                return true;
        for (size_t k = 0; block->grid && k < block->grid->cell_count; k++)
            if (strstr(block->grid->cells[k].text, words))
                return true;
        if (block->grid && strstr(block->grid->caption, words))
            return true;
        if (block->chart && (strstr(block->chart->finding, words) || strstr(block->chart->foot, words)))
            return true;
    }
    return false;
}

/* The text of a labelled line; NULL: none of that label. */
static inline const struct pair *rig_pair(const struct rig *rig, const char *label)
{
    for (size_t i = 0; i < rig_section(rig)->block_count; i++) {
        const struct block *block = &rig_section(rig)->blocks[i];
        for (size_t k = 0; k < block->pair_count; k++)
            if (strcmp(block->pairs[k].label, label) == 0)
                return &block->pairs[k];
    }
    return NULL;
}

/* The rig of a test program, and the teardown of its tests. */
static struct rig rig;

static inline int close_rig(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

#endif
