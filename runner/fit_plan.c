#include "runner/fit_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- models by size ------------------------------------------------------------------------------------------------------- */

struct sized {
    char name[sizeof((struct model *)0)->name];
    uint64_t parameters;
};

struct sizes {
    struct sized *items;
    size_t count;
    enum status status;
    struct error *error;
};

static void add_size(const char *name, void *context)
{
    struct sizes *sizes = context;
    struct sized *items;
    struct model model;

    if (sizes->status || (sizes->status = model_load(&model, name, sizes->error)))
        return;
    items = realloc(sizes->items, (sizes->count + 1) * sizeof *items);
    if (items) {
        sizes->items = items;
        snprintf(items[sizes->count].name, sizeof items->name, "%s", name);
        items[sizes->count++].parameters = model_parameter_count(&model);
    } else
        sizes->status = error_set(sizes->error, STATUS_MEMORY, "no memory for the models");
    model_free(&model);
}

static int compare_sizes(const void *a, const void *b)
{
    const struct sized *x = a, *y = b;
    int order = (x->parameters > y->parameters) - (x->parameters < y->parameters);

    return order ? order : strcmp(x->name, y->name);
}

/* ---- the command line ----------------------------------------------------------------------------------------------------- */

enum { WORDS_MAX = 24 };

struct spelling {
    FILE *text;
    char *words[WORDS_MAX];
    size_t count;
};

static void spell(struct spelling *spelling, const char *word, const char *value)
{
    char *text = NULL;

    if (spelling->count < WORDS_MAX && asprintf(&text, "--%s=%s", word, value) > 0)
        spelling->words[spelling->count++] = text;
}

/* The values of one option as another one takes them. */
static enum status spell_list(struct spelling *spelling, const char *word, const struct options *options,
                              enum option_id id, struct error *error)
{
    char *list = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&list, &size);

    for (size_t i = 0; stream && i < options_count(options, id); i++)
        fprintf(stream, "%s%s", i ? "," : "", options_text(options, id, i));
    if (!stream || fclose(stream) != 0) {
        free(list);
        return error_set(error, STATUS_MEMORY, "out of memory for the command line");
    }
    if (options_count(options, id))
        spell(spelling, word, list);
    free(list);
    return STATUS_OK;
}

/* The models asked for, else all. */
static enum status spell_models(struct spelling *spelling, const struct options *options, struct error *error)
{
    struct sizes sizes = {.error = error};
    char *list = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&list, &size);
    enum status status = stream ? STATUS_OK : error_set(error, STATUS_MEMORY, "out of memory for the models");

    for (size_t i = 0; i < options_count(options, OPTION_FIT_MODEL); i++)
        add_size(options_text(options, OPTION_FIT_MODEL, i), &sizes);
    if (!status && !options_count(options, OPTION_FIT_MODEL))
        status = model_list(add_size, &sizes, error);
    if (!status)
        status = sizes.status;
    if (sizes.count)
        qsort(sizes.items, sizes.count, sizeof *sizes.items, compare_sizes);
    for (size_t i = 0; i < sizes.count && stream; i++)
        fprintf(stream, "%s%s", i ? "," : "", sizes.items[i].name);
    if (stream && fclose(stream) != 0 && !status)
        status = error_set(error, STATUS_MEMORY, "out of memory for the models");
    if (!status && !sizes.count)
        status = error_set(error, STATUS_UNSUPPORTED, "%s holds no model description", model_directory());
    if (!status)
        spell(spelling, "model", list);
    free(list);
    free(sizes.items);
    return status;
}

static enum status check_single(const struct options *options, struct error *error)
{
    static const enum option_id single[] = {OPTION_THREADS, OPTION_KV_TYPE, OPTION_CONTEXT};

    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        if (options_count(options, single[i]) > 1)
            return error_set(error, STATUS_MISUSE, "--%s: one value only here", options_name(single[i]));
    for (size_t i = 0; i < options_count(options, OPTION_FIT_MODEL); i++)
        if (subject_is_file(options_text(options, OPTION_FIT_MODEL, i)))
            return error_set(error, STATUS_MISUSE,
                             "%s: only described models are predicted; 'pocketmark run -m FILE' measures a file",
                             options_text(options, OPTION_FIT_MODEL, i));
    return STATUS_OK;
}

static enum status spell_run(struct spelling *spelling, const struct options *options, struct error *error)
{
    static const struct {
        const char *word;
        enum option_id id;
    } taken[] = {{"quant", OPTION_FIT_QUANT}, {"threads", OPTION_THREADS}, {"kv-type", OPTION_KV_TYPE},
                 {"context", OPTION_CONTEXT}, {"seed", OPTION_SEED},       {"meter", OPTION_METER}};
    char number[24];
    enum status status = spell_models(spelling, options, error);

    snprintf(number, sizeof number, "%d", FIT_PROMPT_TOKENS);
    spell(spelling, "prompt", number);
    snprintf(number, sizeof number, "%d", FIT_GENERATED_TOKENS);
    spell(spelling, "generate", number);
    for (size_t i = 0; i < sizeof taken / sizeof *taken && !status; i++)
        status = spell_list(spelling, taken[i].word, options, taken[i].id, error);
    return status;
}

enum status fit_plan(struct plan *plan, struct options *run, const struct options *options, const struct host *host,
                     struct error *error)
{
    struct spelling spelling = {.count = 0};
    enum status status = check_single(options, error);

    *plan = (struct plan){0};
    *run = (struct options){0};
    if (!status)
        status = spell_run(&spelling, options, error);
    if (!status)
        status = options_parse(run, COMMAND_RUN, (int)spelling.count, spelling.words, error);
    if (!status)
        status = plan_build(plan, run, host, error);
    snprintf(plan->name, sizeof plan->name, "fit");
    for (size_t i = 0; i < spelling.count; i++)
        free(spelling.words[i]);
    return status;
}

/* ---- scenarios ------------------------------------------------------------------------------------------------------------ */

struct loading {
    struct fit_scenarios *scenarios;
    enum status status;
    struct error *error;
};

static void add_scenario(const char *name, void *context)
{
    struct loading *loading = context;
    struct fit_scenarios *scenarios = loading->scenarios;
    struct scenario *items;

    if (loading->status)
        return;
    items = realloc(scenarios->items, (scenarios->count + 1) * sizeof *items);
    if (!items) {
        loading->status = error_set(loading->error, STATUS_MEMORY, "no memory for the scenarios");
        return;
    }
    scenarios->items = items;
    loading->status = scenario_load(&items[scenarios->count], name, loading->error);
    scenarios->count += !loading->status;
}

enum status fit_scenarios(struct fit_scenarios *scenarios, struct error *error)
{
    struct loading loading = {.scenarios = scenarios, .error = error};
    enum status status;

    *scenarios = (struct fit_scenarios){0};
    status = scenario_list(add_scenario, &loading, error);
    return status ? status : loading.status;
}
