#include <stdlib.h>

#include "reports/emit.h"
#include "reports/view.h"
#include "reports/writer.h"

typedef bool line_source(const struct record *record, size_t index, struct view_line *line);

static void markdown_lines(FILE *out, const char *title, const struct record *record, line_source *source)
{
    struct view_line line;

    for (size_t i = 0; source(record, i, &line); i++) {
        if (i == 0 && *title)
            fprintf(out, "\n## %s\n\n", title);
        fputs("- ", out);
        emit_markdown_text(out, line.label);
        fputs(": ", out);
        emit_markdown_text(out, line.text);
        putc('\n', out);
    }
}

static void markdown_head(FILE *out, const struct view_table *table, const bool *shown)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (shown[i])
            fprintf(out, "| %s%s%s ", table->columns[i].title, *table->columns[i].subtitle ? " " : "",
                    table->columns[i].subtitle);
    fputs("|\n", out);
    for (size_t i = 0; i < table->column_count; i++)
        if (shown[i])
            fputs(table->columns[i].right ? "|---:" : "|---", out);
    fputs("|\n", out);
}

static enum status markdown_table(FILE *out, const struct view_table *table, const struct record *record,
                                  struct error *error)
{
    bool *shown = calloc(table->column_count, sizeof *shown);
    char text[VIEW_TEXT_MAX];

    if (!shown)
        return error_set(error, STATUS_MEMORY, "no memory to write the tables");
    fprintf(out, "\n## %s\n\n", table->title);
    for (size_t i = 0; i < table->column_count; i++)
        shown[i] = !view_column_common(table, &table->columns[i], record, text);
    view_common(text, sizeof text, table, record);
    emit_markdown_text(out, text);
    fprintf(out, "%s%s\n\n", *text ? "; " : "", table->legend);
    markdown_head(out, table, shown);
    for (size_t i = 0; i < record->cell_count; i++) {
        if (!table->shows(&record->cells[i]))
            continue;
        for (size_t k = 0; k < table->column_count; k++)
            if (shown[k]) {
                table->columns[k].text(text, sizeof text, &record->cells[i]);
                fputs("| ", out);
                emit_markdown_text(out, text);
                putc(' ', out);
            }
        fputs("|\n", out);
    }
    free(shown);
    return STATUS_OK;
}

static enum status markdown_write(const struct record *record, const struct writer_style *style, FILE *out,
                                  struct error *error)
{
    struct view_line line;
    enum status status = STATUS_OK;

    (void)style;
    view_title(line.text, sizeof line.text, record);
    fputs("# ", out);
    emit_markdown_text(out, line.text);
    fputs("\n\n", out);
    markdown_lines(out, "", record, view_device_line);
    markdown_lines(out, "", record, view_environment_line);
    markdown_lines(out, "Roofs", record, view_roof_line);
    for (const struct view_table *table = view_tables; table->title && status == STATUS_OK; table++)
        if (view_table_used(table, record))
            status = markdown_table(out, table, record, error);
    markdown_lines(out, "Sustained", record, view_sustained_line);
    markdown_lines(out, "Verified", record, view_verified_line);
    markdown_lines(out, "Left out", record, view_left_out_line);
    view_noise(line.text, sizeof line.text, record);
    fputs("\n## Notes\n\n", out);
    if (*line.text) {
        fputs("- noise: ", out);
        emit_markdown_text(out, line.text);
        putc('\n', out);
    }
    markdown_lines(out, "", record, view_note_line);
    fprintf(out, "- result %s\n", record->result_id);
    return status;
}

const struct writer write_markdown = {"markdown", ".md", "the same tables in Markdown", markdown_write};
