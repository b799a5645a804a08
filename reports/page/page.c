#include "reports/page/page.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ----------------------------------------------------------------------------------------------------------- */

static char *copy(const char *text)
{
    return strdup(text ? text : "");
}

__attribute__((format(printf, 1, 0))) static char *print(const char *format, va_list arguments)
{
    char *text = NULL;

    return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}

/* One more zeroed item at the end of an array that doubles; NULL without memory. */
static void *grow(void *array, size_t *count, size_t size)
{
    void **items = array;
    bool full = (*count & (*count - 1)) == 0; /* 0, 1, 2, 4, 8 …: no room beyond */
    char *larger = full ? realloc(*items, (*count ? 2 * *count : 1) * size) : *items;

    if (!larger)
        return NULL;
    *items = larger;
    return memset(larger + size * (*count)++, 0, size);
}

static void grid_free(struct grid *grid)
{
    if (!grid)
        return;
    free(grid->caption);
    for (size_t i = 0; i < grid->column_count; i++) {
        free(grid->columns[i].title);
        free(grid->columns[i].unit);
    }
    for (size_t i = 0; i < grid->cell_count; i++) {
        free(grid->cells[i].text);
        free(grid->cells[i].href);
    }
    free(grid->columns);
    free(grid->cells);
    free(grid);
}

static void block_free(struct block *block)
{
    free(block->text);
    free(block->href);
    for (size_t i = 0; i < block->pair_count; i++) {
        free(block->pairs[i].label);
        free(block->pairs[i].text);
    }
    free(block->pairs);
    grid_free(block->grid);
    chart_free(block->chart);
}

static void section_free(struct section *section)
{
    free(section->title);
    for (size_t i = 0; i < section->block_count; i++)
        block_free(&section->blocks[i]);
    free(section->blocks);
}

/* ---- the page --------------------------------------------------------------------------------------------------------- */

void page_open(struct page *page, const char *title, const char *subtitle)
{
    *page = (struct page){.title = copy(title), .subtitle = copy(subtitle)};
    page->failed = !page->title || !page->subtitle;
}

void page_close(struct page *page)
{
    free(page->title);
    free(page->subtitle);
    for (size_t i = 0; i < page->badge_count; i++)
        free(page->badges[i]);
    free(page->badges);
    for (size_t i = 0; i < page->section_count; i++)
        section_free(&page->sections[i]);
    free(page->sections);
    for (size_t i = 0; i < page->attachment_count; i++) {
        free(page->attachments[i].name);
        free(page->attachments[i].media_type);
        free(page->attachments[i].bytes);
    }
    free(page->attachments);
    *page = (struct page){0};
}

void page_badge(struct page *page, const char *format, ...)
{
    char **badge = grow(&page->badges, &page->badge_count, sizeof *page->badges);
    va_list arguments;

    va_start(arguments, format);
    if (!badge || !(*badge = print(format, arguments)))
        page->failed = true;
    va_end(arguments);
}

void page_attach(struct page *page, const char *name, const char *media_type, const char *bytes, size_t length)
{
    struct attachment *new = grow(&page->attachments, &page->attachment_count, sizeof *new);

    if (!new) {
        page->failed = true;
        return;
    }
    *new = (struct attachment){copy(name), copy(media_type), malloc(length + 1), length};
    if (new->bytes)
        memcpy(new->bytes, bytes, length);
    page->failed |= !new->name || !new->media_type || !new->bytes;
}

bool section_used(const struct section *section)
{
    return section->block_count > 0;
}

void page_section(struct page *page, const char *id, const char *title)
{
    struct section *section;

    if (page->section_count && !section_used(&page->sections[page->section_count - 1])) {
        section_free(&page->sections[--page->section_count]);
        /* the array's room is told by its count: the place is used again at once */
    }
    if (!(section = grow(&page->sections, &page->section_count, sizeof *section))) {
        page->failed = true;
        return;
    }
    snprintf(section->id, sizeof section->id, "%s", id);
    page->failed |= !(section->title = copy(title));
}

/* ---- blocks ----------------------------------------------------------------------------------------------------------- */

/* A new block at the end of the last section; NULL without memory, or without a section. */
static struct block *block_add(struct page *page, enum block_kind kind)
{
    struct section *section = page->section_count ? &page->sections[page->section_count - 1] : NULL;
    struct block *block = section ? grow(&section->blocks, &section->block_count, sizeof *block) : NULL;

    if (!block)
        page->failed = true;
    else
        block->kind = kind;
    return block;
}

/* The block that the section ends with if it is of that kind, else a new one. */
static struct block *block_same(struct page *page, enum block_kind kind)
{
    struct section *section = page->section_count ? &page->sections[page->section_count - 1] : NULL;

    if (section && section->block_count && section->blocks[section->block_count - 1].kind == kind)
        return &section->blocks[section->block_count - 1];
    return block_add(page, kind);
}

void page_text(struct page *page, enum block_kind kind, const char *format, ...)
{
    struct block *block = block_add(page, kind);
    va_list arguments;

    va_start(arguments, format);
    if (block && !(block->text = print(format, arguments)))
        page->failed = true;
    va_end(arguments);
}

