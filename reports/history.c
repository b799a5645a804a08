#include "reports/history.h"

#include <errno.h>
#include <fts.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/brief.h"
#include "reports/document.h"
#include "reports/history_database.h"
#include "reports/input.h"

enum { METRICS_MAX = 256 };

/* Statements and names of one transaction that adds. */
struct adding {
    struct history *history;
    sqlite3_stmt *find, *drop_figures, *drop_cells, *drop_result, *result, *cell, *metric, *figure;
    struct brief brief;
    char metrics[METRICS_MAX][64]; /* metric i has the id i + 1 */
    size_t metric_count;
};

static enum status read_metrics(struct adding *adding, struct error *error)
{
    sqlite3_stmt *statement;
    enum status status =
        history_prepare(adding->history, "SELECT id, name FROM metrics ORDER BY id", &statement, error);
    int code;

    if (status)
        return status;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW && adding->metric_count < METRICS_MAX)
        snprintf(adding->metrics[adding->metric_count++], sizeof *adding->metrics, "%s",
                 (const char *)sqlite3_column_text(statement, 1));
    if (code != SQLITE_DONE)
        status = history_fail(adding->history, error);
    sqlite3_finalize(statement);
    return status;
}

static enum status adding_open(struct adding *adding, struct history *history, struct error *error)
{
    struct {
        sqlite3_stmt **statement;
        const char *sql;
    } statements[] = {
        {&adding->find, "SELECT id FROM results WHERE result_id=?1"},
        {&adding->drop_figures, "DELETE FROM figures WHERE cell IN (SELECT id FROM cells WHERE result=?1)"},
        {&adding->drop_cells, "DELETE FROM cells WHERE result=?1"},
        {&adding->drop_result, "DELETE FROM results WHERE id=?1"},
        {&adding->result,
         "INSERT INTO results (result_id, path, payload_sha256, created, origin, status, device_id,"
         " device_name, workload, tool_version, git_commit) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)"},
        {&adding->cell,
         "INSERT INTO cells (result, cell_id, title, status, model, quantization, engine, engine_version,"
         " parameters) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"},
        {&adding->metric, "INSERT INTO metrics (id, name) VALUES (?1,?2)"},
        {&adding->figure,
         "INSERT OR REPLACE INTO figures (cell, metric, value, ci_low, ci_high) VALUES (?1,?2,?3,?4,?5)"},
    };
    enum status status = STATUS_OK;

    adding->history = history;
    for (size_t i = 0; i < sizeof statements / sizeof *statements && !status; i++)
        status = history_prepare(history, statements[i].sql, statements[i].statement, error);
    return status ? status : read_metrics(adding, error);
}

static void adding_close(struct adding *adding)
{
    sqlite3_finalize(adding->find);
    sqlite3_finalize(adding->drop_figures);
    sqlite3_finalize(adding->drop_cells);
    sqlite3_finalize(adding->drop_result);
    sqlite3_finalize(adding->result);
    sqlite3_finalize(adding->cell);
    sqlite3_finalize(adding->metric);
    sqlite3_finalize(adding->figure);
    brief_close(&adding->brief);
}

/* Runs a statement that has no rows, and makes it ready for the next time. */
static enum status step(const struct adding *adding, sqlite3_stmt *statement, struct error *error)
{
    enum status status = sqlite3_step(statement) == SQLITE_DONE ? STATUS_OK : history_fail(adding->history, error);

    sqlite3_reset(statement);
    return status;
}

static void bind_texts(sqlite3_stmt *statement, int first, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sqlite3_bind_text(statement, first + (int)i, texts[i], -1, SQLITE_STATIC);
}

static void bind_number(sqlite3_stmt *statement, int place, double value)
{
    if (isfinite(value))
        sqlite3_bind_double(statement, place, value);
    else
        sqlite3_bind_null(statement, place);
}

static enum status drop_old(const struct adding *adding, bool *was_there, struct error *error)
{
    sqlite3_stmt *drops[] = {adding->drop_figures, adding->drop_cells, adding->drop_result};
    enum status status = STATUS_OK;
    sqlite3_int64 id;
    int code;

    sqlite3_bind_text(adding->find, 1, adding->brief.result_id, -1, SQLITE_STATIC);
    code = sqlite3_step(adding->find);
    *was_there = code == SQLITE_ROW;
    id = *was_there ? sqlite3_column_int64(adding->find, 0) : 0;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        status = history_fail(adding->history, error);
    sqlite3_reset(adding->find);
    for (size_t i = 0; i < 3 && *was_there && !status; i++) {
        sqlite3_bind_int64(drops[i], 1, id);
        status = step(adding, drops[i], error);
    }
    return status;
}

