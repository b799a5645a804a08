#include "reports/page/site_board.h"

#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document.h"
#include "reports/input.h"
#include "reports/page/blocks.h"
#include "reports/page/site_list.h"
#include "reports/page/site_settle.h"

enum { TEXT_MAX = 512, FILE_DIGITS = 8 };

const enum field site_board_fields[BOARD_FIGURES] = {
    [BOARD_DECODE] = FIELD_decode_tokens_per_second,   [BOARD_PREFILL] = FIELD_prefill_tokens_per_second,
    [BOARD_FIRST] = FIELD_time_to_first_token_seconds, [BOARD_ENERGY] = FIELD_energy_joules_per_token,
    [BOARD_MEMORY] = FIELD_peak_private_bytes,
};

/* What reading needs until it is done. */
struct reading {
    struct site_board *board;
    void *ids; /* tree of the ids of all results, newest file first */
    void (*warn)(const char *text, void *context);
    void *context;
};

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_MEMORY, "no memory for the results of the site");
}

/* ---- names -------------------------------------------------------------------------------------------------------------- */

static void append(char *out, size_t size, const char *before, const char *text)
{
    size_t length = strlen(out);

    if (*text && length + 1 < size)
        snprintf(out + length, size - length, "%s%s%s", length ? " " : "", before, text);
}

static void append_count(char *out, size_t size, const char *before, const struct facts *parameters, const char *path)
{
    double count = facts_get_number(parameters, path);
    char digits[32];

    snprintf(digits, sizeof digits, "%.0f", count);
    if (isfinite(count))
        append(out, size, before, digits);
}

/* What was asked for, in the letters of the command line: "p128 n32 d4096 kv q8_0 t4". Nothing of what is usual. */
static void parameters_text(char *out, size_t size, const struct report_cell *cell)
{
    const struct facts *parameters = &cell->cell->parameters;
    const char *workload = facts_get_text(parameters, "workload", ""),
               *cache = facts_get_text(parameters, "kv_type", "");
    const char *threads = facts_get_text(parameters, "threads", "");
    char text[TEXT_MAX];

    out[0] = '\0';
    append(out, size, "", strcmp(workload, "llm") == 0 ? "" : workload);
    append(out, size, "", facts_get_text(parameters, "scenario", ""));
    append_count(out, size, "p", parameters, "prompt_tokens");
    append_count(out, size, "n", parameters, "generated_tokens");
    if (facts_get_number(parameters, "depth_tokens") > 0)
        append_count(out, size, "d", parameters, "depth_tokens");
    report_trait_text(text, sizeof text, cell, TRAIT_CONTEXT);
    if (*text)
        append_count(out, size, "c", parameters, "context_tokens");
    append(out, size, "kv ", strcmp(cache, "f16") == 0 ? "" : cache);
    append(out, size, "threads ", strcmp(threads, "auto") == 0 ? "" : threads);
    append_count(out, size, "t", parameters, "threads");
    report_trait_text(text, sizeof text, cell, TRAIT_OTHER);
    append(out, size, "", text);
    if (strcmp(facts_get_text(&cell->cell->model, "weights", ""), "file") == 0) {
        report_trait_text(text, sizeof text, cell, TRAIT_FILE);
        append(out, size, "", text);
    }
}

/* Index of the device of a record; SIZE_MAX: no memory. */
static size_t device_find(struct site_board *board, const struct record *record, const char *name)
{
    const char *id = facts_get_text(&record->device, "device_id", ""),
               *processor = facts_get_text(&record->device, "cpu.name", "");
    struct board_device *device;
    char *key;

    if (asprintf(&key, "%s %s", origin_name(record->origin), *id ? id : *processor ? processor : record->result_id) < 0)
        return SIZE_MAX;
    for (size_t i = 0; i < board->device_count; i++)
        if (strcmp(board->devices[i].key, key) == 0) {
            free(key);
            return i;
        }
    if (!(device = list_add(&board->devices, &board->device_count, sizeof *device))) {
        free(key);
        return SIZE_MAX;
    }
    *device =
        (struct board_device){.key = key, .name = strdup(name), .origin = record->origin, .first_group = SIZE_MAX};
    return device->name ? board->device_count - 1 : SIZE_MAX;
}

static size_t model_find(struct site_board *board, const struct report_cell *cell)
{
    const char *told = facts_get_text(&cell->cell->model, "name", "");
    const char *name = *told ? told : *cell->cell->title ? cell->cell->title : "unnamed";
    struct board_model *model;

    for (size_t i = 0; i < board->model_count; i++)
        if (strcmp(board->models[i].name, name) == 0)
            return i;
    if (!(model = list_add(&board->models, &board->model_count, sizeof *model)) || !(model->name = strdup(name)))
        return SIZE_MAX;
    return board->model_count - 1;
}

