#include <math.h>

#include "reports/emit.h"
#include "reports/export.h"
#include "reports/llama_bench.h"

static void put_value(FILE *out, enum llama_type type, const struct llama_value *value)
{
    if (type == LLAMA_TEXT && value->text)
        emit_json_text(out, value->text);
    else if (type == LLAMA_BOOLEAN && !isnan(value->number))
        fputs(value->number != 0 ? "true" : "false", out);
    else
        emit_json_number(out, type == LLAMA_TEXT ? NAN : value->number);
}

static void put_row(const struct llama_row *row, size_t index, FILE *out)
{
    fputs(index ? ",\n  {\n" : "\n  {\n", out);
    for (int i = 0; i < LLAMA_COUNT; i++) {
        fprintf(out, "    \"%s\": ", llama_column_name((enum llama_column)i));
        put_value(out, llama_column_type((enum llama_column)i), &row->values[i]);
        fputs(",\n", out);
    }
    fputs("    \"samples_ns\": [", out);
    for (size_t i = 0; i < row->samples; i++) {
        fputs(i ? ", " : "", out);
        emit_json_number(out, round(row->tokens / row->tokens_per_second[i] * 1e9));
    }
    fputs("],\n    \"samples_ts\": [", out);
    for (size_t i = 0; i < row->samples; i++) {
        fputs(i ? ", " : "", out);
        emit_json_number(out, row->tokens_per_second[i]);
    }
    fputs("]\n  }", out);
}

static enum status llama_bench_export(const struct record *records, size_t count, FILE *out, struct error *error)
{
    enum status status = STATUS_OK;
    size_t index = 0;

    putc('[', out);
    for (size_t i = 0; i < count && !status; i++)
        status = llama_bench_each(&records[i], put_row, &index, out, error);
    fputs("\n]\n", out);
    return status;
}

const struct exporter export_llama_bench = {
    "llama-bench", "what `llama-bench -o json` prints, a row per test and launch", false, false, llama_bench_export};
