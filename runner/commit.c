#include "runner/commit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runner/observe.h"

#define ENGINE_PREFIX "engine."
#define FAILED_COUNT  "launches.failed_count"

/* Figures of the first repetition that are told under names of their own. */
static const enum field firsts[][2] = {{FIELD_prefill_tokens_per_second, FIELD_first_prefill_tokens_per_second},
                                       {FIELD_decode_tokens_per_second, FIELD_first_decode_tokens_per_second}};

static void keep_firsts(struct outcome *outcome)
{
    const struct cell *told = outcome_cell(outcome);

    for (size_t i = 0; i < told->repetition_count; i++)
        for (size_t f = 0; f < sizeof firsts / sizeof *firsts; f++)
            if (told->repetitions[i].phase == PHASE_FIRST)
                outcome->whole[firsts[f][1]] = told->repetitions[i].values[firsts[f][0]];
}

static void commit_repetitions(struct cell *cell, unsigned number, struct outcome *outcome)
{
    const struct cell *told = outcome_cell(outcome);
    bool first = true;

    for (size_t i = 0; i < told->repetition_count; i++) {
        const struct repetition *from = &told->repetitions[i];
        struct repetition *to = cell_add_repetition(cell, number, from->phase);
        unsigned index = to ? to->index : 0;
        if (!to)
            return;
        *to = *from;
        to->index = index;
        to->launch = number;
        /* what is true of the whole launch counts once, or it would weigh by the number of repetitions */
        for (int field = 0; first && to->phase == PHASE_MEASURED && field < FIELD_COUNT; field++)
            if (!isnan(outcome->whole[field]))
                to->values[field] = outcome->whole[field];
        first &= to->phase != PHASE_MEASURED;
    }
}

/* Launches whose repetitions the cell has. */
static size_t committed(const struct cell *cell)
{
    size_t count = 0;

    for (size_t i = 0; i < cell->repetition_count; i++)
        count += i == 0 || cell->repetitions[i].launch != cell->repetitions[i - 1].launch;
    return count;
}

static void commit_facts(struct cell *cell, const struct outcome *outcome, size_t before)
{
    for (size_t i = 0; i < outcome->engine.count; i++) {
        char path[128];
        snprintf(path, sizeof path, "options.%s", outcome->engine.items[i].path);
        facts_text(&cell->engine, path, NULL, outcome->engine.items[i].text);
    }
    for (size_t i = 0; i < outcome->facts.count; i++) {
        const struct fact *fact = &outcome->facts.items[i];
        bool engine = strncmp(fact->path, ENGINE_PREFIX, strlen(ENGINE_PREFIX)) == 0;
        if (engine)
            facts_copy(&cell->engine, fact->path + strlen(ENGINE_PREFIX), fact);
        else
            observe_fact(&cell->observations, fact, before);
    }
}

void commit_launch(struct cell *cell, unsigned number, struct outcome *outcome)
{
    const struct cell *told = outcome_cell(outcome);
    size_t before = committed(cell);

    keep_firsts(outcome);
    commit_repetitions(cell, number, outcome);
    if (!outcome->done) {
        cell_explain(cell, FIELD_peak_private_bytes, "the run was interrupted before the end of the launch");
        cell_explain(cell, FIELD_peak_rss_bytes, "the run was interrupted before the end of the launch");
    }
    for (int field = 0; field < FIELD_COUNT; field++) {
        if (*told->figures[field].reason && !*cell->figures[field].reason)
            cell_explain(cell, (enum field)field, "%s", told->figures[field].reason);
        if (!*told->figures[field].source)
            continue;
        memcpy(cell->figures[field].source, told->figures[field].source, sizeof cell->figures[field].source);
        memcpy(cell->figures[field].scope, told->figures[field].scope, sizeof cell->figures[field].scope);
        cell->figures[field].error_ratio = fmax(cell->figures[field].error_ratio, told->figures[field].error_ratio);
    }
    commit_facts(cell, outcome, before);
    observe_series(cell, told);
}

size_t commit_failures(const struct cell *cell)
{
    const struct fact *count = facts_find(&cell->observations, FAILED_COUNT);

    return count ? (size_t)count->integer : 0;
}

void commit_failure(struct cell *cell, unsigned number, const char *reason)
{
    size_t count = commit_failures(cell);
    char path[64];

    facts_integer(&cell->observations, FAILED_COUNT, NULL, (int64_t)count + 1);
    snprintf(path, sizeof path, "launches.failures[%zu].launch", count);
    facts_integer(&cell->observations, path, NULL, number);
    snprintf(path, sizeof path, "launches.failures[%zu].reason", count);
    facts_text(&cell->observations, path, NULL, reason);
}