/* Its number, which is a new one for a name that is not known yet; −1: no more room. */
static enum status metric_number(struct adding *adding, const char *name, int *number, struct error *error)
{
    for (size_t i = 0; i < adding->metric_count; i++)
        if (strcmp(adding->metrics[i], name) == 0) {
            *number = (int)i + 1;
            return STATUS_OK;
        }
    *number = -1;
    if (adding->metric_count == METRICS_MAX)
        return STATUS_OK;
    snprintf(adding->metrics[adding->metric_count++], sizeof *adding->metrics, "%s", name);
    *number = (int)adding->metric_count;
    sqlite3_bind_int(adding->metric, 1, *number);
    sqlite3_bind_text(adding->metric, 2, name, -1, SQLITE_STATIC);
    return step(adding, adding->metric, error);
}

static enum status put_figure(struct adding *adding, sqlite3_int64 cell, const struct brief_figure *figure,
                              struct error *error)
{
    int metric;
    enum status status = metric_number(adding, figure->metric, &metric, error);

    if (status || metric < 0)
        return status;
    sqlite3_bind_int64(adding->figure, 1, cell);
    sqlite3_bind_int(adding->figure, 2, metric);
    sqlite3_bind_double(adding->figure, 3, figure->value);
    bind_number(adding->figure, 4, figure->ci_low);
    bind_number(adding->figure, 5, figure->ci_high);
    return step(adding, adding->figure, error);
}

static enum status put_cell(struct adding *adding, sqlite3_int64 result, const struct brief_cell *cell,
                            struct error *error)
{
    const char *texts[] = {cell->id,           cell->title,  cell->status,         cell->model,
                           cell->quantization, cell->engine, cell->engine_version, cell->parameters};
    enum status status;
    sqlite3_int64 id;

    sqlite3_bind_int64(adding->cell, 1, result);
    bind_texts(adding->cell, 2, texts, sizeof texts / sizeof *texts);
    status = step(adding, adding->cell, error);
    id = sqlite3_last_insert_rowid(adding->history->database);
    for (size_t i = 0; i < cell->figure_count && !status; i++)
        status = put_figure(adding, id, &adding->brief.figures[cell->first_figure + i], error);
    return status;
}

static enum status put_brief(struct adding *adding, const char *path, bool *was_there, struct error *error)
{
    const struct brief *brief = &adding->brief;
    const char *texts[] = {brief->result_id, path,
                           brief->payload,   brief->created,
                           brief->origin,    brief->status,
                           brief->device_id, brief->device_name,
                           brief->workload,  brief->tool_version,
                           brief->commit};
    enum status status = drop_old(adding, was_there, error);
    sqlite3_int64 id;

    if (status)
        return status;
    bind_texts(adding->result, 1, texts, sizeof texts / sizeof *texts);
    status = step(adding, adding->result, error);
    id = sqlite3_last_insert_rowid(adding->history->database);
    for (size_t i = 0; i < brief->cell_count && !status; i++)
        status = put_cell(adding, id, &brief->cells[i], error);
    return status;
}

/* The path below the database's folder, so that both can be moved together; else the absolute one. */
static enum status kept_path(const struct history *history, const char *document, char **kept, struct error *error)
{
    char *whole = realpath(document, NULL);
    size_t length = strlen(history->folder);

    *kept = NULL;
    if (!whole)
        return error_set(error, STATUS_IO, "%s: %s", document, strerror(errno));
    if (strncmp(whole, history->folder, length) == 0 && whole[length] == '/')
        *kept = strdup(whole + length + 1);
    else
        *kept = strdup(whole);
    free(whole);
    return *kept ? STATUS_OK : error_set(error, STATUS_MEMORY, "%s: out of memory", document);
}

/* Reads a document into adding->brief. */
static enum status read_brief(struct adding *adding, const char *document, bool whole_check, struct error *error)
{
    char *text;
    size_t length;
    enum status status = input_read(document, &text, &length, error);

    if (!status && whole_check)
        status = document_validate(text, length, error);
    if (!status)
        status = brief_read(&adding->brief, text ? text : "", length, error);
    if (!status && adding->brief.predicted && !adding->brief.cell_count)
        status = error_set(error, STATUS_UNLIKE, "holds predictions alone; the index is of what was measured");
    free(text);
    if (status && status != STATUS_IO)
        error_prefix(error, "%s", document);
    return status;
}

enum status history_add(struct history *history, const char *document, struct error *error)
{
    struct adding adding = {0};
    char *path = NULL;
    bool was_there;
    enum status status = read_brief(&adding, document, true, error);

    if (!status)
        status = kept_path(history, document, &path, error);
    if (!status)
        status = history_begin(history, error);
    if (!status) {
        status = adding_open(&adding, history, error);
        if (!status)
            status = put_brief(&adding, path, &was_there, error);
        status = history_end(history, status, error);
    }
    adding_close(&adding);
    free(path);
    return status;
}

