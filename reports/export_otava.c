#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/export.h"
#include "reports/otava.h"

enum { COLUMN_NAME_MAX = CELL_ID_MAX + 64 };

/* One record's figures under the names of its columns. */
struct columns {
    char (*names)[COLUMN_NAME_MAX];
    const char **pointers;
    size_t count;
};

static const struct record *latest_of(const struct record *records, size_t count)
{
    const struct record *latest = records;

    for (size_t i = 1; i < count; i++)
        if (strcmp(records[i].created, latest->created) >= 0)
            latest = &records[i];
    return latest;
}

static bool columns_open(struct columns *columns, const struct record *record)
{
    size_t room = record->cell_count * FIELD_COUNT + 1;

    *columns = (struct columns){.names = malloc(room * sizeof *columns->names),
                                .pointers = malloc(room * sizeof *columns->pointers)};
    if (!columns->names || !columns->pointers)
        return false;
    for (size_t i = 0; i < record->cell_count; i++)
        for (int field = 0; field < FIELD_COUNT; field++)
            if (export_has(&record->cells[i], (enum field)field)) {
                snprintf(columns->names[columns->count], COLUMN_NAME_MAX, "%s.%s", record->cells[i].id,
                         field_info((enum field)field)->name);
                columns->pointers[columns->count] = columns->names[columns->count];
                columns->count++;
            }
    return true;
}

static void fill_values(const struct columns *columns, const struct record *record, double *values)
{
    char name[COLUMN_NAME_MAX];

    for (size_t i = 0; i < columns->count; i++)
        values[i] = NAN;
    for (size_t i = 0; i < record->cell_count; i++)
        for (int field = 0; field < FIELD_COUNT; field++) {
            if (!export_has(&record->cells[i], (enum field)field))
                continue;
            snprintf(name, sizeof name, "%s.%s", record->cells[i].id, field_info((enum field)field)->name);
            for (size_t j = 0; j < columns->count; j++)
                if (strcmp(columns->pointers[j], name) == 0)
                    values[j] = record->cells[i].figures[field].value;
        }
}

static enum status otava_export(const struct record *records, size_t count, FILE *out, struct error *error)
{
    struct columns columns;
    bool good = columns_open(&columns, latest_of(records, count));
    double *values = good ? malloc((count * columns.count + 1) * sizeof *values) : NULL;
    struct otava_row *rows = malloc(count * sizeof *rows);
    size_t left_out = 0;
    enum status status = STATUS_OK;

    if (!values || !rows) {
        status = error_set(error, STATUS_MEMORY, "no memory to export %zu results", count);
        goto out;
    }
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct otava_row){.time = records[i].created,
                                     .commit = facts_get_text(&records[i].tool, "git_commit", ""),
                                     .values = values + i * columns.count};
        fill_values(&columns, &records[i], rows[i].values);
    }
    otava_write(out, columns.pointers, columns.count, rows, count, &left_out);
    if (left_out)
        status = error_set(error, STATUS_MISUSE,
                           "%zu of the results lack figures that the latest one has, and otava takes no gaps; choose "
                           "like results, or some figures with 'history export --metric NAME'",
                           left_out);
out:
    free(columns.names);
    free(columns.pointers);
    free(values);
    free(rows);
    return status;
}

const struct exporter export_otava = {"otava", "CSV for Apache Otava: a row per result, a column per figure", false,
                                      true, otava_export};
