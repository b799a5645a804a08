#include "runner/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "reports/flags.h"
#include "runner/derive.h"
#include "runner/gates.h"
#include "runner/roofs.h"
#include "runner/room.h"
#include "runner/rounds.h"
#include "runner/spell.h"
#include "runner/verdict.h"

/* Skips what the plan or the memory rules out, before a process is started for it. */
static void skip_cases(struct loop *loop)
{
    const struct measure *measure = loop->measure;
    struct memory_usage usage = {0};
    struct error ignored = {0};

    memory_usage_read(&usage, &ignored);
    for (size_t i = 0; i < loop->trial_count; i++) {
        struct trial *trial = &loop->trials[i];
        const struct plan_case *item = loop_item(loop, trial);
        const struct engine_options options = plan_engine_options(item, measure->isa);
        struct error error = {0};
        struct room room;

        if (*item->skip) {
            loop_end(loop, trial, CELL_SKIPPED, STOP_ERROR, "%s", item->skip);
            continue;
        }
        if (item->kind == CASE_MATMUL)
            continue;
        room = room_predict(item->engine, &item->subject->model, &options, measure->host, usage.anonymous_bytes);
        if (room_check(&room, measure->memory, &error) == STATUS_OK)
            continue;
        room_suggest(item->engine, &item->subject->model, &options, measure->host, measure->memory,
                     usage.anonymous_bytes, item->subject->file, &error);
        loop_end(loop, trial, CELL_SKIPPED, STOP_ERROR, "%s", error.text);
    }
}

/* Before the cases with a large footprint too, after them once more: of both passes the better figures count. They are the
 * machine's, so every contender's record gets them. */
static enum status measure_roofs(struct loop *loop, bool opening, struct error *error)
{
    const struct measure *measure = loop->measure;
    struct child_command command;
    struct outcome outcome;
    struct error failure;
    enum status status = outcome_open(&outcome, error);

    if (status)
        return status;
    progress_step(measure->progress, opening ? "roofs: what this machine can do at best" : "roofs once more",
                  loop_left_seconds(loop));
    spell_roof(&command, measure->contenders[0].program, measure->plan, opening);
    loop_run_child(loop, &command, 60 + 100 * measure->plan->roof_seconds * 60, &outcome, &failure);
    for (size_t i = 0; i < measure->contender_count; i++) {
        struct facts *environment = &measure->contenders[i].record->environment;
        if (!failure.status)
            roofs_join(environment, &outcome.facts);
        else if (opening)
            facts_null(environment, "roofs", NULL, failure.text);
    }
    if (failure.status && !loop_stopped(loop))
        progress_say(measure->progress, "no roofs: %s", failure.text);
    outcome_close(&outcome);
    return STATUS_OK;
}

/* Rates and shares of the roofs, once the roofs are known for good. */
static void derive_cases(struct loop *loop)
{
    for (size_t i = 0; i < loop->trial_count; i++) {
        const struct plan_case *item = loop_item(loop, &loop->trials[i]);
        const struct facts *environment = &loop_record(loop, &loop->trials[i])->environment;
        struct cell *cell = loop_cell(loop, &loop->trials[i]);
        const struct fact *isa = facts_find(&cell->engine, "options.isa");
        const char *isa_word = isa && isa->type == FACT_TEXT ? isa->text : "";
        for (size_t r = 0; r < cell->repetition_count; r++)
            derive_values(item, environment, isa_word, &cell->repetitions[r]);
        if (cell->repetition_count)
            derive_explain(item, environment, isa_word, cell);
    }
}

static void lay_out_trials(struct loop *loop)
{
    const struct plan *plan = loop->measure->plan;

    for (size_t contender = 0; contender < loop->measure->contender_count; contender++)
        for (size_t item = 0; item < plan->case_count; item++)
            loop->trials[loop->trial_count++] = (struct trial){
                .contender = contender,
                .item = item,
                .active = true,
                .last_seconds = plan->cases[item].kind == CASE_SUSTAINED ? plan->cases[item].work_seconds : NAN};
}

/* Did the time end a case before it had all its launches, or before it had the six that an interval takes, where their number was
 * left open? */
static bool cut_short(const struct loop *loop)
{
    for (size_t i = 0; i < loop->trial_count; i++) {
        const struct trial *trial = &loop->trials[i];
        const struct stopping_rule *rule = &loop_item(loop, trial)->rule;
        if (loop_cell(loop, trial)->stop_reason == STOP_TIME_BUDGET &&
            trial->launches < (rule->least < rule->most ? STOPPING_LAUNCHES_LEAST : rule->most))
            return true;
    }
    return false;
}

/* Figures that a test disturbed must not be taken for the machine's. */
static void mark_tests(struct record *record)
{
    for (size_t i = 0; i < record->cell_count; i++)
        if (facts_find(&record->cells[i].engine, "options.test_slowdown_ratio"))
            record->origin = ORIGIN_EMULATED;
}

static void conclude(struct loop *loop)
{
    const struct error *failed = journal_failed(loop->measure->journal);

    derive_cases(loop);
    rounds_close(loop);
    for (size_t i = 0; i < loop->measure->contender_count; i++) {
        struct record *record = loop->measure->contenders[i].record;
        mark_tests(record);
        flags_set(record);
        verdict_conclude(record, loop_stopped(loop), cut_short(loop));
        if (failed)
            snprintf(record->status_reason, sizeof record->status_reason, "%.*s", (int)sizeof record->status_reason - 1,
                     failed->text);
    }
}

/* Launches, gates and roofs that there will be at least. */
static size_t count_steps(const struct loop *loop)
{
    size_t steps = 2 + gates_needed(loop); /* 2: the roofs, before and after */

    for (size_t i = 0; i < loop->trial_count; i++)
        if (loop->trials[i].active)
            steps += loop_item(loop, &loop->trials[i])->rule.least;
    return steps;
}

enum status measure_run(const struct measure *measure, struct error *error)
{
    size_t count = measure->plan->case_count * measure->contender_count;
    struct loop loop = {
        .measure = measure, .start_ns = journal_start_ns(measure->journal), .canary_bytes_per_second = NAN};
    bool any = false;
    enum status status = STATUS_OK;

    loop.gates = calloc(count + 1, sizeof *loop.gates);
    loop.trials = calloc(count + 1, sizeof *loop.trials);
    if (!loop.gates || !loop.trials) {
        status = error_set(error, STATUS_MEMORY, "out of memory for %zu cases", count);
        goto out;
    }
    lay_out_trials(&loop);
    gates_find(&loop);
    skip_cases(&loop);
    measure->progress->total = count_steps(&loop);
    for (size_t i = 0; i < count; i++)
        any |= loop.trials[i].active;
    if (any && !loop_stopped(&loop))
        status = measure_roofs(&loop, true, error);
    if (!status)
        status = gates_pass(&loop, error);
    if (!status && !loop_stopped(&loop))
        status = rounds_run(&loop, error);
    if (any && !status && !loop_stopped(&loop) && !loop.out_of_time)
        status = measure_roofs(&loop, false, error);
    conclude(&loop);
out:
    free(loop.gates);
    free(loop.trials);
    return status;
}