enum status history_note(const char *path, const char *document, struct error *error)
{
    struct history *history;
    enum status status;

    if (access(path, F_OK) != 0)
        return STATUS_OK;
    status = history_open(&history, path, true, HISTORY_PATIENCE_MS, error);
    if (!status)
        status = history_add(history, document, error);
    history_close(history);
    return status;
}

/* ---- rebuilding ------------------------------------------------------------------------------------------------------------- */

struct rebuilding {
    struct adding adding;
    void (*refused)(const struct error *why, void *context);
    void *context;
    struct history_tally *tally;
};

static enum status index_file(struct rebuilding *work, const char *file, struct error *error)
{
    struct error why = {0};
    char *path = NULL;
    bool was_there = false;
    enum status status = read_brief(&work->adding, file, false, &why);

    if (!status)
        status = kept_path(work->adding.history, file, &path, &why);
    if (status == STATUS_MEMORY) {
        *error = why;
        return status;
    }
    if (status) {
        work->tally->refused++;
        work->refused(&why, work->context);
        return STATUS_OK;
    }
    status = put_brief(&work->adding, path, &was_there, error);
    free(path);
    work->tally->added += !was_there;
    work->tally->repeated += was_there;
    return status;
}

static int entry_compare(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_document(const FTSENT *entry)
{
    return (entry->fts_info == FTS_F || entry->fts_info == FTS_SL) && entry->fts_name[0] != '.' &&
           entry->fts_namelen > 5 && strcmp(entry->fts_name + entry->fts_namelen - 5, ".json") == 0;
}

static enum status index_folder(struct rebuilding *work, const char *folder, struct error *error)
{
    char *root = strdup(folder), *roots[] = {root, NULL};
    FTS *tree = root ? fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, entry_compare) : NULL;
    enum status status = STATUS_OK;
    FTSENT *entry;

    if (!tree)
        status = error_set(error, STATUS_IO, "%s: %s", folder, strerror(errno));
    while (!status && (entry = fts_read(tree))) {
        if (is_document(entry))
            status = index_file(work, entry->fts_path, error);
        else if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS)
            status = error_set(error, STATUS_IO, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
    }
    if (tree)
        fts_close(tree);
    free(root);
    return status;
}

/* Renames the database and drops what WAL keeps beside it, which would be taken for the new one's. */
static enum status set_aside(const char *path, struct error *error)
{
    char *aside = NULL, *wal = NULL, *shared = NULL;
    enum status status = STATUS_OK;

    if (asprintf(&aside, "%s.damaged", path) < 0 || asprintf(&wal, "%s-wal", path) < 0 ||
        asprintf(&shared, "%s-shm", path) < 0)
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    else if (rename(path, aside) != 0)
        status = error_set(error, STATUS_IO, "%s: cannot be set aside as %s: %s", path, aside, strerror(errno));
    else if ((unlink(wal) != 0 && errno != ENOENT) || (unlink(shared) != 0 && errno != ENOENT))
        status = error_set(error, STATUS_IO, "%s: what lies beside it cannot be removed: %s", path, strerror(errno));
    free(aside);
    free(wal);
    free(shared);
    return status;
}

static enum status rebuild_once(const char *path, const char *folder, unsigned patience_ms, struct rebuilding *work,
                                struct error *error)
{
    struct history *history;
    enum status status = history_open(&history, path, true, patience_ms, error);

    *work->tally = (struct history_tally){0};
    if (!status)
        status = history_begin(history, error);
    if (!status) {
        status = history_clear(history, error);
        if (!status)
            status = adding_open(&work->adding, history, error);
        if (!status)
            status = index_folder(work, folder, error);
        adding_close(&work->adding);
        status = history_end(history, status, error);
    }
    work->adding = (struct adding){0};
    history_close(history);
    return status;
}

enum status history_rebuild(const char *path, const char *folder, unsigned patience_ms,
                            void (*refused)(const struct error *why, void *context), void *context,
                            struct history_tally *tally, struct error *error)
{
    struct rebuilding work = {.refused = refused, .context = context, .tally = tally};
    enum status status;

    if (access(folder, R_OK | X_OK) != 0)
        return error_set(error, STATUS_IO, "%s: %s: name the folder of the results", folder, strerror(errno));
    status = rebuild_once(path, folder, patience_ms, &work, error);
    if (status == STATUS_FORMAT) {
        status = set_aside(path, error);
        if (!status)
            status = rebuild_once(path, folder, patience_ms, &work, error);
    }
    if (!status && error)
        *error = (struct error){0};
    return status;
}
