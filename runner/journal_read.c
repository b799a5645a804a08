#include "runner/journal_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/clock.h"
#include "reports/input.h"

#define SECONDS_MAX 1e9 /* no run lasts thirty years */

/* ---- loading ---- */

/* The beginning of a launch that ended; NULL for other events. */
static const struct event *beginning_of(const struct journal *journal, size_t end)
{
    const struct event *event = journal_event(journal, end), *begin;
    double seq = event_is(event, "end") ? event_number(event, "begin") : -1;

    if (!(seq >= 0 && seq < (double)end))
        return NULL;
    begin = journal_event(journal, (size_t)seq);
    return event_is(begin, "begin") ? begin : NULL;
}

/* Where the members of an event are not what its name promises. */
static const char *what_is_wrong(const struct journal *journal, size_t index)
{
    const struct event *event = journal_event(journal, index);

    if ((index == 0) != event_is(event, "plan"))
        return index ? "a second plan" : "it is not the plan that a journal begins with";
    if (!(event_number(event, "elapsed_seconds") >= 0 && event_number(event, "elapsed_seconds") <= SECONDS_MAX))
        return "elapsed_seconds is missing";
    if ((event_is(event, "plan") || event_is(event, "resume")) && !*event_word(event, "start_ns"))
        return "start_ns is missing";
    if (event_is(event, "end") && !beginning_of(journal, index))
        return "the end of a launch that did not begin";
    if (event_is(event, "end") &&
        !(event_number(event, "status") >= STATUS_OK && event_number(event, "status") <= STATUS_UNLIKE))
        return "status is missing";
    return NULL;
}

enum status journal_load(struct journal *journal, const char *folder, struct error *error)
{
    char path[JOURNAL_PATH_MAX];
    enum status status = journal_open_empty(journal, folder, error);

    if (!status)
        status = input_read(journal_path(journal, JOURNAL_FILE, path), &journal->text, &journal->length, error);
    if (status)
        return status;
    journal->capacity = journal->length;
    status = events_read(&journal->events, journal->text, journal->length, error);
    if (status)
        return error_prefix(error, "%s", path);
    if (!journal->events.count)
        return error_set(error, STATUS_FORMAT, "%s: not even its first line is whole: nothing was measured", path);
    for (size_t i = 0; i < journal->events.count; i++) {
        const char *wrong = what_is_wrong(journal, i);
        if (wrong)
            return error_set(error, STATUS_FORMAT, "%s: line %zu: %s", path, i + 1, wrong);
    }
    journal->recalled = calloc(journal->events.count, sizeof *journal->recalled);
    if (!journal->recalled)
        return error_set(error, STATUS_MEMORY, "out of memory for the journal");
    journal->length = journal->events.good_bytes;
    journal->chain = journal->events.chain;
    return STATUS_OK;
}

const struct event *journal_plan(const struct journal *journal)
{
    return journal_event(journal, 0);
}

const char *journal_result(const struct journal *journal)
{
    const struct event *last = journal_event(journal, journal->events.count - 1);

    return event_is(last, "finish") ? event_word(last, "result") : NULL;
}

size_t journal_launches(const struct journal *journal)
{
    size_t count = 0;

    for (size_t i = 0; i < journal->events.count; i++)
        count += beginning_of(journal, i) != NULL;
    return count;
}

/* ---- recalling ---- */

static bool same_command(const struct event *begin, const struct child_command *command)
{
    if (begin->string_count != command->count + 1 || strcmp(begin->strings[0], command->path) != 0)
        return false;
    for (size_t i = 0; i < command->count; i++)
        if (strcmp(begin->strings[i + 1], command->argv[i]) != 0)
            return false;
    return true;
}

/* "roof", "gate", "launch" …: the second argument of a child. */
static const char *kind_of(const struct event *begin)
{
    return begin->string_count > 3 ? begin->strings[3] : "";
}

/* May the launch that ended with that event still be had? */
static bool is_left(const struct journal *journal, size_t index)
{
    const struct event *begin = beginning_of(journal, index);
    bool forgotten = begin && journal->forgotten_kind && index < journal->forgotten_before &&
                     strcmp(kind_of(begin), journal->forgotten_kind) == 0;

    return begin && !forgotten && !journal->recalled[index];
}

bool journal_recall(struct journal *journal, const struct child_command *command, struct recalled *recalled)
{
    const char *start = "";

    for (size_t i = 0; journal && i < journal->events.count; i++) {
        const struct event *event = journal_event(journal, i);
        if (event_is(event, "plan") || event_is(event, "resume"))
            start = event_word(event, "start_ns");
        if (!is_left(journal, i) || !same_command(beginning_of(journal, i), command))
            continue;
        journal->recalled[i] = true;
        journal->replayed_seconds = event_number(event, "elapsed_seconds");
        *recalled = (struct recalled){
            .lines = event->strings, .count = event->string_count, .start_ns = strtoull(start, NULL, 10)};
        if (event_number(event, "status") > 0)
            error_set(&recalled->failure, (enum status)event_number(event, "status"), "%s", event_word(event, "text"));
        return true;
    }
    if (journal &&
        !(journal->forgotten_kind && command->count > 2 && strcmp(command->argv[2], journal->forgotten_kind) == 0))
        journal->replaying = false;
    return false;
}

void journal_forget(struct journal *journal, const char *kind, size_t before)
{
    journal->forgotten_kind = kind;
    journal->forgotten_before = before;
}

const char *journal_next_kind(const struct journal *journal)
{
    for (size_t i = 0; journal && journal->replaying && i < journal->events.count; i++)
        if (is_left(journal, i))
            return kind_of(beginning_of(journal, i));
    return NULL;
}

uint64_t journal_now_ns(const struct journal *journal)
{
    return journal_next_kind(journal) ? journal->start_ns + (uint64_t)(journal->replayed_seconds * 1e9)
                                      : clock_now_ns();
}

uint64_t journal_start_ns(const struct journal *journal)
{
    return journal ? journal->start_ns : clock_now_ns();
}
