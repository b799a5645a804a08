/* The plan of `fit`: the run that would measure all that it predicts. */
#ifndef POCKETMARK_RUNNER_FIT_PLAN_H
#define POCKETMARK_RUNNER_FIT_PLAN_H

#include "runner/plan.h"
#include "workloads/scenario.h"

enum { FIT_PROMPT_TOKENS = 512, FIT_GENERATED_TOKENS = 128 };

/* Lays out every described model, or those asked for, smallest first, in every format; one case each. `run` gets the options of the
 * `pocketmark run` that would measure them; it must outlive the plan. STATUS_MISUSE for what makes no sense here, and the errors of
 * plan_build. plan_close() and options_close() in every case. */
enum status fit_plan(struct plan *plan, struct options *run, const struct options *options, const struct host *host,
                     struct error *error);

struct fit_scenarios {
    struct scenario *items; /* owned */
    size_t count;
};

/* Every described scenario. STATUS_IO, STATUS_FORMAT, STATUS_MEMORY. Free items in every case. */
enum status fit_scenarios(struct fit_scenarios *scenarios, struct error *error);

#endif
