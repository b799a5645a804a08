/* `pocketmark fit`: probes first, then arithmetic. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "reports/document.h"
#include "runner/cells.h"
#include "runner/detect.h"
#include "runner/fit_outputs.h"
#include "runner/fit_plan.h"
#include "runner/fit_show.h"
#include "runner/lock.h"
#include "runner/outputs.h"
#include "runner/preflight.h"
#include "runner/provenance.h"
#include "runner/terminal.h"

enum { WIDTH_WHOLE = 180 /* a file or a pipe gets every column */ };

struct fit {
    const struct options *options;
    struct host host;
    struct memory memory;
    struct options run;
    struct plan plan;
    struct record record;
    struct fit_machine machine;
    struct fit_probes probes;
    struct predict_costs costs;
    struct fit_scenarios scenarios;
    struct fit_measured measured;
    struct progress progress;
    struct lock lock;
    char base[JOURNAL_FOLDER_MAX];
};

static double number_or_nan(const struct options *options, enum option_id id)
{
    return options_count(options, id) ? options_number(options, id, 0) : (double)NAN;
}

/* All that can be refused before the machine is kept busy. */
static enum status prepare(struct fit *fit, struct error *error)
{
    const struct options *options = fit->options;
    enum status status = fit_outputs_check(options, error);

    if (!status)
        status = host_read(&fit->host, NULL, error);
    if (!status)
        status = host_usable_isa(&fit->host, &fit->machine.isa, error);
    if (!status)
        status = fit_plan(&fit->plan, &fit->run, options, &fit->host, error);
    if (!status)
        status = fit_scenarios(&fit->scenarios, error);
    return status
               ? status
               : fit_measured_open(&fit->measured, options->arguments, options->argument_count, &fit->progress, error);
}

/* The predictions are cells of the plan, without the measuring. */
static enum status add_predictions(struct fit *fit, const char *binary, struct error *error)
{
    struct record *record = &fit->record;
    enum status status = cells_add(record, &fit->plan, binary, error);

    record->predictions = record->cells;
    record->prediction_count = record->cell_count;
    record->prediction_capacity = record->cell_capacity;
    record->cells = NULL;
    record->cell_count = record->cell_capacity = 0;
    return status;
}

/* Alone on the machine: what it has now is what counts. */
static enum status describe(struct fit *fit, const volatile sig_atomic_t *signal, struct error *error)
{
    char binary[DIGEST_HEX];
    struct memory_usage usage = {0};
    struct preflight preflight;
    enum status status = lock_take(&fit->lock, options_flag(fit->options, OPTION_WAIT), signal, &fit->progress, error);

    if (!status)
        status = memory_read(&fit->memory, NULL, error);
    if (!status)
        status = memory_usage_read(&usage, error);
    if (!status)
        status = provenance_binary(binary, error);
    if (status)
        return status;
    provenance_tool(&fit->record.tool, binary);
    cells_tell_workload(&fit->record.workload, &fit->plan);
    detect_device(&fit->record.device, &fit->host, &fit->memory, NULL);
    preflight_look(&preflight, &fit->host, &fit->memory, NULL);
    preflight_tell(&preflight, &fit->host, &fit->record.environment);
    for (size_t i = 0; i < preflight.count; i++)
        if (!preflight.findings[i].note || !fit->progress.quiet)
            progress_say(&fit->progress, "%s: %s", preflight.findings[i].note ? "note" : "warning",
                         preflight.findings[i].text);
    fit->machine = (struct fit_machine){.plan = &fit->plan,
                                        .host = &fit->host,
                                        .memory = &fit->memory,
                                        .isa = fit->machine.isa,
                                        .runtime_bytes = usage.anonymous_bytes,
                                        .probe_seconds = options_number(fit->options, OPTION_FIT_SECONDS, 0),
                                        .signal = signal,
                                        .progress = &fit->progress};
    status = add_predictions(fit, binary, error);
    return status ? status : outputs_name(fit->base, &fit->record, "-fit", error);
}

static enum status probe(struct fit *fit, struct error *error)
{
    enum status status = fit_probes_choose(&fit->probes, &fit->machine, error);

    if (status)
        return status;
    progress_open(&fit->progress, stderr, fit->progress.quiet, 1 + fit->probes.count);
    status = fit_roofs(&fit->record.environment, &fit->machine, error);
    if (!status)
        status = fit_probes_run(&fit->probes, &fit->machine, error);
    return status ? status : fit_learn(&fit->costs, &fit->probes, error);
}

