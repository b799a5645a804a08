/* `pocketmark list`: what there is to choose from. Each list is filled as facts, LIST[i].KEY, and shown as a table or as JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "devices/engine.h"
#include "kernels/kernel.h"
#include "reports/glossary.h"
#include "reports/record.h"
#include "reports/table.h"
#include "runner/detect_energy.h"
#include "runner/options.h"
#include "runner/profiles.h"
#include "runner/show.h"
#include "workloads/nearest.h"
#include "workloads/scenario.h"

enum { COLUMNS_MAX = 8, TABLE_WIDTH = 1000 /* no column is left out */ };

struct list_column {
    const char *key, *title;
    bool right;
};

struct list {
    const char *name;
    enum status (*fill)(struct facts *facts, struct error *error);
    struct list_column columns[COLUMNS_MAX]; /* until a key of NULL; facts of other keys are for JSON alone */
    void (*epilogue)(const struct facts *facts);
};

/* "models[3].name": the path of a value. Storage is the caller's. */
static const char *path_of(char path[96], const char *list, size_t row, const char *key)
{
    snprintf(path, 96, "%s[%zu].%s", list, row, key);
    return path;
}

static void tell(struct facts *facts, const char *list, size_t row, const char *key, const char *text)
{
    char path[96];

    facts_text(facts, path_of(path, list, row, key), NULL, text);
}

static void tell_count(struct facts *facts, const char *list, size_t row, const char *key, uint64_t count)
{
    char path[96];

    facts_integer(facts, path_of(path, list, row, key), NULL, (int64_t)count);
}

/* ---- models ------------------------------------------------------------------------------------------------------------- */

struct catalogue {
    struct model *models;
    size_t count;
    enum status status;
    struct error *error;
};

static void take_model(const char *name, void *context)
{
    struct catalogue *catalogue = context;
    struct model *more;

    if (catalogue->status)
        return;
    more = realloc(catalogue->models, (catalogue->count + 1) * sizeof *more);
    if (!more) {
        catalogue->status = error_set(catalogue->error, STATUS_MEMORY, "out of memory for the list of models");
        return;
    }
    catalogue->models = more;
    catalogue->status = model_load(&more[catalogue->count], name, catalogue->error);
    catalogue->count += catalogue->status == STATUS_OK;
}

/* The family is the word that a name begins with: "gemma" of "gemma-3-4b". */
static size_t family_length(const char *name)
{
    return strcspn(name, "-0123456789");
}

static int compare_models(const void *a, const void *b)
{
    const struct model *first = a, *second = b;
    size_t length = family_length(first->name), other = family_length(second->name);
    int order = strncmp(first->name, second->name, length < other ? length : other);
    uint64_t size = model_parameter_count(first), other_size = model_parameter_count(second);

    if (!order)
        order = (length > other) - (length < other);
    if (!order)
        order = (size > other_size) - (size < other_size);
    return order ? order : strcmp(first->name, second->name);
}

/* Bytes in a quantisation; null where the rows of the model are no whole number of its blocks. */
static void tell_bytes(struct facts *facts, size_t row, const char *key, struct model *model, const char *quantisation,
                       const enum dtype *output)
{
    struct error error = {0};
    char path[96];

    path_of(path, "models", row, key);
    if (model_quantise(model, quantisation, output, &error))
        facts_null(facts, path, NULL, error.text);
    else
        facts_integer(facts, path, NULL, (int64_t)model_stored_bytes(model));
}

static void tell_model(struct facts *facts, size_t row, struct model *model)
{
    const enum dtype q6_k = DTYPE_Q6_K;
    char path[96];

    tell(facts, "models", row, "name", model->name);
    tell(facts, "models", row, "architecture", model->architecture_name);
    tell_count(facts, "models", row, "parameter_count", model_parameter_count(model));
    tell_count(facts, "models", row, "layer_count", model->layers);
    tell_count(facts, "models", row, "context_tokens", model->context_tokens);
    tell_bytes(facts, row, "q4_0_bytes", model, "q4_0", &q6_k);
    tell_bytes(facts, row, "q4_k_m_bytes", model, "q4_k_m", NULL);
    tell_bytes(facts, row, "q8_0_bytes", model, "q8_0", NULL);
    facts_boolean(facts, path_of(path, "models", row, "inexact"), NULL, model->inexact);
    facts_text_or_null(facts, path_of(path, "models", row, "license"), NULL, model->license, "not known");
    tell(facts, "models", row, "source", model->source);
}

static enum status fill_models(struct facts *facts, struct error *error)
{
    struct catalogue catalogue = {.error = error};
    enum status status = model_list(take_model, &catalogue, error);

    if (!status)
        status = catalogue.status;
    if (catalogue.count)
        qsort(catalogue.models, catalogue.count, sizeof *catalogue.models, compare_models);
    for (size_t i = 0; i < catalogue.count; i++) {
        tell_model(facts, i, &catalogue.models[i]);
        model_free(&catalogue.models[i]);
    }
    free(catalogue.models);
    return status;
}

