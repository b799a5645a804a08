/* What the files history*.c share. For them alone. */
#ifndef POCKETMARK_REPORTS_HISTORY_DATABASE_H
#define POCKETMARK_REPORTS_HISTORY_DATABASE_H

#include <stdbool.h>

#include "kernels/base.h"

struct sqlite3;
struct sqlite3_stmt;

struct history {
    struct sqlite3 *database;
    char *path, *folder; /* folder: absolute, where the database lies */
};

/* The error of the last call of this database, with its remedy. */
enum status history_fail(const struct history *history, struct error *error);

/* Runs statements without results. */
enum status history_run(const struct history *history, const char *sql, struct error *error);

enum status history_prepare(const struct history *history, const char *sql, struct sqlite3_stmt **statement,
                            struct error *error);

/* BEGIN IMMEDIATE; COMMIT where `status` is STATUS_OK, else ROLLBACK, and `status` or what went wrong. */
enum status history_begin(const struct history *history, struct error *error);
enum status history_end(const struct history *history, enum status status, struct error *error);

/* Makes the tables anew, empty. */
enum status history_clear(const struct history *history, struct error *error);

#endif
