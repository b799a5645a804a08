/* The gate before the timing: no speed without proof that the arithmetic is right. */
#ifndef POCKETMARK_RUNNER_GATES_H
#define POCKETMARK_RUNNER_GATES_H

#include "runner/loop.h"

/* The gate of one subject on one engine with that many threads, of one contender. */
struct gate {
    const struct plan_case *item; /* the first case that needs it */
    size_t contender;
    enum { GATE_OPEN, GATE_PASSED, GATE_WRONG, GATE_BROKEN } state;
    double nmse;
    char reason[480]; /* why there is no nmse, or why it is not passed */
};

/* Finds the gates of loop->trials; loop->gates has room for one per trial. A llama-bench has none. */
void gates_find(struct loop *loop);

/* How many of them an active trial stands behind. */
size_t gates_needed(const struct loop *loop);

/* Passes every gate that an active trial stands behind, and ends the trials of those that are not passed. STATUS_MEMORY. */
enum status gates_pass(struct loop *loop, struct error *error);

#endif
