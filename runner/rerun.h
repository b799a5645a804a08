/* A second sample for `check --rerun`: fresh launches of the cells that look worse, measured by this program. */
#ifndef POCKETMARK_RUNNER_RERUN_H
#define POCKETMARK_RUNNER_RERUN_H

#include <signal.h>

#include "reports/digest.h"
#include "reports/gate.h"

struct rerun {
    const char *model;                   /* file of the cells that are about a file, NULL: none was given */
    const char *against;                 /* program of a baseline, to take turns with; NULL: none */
    size_t launches, repetitions;        /* 0: as many as the first sample had, but ten; as many as `run` would take */
    const volatile sig_atomic_t *signal; /* non-zero ends it */
    char against_hash[DIGEST_HEX];
    struct record candidate, base; /* the second sample; base only with `against` */
};

/* May and can this program measure the candidate's cells again? STATUS_UNLIKE where it is not the program that made the candidate,
 * where this is not its device, or where `against` made none of the baselines; STATUS_MISUSE where a model's file is missing. */
enum status rerun_check(struct rerun *rerun, const struct gate_source *baselines, size_t count,
                        const struct record *candidate, struct error *error);

/* Measures the suspect cells of the gate again and lets that decide. STATUS_FAILED where a run did not work out, STATUS_INTERRUPTED;
 * the gate is then as before. The gate must be closed before the rerun. */
enum status rerun_confirm(struct rerun *rerun, struct gate *gate, struct error *error);

void rerun_close(struct rerun *rerun);

#endif
