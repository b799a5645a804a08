/* Predictions of `fit`: does a case fit into memory, and what would it give? */
#ifndef POCKETMARK_RUNNER_FIT_FIGURES_H
#define POCKETMARK_RUNNER_FIT_FIGURES_H

#include "reports/record.h"
#include "runner/fit_probe.h"
#include "workloads/scenario.h"

struct fit_basis {
    const struct fit_machine *machine;
    const struct fit_probes *probes;
    const struct predict_costs *costs;
    double stated_watts;              /* what the user says the machine takes at work; NaN: nothing was said */
    const struct scenario *scenarios; /* every described one */
    size_t scenario_count;
};

/* Fills the figures and observations of a prediction, whose model, engine and parameters are those of the case. */
void fit_fill(struct cell *prediction, const struct plan_case *item, const struct fit_basis *basis);

/* What the case would take, with these numbers of tokens in place of its own. */
struct predicted fit_prefill(const struct plan_case *item, const struct fit_basis *basis, size_t prompt_tokens);
struct predicted fit_decode(const struct plan_case *item, const struct fit_basis *basis, size_t prompt_tokens,
                            size_t generated_tokens);

#endif
