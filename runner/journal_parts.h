/* What the files journal*.c share. For them alone. */
#ifndef POCKETMARK_RUNNER_JOURNAL_PARTS_H
#define POCKETMARK_RUNNER_JOURNAL_PARTS_H

#include "runner/journal.h"

#define JOURNAL_FILE "journal.jsonl"

enum { JOURNAL_PATH_MAX = JOURNAL_FOLDER_MAX + 32 };

/* Path of a file of the journal's folder; returns `path`. */
const char *journal_path(const struct journal *journal, const char *name, char path[JOURNAL_PATH_MAX]);

/* A journal that holds nothing but its folder's name. STATUS_IO for one that is too long. */
enum status journal_open_empty(struct journal *journal, const char *folder, struct error *error);

/* An event of a journal that was read. */
static inline const struct event *journal_event(const struct journal *journal, size_t index)
{
    return &journal->events.items[index];
}

#endif
