#include "runner/measure.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "devices/clock.h"
#include "runner/child.h"
#include "runner/derive.h"
#include "runner/fit.h"
#include "runner/lines.h"
#include "runner/observe.h"
#include "runner/roofs.h"
#include "runner/spell.h"
#include "runner/verdict.h"

/* The gate of one subject on one engine with that many threads. */
struct gate {
    const struct plan_case *item; /* the first case that needs it */
    enum { GATE_OPEN, GATE_PASSED, GATE_WRONG, GATE_BROKEN } state;
    double nmse;
    char reason[480]; /* why there is no nmse, or why it is not passed */
};

/* Where a case stands. */
struct standing {
    bool active; /* more launches are to come */
    size_t gate, launches;
    double last_seconds; /* of the last launch, or what one is known to take; NaN: unknown */
};

struct loop {
    const struct measure *measure;
    struct gate *gates;
    size_t gate_count;
    struct standing *standings;
    uint64_t start_ns;
    bool out_of_time;
};

static bool stopped(const struct loop *loop)
{
    return *loop->measure->signal != 0;
}

static struct cell *cell_of(const struct loop *loop, size_t index)
{
    return &loop->measure->record->cells[index];
}

static void end_case(struct loop *loop, size_t index, enum cell_status status, enum stop_reason stop,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

static void end_case(struct loop *loop, size_t index, enum cell_status status, enum stop_reason stop,
                     const char *format, ...)
{
    struct cell *cell = cell_of(loop, index);
    va_list arguments;

    loop->standings[index].active = false;
    cell->status = status;
    cell->stop_reason = stop;
    va_start(arguments, format);
    vsnprintf(cell->reason, sizeof cell->reason, format, arguments);
    va_end(arguments);
}

/* Skips what the plan or the memory rules out, before a process is started for it. */
static void skip_cases(struct loop *loop)
{
    const struct measure *measure = loop->measure;
    struct memory_usage usage = {0};
    struct error ignored = {0};

    memory_usage_read(&usage, &ignored);
    for (size_t i = 0; i < measure->plan->case_count; i++) {
        const struct plan_case *item = &measure->plan->cases[i];
        const struct engine_options options = plan_engine_options(item, measure->isa);
        struct error error = {0};
        struct fit fit;

        if (*item->skip) {
            end_case(loop, i, CELL_SKIPPED, STOP_ERROR, "%s", item->skip);
            continue;
        }
        if (item->kind == CASE_MATMUL)
            continue;
        fit = fit_predict(item->engine, &item->subject->model, &options, measure->host, usage.anonymous_bytes);
        if (fit_check(&fit, measure->memory, &error) == STATUS_OK)
            continue;
        fit_suggest(item->engine, &item->subject->model, &options, measure->host, measure->memory,
                    usage.anonymous_bytes, &error);
        end_case(loop, i, CELL_SKIPPED, STOP_ERROR, "%s", error.text);
    }
}

struct listening {
    struct outcome *outcome;
    struct loop *loop;
};

static void hear_line(void *context, char *line)
{
    struct listening *listening = context;

    outcome_take(listening->outcome, line, listening->loop->start_ns);
}

static void hear_tick(void *context)
{
    struct listening *listening = context;

    progress_tick(listening->loop->measure->progress);
}

/* Runs a launch and hears it. STATUS_OK where it told "done" and ended well; else what it told, or how it ended. */
static enum status run_launch(struct loop *loop, const struct child_command *command, double timeout_seconds,
                              struct outcome *outcome, struct error *failure)
{
    const struct measure *measure = loop->measure;
    struct listening listening = {outcome, loop};
    const struct child_hooks hooks = {hear_line, measure->progress->live ? hear_tick : NULL, &listening};
    struct child_end end = {0};
    char ending[120];

    *failure = (struct error){0};
    if (child_run(command, timeout_seconds, measure->signal, &hooks, &end, failure))
        return failure->status;
    if (outcome->error.status)
        *failure = outcome->error;
    else if (!outcome->done || end.signal || end.timed_out) {
        child_end_describe(&end, ending, sizeof ending);
        error_set(failure, STATUS_FAILED, "%s", ending);
    }
    return failure->status;
}

/* An estimate from launches like those to come; NaN before there are any. */
static double left_seconds(const struct loop *loop)
{
    const struct plan *plan = loop->measure->plan;
    double known = 0, sum = 0, left = 0;

    for (size_t i = 0; i < plan->case_count; i++)
        if (!isnan(loop->standings[i].last_seconds)) {
            known++;
            sum += loop->standings[i].last_seconds;
        }
    if (known == 0)
        return NAN;
    for (size_t i = 0; i < plan->case_count; i++)
        if (loop->standings[i].active)
            left += (double)(plan->cases[i].launches - loop->standings[i].launches) *
                    (isnan(loop->standings[i].last_seconds) ? sum / known : loop->standings[i].last_seconds);
    return left;
}

/* Before the cases with a large footprint too, after them once more: of both passes the better figures count. */
static enum status measure_roofs(struct loop *loop, bool opening, struct error *error)
{
    const struct measure *measure = loop->measure;
    struct facts *environment = &measure->record->environment;
    struct child_command command;
    struct outcome outcome;
    struct error failure;
    enum status status = outcome_open(&outcome, error);

    if (status)
        return status;
    progress_step(measure->progress, opening ? "roofs: what this machine can do at best" : "roofs once more",
                  left_seconds(loop));
    spell_roof(&command, measure->program, measure->plan, opening);
    run_launch(loop, &command, 60 + 100 * measure->plan->roof_seconds * 60, &outcome, &failure);
    if (!failure.status)
        roofs_join(environment, &outcome.facts);
    else if (opening)
        facts_null(environment, "roofs", NULL, failure.text);
    if (failure.status && !stopped(loop))
        progress_say(measure->progress, "no roofs: %s", failure.text);
    outcome_close(&outcome);
    return STATUS_OK;
}

static enum status pass_gate(struct loop *loop, struct gate *gate, struct error *error)
{
    const struct measure *measure = loop->measure;
    struct child_command command;
    struct outcome outcome;
    struct error failure;
    char what[160];
    enum status status = outcome_open(&outcome, error);

    if (status)
        return status;
    snprintf(what, sizeof what, "verifying %s %s", gate->item->subject->model.name, gate->item->subject->format);
    progress_step(measure->progress, what, left_seconds(loop));
    spell_gate(&command, measure->program, measure->plan, gate->item);
    run_launch(loop, &command, spell_timeout_seconds(gate->item), &outcome, &failure);
    gate->nmse = outcome.whole[FIELD_nmse_ratio];
    gate->state = GATE_PASSED;
    snprintf(gate->reason, sizeof gate->reason, "%s", outcome_cell(&outcome)->figures[FIELD_nmse_ratio].reason);
    if (failure.status) {
        gate->state = failure.status == STATUS_MISMATCH ? GATE_WRONG : GATE_BROKEN;
        snprintf(gate->reason, sizeof gate->reason, "%s", failure.text);
    }
    outcome_close(&outcome);
    return STATUS_OK;
}

/* Tells a gate's verdict to all cases that stand behind it; without a pass no speed is measured. */
static void apply_gate(struct loop *loop, size_t gate_index)
{
    const struct gate *gate = &loop->gates[gate_index];

    for (size_t i = 0; i < loop->measure->plan->case_count; i++) {
        if (loop->standings[i].gate != gate_index || !loop->standings[i].active)
            continue;
        if (gate->state == GATE_PASSED && isnan(gate->nmse))
            cell_explain(cell_of(loop, i), FIELD_nmse_ratio, "%s", gate->reason);
        else if (gate->state != GATE_BROKEN)
            facts_boolean(&cell_of(loop, i)->engine, "backend_verified", NULL, gate->state == GATE_PASSED);
        if (gate->state == GATE_PASSED)
            continue;
        end_case(loop, i, CELL_FAILED, STOP_ERROR, "%s: %s",
                 gate->state == GATE_WRONG ? "the arithmetic is wrong" : "verification did not finish", gate->reason);
    }
}

static bool gate_needed(const struct loop *loop, size_t gate)
{
    for (size_t i = 0; i < loop->measure->plan->case_count; i++)
        if (loop->standings[i].gate == gate && loop->standings[i].active)
            return true;
    return false;
}

static enum status pass_gates(struct loop *loop, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < loop->gate_count && !status && !stopped(loop); i++) {
        if (!gate_needed(loop, i))
            continue;
        status = pass_gate(loop, &loop->gates[i], error);
        if (!status && !stopped(loop))
            apply_gate(loop, i);
    }
    return status;
}

