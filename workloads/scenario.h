/* Scenarios: how long prompt and answer of a kind of use are, as data. */
#ifndef POCKETMARK_WORKLOADS_SCENARIO_H
#define POCKETMARK_WORKLOADS_SCENARIO_H

#include <stddef.h>

#include "kernels/base.h"

struct scenario {
    char name[32];                          /* "chat" */
    char summary[128];                      /* for people */
    char source[512];                       /* where the lengths come from */
    size_t prompt_tokens, generated_tokens; /* at least 1 each */
};

/* Folder of the scenarios: $POCKETMARK_DATA/scenarios, else beside the installed program, else beside the sources the program
 * was built from. The storage belongs to the calling thread and holds until its next call. */
const char *scenario_directory(void);

/* Reads workloads/scenarios/NAME.json. Strict: unknown, missing, duplicate keys and values out of range are refused by file and
 * key. An unknown NAME is STATUS_MISUSE and suggests the nearest one. */
enum status scenario_load(struct scenario *scenario, const char *name, struct error *error);

/* The same from text in memory; `origin` names it in errors. */
enum status scenario_parse(struct scenario *scenario, const char *text, size_t length, const char *origin,
                           struct error *error);

/* Calls visit(name, context) for each scenario in alphabetical order. STATUS_IO names the folder. */
enum status scenario_list(void (*visit)(const char *name, void *context), void *context, struct error *error);

#endif
