#include <math.h>

#include "reports/compare_writer.h"
#include "reports/emit.h"

static const char header[] =
    "base,candidate,factor,base_factor_value,candidate_factor_value,interleaved,foreign,base_cell_id,candidate_cell_id,"
    "metric,unit,base_value,base_ci_low,base_ci_high,base_launches,candidate_value,candidate_ci_low,candidate_ci_high,"
    "candidate_launches,ratio,ratio_ci_low,ratio_ci_high,p,p_holm,delta_ratio,detectable_ratio,needed_launches,verdict,"
    "reason\n";

static void put_text(FILE *out, const char *text)
{
    emit_csv_text(out, text);
    putc(',', out);
}

static void put_number(FILE *out, double value)
{
    emit_csv_number(out, value);
    putc(',', out);
}

static void put_figure(FILE *out, const struct figure *figure, size_t launches)
{
    put_number(out, figure->present ? figure->value : NAN);
    put_number(out, figure->present ? figure->ci_low : NAN);
    put_number(out, figure->present ? figure->ci_high : NAN);
    put_number(out, (double)launches);
}

static void put_row(FILE *out, const struct comparison_pair *pair, const struct comparison_row *row)
{
    put_text(out, pair->base_name);
    put_text(out, pair->candidate_name);
    put_text(out, pair->factor_name);
    put_text(out, pair->base_value);
    put_text(out, pair->candidate_value);
    put_text(out, pair->interleaved ? "yes" : "no");
    put_text(out, pair->foreign ? "yes" : "no");
    put_text(out, row->base->id);
    put_text(out, row->candidate->id);
    put_text(out, field_info(row->field)->name);
    put_text(out, field_unit(row->field));
    put_figure(out, &row->base->figures[row->field], row->base_launches);
    put_figure(out, &row->candidate->figures[row->field], row->candidate_launches);
    put_number(out, row->ratio.value);
    put_number(out, row->ratio.low);
    put_number(out, row->ratio.high);
    put_number(out, row->p);
    put_number(out, row->p_holm);
    put_number(out, row->delta_ratio);
    put_number(out, row->detectable_ratio);
    put_number(out, row->needed_launches);
    put_text(out, verdict_name(row->verdict));
    emit_csv_text(out, row->reason);
    putc('\n', out);
}

static enum status csv_write(const struct comparison *comparison, const struct writer_style *style, FILE *out,
                             struct error *error)
{
    (void)style;
    (void)error;
    fputs(header, out);
    for (size_t i = 0; i < comparison->row_count; i++)
        put_row(out, &comparison->pairs[comparison->rows[i].pair], &comparison->rows[i]);
    return STATUS_OK;
}

const struct compare_writer compare_write_csv = {"csv", ".csv", "one row per cell and figure", csv_write};
