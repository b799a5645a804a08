/* What every table of a run shows, whatever the format: columns, headings, notes. Writers only lay it out. */
#ifndef POCKETMARK_REPORTS_VIEW_H
#define POCKETMARK_REPORTS_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/record.h"

enum { VIEW_TEXT_MAX = 1536 };

struct view_column {
    const char *title, *subtitle; /* subtitle: unit or "" */
    bool right;                   /* numbers */
    bool common;                  /* shown as a column only where cells differ, else once above the table */
    int expendable;               /* the largest is left out first where room is short; 0: never */
    void (*text)(char *out, size_t size, const struct cell *cell);
    double (*share)(const struct cell *cell); /* for a bar, 0 to 1 or NaN; NULL: no bar */
};

struct view_table {
    const char *title, *legend;
    bool (*shows)(const struct cell *cell);
    const struct view_column *columns;
    size_t column_count;
};

extern const struct view_table view_tables[]; /* ends with a title of NULL */

/* Does any cell belong in this table? */
bool view_table_used(const struct view_table *table, const struct record *record);

/* True where the column is to be left out because all its cells say the same; `text` then holds that, maybe "". */
bool view_column_common(const struct view_table *table, const struct view_column *column, const struct record *record,
                        char text[VIEW_TEXT_MAX]);

/* A labelled line. */
struct view_line {
    char label[96], text[VIEW_TEXT_MAX];
};

/* Writers call these with index 0, 1, … until they return false. */
bool view_device_line(const struct record *record, size_t index, struct view_line *line);
bool view_machine_line(const struct record *record, size_t index,
                       struct view_line *line); /* all else that is known of it, unknown with the reason */
bool view_roof_line(const struct record *record, size_t index, struct view_line *line); /* labelled facts "roofs." */
bool view_environment_line(const struct record *record, size_t index,
                           struct view_line *line); /* other labelled facts */
bool view_verified_line(const struct record *record, size_t index,
                        struct view_line *line); /* error per model × format */
bool view_left_out_line(const struct record *record, size_t index,
                        struct view_line *line); /* skipped and failed cells */

/* Of each cell that was measured for minutes: its speed by minute as bars, and the verdict on heat. */
bool view_sustained_line(const struct record *record, size_t index, struct view_line *line);

/* Reasons of missing figures, each once; the text tells the figures. */
bool view_note_line(const struct record *record, size_t index, struct view_line *line);

/* "quick · 2026-11-22T15:04:05Z · complete" and what disturbed the run. */
void view_title(char *out, size_t size, const struct record *record);
void view_noise(char *out, size_t size, const struct record *record);

/* What all cells of a table share, and the launches their figures stand on: "engine cpu, threads 2; 6 launches". */
void view_common(char *out, size_t size, const struct view_table *table, const struct record *record);

bool view_is_matmul(const struct cell *cell);

/* The value of a fact for people, with its unit; the first of the paths (NULL-terminated) that has one. "" for none. */
void view_fact(char *out, size_t size, const struct facts *facts, const char *const *paths);

/* "48.1 ±0.4", no unit: three significant digits, or as many as the interval allows; "–" where there is no value. */
void view_figure(char *out, size_t size, const struct figure *figure);

#endif