/* ---- cells -------------------------------------------------------------------------------------------------------------- */

static bool group_fits(const struct board_group *group, const struct report_cell *cell)
{
    return strcmp(group->key, cell->key) == 0 && group->engine_trait == cell->traits[TRAIT_ENGINE] &&
           group->build_trait == cell->traits[TRAIT_BUILD] && group->program_trait == cell->traits[TRAIT_PROGRAM];
}

/* Index of the group of a cell; SIZE_MAX: no memory. */
static size_t group_find(struct site_board *board, size_t device, const struct report_cell *cell)
{
    struct board_device *home = &board->devices[device];
    char format[TEXT_MAX], parameters[TEXT_MAX], engine[TEXT_MAX], build[TEXT_MAX], commit[256];
    struct board_group *group;
    size_t model;

    for (size_t i = home->first_group; i != SIZE_MAX; i = board->groups[i].next)
        if (group_fits(&board->groups[i], cell))
            return i;
    if ((model = model_find(board, cell)) == SIZE_MAX ||
        !(group = list_add(&board->groups, &board->group_count, sizeof *group)))
        return SIZE_MAX;
    report_format(format, sizeof format, cell);
    parameters_text(parameters, sizeof parameters, cell);
    snprintf(engine, sizeof engine, "%.200s %.200s", facts_get_text(&cell->cell->engine, "name", ""),
             facts_get_text(&cell->cell->engine, "version", ""));
    report_trait_text(build, sizeof build, cell, TRAIT_BUILD);
    if (sscanf(build, "commit %255s", commit) != 1)
        commit[0] = '\0'; /* then it is the version, which the engine tells too */
    *group = (struct board_group){.engine_trait = cell->traits[TRAIT_ENGINE],
                                  .build_trait = cell->traits[TRAIT_BUILD],
                                  .program_trait = cell->traits[TRAIT_PROGRAM],
                                  .device = device,
                                  .model = model,
                                  .format = strdup(format),
                                  .parameters = strdup(parameters),
                                  .engine = strdup(engine),
                                  .commit = strdup(commit),
                                  .next = home->first_group};
    snprintf(group->key, sizeof group->key, "%s", cell->key);
    home->first_group = board->group_count - 1;
    home->group_count++;
    board->models[model].group_count++;
    return group->format && group->parameters && group->engine && group->commit ? home->first_group : SIZE_MAX;
}

static bool row_add(struct site_board *board, size_t result, const struct report_cell *cell)
{
    size_t group = group_find(board, board->results[result].device, cell);
    struct board_row *row = group == SIZE_MAX ? NULL : list_add(&board->rows, &board->row_count, sizeof *row);

    if (!row)
        return false;
    *row = (struct board_row){.result = result, .group = group};
    for (int i = 0; i < BOARD_FIGURES; i++) {
        const struct figure *figure = report_figure(cell, site_board_fields[i]);
        if (!figure && i == BOARD_MEMORY)
            figure = report_figure(cell, FIELD_peak_rss_bytes);
        row->figures[i] = figure ? (struct board_figure){figure->value, figure->ci_low, figure->ci_high}
                                 : (struct board_figure){NAN, NAN, NAN};
        if (figure && figure->launches > row->launches)
            row->launches = figure->launches;
        if (figure && i == BOARD_ENERGY)
            snprintf(row->scope, sizeof row->scope, "%s", figure->scope);
    }
    board->results[result].row_count++;
    return true;
}

/* Why a result has nothing to show in tables. */
static enum status result_note(struct board_result *result, const struct record *record, struct error *error)
{
    const char *reason = *record->status_reason ? record->status_reason : "no case of a model was measured in it";

    if (!result->row_count)
        result->note = strdup(record->prediction_count && !record->cell_count ? "predictions alone" : reason);
    return !result->row_count && !result->note ? no_memory(error) : STATUS_OK;
}

/* ---- results ------------------------------------------------------------------------------------------------------------ */

static enum status take_report(struct site_board *board, struct board_result *result, const struct report *report,
                               struct error *error)
{
    const struct record *record = report->sources[0].record;
    const struct fact *virtual_machine = facts_find(&record->environment, "virtualized");

    snprintf(result->id, sizeof result->id, "%s", record->result_id);
    snprintf(result->created, sizeof result->created, "%s", record->created);
    result->time = report_time(record->created);
    snprintf(result->workload, sizeof result->workload, "%.60s", facts_get_text(&record->workload, "name", ""));
    result->partial = record->status == RUN_PARTIAL;
    result->virtual_machine = virtual_machine && virtual_machine->type == FACT_BOOLEAN && virtual_machine->boolean;
    result->prediction_count = record->prediction_count;
    for (size_t i = 0; i < record->cell_count; i++)
        result->left_cells += record->cells[i].status != CELL_OK;
    result->device = device_find(board, record, report->devices[0].name);
    if (result->device == SIZE_MAX)
        return no_memory(error);
    board->devices[result->device].result_count++;
    for (size_t i = 0; i < report->cell_count; i++)
        if (!row_add(board, board->result_count - 1, &report->cells[i]))
            return no_memory(error);
    return result_note(result, record, error);
}