/* Adds what a launch told to its cell. */
static void commit(struct loop *loop, size_t index, struct outcome *outcome)
{
    struct cell *cell = cell_of(loop, index), *told = outcome_cell(outcome);
    bool first = true;

    outcome->whole[FIELD_nmse_ratio] = loop->gates[loop->standings[index].gate].nmse;
    for (size_t i = 0; i < told->repetition_count; i++) {
        const struct repetition *from = &told->repetitions[i];
        struct repetition *to = cell_add_repetition(cell, (unsigned)loop->standings[index].launches, from->phase);
        unsigned number = to ? to->index : 0;
        if (!to)
            return;
        *to = *from;
        to->index = number;
        to->launch = (unsigned)loop->standings[index].launches;
        /* what is true of the whole launch counts once, or it would weigh by the number of repetitions */
        for (int field = 0; first && to->phase == PHASE_MEASURED && field < FIELD_COUNT; field++)
            if (!isnan(outcome->whole[field]))
                to->values[field] = outcome->whole[field];
        first &= to->phase != PHASE_MEASURED;
    }
    if (!outcome->done) {
        cell_explain(cell, FIELD_peak_private_bytes, "the run was interrupted before the end of the launch");
        cell_explain(cell, FIELD_peak_rss_bytes, "the run was interrupted before the end of the launch");
    }
    for (int field = 0; field < FIELD_COUNT; field++) {
        if (*told->figures[field].reason && !*cell->figures[field].reason)
            cell_explain(cell, (enum field)field, "%s", told->figures[field].reason);
        memcpy(cell->figures[field].source, told->figures[field].source, sizeof cell->figures[field].source);
        memcpy(cell->figures[field].scope, told->figures[field].scope, sizeof cell->figures[field].scope);
        cell->figures[field].error_ratio = fmax(cell->figures[field].error_ratio, told->figures[field].error_ratio);
    }
    observe_series(cell, told);
    observe_launch(&cell->observations, &outcome->facts, loop->standings[index].launches);
    for (size_t i = 0; i < outcome->engine.count; i++) {
        char path[128];
        snprintf(path, sizeof path, "options.%s", outcome->engine.items[i].path);
        facts_text(&cell->engine, path, NULL, outcome->engine.items[i].text);
    }
    loop->standings[index].launches++;
}

