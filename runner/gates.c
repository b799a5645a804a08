#include "runner/gates.h"

#include <math.h>
#include <stdio.h>

#include "runner/spell.h"

static bool same_gate(const struct plan_case *a, const struct plan_case *b)
{
    return a->subject == b->subject && a->engine == b->engine && a->threads == b->threads && a->kv_type == b->kv_type &&
           plan_gate_context(a) == plan_gate_context(b);
}

void gates_find(struct loop *loop)
{
    for (size_t i = 0; i < loop->trial_count; i++) {
        struct trial *trial = &loop->trials[i];
        const struct plan_case *item = loop_item(loop, trial);
        size_t g = 0;
        trial->gate = SIZE_MAX;
        if (loop->measure->contenders[trial->contender].llama_bench)
            continue;
        while (g < loop->gate_count &&
               (loop->gates[g].contender != trial->contender || !same_gate(loop->gates[g].item, item)))
            g++;
        if (g == loop->gate_count)
            loop->gates[loop->gate_count++] = (struct gate){.item = item, .contender = trial->contender, .nmse = NAN};
        trial->gate = g;
    }
}

/* Takes what the gate's process told, or how it ended. */
static void settle_gate(struct gate *gate, struct outcome *outcome, const struct error *failure)
{
    gate->nmse = outcome->whole[FIELD_nmse_ratio];
    gate->state = GATE_PASSED;
    snprintf(gate->reason, sizeof gate->reason, "%s", outcome_cell(outcome)->figures[FIELD_nmse_ratio].reason);
    if (failure->status) {
        gate->state = failure->status == STATUS_MISMATCH ? GATE_WRONG : GATE_BROKEN;
        snprintf(gate->reason, sizeof gate->reason, "%s", failure->text);
    }
}

static enum status pass_gate(struct loop *loop, struct gate *gate, struct error *error)
{
    const struct measure *measure = loop->measure;
    const struct contender *contender = &measure->contenders[gate->contender];
    struct child_command command;
    struct outcome outcome;
    struct error failure;
    char what[200];
    enum status status = outcome_open(&outcome, error);

    if (status)
        return status;
    snprintf(what, sizeof what, "verifying %s %s%s%s", gate->item->subject->model.name, gate->item->subject->format,
             *contender->label ? ", " : "", contender->label);
    progress_step(measure->progress, what, loop_left_seconds(loop));
    spell_gate(&command, contender->program, measure->plan, gate->item);
    loop_run_child(loop, &command, spell_timeout_seconds(gate->item), &outcome, &failure);
    settle_gate(gate, &outcome, &failure);
    outcome_close(&outcome);
    return STATUS_OK;
}

/* Tells a gate's verdict to all trials that stand behind it; without a pass no speed is measured. */
static void apply_gate(struct loop *loop, size_t gate_index)
{
    const struct gate *gate = &loop->gates[gate_index];

    for (size_t i = 0; i < loop->trial_count; i++) {
        struct trial *trial = &loop->trials[i];
        struct cell *cell = loop_cell(loop, trial);
        if (trial->gate != gate_index || !trial->active)
            continue;
        if (gate->state == GATE_PASSED && isnan(gate->nmse))
            cell_explain(cell, FIELD_nmse_ratio, "%s", gate->reason);
        else if (gate->state != GATE_BROKEN)
            facts_boolean(&cell->engine, "backend_verified", NULL, gate->state == GATE_PASSED);
        if (gate->state != GATE_PASSED)
            loop_end(loop, trial, CELL_FAILED, STOP_ERROR, "%s: %s",
                     gate->state == GATE_WRONG ? "the arithmetic is wrong" : "verification did not finish",
                     gate->reason);
    }
}

static bool is_needed(const struct loop *loop, size_t gate)
{
    for (size_t i = 0; i < loop->trial_count; i++)
        if (loop->trials[i].gate == gate && loop->trials[i].active)
            return true;
    return false;
}

size_t gates_needed(const struct loop *loop)
{
    size_t count = 0;

    for (size_t i = 0; i < loop->gate_count; i++)
        count += is_needed(loop, i);
    return count;
}

enum status gates_pass(struct loop *loop, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < loop->gate_count && !status && !loop_stopped(loop); i++) {
        if (!is_needed(loop, i))
            continue;
        status = pass_gate(loop, &loop->gates[i], error);
        if (!status && !loop_stopped(loop))
            apply_gate(loop, i);
    }
    return status;
}
