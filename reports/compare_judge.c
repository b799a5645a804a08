#include "reports/compare_judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/statistics.h"
#include "reports/units.h"

static const double ALPHA = 0.01;
static const double DELTA_INTERLEAVED = 0.02;
static const double BYTES_LEAST = 8 * 1024 * 1024; /* less than that is an allocator's whim */
static const double CANARY_DELTA = 0.02;
static const double FLAGGED_SHARE = 0.5;
/* Where rounds share half of the variation, only differences within them tell. */
static const double SHARED_VARIANCE = 0.5;

/* ---- launches ------------------------------------------------------------------------------------------------------------ */

struct side {
    double *values;
    unsigned *launches;
    size_t count;
};

static bool side_read(struct side *side, const struct cell *cell, enum field field)
{
    size_t room = cell->repetition_count ? cell->repetition_count : 1;

    side->values = malloc(room * sizeof *side->values);
    side->launches = malloc(room * sizeof *side->launches);
    if (!side->values || !side->launches)
        return false;
    side->count = cell_launch_rounds(cell, field, side->values, side->launches, room);
    return true;
}

static void side_close(struct side *side)
{
    free(side->values);
    free(side->launches);
}

/* Keeps what both sides have of the same round, in place. Returns how many. */
static size_t sides_pair(struct side *a, struct side *b)
{
    size_t count = 0;

    for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
        if (a->launches[i] == b->launches[k]) {
            a->values[count] = a->values[i++];
            b->values[count++] = b->values[k++];
        } else if (a->launches[i] < b->launches[k]) {
            i++;
        } else {
            k++;
        }
    }
    return a->count = b->count = count;
}

/* ---- measuring ----------------------------------------------------------------------------------------------------------- */

static void measure_apart(struct comparison_row *row, const struct side *base, const struct side *candidate)
{
    double a = statistics_variation(base->values, base->count);
    double b = statistics_variation(candidate->values, candidate->count), variation = sqrt((a * a + b * b) / 2);

    row->ratio = statistics_ratio(base->values, base->count, candidate->values, candidate->count);
    row->p = statistics_mann_whitney(base->values, base->count, candidate->values, candidate->count);
    row->detectable_ratio = statistics_detectable(variation, base->count, candidate->count);
    row->needed_launches = statistics_needed(variation, row->delta_ratio);
}

/* The signed-rank test cannot fall below 2^(1 − rounds), which Holm's correction over a few cells puts out of reach of ten rounds,
 * and rank sums are blunt where rounds share most of the variation. There the smaller p of both counts: a verdict also takes the
 * interval of the rounds and a change that matters, and the simulated gate on equal builds stays quiet. */
static void measure_rounds(struct comparison_row *row, const struct side *base, const struct side *candidate)
{
    double variation = statistics_paired_variation(base->values, candidate->values, base->count);
    double apart = row->detectable_ratio / statistics_detectable(1, base->count, candidate->count);

    row->ratio = statistics_paired_ratio(base->values, candidate->values, base->count);
    if (variation * variation >= SHARED_VARIANCE * apart * apart)
        return;
    row->p = fmin(row->p, statistics_signed_rank(base->values, candidate->values, base->count));
    row->detectable_ratio = statistics_detectable(variation, base->count, candidate->count);
    row->needed_launches = statistics_needed(variation, row->delta_ratio);
}

static double choose_delta(const struct comparison_row *row, const struct comparison_pair *pair, double asked)
{
    double delta = field_info(row->field)->delta_ratio, base = row->base->figures[row->field].value;

    if (isfinite(asked))
        return asked;
    if (pair->interleaved)
        delta = fmin(delta, DELTA_INTERLEAVED);
    if (strcmp(field_unit(row->field), "bytes") == 0 && base > 0)
        delta = fmax(delta, BYTES_LEAST / base);
    return delta;
}

static void explain_missing(struct comparison_row *row, const struct cell *cell, const char *name)
{
    const struct figure *figure = &cell->figures[row->field];
    const char *status = cell->status == CELL_SKIPPED ? "skipped: " : cell->status == CELL_FAILED ? "failed: " : "";
    const char *reason = *status ? cell->reason : *figure->reason ? figure->reason : "no such figure there";

    snprintf(row->reason, sizeof row->reason, "%.60s: %s%.160s", name, status, reason);
}

