#include "runner/rounds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/clock.h"
#include "runner/commit.h"
#include "runner/gates.h"
#include "runner/spell.h"

#define CANARY_AGE_SECONDS 3.0 /* a canary serves all launches that begin so soon after it */
#define CANARY_TIMEOUT     60.0

/* What decides how long a case goes on: one of these, or several. */
static const enum field headline[] = {FIELD_prefill_tokens_per_second, FIELD_decode_tokens_per_second,
                                      FIELD_matmul_macs_per_second};
enum { HEADLINE = sizeof headline / sizeof *headline };

/* Probes the machine, unless it was probed a moment ago; in a run that goes on, where it was probed then. */
static enum status keep_canary(struct loop *loop, struct error *error)
{
    const struct measure *measure = loop->measure;
    const char *next = journal_next_kind(measure->journal);
    struct child_command command;
    struct outcome outcome;
    struct error failure;
    enum status status;

    if (next ? strcmp(next, "canary") != 0
             : loop->canary_ns && clock_seconds(loop->canary_ns, loop_now_ns(loop)) < CANARY_AGE_SECONDS)
        return STATUS_OK;
    status = outcome_open(&outcome, error);
    if (status)
        return status;
    spell_canary(&command, measure->contenders[0].program, measure->plan);
    loop_run_child(loop, &command, CANARY_TIMEOUT, &outcome, &failure);
    loop->canary_bytes_per_second = outcome.whole[FIELD_canary_read_bytes_per_second];
    loop->canary_ns = loop_now_ns(loop);
    outcome_close(&outcome);
    return STATUS_OK;
}

/* Once more after the last launch. */
static enum status close_canary(struct loop *loop, struct error *error)
{
    enum status status;

    loop->canary_ns = 0;
    status = keep_canary(loop, error);
    for (size_t i = 0; i < loop->measure->contender_count && isfinite(loop->canary_bytes_per_second); i++)
        facts_number(&loop->measure->contenders[i].record->environment, "canary.last_bytes_per_second", NULL,
                     loop->canary_bytes_per_second);
    return status;
}

/* Ends a trial whose launches are over, by what share of them succeeded. */
static void conclude(struct loop *loop, struct trial *trial, enum stop_reason stop)
{
    size_t failed = commit_failures(loop_cell(loop, trial));
    char path[64], reason[300] = "";
    const struct fact *fact;

    if (2 * trial->succeeded >= trial->launches) {
        loop_end(loop, trial, CELL_OK, stop, "%s", "");
        return;
    }
    snprintf(path, sizeof path, "launches.failures[%zu].reason", failed ? failed - 1 : 0);
    fact = facts_find(&loop_cell(loop, trial)->observations, path);
    if (fact && fact->type == FACT_TEXT)
        snprintf(reason, sizeof reason, "; the last one %s", fact->text);
    loop_end(loop, trial, CELL_FAILED, STOP_ERROR, "only %zu of %zu launches succeeded%s", trial->succeeded,
             trial->launches, reason);
}

/* What another try would not change. */
static bool is_final(const struct outcome *outcome)
{
    enum status told = outcome->error.status;

    return told == STATUS_MISUSE || told == STATUS_FORMAT || told == STATUS_UNSUPPORTED || told == STATUS_MISMATCH;
}

static void settle_failure(struct loop *loop, struct trial *trial, const struct outcome *outcome,
                           const struct error *failure)
{
    commit_failure(loop_cell(loop, trial), (unsigned)trial->launches - 1, failure->text);
    progress_say(loop->measure->progress, "%s, launch %zu: %s", loop_item(loop, trial)->title, trial->launches,
                 failure->text);
    if (is_final(outcome) || ++trial->failing == LOOP_FAILURES_IN_A_ROW)
        loop_end(loop, trial, CELL_FAILED, STOP_ERROR, "launch %zu: %s", trial->launches, failure->text);
}

void rounds_settle(struct loop *loop, struct trial *trial, struct outcome *outcome, const struct error *failure)
{
    struct cell *cell = loop_cell(loop, trial);

    trial->launches++;
    if (failure->status) {
        settle_failure(loop, trial, outcome, failure);
        return;
    }
    if (*outcome->skip && !trial->succeeded) {
        loop_end(loop, trial, CELL_SKIPPED, STOP_ERROR, "%s", outcome->skip);
        return;
    }
    if (*outcome->skip) {
        loop_end(loop, trial, CELL_OK, STOP_ERROR, "%s", "");
        return;
    }
    trial->failing = 0;
    trial->succeeded++;
    if (trial->gate != SIZE_MAX)
        outcome->whole[FIELD_nmse_ratio] = loop->gates[trial->gate].nmse;
    commit_launch(cell, (unsigned)trial->launches - 1, outcome);
}

static void tell_step(struct loop *loop, const struct trial *trial)
{
    const struct plan_case *item = loop_item(loop, trial);
    const char *label = loop->measure->contenders[trial->contender].label;
    bool beyond = trial->launches >= item->rule.least;
    char what[CELL_ID_MAX + 80], most[32] = "";

    if (!beyond && item->rule.most > item->rule.least)
        snprintf(most, sizeof most, " to %zu", item->rule.most);
    snprintf(what, sizeof what, "%s%s%s, launch %zu of %s%zu%s", item->title, *label ? ", " : "", label,
             trial->launches + 1, beyond ? "at most " : "", beyond ? item->rule.most : item->rule.least, most);
    loop->measure->progress->total += beyond;
    progress_step(loop->measure->progress, what, loop_left_seconds(loop));
}

