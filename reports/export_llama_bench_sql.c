#include <math.h>

#include "reports/emit.h"
#include "reports/export.h"
#include "reports/llama_bench.h"

static const char *const sql_types[] = {
    [LLAMA_TEXT] = "TEXT", [LLAMA_INTEGER] = "INTEGER", [LLAMA_BOOLEAN] = "INTEGER", [LLAMA_FLOAT] = "REAL"};

static void put_row(const struct llama_row *row, size_t index, FILE *out)
{
    (void)index;
    fputs("INSERT INTO llama_bench (", out);
    for (int i = 0; i < LLAMA_COUNT; i++)
        fprintf(out, "%s%s", i ? ", " : "", llama_column_name((enum llama_column)i));
    fputs(") VALUES (", out);
    for (int i = 0; i < LLAMA_COUNT; i++) {
        bool text = llama_column_type((enum llama_column)i) == LLAMA_TEXT;
        fputs(i ? ", " : "", out);
        if (text && row->values[i].text)
            emit_sql_text(out, row->values[i].text);
        else
            emit_json_number(out, text ? NAN : row->values[i].number);
    }
    fputs(");\n", out);
}

static enum status llama_bench_sql_export(const struct record *records, size_t count, FILE *out, struct error *error)
{
    enum status status = STATUS_OK;
    size_t index = 0;

    fputs("CREATE TABLE IF NOT EXISTS llama_bench (\n", out);
    for (int i = 0; i < LLAMA_COUNT; i++)
        fprintf(out, "  %s %s%s\n", llama_column_name((enum llama_column)i),
                sql_types[llama_column_type((enum llama_column)i)], i + 1 < LLAMA_COUNT ? "," : "");
    fputs(");\n\n", out);
    for (size_t i = 0; i < count && !status; i++)
        status = llama_bench_each(&records[i], put_row, &index, out, error);
    return status;
}

const struct exporter export_llama_bench_sql = {
    "llama-bench-sql", "what `llama-bench -o sql` prints, for sqlite3 and compare-llama-bench.py", false, false,
    llama_bench_sql_export};
