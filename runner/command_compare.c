/* `pocketmark compare`: results side by side. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/compare_chart.h"
#include "reports/compare_writer.h"
#include "reports/document.h"
#include "runner/metrics.h"
#include "runner/outputs.h"

struct contest {
    struct record records[ARGUMENTS_MAX];
    const struct record *addresses[ARGUMENTS_MAX];
    const char *names[ARGUMENTS_MAX];
    size_t count;
    enum field fields[FIELD_COUNT];
    struct compare_options options;
    struct comparison comparison;
};

/* Is there a form that the end of the name chooses, and can the file be written? */
static enum status check_output(const char *path, struct error *error)
{
    enum chart_form form;

    if (!compare_writer_for_path(path) && !compare_chart_form(path, &form))
        return error_set(error, STATUS_MISUSE,
                         "--output %s: the end of the name chooses the format, one of .txt .md .csv .json .svg .png",
                         path);
    return writer_probe(path, error);
}

static enum status read_options(struct contest *contest, const struct options *options, struct error *error)
{
    size_t count;
    enum status status = metrics_list(options, OPTION_METRICS, contest->fields, &count, error);

    compare_options_default(&contest->options);
    contest->options.allow_mixed = options_flag(options, OPTION_ALLOW_MIXED);
    if (count) {
        contest->options.fields = contest->fields;
        contest->options.field_count = count;
    }
    if (!status)
        status = metrics_ratios(options, OPTION_THRESHOLD, contest->options.delta_ratio, error);
    for (size_t i = 0; i < options_count(options, OPTION_COMPARE_OUTPUT) && !status; i++)
        status = check_output(options_text(options, OPTION_COMPARE_OUTPUT, i), error);
    return status;
}

/* The files' own names, as far as they tell the files apart; else the paths. */
static void choose_names(struct contest *contest, const struct options *options)
{
    bool alike = false;

    for (size_t i = 0; i < contest->count; i++) {
        contest->names[i] = basename(options->arguments[i]);
        for (size_t k = 0; k < i; k++)
            alike |= strcmp(contest->names[i], contest->names[k]) == 0;
    }
    for (size_t i = 0; i < contest->count && alike; i++)
        contest->names[i] = options->arguments[i];
}

static enum status read_records(struct contest *contest, const struct options *options, struct error *error)
{
    enum status status = STATUS_OK;

    while (contest->count < options->argument_count && !status) {
        struct record *record = &contest->records[contest->count];
        status = document_read_measured(options->arguments[contest->count], record, error);
        contest->addresses[contest->count++] = record;
    }
    choose_names(contest, options);
    return status;
}

/* Every file is tried; the first failure is the one that is told. */
static enum status write_all(const struct contest *contest, const struct options *options, struct error *error)
{
    enum status status = outputs_print_comparison(&contest->comparison, error);

    for (size_t i = 0; i < options_count(options, OPTION_COMPARE_OUTPUT); i++) {
        const char *path = options_text(options, OPTION_COMPARE_OUTPUT, i);
        const struct compare_writer *writer = compare_writer_for_path(path);
        struct error problem = {0};
        if (writer)
            compare_writer_save(writer, &contest->comparison, path, &problem);
        else
            compare_chart_save(&contest->comparison, path, &problem);
        if (problem.status && !status) {
            *error = problem;
            status = problem.status;
        }
    }
    return status;
}

int command_compare(const struct invocation *invocation, struct error *error)
{
    const struct options *options = invocation->options;
    struct contest *contest = calloc(1, sizeof *contest);
    enum status status = contest ? read_options(contest, options, error)
                                 : error_set(error, STATUS_MEMORY, "out of memory for the comparison");

    if (!status)
        status = read_records(contest, options, error);
    if (!status)
        status = comparison_make(&contest->comparison, contest->addresses, contest->names, contest->count,
                                 &contest->options, error);
    if (!status)
        status = write_all(contest, options, error);
    if (contest) {
        comparison_close(&contest->comparison);
        for (size_t i = 0; i < contest->count; i++)
            record_close(&contest->records[i]);
    }
    free(contest);
    return exit_code_of(status);
}
