#include "reports/import.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "reports/export.h"
#include "reports/import_row.h"
#include "reports/input.h"
#include "reports/json_syntax.h"

enum { ROWS_MAX = 4096, SAMPLES_TOTAL_MAX = 500000 };

/* Far beyond any device, far below what would turn sums into infinity. */
static const double RATE_MAX = 1e12;

static const char untold[] = "llama-bench does not tell it";

/* ---- cells ---------------------------------------------------------------------------------------------------------------------- */

static struct cell *cell_of_key(struct record *record, const char *key)
{
    for (size_t i = 0; i < record->cell_count; i++)
        if (strcmp(facts_get_text(&record->cells[i].engine, "options_sha256", ""), key) == 0)
            return &record->cells[i];
    return NULL;
}

static bool id_taken(const struct record *record, const char *id)
{
    for (size_t i = 0; i + 1 < record->cell_count; i++)
        if (strcmp(record->cells[i].id, id) == 0)
            return true;
    return false;
}

/* Ids are unique in a record; tests that differ in other options than these get a number. */
static void name_cell(const struct record *record, struct cell *cell)
{
    size_t length = strlen(cell->id);

    if (length > CELL_ID_MAX - 8)
        cell->id[length = CELL_ID_MAX - 8] = '\0';
    for (unsigned number = 2; id_taken(record, cell->id); number++)
        snprintf(cell->id + length, sizeof cell->id - length, ".%u", number);
}

static void tell_model(struct cell *cell, const struct import_row *row)
{
    const cJSON *size = import_row_member(row, "model_size"), *parameters = import_row_member(row, "model_n_params");

    facts_text(&cell->model, "name", NULL, row->name);
    facts_text(&cell->model, "quantization", NULL, row->format);
    facts_text(&cell->model, "weights", NULL, "file");
    facts_null(&cell->model, "file_sha256", NULL, untold);
    facts_null(&cell->model, "file_bytes", NULL, untold);
    facts_text_or_null(&cell->model, "filename", NULL, row->model_filename, untold);
    facts_text_or_null(&cell->model, "type", NULL, row->model_type, untold);
    if (cJSON_IsNumber(size) && size->valuedouble >= 1)
        facts_number(&cell->model, "stored_bytes", NULL, size->valuedouble);
    if (cJSON_IsNumber(parameters) && parameters->valuedouble >= 1 && parameters->valuedouble < 0x1p53)
        facts_integer(&cell->model, "parameter_count", NULL, (int64_t)parameters->valuedouble);
}

