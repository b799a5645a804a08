/* The commands of the program, as a table. */
#ifndef POCKETMARK_RUNNER_COMMANDS_H
#define POCKETMARK_RUNNER_COMMANDS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"

struct options;

enum command {
    COMMAND_DETECT,
    COMMAND_LIST,
    COMMAND_RUN,
    COMMAND_ROOF,
    COMMAND_FIT,
    COMMAND_VERIFY,
    COMMAND_LOGITS,
    COMMAND_EXPORT_GGUF,
    COMMAND_COMPARE,
    COMMAND_CHECK,
    COMMAND_HISTORY,
    COMMAND_REPORT,
    COMMAND_EXPORT,
    COMMAND_IMPORT,
    COMMAND_VALIDATE,
    COMMAND_CHILD, /* hidden: what `run` starts for each launch; by hand it repeats one and prints its lines */
    COMMAND_COUNT,
};

/* Exit codes of the program; a run that a signal ended exits with 128 + its number. */
enum {
    EXIT_OK = 0,
    EXIT_UNVERIFIED = 1,
    EXIT_REGRESSED = 1,
    EXIT_MISUSE = 2,
    EXIT_INCONCLUSIVE = 3,
    EXIT_NOT_COMPARABLE = 4,
    EXIT_CASE_FAILED = 5,
    EXIT_FILE = 74,
    EXIT_UNFIT = 75,
    EXIT_SIGNAL = 128,
};

/* What a command is called with. */
struct invocation {
    struct options *options;             /* a profile fills in what the user left open */
    const volatile sig_atomic_t *signal; /* number of the signal that asked us to stop, 0 while there is none */
    int argc;                            /* the arguments behind the command's name, as they were given */
    char *const *argv;
};

struct command_info {
    const char *name, *arguments, *summary;
    const char *notes; /* more for its own help, NULL: nothing */
    size_t arguments_least, arguments_most;
    bool hidden;
    bool catches_signals; /* SIGINT and SIGTERM set invocation->signal instead of ending the process */
    /* Returns the exit code. Where error->status is set on return, its text is yet to be shown. */
    int (*run)(const struct invocation *invocation, struct error *error);
};

const struct command_info *command_info(enum command command);

/* False where no visible or hidden command has that name. */
bool command_from_name(const char *name, enum command *command);

/* The visible command that looks most like `name`, or NULL. */
const char *command_suggest(const char *name);

/* The exit code that tells of this status. */
int exit_code_of(enum status status);

/* One function per command; see the table. */
int command_detect(const struct invocation *invocation, struct error *error);
int command_list(const struct invocation *invocation, struct error *error);
int command_run(const struct invocation *invocation, struct error *error);
int command_roof(const struct invocation *invocation, struct error *error);
int command_fit(const struct invocation *invocation, struct error *error);
int command_verify(const struct invocation *invocation, struct error *error);
int command_logits(const struct invocation *invocation, struct error *error);
int command_export_gguf(const struct invocation *invocation, struct error *error);
int command_compare(const struct invocation *invocation, struct error *error);
int command_check(const struct invocation *invocation, struct error *error);
int command_history(const struct invocation *invocation, struct error *error);
int command_report(const struct invocation *invocation, struct error *error);
int command_export(const struct invocation *invocation, struct error *error);
int command_import(const struct invocation *invocation, struct error *error);
int command_validate(const struct invocation *invocation, struct error *error);
int command_child(const struct invocation *invocation, struct error *error);

#endif
