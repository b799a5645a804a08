#include "runner/commands.h"

#include <stdio.h>
#include <string.h>

#include "reports/document.h"
#include "runner/options.h"
#include "workloads/nearest.h"

static const struct command_info infos[COMMAND_COUNT] = {
    [COMMAND_DETECT] = {"detect", "[options]", "the machine: processor, memory, energy sources, and the state of each",
                        NULL, 0, 0, false, false, command_detect},
    [COMMAND_LIST] = {"list", "models|profiles|scenarios|engines|kernels|energy|metrics",
                      "what there is to choose from", NULL, 1, 1, false, false, command_list},
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
         "through prefills of 1, 7, 64 and all of them at once.",
         1, 1, false, false, command_verify},
    [COMMAND_LOGITS] = {"logits", "MODEL.gguf TOKENS.json OUT.f32 [options]",
                        "float32 logits of a model, one row per token, fed one at a time",
                        "TOKENS.json holds {\"tokens\":[…]}. OUT.f32 gets one row of the vocabulary's size per token.",
                        3, 3, false, false, command_logits},
    [COMMAND_EXPORT_GGUF] =
        {"export-gguf", "MODEL -o FILE.gguf [options]", "a described model with its synthetic weights as a GGUF file",
         "The weights are those that `run -m MODEL` with the same -q and --seed works on. The file has no tokenizer;\n"
         "programs that only measure, such as llama-bench, load it.",
         1, 1, false, true, command_export_gguf},
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

int command_validate(const struct invocation *invocation, struct error *error)
{
    const char *path = invocation->options->arguments[0];
    enum status status = document_validate_file(path, error);

    if (status == STATUS_OK)
        printf("%s: a valid result document\n", path);
    return status == STATUS_FORMAT ? EXIT_UNVERIFIED : exit_code_of(status);
}
