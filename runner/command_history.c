/* `pocketmark history`: the index over result documents. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/emit.h"
#include "reports/history_trend.h"
#include "reports/table.h"
#include "reports/text.h"
#include "reports/units.h"
#include "runner/metrics.h"
#include "runner/outputs.h"
#include "runner/terminal.h"
#include "workloads/nearest.h"

enum { TABLE_WIDTH = 1000 /* no column is left out: the ids are what people come for */ };

/* What the actions share. */
struct task {
    const struct options *options;
    struct history *history; /* NULL where the action opens it itself */
    struct history_filter filter;
    bool json;
};

struct action {
    const char *name;
    size_t arguments_least, arguments_most; /* behind the action's name */
    const char *arguments;                  /* what they are */
    bool writes, opens_itself, needs_metric;
    enum status (*run)(struct task *task, struct error *error);
};

static const char *first_text(const struct options *options, enum option_id id)
{
    return options_count(options, id) ? options_text(options, id, 0) : NULL;
}

static const char *device_of(const struct history_entry *entry)
{
    return *entry->device_id ? entry->device_id : entry->device_name;
}

static enum status print_table(struct table *table, struct error *error)
{
    enum status status = table_print(table, stdout) ? STATUS_OK : error_set(error, STATUS_MEMORY, "no memory to print");

    table_close(table);
    return status;
}

/* ---- filling ------------------------------------------------------------------------------------------------------------------- */

static void show_refused(const struct error *why, void *context)
{
    (void)context;
    fprintf(stderr, "left out: %s\n", why->text);
}

static enum status run_rebuild(struct task *task, struct error *error)
{
    const struct options *options = task->options;
    const char *folder = options->argument_count > 1 ? options->arguments[1] : "results";
    const char *database = options_text(options, OPTION_DATABASE, 0);
    struct history_tally tally;
    enum status status = history_rebuild(database, folder, HISTORY_PATIENCE_MS, show_refused, NULL, &tally, error);

    if (!status)
        printf("%s: %zu results indexed, %zu files left out, %zu repeated\n", database, tally.added, tally.refused,
               tally.repeated);
    return status;
}

static enum status run_add(struct task *task, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 1; i < task->options->argument_count && !status; i++) {
        status = history_add(task->history, task->options->arguments[i], error);
        if (!status)
            printf("%s: added\n", task->options->arguments[i]);
    }
    return status;
}

/* ---- list --------------------------------------------------------------------------------------------------------------------- */

struct listing {
    struct table table;
    bool json;
    size_t count;
};

static void put_json_text(const char *name, const char *text)
{
    printf("\"%s\": ", name);
    if (*text)
        emit_json_text(stdout, text);
    else
        fputs("null", stdout);
    fputs(", ", stdout);
}

static void put_json_number(const char *name, double value, const char *behind)
{
    printf("\"%s\": ", name);
    emit_json_number(stdout, value);
    fputs(behind, stdout);
}

static void put_json_result(const struct history_entry *entry)
{
    put_json_text("result_id", entry->result_id);
    put_json_text("created", entry->created);
    put_json_text("origin", entry->origin);
    put_json_text("status", entry->status);
    put_json_text("device_id", entry->device_id);
    put_json_text("device", entry->device_name);
    put_json_text("workload", entry->workload);
    put_json_text("tool_version", entry->tool_version);
    put_json_text("commit", entry->commit);
    put_json_text("path", entry->path);
}

static enum status list_result(const struct history_entry *entry, void *context, struct error *error)
{
    struct listing *listing = context;
    char cells[32], commit[HISTORY_COMMIT_MAX];