static void print_sources(const struct facts *facts, const char *list, const char *heading)
{
    const struct fact *name, *source;
    char path[96];

    printf("\n%s\n", heading);
    for (size_t i = 0; (name = facts_find(facts, path_of(path, list, i, "name"))); i++) {
        source = facts_find(facts, path_of(path, list, i, "source"));
        printf("  %-18s  %s\n", name->text, source ? source->text : "");
    }
}

static void end_models(const struct facts *facts)
{
    printf("\n  q4_0: with the output matrix in q6_k. ~: parts of the shape are unconfirmed; its source says which.\n");
    print_sources(facts, "models", "Sources of the shapes");
}

static void end_scenarios(const struct facts *facts)
{
    print_sources(facts, "scenarios", "Sources of the lengths");
}

/* ---- the others ----------------------------------------------------------------------------------------------------------- */

static enum status fill_profiles(struct facts *facts, struct error *error)
{
    size_t count;
    const struct profile *profiles = profile_table(&count);

    (void)error;
    for (size_t i = 0; i < count; i++) {
        tell(facts, "profiles", i, "name", profiles[i].name);
        tell(facts, "profiles", i, "version", profiles[i].version);
        tell(facts, "profiles", i, "models", profiles[i].models);
        tell(facts, "profiles", i, "summary", profiles[i].summary);
    }
    return STATUS_OK;
}

struct scenarios {
    struct facts *facts;
    size_t count;
    enum status status;
    struct error *error;
};

static void take_scenario(const char *name, void *context)
{
    struct scenarios *scenarios = context;
    struct scenario scenario;

    if (!scenarios->status)
        scenarios->status = scenario_load(&scenario, name, scenarios->error);
    if (scenarios->status)
        return;
    tell(scenarios->facts, "scenarios", scenarios->count, "name", scenario.name);
    tell_count(scenarios->facts, "scenarios", scenarios->count, "prompt_tokens", scenario.prompt_tokens);
    tell_count(scenarios->facts, "scenarios", scenarios->count, "generated_tokens", scenario.generated_tokens);
    tell(scenarios->facts, "scenarios", scenarios->count, "summary", scenario.summary);
    tell(scenarios->facts, "scenarios", scenarios->count++, "source", scenario.source);
}

static enum status fill_scenarios(struct facts *facts, struct error *error)
{
    struct scenarios scenarios = {.facts = facts, .error = error};
    enum status status = scenario_list(take_scenario, &scenarios, error);

    return status ? status : scenarios.status;
}

static enum status fill_engines(struct facts *facts, struct error *error)
{
    (void)error;
    for (size_t i = 0; engines[i]; i++) {
        tell(facts, "engines", i, "name", engines[i]->name);
        tell(facts, "engines", i, "summary", engines[i]->summary);
    }
    return STATUS_OK;
}

static enum status fill_kernels(struct facts *facts, struct error *error)
{
    size_t count;
    const struct kernel *kernels = kernel_table(&count);

    (void)error;
    for (size_t i = 0; i < count; i++) {
        tell(facts, "kernels", i, "name", kernels[i].name);
        tell(facts, "kernels", i, "operation", op_name(kernels[i].op));
        tell(facts, "kernels", i, "type", kernels[i].type == DTYPE_COUNT ? "-" : dtype_info(kernels[i].type)->name);
        tell(facts, "kernels", i, "isa", isa_name(kernels[i].isa));
    }
    return STATUS_OK;
}

static enum status fill_energy(struct facts *facts, struct error *error)
{
    (void)error;
    detect_energy(facts, "energy", NULL);
    return STATUS_OK;
}

/* What each source offers, or why it offers nothing. */
static void end_energy(const struct facts *facts)
{
    const struct fact *name, *offers;
    char path[96];

    printf("\nOffers\n");
    for (size_t i = 0; (name = facts_find(facts, path_of(path, "energy", i, "name"))); i++) {
        offers = facts_find(facts, path_of(path, "energy", i, "offers"));
        if (!offers)
            offers = facts_find(facts, path_of(path, "energy", i, "reason"));
        printf("  %-8s  %s\n", name->text, offers->text);
    }
    printf(
        "\n  The first that covers the processor gives the figures; figures of different scope are never compared.\n");
}

static enum status fill_metrics(struct facts *facts, struct error *error)
{
    static const char *const betters[] = {"higher", "lower", "neither"};
    static const char *const kinds[] = {"measured", "derived", "estimated"};
    char path[96];

    (void)error;
    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct field_info *info = field_info((enum field)i);
        tell(facts, "metrics", (size_t)i, "name", info->name);
        tell(facts, "metrics", (size_t)i, "kind", kinds[info->kind]);
        tell(facts, "metrics", (size_t)i, "better", betters[info->better]);
        facts_number(facts, path_of(path, "metrics", (size_t)i, "delta_ratio"), NULL, info->delta_ratio);
        tell(facts, "metrics", (size_t)i, "meaning", info->meaning);
    }
    return STATUS_OK;
}

