#include "runner/loop.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

bool loop_stopped(const struct loop *loop)
{
    return *loop->measure->signal != 0 || journal_failed(loop->measure->journal);
}

uint64_t loop_now_ns(const struct loop *loop)
{
    return journal_now_ns(loop->measure->journal);
}

const struct plan_case *loop_item(const struct loop *loop, const struct trial *trial)
{
    return &loop->measure->plan->cases[trial->item];
}

struct record *loop_record(const struct loop *loop, const struct trial *trial)
{
    return loop->measure->contenders[trial->contender].record;
}

struct cell *loop_cell(const struct loop *loop, const struct trial *trial)
{
    return &loop_record(loop, trial)->cells[trial->item];
}

void loop_end(struct loop *loop, struct trial *trial, enum cell_status status, enum stop_reason stop,
              const char *format, ...)
{
    struct cell *cell = loop_cell(loop, trial);
    va_list arguments;

    trial->active = false;
    cell->status = status;
    cell->stop_reason = stop;
    va_start(arguments, format);
    vsnprintf(cell->reason, sizeof cell->reason, format, arguments);
    va_end(arguments);
}

struct listening {
    struct outcome *outcome;
    const struct loop *loop;
};

static void hear_line(void *context, char *line)
{
    struct listening *listening = context;

    journal_launch_tell(listening->loop->measure->journal, line);
    outcome_take(listening->outcome, line, listening->loop->start_ns);
}

static void hear_tick(void *context)
{
    struct listening *listening = context;

    progress_tick(listening->loop->measure->progress);
}

/* A launch of before, as the journal has it. */
static enum status replay(struct recalled *recalled, struct outcome *outcome, struct error *failure)
{
    for (size_t i = 0; i < recalled->count; i++)
        outcome_take(outcome, recalled->lines[i], recalled->start_ns);
    *failure = recalled->failure;
    return failure->status;
}

enum status loop_run_child(struct loop *loop, const struct child_command *command, double timeout_seconds,
                           struct outcome *outcome, struct error *failure)
{
    const struct measure *measure = loop->measure;
    struct listening listening = {outcome, loop};
    const struct child_hooks hooks = {hear_line, measure->progress->live ? hear_tick : NULL, &listening};
    struct child_end end = {0};
    struct recalled recalled;
    char ending[120];

    *failure = (struct error){0};
    if (journal_recall(measure->journal, command, &recalled))
        return replay(&recalled, outcome, failure);
    journal_launch_begin(measure->journal, command);
    if (!loop_stopped(loop) &&
        child_run(command, timeout_seconds, measure->signal, &hooks, &end, failure) == STATUS_OK) {
        if (outcome->error.status)
            *failure = outcome->error;
        else if (!outcome->done || end.signal || end.timed_out) {
            child_end_describe(&end, ending, sizeof ending);
            error_set(failure, STATUS_FAILED, "%s", ending);
        }
    }
    if (loop_stopped(loop))
        return error_set(failure, STATUS_INTERRUPTED, "interrupted");
    journal_launch_end(measure->journal, failure);
    return failure->status;
}

double loop_left_seconds(const struct loop *loop)
{
    double known = 0, sum = 0, left = 0;

    for (size_t i = 0; i < loop->trial_count; i++)
        if (!isnan(loop->trials[i].last_seconds)) {
            known++;
            sum += loop->trials[i].last_seconds;
        }
    if (known == 0)
        return NAN;
    for (size_t i = 0; i < loop->trial_count; i++) {
        const struct trial *trial = &loop->trials[i];
        size_t least = loop_item(loop, trial)->rule.least;
        if (trial->active)
            left += (double)(least > trial->launches ? least - trial->launches : 1) *
                    (isnan(trial->last_seconds) ? sum / known : trial->last_seconds);
    }
    return left;
}
