/* The state of a measuring run, for the parts of the loop: gates.c, rounds.c, commit.c. Others use measure.h. */
#ifndef POCKETMARK_RUNNER_LOOP_H
#define POCKETMARK_RUNNER_LOOP_H

#include "runner/child.h"
#include "runner/lines.h"
#include "runner/measure.h"

enum { LOOP_FAILURES_IN_A_ROW = 3 }; /* end a case */

/* One case of one contender: a cell of the contender's record. */
struct trial {
    size_t contender, item;              /* the case is plan->cases[item], the cell record->cells[item] */
    bool active;                         /* more launches are to come */
    size_t gate;                         /* of loop->gates; SIZE_MAX: none */
    size_t launches, succeeded, failing; /* begun in all; of these done; failed since one was done */
    double last_seconds;                 /* of the last launch, or what one is known to take; NaN: unknown */
};

struct gate;

struct loop {
    const struct measure *measure;
    struct trial *trials; /* contender by contender, in the order of the cases */
    size_t trial_count;
    struct gate *gates;
    size_t gate_count;
    uint64_t start_ns;
    double canary_bytes_per_second; /* the last one; NaN: there is none */
    uint64_t canary_ns;             /* when it ended */
    bool out_of_time;
};

/* A signal came, or the journal could not be written. */
bool loop_stopped(const struct loop *loop);

/* The time for all that the loop decides by time. */
uint64_t loop_now_ns(const struct loop *loop);

const struct plan_case *loop_item(const struct loop *loop, const struct trial *trial);
struct record *loop_record(const struct loop *loop, const struct trial *trial);
struct cell *loop_cell(const struct loop *loop, const struct trial *trial);

/* No more launches for this trial, and why. A case that failed or was skipped needs a reason. */
void loop_end(struct loop *loop, struct trial *trial, enum cell_status status, enum stop_reason stop,
              const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Runs a child and hears it, or has it from the journal. STATUS_OK where it told "done" and ended well; STATUS_INTERRUPTED where
 * the run was stopped before it ended; else what it told, or how it ended. */
enum status loop_run_child(struct loop *loop, const struct child_command *command, double timeout_seconds,
                           struct outcome *outcome, struct error *failure);

/* An estimate from launches like those to come; NaN before there are any. */
double loop_left_seconds(const struct loop *loop);

#endif
