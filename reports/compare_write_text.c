/* For a terminal: what differs, the table, why some rows say nothing, notes. */
#include <math.h>

#include "reports/compare_view.h"
#include "reports/compare_writer.h"
#include "reports/table.h"

enum { COLUMNS_MOST = 16, INDENT = 2 };

static void say(FILE *out, const struct writer_style *style, enum table_paint paint, const char *text)
{
    table_paint(out, style, paint);
    fprintf(out, "%*s", INDENT, "");
    table_wrap(out, style, INDENT, 2 * INDENT, text);
    table_paint(out, style, PAINT_NONE);
}

static void heading(FILE *out, const struct writer_style *style, const char *text)
{
    putc('\n', out);
    table_paint(out, style, PAINT_BOLD);
    fputs(text, out);
    table_paint(out, style, PAINT_NONE);
    putc('\n', out);
}

static bool write_table(const struct comparison *comparison, const struct writer_style *style, FILE *out)
{
    struct table_column columns[COLUMNS_MOST];
    const struct compare_column *used[COLUMNS_MOST];
    char text[COMPARE_LINE_MAX], scale[96];
    struct table table;
    size_t count = 0;
    bool good;

    compare_view_scale(scale, sizeof scale, comparison);
    for (const struct compare_column *column = compare_columns; column->title && count < COLUMNS_MOST; column++)
        if (compare_view_column_used(comparison, column)) {
            used[count] = column;
            columns[count++] = (struct table_column){column->drawn ? scale : column->title, column->subtitle,
                                                     column->right, .expendable = column->expendable};
        }
    table_open(&table, columns, count, style);
    for (size_t i = 0; i < comparison->row_count; i++)
        for (size_t k = 0; k < count; k++) {
            used[k]->text(text, sizeof text, comparison, &comparison->rows[i]);
            table_add(&table, text, NAN);
        }
    putc('\n', out);
    good = table_print(&table, out);
    table_close(&table);
    return good;
}

static enum status text_write(const struct comparison *comparison, const struct writer_style *style, FILE *out,
                              struct error *error)
{
    char text[COMPARE_LINE_MAX];
    size_t cursor = 0;

    for (size_t i = 0; compare_view_pair(text, sizeof text, comparison, i); i++) {
        table_paint(out, style, PAINT_BOLD);
        table_wrap(out, style, 0, INDENT, text);
        table_paint(out, style, PAINT_NONE);
    }
    if (comparison->row_count && !write_table(comparison, style, out))
        return error_set(error, STATUS_MEMORY, "no memory for the table");
    compare_view_summary(text, sizeof text, comparison);
    putc('\n', out);
    say(out, style, comparison->verdicts[VERDICT_REGRESSED] ? PAINT_WARN : PAINT_BOLD, text);
    for (bool first = true; compare_view_reason(text, sizeof text, comparison, &cursor); first = false) {
        if (first)
            heading(out, style, "Reasons");
        say(out, style, PAINT_NONE, text);
    }
    heading(out, style, "Notes");
    for (size_t i = 0; i < comparison->note_count; i++)
        say(out, style, PAINT_NONE, comparison->notes[i]);
    compare_view_method(text, sizeof text, comparison);
    say(out, style, PAINT_DIM, text);
    return STATUS_OK;
}

const struct compare_writer compare_write_text = {"text", ".txt", "a table for people", text_write};
