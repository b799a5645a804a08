#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "reports/history.h"
#include "reports/history_database.h"

/* Both begin with the same columns. ?1 result, ?2 device, ?3 model, ?4 cell, ?5 metric. */
#define RESULT_COLUMNS                                                                                                 \
    "r.result_id, r.created, r.origin, r.status, r.path, r.device_id, r.device_name, r.workload, r.tool_version, "     \
    "r.git_commit"
#define RESULT_RULES                                                                                                   \
    " (?1 IS NULL OR substr(r.result_id, 1, length(?1)) = ?1)"                                                         \
    " AND (?2 IS NULL OR r.device_id = ?2 OR r.device_name = ?2)"
#define CELL_RULES " AND (?3 IS NULL OR c.model = ?3) AND (?4 IS NULL OR c.cell_id = ?4)"

static const char results_sql[] =
    "SELECT " RESULT_COLUMNS ", (SELECT count(*) FROM cells WHERE result = r.id) FROM results r WHERE" RESULT_RULES
    " AND ((?3 IS NULL AND ?4 IS NULL) OR EXISTS (SELECT 1 FROM cells c WHERE c.result = r.id" CELL_RULES "))"
    " ORDER BY r.created, r.result_id";

static const char figures_sql[] =
    "SELECT " RESULT_COLUMNS
    ", 0, c.cell_id, c.title, c.model, c.quantization, c.engine, c.engine_version, c.parameters,"
    " m.name, f.value, f.ci_low, f.ci_high"
    " FROM results r JOIN cells c ON c.result = r.id JOIN metrics m JOIN figures f ON f.cell = c.id AND f.metric = m.id"
    " WHERE" RESULT_RULES CELL_RULES " AND (?5 IS NULL OR m.name = ?5)"
    " ORDER BY r.device_id, r.device_name, c.cell_id, c.parameters, c.engine, r.origin, m.id, r.created, r.result_id";

void history_short_commit(char out[HISTORY_COMMIT_MAX], const char *commit)
{
    snprintf(out, HISTORY_COMMIT_MAX, "%.10s%s", *commit ? commit : "unknown",
             strstr(commit, "-dirty") ? "-dirty" : "");
}

static const char *text_of(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);

    return text ? text : "";
}

static double number_of(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL ? NAN : sqlite3_column_double(statement, column);
}

static void fill_entry(struct history_entry *entry, sqlite3_stmt *statement, bool figures)
{
    const char **results[] = {&entry->result_id,    &entry->created,   &entry->origin,      &entry->status,
                              &entry->path,         &entry->device_id, &entry->device_name, &entry->workload,
                              &entry->tool_version, &entry->commit};
    const char **cells[] = {&entry->cell,   &entry->title,          &entry->model,      &entry->quantization,
                            &entry->engine, &entry->engine_version, &entry->parameters, &entry->metric};

    *entry = (struct history_entry){.value = NAN, .ci_low = NAN, .ci_high = NAN};
    for (int i = 0; i < 10; i++)
        *results[i] = text_of(statement, i);
    entry->cells = (size_t)sqlite3_column_int64(statement, 10);
    if (!figures)
        return;
    for (int i = 0; i < 8; i++)
        *cells[i] = text_of(statement, 11 + i);
    entry->value = number_of(statement, 19);
    entry->ci_low = number_of(statement, 20);
    entry->ci_high = number_of(statement, 21);
}

static enum status query(struct history *history, const char *sql, const struct history_filter *filter, bool figures,
                         history_take *take, void *context, struct error *error)
{
    const char *const values[] = {filter->result, filter->device, filter->model, filter->cell, filter->metric};
    struct history_entry entry;
    sqlite3_stmt *statement;
    enum status status = history_prepare(history, sql, &statement, error);
    int code = SQLITE_DONE;

    if (status)
        return status;
    for (int i = 0; i < (figures ? 5 : 4); i++)
        if (values[i])
            sqlite3_bind_text(statement, i + 1, values[i], -1, SQLITE_STATIC);
    while (!status && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        fill_entry(&entry, statement, figures);
        status = take(&entry, context, error);
    }
    if (!status && code != SQLITE_DONE)
        status = history_fail(history, error);
    sqlite3_finalize(statement);
    return status;
}

enum status history_results(struct history *history, const struct history_filter *filter, history_take *take,
                            void *context, struct error *error)
{
    return query(history, results_sql, filter, false, take, context, error);
}

enum status history_figures(struct history *history, const struct history_filter *filter, history_take *take,
                            void *context, struct error *error)
{
    return query(history, figures_sql, filter, true, take, context, error);
}