    (void)error;
    if (listing->json) {
        fputs(listing->count++ ? ",\n  {" : "\n  {", stdout);
        put_json_result(entry);
        printf("\"cells\": %zu}", entry->cells);
        return STATUS_OK;
    }
    listing->count++;
    snprintf(cells, sizeof cells, "%zu", entry->cells);
    history_short_commit(commit, entry->commit);
    table_add(&listing->table, entry->result_id, NAN);
    table_add(&listing->table, entry->created, NAN);
    table_add(&listing->table, device_of(entry), NAN);
    table_add(&listing->table, entry->workload, NAN);
    table_add(&listing->table, commit, NAN);
    table_add(&listing->table, entry->status, NAN);
    table_add(&listing->table, entry->origin, NAN);
    table_add(&listing->table, cells, NAN);
    return STATUS_OK;
}

static void format_interval(char *text, size_t size, const struct history_entry *entry)
{
    char low[64], high[64];
    const char *unit = units_of_name(entry->metric);

    *text = '\0';
    if (isfinite(entry->ci_low) && isfinite(entry->ci_high))
        snprintf(text, size, "%s to %s", units_format(low, sizeof low, unit, entry->ci_low),
                 units_format(high, sizeof high, unit, entry->ci_high));
}

static enum status list_figure(const struct history_entry *entry, void *context, struct error *error)
{
    struct listing *listing = context;
    char value[64], interval[160];

    (void)error;
    if (listing->json) {
        fputs(listing->count++ ? ",\n  {" : "\n  {", stdout);
        put_json_result(entry);
        put_json_text("cell_id", entry->cell);
        put_json_text("model", entry->model);
        put_json_text("quantization", entry->quantization);
        put_json_text("engine", entry->engine);
        put_json_text("metric", entry->metric);
        put_json_number("value", entry->value, ", ");
        put_json_number("ci_low", entry->ci_low, ", ");
        put_json_number("ci_high", entry->ci_high, "}");
        return STATUS_OK;
    }
    listing->count++;
    format_interval(interval, sizeof interval, entry);
    table_add(&listing->table, entry->created, NAN);
    table_add(&listing->table, entry->result_id, NAN);
    table_add(&listing->table, device_of(entry), NAN);
    table_add(&listing->table, entry->cell, NAN);
    table_add(&listing->table, units_format(value, sizeof value, units_of_name(entry->metric), entry->value), NAN);
    table_add(&listing->table, interval, NAN);
    return STATUS_OK;
}

static enum status run_list(struct task *task, struct error *error)
{
    static const struct table_column result_columns[] = {
        {"result", "", false, false, 0},   {"created", "", false, false, 0}, {"device", "", false, false, 0},
        {"workload", "", false, false, 0}, {"commit", "", false, false, 0},  {"status", "", false, false, 0},
        {"origin", "", false, false, 0},   {"cells", "", true, false, 0}};
    static const struct table_column figure_columns[] = {
        {"created", "", false, false, 0}, {"result", "", false, false, 0}, {"device", "", false, false, 0},
        {"cell", "", false, false, 0},    {"value", "", true, false, 0},   {"95 % interval", "", true, false, 0}};
    struct writer_style style = terminal_style();
    struct listing listing = {.json = task->json};
    bool figures = task->filter.metric != NULL;
    enum status status;

    style.width = TABLE_WIDTH;
    if (figures)
        table_open(&listing.table, figure_columns, sizeof figure_columns / sizeof *figure_columns, &style);
    else
        table_open(&listing.table, result_columns, sizeof result_columns / sizeof *result_columns, &style);
    if (task->json)
        printf("{\"%s\": [", figures ? "figures" : "results");
    status = figures ? history_figures(task->history, &task->filter, list_figure, &listing, error)
                     : history_results(task->history, &task->filter, list_result, &listing, error);
    if (task->json)
        fputs("\n]}\n", stdout);
    if (!status && !task->json && listing.count)
        return print_table(&listing.table, error);
    if (!status && !task->json)
        puts("no such results; 'pocketmark history list' shows all");
    table_close(&listing.table);
    return status;
}

/* ---- show --------------------------------------------------------------------------------------------------------------------- */

struct showing {
    struct table table;
    size_t count;
    char result_id[40];
    bool json, figures;
};

static enum status show_result(const struct history_entry *entry, void *context, struct error *error)
{
    struct showing *showing = context;

