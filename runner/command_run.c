/* `pocketmark run`: plan, preflight, measure, write. */
#include <stdio.h>

#include "devices/memory.h"
#include "runner/against.h"
#include "runner/cells.h"
#include "runner/detect.h"
#include "runner/measure.h"
#include "runner/outputs.h"
#include "runner/preflight.h"
#include "runner/provenance.h"
#include "runner/session.h"
#include "runner/verdict.h"

struct run {
    struct session session;
    struct host host;
    struct memory memory;
    isa_set isa;
    struct plan plan;
    struct record record;
    struct against against;
    struct progress progress;
    struct outputs outputs;
};

static enum status read_host(struct run *run, struct error *error)
{
    enum status status = host_read(&run->host, NULL, error);

    return status ? status : host_usable_isa(&run->host, &run->isa, error);
}

/* Alone on the machine: what it has now is what the run has. */
static enum status describe(struct run *run, struct error *error)
{
    char binary[DIGEST_HEX];
    enum status status = session_lock(&run->session, &run->progress, error);

    if (!status)
        status = memory_read(&run->memory, NULL, error);
    if (!status)
        status = provenance_binary(binary, error);
    if (status)
        return status;
    run->record.origin = run->plan.root ? ORIGIN_EMULATED : ORIGIN_NATIVE;
    provenance_tool(&run->record.tool, binary);
    cells_tell_workload(&run->record.workload, &run->plan);
    detect_device(&run->record.device, &run->host, &run->memory, run->plan.root);
    return cells_add(&run->record, &run->plan, binary, error);
}

/* False where a warning forbids the run. */
static bool preflight(struct run *run, bool require_quiet)
{
    struct preflight preflight;

    preflight_look(&preflight, &run->host, &run->memory, run->plan.root);
    preflight_tell(&preflight, &run->host, &run->record.environment);
    for (size_t i = 0; i < preflight.count; i++)
        if (!preflight.findings[i].note || !run->progress.quiet)
            progress_say(&run->progress, "%s: %s", preflight.findings[i].note ? "note" : "warning",
                         preflight.findings[i].text);
    return !require_quiet || preflight.warnings == 0;
}

/* This program, and another one beside it. */
static enum status measure(struct run *run, const volatile sig_atomic_t *signal, struct error *error)
{
    struct contender contenders[2] = {{.program = "/proc/self/exe", .label = "", .record = &run->record}};

    if (run->against.asked)
        contenders[1] = run->against.contender;
    return measure_run(&(struct measure){.plan = &run->plan,
                                         .host = &run->host,
                                         .memory = &run->memory,
                                         .isa = run->isa,
                                         .contenders = contenders,
                                         .contender_count = 1 + run->against.asked,
                                         .signal = signal,
                                         .progress = &run->progress,
                                         .journal = session_journal(&run->session)},
                       error);
}

/* The journal, and what the records are told by it and by each other. */
static enum status begin(struct run *run, struct error *error)
{
    struct record *records[] = {&run->record, &run->against.record};
    enum status status =
        session_begin(&run->session, run->outputs.base, records, 1 + run->against.asked, &run->memory, error);

    if (!status)
        against_pair(&run->against, &run->record);
    return status;
}

/* The other one is the base: a ratio above 1 says that this build is the faster one. */
static enum status compare(struct run *run, struct error *error)
{
    const struct record *records[] = {&run->against.record, &run->record};
    const char *names[] = {run->against.contender.label, "this build"};
    struct compare_options options;
    struct comparison comparison;
    struct error unlike = {0};
    enum status status;

    compare_options_default(&options);
    options.allow_mixed = true; /* the same cases in the same rounds: whatever differs is the other program's */
    status = comparison_make(&comparison, records, names, 2, &options, &unlike);
    if (!status)
        status = outputs_print_comparison(&comparison, error);
    else
        progress_say(&run->progress, "no comparison: %s", unlike.text);
    comparison_close(&comparison);
    return status == STATUS_IO ? status : STATUS_OK;
}

static enum status write_outputs(struct run *run, struct error *error)
{
    enum status status = outputs_write(&run->outputs, &run->record, &run->progress, error), other = STATUS_OK;
    struct error second = {0};

    if (run->against.asked)
        other = outputs_write_against(&run->outputs, &run->against.record, &run->progress, &second);
    if (run->against.asked && !other) {
        putchar('\n');
        other = compare(run, &second);
    }
    if (other && !status)
        *error = second;
    return session_end(&run->session, status ? status : other, &run->progress, error);
}

/* Where several codes apply, the order is: signal, file, wrong arithmetic, failed case, nothing ran. */
static int choose_code(const struct run *run, int signal_number, enum status written)
{
    int code = verdict_exit_code(&run->record);

    if (signal_number)
        return EXIT_SIGNAL + signal_number;
    if (written)
        return exit_code_of(written);
    return code || !run->against.asked ? code : verdict_exit_code(&run->against.record);
}

/* All that can go wrong before anything is measured. */
static enum status prepare(struct run *run, struct options *options, const struct invocation *invocation,
                           struct error *error)
{
    enum status status = plan_build(&run->plan, options, &run->host, error);

    if (!status)
        status = describe(run, error);
    if (!status)
        status = against_open(&run->against, options, &run->plan, &run->record, invocation->signal, error);
    if (!status)
        status = outputs_open(&run->outputs, options, &run->record, run->against.asked,
                              run->session.resumed ? run->session.result : NULL, error);
    return status;
}

static int run_all(struct run *run, const struct invocation *invocation, struct error *error)
{
    bool quiet = options_flag(invocation->options, OPTION_QUIET), finished = false;
    struct options *options;
    enum status status;

    progress_open(&run->progress, stderr, quiet, 0);
    status = session_open(&run->session, invocation, &run->progress, &options, &finished, error);
    if (finished) {
        printf("result: %s\n", run->session.result);
        return EXIT_OK;
    }
    if (!status)
        status = read_host(run, error);
    if (!status)
        status = prepare(run, options, invocation, error);
    if (status)
        return *invocation->signal ? EXIT_SIGNAL + *invocation->signal : exit_code_of(status);
    progress_open(&run->progress, stderr, quiet, 0); /* anew: its clock is that of the measuring */
    if (!preflight(run, options_flag(invocation->options, OPTION_REQUIRE_QUIET))) {
        error_set(error, STATUS_UNSUPPORTED, "--require-quiet: see the warnings above; nothing was measured");
        return EXIT_UNFIT;
    }
    status = begin(run, error);
    if (!status)
        status = measure(run, invocation->signal, error);
    return status ? exit_code_of(status) : choose_code(run, *invocation->signal, write_outputs(run, error));
}

int command_run(const struct invocation *invocation, struct error *error)
{
    struct run run = {0};
    int code;

    record_open(&run.record);
    code = run_all(&run, invocation, error);
    session_close(&run.session);
    against_close(&run.against);
    record_close(&run.record);
    plan_close(&run.plan);
    return code;
}
