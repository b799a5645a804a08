#include "runner/journal_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "devices/clock.h"
#include "reports/save.h"
#include "reports/writer.h"

#define RESERVE_FILE "reserve"

enum { FREE_BYTES_LEAST = 64 << 20, RESERVE_BYTES = 1 << 20 };

const char *journal_path(const struct journal *journal, const char *name, char path[JOURNAL_PATH_MAX])
{
    snprintf(path, JOURNAL_PATH_MAX, "%s/%s", journal->folder, name);
    return path;
}

enum status journal_open_empty(struct journal *journal, const char *folder, struct error *error)
{
    *journal = (struct journal){.fd = -1};
    if (snprintf(journal->folder, sizeof journal->folder, "%s", folder) >= (int)sizeof journal->folder)
        return error_set(error, STATUS_IO, "%s: the name is too long for a journal", folder);
    for (size_t end = strlen(journal->folder); end > 1 && journal->folder[end - 1] == '/';)
        journal->folder[--end] = '\0';
    return STATUS_OK;
}

/* ---- writing ---- */

static void give_up_reserve(const struct journal *journal)
{
    char path[JOURNAL_PATH_MAX];

    unlink(journal_path(journal, RESERVE_FILE, path));
}

static void remove_all(struct journal *journal)
{
    char path[JOURNAL_PATH_MAX];

    give_up_reserve(journal);
    unlink(journal_path(journal, JOURNAL_FILE, path));
    rmdir(journal->folder);
}

/* A file that could not be written or synced once is not trusted again: all of it goes to a new one, in the space of the reserve
 * where the disk is full. Whether or not that helps, the run stops, so that what was measured is saved while it can be. */
static void fail(struct journal *journal, int cause)
{
    struct error ignored = {0};
    char path[JOURNAL_PATH_MAX];

    journal_path(journal, JOURNAL_FILE, path);
    error_set(&journal->failed, STATUS_IO, "%s: cannot write: %s; the run was stopped to save what it has", path,
              strerror(cause));
    give_up_reserve(journal);
    close(journal->fd);
    journal->fd = -1;
    writer_save_bytes(path, journal->text, journal->length, &ignored);
}

static bool keep_text(struct journal *journal, const char *text, size_t length)
{
    if (length > journal->capacity - journal->length) {
        size_t capacity = 2 * journal->capacity + length;
        char *larger = realloc(journal->text, capacity);
        if (!larger)
            return false;
        journal->text = larger;
        journal->capacity = capacity;
    }
    memcpy(journal->text + journal->length, text, length);
    journal->length += length;
    return true;
}

/* Adds the time to the event and the event to the text; *from is where it begins there. */
static enum status seal(struct journal *journal, struct event *event, size_t *from, struct error *error)
{
    char *line;
    enum status status;

    facts_number(&event->facts, "elapsed_seconds", NULL, clock_seconds(journal->start_ns, clock_now_ns()));
    status = event_text(event, &journal->chain, &line, error);
    *from = journal->length;
    if (!status && !keep_text(journal, line, strlen(line)))
        status = error_set(error, STATUS_MEMORY, "out of memory for the journal");
    free(line);
    return status;
}

static void append(struct journal *journal, struct event *event)
{
    size_t from;

    if (journal->fd < 0 || journal->failed.status || seal(journal, event, &from, &journal->failed))
        return;
    if (!save_put(journal->fd, journal->text + from, journal->length - from) || fdatasync(journal->fd) != 0)
        fail(journal, errno);
}

static void append_named(struct journal *journal, const char *name, struct event *event)
{
    snprintf(event->name, sizeof event->name, "%s", name);
    append(journal, event);
}

/* ---- beginning ---- */

static enum status check_space(const char *folder, struct error *error)
{
    struct statvfs about;
    double free_bytes;

    if (statvfs(folder, &about) != 0)
        return error_set(error, STATUS_IO, "%s: cannot see how much space is left: %s", folder, strerror(errno));
    free_bytes = (double)about.f_bavail * (double)about.f_frsize;
    if (free_bytes >= FREE_BYTES_LEAST)
        return STATUS_OK;
    return error_set(error, STATUS_IO,
                     "%s: only %.1f MB are free on its disk, and a run begins with %.0f at least: free some space or "
                     "run in another folder",
                     folder, free_bytes / 1e6, FREE_BYTES_LEAST / 1e6);
}

static enum status make_reserve(const struct journal *journal, struct error *error)
{
    char path[JOURNAL_PATH_MAX];
    int fd = open(journal_path(journal, RESERVE_FILE, path), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    int cause = fd < 0 ? errno : posix_fallocate(fd, 0, RESERVE_BYTES);

    if (fd >= 0)
        close(fd);
    if (!cause)
        return STATUS_OK;
    return error_set(error, STATUS_IO, "%s: cannot reserve a megabyte for a partial result: %s", path, strerror(cause));
}

static enum status open_for_appending(struct journal *journal, struct error *error)
{
    char path[JOURNAL_PATH_MAX];

    journal->fd = open(journal_path(journal, JOURNAL_FILE, path), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (journal->fd >= 0)
        return STATUS_OK;
    return error_set(error, STATUS_IO, "%s: cannot append: %s", path, strerror(errno));
}

static void tell_start(struct event *event, const struct journal *journal)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRIu64, journal->start_ns);
    facts_text(&event->facts, "start_ns", NULL, digits); /* as text: a JSON number holds but 53 bits */
}

