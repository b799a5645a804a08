/* For a terminal or a text file: what most come for, in characters. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chart_print.h"
#include "reports/page/writers.h"
#include "reports/printed.h"
#include "reports/table.h"
#include "reports/text.h"

enum {
    INDENT = 2,
    COLUMNS_MOST = 32,
    PROSE_MOST = 100, /* longer lines are hard to read */
    LABEL_MOST = 26,
    STACKED_WIDTH = 60, /* below it a row's cells stand below each other where a table has no room */
    FOLDED_ROWS = 8,    /* of a table that few come for */
};

/* Id of the section that a command of its own prints. */
#define GLOSSARY "words"

struct pen {
    FILE *out;
    struct writer_style style, prose;
    bool failed;
};

static void say(const struct pen *pen, enum table_paint paint, const char *text)
{
    if (!*text)
        return;
    table_paint(pen->out, &pen->style, paint);
    fprintf(pen->out, "%*s", INDENT, "");
    table_wrap(pen->out, &pen->prose, INDENT, INDENT, text);
    table_paint(pen->out, &pen->style, PAINT_NONE);
}

/* Behind a sign and a blank, if there is one; lines after the first begin where the text does. */
static void say_marked(const struct pen *pen, enum table_paint paint, const char *sign, const char *text)
{
    size_t indent = INDENT + (*sign ? text_columns(sign) + 1 : 0);

    table_paint(pen->out, &pen->style, paint);
    fprintf(pen->out, "%*s%s%s", INDENT, "", sign, *sign ? " " : "");
    table_wrap(pen->out, &pen->prose, indent, indent, text);
    table_paint(pen->out, &pen->style, PAINT_NONE);
}

static char *in_signs(struct pen *pen, const char *text)
{
    char *copy = text_copy(text, pen->style.utf8 ? TEXT_LINE : TEXT_ASCII);

    pen->failed |= !copy;
    return copy;
}

/* ---- labelled lines --------------------------------------------------------------------------------------------------- */

static size_t label_columns(const struct pen *pen, const struct block *block)
{
    size_t most = pen->style.width / 3 < LABEL_MOST ? pen->style.width / 3 : LABEL_MOST, columns = 0;

    for (size_t i = 0; i < block->pair_count; i++) {
        size_t own = text_columns(block->pairs[i].label);
        if (own > columns && own <= most)
            columns = own;
    }
    return columns;
}

static void put_pair(struct pen *pen, const struct pair *pair, size_t columns)
{
    char *label = in_signs(pen, pair->label), *text = NULL;
    const char *sign = mark_sign(pair->mark, pen->style.utf8);
    size_t own = label ? text_columns(label) : 0, indent = INDENT + columns + INDENT;

    fprintf(pen->out, "%*s", INDENT, "");
    table_paint(pen->out, &pen->style, PAINT_DIM);
    if (own > columns) { /* too long for its place: a line of its own */
        table_wrap(pen->out, &pen->prose, INDENT, INDENT, label);
        fprintf(pen->out, "%*s", (int)indent, "");
    } else {
        fprintf(pen->out, "%s%*s", label ? label : "", (int)(columns - own + INDENT), "");
    }
    table_paint(pen->out, &pen->style, PAINT_NONE);
    if (asprintf(&text, "%s%s%s", sign, *sign ? " " : "", pair->text) < 0)
        text = NULL;
    table_wrap(pen->out, &pen->prose, indent, indent, text ? text : "");
    pen->failed |= !text;
    free(label);
    free(text);
}

static void put_pairs(struct pen *pen, const struct block *block)
{
    size_t columns = label_columns(pen, block);

    for (size_t i = 0; i < block->pair_count; i++)
        put_pair(pen, &block->pairs[i], columns);
}

static void put_list(const struct pen *pen, const struct block *block)
{
    for (size_t i = 0; i < block->pair_count; i++) {
        const char *sign = mark_sign(block->pairs[i].mark, pen->style.utf8);
        say_marked(pen, PAINT_NONE, *sign ? sign : pen->style.utf8 ? "·" : "-", block->pairs[i].text);
    }
}

/* ---- tables ----------------------------------------------------------------------------------------------------------- */

static size_t rows_shown(const struct grid *grid)
{
    size_t rows = grid_rows(grid);

    return grid->folded && rows > FOLDED_ROWS ? FOLDED_ROWS : rows;
}

