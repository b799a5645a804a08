#include "runner/against.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/cells.h"
#include "runner/child.h"
#include "runner/lines.h"
#include "runner/spell.h"

#define ANSWER_SECONDS 60.0
#define SELF           "/proc/self/exe"

struct asking {
    const char *option, *path;
    const volatile sig_atomic_t *signal;
};

/* ---- another build ---- */

static void hear_line(void *context, char *line)
{
    outcome_take(context, line, 0);
}

/* Runs it and hears its lines; `wanted` says what for. */
static enum status ask(const struct asking *asking, const struct child_command *command, const char *wanted,
                       struct outcome *outcome, struct error *error)
{
    const struct child_hooks hooks = {.line = hear_line, .context = outcome};
    struct child_end end;
    char ending[120];
    enum status status = child_run(command, ANSWER_SECONDS, asking->signal, &hooks, &end, error);

    if (status || (outcome->done && !outcome->error.status))
        return status;
    child_end_describe(&end, ending, sizeof ending);
    return error_set(error, STATUS_MISUSE,
                     "--%s %s: %s (%s); it must be a build of pocketmark that knows `run --%s` itself", asking->option,
                     asking->path, wanted, outcome->error.status ? outcome->error.text : ending, asking->option);
}

static enum status learn_identity(const struct asking *asking, struct facts *tool, struct error *error)
{
    struct child_command command;
    struct outcome outcome;
    enum status status = outcome_open(&outcome, error);

    if (status)
        return status;
    spell_identity(&command, asking->path);
    status = ask(asking, &command, "it does not say which build it is", &outcome, error);
    for (size_t i = 0; i < outcome.facts.count && !status; i++)
        facts_copy(tool, NULL, &outcome.facts.items[i]);
    if (!status && (!facts_find(tool, "name") || strcmp(facts_find(tool, "name")->text, "pocketmark") != 0))
        status = error_set(error, STATUS_MISUSE, "--%s %s: it says it is '%s', not pocketmark", asking->option,
                           asking->path, facts_find(tool, "name") ? facts_find(tool, "name")->text : "nothing");
    outcome_close(&outcome);
    return status;
}

/* A launch like that of the case, of the engine that does nothing. */
static enum status try_launch(const struct asking *asking, const struct plan *plan, const struct plan_case *item,
                              struct error *error)
{
    struct plan_case trial = *item;
    struct child_command command;
    struct outcome outcome;
    enum status status = outcome_open(&outcome, error);

    if (status)
        return status;
    trial.engine = engine_find("null");
    trial.prompt_tokens = trial.generated_tokens = trial.repetitions = 1;
    trial.depth_tokens = 0;
    trial.context_tokens = 2;
    trial.work_seconds = 0.001;
    spell_launch(&command, asking->path, plan, &trial, 1);
    status = ask(asking, &command, "it does not do launches as this build does", &outcome, error);
    outcome_close(&outcome);
    return status;
}

static enum status try_launches(const struct asking *asking, const struct plan *plan, struct error *error)
{
    bool tried[2] = {false, false};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < plan->case_count && !status; i++) {
        bool product = plan->cases[i].kind == CASE_MATMUL;
        if (!tried[product])
            status = try_launch(asking, plan, &plan->cases[i], error);
        tried[product] = true;
    }
    return status;
}

static enum status open_build(struct against *against, const struct asking *asking, const struct plan *plan,
                              const char *binary, struct error *error)
{
    struct record *record = &against->record;
    const struct fact *version, *commit;
    enum status status = learn_identity(asking, &record->tool, error);

    if (!status)
        status = try_launches(asking, plan, error);
    if (!status)
        status = cells_add(record, plan, binary, error);
    if (status)
        return status;
    facts_text(&record->tool, "build_id_sha256", NULL, binary);
    version = facts_find(&record->tool, "version");
    commit = facts_find(&record->tool, "git_commit");
    for (size_t i = 0; i < record->cell_count; i++) {
        if (version)
            facts_copy(&record->cells[i].engine, "version", version);
        if (commit)
            facts_copy(&record->cells[i].engine, "git_commit", commit);
        else
            facts_null(&record->cells[i].engine, "git_commit", NULL, "that build does not tell");
    }
    against->contender.program = asking->path;
    record->origin = plan->root ? ORIGIN_EMULATED : ORIGIN_NATIVE;
    return STATUS_OK;
}

/* ---- llama-bench ---- */

static void hear_help(void *context, char *line)
{
    fprintf(context, "%s\n", line);
}

static enum status read_help(const struct asking *asking, char **help, struct error *error)
{
    size_t size = 0;
    FILE *stream = open_memstream(help, &size);
    const struct child_hooks hooks = {.line = hear_help, .context = stream};
    struct child_command command;
    struct child_end end;
    enum status status;

    if (!stream)
        return error_set(error, STATUS_MEMORY, "out of memory for a help text");
    child_command_open(&command, asking->path, "llama-bench");
    child_command_add(&command, "--help");
    command.hears_output = true;
    status = child_run(&command, ANSWER_SECONDS, asking->signal, &hooks, &end, error);
    if (fclose(stream) && !status)
        status = error_set(error, STATUS_MEMORY, "out of memory for a help text");
    return status;
}

