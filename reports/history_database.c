/* Opening the database, its tables, its errors. */
#include "reports/history_database.h"

#include <errno.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/history.h"

/* "pkmk": tells an index of ours from other databases. The version counts changes of the tables. */
enum { APPLICATION_ID = 0x706b6d6b, SCHEMA_VERSION = 1 };

static const char tables[] =
    "DROP TABLE IF EXISTS figures; DROP TABLE IF EXISTS metrics; DROP TABLE IF EXISTS cells; DROP TABLE IF EXISTS "
    "results;"
    "CREATE TABLE results (id INTEGER PRIMARY KEY, result_id TEXT NOT NULL UNIQUE, path TEXT NOT NULL, payload_sha256 "
    "TEXT,"
    " created TEXT NOT NULL, origin TEXT NOT NULL, status TEXT NOT NULL, device_id TEXT NOT NULL, device_name TEXT NOT "
    "NULL,"
    " workload TEXT NOT NULL, tool_version TEXT NOT NULL, git_commit TEXT NOT NULL);"
    "CREATE TABLE cells (id INTEGER PRIMARY KEY, result INTEGER NOT NULL REFERENCES results(id), cell_id TEXT NOT NULL,"
    " title TEXT NOT NULL, status TEXT NOT NULL, model TEXT NOT NULL, quantization TEXT NOT NULL, engine TEXT NOT NULL,"
    " engine_version TEXT NOT NULL, parameters TEXT NOT NULL);"
    "CREATE INDEX cells_of_result ON cells(result);"
    "CREATE TABLE metrics (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE figures (cell INTEGER NOT NULL REFERENCES cells(id), metric INTEGER NOT NULL REFERENCES metrics(id),"
    " value REAL NOT NULL, ci_low REAL, ci_high REAL, PRIMARY KEY (cell, metric)) WITHOUT ROWID;";

static const char rebuild[] = "make it again with 'pocketmark history rebuild': it is only an index";

enum status history_fail(const struct history *history, struct error *error)
{
    const char *path = history->path, *text = sqlite3_errmsg(history->database);

