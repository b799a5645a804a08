/* The measuring loop: roofs, gates, then rounds of launches, each in a process of its own. */
#ifndef POCKETMARK_RUNNER_MEASURE_H
#define POCKETMARK_RUNNER_MEASURE_H

#include <signal.h>

#include "devices/memory.h"
#include "reports/record.h"
#include "runner/journal.h"
#include "runner/plan.h"
#include "runner/progress.h"

/* Who runs the cases. The first contender is this program; a second one is measured in the same rounds. */
struct contender {
    const char *program;     /* file to start launches from: "/proc/self/exe" for this program */
    const char *llama_bench; /* NULL; else a llama-bench, which a launch of `program` runs */
    const char *label;       /* for progress: "", "against" */
    struct record *record;   /* its environment and cells are filled; cell i belongs to case i */
};

struct measure {
    const struct plan *plan;
    const struct host *host;
    const struct memory *memory;
    isa_set isa;
    const struct contender *contenders;
    size_t contender_count;              /* at least 1 */
    const volatile sig_atomic_t *signal; /* non-zero: stop */
    struct progress *progress;
    struct journal *journal; /* NULL: none */
};

/* Every planned case becomes a cell of every contender's record: ok, skipped or failed. A launch that crashes, is killed or hangs
 * is an event of its cell ("launches.failures" of its observations); the case fails when fewer than half of its launches succeed,
 * or three in a row do not. Roofs and canaries are measured once and told in every record. Returns STATUS_MEMORY only; what fails
 * is in the records. */
enum status measure_run(const struct measure *measure, struct error *error);

#endif
