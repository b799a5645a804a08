/* Bencher Metric Format: an object of benchmarks, each an object of measures (bencher.dev/docs/reference/bencher-metric-format). */
#include <math.h>
#include <stdlib.h>

#include "reports/emit.h"
#include "reports/export.h"

/* Bencher's limit for the name of a benchmark. */
enum { BMF_NAME_MAX = 1024 };

static void put_measure(FILE *out, const struct figure *figure, enum field field, bool first)
{
    fprintf(out, "%s\n    \"", first ? "" : ",");
    for (const char *name = field_info(field)->name; *name; name++)
        putc(*name == '_' ? '-' : *name, out);
    fputs("\": { \"value\": ", out);
    emit_json_number(out, figure->value);
    if (isfinite(figure->ci_low) && isfinite(figure->ci_high)) {
        fputs(", \"lower_value\": ", out);
        emit_json_number(out, figure->ci_low);
        fputs(", \"upper_value\": ", out);
        emit_json_number(out, figure->ci_high);
    }
    fputs(" }", out);
}

static void put_cell(FILE *out, const struct record *record, const struct cell *cell, bool *first)
{
    char name[BMF_NAME_MAX];
    bool empty = true;

    for (int field = 0; field < FIELD_COUNT; field++) {
        if (!export_has(cell, (enum field)field))
            continue;
        if (empty) {
            fprintf(out, "%s\n  ", *first ? "" : ",");
            snprintf(name, sizeof name, "%s/%s", export_device(record), cell->id);
            emit_json_text(out, name);
            fputs(": {", out);
            *first = false;
        }
        put_measure(out, &cell->figures[field], (enum field)field, empty);
        empty = false;
    }
    if (!empty)
        fputs("\n  }", out);
}

static enum status bmf_export(const struct record *records, size_t count, FILE *out, struct error *error)
{
    bool first = true;

    (void)error;
    putc('{', out);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < records[i].cell_count; j++)
            put_cell(out, &records[i], &records[i].cells[j], &first);
    fputs("\n}\n", out);
    return STATUS_OK;
}

const struct exporter export_bmf = {"bmf", "Bencher Metric Format, for `bencher run --adapter json`", true, false,
                                    bmf_export};
