/* What every form of a comparison says, whatever the format: columns, sentences. Writers only lay it out. */
#ifndef POCKETMARK_REPORTS_COMPARE_VIEW_H
#define POCKETMARK_REPORTS_COMPARE_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/compare.h"

enum { COMPARE_LINE_MAX = 1536 };

/* "decode", "time to first token": the field's name without its unit, or with it where another field has the same name. */
void compare_view_field(char *out, size_t size, enum field field);

/* "48.1 tok/s ±0.8 %": a figure with its interval, the larger half, relative; "–" where there is no value. */
void compare_view_figure(char *out, size_t size, const struct figure *figure, enum field field);

/* "0.951 [0.944 0.958]", "–" unknown. */
void compare_view_ratio(char *out, size_t size, const struct interval *ratio);

/* "0.0012", "< 0.0001", "–". */
void compare_view_p(char *out, size_t size, double p);

struct compare_column {
    const char *title, *subtitle;
    bool right;     /* numbers */
    bool drawn;     /* with characters that must all be of one width; compare_view_scale is its title */
    int expendable; /* the largest is left out first where room is short; 0: never */
    void (*text)(char *out, size_t size, const struct comparison *comparison, const struct comparison_row *row);
};

extern const struct compare_column compare_columns[]; /* ends with a title of NULL */

/* False where every row would say the same: the candidate, where there is one alone, and the case, which the summary then tells. */
bool compare_view_column_used(const struct comparison *comparison, const struct compare_column *column);

/* The ratio's interval around 1, on one scale for all rows: "        ──●─┼──       "; and what that scale spans:
 * "0.833       1        1.2". */
void compare_view_drawing(char *out, size_t size, const struct comparison *comparison,
                          const struct comparison_row *row);
void compare_view_scale(char *out, size_t size, const struct comparison *comparison);

/* "new.json against old.json: the build differs: commit 0123abcd, then commit 4567cdef". Index 0, 1, … until false. */
bool compare_view_pair(char *out, size_t size, const struct comparison *comparison, size_t index);

/* "1 regressed, 2 inconclusive, 5 equivalent", after the case if there is one alone. */
void compare_view_summary(char *out, size_t size, const struct comparison *comparison);

/* Why rows are inconclusive or not comparable, one line per reason with all it applies to. *cursor begins at 0; false: no more. */
bool compare_view_reason(char *out, size_t size, const struct comparison *comparison, size_t *cursor);

/* What columns and verdicts mean. */
void compare_view_method(char *out, size_t size, const struct comparison *comparison);

#endif
