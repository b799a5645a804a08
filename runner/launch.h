/* One launch: the measuring itself, in a process of its own. Tells its lines as it goes. */
#ifndef POCKETMARK_RUNNER_LAUNCH_H
#define POCKETMARK_RUNNER_LAUNCH_H

#include <stdio.h>

#include "runner/options.h"

/* A model: load, a first repetition, more until one is as fast as the one before it, then measured ones. Nothing but the work and the clock stands between the
 * readings of a time. */
enum status launch_model(const struct options *options, FILE *out, struct error *error);

/* The same work done by the llama-bench that --program names. */
enum status launch_llama_bench(const struct options *options, FILE *out, struct error *error);

/* One matrix product, over and over. */
enum status launch_matmul(const struct options *options, FILE *out, struct error *error);

#endif
