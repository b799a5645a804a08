/* A comment for a change under review: it begins with a hidden mark by which its earlier version is found and replaced. */
#include <stdlib.h>
#include <string.h>

#include "reports/emit.h"
#include "reports/gate_view.h"
#include "reports/gate_writer.h"

/* GitHub takes comments of 65 536 characters; the rest is room for the lines around the rows. */
enum { COMMENT_BYTES = 57000, NOTES_BYTES = 2000, FINDINGS_MOST = 10 };

static const char mark[] = "<!-- pocketmark -->";

static void put_head(const struct gate *gate, FILE *out)
{
    for (int line = 0; line < 2; line++) {
        for (const struct gate_column *column = gate_columns; column->title; column++)
            if (gate_view_column_used(gate, column)) {
                if (line)
                    fputs(column->right ? "|---:" : "|---", out);
                else
                    fprintf(out, "| %s ", column->title);
            }
        fputs("|\n", out);
    }
}

static void put_row(const struct gate *gate, const struct gate_row *row, FILE *out)
{
    for (const struct gate_column *column = gate_columns; column->title; column++)
        if (gate_view_column_used(gate, column)) {
            char text[GATE_LINE_MAX];
            column->text(text, sizeof text, gate, row);
            fputs("| ", out);
            emit_markdown_text(out, text);
            putc(' ', out);
        }
    fputs("|\n", out);
}

/* Within code a back quote is the one sign that would end it. */
static void put_code(const char *text, FILE *out)
{
    fputs("`", out);
    for (; *text; text++)
        putc(*text == '`' || (unsigned char)*text < ' ' ? '?' : *text, out);
    fputs("`", out);
}

static void put_findings(const struct gate *gate, FILE *out)
{
    char text[GATE_LINE_MAX];
    size_t all = 0, shown = 0;

    for (size_t i = 0; i < gate->row_count; i++) {
        const struct gate_row *row = &gate->rows[i];
        if (!gate_view_stands_out(row) || all++ >= FINDINGS_MOST)
            continue;
        shown++;
        fprintf(out, "- **%s**: ", verdict_name(row->verdict));
        gate_view_finding(text, sizeof text, gate, row);
        emit_markdown_text(out, text);
        gate_view_certainty(text, sizeof text, gate, row);
        if (*text && row->verdict != VERDICT_NOT_COMPARABLE) {
            fputs("; ", out);
            emit_markdown_text(out, text);
        }
        putc('\n', out);
        gate_row_repeat(text, sizeof text, gate, row);
        if (*text) {
            fputs("  again: ", out);
            put_code(text, out);
            putc('\n', out);
        }
    }
    if (all > shown)
        fprintf(out, "- … and %zu more\n", all - shown);
    if (all)
        putc('\n', out);
}

static bool has_room(FILE *out, size_t most)
{
    long written = ftell(out);

    return written >= 0 && (size_t)written < most;
}

/* The rows that stand out, or the others. */
static void put_rows(const struct gate *gate, bool standing, size_t most, FILE *out)
{
    size_t left = 0;

    for (size_t i = 0; i < gate->row_count; i++) {
        if (gate_view_stands_out(&gate->rows[i]) != standing)
            continue;
        if (has_room(out, most))
            put_row(gate, &gate->rows[i], out);
        else
            left++;
    }
    if (left)
        fprintf(out, "\n… and %zu more rows, left out for length\n", left);
}

static void put_tables(const struct gate *gate, size_t most, FILE *out)
{
    size_t standing = 0;

    for (size_t i = 0; i < gate->row_count; i++)
        standing += gate_view_stands_out(&gate->rows[i]);
    if (standing) {
        put_head(gate, out);
        put_rows(gate, true, most, out);
    }
    if (standing < gate->row_count) {
        fprintf(out,
                "\n<details><summary>%zu figures of no concern: %zu equivalent, %zu improved, %zu "
                "inconclusive</summary>\n\n",
                gate->row_count - standing, gate->verdicts[VERDICT_EQUIVALENT], gate->verdicts[VERDICT_IMPROVED],
                gate->verdicts[VERDICT_INCONCLUSIVE] - gate->open_count);
        put_head(gate, out);
        put_rows(gate, false, most, out);
        fputs("\n</details>\n", out);
    }
}

static void put_notes(const struct gate *gate, size_t most, FILE *out)
{
    char text[GATE_LINE_MAX];

    for (size_t i = 0; gate_view_note(text, sizeof text, gate, i); i++) {
        if (!has_room(out, most)) {
            fputs("- … and more\n", out);
            return;
        }
        fputs("- ", out);
        emit_markdown_text(out, text);
        putc('\n', out);
    }
}

void gate_markdown(const struct gate *gate, size_t most, FILE *out)
{
    char text[GATE_LINE_MAX];

    gate_view_headline(text, sizeof text, gate);
    fprintf(out, "%s\n### pocketmark: ", mark);
    emit_markdown_text(out, text);
    fputs("\n\n", out);
    put_findings(gate, out);
    put_tables(gate, most, out);
    putc('\n', out);
    put_notes(gate, most + NOTES_BYTES, out);
    gate_view_method(text, sizeof text, gate);
    fputs("\n<sub>", out);
    emit_markdown_text(out, text);
    fputs("</sub>\n", out);
}

static enum status markdown_write(const struct gate *gate, const struct writer_style *style, FILE *out,
                                  struct error *error)
{
    (void)style;
    (void)error;
    gate_markdown(gate, COMMENT_BYTES, out);
    return STATUS_OK;
}

const struct gate_writer gate_write_markdown = {
    "markdown", ".md", "a comment for a change under review, which replaces its earlier version", markdown_write};
