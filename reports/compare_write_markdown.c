#include "reports/compare_view.h"
#include "reports/compare_writer.h"
#include "reports/emit.h"

static void put_item(FILE *out, const char *text)
{
    fputs("- ", out);
    emit_markdown_text(out, text);
    putc('\n', out);
}

/* Text there is not all of one width. */
static bool column_shown(const struct comparison *comparison, const struct compare_column *column)
{
    return !column->drawn && compare_view_column_used(comparison, column);
}

static void put_head(const struct comparison *comparison, FILE *out)
{
    for (int line = 0; line < 2; line++) {
        for (const struct compare_column *column = compare_columns; column->title; column++) {
            if (!column_shown(comparison, column))
                continue;
            if (line)
                fputs(column->right ? "|---:" : "|---", out);
            else
                fprintf(out, "| %s%s%s ", column->title, *column->subtitle ? " " : "", column->subtitle);
        }
        fputs("|\n", out);
    }
}

static void put_row(const struct comparison *comparison, const struct comparison_row *row, FILE *out)
{
    char text[COMPARE_LINE_MAX];

    for (const struct compare_column *column = compare_columns; column->title; column++) {
        if (!column_shown(comparison, column))
            continue;
        column->text(text, sizeof text, comparison, row);
        fputs("| ", out);
        emit_markdown_text(out, text);
        putc(' ', out);
    }
    fputs("|\n", out);
}

static enum status markdown_write(const struct comparison *comparison, const struct writer_style *style, FILE *out,
                                  struct error *error)
{
    char text[COMPARE_LINE_MAX];
    size_t cursor = 0;

    (void)style;
    (void)error;
    compare_view_summary(text, sizeof text, comparison);
    fputs("# Comparison: ", out);
    emit_markdown_text(out, text);
    fputs("\n\n", out);
    for (size_t i = 0; compare_view_pair(text, sizeof text, comparison, i); i++)
        put_item(out, text);
    putc('\n', out);
    if (comparison->row_count)
        put_head(comparison, out);
    for (size_t i = 0; i < comparison->row_count; i++)
        put_row(comparison, &comparison->rows[i], out);
    fputs("\n## Notes\n\n", out);
    while (compare_view_reason(text, sizeof text, comparison, &cursor))
        put_item(out, text);
    for (size_t i = 0; i < comparison->note_count; i++)
        put_item(out, comparison->notes[i]);
    compare_view_method(text, sizeof text, comparison);
    put_item(out, text);
    return STATUS_OK;
}

const struct compare_writer compare_write_markdown = {"markdown", ".md", "the same table in Markdown", markdown_write};
