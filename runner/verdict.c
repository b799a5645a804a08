#include "runner/verdict.h"

#include <math.h>
#include <stdio.h>

#include "runner/commands.h"

/* Roofs and cases are measured at different moments; a fifth is more than that explains. */
#define ABOVE_ROOFLINE_RATIO 1.2

/* The largest disturbance of any measured repetition. */
static void tell_noise(struct record *record)
{
    double steal = NAN, foreign = NAN;

    for (size_t i = 0; i < record->cell_count; i++)
        for (size_t j = 0; j < record->cells[i].repetition_count; j++) {
            const struct repetition *repetition = &record->cells[i].repetitions[j];
            if (repetition->phase != PHASE_MEASURED)
                continue;
            steal = fmax(steal, repetition->noise[NOISE_steal_ratio]);
            foreign = fmax(foreign, repetition->noise[NOISE_foreign_load_ratio]);
        }
    if (!isnan(steal))
        facts_number(&record->environment, "noise.largest_steal_ratio", NULL, steal);
    if (!isnan(foreign))
        facts_number(&record->environment, "noise.largest_foreign_load_ratio", NULL, foreign);
}

/* No decode reads faster than this machine could in the same run: then one of the two figures is wrong. */
static void judge_plausibility(struct cell *cell)
{
    const struct figure *share = &cell->figures[FIELD_decode_utilization_ratio];
    char evidence[160];

    if (!share->present || share->value <= ABOVE_ROOFLINE_RATIO)
        return;
    snprintf(evidence, sizeof evidence,
             "decode is %.3g times as fast as the read roof of this run allows: the roof was disturbed, or not all "
             "weights were read",
             share->value);
    facts_text(&cell->observations, "plausibility.verdict", NULL, "above_roofline");
    facts_text(&cell->observations, "plausibility.evidence", NULL, evidence);
}

void verdict_conclude(struct record *record, bool interrupted, bool out_of_time)
{
    size_t ok = 0, failed = 0;

    for (size_t i = 0; i < record->cell_count; i++) {
        struct cell *cell = &record->cells[i];
        ok += cell->status == CELL_OK;
        failed += cell->status == CELL_FAILED;
        /* a failed case shows its repetitions, but no figure to be quoted */
        if (cell->status == CELL_OK) {
            cell_summarise(cell);
            judge_plausibility(cell);
        }
    }
    tell_noise(record);
    if (interrupted || out_of_time) {
        record->status = RUN_PARTIAL;
        snprintf(record->status_reason, sizeof record->status_reason, "%s",
                 interrupted ? "interrupted by a signal" : "the time budget was spent");
    } else if (failed || !ok) {
        record->status = ok ? RUN_PARTIAL : RUN_FAILED;
        snprintf(record->status_reason, sizeof record->status_reason, "%zu of %zu cases failed, %zu could not run",
                 failed, record->cell_count, record->cell_count - ok - failed);
    }
}

int verdict_exit_code(const struct record *record)
{
    size_t ok = 0, failed = 0;

    for (size_t i = 0; i < record->cell_count; i++) {
        const struct cell *cell = &record->cells[i];
        const struct fact *verified = facts_find(&cell->engine, "backend_verified");
        if (cell->status == CELL_FAILED && verified && verified->type == FACT_BOOLEAN && !verified->boolean)
            return EXIT_UNVERIFIED;
        ok += cell->status == CELL_OK;
        failed += cell->status == CELL_FAILED;
    }
    return failed ? EXIT_CASE_FAILED : ok ? EXIT_OK : EXIT_UNFIT;
}