    if (showing->count++)
        return error_set(error, STATUS_MISUSE, "several results begin like that, %s and %s; give more of the id",
                         showing->result_id, entry->result_id);
    snprintf(showing->result_id, sizeof showing->result_id, "%s", entry->result_id);
    return STATUS_OK;
}

/* Texts come from files of anyone: on a terminal they must stay texts. */
static void print_line(const char *label, const char *first, const char *second)
{
    char *text = NULL, *clean = NULL;

    if (asprintf(&text, "%s%s%s", first, *first && *second ? ", " : "", second) >= 0)
        clean = text_copy(text, TEXT_LINE);
    printf("  %-9s %s\n", label, clean ? clean : "");
    free(clean);
    free(text);
}

static enum status print_result(const struct history_entry *entry, void *context, struct error *error)
{
    const struct showing *showing = context;

    (void)error;
    if (showing->json) {
        putchar('{');
        put_json_result(entry);
        fputs("\"figures\": [", stdout);
        return STATUS_OK;
    }
    print_line("Result", entry->result_id, "");
    print_line("State", entry->status, entry->origin);
    print_line("Created", entry->created, "");
    print_line("Device", entry->device_id, entry->device_name);
    print_line("Workload", entry->workload, "");
    print_line("Tool", entry->tool_version, entry->commit);
    print_line("File", entry->path, "");
    putchar('\n');
    return STATUS_OK;
}

static enum status show_figure(const struct history_entry *entry, void *context, struct error *error)
{
    struct showing *showing = context;
    char value[64], interval[160];

    (void)error;
    if (showing->json) {
        fputs(showing->figures ? ",\n  {" : "\n  {", stdout);
        put_json_text("cell_id", entry->cell);
        put_json_text("metric", entry->metric);
        put_json_number("value", entry->value, ", ");
        put_json_number("ci_low", entry->ci_low, ", ");
        put_json_number("ci_high", entry->ci_high, "}");
    } else {
        format_interval(interval, sizeof interval, entry);
        table_add(&showing->table, entry->cell, NAN);
        table_add(&showing->table, entry->metric, NAN);
        table_add(&showing->table, units_format(value, sizeof value, units_of_name(entry->metric), entry->value), NAN);
        table_add(&showing->table, interval, NAN);
    }
    showing->figures = true;
    return STATUS_OK;
}

static enum status run_show(struct task *task, struct error *error)
{
    static const struct table_column columns[] = {{"cell", "", false, false, 0},
                                                  {"figure", "", false, false, 0},
                                                  {"value", "", true, false, 0},
                                                  {"95 % interval", "", true, false, 0}};
    struct writer_style style = terminal_style();
    struct showing showing = {.json = task->json};
    enum status status;

    task->filter.result = task->options->arguments[1];
    status = history_results(task->history, &task->filter, show_result, &showing, error);
    if (!status && !showing.count)
        status =
            error_set(error, STATUS_MISUSE, "no result has an id that begins with '%s'; see 'pocketmark history list'",
                      task->filter.result);
    if (!status)
        status = history_results(task->history, &task->filter, print_result, &showing, error);
    if (status)
        return status;
    style.width = TABLE_WIDTH;
    table_open(&showing.table, columns, sizeof columns / sizeof *columns, &style);
    status = history_figures(task->history, &task->filter, show_figure, &showing, error);
    if (task->json)
        fputs("\n]}\n", stdout);
    if (!status && !task->json)
        return print_table(&showing.table, error);
    table_close(&showing.table);
    return status;
}

/* ---- trend and export ------------------------------------------------------------------------------------------------------- */

static enum status run_trend(struct task *task, struct error *error)
{
    struct writer_style style = terminal_style();
    size_t series;
    enum status status;

    status = task->json ? history_trend_json(task->history, &task->filter, stdout, &series, error)
                        : history_trend_print(task->history, &task->filter, stdout, &style, &series, error);
    if (!status && !series && !task->json)
        puts("no result has such a figure; 'pocketmark history list' shows all");
    return status;
}

