#include "reports/gate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/pool.h"

/* A loss so many times the threshold must be ruled out before a row counts as no worse. */
static const double OPEN_FACTOR = 2;

static const char *const outcome_names[] = {[GATE_PASSED] = "passed",
                                            [GATE_REGRESSED] = "regressed",
                                            [GATE_NOT_COMPARABLE] = "not comparable",
                                            [GATE_INCONCLUSIVE] = "inconclusive"};

const char *gate_outcome_name(enum gate_outcome outcome)
{
    return outcome_names[outcome];
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------- */

/* The loss at the worse end of the interval; NaN unknown. */
static double worst_loss(const struct comparison_row *row)
{
    struct comparison_row low = *row, high = *row;

    low.ratio.value = row->ratio.low;
    high.ratio.value = row->ratio.high;
    return fmax(comparison_loss(&low), comparison_loss(&high));
}

/* Among many rows some interval always reaches a little beyond the threshold; to stop for each would make the gate useless. */
static bool loss_possible(const struct comparison_row *row)
{
    return row->disturbed || isnan(row->ratio.low) || isnan(row->ratio.high) ||
           comparison_loss(row) >= row->delta_ratio || worst_loss(row) >= OPEN_FACTOR * row->delta_ratio;
}

/* Lets the decisive comparison say what the row is. */
static void row_decide(struct gate_row *row, const struct comparison_row *decisive)
{
    row->decisive = decisive;
    row->verdict = decisive->verdict;
    row->open = decisive->verdict == VERDICT_INCONCLUSIVE && loss_possible(decisive);
    row->reason = decisive->reason;
}

static int rank(const struct gate_row *row)
{
    switch (row->verdict) {
    case VERDICT_REGRESSED:
        return 0;
    case VERDICT_NOT_COMPARABLE:
        return 1;
    case VERDICT_INCONCLUSIVE:
        return row->open ? 2 : 3;
    case VERDICT_EQUIVALENT:
    case VERDICT_IMPROVED:
    case VERDICT_COUNT:
        break;
    }
    return 4 + (int)row->verdict;
}

/* Worst first; among equals the order of the comparison, which puts the larger loss first. */
static int rows_compare(const void *a, const void *b)
{
    const struct gate_row *x = a, *y = b;

    if (rank(x) != rank(y))
        return rank(x) - rank(y);
    if (x->baseline != y->baseline)
        return (x->baseline > y->baseline) - (x->baseline < y->baseline);
    return (x->order > y->order) - (x->order < y->order);
}

static void conclude(struct gate *gate)
{
    bool refused = false;

    memset(gate->verdicts, 0, sizeof gate->verdicts);
    gate->open_count = 0;
    for (size_t i = 0; i < gate->row_count; i++) {
        gate->verdicts[gate->rows[i].verdict]++;
        gate->open_count += gate->rows[i].open;
    }
    for (size_t i = 0; i < gate->baseline_count; i++)
        refused |= *gate->baselines[i].refusal != '\0';
    gate->outcome = gate->verdicts[VERDICT_REGRESSED]                   ? GATE_REGRESSED
                    : refused || gate->verdicts[VERDICT_NOT_COMPARABLE] ? GATE_NOT_COMPARABLE
                    : gate->open_count                                  ? GATE_INCONCLUSIVE
                                                                        : GATE_PASSED;
    qsort(gate->rows, gate->row_count, sizeof *gate->rows, rows_compare);
}

static bool has_judged_figure(const struct cell *cell, const struct compare_options *options)
{
    const enum field *fields = options->fields ? options->fields : compare_headline;
    size_t count = options->fields ? options->field_count : compare_headline_count;

    for (size_t i = 0; i < count; i++)
        if (cell->figures[fields[i]].present)
            return true;
    return false;
}

/* Cells that the baseline has and that no row speaks of: the candidate lost them. */
static void add_lost(struct gate *gate, size_t index, const bool *judged)
{
    const struct record *record = gate->baselines[index].source.record;

    for (size_t i = 0; i < record->cell_count; i++) {
        struct gate_row *row = &gate->rows[gate->row_count];
        if (judged[i] || !has_judged_figure(&record->cells[i], &gate->options->compare))
            continue;
        *row = (struct gate_row){.baseline = index, .cell = &record->cells[i], .verdict = VERDICT_NOT_COMPARABLE};
        row->reason = "the candidate has no such case";
        row->order = gate->row_count++;
    }
}

static enum status add_rows(struct gate *gate, size_t index, struct error *error)
{
    const struct gate_baseline *baseline = &gate->baselines[index];
    const struct record *record = baseline->source.record;
    bool *judged = calloc(record->cell_count ? record->cell_count : 1, sizeof *judged);

    if (!judged)
        return error_set(error, STATUS_MEMORY, "out of memory for %zu cells", record->cell_count);
    for (size_t i = 0; i < baseline->first.row_count; i++) {
        const struct comparison_row *first = &baseline->first.rows[i];
        struct gate_row *row = &gate->rows[gate->row_count];
        *row = (struct gate_row){.baseline = index, .cell = first->base, .first = first};
        row->order = gate->row_count++;
        row_decide(row, first);
        judged[first->base - record->cells] = true;
    }
    add_lost(gate, index, judged);
    free(judged);
    return STATUS_OK;
}

/* ---- judging -------------------------------------------------------------------------------------------------------------- */

/* A gate asks what a change of the program did. Where something else differs, the answer would be about that. */
static void refuse_other_factors(struct gate_baseline *baseline)
{
    for (size_t i = 0; i < baseline->first.pair_count; i++) {
        const struct comparison_pair *pair = &baseline->first.pairs[i];
        if (pair->factor != FACTOR_NONE && pair->factor != FACTOR_BUILD)
            snprintf(baseline->refusal, sizeof baseline->refusal,
                     "the %.63s differs (%.100s, %.100s), so this would not tell what the change of the program did; "
                     "`compare` shows both, --allow-mixed judges them all the same",
                     pair->factor_name, pair->base_value, pair->candidate_value);
    }
}

static enum status judge_one(struct gate *gate, size_t index, struct error *error)
{
    struct gate_baseline *baseline = &gate->baselines[index];
    const struct record *records[] = {baseline->source.record, gate->candidate.record};
    const char *names[] = {baseline->source.name, gate->candidate.name};
    struct error problem = {0};
    enum status status = comparison_make(&baseline->first, records, names, 2, &gate->options->compare, &problem);

    baseline->same_build = pool_same_build(records[0], records[1]);
    if (status == STATUS_UNLIKE)
        snprintf(baseline->refusal, sizeof baseline->refusal, "%s", problem.text);
    else if (status)
        return error_set(error, status, "%s", problem.text);
    else if (!gate->options->compare.allow_mixed)
        refuse_other_factors(baseline);
    return STATUS_OK;
}

enum status gate_judge(struct gate *gate, const struct gate_options *options, const struct gate_source *baselines,
                       size_t count, const struct gate_source *candidate, struct error *error)
{
    size_t room = 0;
    enum status status = STATUS_OK;

    *gate = (struct gate){.options = options, .candidate = *candidate};
    if (count > GATE_BASELINES_MAX)
        return error_set(error, STATUS_MISUSE, "%zu baselines of different builds are more than %d; give fewer", count,
                         GATE_BASELINES_MAX);
    for (; gate->baseline_count < count && !status; gate->baseline_count++) {
        struct gate_baseline *baseline = &gate->baselines[gate->baseline_count];
        baseline->source = baselines[gate->baseline_count];
        status = judge_one(gate, gate->baseline_count, error);
        room += baseline->first.row_count + baseline->source.record->cell_count;
    }
    if (status)
        return status;
    gate->rows = calloc(room ? room : 1, sizeof *gate->rows);
    if (!gate->rows)
        return error_set(error, STATUS_MEMORY, "out of memory for %zu rows", room);
    for (size_t i = 0; i < count && !status; i++)
        if (!*gate->baselines[i].refusal)
            status = add_rows(gate, i, error);
    conclude(gate);
    return status;
}

/* ---- the second sample ---------------------------------------------------------------------------------------------------- */

void gate_row_repeat(char *out, size_t size, const struct gate *gate, const struct gate_row *row)
{
    *out = '\0';
    if (row->verdict == VERDICT_REGRESSED && gate->options->repeat)
        gate->options->repeat(out, size, gate->baselines[row->baseline].source.record, row->cell);
}

bool gate_row_suspect(const struct gate_row *row)
{
    return row->first && row->first->verdict == VERDICT_REGRESSED;
}

static size_t suspect_fields(const struct gate *gate, size_t baseline, enum field fields[FIELD_COUNT])
{
    bool taken[FIELD_COUNT] = {0};
    size_t count = 0;

    for (size_t i = 0; i < gate->row_count; i++)
        if (gate->rows[i].baseline == baseline && gate_row_suspect(&gate->rows[i]))
            taken[gate->rows[i].first->field] = true;
    for (int i = 0; i < FIELD_COUNT; i++)
        if (taken[i])
            fields[count++] = (enum field)i;
    return count;
}

static const struct comparison_row *row_again(const struct comparison *second, const struct gate_row *row)
{
    for (size_t i = 0; i < second->row_count; i++)
        if (second->rows[i].field == row->first->field && strcmp(second->rows[i].base->id, row->cell->id) == 0)
            return &second->rows[i];
    return NULL;
}

static void decide_again(struct gate_row *row, const struct comparison *second)
{
    const struct comparison_row *again = row_again(second, row);

    if (!again) {
        row->verdict = VERDICT_INCONCLUSIVE;
        row->open = true;
        row->reason = "regressed, but the second sample has no figure to confirm it";
        return;
    }
    row_decide(row, again);
    row->second = again->verdict == VERDICT_REGRESSED ? SECOND_CONFIRMS : SECOND_CONTRADICTS;
    if (row->second == SECOND_CONTRADICTS && !*row->reason)
        row->reason = "regressed at first, but not in a second sample of fresh launches";
}

enum status gate_confirm(struct gate *gate, const struct record *const *bases, const struct record *candidate,
                         struct error *error)
{
    for (size_t i = 0; i < gate->baseline_count; i++) {
        struct gate_baseline *baseline = &gate->baselines[i];
        enum field fields[FIELD_COUNT];
        struct compare_options options = gate->options->compare;
        const struct record *records[] = {bases[i], candidate};
        const char *names[] = {baseline->source.name, "the second sample"};
        enum status status;

        options.fields = fields;
        options.field_count = suspect_fields(gate, i, fields);
        if (!options.field_count)
            continue;
        status = comparison_make(&baseline->second, records, names, 2, &options, error);
        if (status)
            return status;
        for (size_t k = 0; k < gate->row_count; k++)
            if (gate->rows[k].baseline == i && gate_row_suspect(&gate->rows[k]))
                decide_again(&gate->rows[k], &baseline->second);
    }
    conclude(gate);
    return STATUS_OK;
}

void gate_close(struct gate *gate)
{
    for (size_t i = 0; i < gate->baseline_count; i++) {
        comparison_close(&gate->baselines[i].first);
        comparison_close(&gate->baselines[i].second);
    }
    free(gate->rows);
    *gate = (struct gate){0};
}
