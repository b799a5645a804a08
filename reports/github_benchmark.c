#include "reports/github_benchmark.h"

#include <math.h>

#include "reports/emit.h"
#include "reports/export.h"

static void put_figure(FILE *out, const struct record *record, const struct cell *cell, enum field field, bool first)
{
    const struct figure *figure = &cell->figures[field];
    char text[512];

    fprintf(out, "%s\n  { \"name\": ", first ? "" : ",");
    snprintf(text, sizeof text, "%s/%s %s", export_device(record), cell->id, field_info(field)->name);
    emit_json_text(out, text);
    fprintf(out, ", \"unit\": \"%s\", \"value\": ", field_unit(field));
    emit_json_number(out, figure->value);
    if (isfinite(figure->ci_low) && isfinite(figure->ci_high)) {
        fputs(", \"range\": \"± ", out);
        emit_json_number(out, fmax(figure->ci_high - figure->value, figure->value - figure->ci_low));
        putc('"', out);
    }
    snprintf(text, sizeof text, "result %s, %zu launches, commit %s", record->result_id, figure->launches,
             facts_get_text(&record->tool, "git_commit", "unknown"));
    fputs(", \"extra\": ", out);
    emit_json_text(out, text);
    fputs(" }", out);
}

void github_benchmark_write(const struct record *records, size_t count, enum better better, FILE *out)
{
    bool first = true;

    putc('[', out);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < records[i].cell_count; j++)
            for (int field = 0; field < FIELD_COUNT; field++)
                if (field_info((enum field)field)->better == better &&
                    export_has(&records[i].cells[j], (enum field)field)) {
                    put_figure(out, &records[i], &records[i].cells[j], (enum field)field, first);
                    first = false;
                }
    fputs("\n]\n", out);
}
