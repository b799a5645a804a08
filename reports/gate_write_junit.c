/* JUnit XML: a suite per baseline, a test case per case and figure. Some readers drop suites, classes and messages, so the figures
 * also stand in the failure's text and in system-out. */
#include "reports/emit.h"
#include "reports/gate_view.h"
#include "reports/gate_writer.h"

static void put_attribute(FILE *out, const char *name, const char *text)
{
    fprintf(out, " %s=\"", name);
    emit_xml_text(out, text);
    putc('"', out);
}

static bool fails(const struct gate_row *row)
{
    return row->verdict == VERDICT_REGRESSED;
}

static bool skips(const struct gate_row *row)
{
    return row->verdict == VERDICT_NOT_COMPARABLE || row->open;
}

static void put_result(FILE *out, const char *element, const struct gate *gate, const struct gate_row *row,
                       const char *finding, const char *certainty)
{
    char repeat[GATE_LINE_MAX];

    fprintf(out, "      <%s", element);
    put_attribute(out, "message", finding);
    put_attribute(out, "type", verdict_name(row->verdict));
    putc('>', out);
    emit_xml_text(out, finding);
    if (*certainty) {
        putc('\n', out);
        emit_xml_text(out, certainty);
    }
    gate_row_repeat(repeat, sizeof repeat, gate, row);
    if (*repeat) {
        fputs("\nagain: ", out);
        emit_xml_text(out, repeat);
    }
    fprintf(out, "</%s>\n", element);
}

static void put_case(const struct gate *gate, const struct gate_row *row, FILE *out)
{
    char finding[GATE_LINE_MAX], certainty[GATE_LINE_MAX], text[GATE_LINE_MAX];

    gate_view_finding(finding, sizeof finding, gate, row);
    gate_view_certainty(certainty, sizeof certainty, gate, row);
    snprintf(text, sizeof text, "%.200s.%.200s.%.200s",
             facts_get_text(&gate->candidate.record->device, "device_id", "unknown"),
             facts_get_text(&row->cell->engine, "name", "unknown"),
             facts_get_text(&row->cell->model, "name", "unknown"));
    fputs("    <testcase", out);
    put_attribute(out, "classname", text);
    snprintf(text, sizeof text, "%s %s", row->cell->id,
             row->decisive ? field_info(row->decisive->field)->name : "all figures");
    put_attribute(out, "name", text);
    fputs(" time=\"0\">\n", out);
    if (fails(row) || skips(row))
        put_result(out, fails(row) ? "failure" : "skipped", gate, row, finding, certainty);
    fprintf(out, "      <system-out>%s: ", verdict_name(row->verdict));
    emit_xml_text(out, finding);
    putc('\n', out);
    emit_xml_text(out, certainty);
    fputs("</system-out>\n    </testcase>\n", out);
}

/* A baseline that is refused is one case that could not run. */
static void put_refusal(const struct gate_baseline *baseline, FILE *out)
{
    fputs("    <testcase classname=\"pocketmark\" name=\"baseline\" time=\"0\">\n      <skipped", out);
    put_attribute(out, "message", baseline->refusal);
    put_attribute(out, "type", verdict_name(VERDICT_NOT_COMPARABLE));
    fputs("/>\n      <system-out>", out);
    emit_xml_text(out, baseline->refusal);
    fputs("</system-out>\n    </testcase>\n", out);
}

static void put_suite(const struct gate *gate, size_t index, FILE *out)
{
    const struct gate_baseline *baseline = &gate->baselines[index];
    size_t tests = 0, failures = 0, skipped = 0;
    char note[GATE_LINE_MAX];

    for (size_t i = 0; i < gate->row_count; i++)
        if (gate->rows[i].baseline == index) {
            tests++;
            failures += fails(&gate->rows[i]);
            skipped += skips(&gate->rows[i]);
        }
    if (*baseline->refusal)
        tests = skipped = 1;
    snprintf(note, sizeof note, "pocketmark against %s", baseline->source.name);
    fputs("  <testsuite", out);
    put_attribute(out, "name", note);
    put_attribute(out, "timestamp", gate->candidate.record->created);
    fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" time=\"0\">\n", tests, failures,
            skipped);
    if (*baseline->refusal)
        put_refusal(baseline, out);
    for (size_t i = 0; i < gate->row_count; i++)
        if (gate->rows[i].baseline == index)
            put_case(gate, &gate->rows[i], out);
    fputs("  </testsuite>\n", out);
}

static enum status junit_write(const struct gate *gate, const struct writer_style *style, FILE *out,
                               struct error *error)
{
    (void)style;
    (void)error;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pocketmark\">\n", out);
    for (size_t i = 0; i < gate->baseline_count; i++)
        put_suite(gate, i, out);
    fputs("</testsuites>\n", out);
    return STATUS_OK;
}

const struct gate_writer gate_write_junit = {"junit", ".xml", "JUnit XML: a test case per case and figure",
                                             junit_write};