static bool has_bar(const struct grid *grid, size_t column)
{
    for (size_t i = column; i < grid->cell_count; i += grid->column_count)
        if (isfinite(grid->cells[i].share))
            return true;
    return false;
}

/* Columns behind the first give way from the right. */
static void add_cells(struct pen *pen, const struct grid *grid, size_t columns, struct table *table)
{
    size_t most = pen->style.width * 2 / 5;

    for (size_t i = 0; i < rows_shown(grid) * grid->column_count; i++) {
        const struct grid_cell *cell = &grid->cells[i];
        const char *sign = mark_sign(cell->mark, pen->style.utf8);
        char *text = NULL, *shown = NULL;
        if (i % grid->column_count >= columns)
            continue;
        if (asprintf(&text, "%s%s%s", sign, *sign && *cell->text ? " " : "", cell->text) >= 0 &&
            (shown = text_fit(text, pen->style.utf8 ? TEXT_LINE : TEXT_ASCII, most)))
            table_add(table, shown, cell->share);
        else
            pen->failed = true;
        free(text);
        free(shown);
    }
}

/* The columns there is no room for, by name: nothing is left out unsaid. */
static void say_hidden(struct pen *pen, const struct grid *grid, const struct table *table)
{
    const char *between = "not shown at this width: ";
    struct printed text;

    if (printed_open(&text, "the table", NULL) != STATUS_OK) {
        pen->failed = true;
        return;
    }
    for (size_t i = 0; i < grid->column_count; i++)
        if (i >= table->column_count || !table_shows(table, i)) {
            fprintf(text.out, "%s%s", between, grid->columns[i].title);
            between = ", ";
        }
    if (printed_close(&text, STATUS_OK, NULL) != STATUS_OK)
        pen->failed = true;
    else if (text.length)
        say(pen, PAINT_DIM, text.bytes);
    free(text.bytes);
}

static bool all_shown(const struct grid *grid, const struct table *table)
{
    for (size_t i = 0; i < grid->column_count; i++)
        if (i >= table->column_count || !table_shows(table, i))
            return false;
    return true;
}

/* For lines too short for a table: each row's name, and a labelled line for each of its cells. */
static void put_stacked(struct pen *pen, const struct grid *grid)
{
    struct pair pairs[COLUMNS_MOST];
    size_t columns = grid->column_count < COLUMNS_MOST ? grid->column_count : COLUMNS_MOST;

    for (size_t row = 0; row < rows_shown(grid); row++) {
        const struct grid_cell *cells = &grid->cells[row * grid->column_count];
        struct block block = {.pairs = pairs};
        say_marked(pen, PAINT_BOLD, mark_sign(cells->mark, pen->style.utf8), cells->text);
        for (size_t i = 1; i < columns; i++) {
            const struct grid_column *column = &grid->columns[i];
            char *text = NULL;
            if (!*cells[i].text && cells[i].mark == MARK_NONE)
                continue;
            if (asprintf(&text, "%s%s%s", cells[i].text, *column->unit ? " " : "", column->unit) < 0) {
                pen->failed = true;
                break;
            }
            pairs[block.pair_count++] = (struct pair){column->title, text, cells[i].mark};
        }
        put_pairs(pen, &block);
        for (size_t i = 0; i < block.pair_count; i++)
            free(pairs[i].text);
    }
}

static void put_table(struct pen *pen, const struct grid *grid)
{
    struct table_column columns[COLUMNS_MOST];
    size_t count = grid->column_count < COLUMNS_MOST ? grid->column_count : COLUMNS_MOST;
    char *titles[2 * COLUMNS_MOST];
    struct table table;

    for (size_t i = 0; i < count; i++) {
        titles[2 * i] = in_signs(pen, grid->columns[i].title);
        titles[2 * i + 1] = in_signs(pen, grid->columns[i].unit);
        columns[i] =
            (struct table_column){titles[2 * i] ? titles[2 * i] : "", titles[2 * i + 1] ? titles[2 * i + 1] : "",
                                  grid->columns[i].numeric, has_bar(grid, i), (int)i};
    }
    table_open(&table, columns, count, &pen->style);
    add_cells(pen, grid, count, &table);
    if (pen->style.width < STACKED_WIDTH && !all_shown(grid, &table)) {
        put_stacked(pen, grid);
    } else {
        pen->failed |= !table_print(&table, pen->out);
        say_hidden(pen, grid, &table);
    }
    table_close(&table);
    for (size_t i = 0; i < 2 * count; i++)
        free(titles[i]);
}

