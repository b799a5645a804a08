/* For a terminal: findings, the table, notes. */
#include <math.h>
#include <string.h>

#include "reports/gate_view.h"
#include "reports/gate_writer.h"
#include "reports/table.h"
#include "reports/text.h"

enum { COLUMNS_MOST = 16, INDENT = 2, FINDINGS_MOST = 20 };

static void say(FILE *out, const struct writer_style *style, enum table_paint paint, const char *text)
{
    table_paint(out, style, paint);
    fprintf(out, "%*s", INDENT, "");
    table_wrap(out, style, INDENT, 2 * INDENT, text);
    table_paint(out, style, PAINT_NONE);
}

static void write_findings(const struct gate *gate, const struct writer_style *style, FILE *out)
{
    char text[GATE_LINE_MAX], line[GATE_LINE_MAX + 32];
    size_t shown = 0;

    for (size_t i = 0; i < gate->row_count && shown < FINDINGS_MOST; i++) {
        const struct gate_row *row = &gate->rows[i];
        if (!gate_view_stands_out(row))
            continue;
        gate_view_finding(text, sizeof text, gate, row);
        snprintf(line, sizeof line, "%s: %s", verdict_name(row->verdict), text);
        say(out, style, row->verdict == VERDICT_REGRESSED ? PAINT_BOLD : PAINT_NONE, line);
        gate_view_certainty(text, sizeof text, gate, row);
        if (*text && row->verdict != VERDICT_NOT_COMPARABLE)
            say(out, style, PAINT_DIM, text);
        gate_row_repeat(text, sizeof text, gate, row);
        if (*text) /* on one line, so that it can be copied */
            fprintf(out, "%*sagain: %s\n", INDENT, "", text);
        shown++;
    }
    if (shown)
        putc('\n', out);
}

static enum status write_table(const struct gate *gate, const struct writer_style *style, FILE *out,
                               struct error *error)
{
    struct table_column columns[COLUMNS_MOST];
    const struct gate_column *used[COLUMNS_MOST];
    struct table table;
    size_t count = 0;
    bool good;

    for (const struct gate_column *column = gate_columns; column->title && count < COLUMNS_MOST; column++)
        if (gate_view_column_used(gate, column)) {
            used[count] = column;
            columns[count++] =
                (struct table_column){column->title, "", column->right, .expendable = column->expendable};
        }
    table_open(&table, columns, count, style);
    for (size_t i = 0; i < gate->row_count; i++)
        for (size_t k = 0; k < count; k++) {
            char text[GATE_LINE_MAX];
            used[k]->text(text, sizeof text, gate, &gate->rows[i]);
            table_add(&table, text, NAN);
        }
    good = table_print(&table, out);
    table_close(&table);
    return good ? STATUS_OK : error_set(error, STATUS_MEMORY, "no memory for the table");
}

static enum status text_write(const struct gate *gate, const struct writer_style *style, FILE *out, struct error *error)
{
    char text[GATE_LINE_MAX];
    enum status status = STATUS_OK;

    gate_view_headline(text, sizeof text, gate);
    table_paint(out, style, gate->outcome == GATE_PASSED ? PAINT_BOLD : PAINT_WARN);
    table_wrap(out, style, 0, INDENT, text);
    table_paint(out, style, PAINT_NONE);
    putc('\n', out);
    write_findings(gate, style, out);
    if (gate->row_count)
        status = write_table(gate, style, out, error);
    fputs("\nNotes\n", out);
    for (size_t i = 0; gate_view_note(text, sizeof text, gate, i); i++)
        say(out, style, PAINT_NONE, text);
    gate_view_method(text, sizeof text, gate);
    say(out, style, PAINT_DIM, text);
    return status;
}

const struct gate_writer gate_write_text = {"text", ".txt", "findings and a table for a terminal", text_write};
