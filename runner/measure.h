/* The measuring loop: roofs, gates, then rounds of launches, each in a process of its own. */
#ifndef POCKETMARK_RUNNER_MEASURE_H
#define POCKETMARK_RUNNER_MEASURE_H

#include <signal.h>

#include "devices/memory.h"
#include "reports/record.h"
#include "runner/plan.h"
#include "runner/progress.h"

struct measure {
    const struct plan *plan;
    const struct host *host;
    const struct memory *memory;
    isa_set isa;
    const char *program;                 /* file of the program to start launches from: "/proc/self/exe" */
    const volatile sig_atomic_t *signal; /* non-zero: stop */
    struct progress *progress;
    struct record *record; /* environment and cells are filled */
};

/* Every planned case becomes a cell: ok, skipped or failed. Returns STATUS_MEMORY only; what fails is in the record. */
enum status measure_run(const struct measure *measure, struct error *error);

/* Launches, gates and the roofs that measure_run will start at most: the steps of a progress line. */
size_t measure_step_count(const struct plan *plan);

#endif
