/* `pocketmark check`: the gate. Reads, judges, looks again, tells. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/gate_writer.h"
#include "runner/check_inputs.h"
#include "runner/metrics.h"
#include "runner/outputs.h"
#include "runner/repeat.h"
#include "runner/rerun.h"
#include "runner/terminal.h"

/* GitHub drops a step's summary that is larger than 1 MiB; the rest is room for the lines around the rows. */
enum { SUMMARY_BYTES = 1 << 20, SUMMARY_ROOM = 16384 };

struct check {
    struct check_inputs inputs;
    struct gate_source baselines[GATE_BASELINES_MAX], candidate;
    enum field fields[FIELD_COUNT];
    struct gate_options options;
    struct gate gate;
    struct rerun rerun;
    bool reruns;
};

static enum status read_options(struct check *check, const struct options *options, struct error *error)
{
    size_t count;
    enum status status = metrics_list(options, OPTION_METRICS, check->fields, &count, error);

    compare_options_default(&check->options.compare);
    check->options.compare.allow_mixed = options_flag(options, OPTION_ALLOW_MIXED);
    check->options.repeat = repeat_line;
    if (count) {
        check->options.compare.fields = check->fields;
        check->options.compare.field_count = count;
    }
    for (size_t i = 0; i < count && !status; i++)
        if (field_info(check->fields[i])->better == BETTER_NEITHER)
            status = error_set(error, STATUS_MISUSE, "--metrics: of %s neither more nor less is better; leave it out",
                               field_info(check->fields[i])->name);
    if (!status)
        status = metrics_ratios(options, OPTION_THRESHOLD, check->options.compare.delta_ratio, error);
    check->reruns = options_flag(options, OPTION_RERUN);
    if (!status && !check->reruns && options_given(options, OPTION_AGAINST_BASELINE_BINARY))
        status = error_set(error, STATUS_MISUSE, "--against-baseline-binary is for --rerun; give both or none");
    return status;
}

static enum status check_files(const struct options *options, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < options_count(options, OPTION_CHECK_OUTPUT) && !status; i++) {
        const char *path = options_text(options, OPTION_CHECK_OUTPUT, i);
        status = gate_writer_for_path(path)
                     ? writer_probe(path, error)
                     : error_set(error, STATUS_MISUSE,
                                 "--output %s: the end of the name chooses the format, one of .txt .md .xml", path);
    }
    return status;
}

static enum status read_inputs(struct check *check, const struct options *options, struct error *error)
{
    enum status status = check_inputs_read(&check->inputs, options, error);
    const struct check_side *baselines = &check->inputs.baselines;

    if (status)
        return status;
    if (baselines->count > GATE_BASELINES_MAX)
        return error_set(error, STATUS_MISUSE, "--baseline: %zu results of different builds; give %d or fewer",
                         baselines->count, GATE_BASELINES_MAX);
    for (size_t i = 0; i < baselines->count; i++)
        check->baselines[i] = (struct gate_source){&baselines->sources[i].record, baselines->sources[i].name};
    check->candidate =
        (struct gate_source){&check->inputs.candidates.sources[0].record, check->inputs.candidates.sources[0].name};
    return STATUS_OK;
}

/* A second sample that could not be measured leaves the first verdict standing, and says so. */
static enum status look_again(struct check *check, const struct invocation *invocation, struct error *error)
{
    const struct options *options = invocation->options;
    struct rerun *rerun = &check->rerun;
    enum status status;

    if (!check->reruns)
        return STATUS_OK;
    rerun->signal = invocation->signal;
    rerun->launches = options_size(options, OPTION_LAUNCHES, 0);
    rerun->repetitions = options_size(options, OPTION_REPETITIONS, 0);
    if (options_given(options, OPTION_CHECK_MODEL))
        rerun->model = options_text(options, OPTION_CHECK_MODEL, 0);
    if (options_given(options, OPTION_AGAINST_BASELINE_BINARY))
        rerun->against = options_text(options, OPTION_AGAINST_BASELINE_BINARY, 0);
    status = rerun_check(rerun, check->baselines, check->inputs.baselines.count, check->candidate.record, error);
    if (status || check->gate.outcome != GATE_REGRESSED)
        return status;
    status = rerun_confirm(rerun, &check->gate, error);
    if (status != STATUS_FAILED)
        return status;
    fprintf(stderr, "pocketmark: %s; the first verdict stands, unconfirmed\n", error->text);
    *error = (struct error){0};
    return STATUS_OK;
}

