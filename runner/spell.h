/* Spells a launch as the arguments of the hidden command `child`, so that a person can repeat it by hand. */
#ifndef POCKETMARK_RUNNER_SPELL_H
#define POCKETMARK_RUNNER_SPELL_H

#include "runner/child.h"
#include "runner/plan.h"

/* The roofs: read footprints like those of the models, each once, close ones as one; large_too: and one of 4 GiB, smaller where the probes shall be short. */
void spell_roof(struct child_command *command, const char *program, const struct plan *plan, bool large_too);
void spell_gate(struct child_command *command, const char *program, const struct plan *plan,
                const struct plan_case *item);

/* Launch `number` of the case, from 0. The first one of a file loads it cold, if more are to come. */
void spell_launch(struct child_command *command, const char *program, const struct plan *plan,
                  const struct plan_case *item, size_t number);

/* The same work through the llama-bench of that path. */
void spell_llama_bench(struct child_command *command, const char *program, const char *llama_bench,
                       const struct plan_case *item);

/* Who are you? */
void spell_identity(struct child_command *command, const char *program);

/* The canary, on the threads of the roofs. */
void spell_canary(struct child_command *command, const char *program, const struct plan *plan);

/* Time after which a launch of this case must be stuck. */
double spell_timeout_seconds(const struct plan_case *item);

#endif