static size_t failed_probes(const struct fit *fit)
{
    size_t failed = 0;

    for (size_t i = 0; i < fit->probes.count; i++)
        failed += *fit->probes.items[i].failure != '\0';
    return failed;
}

/* From costs to figures, and how far they are from what was measured. */
static struct fit_errors predict(struct fit *fit, size_t threads)
{
    const struct fit_basis basis = {.machine = &fit->machine,
                                    .probes = &fit->probes,
                                    .costs = &fit->costs,
                                    .stated_watts = number_or_nan(fit->options, OPTION_WATTS),
                                    .scenarios = fit->scenarios.items,
                                    .scenario_count = fit->scenarios.count};
    struct record *record = &fit->record;
    size_t failed = failed_probes(fit);

    for (size_t i = 0; i < record->prediction_count; i++)
        fit_fill(&record->predictions[i], &fit->plan.cases[i], &basis);
    fit_tell(&record->environment, &fit->probes, &fit->costs);
    if (!isnan(basis.stated_watts))
        facts_number(&record->environment, "fit.stated_watts", NULL, basis.stated_watts);
    if (failed) {
        record->status = RUN_PARTIAL;
        snprintf(record->status_reason, sizeof record->status_reason, "%zu of %zu probes failed", failed,
                 fit->probes.count);
    }
    return fit_measured_tell(&fit->measured, record, &basis, threads);
}

static enum status show(const struct fit *fit, struct fit_errors errors, size_t threads, struct error *error)
{
    struct writer_style style = terminal_style();
    char *text = NULL;
    enum status status;

    if (!isatty(STDOUT_FILENO))
        style.width = WIDTH_WHOLE;
    if (!options_flag(fit->options, OPTION_JSON))
        return fit_show(&(struct fit_shown){.record = &fit->record,
                                            .measured = &fit->measured,
                                            .errors = errors,
                                            .threads = threads,
                                            .probe_count = fit->probes.count - failed_probes(fit),
                                            .price_per_kwh = number_or_nan(fit->options, OPTION_PRICE),
                                            .cloud_price = number_or_nan(fit->options, OPTION_CLOUD_PRICE)},
                        &style, stdout, error);
    status = document_text(&fit->record, &text, error);
    if (!status)
        puts(text);
    free(text);
    return status;
}

static enum status conclude(struct fit *fit, struct error *error)
{
    unsigned cpus[HOST_CPUS_MAX];
    char path[sizeof fit->base + 8];
    size_t threads = 0;
    bool json = options_flag(fit->options, OPTION_JSON);
    struct fit_errors errors;
    struct error hidden = {0};
    enum status status;

    host_choose_cpus(&fit->host, fit->plan.threads, fit->plan.choice, cpus, &threads, &hidden);
    errors = predict(fit, threads);
    progress_close(&fit->progress);
    status = show(fit, errors, threads, &hidden);
    if (!json)
        putchar('\n');
    snprintf(path, sizeof path, "%s.json", fit->base);
    fit_outputs_write(&fit->record, &fit->measured, fit->options, path, json ? stderr : stdout, &fit->progress, error);
    if (status && !error->status)
        *error = hidden;
    return error->status;
}

int command_fit(const struct invocation *invocation, struct error *error)
{
    struct fit *fit = calloc(1, sizeof *fit);
    enum status status;

    if (!fit)
        return exit_code_of(error_set(error, STATUS_MEMORY, "out of memory"));
    fit->options = invocation->options;
    fit->lock.fd = -1;
    record_open(&fit->record);
    progress_open(&fit->progress, stderr, options_flag(fit->options, OPTION_QUIET), 0);
    status = prepare(fit, error);
    if (!status)
        status = describe(fit, invocation->signal, error);
    if (!status)
        status = probe(fit, error);
    progress_close(&fit->progress);
    if (!status)
        status = conclude(fit, error);
    lock_release(&fit->lock);
    fit_measured_close(&fit->measured);
    record_close(&fit->record);
    plan_close(&fit->plan);
    options_close(&fit->run);
    free(fit->scenarios.items);
    free(fit);
    return *invocation->signal ? EXIT_SIGNAL + *invocation->signal : exit_code_of(status);
}
