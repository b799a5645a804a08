/* One engine with one model on it, in this process: what a launch, the gate, `verify` and `logits` work at. */
#ifndef POCKETMARK_RUNNER_WORKBENCH_H
#define POCKETMARK_RUNNER_WORKBENCH_H

#include "devices/engine.h"
#include "runner/options.h"
#include "runner/subject.h"

struct workbench {
    struct host host;
    isa_set isa;
    struct subject subject;
    struct engine_options engine_options;
    struct engine engine; /* ops set by workbench_open; state while it is open */
    uint64_t seed;
    double subject_seconds; /* what opening the model took */
};

/* Reads the machine, opens the model that the options (-q, --output-tensor-type, --seed, -e, -t,
 * --kv-type) and `request` name.
 * request NULL: no model. Nothing large is allocated. Close with workbench_close in every case. */
enum status workbench_open(struct workbench *bench, const struct options *options, const char *request,
                           struct error *error);

/* Opens the engine for that many tokens of context; load brings the weights in and marks the empty state. */
enum status workbench_start(struct workbench *bench, size_t context_tokens, struct error *error);
enum status workbench_load(struct workbench *bench, struct error *error);

/* Closes the engine alone, to give its memory back. */
void workbench_stop(struct workbench *bench);

void workbench_close(struct workbench *bench);

#endif