static bool explain_scope(struct comparison_row *row, const struct figure *base, const struct figure *candidate)
{
    if (strcmp(base->scope, candidate->scope) == 0)
        return false;
    snprintf(row->reason, sizeof row->reason, "energy of another scope: '%s' (%s) here, '%s' (%s) there", base->scope,
             base->source, candidate->scope, candidate->source);
    return true;
}

/* Figures that stand for a cell as a whole, or for few launches: a ratio, but nothing to test it with. */
static void explain_few(struct comparison_row *row, const struct figure *base, const struct figure *candidate)
{
    if (!isfinite(row->ratio.value) && base->value > 0 && candidate->value > 0)
        row->ratio.value = candidate->value / base->value;
    if (base->value == 0 && candidate->value == 0)
        row->ratio.value = 1;
    row->ratio.low = row->ratio.high = row->p = NAN;
    if (row->base_launches < COMPARE_LAUNCHES_LEAST || row->candidate_launches < COMPARE_LAUNCHES_LEAST)
        snprintf(row->reason, sizeof row->reason, "needs n ≥ %d launches a side; there are %zu and %zu",
                 COMPARE_LAUNCHES_LEAST, row->base_launches, row->candidate_launches);
    else
        snprintf(row->reason, sizeof row->reason, "a value is not above 0: there is no ratio");
}

static void measure_sides(struct comparison_row *row, const struct comparison_pair *pair, struct side *base,
                          struct side *candidate)
{
    row->base_launches = base->count;
    row->candidate_launches = candidate->count;
    measure_apart(row, base, candidate);
    if (pair->interleaved && sides_pair(base, candidate) >= COMPARE_LAUNCHES_LEAST)
        measure_rounds(row, base, candidate);
    if (!isfinite(row->ratio.low))
        explain_few(row, &row->base->figures[row->field], &row->candidate->figures[row->field]);
}

enum status judge_measure(struct comparison_row *row, const struct comparison_pair *pair, double delta_ratio,
                          struct error *error)
{
    const struct figure *a = &row->base->figures[row->field], *b = &row->candidate->figures[row->field];
    struct side base = {0}, candidate = {0};
    bool good = true;

    row->ratio = (struct interval){NAN, NAN, NAN};
    row->p = row->p_holm = row->detectable_ratio = row->needed_launches = NAN;
    row->delta_ratio = choose_delta(row, pair, delta_ratio);
    if (!a->present || !b->present) {
        explain_missing(row, a->present ? row->candidate : row->base,
                        a->present ? pair->candidate_name : pair->base_name);
        row->verdict = VERDICT_NOT_COMPARABLE;
        return STATUS_OK;
    }
    if (explain_scope(row, a, b)) {
        row->verdict = VERDICT_NOT_COMPARABLE;
        return STATUS_OK;
    }
    row->verdict = VERDICT_INCONCLUSIVE;
    good = side_read(&base, row->base, row->field) && side_read(&candidate, row->candidate, row->field);
    if (good)
        measure_sides(row, pair, &base, &candidate);
    side_close(&base);
    side_close(&candidate);
    return good ? STATUS_OK : error_set(error, STATUS_MEMORY, "no memory to compare %s", row->base->id);
}

/* ---- disturbance -------------------------------------------------------------------------------------------------------- */

/* Share of the measured repetitions that carry the flag. */
static double flagged_share(const struct cell *cell, unsigned flag)
{
    size_t measured = 0, flagged = 0;

    for (size_t i = 0; i < cell->repetition_count; i++)
        if (cell->repetitions[i].phase == PHASE_MEASURED) {
            measured++;
            flagged += cell->repetitions[i].flags >> flag & 1;
        }
    return measured ? (double)flagged / (double)measured : 0;
}

/* The probe that ran before each launch; repetitions of every phase may hold it. */
static size_t read_canaries(const struct cell *cell, double *values)
{
    size_t count = 0;

    for (size_t i = 0; i < cell->repetition_count; i++)
        if (isfinite(cell->repetitions[i].values[FIELD_canary_read_bytes_per_second]))
            values[count++] = cell->repetitions[i].values[FIELD_canary_read_bytes_per_second];
    return count;
}

