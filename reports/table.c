#include "reports/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"

enum { INDENT = 2, GAP = 2, BAR_LONG = 10, BAR_SHORT = 4, COLUMNS_MAX = 32 };

struct layout {
    size_t widths[COLUMNS_MAX]; /* of the texts, without the bar */
    bool shown[COLUMNS_MAX];
    size_t bar;
};

void table_open(struct table *table, const struct table_column *columns, size_t count, const struct writer_style *style)
{
    *table =
        (struct table){.columns = columns, .column_count = count < COLUMNS_MAX ? count : COLUMNS_MAX, .style = *style};
}

void table_add(struct table *table, const char *text, double share)
{
    char *copy = text_copy(text, table->style.utf8 ? TEXT_LINE : TEXT_ASCII);

    if (copy && table->cell_count == table->cell_capacity) {
        size_t capacity = table->cell_capacity ? 2 * table->cell_capacity : 64;
        struct table_cell *cells = realloc(table->cells, capacity * sizeof *cells);
        if (cells) {
            table->cells = cells;
            table->cell_capacity = capacity;
        }
    }
    if (!copy || table->cell_count == table->cell_capacity) {
        free(copy);
        table->failed = true;
        return;
    }
    table->cells[table->cell_count++] = (struct table_cell){copy, share};
}

void table_close(struct table *table)
{
    for (size_t i = 0; i < table->cell_count; i++)
        free(table->cells[i].text);
    free(table->cells);
    *table = (struct table){0};
}

void table_paint(FILE *out, const struct writer_style *style, enum table_paint paint)
{
    static const char *const codes[] = {
        [PAINT_NONE] = "0", [PAINT_BOLD] = "1", [PAINT_DIM] = "2", [PAINT_BAR] = "36", [PAINT_WARN] = "33"};

    if (style->colour)
        fprintf(out, "\033[%sm", codes[paint]);
}

/* ---- layout ------------------------------------------------------------------------------------------------------------- */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t bar_room(const struct table_column *column, const struct layout *layout)
{
    return column->bar && layout->bar ? layout->bar + 1 : 0;
}

static size_t column_width(const struct table_column *column, const struct layout *layout, size_t index)
{
    return larger(layout->widths[index] + bar_room(column, layout),
                  larger(text_columns(column->title), text_columns(column->subtitle)));
}

static size_t layout_width(const struct table *table, const struct layout *layout)
{
    size_t width = INDENT;

    for (size_t i = 0; i < table->column_count; i++)
        if (layout->shown[i])
            width += column_width(&table->columns[i], layout, i) + GAP;
    return width - GAP;
}

/* The shown column that may go first; column_count: none may. */
static size_t most_expendable(const struct table *table, const struct layout *layout)
{
    size_t found = table->column_count;

    for (size_t i = 0; i < table->column_count; i++)
        if (layout->shown[i] && table->columns[i].expendable &&
            (found == table->column_count || table->columns[i].expendable > table->columns[found].expendable))
            found = i;
    return found;
}

static void layout_fit(const struct table *table, struct layout *layout)
{
    *layout = (struct layout){.bar = BAR_LONG};
    for (size_t i = 0; i < table->column_count; i++)
        layout->shown[i] = true;
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t *width = &layout->widths[i % table->column_count];
        *width = larger(*width, text_columns(table->cells[i].text));
    }
    while (layout_width(table, layout) > table->style.width && layout->bar > BAR_SHORT)
        layout->bar--;
    while (layout_width(table, layout) > table->style.width) {
        size_t column = most_expendable(table, layout);
        if (column == table->column_count)
            break;
        layout->shown[column] = false;
    }
    /* Room that a column left behind goes to the bars. */
    while (layout->bar < BAR_LONG) {
        layout->bar++;
        if (layout_width(table, layout) > table->style.width) {
            layout->bar--;
            break;
        }
    }
}

/* ---- printing ------------------------------------------------------------------------------------------------------------ */

/* Space is held back until something follows it, so that no line ends in it. */
struct pen {
    FILE *out;
    size_t space;
};

static void pen_flush(struct pen *pen)
{
    for (; pen->space; pen->space--)
        putc(' ', pen->out);
}

static void pen_text(struct pen *pen, const char *text)
{
    if (!*text)
        return;
    pen_flush(pen);
    fputs(text, pen->out);
}

