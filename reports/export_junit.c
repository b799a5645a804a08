/* JUnit XML: a suite per result, a test case per cell. Some readers drop properties and attributes, so the figures also stand in
 * system-out. */
#include <math.h>
#include <stdio.h>

#include "reports/emit.h"
#include "reports/export.h"
#include "reports/units.h"

static void put_attribute(FILE *out, const char *name, const char *text)
{
    fprintf(out, " %s=\"", name);
    emit_xml_text(out, text);
    putc('"', out);
}

static void put_figures(FILE *out, const struct cell *cell)
{
    char value[64], low[64], high[64];

    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct figure *figure = &cell->figures[i];
        const char *unit = field_unit((enum field)i);
        if (!export_has(cell, (enum field)i))
            continue;
        fprintf(out, "%s: ", field_info((enum field)i)->name);
        emit_xml_text(out, units_format(value, sizeof value, unit, figure->value));
        if (isfinite(figure->ci_low) && isfinite(figure->ci_high)) {
            fputs(" [", out);
            emit_xml_text(out, units_format(low, sizeof low, unit, figure->ci_low));
            fputs(" to ", out);
            emit_xml_text(out, units_format(high, sizeof high, unit, figure->ci_high));
            putc(']', out);
        }
        fprintf(out, ", %zu launches\n", figure->launches);
    }
}

static void put_case(FILE *out, const struct record *record, const struct cell *cell)
{
    char class[512];

    snprintf(class, sizeof class, "%s.%s.%s", export_device(record), facts_get_text(&cell->engine, "name", "engine"),
             facts_get_text(&cell->model, "name", "model"));
    fputs("    <testcase", out);
    put_attribute(out, "classname", class);
    put_attribute(out, "name", cell->id);
    fputs(">\n", out);
    if (cell->status != CELL_OK) {
        fprintf(out, "      <%s", cell->status == CELL_FAILED ? "failure" : "skipped");
        put_attribute(out, "message", cell->reason);
        fputs("/>\n", out);
    }
    fputs("      <system-out>", out);
    put_figures(out, cell);
    fputs("</system-out>\n    </testcase>\n", out);
}

static void put_suite(FILE *out, const struct record *record)
{
    size_t failed = 0, skipped = 0;
    char name[512];

    for (size_t i = 0; i < record->cell_count; i++) {
        failed += record->cells[i].status == CELL_FAILED;
        skipped += record->cells[i].status == CELL_SKIPPED;
    }
    snprintf(name, sizeof name, "pocketmark %s on %s", facts_get_text(&record->workload, "name", ""),
             export_device(record));
    fputs("  <testsuite", out);
    put_attribute(out, "name", name);
    put_attribute(out, "id", record->result_id);
    put_attribute(out, "timestamp", record->created);
    fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n", record->cell_count, failed,
            skipped);
    for (size_t i = 0; i < record->cell_count; i++)
        put_case(out, record, &record->cells[i]);
    fputs("  </testsuite>\n", out);
}

static enum status junit_export(const struct record *records, size_t count, FILE *out, struct error *error)
{
    (void)error;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pocketmark\">\n", out);
    for (size_t i = 0; i < count; i++)
        put_suite(out, &records[i]);
    fputs("</testsuites>\n", out);
    return STATUS_OK;
}

const struct exporter export_junit = {"junit", "JUnit XML: cells as test cases, failed and skipped ones marked", false,
                                      false, junit_export};
