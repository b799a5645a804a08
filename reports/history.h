/* An index over result documents, in an SQLite database: quick to search, and made again from the files at any time. The files are
 * the truth; losing the index loses nothing. */
#ifndef POCKETMARK_REPORTS_HISTORY_H
#define POCKETMARK_REPORTS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"
#include "reports/record.h"

struct history;

/* Where the index of the working folder is. */
#define HISTORY_FILE "results/history.db"

enum { HISTORY_PATIENCE_MS = 5000 };

/* Opens the index at path; for writing it is made where there is none. patience_ms: how long to wait for another program that
 * writes (HISTORY_PATIENCE_MS). Errors of all functions here name the path and the remedy: STATUS_FORMAT where the file is damaged
 * or of a newer version, so that a rebuild helps, STATUS_IO where it does not. */
enum status history_open(struct history **history, const char *path, bool write, unsigned patience_ms,
                         struct error *error);

/* NULL is fine. */
void history_close(struct history *history);

/* Adds a document, or replaces what the index holds of the same result. It is checked in full before: STATUS_FORMAT. */
enum status history_add(struct history *history, const char *document, struct error *error);

/* Adds a document that was just written to the index if there is one at `path`; else does nothing. */
enum status history_note(const char *path, const char *document, struct error *error);

struct history_tally {
    size_t added, refused,
        repeated; /* repeated: another file of the same result; the one that was found later counts */
};

/* Makes the index at `path` anew from all files *.json below the folder, in one step: a reader sees the old one or the new one.
 * Files are read as brief_read does; each that is no good goes to `refused` with its reason, and the rest is indexed. A database
 * that is damaged or newer is set aside as PATH.damaged. */
enum status history_rebuild(const char *path, const char *folder, unsigned patience_ms,
                            void (*refused)(const struct error *why, void *context), void *context,
                            struct history_tally *tally, struct error *error);

/* ---- queries ------------------------------------------------------------------------------------------------------------------ */

/* What to look for; NULL: anything. */
struct history_filter {
    const char *result; /* beginning of a result's id */
    const char *device; /* its id, or the name of its processor */
    const char *model, *cell, *metric;
};

/* A result, or one of its figures. Texts live during the call and may be "". */
struct history_entry {
    const char *result_id, *created, *origin, *status, *path;
    const char *device_id, *device_name, *workload, *tool_version, *commit;
    size_t cells;
    /* of figures only, else NULL */
    const char *cell, *title, *model, *quantization, *engine, *engine_version, *parameters, *metric;
    double value, ci_low, ci_high;
};

/* The first ten digits of a commit, for tables, with "-dirty" where it was; "unknown" for "". */
enum { HISTORY_COMMIT_MAX = 24 };
void history_short_commit(char out[HISTORY_COMMIT_MAX], const char *commit);

/* Called for each entry; another status than STATUS_OK ends the search and is returned. */
typedef enum status history_take(const struct history_entry *entry, void *context, struct error *error);

/* Results that have a cell of that kind, from the earliest to the latest. */
enum status history_results(struct history *history, const struct history_filter *filter, history_take *take,
                            void *context, struct error *error);

/* Figures, by device, cell, parameters, engine, origin and metric, then from the earliest to the latest. */
enum status history_figures(struct history *history, const struct history_filter *filter, history_take *take,
                            void *context, struct error *error);

#endif