static enum status fill_words(struct facts *facts, struct error *error)
{
    (void)error;
    for (size_t i = 0; i < glossary_count; i++) {
        tell(facts, "words", i, "name", glossary[i].term);
        tell(facts, "words", i, "meaning", glossary[i].meaning);
    }
    return STATUS_OK;
}

static const struct list lists[] = {
    {"models",
     fill_models,
     {{"name", "model", false},
      {"architecture", "architecture", false},
      {"parameter_count", "parameters", true},
      {"q4_0_bytes", "q4_0", true},
      {"q4_k_m_bytes", "q4_k_m", true},
      {"q8_0_bytes", "q8_0", true},
      {"context_tokens", "context", true}},
     end_models},
    {"profiles", fill_profiles, {{"name", "profile", false}, {"summary", "", false}}, NULL},
    {"scenarios",
     fill_scenarios,
     {{"name", "scenario", false},
      {"prompt_tokens", "prompt", true},
      {"generated_tokens", "generated", true},
      {"summary", "", false}},
     end_scenarios},
    {"engines", fill_engines, {{"name", "engine", false}, {"summary", "", false}}, NULL},
    {"kernels",
     fill_kernels,
     {{"name", "kernel", false}, {"operation", "operation", false}, {"type", "type", false}, {"isa", "isa", false}},
     NULL},
    {"energy",
     fill_energy,
     {{"name", "source", false}, {"scope", "scope", false}, {"state", "state", false}, {"summary", "", false}},
     end_energy},
    {"metrics",
     fill_metrics,
     {{"name", "metric", false},
      {"kind", "kind", false},
      {"better", "better", false},
      {"delta_ratio", "matters from", true},
      {"meaning", "", false}},
     NULL},
    {"words", fill_words, {{"name", "word", false}, {"meaning", "", false}}, NULL},
};

enum { LISTS = sizeof lists / sizeof *lists };

/* Parameters in billions, with a mark where the shape is not sure; all else as its unit has it. */
static void show_cell(const struct facts *facts, const struct list *list, size_t row, const char *key, char *out,
                      size_t size)
{
    char path[96];
    const struct fact *fact = facts_find(facts, path_of(path, list->name, row, key));
    const struct fact *inexact = facts_find(facts, path_of(path, list->name, row, "inexact"));

    if (!fact || fact->type == FACT_NULL)
        snprintf(out, size, "–");
    else if (strcmp(key, "parameter_count") == 0)
        snprintf(out, size, "%s%.2f B", inexact && inexact->boolean ? "~" : "", (double)fact->integer * 1e-9);
    else
        show_value(fact, out, size);
}

static enum status print_list(const struct list *list, const struct facts *facts, struct error *error)
{
    const struct writer_style style = {.utf8 = true, .width = TABLE_WIDTH};
    struct table_column columns[COLUMNS_MAX];
    struct table table;
    size_t count = 0;
    char path[96], text[640];
    enum status status = STATUS_OK;

    for (; count < COLUMNS_MAX && list->columns[count].key; count++)
        columns[count] = (struct table_column){list->columns[count].title, "", list->columns[count].right, false, 0};
    table_open(&table, columns, count, &style);
    for (size_t row = 0; facts_find(facts, path_of(path, list->name, row, "name")); row++)
        for (size_t i = 0; i < count; i++) {
            show_cell(facts, list, row, list->columns[i].key, text, sizeof text);
            table_add(&table, text, NAN);
        }
    if (!table_print(&table, stdout))
        status = error_set(error, STATUS_MEMORY, "out of memory for the list of %s", list->name);
    table_close(&table);
    if (!status && list->epilogue)
        list->epilogue(facts);
    return status;
}

int command_list(const struct invocation *invocation, struct error *error)
{
    const char *asked = invocation->options->arguments[0], *words[LISTS], *nearest;
    struct facts facts = {0};
    size_t found = 0;
    enum status status;

    for (size_t i = 0; i < LISTS; i++)
        words[i] = lists[i].name;
    while (found < LISTS && strcmp(lists[found].name, asked) != 0)
        found++;
    if (found == LISTS) {
        nearest = nearest_word(asked, words, LISTS);
        return exit_code_of(error_set(error, STATUS_MISUSE, "there is no list '%s'%s%s%s", asked,
                                      nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : ""));
    }
    status = lists[found].fill(&facts, error);
    if (!status && facts.failed)
        status = error_set(error, STATUS_MEMORY, "out of memory for the list of %s", asked);
    if (!status)
        status = options_flag(invocation->options, OPTION_JSON) ? show_json(&facts, stdout, error)
                                                                : print_list(&lists[found], &facts, error);
    facts_free(&facts);
    return exit_code_of(status);
}
