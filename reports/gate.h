/* The gate: is a candidate worse than any of its baselines? Comparisons with verdicts, and what decides for all of them. */
#ifndef POCKETMARK_REPORTS_GATE_H
#define POCKETMARK_REPORTS_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"
#include "reports/compare.h"

/* Of all rows and baselines together. */
enum gate_outcome {
    GATE_PASSED,         /* no row is worse, and none is open */
    GATE_REGRESSED,      /* a row is: one is enough, whatever the others say */
    GATE_NOT_COMPARABLE, /* a baseline or a row could not be judged */
    GATE_INCONCLUSIVE,   /* a row is open */
};

const char *gate_outcome_name(enum gate_outcome outcome);

struct gate_source {
    const struct record *record;
    const char *name; /* of its file, for texts */
};

struct gate_options {
    struct compare_options compare;
    /* Writes the command that measures a cell of this record again; NULL: none is shown. */
    void (*repeat)(char *out, size_t size, const struct record *record, const struct cell *cell);
};

enum { GATE_BASELINES_MAX = 16, GATE_TEXT_MAX = 480 };

/* A baseline and what the comparison with it said. */
struct gate_baseline {
    struct gate_source source;
    struct comparison first, second; /* second: of fresh launches, empty where there were none */
    bool same_build;                 /* the candidate's program, byte by byte: nothing can have changed */
    char refusal[GATE_TEXT_MAX];     /* why nothing of it can be compared; "" else */
};

/* How a regression was looked at again. */
enum gate_second { SECOND_NONE, SECOND_CONFIRMS, SECOND_CONTRADICTS };

/* One cell and field against one baseline. */
struct gate_row {
    size_t baseline, order;             /* index of the baseline; place among equals */
    const struct cell *cell;            /* the baseline's */
    const struct comparison_row *first; /* NULL: the candidate has no such cell, see reason */
    /* `first`, or that of the second sample, which then decides alone; NULL as above. */
    const struct comparison_row *decisive;
    enum gate_second second;
    enum verdict verdict; /* the decisive one */
    /* Inconclusive in a way that matters to the gate: a loss of the threshold or more was seen but is not sure, one of twice the
     * threshold cannot be ruled out, or noise forbids to say. */
    bool open;
    const char *reason; /* why not comparable or inconclusive; "" else. Static, or in a comparison of the gate */
};

struct gate {
    const struct gate_options *options;
    struct gate_source candidate;
    struct gate_baseline baselines[GATE_BASELINES_MAX];
    size_t baseline_count;
    struct gate_row *rows; /* owned; worst first */
    size_t row_count;
    size_t verdicts[VERDICT_COUNT]; /* rows of each */
    size_t open_count;
    enum gate_outcome outcome;
};

/* Judges the candidate against each baseline on its own. A baseline of another device, model, format, … or that cannot be compared
 * at all is refused, with the reason, unless options->compare.allow_mixed. Options and records must outlive the gate.
 * STATUS_MISUSE: too many baselines; STATUS_MEMORY. gate_close() in every case. */
enum status gate_judge(struct gate *gate, const struct gate_options *options, const struct gate_source *baselines,
                       size_t count, const struct gate_source *candidate, struct error *error);

/* The command that measures the row's cell again, "" where there is none to show: it is for regressed rows alone. */
void gate_row_repeat(char *out, size_t size, const struct gate *gate, const struct gate_row *row);

/* Has this row to be measured again before it counts? */
bool gate_row_suspect(const struct gate_row *row);

/* Decides all suspect rows anew on fresh launches alone. bases: the record to set them against, one for each baseline: its own
 * where it was not measured again. Records must outlive the gate. STATUS_UNLIKE where a second sample cannot be compared,
 * STATUS_MEMORY. */
enum status gate_confirm(struct gate *gate, const struct record *const *bases, const struct record *candidate,
                         struct error *error);

void gate_close(struct gate *gate);

#endif