static enum status run_export(struct task *task, struct error *error)
{
    const char *format = first_text(task->options, OPTION_TO), *path = first_text(task->options, OPTION_SAVE);
    struct printed printed;
    size_t rows, left_out;
    enum status status;

    if (!path)
        return error_set(error, STATUS_MISUSE, "'history export' needs -o FILE ('-' is standard output)");
    if (format && strcmp(format, "otava") != 0)
        return error_set(error, STATUS_MISUSE,
                         "--to %s: the index exports to otava alone; 'pocketmark export' takes results themselves",
                         format);
    status = printed_open(&printed, path, error);
    if (!status)
        status = writer_save_printed(
            &printed, history_otava(task->history, &task->filter, printed.out, &rows, &left_out, error), error);
    if (!status)
        fprintf(stderr, "%s: %zu results; %zu left out, which lack a figure of the latest one\n", path, rows, left_out);
    return status;
}

/* ---- the command ------------------------------------------------------------------------------------------------------------- */

static const struct action actions[] = {
    {"add", 1, ARGUMENTS_MAX - 1, "RESULT.json …", true, false, false, run_add},
    {"list", 0, 0, "", false, false, false, run_list},
    {"show", 1, 1, "ID", false, false, false, run_show},
    {"trend", 0, 0, "", false, false, true, run_trend},
    {"export", 0, 0, "", false, false, false, run_export},
    {"rebuild", 0, 1, "[DIR]", true, true, false, run_rebuild},
};

enum { ACTIONS = sizeof actions / sizeof *actions };

static enum status find_action(const struct options *options, const struct action **action, struct error *error)
{
    const char *words[ACTIONS], *nearest;
    size_t count = options->argument_count - 1;

    for (size_t i = 0; i < ACTIONS; i++) {
        words[i] = actions[i].name;
        if (strcmp(actions[i].name, options->arguments[0]) != 0)
            continue;
        *action = &actions[i];
        if (count < actions[i].arguments_least)
            return error_set(error, STATUS_MISUSE, "'history %s' needs %s", actions[i].name, actions[i].arguments);
        if (count > actions[i].arguments_most)
            return error_set(error, STATUS_MISUSE, "'%s' is one argument too many for 'history %s'",
                             options->arguments[actions[i].arguments_most + 1], actions[i].name);
        return STATUS_OK;
    }
    nearest = nearest_word(options->arguments[0], words, ACTIONS);
    return error_set(error, STATUS_MISUSE, "history does not know '%s'%s%s%s", options->arguments[0],
                     nearest ? "; did you mean '" : ": add, list, show, trend, export or rebuild",
                     nearest ? nearest : "", nearest ? "'?" : "");
}

int command_history(const struct invocation *invocation, struct error *error)
{
    const struct options *options = invocation->options;
    const struct action *action = NULL;
    struct task task = {.options = options,
                        .filter = {.device = first_text(options, OPTION_FILTER_DEVICE),
                                   .model = first_text(options, OPTION_FILTER_MODEL),
                                   .cell = first_text(options, OPTION_FILTER_CELL),
                                   .metric = first_text(options, OPTION_FILTER_METRIC)},
                        .json = options_flag(options, OPTION_JSON)};
    enum field field;
    enum status status = find_action(options, &action, error);

    if (!status && action->needs_metric && !task.filter.metric)
        status = error_set(error, STATUS_MISUSE, "'history %s' needs --metric NAME; see 'pocketmark list metrics'",
                           action->name);
    if (!status && task.filter.metric)
        status = metrics_find(task.filter.metric, OPTION_FILTER_METRIC, &field, error);
    if (!status && !action->opens_itself)
        status = history_open(&task.history, options_text(options, OPTION_DATABASE, 0), action->writes,
                              HISTORY_PATIENCE_MS, error);
    if (!status)
        status = action->run(&task, error);
    history_close(task.history);
    if (!status && fflush(stdout))
        status = error_set(error, STATUS_IO, "standard output: %s", strerror(errno));
    return exit_code_of(status);
}
