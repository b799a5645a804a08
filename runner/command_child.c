/* `pocketmark child KIND …`: one launch, told line by line. `run` starts it for each launch; by hand it repeats one. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "devices/canary.h"
#include "reports/record.h"
#include "runner/launch.h"
#include "runner/lines.h"
#include "runner/provenance.h"
#include "runner/referee.h"
#include "runner/roofs.h"

static enum status child_roof(const struct options *options, FILE *out, struct error *error)
{
    struct roofs roofs;
    struct host host;
    struct roof_options asked = {.threads = options_size(options, OPTION_THREADS, 0),
                                 .choice = options_choice(options, 0),
                                 .seconds = options_number(options, OPTION_PROBE_SECONDS, 0)};
    struct facts facts = {0};
    enum status status = host_read(&host, NULL, error);

    for (size_t i = 0; i < options_count(options, OPTION_FOOTPRINTS) && i < ROOF_READS_MAX; i++)
        asked.footprints[asked.footprint_count++] = (uint64_t)options_number(options, OPTION_FOOTPRINTS, i);
    if (!status)
        status = host_usable_isa(&host, &asked.isa, error);
    if (!status)
        status = roof_measure(&roofs, &host, &asked, error);
    if (!status) {
        roofs_tell(&facts, &roofs);
        lines_facts(out, &facts);
    }
    facts_free(&facts);
    return status;
}

static enum status child_gate(const struct options *options, FILE *out, struct error *error)
{
    struct workbench bench;
    double nmse = NAN;
    char reason[400] = "";
    enum status status = workbench_open(&bench, options, options_text(options, OPTION_MODEL, 0), error);

    if (!status)
        status = referee_gate(&bench, options_size(options, OPTION_CONTEXT, 0), &nmse, reason, sizeof reason, error);
    lines_whole(out, FIELD_nmse_ratio, nmse);
    if (*reason)
        lines_null(out, FIELD_nmse_ratio, reason);
    workbench_close(&bench);
    return status;
}

static enum status child_canary(const struct options *options, FILE *out, struct error *error)
{
    struct host host;
    isa_set isa;
    double bytes_per_second = NAN;
    enum status status = host_read(&host, NULL, error);

    if (!status)
        status = host_usable_isa(&host, &isa, error);
    if (!status)
        status = canary_measure(&host, isa, options_size(options, OPTION_THREADS, 0),
                                options_number(options, OPTION_PROBE_SECONDS, 0), &bytes_per_second, error);
    lines_whole(out, FIELD_canary_read_bytes_per_second, bytes_per_second);
    return status;
}

/* Which build this is, for one that measures it. */
static enum status child_identity(const struct options *options, FILE *out, struct error *error)
{
    char binary[DIGEST_HEX];
    struct facts tool = {0};
    enum status status = provenance_binary(binary, error);

    (void)options;
    if (!status) {
        provenance_tool(&tool, binary);
        lines_facts(out, &tool);
    }
    facts_free(&tool);
    return status;
}

int command_child(const struct invocation *invocation, struct error *error)
{
    static const struct {
        const char *name;
        bool needs_model;
        enum status (*run)(const struct options *options, FILE *out, struct error *error);
    } kinds[] = {{"roof", false, child_roof},         {"canary", false, child_canary},
                 {"identity", false, child_identity}, {"llama-bench", true, launch_llama_bench},
                 {"gate", true, child_gate},          {"launch", true, launch_model},
                 {"matmul", true, launch_matmul}};
    const struct options *options = invocation->options;
    size_t kind = 0, fd = options_size(options, OPTION_REPORT_FD, 0);
    FILE *out = stdout;
    enum status status;

    while (kind < sizeof kinds / sizeof *kinds && strcmp(kinds[kind].name, options->arguments[0]) != 0)
        kind++;
    if (kind == sizeof kinds / sizeof *kinds)
        return exit_code_of(error_set(error, STATUS_MISUSE, "there is no kind of launch '%s'", options->arguments[0]));
    if (kinds[kind].needs_model && options_count(options, OPTION_MODEL) != 1)
        return exit_code_of(error_set(error, STATUS_MISUSE, "a launch needs one model: -m NAME"));
    if (fd && !(out = fdopen((int)fd, "w")))
        return exit_code_of(error_set(error, STATUS_IO, "--report-fd %zu: %s", fd, strerror(errno)));
    status = kinds[kind].run(options, out, error);
    if (status && fd) { /* whoever listens will show it */
        lines_error(out, error);
        *error = (struct error){0};
    } else if (!status)
        lines_done(out);
    if (fd && fclose(out) && !status)
        return exit_code_of(error_set(error, STATUS_IO, "--report-fd %zu: %s", fd, strerror(errno)));
    return exit_code_of(status);
}
