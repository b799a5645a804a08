/* Child processes: a command of this program run apart, its lines heard over a pipe. */
#ifndef POCKETMARK_RUNNER_CHILD_H
#define POCKETMARK_RUNNER_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"

enum { CHILD_ARGUMENTS_MAX = 48, CHILD_TEXT_MAX = 16384, CHILD_REPORT_FD = 3 };

/* Arguments as they are spelled; argv is NULL-terminated. */
struct child_command {
    const char *path; /* the program's file */
    char *argv[CHILD_ARGUMENTS_MAX + 1];
    size_t count, used;
    bool overflow;     /* something did not fit: child_run refuses */
    bool hears_output; /* a foreign program: its standard output is what is heard, in place of CHILD_REPORT_FD */
    char text[CHILD_TEXT_MAX];
};

/* Starts a command line with its name (argv[0]). */
void child_command_open(struct child_command *command, const char *path, const char *name);
void child_command_add(struct child_command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How it ended. */
struct child_end {
    int signal;                  /* that ended it, 0: none */
    int code;                    /* its exit code where signal is 0 */
    bool timed_out, interrupted; /* we ended it */
};

struct child_hooks {
    void (*line)(void *context, char *line); /* each line it writes to CHILD_REPORT_FD, without its end */
    void (*tick)(void *context);             /* about once a second, or NULL: then nothing wakes us while it works */
    void *context;
};

/* Runs it to its end. Its standard output goes to our standard error. It is killed when we die, when `timeout_seconds` have
 * passed, and when *stop becomes non-zero. STATUS_FAILED only where it could not be started. */
enum status child_run(const struct child_command *command, double timeout_seconds, const volatile sig_atomic_t *stop,
                      const struct child_hooks *hooks, struct child_end *end, struct error *error);

/* Why a launch that did not tell "done" failed: "killed by SIGKILL, probably out of memory", "ended by SIGSEGV", … */
void child_end_describe(const struct child_end *end, char *text, size_t size);

#endif
