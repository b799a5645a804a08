#include <math.h>

#include "reports/emit.h"
#include "reports/view.h"
#include "reports/writer.h"

static const char header[] =
    "result_id,created,device_id,cell_id,status,workload,model,quantization,engine,prompt_tokens,"
    "generated_tokens,depth_tokens,metric,value,unit,ci_low,ci_high,n,launches,estimator,kind,"
    "better,source,scope,reason\n";

static void csv_text(FILE *out, const char *text, char end)
{
    emit_csv_text(out, text);
    putc(end, out);
}

static void csv_number(FILE *out, double value, char end)
{
    emit_csv_number(out, value);
    putc(end, out);
}

static void csv_fact(FILE *out, const struct facts *facts, const char *path)
{
    const struct fact *fact = facts_find(facts, path);

    if (fact && fact->type == FACT_INTEGER)
        fprintf(out, "%lld,", (long long)fact->integer);
    else if (fact && fact->type == FACT_NUMBER)
        csv_number(out, fact->number, ',');
    else
        csv_text(out, fact && fact->type == FACT_TEXT ? fact->text : "", ',');
}

/* The columns that tell the cell, up to and without the metric. */
static void csv_cell(FILE *out, const struct record *record, const struct cell *cell)
{
    static const char *const words[] = {[CELL_OK] = "ok", [CELL_SKIPPED] = "skipped", [CELL_FAILED] = "failed"};

    csv_text(out, record->result_id, ',');
    csv_text(out, record->created, ',');
    csv_fact(out, &record->device, "device_id");
    csv_text(out, cell->id, ',');
    csv_text(out, words[cell->status], ',');
    csv_fact(out, &cell->parameters, "workload");
    csv_fact(out, &cell->model, "name");
    csv_fact(out, &cell->model, "quantization");
    csv_fact(out, &cell->engine, "name");
    csv_fact(out, &cell->parameters, "prompt_tokens");
    csv_fact(out, &cell->parameters, "generated_tokens");
    csv_fact(out, &cell->parameters, "depth_tokens");
}

static void csv_figure(FILE *out, const struct figure *figure, enum field field)
{
    static const char *const better[] = {
        [BETTER_HIGHER] = "higher", [BETTER_LOWER] = "lower", [BETTER_NEITHER] = "neither"};
    static const char *const kinds[] = {
        [KIND_MEASURED] = "measured", [KIND_DERIVED] = "derived", [KIND_ESTIMATED] = "estimated"};
    static const char *const estimators[] = {[ESTIMATOR_MEDIAN] = "median", [ESTIMATOR_MAX] = "max"};
    const struct field_info *info = field_info(field);

    fprintf(out, "%s,", info->name);
    csv_number(out, figure->present ? figure->value : NAN, ',');
    fprintf(out, "%s,", field_unit(field));
    csv_number(out, figure->present ? figure->ci_low : NAN, ',');
    csv_number(out, figure->present ? figure->ci_high : NAN, ',');
    if (figure->present)
        fprintf(out, "%zu,%zu,%s,", figure->n, figure->launches, estimators[info->estimator]);
    else
        fputs(",,,", out);
    fprintf(out, "%s,%s,", kinds[info->kind], better[info->better]);
    csv_text(out, figure->source, ',');
    csv_text(out, figure->scope, ',');
    csv_text(out, figure->present ? "" : figure->reason, '\n');
}

static enum status csv_write(const struct record *record, const struct writer_style *style, FILE *out,
                             struct error *error)
{
    (void)style;
    (void)error;
    fputs(header, out);
    for (size_t i = 0; i < record->cell_count; i++) {
        const struct cell *cell = &record->cells[i];
        for (int field = 0; field < FIELD_COUNT; field++) {
            if (!cell->figures[field].present && !*cell->figures[field].reason)
                continue;
            csv_cell(out, record, cell);
            csv_figure(out, &cell->figures[field], (enum field)field);
        }
        if (cell->status != CELL_OK) {
            csv_cell(out, record, cell);
            fputs(",,,,,,,,,,,,", out);
            csv_text(out, cell->reason, '\n');
        }
    }
    return STATUS_OK;
}

const struct writer write_csv = {"csv", ".csv", "one row per cell and figure", csv_write};