/* Eighths of a character: U+2588 (full) to U+258F (one eighth) in UTF-8. */
static void bar_print(struct pen *pen, const struct writer_style *style, double share, size_t width)
{
    size_t eighths = isfinite(share) ? (size_t)lround(fmin(fmax(share, 0), 1) * (double)width * 8) : 0;
    size_t full = style->utf8 ? eighths / 8 : (eighths + 4) / 8;
    const char part[] = {'\xe2', '\x96', (char)(0x90 - eighths % 8), '\0'};

    if (eighths) {
        pen_flush(pen);
        table_paint(pen->out, style, PAINT_BAR);
    }
    for (size_t i = 0; i < full; i++)
        pen_text(pen, style->utf8 ? "\xe2\x96\x88" : "#");
    if (style->utf8 && eighths % 8) {
        pen_text(pen, part);
        full++;
    }
    if (eighths)
        table_paint(pen->out, style, PAINT_NONE);
    for (; !style->utf8 && isfinite(share) && full < width; full++)
        pen_text(pen, ".");
    pen->space += width - full;
}

static void text_print(struct pen *pen, const char *text, size_t width, bool right)
{
    size_t columns = text_columns(text), fill = width > columns ? width - columns : 0;

    pen->space += right ? fill : 0;
    pen_text(pen, text);
    pen->space += right ? 0 : fill;
}

static void head_print(const struct table *table, const struct layout *layout, bool subtitles, FILE *out)
{
    struct pen pen = {out, INDENT};

    table_paint(out, &table->style, subtitles ? PAINT_DIM : PAINT_BOLD);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct table_column *column = &table->columns[i];
        if (!layout->shown[i])
            continue;
        text_print(&pen, subtitles ? column->subtitle : column->title, column_width(column, layout, i),
                   column->right && !column->bar);
        pen.space += GAP;
    }
    table_paint(out, &table->style, PAINT_NONE);
    putc('\n', out);
}

static void row_print(const struct table *table, const struct layout *layout, const struct table_cell *row, FILE *out)
{
    struct pen pen = {out, INDENT};

    for (size_t i = 0; i < table->column_count; i++) {
        const struct table_column *column = &table->columns[i];
        size_t bar = bar_room(column, layout), width = column_width(column, layout, i);
        if (!layout->shown[i])
            continue;
        text_print(&pen, row[i].text, bar ? layout->widths[i] : width, column->right);
        if (bar) {
            pen.space++;
            bar_print(&pen, &table->style, row[i].share, width - layout->widths[i] - 1);
        }
        pen.space += GAP;
    }
    putc('\n', out);
}

bool table_print(const struct table *table, FILE *out)
{
    struct layout layout;
    bool subtitled = false;

    if (table->failed || !table->column_count)
        return !table->failed;
    layout_fit(table, &layout);
    for (size_t i = 0; i < table->column_count; i++)
        subtitled |= layout.shown[i] && *table->columns[i].subtitle;
    head_print(table, &layout, false, out);
    if (subtitled)
        head_print(table, &layout, true, out);
    for (size_t i = 0; i + table->column_count <= table->cell_count; i += table->column_count)
        row_print(table, &layout, &table->cells[i], out);
    return true;
}

bool table_shows(const struct table *table, size_t column)
{
    struct layout layout;

    layout_fit(table, &layout);
    return column < table->column_count && layout.shown[column];
}

/* A word of so many columns, in pieces where it is wider than a line; returns the column behind it. */
static size_t put_word(FILE *out, const struct writer_style *style, size_t column, size_t indent, const char *word,
                       size_t columns)
{
    size_t width = style->width > indent + 8 ? style->width : indent + 8, room, bytes;

    while (columns > (room = width > column ? width - column : 1)) {
        bytes = text_bytes(word, room);
        fprintf(out, "%.*s\n%*s", (int)bytes, word, (int)indent, "");
        word += bytes;
        columns -= room;
        column = indent;
    }
    fputs(word, out);
    return column + columns;
}

void table_wrap(FILE *out, const struct writer_style *style, size_t column, size_t indent, const char *text)
{
    char *copy = text_copy(text, style->utf8 ? TEXT_LINE : TEXT_ASCII);
    const char *at = copy ? copy : "";
    bool fresh = true; /* nothing stands on this line yet */

    while (*(at += strspn(at, " "))) {
        size_t length = strcspn(at, " ");
        char *word = strndup(at, length);
        size_t columns = word ? text_columns(word) : 0;
        if (!fresh && column + 1 + columns > style->width) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
            fresh = true;
        }
        if (!fresh)
            putc(' ', out);
        column = put_word(out, style, column + !fresh, indent, word ? word : "", columns);
        fresh = false;
        free(word);
        at += length;
    }
    putc('\n', out);
    free(copy);
}
