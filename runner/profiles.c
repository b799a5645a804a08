#include "runner/profiles.h"

#include <string.h>

#include "workloads/nearest.h"

static const struct profile profiles[] = {
    {.name = "quick",
     .version = "2026.1",
     .summary = "a 1B model in two formats and some of its matrices; a minute or so",
     .models = "llama-3.2-1b",
     .quants = "q4_0,q8_0",
     .prompt = "128",
     .generate = "32",
     .depth = "0",
     .launches = "6",
     .matmul_tokens = "1,512",
     .matmul_shapes = 2,
     .matmul_seconds = 0.05,
     .roof_seconds = 0.2},
    {.name = "standard",
     .version = "2026.1",
     .summary = "1B, 3B and 8B in two formats at a chat's length; up to 20 minutes",
     .models = "llama-3.2-1b,llama-3.2-3b,llama-3.1-8b",
     .quants = "q4_0,q8_0",
     .prompt = "512",
     .generate = "64",
     .depth = "0",
     .launches = "6",
     .roof_seconds = 1},
    {.name = "full",
     .version = "2026.1",
     .summary = "every described model that fits, in two formats, with an empty and with a filled cache; hours",
     .models = "llama-3.2-1b,tinyllama-1.1b,llama-3.2-3b,mistral-7b-v0.3,llama-3.1-8b",
     .quants = "q4_0,q8_0",
     .prompt = "512",
     .generate = "128",
     .depth = "0,4096",
     .launches = "10",
     .matmul_tokens = "1,8,128,512",
     .matmul_shapes = 4,
     .matmul_seconds = 0.2,
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
