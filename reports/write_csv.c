#include <math.h>

#include "reports/emit.h"
#include "reports/figures.h"
#include "reports/view.h"
#include "reports/writer.h"

static const char header[] =
    "result_id,created,device_id,cell_id,status,workload,model,quantization,engine,prompt_tokens,"
    "generated_tokens,depth_tokens,metric,value,unit,ci_low,ci_high,n,launches,estimator,kind,"
    "better,source,scope,reason,origin,device\n";

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
static void csv_cell(FILE *out, const struct record *record, const struct cell *cell, bool predicted)
{
    static const char *const words[] = {[CELL_OK] = "ok", [CELL_SKIPPED] = "skipped", [CELL_FAILED] = "failed"};

    csv_text(out, record->result_id, ',');
    csv_text(out, record->created, ',');
    csv_fact(out, &record->device, "device_id");
    csv_text(out, cell->id, ',');
    csv_text(out, predicted && cell->status == CELL_OK ? "predicted" : words[cell->status], ',');
    csv_fact(out, &cell->parameters, "workload");
    csv_fact(out, &cell->model, "name");
    csv_fact(out, &cell->model, "quantization");
    csv_fact(out, &cell->engine, "name");
    csv_fact(out, &cell->parameters, "prompt_tokens");
    csv_fact(out, &cell->parameters, "generated_tokens");
    csv_fact(out, &cell->parameters, "depth_tokens");
}

/* The columns behind the reason, which end the row. */
static void csv_device(FILE *out, const struct record *record)
{
    const struct fact *name = facts_find(&record->device, "cpu.name");

    csv_text(out, origin_name(record->origin), ',');
    csv_text(out, name && name->type == FACT_TEXT ? name->text : "", '\n');
}

static void csv_figure(FILE *out, const struct figure *figure, enum field field, bool predicted)
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
    if (figure->present && predicted)
        fputs(",,model,", out);
    else if (figure->present)
        fprintf(out, "%zu,%zu,%s,", figure->n, figure->launches, estimators[info->estimator]);
    else
        fputs(",,,", out);
    fprintf(out, "%s,%s,", kinds[predicted ? KIND_ESTIMATED : info->kind], better[info->better]);
    csv_text(out, figure->source, ',');
    csv_text(out, figure->scope, ',');
    csv_text(out, figure->present ? "" : figure->reason, ',');
}

static void csv_rows(FILE *out, const struct record *record, const struct cell *cell, bool predicted)
{
    for (int field = 0; field < FIELD_COUNT; field++) {
        if (!cell->figures[field].present && !*cell->figures[field].reason)
            continue;
        csv_cell(out, record, cell, predicted);
        csv_figure(out, &cell->figures[field], (enum field)field, predicted);
        csv_device(out, record);
    }
    if (cell->status == CELL_OK)
        return;
    csv_cell(out, record, cell, predicted);
    fputs(",,,,,,,,,,,,", out);
    csv_text(out, cell->reason, ',');
    csv_device(out, record);
}

void figures_write(const struct record *const *records, size_t count, FILE *out)
{
    fputs(header, out);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < records[i]->cell_count; k++)
            csv_rows(out, records[i], &records[i]->cells[k], false);
        for (size_t k = 0; k < records[i]->prediction_count; k++)
            csv_rows(out, records[i], &records[i]->predictions[k], true);
    }
}

static enum status csv_write(const struct record *record, const struct writer_style *style, FILE *out,
                             struct error *error)
{
    (void)style;
    (void)error;
    figures_write(&record, 1, out);
    return STATUS_OK;
}

const struct writer write_csv = {"csv", ".csv", "one row per cell and figure", csv_write};
