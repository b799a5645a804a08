#include "runner/fit_measured.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/document.h"
#include "reports/labels.h"
#include "reports/statistics.h"
#include "runner/report_inputs.h"

#define RESULTS_FOLDER "results"

enum { PROMPT_LEAST = 128 };

static const char *const phase_names[] = {[PREDICT_PREFILL] = "prefill", [PREDICT_DECODE] = "decode"};
static const enum field phase_fields[] = {
    [PREDICT_PREFILL] = FIELD_prefill_tokens_per_second, [PREDICT_DECODE] = FIELD_decode_tokens_per_second};

/* ---- reading -------------------------------------------------------------------------------------------------------------- */

static enum status take_file(struct fit_measured *measured, const char *path, struct error *error)
{
    struct record record;
    enum status status = document_read_file(path, &record, error);

    if (!status && measured->count == measured->capacity) {
        size_t capacity = measured->capacity ? 2 * measured->capacity : 8;
        struct record *records = realloc(measured->records, capacity * sizeof *records);
        if (records) {
            measured->records = records;
            measured->capacity = capacity;
        } else
            status = error_set(error, STATUS_MEMORY, "no memory for the results");
    }
    if (!status)
        measured->records[measured->count++] = record;
    else
        record_close(&record);
    return status;
}

enum status fit_measured_open(struct fit_measured *measured, const char *const *paths, size_t count,
                              struct progress *progress, struct error *error)
{
    static const char *const usual[] = {RESULTS_FOLDER};
    char **found = NULL;
    size_t found_count = 0;
    struct error problem = {0};
    enum status status = STATUS_OK;

    *measured = (struct fit_measured){0};
    if (count)
        status = report_paths(paths, count, &found, &found_count, error);
    else if (access(RESULTS_FOLDER, F_OK) == 0 &&
             report_paths(usual, 1, &found, &found_count, &problem) == STATUS_MEMORY)
        status = error_set(error, STATUS_MEMORY, "no memory for the results");
    for (size_t i = 0; i < found_count && !status; i++) {
        problem = (struct error){0};
        status = take_file(measured, found[i], &problem);
        if (status && (count || status == STATUS_MEMORY))
            *error = problem;
        else if (status) {
            progress_say(progress, "left out: %s", problem.text);
            status = STATUS_OK;
        }
    }
    report_paths_free(found, found_count);
    return status;
}

void fit_measured_close(struct fit_measured *measured)
{
    for (size_t i = 0; i < measured->count; i++)
        record_close(&measured->records[i]);
    free(measured->records);
    *measured = (struct fit_measured){0};
}

/* ---- finding -------------------------------------------------------------------------------------------------------------- */

static size_t count_of(const struct facts *facts, const char *path)
{
    const struct fact *fact = facts_find(facts, path);

    return fact && fact->type == FACT_INTEGER && fact->integer > 0 ? (size_t)fact->integer : 0;
}

static bool same_text(const struct facts *a, const struct facts *b, const char *path)
{
    const char *text = facts_get_text(a, path, "");

    return *text && strcmp(text, facts_get_text(b, path, "")) == 0;
}

static bool is_like(const struct cell *cell, const struct cell *prediction, const char *threads)
{
    return cell->status == CELL_OK && same_text(&cell->model, &prediction->model, "name") &&
           same_text(&cell->model, &prediction->model, "quantization") &&
           same_text(&cell->model, &prediction->model, "output_tensor_type") &&
           same_text(&cell->model, &prediction->model, "weights") &&
           same_text(&cell->engine, &prediction->engine, "name") &&
           same_text(&cell->parameters, &prediction->parameters, "workload") &&
           same_text(&cell->parameters, &prediction->parameters, "kv_type") &&
           strcmp(facts_get_text(&cell->engine, "options.threads", ""), threads) == 0 &&
           count_of(&cell->parameters, "prompt_tokens") >= PROMPT_LEAST &&
           count_of(&cell->parameters, "depth_tokens") == 0;
}

