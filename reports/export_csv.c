/* Long form: every repetition's every value is a row. The figures alone are what `run -o FILE.csv` writes. */
#include <math.h>

#include "reports/emit.h"
#include "reports/export.h"

static void put(FILE *out, const char *text)
{
    emit_csv_text(out, text);
    putc(',', out);
}

static void put_repetition(FILE *out, const struct record *record, const struct cell *cell,
                           const struct repetition *repetition, enum field field)
{
    static const char *const phases[] = {
        [PHASE_FIRST] = "first", [PHASE_WARMUP] = "warmup", [PHASE_MEASURED] = "measured"};

    put(out, record->result_id);
    put(out, record->created);
    put(out, origin_name(record->origin));
    put(out, facts_get_text(&record->device, "device_id", ""));
    put(out, cell->id);
    put(out, facts_get_text(&cell->model, "name", ""));
    put(out, facts_get_text(&cell->model, "quantization", ""));
    put(out, facts_get_text(&cell->engine, "name", ""));
    fprintf(out, "%u,%u,%s,", repetition->launch, repetition->index, phases[repetition->phase]);
    emit_csv_number(out, repetition->start_offset_seconds);
    fprintf(out, ",%s,%s,", field_info(field)->name, field_unit(field));
    emit_csv_number(out, repetition->values[field]);
    putc('\n', out);
}

static enum status csv_export(const struct record *records, size_t count, FILE *out, struct error *error)
{
    (void)error;
    fputs("result_id,created,origin,device_id,cell_id,model,quantization,engine,launch,repetition,phase,"
          "start_offset_seconds,metric,unit,value\n",
          out);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < records[i].cell_count; j++) {
            const struct cell *cell = &records[i].cells[j];
            for (size_t k = 0; k < cell->repetition_count; k++)
                for (int field = 0; field < FIELD_COUNT; field++)
                    if (isfinite(cell->repetitions[k].values[field]))
                        put_repetition(out, &records[i], cell, &cell->repetitions[k], (enum field)field);
        }
    return STATUS_OK;
}

const struct exporter export_csv = {"csv", "one row per value of each repetition, for spreadsheets and data frames",
                                    false, false, csv_export};
