/* The index as the CSV of Apache Otava: a row per result, a column per figure of a cell. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/history_trend.h"
#include "reports/otava.h"

struct value {
    size_t row, column;
    double value;
};

/* Figures come column by column, results in any order within: names are found again by search in what is sorted. */
struct gathering {
    char **columns;
    size_t column_count, column_capacity;
    struct {
        char result_id[37], created[32], commit[64];
    } * results;
    size_t result_count, result_capacity;
    struct value *values;
    size_t value_count, value_capacity;
    char device[128];
};

static bool grow(void **items, size_t size, size_t count, size_t *capacity)
{
    size_t larger = *capacity ? 2 * *capacity : 64;
    void *grown;

    if (count < *capacity)
        return true;
    grown = realloc(*items, larger * size);
    if (!grown)
        return false;
    *items = grown;
    *capacity = larger;
    return true;
}

static enum status no_memory(const struct gathering *gathering, struct error *error)
{
    return error_set(error, STATUS_MEMORY, "no memory for %zu figures", gathering->value_count);
}

/* Results are asked for first, from the earliest to the latest; figures then find theirs by its id. */
static enum status take_result(const struct history_entry *entry, void *context, struct error *error)
{
    struct gathering *gathering = context;
    size_t at = gathering->result_count;

    if (!grow((void **)&gathering->results, sizeof *gathering->results, at, &gathering->result_capacity))
        return no_memory(gathering, error);
    snprintf(gathering->results[at].result_id, sizeof gathering->results[at].result_id, "%s", entry->result_id);
    snprintf(gathering->results[at].created, sizeof gathering->results[at].created, "%s", entry->created);
    snprintf(gathering->results[at].commit, sizeof gathering->results[at].commit, "%s", entry->commit);
    gathering->result_count++;
    return STATUS_OK;
}

/* By time and id, the order of history_results. */
static size_t find_result(const struct gathering *gathering, const struct history_entry *entry)
{
    size_t low = 0, high = gathering->result_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(gathering->results[middle].created, entry->created);
        if (!order)
            order = strcmp(gathering->results[middle].result_id, entry->result_id);
        if (!order)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return gathering->result_count;
}

static enum status check_device(struct gathering *gathering, const struct history_entry *entry, struct error *error)
{
    const char *device = *entry->device_id ? entry->device_id : entry->device_name;

    if (!*gathering->device)
        snprintf(gathering->device, sizeof gathering->device, "%s", device);
    if (strncmp(gathering->device, device, sizeof gathering->device - 1) == 0)
        return STATUS_OK;
    return error_set(error, STATUS_MISUSE,
                     "results of several devices: choose one with --device '%s', or --device '%s'", gathering->device,
                     device);
}

static enum status take_figure(const struct history_entry *entry, void *context, struct error *error)
{
    struct gathering *gathering = context;
    char name[CELL_ID_MAX + 64];
    size_t last = gathering->column_count;
    enum status status = check_device(gathering, entry, error);

    if (status)
        return status;
    snprintf(name, sizeof name, "%s.%s", entry->cell, entry->metric);
    /* the same cell with other parameters comes later again */
    while (last && strcmp(gathering->columns[last - 1], name) != 0)
        last--;
    if (!last) {
        if (!grow((void **)&gathering->columns, sizeof *gathering->columns, gathering->column_count,
                  &gathering->column_capacity) ||
            !(gathering->columns[gathering->column_count] = strdup(name)))
            return no_memory(gathering, error);
        last = ++gathering->column_count;
    }
    if (!grow((void **)&gathering->values, sizeof *gathering->values, gathering->value_count,
              &gathering->value_capacity))
        return no_memory(gathering, error);
    gathering->values[gathering->value_count++] = (struct value){find_result(gathering, entry), last - 1, entry->value};
    return STATUS_OK;
}

static enum status write_table(const struct gathering *gathering, FILE *out, size_t *rows, size_t *left_out,
                               struct error *error)
{
    size_t count = gathering->result_count, columns = gathering->column_count;
    double *values = malloc(count * columns * sizeof *values);
    struct otava_row *table = malloc(count * sizeof *table);
    enum status status = values && table ? STATUS_OK : no_memory(gathering, error);

    for (size_t i = 0; i < count && !status; i++) {
        table[i] =
            (struct otava_row){gathering->results[i].created, gathering->results[i].commit, values + i * columns};
        for (size_t j = 0; j < columns; j++)
            table[i].values[j] = NAN;
    }
    for (size_t i = 0; i < gathering->value_count && !status; i++)
        if (gathering->values[i].row < count)
            table[gathering->values[i].row].values[gathering->values[i].column] = gathering->values[i].value;
    if (!status) {
        otava_write(out, (const char *const *)gathering->columns, columns, table, count, left_out);
        *rows = count - *left_out;
    }
    free(values);
    free(table);
    return status;
}

enum status history_otava(struct history *history, const struct history_filter *filter, FILE *out, size_t *rows,
                          size_t *left_out, struct error *error)
{
    struct gathering gathering = {0};
    enum status status = history_results(history, filter, take_result, &gathering, error);

    *rows = *left_out = 0;
    if (!status)
        status = history_figures(history, filter, take_figure, &gathering, error);
    if (!status && !gathering.value_count)
        status = error_set(error, STATUS_MISUSE, "the index has no such figures; see 'pocketmark history list'");
    if (!status)
        status = write_table(&gathering, out, rows, left_out, error);
    for (size_t i = 0; i < gathering.column_count; i++)
        free(gathering.columns[i]);
    free(gathering.columns);
    free(gathering.results);
    free(gathering.values);
    return status;
}