static enum status launch_case(struct loop *loop, size_t index, struct error *error)
{
    const struct measure *measure = loop->measure;
    const struct plan_case *item = &measure->plan->cases[index];
    struct standing *standing = &loop->standings[index];
    struct child_command command;
    struct outcome outcome;
    struct error failure;
    char what[CELL_ID_MAX + 40];
    uint64_t start_ns = clock_now_ns();
    enum status status = outcome_open(&outcome, error);

    if (status)
        return status;
    snprintf(what, sizeof what, "%s, launch %zu of %zu", item->title, standing->launches + 1, item->launches);
    progress_step(measure->progress, what, left_seconds(loop));
    spell_launch(&command, measure->program, measure->plan, item);
    run_launch(loop, &command, spell_timeout_seconds(item), &outcome, &failure);
    standing->last_seconds = clock_seconds(start_ns, clock_now_ns());
    if (stopped(loop)) {
        /* ten minutes of repetitions are worth keeping; half a launch of anything else is not a sample */
        if (item->kind == CASE_SUSTAINED && outcome_cell(&outcome)->repetition_count > 1)
            commit(loop, index, &outcome);
    } else if (failure.status) {
        end_case(loop, index, CELL_FAILED, STOP_ERROR, "launch %zu: %s", standing->launches + 1, failure.text);
    } else if (*outcome.skip && standing->launches == 0)
        end_case(loop, index, CELL_SKIPPED, STOP_ERROR, "%s", outcome.skip);
    else if (*outcome.skip)
        end_case(loop, index, CELL_OK, STOP_ERROR, "%s", "");
    else
        commit(loop, index, &outcome);
    if (standing->active && standing->launches == item->launches)
        end_case(loop, index, CELL_OK, STOP_REPETITIONS, "%s", "");
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

/* A round gives every case one launch, in an order of its own: what drifts while the run goes on then meets all cases alike. */
static enum status run_rounds(struct loop *loop, struct error *error)
{
    const struct plan *plan = loop->measure->plan;
    uint64_t random = plan->seed;
    size_t *order = calloc(plan->case_count, sizeof *order);
    bool more = order != NULL;
    enum status status = more ? STATUS_OK : error_set(error, STATUS_MEMORY, "out of memory for the order of cases");