static enum status result_add(struct site_board *board, const struct site_file *file, const struct record *record,
                              const char *text, size_t length, struct error *error)
{
    struct report_source source = {.record = record, .name = file->name};
    struct report report = {0};
    struct board_result *result = list_add(&board->results, &board->result_count, sizeof *result);
    enum status status = result ? report_open(&report, &source, 1, error) : no_memory(error);

    if (!status) {
        result->path = strdup(file->path);
        result->name = strdup(file->name);
        digest_bytes(text, length, result->digest);
        status = result->path && result->name ? take_report(board, result, &report, error) : no_memory(error);
    }
    report_close(&report);
    return status;
}

static enum status leave(struct reading *reading, const struct site_file *file, const char *why, struct error *error)
{
    struct board_left *left = list_add(&reading->board->left, &reading->board->left_count, sizeof *left);
    char text[TEXT_MAX];

    if (left)
        *left = (struct board_left){strdup(file->name), strdup(why)};
    snprintf(text, sizeof text, "%.200s: left out: %.270s", file->path, why);
    if (reading->warn)
        reading->warn(text, reading->context);
    return left && left->name && left->why ? STATUS_OK : no_memory(error);
}

static int id_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Later files come first: an id that is known already was replaced by a later one. */
static enum status take_record(struct reading *reading, const struct site_file *file, const struct record *record,
                               const char *text, size_t length, struct error *error)
{
    char *id;

    if (tfind(record->result_id, &reading->ids, id_compare))
        return leave(reading, file, "another file of the same result was taken", error);
    id = strdup(record->result_id);
    if (!id || !tsearch(id, &reading->ids, id_compare)) {
        free(id);
        return no_memory(error);
    }
    return result_add(reading->board, file, record, text, length, error);
}

static enum status take_file(struct reading *reading, const struct site_file *file, struct error *error)
{
    struct error problem = {0};
    struct record record = {0};
    char *text = NULL;
    size_t length;
    enum status status;

    if (file->why)
        return leave(reading, file, file->why, error);
    status = input_read(file->path, &text, &length, &problem);
    if (!status)
        status = document_read(text, length, &record, &problem);
    if (status == STATUS_MEMORY)
        *error = problem;
    else
        status = status ? leave(reading, file, problem.text, error)
                        : take_record(reading, file, &record, text, length, error);
    record_close(&record);
    free(text);
    return status;
}

static enum status none_good(const struct site_board *board, const struct site_files *files, struct error *error)
{
    if (!files->count)
        return error_set(error, STATUS_IO, "no file *.json is there; 'pocketmark run' makes one");
    return error_set(error, STATUS_FORMAT, "none of the %zu files is a result; the first: %.100s: %.250s", files->count,
                     board->left[0].name, board->left[0].why);
}

enum status site_board_read(struct site_board *board, const struct site_files *files,
                            void (*warn)(const char *text, void *context), void *context, struct error *error)
{
    struct reading reading = {.board = board, .warn = warn, .context = context};
    enum status status = STATUS_OK;

    *board = (struct site_board){0};
    for (size_t i = files->count; i-- > 0 && !status;)
        status = take_file(&reading, &files->items[i], error);
    tdestroy(reading.ids, free);
    if (!status && !board->result_count)
        status = none_good(board, files, error);
    return status ? status : site_board_settle(board, error);
}

void site_board_close(struct site_board *board)
{
    for (size_t i = 0; i < board->result_count; i++) {
        free(board->results[i].path);
        free(board->results[i].name);
        free(board->results[i].note);
    }
    for (size_t i = 0; i < board->group_count; i++) {
        free(board->groups[i].format);
        free(board->groups[i].parameters);
        free(board->groups[i].engine);
        free(board->groups[i].commit);
    }
    for (size_t i = 0; i < board->device_count; i++) {
        free(board->devices[i].key);
        free(board->devices[i].name);
    }
    for (size_t i = 0; i < board->model_count; i++)
        free(board->models[i].name);
    for (size_t i = 0; i < board->left_count; i++) {
        free(board->left[i].name);
        free(board->left[i].why);
    }
    free(board->results);
    free(board->rows);
    free(board->groups);
    free(board->devices);
    free(board->models);
    free(board->left);
    free(board->newest);
    free(board->device_order);
    free(board->model_order);
    *board = (struct site_board){0};
}