/* Members that no figure is made of: as the other program told them. */
static void tell_options(struct cell *cell, const struct import_row *row)
{
    static const char *const told[] = {"build_commit", "cpu_info", "backends", "model_filename", "model_type",
                                       "model_size",   "n_prompt", "n_gen",    "n_depth",        "model_n_params"};
    const cJSON *item;
    char path[96];

    cJSON_ArrayForEach(item, row->tree)
    {
        bool known = import_row_outcome(item->string) || strlen(item->string) > 64 || !*item->string ||
                     strspn(item->string, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(item->string);
        for (size_t i = 0; i < sizeof told / sizeof *told; i++)
            known = known || strcmp(item->string, told[i]) == 0;
        if (known)
            continue;
        snprintf(path, sizeof path, "options.%s", item->string);
        if (cJSON_IsString(item))
            facts_text(&cell->engine, path, NULL, item->valuestring);
        else if (cJSON_IsBool(item))
            facts_boolean(&cell->engine, path, NULL, cJSON_IsTrue(item));
        else if (cJSON_IsNumber(item))
            facts_number(&cell->engine, path, NULL, item->valuedouble);
    }
}

static void tell_engine(struct cell *cell, const struct import_row *row)
{
    const cJSON *number = import_row_member(row, "build_number");
    char version[32] = "";

    if (cJSON_IsNumber(number) && number->valuedouble > 0 && number->valuedouble < 1e9)
        snprintf(version, sizeof version, "b%.0f", number->valuedouble);
    facts_text(&cell->engine, "name", NULL, "llama.cpp");
    facts_text(&cell->engine, "version", NULL, version);
    facts_text(&cell->engine, "backend", NULL, *row->backends ? row->backends : "unknown");
    facts_boolean(&cell->engine, "backend_verified", NULL, false);
    facts_text_or_null(&cell->engine, "git_commit", NULL, row->build_commit, untold);
    facts_null(&cell->engine, "binary_sha256", NULL, untold);
    facts_text(&cell->engine, "options_sha256", NULL, row->key);
    tell_options(cell, row);
}

static void tell_parameters(struct cell *cell, const struct import_row *row)
{
    const cJSON *keys = import_row_member(row, "type_k"), *values = import_row_member(row, "type_v"),
                *threads = import_row_member(row, "n_threads");

    facts_text(&cell->parameters, "workload", NULL, "llm");
    facts_integer(&cell->parameters, "prompt_tokens", NULL, (int64_t)row->prompt);
    facts_integer(&cell->parameters, "generated_tokens", NULL, (int64_t)row->generated);
    facts_integer(&cell->parameters, "depth_tokens", NULL, (int64_t)row->depth);
    facts_integer(&cell->parameters, "context_tokens", NULL, (int64_t)(row->prompt + row->generated + row->depth));
    if (cJSON_IsString(keys) && cJSON_IsString(values) && strcmp(keys->valuestring, values->valuestring) == 0)
        facts_text(&cell->parameters, "kv_type", NULL, keys->valuestring);
    if (cJSON_IsNumber(threads) && threads->valuedouble >= 1 && threads->valuedouble <= 1e6)
        facts_integer(&cell->parameters, "threads", NULL, (int64_t)threads->valuedouble);
}

static void explain(struct cell *cell, const struct import_row *row)
{
    bool both = row->prompt > 0 && row->generated > 0;
    static const char mixed[] = "llama-bench times prompt and generation of a pg test as one";

    if (both)
        cell_explain(cell, FIELD_prefill_tokens_per_second, "%s", mixed);
    if (both)
        cell_explain(cell, FIELD_decode_tokens_per_second, "%s", mixed);
    cell_explain(cell, FIELD_nmse_ratio, "imported from llama-bench: nobody has checked its arithmetic here");
}

static enum status add_cell(struct record *record, const struct import_row *row, struct cell **cell,
                            struct error *error)
{
    char id[IMPORT_NAME_MAX + IMPORT_FORMAT_MAX + 64];

    snprintf(id, sizeof id, "%s.%s.p%.0f.n%.0f.d%.0f.llama.cpp", row->name, row->format, row->prompt, row->generated,
             row->depth);
    *cell = record_add_cell(record, id);
    if (!*cell)
        return error_set(error, STATUS_MEMORY, "no memory for row %zu", row->number);
    name_cell(record, *cell);
    snprintf((*cell)->title, sizeof(*cell)->title, "%s %s", row->name, row->format);
    (*cell)->stop_reason = STOP_REPETITIONS;
    tell_model(*cell, row);
    tell_engine(*cell, row);
    tell_parameters(*cell, row);
    explain(*cell, row);
    return STATUS_OK;
}

/* The samples are one launch more of the cell. */
static enum status add_launch(struct cell *cell, const struct import_row *row, struct error *error)
{
    unsigned launch = cell->repetition_count ? cell->repetitions[cell->repetition_count - 1].launch + 1 : 0;
    const cJSON *item, *samples = row->rates ? row->rates : row->times;
    bool both = row->prompt > 0 && row->generated > 0;
    enum field field = row->prompt > 0 ? FIELD_prefill_tokens_per_second : FIELD_decode_tokens_per_second;

    cJSON_ArrayForEach(item, samples)
    {
        double rate = row->rates ? item->valuedouble : (row->prompt + row->generated) / item->valuedouble * 1e9;
        struct repetition *repetition = cell_add_repetition(cell, launch, PHASE_MEASURED);
        if (!repetition)
            return error_set(error, STATUS_MEMORY, "no memory for row %zu", row->number);
        if (!(rate > 0 && rate < RATE_MAX))
            return error_set(error, STATUS_FORMAT, "row %zu: its samples hold a speed that no device has", row->number);
        if (!both)
            repetition->values[field] = rate;
    }
    return STATUS_OK;
}

/* ---- the record ------------------------------------------------------------------------------------------------------------------ */

static enum status check_same(const struct import_row *row, const char *key, const char *got, const char *expected,
                              struct error *error)
{
    if (strcmp(got, expected) == 0)
        return STATUS_OK;
    return error_set(error, STATUS_FORMAT,
                     "row %zu: %s is '%.80s', in the rows before it '%.80s': import them into results of their own",
                     row->number, key, got, expected);
}

/* One record is one machine and one build. */
static enum status check_machine(struct record *record, const struct import_row *row, struct error *error)
{
    const char *cpu = *row->cpu_info ? row->cpu_info : "unknown";
    enum status status;

    if (record->cell_count == 0) {
        facts_null(&record->device, "device_id", NULL, "llama-bench tells no more than the names of the processors");
        facts_null(&record->device, "kind", NULL, untold);
        facts_text(&record->device, "cpu.name", "processor", cpu);
        facts_null(&record->device, "memory_bytes", NULL, untold);
        if (*row->gpu_info)
            facts_text(&record->device, "gpu_name", "accelerator", row->gpu_info);
        facts_text_or_null(&record->tool, "build_commit", NULL, row->build_commit, untold);
        return STATUS_OK;
    }
    status = check_same(row, "cpu_info", cpu, facts_get_text(&record->device, "cpu.name", ""), error);
    if (!status)
        status = check_same(row, "gpu_info", row->gpu_info, facts_get_text(&record->device, "gpu_name", ""), error);
    if (!status)
        status = check_same(row, "build_commit", row->build_commit, facts_get_text(&record->tool, "build_commit", ""),
                            error);
    return status;
}

static enum status take_row(struct record *record, const cJSON *tree, size_t number, size_t *samples,
                            struct error *error)
{
    struct import_row row;
    struct cell *cell;
    enum status status = import_row_read(&row, tree, number, error);

    if (!status && (*samples += row.samples) > SAMPLES_TOTAL_MAX)
        status = error_set(error, STATUS_FORMAT, "row %zu: more than %d samples in all", number, SAMPLES_TOTAL_MAX);
    if (!status)
        status = check_machine(record, &row, error);
    if (status)
        return status;
    /* the earliest test is when the run was */
    if (*row.test_time && (record->cell_count == 0 || strcmp(row.test_time, record->created) < 0))
        snprintf(record->created, sizeof record->created, "%s", row.test_time);
    cell = cell_of_key(record, row.key);
    if (!cell)
        status = add_cell(record, &row, &cell, error);
    return status ? status : add_launch(cell, &row, error);
}

/* ---- text ------------------------------------------------------------------------------------------------------------------------ */

/* Lines of objects, or one object over many lines. text ends with a zero behind its length. */
static enum status put_lines(const char *text, size_t length, FILE *out, struct error *error)
{
    const char *end = text + length, *line_end;
    enum status status = STATUS_OK;
    size_t number = 1, written = 0;

    if (json_syntax_check(text, length, NULL) == STATUS_OK) {
        fwrite(text, 1, length, out);
        return STATUS_OK;
    }
    for (const char *line = text; line < end && !status; line = line_end + 1, number++) {
        line_end = memchr(line, '\n', (size_t)(end - line));
        line_end = line_end ? line_end : end;
        if (strspn(line, " \t\r") >= (size_t)(line_end - line))
            continue;
        status = json_syntax_check(line, (size_t)(line_end - line), error);
        if (status)
            error_prefix(error, "line %zu of the text", number);
        fputs(written++ ? "," : "", out);
        fwrite(line, 1, (size_t)(line_end - line), out);
    }
    return status;
}

/* The objects as one array, to be freed. */
static enum status join_objects(const char *text, size_t length, char **joined, size_t *joined_length,
                                struct error *error)
{
    FILE *out = open_memstream(joined, joined_length);
    char *copy = malloc(length + 1);
    enum status status = STATUS_MEMORY;

    if (out && copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
        putc('[', out);
        status = put_lines(copy, length, out, error);
        putc(']', out);
    }
    if (out && fclose(out) != 0)
        status = STATUS_MEMORY;
    free(copy);
    return status == STATUS_MEMORY ? error_set(error, status, "no memory for %zu bytes", length) : status;
}

static enum status parse_rows(const char *text, size_t length, cJSON **rows, struct error *error)
{
    size_t blank = 0;
    char *joined = NULL;
    enum status status;

    *rows = NULL;
    while (blank < length && strchr(" \t\r\n", text[blank]))
        blank++;
    if (blank == length)
        return error_set(error, STATUS_FORMAT, "there is nothing in it; expected what `llama-bench -o json` prints");
    status = text[blank] == '{' ? join_objects(text, length, &joined, &length, error)
                                : json_syntax_check(text, length, error);
    if (!status) {
        *rows = cJSON_ParseWithLength(joined ? joined : text, length);
        if (!*rows)
            status = error_set(error, STATUS_MEMORY, "no memory for %zu bytes of JSON", length);
        else if (!cJSON_IsArray(*rows))
            status = error_set(error, STATUS_FORMAT,
                               "neither an array nor lines of objects: this is not what llama-bench prints");
    }
    free(joined);
    return status;
}

/* The tests that were made are the definition of the workload. */
static enum status finish(struct record *record, struct error *error)
{
    char *text = NULL, hex[DIGEST_HEX];
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return error_set(error, STATUS_MEMORY, "no memory for %zu cells", record->cell_count);
    for (size_t i = 0; i < record->cell_count; i++) {
        cell_summarise(&record->cells[i]);
        fprintf(out, "%s\n", record->cells[i].id);
    }
    if (fclose(out) != 0)
        return error_set(error, STATUS_MEMORY, "no memory for %zu cells", record->cell_count);
    digest_bytes(text, size, hex);
    free(text);
    facts_text(&record->workload, "definition_sha256", NULL, hex);
    return STATUS_OK;
}

enum status import_llama_bench_add(const char *text, size_t length, struct record *record, struct error *error)
{
    cJSON *rows, *row;
    size_t number = 0, samples = 0;
    enum status status = parse_rows(text, length, &rows, error);

    for (size_t i = 0; i < record->cell_count; i++)
        samples += record->cells[i].repetition_count;
    if (!status && !rows->child)
        status = error_set(error, STATUS_FORMAT, "the array is empty: no test was made");
    if (!status) {
        cJSON_ArrayForEach(row, rows)
        {
            status = ++number > ROWS_MAX ? error_set(error, STATUS_FORMAT, "more than %d rows", ROWS_MAX)
                                         : take_row(record, row, number, &samples, error);
            if (status)
                break;
        }
    }
    cJSON_Delete(rows);
    return status ? status : finish(record, error);
}

enum status import_llama_bench(const char *text, size_t length, struct record *record, struct error *error)
{
    enum status status;

    record_open(record);
    record->origin = ORIGIN_IMPORTED;
    facts_text(&record->tool, "name", NULL, "llama-bench");
    facts_text(&record->workload, "name", NULL, "llama-bench");
    facts_text(&record->workload, "version", NULL, "1");
    facts_text(&record->workload, "mode", NULL, "custom");
    status = import_llama_bench_add(text, length, record, error);
    if (!status) {
        const char *version = facts_get_text(&record->cells[0].engine, "version", "unknown");
        facts_text(&record->tool, "version", NULL, version);
        facts_null(&record->tool, "build_id_sha256", NULL, "llama-bench does not tell it");
    }
    return status;
}

enum status import_llama_bench_files(const char *const *paths, size_t count, struct record *record, struct error *error)
{
    enum status status = STATUS_OK;

    *record = (struct record){0};
    for (size_t i = 0; i < count && !status; i++) {
        char *text;
        size_t length;
        status = input_read(paths[i], &text, &length, error);
        if (!status) {
            status = i ? import_llama_bench_add(text, length, record, error)
                       : import_llama_bench(text, length, record, error);
            if (status)
                error_prefix(error, "%s", paths[i]);
        }
        free(text);
    }
    return status;
}
