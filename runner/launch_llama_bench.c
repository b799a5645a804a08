/* A launch of another program: llama-bench of llama.cpp, on the same file, told in the same lines. Its arithmetic is not checked. */
#include "runner/launch.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "devices/clock.h"
#include "devices/host.h"
#include "reports/import.h"
#include "runner/child.h"
#include "runner/lines.h"

#define FOREVER_SECONDS 1e9 /* whoever started us keeps the time */

struct heard {
    char *text;
    size_t size;
    FILE *stream;
};

static void hear_line(void *context, char *line)
{
    fprintf(((struct heard *)context)->stream, "%s\n", line);
}

static enum status spell(struct child_command *command, const struct options *options, struct error *error)
{
    const char *program = options_text(options, OPTION_PROGRAM, 0), *kv_type = "f16";
    size_t depth = options_size(options, OPTION_DEPTH, 0), threads = options_size(options, OPTION_THREADS, 0);
    unsigned cpus[HOST_CPUS_MAX];
    struct host host;
    enum status status = threads ? STATUS_OK : host_read(&host, NULL, error);

    if (status)
        return status;
    child_command_open(command, program, "llama-bench");
    command->hears_output = true;
    child_command_add(command, "-m");
    child_command_add(command, "%s", options_text(options, OPTION_MODEL, 0));
    child_command_add(command, "-p");
    child_command_add(command, "%zu", options_size(options, OPTION_PROMPT, 0));
    child_command_add(command, "-n");
    child_command_add(command, "%zu", options_size(options, OPTION_GENERATE, 0));
    child_command_add(command, "-t");
    child_command_add(command, "%zu", threads ? threads : host_performance_cpus(&host, cpus, HOST_CPUS_MAX));
    if (depth) {
        child_command_add(command, "-d");
        child_command_add(command, "%zu", depth);
    }
    if (options_count(options, OPTION_KV_TYPE))
        kv_type = options_text(options, OPTION_KV_TYPE, 0);
    if (strcmp(kv_type, "f16") != 0) /* its quantised cache needs flash attention */
        for (size_t i = 0; i < 6; i++)
            child_command_add(command, "%s", ((const char *[]){"-ctk", kv_type, "-ctv", kv_type, "-fa", "1"})[i]);
    child_command_add(command, "-r");
    child_command_add(command, "1");
    child_command_add(command, "-o");
    child_command_add(command, "json");
    return STATUS_OK;
}

/* The first sample of that figure in any of the tests. */
static double first_value(const struct record *record, enum field field)
{
    for (size_t i = 0; i < record->cell_count; i++)
        for (size_t k = 0; k < record->cells[i].repetition_count; k++)
            if (isfinite(record->cells[i].repetitions[k].values[field]))
                return record->cells[i].repetitions[k].values[field];
    return NAN;
}

static void tell(FILE *out, const struct record *record, uint64_t start_ns)
{
    static const char *const kept[] = {"version", "git_commit"};
    struct facts facts = {0};

    for (size_t i = 0; i < 2; i++) {
        const struct fact *fact = facts_find(&record->cells[0].engine, kept[i]);
        char path[64];
        snprintf(path, sizeof path, "engine.%s", kept[i]);
        if (fact && fact->type == FACT_TEXT)
            facts_text(&facts, path, NULL, fact->text);
    }
    lines_facts(out, &facts);
    facts_free(&facts);
    lines_repetition(out, PHASE_MEASURED, start_ns);
    lines_value(out, FIELD_prefill_tokens_per_second, first_value(record, FIELD_prefill_tokens_per_second));
    lines_value(out, FIELD_decode_tokens_per_second, first_value(record, FIELD_decode_tokens_per_second));
}

static enum status run(const struct child_command *command, struct heard *heard, struct error *error)
{
    const struct child_hooks hooks = {.line = hear_line, .context = heard};
    volatile sig_atomic_t stop = 0;
    struct child_end end;
    char ending[120];
    enum status status = child_run(command, FOREVER_SECONDS, &stop, &hooks, &end, error);

    if (status || (!end.signal && !end.code))
        return status;
    child_end_describe(&end, ending, sizeof ending);
    return error_set(error, STATUS_FAILED, "llama-bench %s", ending);
}

enum status launch_llama_bench(const struct options *options, FILE *out, struct error *error)
{
    struct child_command command;
    struct heard heard = {0};
    struct record record = {0};
    uint64_t start_ns = clock_now_ns();
    enum status status;

    if (!options_count(options, OPTION_PROGRAM))
        return error_set(error, STATUS_MISUSE, "a launch of llama-bench needs its path: --program PATH");
    status = spell(&command, options, error);
    if (status)
        return status;
    heard.stream = open_memstream(&heard.text, &heard.size);
    if (!heard.stream)
        return error_set(error, STATUS_MEMORY, "out of memory for what llama-bench says");
    status = run(&command, &heard, error);
    if (fclose(heard.stream) && !status)
        status = error_set(error, STATUS_MEMORY, "out of memory for what llama-bench says");
    if (!status) {
        status = import_llama_bench(heard.text, heard.size, &record, error);
        if (!status && !record.cell_count)
            status = error_set(error, STATUS_FORMAT, "llama-bench told no test");
        if (!status)
            tell(out, &record, start_ns);
        record_close(&record);
    }
    free(heard.text);
    return status;
}
