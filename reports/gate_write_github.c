/* Workflow commands of GitHub Actions: lines that it turns into annotations. It shows ten of each kind per step and drops the rest
 * in silence, so each verdict gets one, with its worst rows. */
#include <stdlib.h>

#include "reports/gate_view.h"
#include "reports/gate_writer.h"
#include "reports/text.h"

enum { ROWS_MOST = 5 };

/* Percent, line ends and, in a property, its separators stand for themselves only as %XX. */
static void put_escaped(FILE *out, const char *text, bool property)
{
    char *clean = text_copy(text, TEXT_LINE);

    for (const char *at = clean ? clean : ""; *at; at++)
        if (*at == '%' || (property && (*at == ':' || *at == ',')))
            fprintf(out, "%%%02X", (unsigned char)*at);
        else
            putc(*at, out);
    free(clean);
}

static void begin(FILE *out, const char *kind, const char *title)
{
    fprintf(out, "::%s title=", kind);
    put_escaped(out, title, true);
    fputs("::", out);
}

static bool row_counts(const struct gate_row *row, enum verdict verdict)
{
    return row->verdict == verdict && (verdict != VERDICT_INCONCLUSIVE || row->open);
}

static void annotate(const struct gate *gate, enum verdict verdict, const char *kind, FILE *out)
{
    char text[GATE_LINE_MAX];
    size_t all = 0, shown = 0;

    for (size_t i = 0; i < gate->row_count; i++)
        all += row_counts(&gate->rows[i], verdict);
    if (!all)
        return;
    snprintf(text, sizeof text, "pocketmark: %zu %s", all, verdict_name(verdict));
    begin(out, kind, text);
    for (size_t i = 0; i < gate->row_count && shown < ROWS_MOST; i++) {
        const struct gate_row *row = &gate->rows[i];
        if (!row_counts(row, verdict))
            continue;
        fputs(shown++ ? "%0A" : "", out);
        gate_view_finding(text, sizeof text, gate, row);
        put_escaped(out, text, false);
        gate_view_certainty(text, sizeof text, gate, row);
        if (*text && verdict != VERDICT_NOT_COMPARABLE) {
            fputs("; ", out);
            put_escaped(out, text, false);
        }
        gate_row_repeat(text, sizeof text, gate, row);
        if (*text && shown == 1) {
            fputs("%0Aagain: ", out);
            put_escaped(out, text, false);
        }
    }
    if (all > shown)
        fprintf(out, "%%0A… and %zu more", all - shown);
    putc('\n', out);
}

static void annotate_refusals(const struct gate *gate, FILE *out)
{
    bool any = false;

    for (size_t i = 0; i < gate->baseline_count; i++) {
        const struct gate_baseline *baseline = &gate->baselines[i];
        if (!*baseline->refusal)
            continue;
        if (any)
            fputs("%0A", out);
        else
            begin(out, "error", "pocketmark: baseline refused");
        put_escaped(out, baseline->source.name, false);
        fputs(": ", out);
        put_escaped(out, baseline->refusal, false);
        any = true;
    }
    if (any)
        putc('\n', out);
}

static enum status github_write(const struct gate *gate, const struct writer_style *style, FILE *out,
                                struct error *error)
{
    char text[GATE_LINE_MAX];

    (void)style;
    (void)error;
    annotate_refusals(gate, out);
    annotate(gate, VERDICT_REGRESSED, "error", out);
    annotate(gate, VERDICT_NOT_COMPARABLE, "error", out);
    annotate(gate, VERDICT_INCONCLUSIVE, "warning", out);
    annotate(gate, VERDICT_IMPROVED, "notice", out);
    /* no line of ours may be taken for a command */
    gate_view_headline(text, sizeof text, gate);
    fprintf(out, "pocketmark: %s\n", text);
    return STATUS_OK;
}

const struct gate_writer gate_write_github = {
    "github", NULL, "annotations of GitHub Actions; the table goes to its summary", github_write};
