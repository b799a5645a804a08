#include "reports/llama_bench.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/export.h"

static const struct {
    const char *name;
    enum llama_type type;
} columns[LLAMA_COUNT] = {
#define LLAMA(name, type) {#name, LLAMA_##type},
#include "reports/llama_bench.inc"
#undef LLAMA
};

const char *llama_column_name(enum llama_column column)
{
    return columns[column].name;
}

enum llama_type llama_column_type(enum llama_column column)
{
    return columns[column].type;
}

/* What an import has kept, and the threads of an engine of ours. */
static struct llama_value option_value(const struct cell *cell, enum llama_column column)
{
    char path[64];
    const struct fact *fact;
    struct llama_value value = {NULL, NAN};

    snprintf(path, sizeof path, "options.%s", columns[column].name);
    fact = facts_find(&cell->engine, path);
    if (!fact)
        return value;
    if (columns[column].type == LLAMA_TEXT)
        value.text = fact->type == FACT_TEXT ? fact->text : NULL;
    else if (fact->type == FACT_BOOLEAN)
        value.number = fact->boolean;
    else
        value.number = facts_get_number(&cell->engine, path);
    return value;
}

static double threads_of(const struct cell *cell)
{
    double threads = facts_get_number(&cell->engine, "options.threads");
    const char *text = facts_get_text(&cell->engine, "options.threads", "");

    if (isnan(threads) && isdigit((unsigned char)*text))
        threads = strtod(text, NULL);
    return isnan(threads) ? facts_get_number(&cell->parameters, "threads") : threads;
}

/* As llama-bench would say it, the format last and in capitals. */
static void name_type(char *type, size_t size, const struct cell *cell)
{
    const char *told = facts_get_text(&cell->model, "type", NULL);
    char *format = type;

    snprintf(type, size, "%s", told ? told : facts_get_text(&cell->model, "name", "unknown"));
    if (told)
        return;
    format += strlen(type);
    snprintf(format, size - strlen(type), " %s", facts_get_text(&cell->model, "quantization", "unknown"));
    for (; *format; format++)
        *format = (char)toupper((unsigned char)*format);
}

static void fill_common(struct llama_row *row, const struct record *record, const struct cell *cell, const char *type)
{
    struct llama_value *values = row->values;
    const char *backend = facts_get_text(&cell->engine, "backend", NULL);
    bool foreign = record->origin == ORIGIN_IMPORTED;

    for (int i = 0; i < LLAMA_COUNT; i++)
        values[i] = option_value(cell, (enum llama_column)i);
    values[LLAMA_build_commit].text = facts_get_text(&cell->engine, "git_commit", NULL);
    values[LLAMA_cpu_info].text = facts_get_text(&record->device, "cpu.name", NULL);
    values[LLAMA_backends].text = backend && strcmp(backend, "cpu") == 0 ? "CPU" : backend;
    if (!foreign && backend && strcmp(backend, "cpu") == 0)
        values[LLAMA_gpu_info].text = "";
    values[LLAMA_model_filename].text =
        facts_get_text(&cell->model, "filename", facts_get_text(&cell->model, "name", NULL));
    values[LLAMA_model_type].text = type;
    values[LLAMA_model_size].number = facts_get_number(&cell->model, "stored_bytes");
    values[LLAMA_model_n_params].number = facts_get_number(&cell->model, "parameter_count");
    values[LLAMA_n_threads].number = threads_of(cell);
    if (!values[LLAMA_type_k].text)
        values[LLAMA_type_k].text = values[LLAMA_type_v].text = facts_get_text(&cell->parameters, "kv_type", NULL);
    values[LLAMA_test_time].text = record->created;
}

static double mean(const double *values, size_t count, double numerator)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += numerator ? numerator / values[i] : values[i];
    return sum / (double)count;
}

/* Of a sample; 0 for a single value, as llama-bench has it. numerator: 0 for the values, else for numerator ÷ value. */
static double deviation(const double *values, size_t count, double numerator)
{
    double centre = mean(values, count, numerator), squares = 0;

    if (count < 2)
        return 0;
    for (size_t i = 0; i < count; i++) {
        double value = numerator ? numerator / values[i] : values[i];
        squares += (value - centre) * (value - centre);
    }
    return sqrt(squares / (double)(count - 1));
}

static void fill_samples(struct llama_row *row, const double *samples, size_t count, double tokens)
{
    row->tokens_per_second = samples;
    row->samples = count;
    row->tokens = tokens;
    row->values[LLAMA_avg_ns].number = round(mean(samples, count, tokens * 1e9));
    row->values[LLAMA_stddev_ns].number = round(deviation(samples, count, tokens * 1e9));
    row->values[LLAMA_avg_ts].number = mean(samples, count, 0);
    row->values[LLAMA_stddev_ts].number = deviation(samples, count, 0);
}

/* The measured rates of the launch that repetition *next begins; *next is then the first of another launch. */
static size_t samples_of_launch(const struct cell *cell, enum field field, size_t *next, double *samples)
{
    unsigned launch = cell->repetitions[*next].launch;
    size_t count = 0;

    for (; *next < cell->repetition_count && cell->repetitions[*next].launch == launch; ++*next) {
        const struct repetition *repetition = &cell->repetitions[*next];
        if (repetition->phase == PHASE_MEASURED && isfinite(repetition->values[field]) && repetition->values[field] > 0)
            samples[count++] = repetition->values[field];
    }
    return count;
}

static void put_cell(const struct record *record, const struct cell *cell, double *samples,
                     void (*put)(const struct llama_row *row, size_t index, FILE *out), size_t *index, FILE *out)
{
    double prompt = facts_get_number(&cell->parameters, "prompt_tokens");
    double generated = facts_get_number(&cell->parameters, "generated_tokens");
    double depth = facts_get_number(&cell->parameters, "depth_tokens");
    struct llama_row row = {0};
    char type[256];

    name_type(type, sizeof type, cell);
    fill_common(&row, record, cell, type);
    for (int decode = 0; decode < 2; decode++) {
        enum field field = decode ? FIELD_decode_tokens_per_second : FIELD_prefill_tokens_per_second;
        double tokens = decode ? generated : prompt;
        if (!(tokens > 0))
            continue;
        row.values[LLAMA_n_prompt].number = decode ? 0 : prompt;
        row.values[LLAMA_n_gen].number = decode ? generated : 0;
        row.values[LLAMA_n_depth].number = decode ? depth + prompt : depth;
        for (size_t next = 0; next < cell->repetition_count;) {
            size_t count = samples_of_launch(cell, field, &next, samples);
            if (!count)
                continue;
            fill_samples(&row, samples, count, tokens);
            put(&row, (*index)++, out);
        }
    }
}

enum status llama_bench_each(const struct record *record,
                             void (*put)(const struct llama_row *row, size_t index, FILE *out), size_t *index,
                             FILE *out, struct error *error)
{
    size_t room = 1;
    double *samples;

    for (size_t i = 0; i < record->cell_count; i++)
        if (record->cells[i].repetition_count > room)
            room = record->cells[i].repetition_count;
    samples = malloc(room * sizeof *samples);
    if (!samples)
        return error_set(error, STATUS_MEMORY, "no memory to export %zu repetitions", room);
    for (size_t i = 0; i < record->cell_count; i++)
        put_cell(record, &record->cells[i], samples, put, index, out);
    free(samples);
    return STATUS_OK;
}
