/* Rounds of launches: in each, every case of every contender gets one, in an order of its own. */
#ifndef POCKETMARK_RUNNER_ROUNDS_H
#define POCKETMARK_RUNNER_ROUNDS_H

#include "runner/loop.h"

/* Runs rounds until no trial is active, the time is up or a signal came; then ends what is still active. STATUS_MEMORY. */
enum status rounds_run(struct loop *loop, struct error *error);

/* One more launch of this trial is known: how it ended (failure->status STATUS_OK: well) and what it told. */
void rounds_settle(struct loop *loop, struct trial *trial, struct outcome *outcome, const struct error *failure);

/* Ends the trials that are still to have launches, because the run does. */
void rounds_close(struct loop *loop);

#endif