void page_link(struct page *page, const char *href, const char *format, ...)
{
    struct block *block = block_add(page, BLOCK_LINK);
    va_list arguments;

    va_start(arguments, format);
    if (block && (!(block->text = print(format, arguments)) || !(block->href = copy(href))))
        page->failed = true;
    va_end(arguments);
}

__attribute__((format(printf, 5, 0))) static void pair_add(struct page *page, enum block_kind kind, enum mark mark,
                                                           const char *label, const char *format, va_list arguments)
{
    struct block *block = block_same(page, kind);
    struct pair *pair = block ? grow(&block->pairs, &block->pair_count, sizeof *pair) : NULL;

    if (!pair) {
        page->failed = true;
        return;
    }
    *pair = (struct pair){copy(label), print(format, arguments), mark};
    page->failed |= !pair->label || !pair->text;
}

void page_item(struct page *page, enum mark mark, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    pair_add(page, BLOCK_LIST, mark, "", format, arguments);
    va_end(arguments);
}

void page_pair(struct page *page, enum mark mark, const char *label, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    pair_add(page, BLOCK_PAIRS, mark, label, format, arguments);
    va_end(arguments);
}

void page_chart(struct page *page, struct chart *chart)
{
    struct block *block;

    if (chart && (chart_used(chart) || chart->failed) && (block = block_add(page, BLOCK_CHART))) {
        page->failed |= chart->failed;
        block->chart = chart;
        return;
    }
    page->failed |= !chart;
    chart_free(chart);
}

size_t page_charts(const struct page *page, const struct chart **charts)
{
    size_t count = 0;

    for (size_t i = 0; i < page->section_count; i++) {
        for (size_t k = 0; k < page->sections[i].block_count; k++) {
            if (!page->sections[i].blocks[k].chart)
                continue;
            if (charts)
                charts[count] = page->sections[i].blocks[k].chart;
            count++;
        }
    }
    return count;
}

/* ---- tables ----------------------------------------------------------------------------------------------------------- */

struct grid *page_grid(struct page *page, const char *id, const char *caption)
{
    struct block *block = block_add(page, BLOCK_GRID);
    struct grid *grid = block ? calloc(1, sizeof *grid) : NULL;

    if (!grid) {
        page->failed = true;
        return NULL;
    }
    block->grid = grid;
    grid->failed = &page->failed;
    snprintf(grid->id, sizeof grid->id, "%s", id);
    page->failed |= !(grid->caption = copy(caption));
    return grid;
}

void grid_column(struct grid *grid, const char *title, const char *unit, bool numeric)
{
    struct grid_column *column = grid ? grow(&grid->columns, &grid->column_count, sizeof *column) : NULL;

    if (column)
        *column = (struct grid_column){copy(title), copy(unit), numeric};
    if (grid && (!column || !column->title || !column->unit))
        *grid->failed = true;
}

__attribute__((format(printf, 3, 0))) static void grid_add(struct grid *grid, double value, const char *format,
                                                           va_list arguments)
{
    struct grid_cell *cell = grid ? grow(&grid->cells, &grid->cell_count, sizeof *cell) : NULL;

    if (cell)
        *cell = (struct grid_cell){.text = print(format, arguments), .value = value, .share = NAN};
    if (grid && (!cell || !cell->text))
        *grid->failed = true;
}

void grid_text(struct grid *grid, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    grid_add(grid, NAN, format, arguments);
    va_end(arguments);
}

void grid_value(struct grid *grid, double value, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    grid_add(grid, value, format, arguments);
    va_end(arguments);
}

/* The last cell; a place to write to where there is none. */
static struct grid_cell *last(struct grid *grid, struct grid_cell *none)
{
    return grid && grid->cell_count ? &grid->cells[grid->cell_count - 1] : none;
}

void grid_mark(struct grid *grid, enum mark mark)
{
    last(grid, &(struct grid_cell){0})->mark = mark;
}

void grid_share(struct grid *grid, double share)
{
    last(grid, &(struct grid_cell){0})->share = share;
}

void grid_href(struct grid *grid, const char *href)
{
    struct grid_cell none = {0}, *cell = last(grid, &none);

    if (cell != &none && !cell->href && !(cell->href = copy(href)))
        *grid->failed = true;
}

size_t grid_rows(const struct grid *grid)
{
    return grid && grid->column_count ? grid->cell_count / grid->column_count : 0;
}

/* ---- marks ------------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *utf8, *ascii, *word;
} marks[] = {
    [MARK_NONE] = {"", "", ""},
    [MARK_YES] = {"✔", "+", "yes"},
    [MARK_PART] = {"◐", "~", "in part"},
    [MARK_NO] = {"✖", "x", "no"},
    [MARK_WARNING] = {"!", "!", "warning"},
    [MARK_MEASURED] = {"●", "*", "measured"},
    [MARK_PREDICTED] = {"○", "o", "predicted"},
};

const char *mark_sign(enum mark mark, bool utf8)
{
    return utf8 ? marks[mark].utf8 : marks[mark].ascii;
}

const char *mark_word(enum mark mark)
{
    return marks[mark].word;
}
