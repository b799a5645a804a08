#include "runner/profiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/model.h"
#include "workloads/nearest.h"

static const struct profile profiles[] = {
    {.name = "quick",
     .version = "2026.2",
     .summary = "a 1B model in two formats and some of its matrices; a minute or so",
     .models = "llama-3.2-1b",
     .quants = "q4_0,q8_0",
     .prompt = "128",
     .generate = "32",
     .depth = "0",
     .launches = "6",
     .warmup_seconds = 0.5,
     .matmul_tokens = "1,512",
     .matmul_shapes = 2,
     .matmul_seconds = 0.05,
     .roof_seconds = 0.2},
    {.name = "standard",
     .version = "2026.4",
     .summary = "1B, 3B, 4B and 8B in two formats at a chat's length, and a matrix of each in int8; up to 20 minutes",
     .models = "llama-3.2-1b,llama-3.2-3b,gemma-3-4b,llama-3.1-8b",
     .quants = "q4_0,q8_0",
     .prompt = "512",
     .generate = "64",
     .depth = "0",
     .launches_least = 10,
     .time_budget = "19min",
     .matmul_shapes = 1,
     .matmul_seconds = 0.1,
     .channel_tokens = "1,512",
     .roof_seconds = 1},
    {.name = "full",
     .version = "2026.4",
     .summary = "every described model that fits, in two formats, with an empty and with a filled cache; hours",
     .models = PROFILE_ALL_MODELS,
     .quants = "q4_0,q8_0",
     .prompt = "512",
     .generate = "128",
     .depth = "0,4096",
     .launches_least = 10,
     .matmul_tokens = "1,8,128,512",
     .matmul_shapes = 4,
     .matmul_seconds = 0.2,
     .channel_tokens = "1,8,128,512",
     .roof_seconds = 2},
    {.name = "sustained",
     .version = "2026.1",
     .summary = "ten minutes of decode of a 1B model: does the speed hold?",
     .models = "llama-3.2-1b",
     .quants = "q4_0",
     .prompt = "128",
     .generate = "512",
     .depth = "0",
     .launches = "1",
     .roof_seconds = 1,
     .sustained_seconds = 600},
};

enum { PROFILES = sizeof profiles / sizeof *profiles };

const struct profile *profile_table(size_t *count)
{
    *count = PROFILES;
    return profiles;
}

const struct profile *profile_find(const char *name)
{
    for (size_t i = 0; i < PROFILES; i++)
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    return NULL;
}

const char *profile_suggest(const char *name)
{
    const char *words[PROFILES];

    for (size_t i = 0; i < PROFILES; i++)
        words[i] = profiles[i].name;
    return nearest_word(name, words, PROFILES);
}

struct names {
    char *text; /* with commas between; owned */
    size_t size;
    FILE *stream;
};

static void add_name(const char *name, void *context)
{
    struct names *names = context;

    fprintf(names->stream, "%s%s", ftell(names->stream) ? "," : "", name);
}

static enum status fill_in_all_models(struct options *options, struct error *error)
{
    struct names names = {0};
    enum status status;

    names.stream = open_memstream(&names.text, &names.size);
    if (!names.stream)
        return error_set(error, STATUS_MEMORY, "out of memory for the plan");
    status = model_list(add_name, &names, error);
    if (fclose(names.stream) && !status)
        status = error_set(error, STATUS_MEMORY, "out of memory for the plan");
    if (!status)
        status = options_set_fallback(options, OPTION_MODEL, names.text, error);
    free(names.text);
    return status;
}

enum status profile_fill_in(const struct profile *profile, struct options *options, struct error *error)
{
    bool lengths = !options_given(options, OPTION_SCENARIO), all = strcmp(profile->models, PROFILE_ALL_MODELS) == 0;
    const struct {
        enum option_id id;
        const char *text;
    } fallbacks[] = {{OPTION_MODEL, all ? NULL : profile->models},
                     {OPTION_QUANT, profile->quants},
                     {OPTION_PROMPT, lengths ? profile->prompt : NULL},
                     {OPTION_GENERATE, lengths ? profile->generate : NULL},
                     {OPTION_DEPTH, profile->depth},
                     {OPTION_LAUNCHES, profile->launches},
                     {OPTION_TIME_BUDGET, profile->time_budget}};
    enum status status = STATUS_OK;

    if (all && !options_given(options, OPTION_MODEL))
        status = fill_in_all_models(options, error);
    for (size_t i = 0; i < sizeof fallbacks / sizeof *fallbacks && !status; i++)
        if (fallbacks[i].text)
            status = options_set_fallback(options, fallbacks[i].id, fallbacks[i].text, error);
    return status;
}
