#include "runner/session.h"

#include <stdio.h>
#include <string.h>

enum status session_lock(struct session *session, struct progress *progress, struct error *error)
{
    const struct invocation *invocation = session->invocation;
    enum status status;

    if (session->locked)
        return STATUS_OK;
    status =
        lock_take(&session->lock, options_flag(invocation->options, OPTION_WAIT), invocation->signal, progress, error);
    session->locked = status == STATUS_OK;
    return status;
}

enum status session_open(struct session *session, const struct invocation *invocation, struct progress *progress,
                         struct options **options, bool *finished, struct error *error)
{
    const char *folder;
    enum status status;

    *session = (struct session){.invocation = invocation, .lock.fd = -1, .journal.fd = -1};
    *options = invocation->options;
    *finished = false;
    if (!options_given(invocation->options, OPTION_RESUME))
        return STATUS_OK;
    folder = options_text(invocation->options, OPTION_RESUME, 0);
    status = resume_result_path(folder, session->result, error);
    if (!status)
        status = session_lock(session, progress, error);
    if (status || (*finished = resume_is_finished(folder, session->result)))
        return status;
    status = journal_load(&session->journal, folder, error);
    if (!status)
        status = resume_options(&session->options, invocation->options, &session->journal, error);
    session->resumed = status == STATUS_OK;
    *options = &session->options;
    if (!status)
        progress_say(progress, "going on: %zu launches are in the journal", journal_launches(&session->journal));
    return status;
}

/* The arguments of `run` as they were given. */
static bool add_arguments(struct event *plan, const struct invocation *invocation)
{
    for (int i = 0; i < invocation->argc; i++)
        if (!event_add(plan, invocation->argv[i]))
            return false;
    return true;
}

enum status session_begin(struct session *session, const char *base, struct record *const *records, size_t count,
                          struct memory *memory, struct error *error)
{
    char folder[JOURNAL_FOLDER_MAX];
    struct event now = {0};
    enum status status = STATUS_OK;

    resume_describe(&now, (const struct record *const *)records, count, memory);
    if (session->resumed) {
        status = resume_check(&session->journal, &now, error);
        if (!status)
            status = journal_continue(&session->journal, &now, error);
        if (!status)
            resume_adopt(&session->journal, &now, records, count, memory);
    } else if (!add_arguments(&now, session->invocation)) {
        status = error_set(error, STATUS_MEMORY, "out of memory for the journal");
    } else {
        snprintf(folder, sizeof folder, "%s" RESUME_FOLDER_SUFFIX, base);
        status = journal_create(&session->journal, folder, &now, error);
    }
    if (!status)
        status = resume_result_path(session->journal.folder, session->result, error);
    session->begun = status == STATUS_OK;
    event_close(&now);
    return status;
}

struct journal *session_journal(struct session *session)
{
    return session->begun ? &session->journal : NULL;
}

enum status session_end(struct session *session, enum status written, struct progress *progress, struct error *error)
{
    const struct error *failed = journal_failed(session_journal(session));
    const volatile sig_atomic_t *signal = session->invocation->signal;

    if (!session->begun)
        return error->status;
    if (failed && !error->status)
        *error = *failed;
    if (*signal)
        journal_stop(&session->journal, *signal);
    if (failed || *signal || written)
        progress_say(progress, "to go on with this run: pocketmark run --resume %s", session->journal.folder);
    else
        journal_finish(&session->journal, session->result,
                       options_flag(session->invocation->options, OPTION_KEEP_JOURNAL) ||
                           options_flag(&session->options, OPTION_KEEP_JOURNAL),
                       error);
    return error->status;
}

void session_close(struct session *session)
{
    options_close(&session->options);
    journal_close(&session->journal);
    lock_release(&session->lock);
}
