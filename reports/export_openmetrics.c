/* OpenMetrics 1.0 text: a gauge per figure, for the textfile collector of a long-lived machine. */
#include <math.h>
#include <stdio.h>

#include "reports/emit.h"
#include "reports/export.h"

static void put_label(FILE *out, const char *name, const char *value)
{
    fprintf(out, "%s=", name);
    emit_label_text(out, value);
    putc(',', out);
}

static void put_sample(FILE *out, const struct record *record, const struct cell *cell, enum field field,
                       const char *stat, double value)
{
    if (!isfinite(value))
        return;
    fprintf(out, "pocketmark_%s{", field_info(field)->name);
    put_label(out, "device", export_device(record));
    put_label(out, "engine", facts_get_text(&cell->engine, "name", ""));
    put_label(out, "model", facts_get_text(&cell->model, "name", ""));
    put_label(out, "cell", cell->id);
    fprintf(out, "stat=\"%s\"} ", stat);
    emit_json_number(out, value);
    putc('\n', out);
}

static void put_head(FILE *out, enum field field)
{
    const char *name = field_info(field)->name;

    fprintf(out, "# TYPE pocketmark_%s gauge\n# UNIT pocketmark_%s %s\n# HELP pocketmark_%s ", name, name,
            field_unit(field), name);
    for (const char *at = field_info(field)->meaning; *at; at++)
        fprintf(out, *at == '\\' || *at == '"' ? "\\%c" : "%c", *at);
    putc('\n', out);
}

/* All samples of a gauge stand together, as the format wants it. */
static void put_family(FILE *out, const struct record *records, size_t count, enum field field)
{
    static const char *const stats[] = {[ESTIMATOR_MEDIAN] = "median", [ESTIMATOR_MAX] = "max"};
    bool headed = false;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < records[i].cell_count; j++) {
            const struct cell *cell = &records[i].cells[j];
            const struct figure *figure = &cell->figures[field];
            if (!export_has(cell, field))
                continue;
            if (!headed)
                put_head(out, field);
            headed = true;
            put_sample(out, &records[i], cell, field, stats[field_info(field)->estimator], figure->value);
            put_sample(out, &records[i], cell, field, "ci_low", figure->ci_low);
            put_sample(out, &records[i], cell, field, "ci_high", figure->ci_high);
        }
}

static enum status openmetrics_export(const struct record *records, size_t count, FILE *out, struct error *error)
{
    (void)error;
    for (int field = 0; field < FIELD_COUNT; field++)
        put_family(out, records, count, (enum field)field);
    fputs("# EOF\n", out);
    return STATUS_OK;
}

const struct exporter export_openmetrics = {"openmetrics", "OpenMetrics 1.0 text, for Prometheus' textfile collector",
                                            true, false, openmetrics_export};
