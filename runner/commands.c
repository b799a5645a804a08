#include "runner/commands.h"

#include <stdio.h>
#include <string.h>

#include "devices/energy.h"
#include "devices/engine.h"
#include "kernels/kernel.h"
#include "reports/document.h"
#include "reports/record.h"
#include "reports/units.h"
#include "runner/options.h"
#include "runner/profiles.h"
#include "workloads/nearest.h"

static const struct command_info infos[COMMAND_COUNT] = {
    [COMMAND_DETECT] = {"detect", "[options]", "the machine: processor, memory, energy sources, and the state of each",
                        NULL, 0, 0, false, false, command_detect},
    [COMMAND_LIST] = {"list", "models|profiles|engines|kernels|energy|metrics", "what there is to choose from", NULL, 1,
                      1, false, false, command_list},
    [COMMAND_RUN] =
        {"run", "[PROFILE] [options]", "measure: a profile (quick unless told), or the models given with -m",
         "Profiles: quick, standard, full, sustained (see 'pocketmark list profiles'). Options replace what the\n"
         "profile says. Values with commas multiply out. The result also goes to results/<time>-<device>.json.",
         0, 1, false, true, command_run},
    [COMMAND_ROOF] = {"roof", "[options]",
                      "this machine's limits: read bandwidth by footprint, INT8 and FP32 peaks, latency", NULL, 0, 0,
                      false, false, command_roof},
    [COMMAND_VERIFY] =
        {"verify", "MODEL [options]", "is the arithmetic right? Error against exact logits; exit 1 if not",
         "MODEL is a described model (synthetic weights) or a GGUF file. Tokens are fed one at a time and\n"
         "through prefills of 1, 7 and all of them at once.",
         1, 1, false, false, command_verify},
    [COMMAND_LOGITS] = {"logits", "MODEL.gguf TOKENS.json OUT.f32 [options]",
                        "float32 logits of a model, one row per token, fed one at a time",
                        "TOKENS.json holds {\"tokens\":[…]}. OUT.f32 gets one row of the vocabulary's size per token.",
                        3, 3, false, false, command_logits},
    [COMMAND_VALIDATE] = {"validate", "RESULT.json", "does a result document keep to its schema?", NULL, 1, 1, false,
                          false, command_validate},
    [COMMAND_CHILD] = {"child", "roof|gate|launch|matmul [options]", "one launch of a run, by hand", NULL, 1, 1, true,
                       false, command_child},
};

const struct command_info *command_info(enum command command)
{
    return &infos[command];
}

bool command_from_name(const char *name, enum command *command)
{
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(infos[i].name, name) == 0) {
            *command = (enum command)i;
            return true;
        }
    return false;
}

const char *command_suggest(const char *name)
{
    const char *words[COMMAND_COUNT];
    size_t count = 0;

    for (int i = 0; i < COMMAND_COUNT; i++)
        if (!infos[i].hidden)
            words[count++] = infos[i].name;
    return nearest_word(name, words, count);
}

int exit_code_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return EXIT_OK;
    case STATUS_MISUSE:
        return EXIT_MISUSE;
    case STATUS_IO:
    case STATUS_FORMAT:
        return EXIT_FILE;
    case STATUS_MISMATCH:
        return EXIT_UNVERIFIED;
    case STATUS_FAILED:
        return EXIT_CASE_FAILED;
    case STATUS_UNSUPPORTED:
    case STATUS_MEMORY:
    case STATUS_INTERRUPTED:
        break;
    }
    return EXIT_UNFIT;
}

static void list_model(const char *name, void *context)
{
    struct model model;
    struct error error = {0};
    enum status *status = context;

    if (*status)
        return;
    *status = model_load(&model, name, &error);
    if (*status) {
        printf("%-18s not readable: %s\n", name, error.text);
        return;
    }
    printf("%-18s %6.2f billion parameters  %3zu layers  context %6zu  %s\n", model.name,
           (double)model_parameter_count(&model) * 1e-9, model.layers, model.context_tokens,
           *model.license ? model.license : "licence unknown");
    model_free(&model);
}

static enum status list_models(struct error *error)
{
    enum status broken = STATUS_OK, status = model_list(list_model, &broken, error);

    if (!status && broken)
        return error_set(error, broken, "a description in %s is not readable", model_directory());
    return status;
}

static enum status list_profiles(struct error *error)
{
    size_t count;
    const struct profile *profiles = profile_table(&count);

    (void)error;
    for (size_t i = 0; i < count; i++)
        printf("%-10s %s\n", profiles[i].name, profiles[i].summary);
    return STATUS_OK;
}

static enum status list_engines(struct error *error)
{
    (void)error;
    for (size_t i = 0; engines[i]; i++)
        printf("%-10s %s\n", engines[i]->name, engines[i]->summary);
    return STATUS_OK;
}

static enum status list_kernels(struct error *error)
{
    size_t count;
    const struct kernel *kernels = kernel_table(&count);

    (void)error;
    for (size_t i = 0; i < count; i++)
        printf("%-26s %-10s %-6s %s\n", kernels[i].name, op_name(kernels[i].op),
               kernels[i].type == DTYPE_COUNT ? "-" : dtype_info(kernels[i].type)->name, isa_name(kernels[i].isa));
    return STATUS_OK;
}

static enum status list_energy(struct error *error)
{
    (void)error;
    for (size_t i = 0; energy_sources[i]; i++)
        printf("%-10s %-8s %s\n", energy_sources[i]->name, energy_scope_name(energy_sources[i]->scope),
               energy_sources[i]->summary);
    return STATUS_OK;
}

static enum status list_metrics(struct error *error)
{
    static const char *const betters[] = {"higher", "lower", "neither"};
    static const char *const kinds[] = {"measured", "derived", "estimated"};

    (void)error;
    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct field_info *info = field_info((enum field)i);
        printf("%-32s %-9s %-7s %s\n", info->name, kinds[info->kind], betters[info->better], info->meaning);
    }
    return STATUS_OK;
}

int command_list(const struct invocation *invocation, struct error *error)
{
    static const struct {
        const char *name;
        enum status (*list)(struct error *error);
    } lists[] = {{"models", list_models},   {"profiles", list_profiles}, {"engines", list_engines},
                 {"kernels", list_kernels}, {"energy", list_energy},     {"metrics", list_metrics}};
    enum { LISTS = sizeof lists / sizeof *lists };
    const char *asked = invocation->options->arguments[0], *words[LISTS], *nearest;

    for (size_t i = 0; i < LISTS; i++) {
        if (strcmp(lists[i].name, asked) == 0)
            return exit_code_of(lists[i].list(error));
        words[i] = lists[i].name;
    }
    nearest = nearest_word(asked, words, LISTS);
    if (nearest)
        error_set(error, STATUS_MISUSE, "there is no list '%s'; did you mean '%s'?", asked, nearest);
    else
        error_set(error, STATUS_MISUSE, "there is no list '%s'", asked);
    return EXIT_MISUSE;
}

int command_validate(const struct invocation *invocation, struct error *error)
{
    const char *path = invocation->options->arguments[0];
    enum status status = document_validate_file(path, error);

    if (status == STATUS_OK)
        printf("%s: a valid result document\n", path);
    return status == STATUS_FORMAT ? EXIT_UNVERIFIED : exit_code_of(status);
}