/* Is the option among the words of the text? */
static bool names_option(const char *help, const char *option)
{
    size_t length = strlen(option);

    for (const char *at = help; (at = strstr(at, option)); at++)
        if ((at == help || strchr(" \n\t,[(|", at[-1])) && strchr(" \n\t,])|=", at[length]))
            return true;
    return false;
}

static enum status check_options(const struct asking *asking, const struct plan *plan, struct error *error)
{
    static const char *const always[] = {"-m", "-p", "-n", "-t", "-r", "-o"};
    bool depth = false, cache = false;
    char *help = NULL;
    const char *lacks = NULL;
    enum status status = read_help(asking, &help, error);

    for (size_t i = 0; i < plan->case_count; i++) {
        depth |= plan->cases[i].depth_tokens > 0;
        cache |= plan->cases[i].kv_type != DTYPE_F16;
    }
    for (size_t i = 0; i < sizeof always / sizeof *always && !status && !lacks; i++)
        lacks = names_option(help, always[i]) ? NULL : always[i];
    if (!status && !lacks && depth && !names_option(help, "-d"))
        lacks = "-d";
    if (!status && !lacks && cache && !names_option(help, "-ctk"))
        lacks = "-ctk";
    free(help);
    return lacks
               ? error_set(error, STATUS_MISUSE, "--%s %s: its help does not name the option %s, which this run needs",
                           asking->option, asking->path, lacks)
               : status;
}

static enum status check_cases(const struct asking *asking, const struct plan *plan, struct error *error)
{
    for (size_t i = 0; i < plan->case_count; i++)
        if (!plan->cases[i].subject->file || plan->cases[i].kind != CASE_LLM)
            return error_set(error, STATUS_MISUSE,
                             "--%s: llama-bench runs whole models from files; give one with -m FILE.gguf",
                             asking->option);
    return check_options(asking, plan, error);
}

static void describe_llama_bench(struct record *record, const char *binary)
{
    for (size_t i = 0; i < record->cell_count; i++) {
        struct cell *cell = &record->cells[i];
        facts_text(&cell->engine, "name", NULL, "llama-bench");
        facts_text(&cell->engine, "version", NULL, "not told");
        facts_text(&cell->engine, "backend", NULL, "llama.cpp");
        facts_text(&cell->engine, "binary_sha256", NULL, binary);
        facts_null(&cell->engine, "git_commit", NULL, "not told");
        facts_null(&cell->engine, "backend_verified", NULL, "llama-bench gives no logits to check");
        cell_explain(cell, FIELD_nmse_ratio, "llama-bench gives no logits to check");
    }
}

static enum status open_llama_bench(struct against *against, const struct asking *asking, const struct plan *plan,
                                    const struct record *ours, const char *binary, struct error *error)
{
    struct record *record = &against->record;
    enum status status = check_cases(asking, plan, error);

    if (!status)
        status = cells_add(record, plan, binary, error);
    if (status)
        return status;
    for (size_t i = 0; i < ours->tool.count; i++)
        facts_copy(&record->tool, NULL, &ours->tool.items[i]);
    describe_llama_bench(record, binary);
    against->contender.program = SELF;
    against->contender.llama_bench = asking->path;
    record->origin = ORIGIN_IMPORTED;
    return STATUS_OK;
}

enum status against_open(struct against *against, const struct options *options, const struct plan *plan,
                         const struct record *ours, const volatile sig_atomic_t *signal, struct error *error)
{
    bool build = options_given(options, OPTION_AGAINST), other = options_given(options, OPTION_AGAINST_LLAMA_BENCH);
    enum option_id id = build ? OPTION_AGAINST : OPTION_AGAINST_LLAMA_BENCH;
    struct asking asking = {.option = options_name(id), .signal = signal};
    char binary[DIGEST_HEX];
    enum status status;

    *against = (struct against){.asked = build || other};
    if (build && other)
        return error_set(error, STATUS_MISUSE, "--against and --against-llama-bench: give one of them");
    if (!against->asked)
        return STATUS_OK;
    asking.path = options_text(options, id, 0);
    record_open(&against->record);
    against->contender = (struct contender){.label = build ? "against" : "llama-bench", .record = &against->record};
    status = digest_file(asking.path, binary, error);
    if (status)
        return error_prefix(error, "--%s", asking.option);
    if (access(asking.path, X_OK))
        return error_set(error, STATUS_IO, "--%s %s: cannot be run: %s", asking.option, asking.path, strerror(errno));
    for (size_t i = 0; i < ours->workload.count; i++)
        facts_copy(&against->record.workload, NULL, &ours->workload.items[i]);
    for (size_t i = 0; i < ours->device.count; i++)
        facts_copy(&against->record.device, NULL, &ours->device.items[i]);
    return build ? open_build(against, &asking, plan, binary, error)
                 : open_llama_bench(against, &asking, plan, ours, binary, error);
}

void against_pair(struct against *against, struct record *ours)
{
    if (!against->asked)
        return;
    for (size_t i = 0; i < ours->environment.count; i++)
        facts_copy(&against->record.environment, NULL, &ours->environment.items[i]);
    facts_text(&ours->environment, "interleaved_with", NULL, against->record.result_id);
    facts_text(&against->record.environment, "interleaved_with", NULL, ours->result_id);
}

void against_close(struct against *against)
{
    record_close(&against->record);
}
