/* What every form of a gate's verdict says, whatever the format: sentences and columns. Writers only lay it out. */
#ifndef POCKETMARK_REPORTS_GATE_VIEW_H
#define POCKETMARK_REPORTS_GATE_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/gate.h"

enum { GATE_LINE_MAX = 1024 };

/* Rows that someone must read: what keeps the gate from being passed, and what a second sample contradicted. */
bool gate_view_stands_out(const struct gate_row *row);

/* "llama-3.2-1b q4_0: decode 4.9 % slower [4.1 to 5.6 %], 48.1 tok/s → 45.7 tok/s"; of a row without figures its reason. */
void gate_view_finding(char *out, size_t size, const struct gate *gate, const struct gate_row *row);

/* How sure that is: "p 0.0003 over 12 tests, 10 against 10 launches, confirmed by a second sample …". */
void gate_view_certainty(char *out, size_t size, const struct gate *gate, const struct gate_row *row);

/* "regressed: 1 of 12 figures is worse than a.json". */
void gate_view_headline(char *out, size_t size, const struct gate *gate);

/* What is to be known of the baselines and of the comparison, index 0, 1, … until false. */
bool gate_view_note(char *out, size_t size, const struct gate *gate, size_t index);

/* What the verdicts mean and how often they are wrong. */
void gate_view_method(char *out, size_t size, const struct gate *gate);

/* The table. */
struct gate_column {
    const char *title;
    bool right;     /* numbers */
    int expendable; /* the largest is left out first where room is short; 0: never */
    void (*text)(char *out, size_t size, const struct gate *gate, const struct gate_row *row);
};

extern const struct gate_column gate_columns[]; /* ends with a title of NULL */

/* False where every row would say the same: the baseline, where there is one alone. */
bool gate_view_column_used(const struct gate *gate, const struct gate_column *column);

#endif
