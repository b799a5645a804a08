/* A file that appears whole or not at all: written under another name beside its place, synced, renamed, the folder synced. */
#ifndef POCKETMARK_REPORTS_SAVE_H
#define POCKETMARK_REPORTS_SAVE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"

struct save {
    int file;         /* to be written to, in any order */
    const char *path; /* as asked for: the caller's; errors name it */
    char *target;     /* the file to replace, links followed; NULL: a device or a pipe, which is written in place */
    char *temporary;  /* what is written until then; NULL where there is none */
};

/* STATUS_IO names path, cause and remedy. End with save_commit or save_abandon; after an error neither is needed. */
enum status save_open(struct save *save, const char *path, struct error *error);

/* All of the bytes, where the last write ended. */
enum status save_write(struct save *save, const void *bytes, size_t count, struct error *error);

/* Puts the file into place. Where that fails, nothing of it stays. */
enum status save_commit(struct save *save, struct error *error);

/* The same without waiting for the disk: for one of many files, all of which the caller makes last together. */
enum status save_commit_unsynced(struct save *save, struct error *error);

/* Nothing stays, and what was there before is untouched. A closed save is let be. */
void save_abandon(struct save *save);

/* Writes all bytes to an open file; false with errno set. */
bool save_put(int file, const void *bytes, size_t count);

/* Makes the names of a folder's files last; false with errno set. */
bool save_sync_folder(const char *folder);

/* STATUS_IO from errno: "PATH: cannot WHAT: cause: remedy". */
enum status save_error(const char *path, const char *what, struct error *error);

/* True if a file could be created at path now. A pipe need not have a reader yet. */
enum status save_probe(const char *path, struct error *error);

#endif