const struct cell *fit_measured_find(const struct fit_measured *measured, const struct cell *prediction,
                                     const char *device_id, size_t threads, const struct record **from)
{
    const struct cell *best = NULL;
    const char *latest = "";
    char number[24];

    snprintf(number, sizeof number, "%zu", threads);
    for (size_t i = 0; i < measured->count; i++) {
        const struct record *record = &measured->records[i];
        if (record->origin != ORIGIN_NATIVE || !*device_id ||
            strcmp(facts_get_text(&record->device, "device_id", ""), device_id) != 0 ||
            strcmp(record->created, latest) < 0)
            continue;
        for (size_t j = 0; j < record->cell_count; j++)
            if (is_like(&record->cells[j], prediction, number)) {
                best = &record->cells[j];
                latest = record->created;
                if (from)
                    *from = record;
            }
    }
    return best;
}

/* ---- telling -------------------------------------------------------------------------------------------------------------- */

static void observe(struct facts *facts, double value, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void observe(struct facts *facts, double value, const char *format, ...)
{
    char path[128], label[LABEL_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    facts_number(facts, path, label_of_path(path, label) ? label : NULL, value);
}

/* Predicted ÷ measured − 1 for the tokens that were measured; NaN: one of the two is not there. */
static double error_of(const struct cell *cell, const struct plan_case *item, const struct fit_basis *basis,
                       enum predict_phase phase)
{
    const struct figure *figure = &cell->figures[phase_fields[phase]];
    size_t prompt = count_of(&cell->parameters, "prompt_tokens");
    size_t generated = count_of(&cell->parameters, "generated_tokens");
    size_t tokens = phase == PREDICT_PREFILL ? prompt : generated;
    struct predicted predicted =
        phase == PREDICT_PREFILL ? fit_prefill(item, basis, prompt) : fit_decode(item, basis, prompt, generated);

    if (!figure->present || !tokens)
        return NAN;
    return (double)tokens / predicted.seconds / figure->value - 1;
}

static void tell_cell(struct cell *prediction, const struct cell *cell, const struct record *from,
                      const struct plan_case *item, const struct fit_basis *basis, double *errors[PREDICT_PHASES],
                      size_t counts[PREDICT_PHASES])
{
    struct facts *facts = &prediction->observations;

    facts_text(facts, "measured.result_id", NULL, from->result_id);
    facts_text(facts, "measured.cell_id", NULL, cell->id);
    for (int phase = 0; phase < PREDICT_PHASES; phase++) {
        double error_ratio = error_of(cell, item, basis, (enum predict_phase)phase);
        if (isnan(error_ratio))
            continue;
        observe(facts, cell->figures[phase_fields[phase]].value, "measured.%s_tokens_per_second", phase_names[phase]);
        observe(facts, error_ratio, "measured.%s_error_ratio", phase_names[phase]);
        errors[phase][counts[phase]++] = fabs(error_ratio);
    }
}

struct fit_errors fit_measured_tell(const struct fit_measured *measured, struct record *record,
                                    const struct fit_basis *basis, size_t threads)
{
    struct fit_errors told = {.median_ratio = {NAN, NAN}, .most_ratio = {NAN, NAN}};
    size_t room = record->prediction_count + 1, counts[PREDICT_PHASES] = {0};
    double *values = calloc(PREDICT_PHASES * room, sizeof *values), *errors[PREDICT_PHASES];
    const char *device = facts_get_text(&record->device, "device_id", "");

    if (!values)
        return told;
    for (int phase = 0; phase < PREDICT_PHASES; phase++)
        errors[phase] = values + (size_t)phase * room;
    for (size_t i = 0; i < record->prediction_count; i++) {
        const struct record *from = NULL;
        const struct cell *cell = fit_measured_find(measured, &record->predictions[i], device, threads, &from);
        if (!cell)
            continue;
        tell_cell(&record->predictions[i], cell, from, &basis->machine->plan->cases[i], basis, errors, counts);
        told.cases++;
    }
    for (int phase = 0; phase < PREDICT_PHASES && told.cases; phase++) {
        if (!counts[phase])
            continue;
        told.median_ratio[phase] = statistics_quantile(errors[phase], counts[phase], 0.5);
        told.most_ratio[phase] = statistics_max(errors[phase], counts[phase]);
        observe(&record->environment, told.median_ratio[phase], "fit.measured.%s_error_median_ratio",
                phase_names[phase]);
        observe(&record->environment, told.most_ratio[phase], "fit.measured.%s_error_most_ratio", phase_names[phase]);
    }
    if (told.cases)
        facts_integer(&record->environment, "fit.measured.cases_count", NULL, (int64_t)told.cases);
    free(values);
    return told;
}