/* A copy of the caller's event with what the journal itself needs. */
static enum status copy_event(const struct event *from, const char *name, struct event *to, struct error *error)
{
    *to = (struct event){0};
    snprintf(to->name, sizeof to->name, "%s", name);
    for (size_t i = 0; i < from->facts.count; i++)
        facts_append(&to->facts, &from->facts.items[i]);
    for (size_t i = 0; i < from->string_count; i++)
        if (!event_add(to, from->strings[i]))
            return error_set(error, STATUS_MEMORY, "out of memory for the journal");
    return STATUS_OK;
}

enum status journal_create(struct journal *journal, const char *folder, const struct event *plan, struct error *error)
{
    char path[JOURNAL_PATH_MAX], parent[JOURNAL_PATH_MAX], *slash;
    struct event event = {0};
    size_t from;
    enum status status = journal_open_empty(journal, folder, error);

    if (status)
        return status;
    snprintf(parent, sizeof parent, "%s", journal->folder);
    if ((slash = strrchr(parent, '/')))
        *slash = '\0';
    if ((status = check_space(slash ? parent : ".", error)))
        return status;
    if (mkdir(journal->folder, 0777) != 0)
        return error_set(error, STATUS_IO, "%s: cannot make the folder: %s", journal->folder, strerror(errno));
    journal->start_ns = clock_now_ns();
    status = copy_event(plan, "plan", &event, error);
    tell_start(&event, journal);
    if (!status)
        status = seal(journal, &event, &from, error);
    if (!status)
        status = make_reserve(journal, error);
    if (!status)
        status = writer_save_bytes(journal_path(journal, JOURNAL_FILE, path), journal->text, journal->length, error);
    if (!status)
        status = open_for_appending(journal, error);
    if (!status && !save_sync_folder(slash ? parent : "."))
        status = error_set(error, STATUS_IO, "%s: cannot sync the folder: %s", slash ? parent : ".", strerror(errno));
    if (status) /* nothing was measured: leave nothing behind */
        remove_all(journal);
    event_close(&event);
    return status;
}

enum status journal_continue(struct journal *journal, const struct event *resume, struct error *error)
{
    double seconds = event_number(journal_event(journal, journal->events.count - 1), "elapsed_seconds");
    struct event event = {0};
    enum status status = check_space(journal->folder, error);

    journal->start_ns = clock_now_ns() - (uint64_t)(seconds * 1e9);
    journal->replaying = true;
    if (!status)
        status = make_reserve(journal, error);
    if (!status)
        status = copy_event(resume, "resume", &event, error);
    if (!status)
        status = open_for_appending(journal, error);
    if (!status && ftruncate(journal->fd, (off_t)journal->length) != 0)
        status = error_set(error, STATUS_IO, "%s: cannot take its torn last line away: %s", journal->folder,
                           strerror(errno));
    if (!status) {
        tell_start(&event, journal);
        append(journal, &event);
        *error = journal->failed;
        status = error->status;
    }
    event_close(&event);
    return status;
}

/* ---- launches ---- */

void journal_launch_begin(struct journal *journal, const struct child_command *command)
{
    struct event event = {0};
    bool whole;

    if (!journal)
        return;
    event_close(&journal->told);
    journal->begin_seq = journal->chain.seq;
    whole = event_add(&event, command->path);
    for (size_t i = 0; i < command->count && whole; i++)
        whole = event_add(&event, command->argv[i]);
    if (whole)
        append_named(journal, "begin", &event);
    else
        error_set(&journal->failed, STATUS_MEMORY, "out of memory for the journal");
    event_close(&event);
}

void journal_launch_tell(struct journal *journal, const char *line)
{
    if (journal && !event_add(&journal->told, line))
        error_set(&journal->failed, STATUS_MEMORY, "out of memory for the journal");
}

void journal_launch_end(struct journal *journal, const struct error *failure)
{
    struct event *event = journal ? &journal->told : NULL;

    if (!journal)
        return;
    facts_integer(&event->facts, "begin", NULL, (int64_t)journal->begin_seq);
    facts_integer(&event->facts, "status", NULL, failure->status);
    if (failure->status)
        facts_text(&event->facts, "text", NULL, failure->text);
    append_named(journal, "end", event);
    event_close(event);
}

void journal_stop(struct journal *journal, int signal)
{
    struct event event = {0};

    if (!journal)
        return;
    facts_integer(&event.facts, "signal", NULL, signal);
    append_named(journal, "stop", &event);
    event_close(&event);
}

const struct error *journal_failed(const struct journal *journal)
{
    return journal && journal->failed.status ? &journal->failed : NULL;
}

/* ---- ending ---- */

enum status journal_finish(struct journal *journal, const char *result, bool keep, struct error *error)
{
    struct event event = {0};

    facts_text(&event.facts, "result", NULL, result);
    append_named(journal, "finish", &event);
    event_close(&event);
    if (keep) {
        give_up_reserve(journal);
        *error = journal->failed;
        return error->status;
    }
    remove_all(journal); /* with or without that last line: the result tells that the run was finished */
    return STATUS_OK;
}

void journal_close(struct journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    event_close(&journal->told);
    events_close(&journal->events);
    free(journal->recalled);
    free(journal->text);
    *journal = (struct journal){.fd = -1};
}
