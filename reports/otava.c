#include "reports/otava.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "reports/emit.h"

static int row_compare(const void *a, const void *b)
{
    return strcmp(((const struct otava_row *)a)->time, ((const struct otava_row *)b)->time);
}

static bool row_whole(const struct otava_row *row, const struct otava_row *latest, size_t column_count)
{
    for (size_t i = 0; i < column_count; i++)
        if (isfinite(latest->values[i]) && !isfinite(row->values[i]))
            return false;
    return true;
}

void otava_write(FILE *out, const char *const *columns, size_t column_count, struct otava_row *rows, size_t row_count,
                 size_t *left_out)
{
    const struct otava_row *latest = &rows[row_count - 1];

    *left_out = 0;
    qsort(rows, row_count, sizeof *rows, row_compare);
    fputs("time,commit", out);
    for (size_t i = 0; i < column_count; i++)
        if (isfinite(latest->values[i])) {
            putc(',', out);
            emit_csv_text(out, columns[i]);
        }
    putc('\n', out);
    for (size_t i = 0; i < row_count; i++) {
        if (!row_whole(&rows[i], latest, column_count)) {
            ++*left_out;
            continue;
        }
        emit_csv_text(out, rows[i].time);
        putc(',', out);
        emit_csv_text(out, rows[i].commit);
        for (size_t j = 0; j < column_count; j++)
            if (isfinite(latest->values[j])) {
                putc(',', out);
                emit_csv_number(out, rows[i].values[j]);
            }
        putc('\n', out);
    }
}
