#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/table.h"
#include "reports/text.h"
#include "reports/view.h"
#include "reports/writer.h"

enum { LABEL_COLUMNS = 26, COLUMNS_MAX = 32 };

static const struct writer_style default_style = {.colour = false, .utf8 = true, .width = 100};

typedef bool line_source(const struct record *record, size_t index, struct view_line *line);

static void print_heading(FILE *out, const struct writer_style *style, const char *title, const char *more)
{
    putc('\n', out);
    table_paint(out, style, PAINT_BOLD);
    fputs(title, out);
    table_paint(out, style, PAINT_NONE);
    if (*more) {
        fputs("  ", out);
        table_wrap(out, style, strlen(title) + 2, strlen(title) + 2, more);
    } else {
        putc('\n', out);
    }
}

static void print_line(FILE *out, const struct writer_style *style, enum table_paint paint, size_t label_columns,
                       const struct view_line *line)
{
    char *label = text_copy(line->label, style->utf8 ? TEXT_LINE : TEXT_ASCII);
    size_t columns = label ? text_columns(label) : 0;

    fputs("  ", out);
    table_paint(out, style, paint);
    fputs(label ? label : "", out);
    table_paint(out, style, PAINT_NONE);
    for (; columns < label_columns; columns++)
        putc(' ', out);
    fputs("  ", out);
    table_wrap(out, style, columns + 4, label_columns + 4, line->text);
    free(label);
}

/* Lines of one source under a heading; no heading without lines. */
static void print_lines(FILE *out, const struct writer_style *style, const char *title, enum table_paint paint,
                        const struct record *record, line_source *source)
{
    struct view_line line;
    size_t columns = 0;

    for (size_t i = 0; source(record, i, &line); i++) {
        size_t own = text_columns(line.label);
        columns = own > columns ? own : columns;
    }
    columns = columns < LABEL_COLUMNS ? columns : LABEL_COLUMNS;
    for (size_t i = 0; source(record, i, &line); i++) {
        if (i == 0 && *title)
            print_heading(out, style, title, "");
        print_line(out, style, paint, columns, &line);
    }
}

static bool print_table(FILE *out, const struct writer_style *style, const struct view_table *view,
                        const struct record *record)
{
    struct table_column columns[COLUMNS_MAX];
    const struct view_column *sources[COLUMNS_MAX];
    char text[VIEW_TEXT_MAX];
    size_t count = 0;
    struct table table;
    bool good;

    for (size_t i = 0; i < view->column_count && count < COLUMNS_MAX; i++) {
        const struct view_column *column = &view->columns[i];
        if (view_column_common(view, column, record, text))
            continue;
        columns[count] = (struct table_column){column->title, column->subtitle, column->right, column->share != NULL,
                                               column->expendable};
        sources[count++] = column;
    }
    table_open(&table, columns, count, style);
    for (size_t i = 0; i < record->cell_count; i++)
        for (size_t k = 0; k < count && view->shows(&record->cells[i]); k++) {
            sources[k]->text(text, sizeof text, &record->cells[i]);
            table_add(&table, text, sources[k]->share ? sources[k]->share(&record->cells[i]) : NAN);
        }
    view_common(text, sizeof text, view, record);
    print_heading(out, style, view->title, text);
    good = table_print(&table, out);
    table_close(&table);
    table_paint(out, style, PAINT_DIM);
    fputs("  ", out);
    table_wrap(out, style, 2, 2, view->legend);
    table_paint(out, style, PAINT_NONE);
    return good;
}

static enum status text_write(const struct record *record, const struct writer_style *wanted, FILE *out,
                              struct error *error)
{
    const struct writer_style *style = wanted ? wanted : &default_style;
    struct view_line noise = {.label = "noise"};
    char title[VIEW_TEXT_MAX];

    view_title(title, sizeof title, record);
    table_paint(out, style, PAINT_BOLD);
    table_wrap(out, style, 0, 2, title);
    table_paint(out, style, PAINT_NONE);
    print_lines(out, style, "", PAINT_DIM, record, view_device_line);
    print_lines(out, style, "", PAINT_DIM, record, view_environment_line);
    print_lines(out, style, "Roofs", PAINT_NONE, record, view_roof_line);
    for (const struct view_table *view = view_tables; view->title; view++)
        if (view_table_used(view, record) && !print_table(out, style, view, record))
            return error_set(error, STATUS_MEMORY, "no memory to print the tables");
    print_lines(out, style, "Sustained", PAINT_NONE, record, view_sustained_line);
    print_lines(out, style, "Verified", PAINT_NONE, record, view_verified_line);
    print_lines(out, style, "Left out", PAINT_WARN, record, view_left_out_line);
    view_noise(noise.text, sizeof noise.text, record);
    if (*noise.text) {
        print_heading(out, style, "Notes", "");
        print_line(out, style, PAINT_DIM, 7, &noise);
    }
    print_lines(out, style, *noise.text ? "" : "Notes", PAINT_DIM, record, view_note_line);
    return STATUS_OK;
}

const struct writer write_text = {"text", ".txt", "tables for people", text_write};
