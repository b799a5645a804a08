/* What `check` is about: result files, pooled into a candidate and its baselines. */
#ifndef POCKETMARK_RUNNER_CHECK_INPUTS_H
#define POCKETMARK_RUNNER_CHECK_INPUTS_H

#include "reports/gate.h"
#include "runner/options.h"

enum { CHECK_FILES_MAX = 64 };

/* A record of one file, or of several that are repeats of each other. */
struct check_source {
    struct record record;
    char name[300];           /* "a.json", "a.json and 2 more" */
    size_t files, path_bytes; /* the first one's path in name */
};

struct check_side {
    struct check_source *sources; /* owned */
    size_t count;
};

struct check_inputs {
    struct check_side baselines, candidates; /* candidates: one source */
};

/* Reads --baseline and --candidate. Baselines of one plan, build and device are pooled, others stand apart, in the order of their
 * first files. STATUS_MISUSE: an option is missing; STATUS_UNLIKE: candidates that are no repeats of each other, a result that is
 * there twice; and the errors of document_read_file. check_inputs_close() in every case. */
enum status check_inputs_read(struct check_inputs *inputs, const struct options *options, struct error *error);

void check_inputs_close(struct check_inputs *inputs);

#endif