    for (size_t i = 0; i < plan->case_count && order; i++)
        order[i] = i;
    while (more && !status) {
        more = false;
        shuffle(order, plan->case_count, &random);
        for (size_t i = 0; i < plan->case_count && !status && !stopped(loop) && !loop->out_of_time; i++) {
            if (!loop->standings[order[i]].active)
                continue;
            loop->out_of_time = clock_seconds(loop->start_ns, clock_now_ns()) > plan->time_budget_seconds;
            if (!loop->out_of_time)
                status = launch_case(loop, order[i], error);
            more |= loop->standings[order[i]].active;
        }
        more &= !stopped(loop) && !loop->out_of_time;
    }
    free(order);
    return status;
}

/* Rates and shares of the roofs, once the roofs are known for good. */
static void derive_cases(struct loop *loop)
{
    const struct measure *measure = loop->measure;

    for (size_t i = 0; i < measure->plan->case_count; i++) {
        struct cell *cell = cell_of(loop, i);
        const struct fact *isa = facts_find(&cell->engine, "options.isa");
        const char *isa_word = isa && isa->type == FACT_TEXT ? isa->text : "";
        for (size_t r = 0; r < cell->repetition_count; r++)
            derive_values(&measure->plan->cases[i], &measure->record->environment, isa_word, &cell->repetitions[r]);
        if (cell->repetition_count)
            derive_explain(&measure->plan->cases[i], &measure->record->environment, isa_word, cell);
    }
}

/* Cases that were still to have launches when the run ended. */
static void close_cases(struct loop *loop)
{
    bool interrupted = stopped(loop);

    for (size_t i = 0; i < loop->measure->plan->case_count; i++) {
        enum stop_reason stop = interrupted ? STOP_INTERRUPTED : STOP_TIME_BUDGET;
        if (!loop->standings[i].active)
            continue;
        if (loop->standings[i].launches)
            end_case(loop, i, CELL_OK, stop, "%s", "");
        else
            end_case(loop, i, CELL_SKIPPED, stop, "%s",
                     interrupted ? "the run was interrupted before its first launch was done"
                                 : "the time budget was spent before its first launch");
    }
}

static bool same_gate(const struct plan_case *a, const struct plan_case *b)
{
    return a->subject == b->subject && a->engine == b->engine && a->threads == b->threads && a->kv_type == b->kv_type &&
           plan_gate_context(a) == plan_gate_context(b);
}

static void find_gates(struct loop *loop)
{
    const struct plan *plan = loop->measure->plan;

    for (size_t i = 0; i < plan->case_count; i++) {
        const struct plan_case *item = &plan->cases[i];
        size_t g = 0;
        while (g < loop->gate_count && !same_gate(loop->gates[g].item, item))
            g++;
        if (g == loop->gate_count)
            loop->gates[loop->gate_count++] = (struct gate){.item = item, .nmse = NAN};
        loop->standings[i] = (struct standing){
            .active = true, .gate = g, .last_seconds = item->kind == CASE_SUSTAINED ? item->work_seconds : NAN};
    }
}

enum status measure_run(const struct measure *measure, struct error *error)
{
    size_t count = measure->plan->case_count;
    struct loop loop = {.measure = measure, .start_ns = clock_now_ns()};
    bool any = false;
    enum status status = STATUS_OK;

    loop.gates = calloc(count + 1, sizeof *loop.gates);
    loop.standings = calloc(count + 1, sizeof *loop.standings);
    if (!loop.gates || !loop.standings) {
        status = error_set(error, STATUS_MEMORY, "out of memory for %zu cases", count);
        goto out;
    }
    find_gates(&loop);
    skip_cases(&loop);
    for (size_t i = 0; i < count; i++)
        any |= loop.standings[i].active;
    if (any && !stopped(&loop))
        status = measure_roofs(&loop, true, error);
    if (!status)
        status = pass_gates(&loop, error);
    if (!status && !stopped(&loop))
        status = run_rounds(&loop, error);
    if (any && !status && !stopped(&loop) && !loop.out_of_time)
        status = measure_roofs(&loop, false, error);
    derive_cases(&loop);
    close_cases(&loop);
    verdict_conclude(measure->record, stopped(&loop), loop.out_of_time);
out:
    free(loop.gates);
    free(loop.standings);
    return status;
}

size_t measure_step_count(const struct plan *plan)
{
    size_t steps = 2, gates = 0; /* the roofs, before and after */

    for (size_t i = 0; i < plan->case_count; i++) {
        const struct plan_case *item = &plan->cases[i];
        size_t j = 0;
        while (j < i && !same_gate(&plan->cases[j], item))
            j++;
        gates += j == i;
        steps += *item->skip ? 0 : item->launches;
    }
    return steps + gates;
}
