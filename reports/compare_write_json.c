#include <math.h>

#include "reports/compare_writer.h"
#include "reports/emit.h"

/* Members after the first of their object. */
static void put_text(FILE *out, const char *name, const char *text)
{
    fprintf(out, ", \"%s\": ", name);
    emit_json_text(out, text);
}

static void put_number(FILE *out, const char *name, double value)
{
    fprintf(out, ", \"%s\": ", name);
    emit_json_number(out, value);
}

static void put_side(FILE *out, const char *name, const struct cell *cell, enum field field, size_t launches)
{
    const struct figure *figure = &cell->figures[field];

    fprintf(out, ", \"%s\": {\"cell_id\": ", name);
    emit_json_text(out, cell->id);
    put_number(out, "value", figure->present ? figure->value : NAN);
    put_number(out, "ci_low", figure->present ? figure->ci_low : NAN);
    put_number(out, "ci_high", figure->present ? figure->ci_high : NAN);
    put_number(out, "launches", (double)launches);
    putc('}', out);
}

static void put_pair(FILE *out, const struct comparison_pair *pair)
{
    fputs("    {\"base\": ", out);
    emit_json_text(out, pair->base_name);
    put_text(out, "base_result_id", pair->base->result_id);
    put_text(out, "candidate", pair->candidate_name);
    put_text(out, "candidate_result_id", pair->candidate->result_id);
    put_text(out, "factor", pair->factor == FACTOR_NONE ? "none" : pair->factor_name);
    put_text(out, "base_value", pair->base_value);
    put_text(out, "candidate_value", pair->candidate_value);
    fprintf(out, ", \"interleaved\": %s, \"foreign\": %s, \"mixed\": %s}", pair->interleaved ? "true" : "false",
            pair->foreign ? "true" : "false", pair->mixed ? "true" : "false");
}

static void put_row(FILE *out, const struct comparison_row *row)
{
    fprintf(out, "    {\"pair\": %zu", row->pair);
    put_text(out, "metric", field_info(row->field)->name);
    put_side(out, "base", row->base, row->field, row->base_launches);
    put_side(out, "candidate", row->candidate, row->field, row->candidate_launches);
    put_number(out, "ratio", row->ratio.value);
    put_number(out, "ratio_ci_low", row->ratio.low);
    put_number(out, "ratio_ci_high", row->ratio.high);
    put_number(out, "p", row->p);
    put_number(out, "p_holm", row->p_holm);
    put_number(out, "delta_ratio", row->delta_ratio);
    put_number(out, "detectable_ratio", row->detectable_ratio);
    put_number(out, "needed_launches", row->needed_launches);
    put_text(out, "verdict", verdict_name(row->verdict));
    put_text(out, "reason", row->reason);
    putc('}', out);
}

static enum status json_write(const struct comparison *comparison, const struct writer_style *style, FILE *out,
                              struct error *error)
{
    (void)style;
    (void)error;
    fputs("{\n  \"schema\": {\"name\": \"pocketmark.comparison\", \"version\": \"1.0\"},\n  \"verdicts\": {", out);
    for (int i = 0; i < VERDICT_COUNT; i++)
        fprintf(out, "%s\"%s\": %zu", i ? ", " : "", verdict_name((enum verdict)i), comparison->verdicts[i]);
    fputs("},\n  \"pairs\": [\n", out);
    for (size_t i = 0; i < comparison->pair_count; i++) {
        fputs(i ? ",\n" : "", out);
        put_pair(out, &comparison->pairs[i]);
    }
    fputs("\n  ],\n  \"rows\": [\n", out);
    for (size_t i = 0; i < comparison->row_count; i++) {
        fputs(i ? ",\n" : "", out);
        put_row(out, &comparison->rows[i]);
    }
    fputs("\n  ],\n  \"notes\": [\n", out);
    for (size_t i = 0; i < comparison->note_count; i++) {
        fputs(i ? ",\n    " : "    ", out);
        emit_json_text(out, comparison->notes[i]);
    }
    fputs("\n  ]\n}\n", out);
    return STATUS_OK;
}

const struct compare_writer compare_write_json = {"json", ".json", "everything, for programs", json_write};
