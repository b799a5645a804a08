#include "runner/commands.h"

#include <stdio.h>
#include <string.h>

#include "runner/options.h"
#include "workloads/nearest.h"

static const struct command_info infos[COMMAND_COUNT] = {
    [COMMAND_DETECT] = {"detect", "[options]", "the machine: processor, memory, energy sources, and the state of each",
                        NULL, 0, 0, false, false, command_detect},
    [COMMAND_LIST] = {"list", "models|profiles|scenarios|engines|kernels|energy|metrics|words",
                      "what there is to choose from", NULL, 1, 1, false, false, command_list},
    [COMMAND_RUN] =
        {"run", "[PROFILE] [options]", "measure: a profile (quick unless told), or the models given with -m",
         "Profiles: quick, standard, full, sustained (see 'pocketmark list profiles'). Options replace what the\n"
         "profile says. Values with commas multiply out. The result also goes to results/<time>-<device>.json.",
         0, 1, false, true, command_run},
    [COMMAND_ROOF] = {"roof", "[options]",
                      "this machine's limits: read bandwidth by footprint, INT8 and FP32 peaks, latency", NULL, 0, 0,
                      false, false, command_roof},
    [COMMAND_FIT] = {"fit", "[RESULT.json|DIR …] [options]",
                     "what every described model would do here, predicted from half a minute of probes",
                     "For each model and format: does it fit into memory, prefill and decode speed with the range they "
                     "are expected in,\n"
                     "time to the first token in each scenario, and energy where it can be read or is stated. Figures "
                     "that were measured\n"
                     "before on this device, in the results named or else those in results/, replace predictions and "
                     "tell how far these\n"
                     "are off. The prediction also goes to results/<time>-<device>-fit.json.",
                     0, ARGUMENTS_MAX, false, true, command_fit},
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
    [COMMAND_COMPARE] =
        {"compare", "A.json [B.json …] [options]", "results side by side: what changed, by how much, and how sure",
         "A is the base. Cells are matched by their parameters as requested, and one thing may differ: device, build,\n"
         "engine, model, format, threads or an option. A alone is compared with itself, format against format.\n"
         "Exit codes: 0, 4 not comparable.",
         1, ARGUMENTS_MAX, false, false, command_compare},
    [COMMAND_CHECK] =
        {"check", "--baseline A.json[,…] --candidate B.json[,…] [options]",
         "the gate for CI: is the candidate worse? Exit 1 if so",
         "Several files of one plan, build and device are pooled; other baselines are judged each, and one that the\n"
         "candidate is worse than decides. Exit codes: 0 no worse, 1 regressed, 3 inconclusive, 4 not comparable.",
         0, 0, false, true, command_check},
    [COMMAND_HISTORY] =
        {"history", "add|list|show|trend|export|rebuild [options]",
         "results over time: an index over the documents, trends and where they change",
         "rebuild [DIR]    make the index anew from all results below a folder (results)\n"
         "add RESULT.json  add some; once there is an index, `run` adds its results by itself\n"
         "list             results, or with --metric the values of a figure\n"
         "show ID          one result; the beginning of its id is enough\n"
         "trend            a figure over time, with the points where it changed (--metric)\n"
         "export           CSV for Apache Otava (-o FILE)\n"
         "The index is made from the files alone and can be thrown away; it does not belong on a network drive.",
         1, ARGUMENTS_MAX, false, false, command_history},
    [COMMAND_REPORT] =
        {"report", "[RESULT.json|DIR …] [options]",
         "what a device can run, how fast and how sure: a page, a document, charts",
         "A folder stands for all results in it. Without any, the newest result in results/ is taken, and the newest\n"
         "prediction of `fit` for that device. Without -o and --charts the report goes to standard output.\n"
         "With --site, files that are no results are left out and told on the index; figures lead to copies of the "
         "results.",
         0, ARGUMENTS_MAX, false, false, command_report},
    [COMMAND_EXPORT] =
        {"export", "RESULT.json … --to FORMAT -o FILE", "results in the forms that other programs read",
         "FORMAT: llama-bench, llama-bench-sql, bmf (Bencher), github-benchmark (what should be large),\n"
         "github-benchmark-smaller (what should be small), openmetrics, csv, otava, junit.",
         1, ARGUMENTS_MAX, false, false, command_export},
    [COMMAND_IMPORT] =
        {"import", "FILE.json|FILE.jsonl … [-o RESULT.json]",
         "figures of llama-bench as a result: foreign and unverified",
         "Takes what `llama-bench -o json` and `-o jsonl` print. Several files are merged: each is one launch more of\n"
         "the tests in it; an interval needs six.",
         1, ARGUMENTS_MAX, false, false, command_import},
    [COMMAND_VALIDATE] = {"validate", "RESULT.json […]",
                          "do result documents keep to their schema? '-': standard input", NULL, 1, ARGUMENTS_MAX,
                          false, false, command_validate},
    [COMMAND_CHILD] = {"child", "roof|canary|gate|launch|matmul|llama-bench|identity [options]",
                       "one launch of a run, by hand", NULL, 1, 1, true, false, command_child},
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
    case STATUS_UNLIKE:
        return EXIT_NOT_COMPARABLE;
    case STATUS_UNSUPPORTED:
    case STATUS_MEMORY:
    case STATUS_INTERRUPTED:
        break;
    }
    return EXIT_UNFIT;
}
