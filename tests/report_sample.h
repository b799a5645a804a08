/* Records of a run and of `fit`, in a rig, for the tests of a report's sections. */
#ifndef POCKETMARK_TESTS_REPORT_SAMPLE_H
#define POCKETMARK_TESTS_REPORT_SAMPLE_H

#include "tests/report_rig.h"
#include "tests/sample_record.h"

/* The sample record, on a device of that id and name. */
static inline struct record *sample_on_device(struct rig *rig, const char *id, const char *name)
{
    struct record *record = rig_record(rig, "a.json");

    sample_record(record);
    facts_text(&record->device, "device_id", NULL, id);
    facts_text(&record->device, "cpu.name", NULL, name);
    facts_integer(&record->device, "memory.usable_bytes", NULL, 16000000000);
    facts_number(&record->environment, "roofs.int8_macs_per_second", NULL, 1.04e12);
    for (size_t i = 0; i < 2; i++)
        facts_integer(&record->cells[i].model, "parameter_count", NULL, 1235814400);
    return record;
}

/* decode 0: too large for a speed. */
static inline struct cell *predict(struct record *record, const char *model, const char *format, double parameters,
                                   const char *fit, double decode)
{
    struct cell *cell = record_add_prediction(record, format);

    assert_non_null(cell);
    facts_text(&cell->model, "name", NULL, model);
    facts_text(&cell->model, "quantization", NULL, format);
    facts_integer(&cell->model, "parameter_count", NULL, (int64_t)parameters);
    facts_text(&cell->observations, "fit", NULL, fit);
    cell->status = strcmp(fit, "too large") == 0 ? CELL_SKIPPED : CELL_OK;
    cell->figures[FIELD_predicted_peak_bytes] =
        (struct figure){.present = true, .value = parameters * 0.6, .ci_low = NAN, .ci_high = NAN};
    if (decode > 0) {
        cell->figures[FIELD_decode_tokens_per_second] =
            (struct figure){.present = true, .value = decode, .ci_low = decode * 0.9, .ci_high = decode * 1.1};
        facts_number(&cell->observations, "scenarios.chat.time_to_first_token_seconds", NULL, 1.5);
    }
    return cell;
}

static inline void add_predictions(struct record *record)
{
    predict(record, "llama-3.2-1b", "q4_0", 1235814400, "fits", 50);
    predict(record, "phi-4", "q4_0", 14.7e9, "tight", 4.2);
    predict(record, "phi-4", "q8_0", 14.7e9, "too large", 0);
    predict(record, "llama-3.1-8b", "q4_0", 8.03e9, "fits", 7.5);
}

#endif