static struct interval canary_ratio(const struct comparison_row *row)
{
    size_t a = row->base->repetition_count, b = row->candidate->repetition_count;
    double *values = malloc((a + b + 1) * sizeof *values);
    struct interval ratio = {NAN, NAN, NAN};

    if (values) {
        a = read_canaries(row->base, values);
        b = read_canaries(row->candidate, values + a);
        ratio = statistics_ratio(values, a, values + a, b);
    }
    free(values);
    return ratio;
}

void judge_disturbance(char text[COMPARE_TEXT_MAX], const struct comparison_row *row,
                       const struct comparison_pair *pair)
{
    struct interval canary = canary_ratio(row);

    text[0] = '\0';
    if (pair->factor == FACTOR_DEVICE)
        return;
    if (canary.high < 1 - CANARY_DELTA || canary.low > 1 + CANARY_DELTA) {
        snprintf(text, COMPARE_TEXT_MAX,
                 "the machine itself changed: the canary read memory at %.3f of the base's rate", canary.value);
        return;
    }
    for (unsigned flag = 0; flag < FLAG_COUNT && !*text; flag++) {
        double a = flagged_share(row->base, flag), b = flagged_share(row->candidate, flag);
        if (fabs(a - b) > FLAGGED_SHARE)
            snprintf(text, COMPARE_TEXT_MAX,
                     "noise differs: %.0f %% of the base's launches are flagged %s, %.0f %% of these", 100 * a,
                     flag_name(flag), 100 * b);
    }
}

/* ---- verdicts ------------------------------------------------------------------------------------------------------------ */

double comparison_loss(const struct comparison_row *row)
{
    return field_info(row->field)->better == BETTER_HIGHER ? 1 - row->ratio.value : row->ratio.value - 1;
}

/* Least launches a side with which the rank-sum test can fall below ALPHA among that many: 2 / C(2n, n). */
static size_t launches_for_tests(size_t tests)
{
    double p = 2;
    size_t launches = 0;

    while (p * (double)tests >= ALPHA) {
        launches++;
        p *= (double)launches / (double)(2 * (2 * launches - 1));
    }
    return launches;
}

static void explain_inconclusive(struct comparison_row *row, size_t tests)
{
    size_t launches = row->base_launches < row->candidate_launches ? row->base_launches : row->candidate_launches;
    size_t least = launches_for_tests(tests);
    double needed = fmax(fmax(row->needed_launches, (double)least), (double)launches + 1);
    char what[96];

    if (field_info(row->field)->better == BETTER_NEITHER)
        snprintf(what, sizeof what, "neither direction is better");
    else if (fabs(row->ratio.value - 1) < row->delta_ratio)
        snprintf(what, sizeof what, "the interval reaches beyond ±%.3g %%", 100 * row->delta_ratio);
    else if (launches < least)
        snprintf(what, sizeof what, "%zu launches cannot reach p < %g among %zu tests", launches, ALPHA, tests);
    else
        snprintf(what, sizeof what, "p is not below %g", ALPHA);
    if (isfinite(needed))
        snprintf(row->reason, sizeof row->reason, "%s; needs n ≈ %.0f", what, needed);
    else
        snprintf(row->reason, sizeof row->reason, "%s", what);
}

void judge_decide(struct comparison_row *row, size_t tests)
{
    enum better better = field_info(row->field)->better;
    double loss = comparison_loss(row);
    bool below = row->ratio.high<1, above = row->ratio.low> 1;

    if (*row->reason)
        return;
    if (better != BETTER_NEITHER && row->p_holm < ALPHA && fabs(loss) >= row->delta_ratio && (below || above)) {
        row->verdict = loss > 0 ? VERDICT_REGRESSED : VERDICT_IMPROVED;
    } else if (row->ratio.low > 1 - row->delta_ratio && row->ratio.high < 1 + row->delta_ratio) {
        row->verdict = VERDICT_EQUIVALENT;
    } else {
        row->verdict = VERDICT_INCONCLUSIVE;
        explain_inconclusive(row, tests);
    }
}