static void put_grid(struct pen *pen, const struct grid *grid)
{
    size_t rows = grid_rows(grid);
    char text[64];

    if (!rows)
        return;
    say(pen, PAINT_NONE, grid->caption);
    put_table(pen, grid);
    if (rows > rows_shown(grid)) {
        snprintf(text, sizeof text, "and %zu more: see them with -o FILE.html", rows - rows_shown(grid));
        say(pen, PAINT_DIM, text);
    }
}

/* ---- the page --------------------------------------------------------------------------------------------------------- */

static void put_link(const struct pen *pen, const struct block *block)
{
    char *text = NULL;

    if (asprintf(&text, "%s: %s", block->text, block->href) >= 0)
        say(pen, PAINT_NONE, text);
    free(text);
}

static void put_block(struct pen *pen, const struct block *block)
{
    switch (block->kind) {
    case BLOCK_LEAD:
    case BLOCK_TEXT:
        say(pen, PAINT_NONE, block->text);
        break;
    case BLOCK_NOTE:
        say(pen, PAINT_DIM, block->text);
        break;
    case BLOCK_WARNING:
        say_marked(pen, PAINT_WARN, mark_sign(MARK_WARNING, pen->style.utf8), block->text);
        break;
    case BLOCK_LIST:
        put_list(pen, block);
        break;
    case BLOCK_PAIRS:
        put_pairs(pen, block);
        break;
    case BLOCK_GRID:
        put_grid(pen, block->grid);
        break;
    case BLOCK_CHART:
        pen->failed |= !chart_print(pen->out, block->chart, &pen->style);
        say(pen, PAINT_NONE, block->chart->finding);
        break;
    case BLOCK_LINK:
        put_link(pen, block);
        break;
    }
}

/* Blocks of one kind stand together; tables and charts stand apart. */
static void put_section(struct pen *pen, const struct section *section)
{
    putc('\n', pen->out);
    table_paint(pen->out, &pen->style, PAINT_BOLD);
    table_wrap(pen->out, &pen->prose, 0, INDENT, section->title);
    table_paint(pen->out, &pen->style, PAINT_NONE);
    if (strcmp(section->id, GLOSSARY) == 0) {
        say(pen, PAINT_NONE, "are explained by 'pocketmark list words'.");
        return;
    }
    for (size_t i = 0; i < section->block_count; i++) {
        const struct block *block = &section->blocks[i];
        bool apart = block->kind == BLOCK_GRID || block->kind == BLOCK_CHART;
        if (i && (apart || block->kind != block[-1].kind))
            putc('\n', pen->out);
        put_block(pen, block);
    }
}

static void put_head(struct pen *pen, const struct page *page)
{
    table_paint(pen->out, &pen->style, PAINT_BOLD);
    table_wrap(pen->out, &pen->prose, 0, INDENT, page->title);
    table_paint(pen->out, &pen->style, PAINT_NONE);
    if (*page->subtitle)
        say(pen, PAINT_DIM, page->subtitle);
    for (size_t i = 0; i < page->badge_count; i++)
        say_marked(pen, PAINT_WARN, mark_sign(MARK_WARNING, pen->style.utf8), page->badges[i]);
}

static enum status plain_write(const struct page *page, const struct page_style *style, FILE *out, struct error *error)
{
    struct pen pen = {out, style->terminal, style->terminal, page->failed};

    if (pen.style.width < CHART_PRINT_WIDTH_LEAST)
        pen.style.width = pen.prose.width = CHART_PRINT_WIDTH_LEAST;
    if (pen.prose.width > PROSE_MOST)
        pen.prose.width = PROSE_MOST;
    if (!pen.failed) {
        put_head(&pen, page);
        for (size_t i = 0; i < page->section_count; i++)
            if (section_used(&page->sections[i]))
                put_section(&pen, &page->sections[i]);
    }
    return pen.failed ? error_set(error, STATUS_MEMORY, "no memory to write the report") : STATUS_OK;
}

const struct page_writer page_plain = {"text", ".txt", "for a terminal, with bars and curves in characters",
                                       plain_write};