static enum status launch_trial(struct loop *loop, struct trial *trial, struct error *error)
{
    const struct measure *measure = loop->measure;
    const struct contender *contender = &measure->contenders[trial->contender];
    const struct plan_case *item = loop_item(loop, trial);
    struct child_command command;
    struct outcome outcome;
    struct error failure;
    uint64_t start_ns;
    enum status status = keep_canary(loop, error);

    if (!status)
        status = outcome_open(&outcome, error);
    if (status)
        return status;
    tell_step(loop, trial);
    if (contender->llama_bench)
        spell_llama_bench(&command, contender->program, contender->llama_bench, item);
    else
        spell_launch(&command, contender->program, measure->plan, item, trial->launches);
    start_ns = loop_now_ns(loop);
    loop_run_child(loop, &command, spell_timeout_seconds(item), &outcome, &failure);
    trial->last_seconds = clock_seconds(start_ns, loop_now_ns(loop));
    outcome.whole[FIELD_canary_read_bytes_per_second] = loop->canary_bytes_per_second;
    if (failure.status != STATUS_INTERRUPTED)
        rounds_settle(loop, trial, &outcome, &failure);
    else if (item->kind == CASE_SUSTAINED && outcome_cell(&outcome)->repetition_count > 1)
        /* ten minutes of repetitions are worth keeping; half a launch of anything else is not a sample */
        rounds_settle(loop, trial, &outcome, &(const struct error){0});
    outcome_close(&outcome);
    return STATUS_OK;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void shuffle(size_t *order, size_t count, uint64_t *random)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)(next_random(random) % i), held = order[i - 1];
        order[i - 1] = order[j];
        order[j] = held;
    }
}

/* Has this trial launches enough? `values` has room for HEADLINE × its repetitions. */
static bool enough(const struct loop *loop, const struct trial *trial, double *values, enum stop_reason *reason)
{
    const struct cell *cell = loop_cell(loop, trial);
    struct stopping_sample samples[HEADLINE];

    for (size_t i = 0; i < HEADLINE; i++, values += cell->repetition_count) {
        samples[i].values = values;
        samples[i].count = cell_launch_values(cell, headline[i], values, cell->repetition_count);
    }
    return stopping_decide(&loop_item(loop, trial)->rule, trial->launches, samples, HEADLINE, reason);
}

/* A case ends for all contenders together, so that each round stays one comparison. */
static enum status end_cases(struct loop *loop, struct error *error)
{
    size_t cases = loop->measure->plan->case_count;

    for (size_t item = 0; item < cases; item++) {
        enum stop_reason worst = STOP_PRECISION, reason;
        bool done = true;
        for (size_t t = item; t < loop->trial_count && done; t += cases) {
            const struct trial *trial = &loop->trials[t];
            double *values;
            if (!trial->active)
                continue;
            values = malloc((HEADLINE * loop_cell(loop, trial)->repetition_count + 1) * sizeof *values);
            if (!values)
                return error_set(error, STATUS_MEMORY, "out of memory for the launches of %s",
                                 loop_item(loop, trial)->title);
            done = enough(loop, trial, values, &reason);
            free(values);
            worst = done && reason > worst ? reason : worst;
        }
        for (size_t t = item; t < loop->trial_count && done; t += cases)
            if (loop->trials[t].active)
                conclude(loop, &loop->trials[t], worst);
    }
    return STATUS_OK;
}

static bool any_active(const struct loop *loop)
{
    for (size_t i = 0; i < loop->trial_count; i++)
        if (loop->trials[i].active)
            return true;
    return false;
}

/* What drifts while the run goes on meets all cases and contenders alike, as each round has an order of its own. */
enum status rounds_run(struct loop *loop, struct error *error)
{
    const struct plan *plan = loop->measure->plan;
    uint64_t random = plan->seed;
    size_t *order = calloc(loop->trial_count + 1, sizeof *order);
    enum status status = order ? STATUS_OK : error_set(error, STATUS_MEMORY, "out of memory for the order of cases");

    for (size_t i = 0; i < loop->trial_count && order; i++)
        order[i] = i;
    while (!status && any_active(loop) && !loop_stopped(loop) && !loop->out_of_time) {
        shuffle(order, loop->trial_count, &random);
        for (size_t i = 0; i < loop->trial_count && !status && !loop_stopped(loop) && !loop->out_of_time; i++) {
            if (!loop->trials[order[i]].active)
                continue;
            loop->out_of_time = !journal_next_kind(loop->measure->journal) &&
                                clock_seconds(loop->start_ns, loop_now_ns(loop)) > plan->time_budget_seconds;
            if (!loop->out_of_time)
                status = launch_trial(loop, &loop->trials[order[i]], error);
        }
        if (!status && !loop_stopped(loop) && !loop->out_of_time)
            status = end_cases(loop, error);
    }
    free(order);
    if (!status && !loop_stopped(loop))
        status = close_canary(loop, error);
    return status;
}

void rounds_close(struct loop *loop)
{
    bool interrupted = loop_stopped(loop);

    for (size_t i = 0; i < loop->trial_count; i++) {
        struct trial *trial = &loop->trials[i];
        enum stop_reason stop = interrupted ? STOP_INTERRUPTED : STOP_TIME_BUDGET;
        if (!trial->active)
            continue;
        if (trial->launches)
            conclude(loop, trial, stop);
        else
            loop_end(loop, trial, CELL_SKIPPED, stop, "%s",
                     interrupted ? "the run was interrupted before its first launch was done"
                                 : "the time budget was spent before its first launch");
    }
}
