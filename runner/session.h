/* What keeps a run alone on its machine and lets it go on later: the lock and the journal, from the command line to the end. */
#ifndef POCKETMARK_RUNNER_SESSION_H
#define POCKETMARK_RUNNER_SESSION_H

#include "runner/lock.h"
#include "runner/resume.h"

struct session {
    const struct invocation *invocation;
    struct lock lock;
    struct journal journal;
    struct options options; /* of a run that goes on */
    bool resumed, locked, begun;
    char result[RESUME_RESULT_MAX]; /* of a run that goes on or was finished: "results/x.json" */
};

/* Reads --resume: takes the lock, then the journal. *options is what the run works with: the invocation's, or those that the
 * journal holds. *finished: there is nothing to go on with, `result` is there. STATUS_UNSUPPORTED where another run measures,
 * STATUS_FORMAT for a broken journal. Close with session_close in every case. */
enum status session_open(struct session *session, const struct invocation *invocation, struct progress *progress,
                         struct options **options, bool *finished, struct error *error);

/* Takes the lock if session_open has not; with --wait as soon as it is free. */
enum status session_lock(struct session *session, struct progress *progress, struct error *error);

/* Begins the journal in the folder that belongs to `base` ("results/x"), or goes on with the one that was read; then the records
 * and the memory become those of that run. Records: all that the run fills, this program's first, described and with what the
 * preflight found. STATUS_UNLIKE where this is not the run that was begun. */
enum status session_begin(struct session *session, const char *base, struct record *const *records, size_t count,
                          struct memory *memory, struct error *error);

/* The journal, or NULL before session_begin. */
struct journal *session_journal(struct session *session);

/* The run is over and its result was written or not. The journal of a finished run goes; one that may go on stays, and is told.
 * An error of the journal takes the place of one that is not set. Returns error->status. */
enum status session_end(struct session *session, enum status written, struct progress *progress, struct error *error);

void session_close(struct session *session);

#endif
