/* Progress on standard error: one live line on a terminal, plain lines otherwise, nothing when quiet. */
#ifndef POCKETMARK_RUNNER_PROGRESS_H
#define POCKETMARK_RUNNER_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
    FILE *out;
    bool quiet, live, colour;
    size_t done, total;
    uint64_t start_ns;
    double left_seconds; /* estimate; NaN: unknown */
    char what[200];
    bool shown; /* a live line stands on the terminal */
};

/* Looks at what `out` is and at NO_COLOR. */
void progress_open(struct progress *progress, FILE *out, bool quiet, size_t total);

/* Step `done` of total begins. */
void progress_step(struct progress *progress, const char *what, double left_seconds);

/* Shows the time again; only a live line changes. */
void progress_tick(struct progress *progress);

/* A warning or note, quiet or not: goes out as a line of its own. */
void progress_say(struct progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes the live line away. */
void progress_close(struct progress *progress);

#endif