static enum status append_file(const char *path, const char *text, size_t length, struct error *error)
{
    FILE *file = fopen(path, "ae");
    bool good = file && fwrite(text, 1, length, file) == length;

    if (file && fclose(file) != 0)
        good = false;
    return good ? STATUS_OK
                : error_set(error, STATUS_IO, "%s (GITHUB_STEP_SUMMARY): %s", path, strerror(errno ? errno : EIO));
}

/* What other commands of the same step wrote stays, and counts. */
static enum status write_summary(const struct gate *gate, struct error *error)
{
    const char *path = getenv("GITHUB_STEP_SUMMARY");
    struct stat about;
    struct printed printed;
    size_t taken, most;
    enum status status;

    if (!path || !*path)
        return STATUS_OK;
    taken = stat(path, &about) == 0 && about.st_size > 0 ? (size_t)about.st_size : 0;
    most = taken + 2 * SUMMARY_ROOM < SUMMARY_BYTES ? SUMMARY_BYTES - taken - SUMMARY_ROOM : SUMMARY_ROOM;
    status = printed_open(&printed, "the summary", error);
    if (status)
        return status;
    gate_markdown(gate, most, printed.out);
    status = printed_close(&printed, STATUS_OK, error);
    if (!status)
        status = append_file(path, printed.bytes, printed.length, error);
    free(printed.bytes);
    return status;
}

static enum status write_one(const struct gate *gate, const struct gate_writer *writer, const char *path,
                             struct error *error)
{
    static const struct writer_style plain = {.colour = false, .utf8 = true, .width = 120};
    const struct writer_style terminal = terminal_style();
    char *text;
    size_t length;
    enum status status =
        gate_writer_text(writer, gate, strcmp(path, "-") == 0 ? &terminal : &plain, &text, &length, error);

    if (!status)
        status = writer_save_bytes(path, text, length, error);
    free(text);
    return status;
}

/* Writes everything, whatever fails on the way; the first failure is the one that is told. */
static enum status write_verdict(const struct gate *gate, const struct options *options, struct error *error)
{
    const char *format = options_text(options, OPTION_FORMAT, 0);
    struct error problem = {0};

    for (size_t i = 0; i < options_count(options, OPTION_CHECK_OUTPUT); i++) {
        const char *path = options_text(options, OPTION_CHECK_OUTPUT, i);
        if (write_one(gate, gate_writer_for_path(path), path, &problem) && !error->status)
            *error = problem;
    }
    if (strcmp(format, "github") == 0 && write_summary(gate, &problem) && !error->status)
        *error = problem;
    if (write_one(gate, gate_writer_find(format), "-", &problem) && !error->status)
        *error = problem;
    return error->status;
}

static int outcome_code(const struct gate *gate, bool strict)
{
    switch (gate->outcome) {
    case GATE_PASSED:
        break;
    case GATE_REGRESSED:
        return EXIT_REGRESSED;
    case GATE_NOT_COMPARABLE:
        return EXIT_NOT_COMPARABLE;
    case GATE_INCONCLUSIVE:
        return strict ? EXIT_REGRESSED : EXIT_INCONCLUSIVE;
    }
    return EXIT_OK;
}

int command_check(const struct invocation *invocation, struct error *error)
{
    const struct options *options = invocation->options;
    struct check *check = calloc(1, sizeof *check);
    enum status status =
        check ? read_options(check, options, error) : error_set(error, STATUS_MEMORY, "out of memory for the gate");
    int code;

    if (!status)
        status = check_files(options, error);
    if (!status)
        status = read_inputs(check, options, error);
    if (!status)
        status = gate_judge(&check->gate, &check->options, check->baselines, check->inputs.baselines.count,
                            &check->candidate, error);
    if (!status)
        status = look_again(check, invocation, error);
    code = exit_code_of(status);
    if (!status) {
        code = outcome_code(&check->gate, options_flag(options, OPTION_STRICT));
        status = write_verdict(&check->gate, options, error);
        if (status)
            code = exit_code_of(status);
    }
    if (*invocation->signal)
        code = EXIT_SIGNAL + *invocation->signal;
    if (check) {
        gate_close(&check->gate);
        rerun_close(&check->rerun);
        check_inputs_close(&check->inputs);
    }
    free(check);
    return code;
}
