/* The journal of a run: each launch as it ended, on the disk before the next one begins, so that a run can go on after a crash, a
 * reboot or Ctrl-C. It lies in a folder of its own beside the result, in journal.jsonl; reports/document_journal.h has the form
 * of its lines. Every event holds elapsed_seconds, the time since the run began without the pauses.
 *
 *   plan    facts: the caller's; strings: the arguments of `run`
 *   resume  facts: the caller's
 *   begin   a launch is about to start; strings: the program's file and the arguments
 *   end     it ended; begin: seq of that line, status and text: what failed; strings: all the lines it told
 *   stop    the run was asked to stop: signal
 *   finish  the result is in place: result
 *
 * A launch without an end is never counted. */
#ifndef POCKETMARK_RUNNER_JOURNAL_H
#define POCKETMARK_RUNNER_JOURNAL_H

#include "reports/document_journal.h"
#include "runner/child.h"

enum { JOURNAL_FOLDER_MAX = 512 };

struct journal {
    char folder[JOURNAL_FOLDER_MAX];
    struct events events;       /* as they were read */
    bool *recalled;             /* by index of an end event: nothing more to be had from it */
    bool replaying;             /* the next launch may be among them */
    double replayed_seconds;    /* elapsed_seconds of the last launch that was recalled */
    const char *forgotten_kind; /* launches of that kind before that event are not recalled; NULL: none */
    size_t forgotten_before;
    int fd;     /* −1: not open for writing */
    char *text; /* all that is or should be in the file */
    size_t length, capacity;
    struct event_chain chain;
    uint64_t start_ns;   /* clock_now_ns() when the run would have begun, had there been no pauses; may lie before 0 */
    uint64_t begin_seq;  /* of the launch that goes on */
    struct event told;   /* what it has told */
    struct error failed; /* status set: it could not be written, and the run must stop */
};

/* Where NULL stands for a journal, nothing is written and nothing recalled. */

/* Makes the folder, which must not exist yet, and begins a journal with the event `plan` in it. Sees to it first that the disk
 * has 64 MiB left, and keeps a MiB of them for the partial result. STATUS_IO names the folder. Close with journal_close in every
 * case. */
enum status journal_create(struct journal *journal, const char *folder, const struct event *plan, struct error *error);

/* Reads the journal of `folder`. STATUS_IO where there is none, STATUS_FORMAT with file and line where it is broken in its middle.
 * Close with journal_close in every case. */
enum status journal_load(struct journal *journal, const char *folder, struct error *error);

/* The first event of a journal that was read; the second: the result's path where the run was finished, else NULL. */
const struct event *journal_plan(const struct journal *journal);
const char *journal_result(const struct journal *journal);

/* Number of launches that a journal holds. */
size_t journal_launches(const struct journal *journal);

/* Goes on with a journal that was read: takes a torn line away and appends the event `resume`. STATUS_IO. */
enum status journal_continue(struct journal *journal, const struct event *resume, struct error *error);

/* A launch as the journal has it. */
struct recalled {
    char **lines; /* the journal's; may be cut to pieces */
    size_t count;
    uint64_t start_ns; /* of the run, on the clock that the lines were told by */
    struct error failure;
};

/* True where the journal holds a launch of that very command which was not recalled yet; the oldest one is taken. */
bool journal_recall(struct journal *journal, const struct child_command *command, struct recalled *recalled);

/* Launches of that kind ("roof") which ended before event `before` are not to be recalled: the machine is another since. */
void journal_forget(struct journal *journal, const char *kind, size_t before);

/* While launches are had from the journal: the kind ("canary", "launch") of the one that came next in that run, which is what the
 * run must do next whatever its clock says. NULL once there are none left. */
const char *journal_next_kind(const struct journal *journal);

/* The time for all that a run decides by time: clock_now_ns(), and while launches are had from the journal what it was then.
 * Never before journal_start_ns. */
uint64_t journal_now_ns(const struct journal *journal);

/* When the run began on that clock: now where there is no journal. */
uint64_t journal_start_ns(const struct journal *journal);

/* Events of one launch. They cannot fail: see journal_failed. A launch that was stopped gets no end. */
void journal_launch_begin(struct journal *journal, const struct child_command *command);
void journal_launch_tell(struct journal *journal, const char *line);
void journal_launch_end(struct journal *journal, const struct error *failure);

/* The run ends early, by that signal. */
void journal_stop(struct journal *journal, int signal);

/* The error that keeps the run from going on, or NULL while all is well. */
const struct error *journal_failed(const struct journal *journal);

/* The result is in place: the folder is removed, or with `keep` closed for good. STATUS_IO. */
enum status journal_finish(struct journal *journal, const char *result, bool keep, struct error *error);

void journal_close(struct journal *journal);

#endif
