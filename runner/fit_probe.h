/* Probes of `fit`: models cut to a few layers, run as launches of the real engine, from which it learns what work takes here. */
#ifndef POCKETMARK_RUNNER_FIT_PROBE_H
#define POCKETMARK_RUNNER_FIT_PROBE_H

#include <signal.h>

#include "devices/memory.h"
#include "runner/plan.h"
#include "runner/predict.h"
#include "runner/progress.h"

enum { FIT_PROBES_MAX = PREDICT_PROBES_MAX / PREDICT_PHASES };

struct fit_probe {
    const struct plan_case *item; /* of the plan: model and format */
    size_t format, layers, prompt_tokens, generated_tokens, depth_tokens;
    struct predict_work works[PREDICT_PHASES];
    /* What came of it; NaN: not had. */
    double tokens_per_second[PREDICT_PHASES];
    double watts[PREDICT_PHASES], watts_error_ratio[PREDICT_PHASES];
    char failure[400];
};

struct fit_probes {
    char formats[PREDICT_FORMATS_MAX][32]; /* of the plan, each once */
    size_t format_count;
    struct fit_probe items[FIT_PROBES_MAX];
    size_t count;
    char energy_reason[400], source[64], scope[16]; /* why there is no power, or where it comes from */
};

/* What probes are made on. */
struct fit_machine {
    const struct plan *plan;
    const struct host *host;
    const struct memory *memory;
    isa_set isa;
    uint64_t runtime_bytes; /* of a process before it loads anything */
    double probe_seconds;   /* least decode of a probe */
    const volatile sig_atomic_t *signal;
    struct progress *progress;
};

/* Number of a format of the plan; format_count for none. */
size_t fit_format(const struct fit_probes *probes, const char *name);

/* Chooses for every format the narrowest, the widest and a middle one of the plan's models (each whatever its depth, at least two
 * layers of it, and so many that the weights lie well beyond the caches, or all), as far as memory allows. STATUS_MISUSE for more
 * formats than there is room for. */
enum status fit_probes_choose(struct fit_probes *probes, const struct fit_machine *machine, struct error *error);

/* Runs them. A probe that fails is told and left out. STATUS_INTERRUPTED; STATUS_FAILED where none was left, STATUS_MEMORY. */
enum status fit_probes_run(struct fit_probes *probes, const struct fit_machine *machine, struct error *error);

/* What the machine can do at best, in a short pass, into facts "roofs."; without roofs, why. STATUS_INTERRUPTED, STATUS_MEMORY. */
enum status fit_roofs(struct facts *environment, const struct fit_machine *machine, struct error *error);

/* Costs from what the probes gave; STATUS_UNSUPPORTED where they gave nothing. */
enum status fit_learn(struct predict_costs *costs, const struct fit_probes *probes, struct error *error);

/* Mean power over the probes of a format, NaN: unknown; *error_ratio the largest error of the source. */
double fit_watts(const struct fit_probes *probes, size_t format, enum predict_phase phase, double *error_ratio);

/* Tells probes, rates and residuals to the environment, under "fit.". */
void fit_tell(struct facts *environment, const struct fit_probes *probes, const struct predict_costs *costs);

#endif
