#include "runner/repeat.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "runner/profiles.h"

/* An option with the value of a fact; left out where the fact is not known. */
static void add_fact(struct child_command *command, const char *option, const struct facts *facts, const char *path)
{
    const struct fact *fact = facts_find(facts, path);

    if (fact && fact->type == FACT_TEXT && *fact->text)
        child_command_add(command, "--%s=%s", option, fact->text);
    else if (fact && fact->type == FACT_INTEGER)
        child_command_add(command, "--%s=%lld", option, (long long)fact->integer);
}

static size_t launches_of(const struct cell *cell)
{
    size_t launches = 0;

    for (int i = 0; i < FIELD_COUNT; i++)
        if (cell->figures[i].present && cell->figures[i].launches > launches)
            launches = cell->figures[i].launches;
    return launches;
}

static enum status add_model(struct child_command *command, const struct repeat *repeat, const struct cell *cell,
                             struct error *error)
{
    const char *name = facts_get_text(&cell->model, "name", "");

    if (strcmp(facts_get_text(&cell->model, "weights", ""), "file") == 0) {
        if (!repeat->model)
            return error_set(error, STATUS_MISUSE,
                             "%s: its model is a file, and results know no paths; give it with --model FILE.gguf",
                             cell->title);
        child_command_add(command, "--model=%s", repeat->model);
        return STATUS_OK;
    }
    if (!*name)
        return error_set(error, STATUS_MISUSE, "%s: the result does not tell the model's name", cell->title);
    child_command_add(command, "--model=%s", name);
    add_fact(command, "quant", &cell->model, "quantization");
    add_fact(command, "output-tensor-type", &cell->model, "output_tensor_type");
    return STATUS_OK;
}

static void add_lengths(struct child_command *command, const struct cell *cell)
{
    if (*facts_get_text(&cell->parameters, "scenario", ""))
        add_fact(command, "scenario", &cell->parameters, "scenario");
    else {
        add_fact(command, "prompt", &cell->parameters, "prompt_tokens");
        add_fact(command, "generate", &cell->parameters, "generated_tokens");
    }
    add_fact(command, "depth", &cell->parameters, "depth_tokens");
    add_fact(command, "context", &cell->parameters, "context_tokens");
    add_fact(command, "kv-type", &cell->parameters, "kv_type");
}

enum status repeat_spell(struct child_command *command, const struct repeat *repeat, const struct record *record,
                         const struct cell *cell, struct error *error)
{
    const char *workload = facts_get_text(&cell->parameters, "workload", ""),
               *profile = facts_get_text(&record->workload, "name", "");
    bool matmul = strcmp(workload, "matmul") == 0;
    size_t launches = repeat->launches ? repeat->launches : launches_of(cell);
    enum status status;

    child_command_open(command, repeat->program, "pocketmark");
    child_command_add(command, "run");
    if (matmul && !profile_find(profile))
        return error_set(error, STATUS_MISUSE, "%s: matrices alone belong to a profile, and there is no profile '%s'",
                         cell->title, profile);
    if (matmul || strcmp(workload, "sustained") == 0)
        child_command_add(command, "%s", matmul ? profile : workload);
    status = add_model(command, repeat, cell, error);
    if (status)
        return status;
    if (matmul)
        child_command_add(command, "--cells=%s", cell->id);
    else
        add_lengths(command, cell);
    add_fact(command, "engine", &cell->engine, "name");
    if (strcmp(facts_get_text(&cell->parameters, "threads", ""), "auto") != 0)
        add_fact(command, "threads", &cell->parameters, "threads");
    add_fact(command, "seed", &record->workload, "seed");
    if (launches)
        child_command_add(command, "--launches=%zu", launches);
    if (repeat->repetitions)
        child_command_add(command, "--repetitions=%zu", repeat->repetitions);
    if (repeat->probe_seconds > 0)
        child_command_add(command, "--probe-seconds=%g", repeat->probe_seconds);
    if (repeat->against)
        child_command_add(command, "--against=%s", repeat->against);
    if (repeat->output)
        child_command_add(command, "--output=%s", repeat->output);
    return STATUS_OK;
}

/* An argument so that a shell reads it as it is. */
static bool plain(const char *argument)
{
    return argument[strspn(argument, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=./:,+@%")] ==
           '\0';
}

static void append_argument(char *out, size_t size, const char *argument)
{
    size_t used = strlen(out);

    if (plain(argument)) {
        snprintf(out + used, size - used, "%s%s", used ? " " : "", argument);
        return;
    }
    used += (size_t)snprintf(out + used, size - used, " '");
    for (; *argument && used + 8 < size; argument++)
        used += (size_t)snprintf(out + used, size - used, *argument == '\'' ? "'\\''" : "%c", *argument);
    snprintf(out + (used < size ? used : size - 1), used < size ? size - used : 1, "'");
}

void repeat_line(char *out, size_t size, const struct record *record, const struct cell *cell)
{
    const struct repeat repeat = {.program = "pocketmark", .model = "MODEL.gguf", .against = "OLD_BINARY"};
    struct child_command *command = malloc(sizeof *command);
    struct error ignored;

    *out = '\0';
    if (command && repeat_spell(command, &repeat, record, cell, &ignored) == STATUS_OK && !command->overflow)
        for (size_t i = 0; i < command->count; i++)
            append_argument(out, size, command->argv[i]);
    free(command);
}