    switch (sqlite3_errcode(history->database) & 0xff) {
    case SQLITE_NOMEM:
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(error, STATUS_IO, "%s: another program is writing to it; try again when that is done", path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return error_set(error, STATUS_FORMAT, "%s: damaged (%s); %s", path, text, rebuild);
    case SQLITE_ERROR: /* a table or column that is not there */
        return error_set(error, STATUS_FORMAT, "%s: not as this program makes it (%s); %s", path, text, rebuild);
    case SQLITE_FULL:
        return error_set(error, STATUS_IO, "%s: %s: free some space; the results themselves are not touched", path,
                         text);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return error_set(error, STATUS_IO, "%s: cannot be written: %s; name another file with --database", path, text);
    case SQLITE_CANTOPEN:
        return error_set(error, STATUS_IO, "%s: cannot be opened: %s; is its folder there, and may it be written?",
                         path, text);
    default:
        return error_set(error, STATUS_IO, "%s: %s", path, text);
    }
}

enum status history_run(const struct history *history, const char *sql, struct error *error)
{
    return sqlite3_exec(history->database, sql, NULL, NULL, NULL) == SQLITE_OK ? STATUS_OK
                                                                               : history_fail(history, error);
}

enum status history_prepare(const struct history *history, const char *sql, struct sqlite3_stmt **statement,
                            struct error *error)
{
    return sqlite3_prepare_v2(history->database, sql, -1, statement, NULL) == SQLITE_OK ? STATUS_OK
                                                                                        : history_fail(history, error);
}

enum status history_begin(const struct history *history, struct error *error)
{
    return history_run(history, "BEGIN IMMEDIATE", error);
}

enum status history_end(const struct history *history, enum status status, struct error *error)
{
    if (status == STATUS_OK)
        status = history_run(history, "COMMIT", error);
    if (status != STATUS_OK && !sqlite3_get_autocommit(history->database))
        sqlite3_exec(history->database, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

enum status history_clear(const struct history *history, struct error *error)
{
    char sql[96];
    enum status status = history_run(history, tables, error);

    snprintf(sql, sizeof sql, "PRAGMA application_id=%d; PRAGMA user_version=%d;", APPLICATION_ID, SCHEMA_VERSION);
    return status ? status : history_run(history, sql, error);
}

static enum status read_number(const struct history *history, const char *sql, int *number, struct error *error)
{
    sqlite3_stmt *statement;
    enum status status = history_prepare(history, sql, &statement, error);

    if (status)
        return status;
    if (sqlite3_step(statement) == SQLITE_ROW)
        *number = sqlite3_column_int(statement, 0);
    else
        status = history_fail(history, error);
    sqlite3_finalize(statement);
    return status;
}

/* Is it ours, and of this version? A new one gets its tables. */
static enum status check_tables(const struct history *history, bool write, struct error *error)
{
    int application = 0, version = 0, count = 0;
    enum status status = read_number(history, "PRAGMA application_id", &application, error);

    if (!status)
        status = read_number(history, "PRAGMA user_version", &version, error);
    if (!status)
        status = read_number(history, "SELECT count(*) FROM sqlite_master", &count, error);
    if (status)
        return status;
    if (application != APPLICATION_ID && count > 0)
        return error_set(error, STATUS_IO, "%s: is a database of another program; name another file with --database",
                         history->path);
    if (application == APPLICATION_ID && version == SCHEMA_VERSION)
        return STATUS_OK;
    if (application == APPLICATION_ID)
        return error_set(error, STATUS_FORMAT,
                         "%s: made by another version of pocketmark (index version %d, this one has %d); %s",
                         history->path, version, SCHEMA_VERSION, rebuild);
    if (!write)
        return error_set(error, STATUS_FORMAT, "%s: is empty; %s", history->path, rebuild);
    status = history_begin(history, error);
    return status ? status : history_end(history, history_clear(history, error), error);
}

static enum status set_up(const struct history *history, bool write, unsigned patience_ms, struct error *error)
{
    enum status status = STATUS_OK;

    sqlite3_busy_timeout(history->database, (int)patience_ms);
    if (write && sqlite3_db_readonly(history->database, "main") == 1)
        return error_set(error, STATUS_IO, "%s: may not be written; name another file with --database", history->path);
    if (write)
        status = history_run(history, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;", error);
    return status ? status : check_tables(history, write, error);
}

static int open_database(struct history *history, bool write)
{
    int flags = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY, code;

    code = sqlite3_open_v2(history->path, &history->database, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        sqlite3_extended_result_codes(history->database, 1);
    return code;
}

static enum status find_folder(struct history *history, struct error *error)
{
    char *copy = strdup(history->path);

    if (!copy)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", history->path);
    history->folder = realpath(dirname(copy), NULL);
    free(copy);
    return history->folder
               ? STATUS_OK
               : error_set(error, STATUS_IO, "%s: %s: make its folder first, or name another file with --database",
                           history->path, strerror(errno));
}

enum status history_open(struct history **history, const char *path, bool write, unsigned patience_ms,
                         struct error *error)
{
    enum status status;

    *history = NULL;
    if (!write && access(path, F_OK) != 0 && errno == ENOENT)
        return error_set(error, STATUS_IO, "%s: there is no index yet; make it with 'pocketmark history rebuild'",
                         path);
    *history = calloc(1, sizeof **history);
    if (!*history || !((*history)->path = strdup(path))) {
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", path);
        goto fail;
    }
    status = find_folder(*history, error);
    if (status)
        goto fail;
    status = open_database(*history, write) == SQLITE_OK ? set_up(*history, write, patience_ms, error)
                                                         : history_fail(*history, error);
    if (!status)
        return STATUS_OK;
fail:
    history_close(*history);
    *history = NULL;
    return status;
}

void history_close(struct history *history)
{
    if (!history)
        return;
    sqlite3_close(history->database);
    free(history->path);
    free(history->folder);
    free(history);
}
