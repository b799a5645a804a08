/* `pocketmark run`: plan, preflight, measure, write. */
#include <stdio.h>

#include "devices/memory.h"
#include "runner/cells.h"
#include "runner/detect.h"
#include "runner/measure.h"
#include "runner/outputs.h"
#include "runner/preflight.h"
#include "runner/provenance.h"
#include "runner/verdict.h"

struct run {
    struct host host;
    struct memory memory;
    isa_set isa;
    struct plan plan;
    struct record record;
    struct progress progress;
    struct outputs outputs;
};

static enum status read_machine(struct run *run, struct error *error)
{
    enum status status = host_read(&run->host, NULL, error);

    if (!status)
        status = host_usable_isa(&run->host, &run->isa, error);
    return status ? status : memory_read(&run->memory, NULL, error);
}

static enum status describe(struct run *run, struct error *error)
{
    char binary[DIGEST_HEX];
    enum status status = provenance_binary(binary, error);

    if (status)
        return status;
    run->record.emulated = run->plan.root != NULL;
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

/* Where several codes apply, the order is: signal, file, wrong arithmetic, failed case, nothing ran. */
static int choose_code(int signal_number, enum status written, const struct record *record)
{
    if (signal_number)
        return EXIT_SIGNAL + signal_number;
    return written ? exit_code_of(written) : verdict_exit_code(record);
}

int command_run(const struct invocation *invocation, struct error *error)
{
    struct options *options = invocation->options;
    struct run run = {0};
    bool quiet = options_flag(options, OPTION_QUIET);
    int code;
    enum status status = read_machine(&run, error);

    record_open(&run.record);
    if (!status)
        status = plan_build(&run.plan, options, &run.host, error);
    if (!status)
        status = describe(&run, error);
    if (!status)
        status = outputs_open(&run.outputs, options, &run.record, error);
    code = exit_code_of(status);
    if (status)
        goto out;
    progress_open(&run.progress, stderr, quiet, measure_step_count(&run.plan));
    if (!preflight(&run, options_flag(options, OPTION_REQUIRE_QUIET))) {
        error_set(error, STATUS_UNSUPPORTED, "--require-quiet: see the warnings above; nothing was measured");
        code = EXIT_UNFIT;
        goto out;
    }
    status = measure_run(&(struct measure){.plan = &run.plan,
                                           .host = &run.host,
                                           .memory = &run.memory,
                                           .isa = run.isa,
                                           .program = "/proc/self/exe",
                                           .signal = invocation->signal,
                                           .progress = &run.progress,
                                           .record = &run.record},
                         error);
    code = exit_code_of(status);
    if (!status)
        code = choose_code(*invocation->signal, outputs_write(&run.outputs, &run.record, &run.progress, error),
                           &run.record);
out:
    record_close(&run.record);
    plan_close(&run.plan);
    return code;
}
