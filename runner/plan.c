#include "runner/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runner/plan_name.h"
#include "workloads/scenario.h"

enum { CASES_MAX = 10000, SHAPES_MAX = 32, LAUNCHES_MOST = 30 };

/* The options that multiply out for one subject, outermost first. */
static const enum option_id axes[] = {OPTION_ENGINE,   OPTION_THREADS, OPTION_KV_TYPE,  OPTION_DEPTH,
                                      OPTION_SCENARIO, OPTION_PROMPT,  OPTION_GENERATE, OPTION_CONTEXT};
enum { AXES = sizeof axes / sizeof *axes };

/* One value per option of `axes`: an index into its values. */
struct choice {
    size_t at[AXES];
};

static size_t chosen_index(const struct choice *choice, enum option_id id)
{
    size_t axis = 0;

    while (axes[axis] != id)
        axis++;
    return choice->at[axis];
}

static double chosen(const struct options *options, const struct choice *choice, enum option_id id, double otherwise)
{
    return options_count(options, id) ? options_number(options, id, chosen_index(choice, id)) : otherwise;
}

/* NULL where there is no value. */
static const char *chosen_text(const struct options *options, const struct choice *choice, enum option_id id)
{
    return options_count(options, id) ? options_text(options, id, chosen_index(choice, id)) : NULL;
}

/* Moves to the next combination, the last axis fastest; false after the last one. */
static bool choice_advance(struct choice *choice, const struct options *options)
{
    for (size_t i = AXES; i-- > 0;) {
        if (++choice->at[i] < options_count(options, axes[i]))
            return true;
        choice->at[i] = 0;
    }
    return false;
}

static enum status plan_add(struct plan *plan, const struct plan_case *item, const struct options *options,
                            struct error *error)
{
    if (plan->case_count == CASES_MAX)
        return error_set(error, STATUS_MISUSE, "that makes more than %d cases; give shorter lists", CASES_MAX);
    if (plan->case_count == plan->case_capacity) {
        size_t capacity = plan->case_capacity ? 2 * plan->case_capacity : 16;
        struct plan_case *more = realloc(plan->cases, capacity * sizeof *more);
        if (!more)
            return error_set(error, STATUS_MEMORY, "out of memory for %zu cases", capacity);
        plan->cases = more;
        plan->case_capacity = capacity;
    }
    plan->cases[plan->case_count] = *item;
    plan_name_case(&plan->cases[plan->case_count], options_count(options, OPTION_ENGINE) > 1);
    plan_make_unique(plan, &plan->cases[plan->case_count]);
    plan->case_count++;
    return STATUS_OK;
}

/* What the model or the engine rules out is a skipped row, not an error: other cases of the same lists may do. */
static void find_obstacles(struct plan_case *item)
{
    const struct engine_ops *engine = item->engine;
    const struct model *model = &item->subject->model;
    size_t needed = item->depth_tokens + item->prompt_tokens + item->generated_tokens;

    if (item->kind == CASE_MATMUL) {
        if (!engine->matmul_prepare || !engine->matmul_run)
            snprintf(item->skip, sizeof item->skip, "engine %s cannot multiply single matrices", engine->name);
    } else if (needed > model->context_tokens)
        snprintf(item->skip, sizeof item->skip,
                 "needs %zu tokens of context, but %s was made for %zu; lower -d, -p or -n", needed, model->name,
                 model->context_tokens);
    else if (item->depth_tokens && !engine->prime)
        snprintf(item->skip, sizeof item->skip, "engine %s cannot start from a filled cache; leave out -d",
                 engine->name);
    else if (!engine->load || (item->prompt_tokens && !engine->prefill) || (item->generated_tokens && !engine->decode))
        snprintf(item->skip, sizeof item->skip, "engine %s cannot run whole models", engine->name);
}

/* A scenario's word, or the numbers. */
static enum status choose_lengths(struct plan_case *item, const struct options *options, const struct choice *choice,
                                  struct error *error)
{
    const char *name = chosen_text(options, choice, OPTION_SCENARIO);
    struct scenario scenario;
    enum status status;

    if (!name) {
        item->prompt_tokens = (size_t)chosen(options, choice, OPTION_PROMPT, 0);
        item->generated_tokens = (size_t)chosen(options, choice, OPTION_GENERATE, 0);
        return STATUS_OK;
    }
    status = scenario_load(&scenario, name, error);
    if (status)
        return status;
    item->prompt_tokens = scenario.prompt_tokens;
    item->generated_tokens = scenario.generated_tokens;
    snprintf(item->scenario, sizeof item->scenario, "%s", scenario.name);
    return STATUS_OK;
}

static enum status add_language_case(struct plan *plan, const struct plan_case *pattern, const struct options *options,
                                     const struct choice *choice, struct error *error)
{
    struct plan_case item = *pattern;
    size_t needed;
    enum status status;

    status = choose_lengths(&item, options, choice, error);
    if (status)
        return status;
    item.depth_tokens = (size_t)chosen(options, choice, OPTION_DEPTH, 0);
    needed = item.depth_tokens + item.prompt_tokens + item.generated_tokens;
    item.context_tokens = (size_t)chosen(options, choice, OPTION_CONTEXT, (double)needed);
    if (!item.prompt_tokens && !item.generated_tokens)
        return error_set(error, STATUS_MISUSE, "-p 0 with -n 0 leaves nothing to measure; give one of them");
    if (item.kind == CASE_SUSTAINED && !item.generated_tokens)
        return error_set(error, STATUS_MISUSE, "-n 0: profile sustained is about decode; give at least one token");
    if (item.context_tokens < needed)
        return error_set(error, STATUS_MISUSE,
                         "--context %zu is too small: depth %zu + prompt %zu + generate %zu need %zu; leave it out",
                         item.context_tokens, item.depth_tokens, item.prompt_tokens, item.generated_tokens, needed);
    find_obstacles(&item);
    return plan_add(plan, &item, options, error);
}

/* One matmul case for each number of the list `tokens`. */
static enum status add_products(struct plan *plan, const struct plan_case *pattern, const struct tensor *shape,
                                enum dtype type, const char *tokens, const struct options *options, struct error *error)
{
    enum status status = STATUS_OK;

    while (tokens && *tokens && !status) {
        struct plan_case item = *pattern;
        char *end;
        item.kind = CASE_MATMUL;
        item.tensor = *shape;
        item.tensor.type = type;
        item.prompt_tokens = strtoul(tokens, &end, 10);
        find_obstacles(&item);
        status = plan_add(plan, &item, options, error);
        tokens = end + (*end == ',');
    }
    return status;
}

/* True for the first subject of a model; others are the same model in other types. */
static bool is_first_of_model(const struct plan *plan, const struct subject *subject)
{
    for (size_t i = 0; plan->subjects[i] != subject; i++)
        if (strcmp(plan->subjects[i]->request, subject->request) == 0)
            return false;
    return true;
}

/* Matmul cases of the first shapes that differ in size, in the model's types and in the profile's further one. */
static enum status add_matmul_cases(struct plan *plan, const struct plan_case *pattern, const struct options *options,
                                    const struct profile *profile, struct error *error)
{
    const char *channel_tokens = is_first_of_model(plan, pattern->subject) ? profile->channel_tokens : NULL;
    const struct tensor *shapes[SHAPES_MAX];
    size_t count = matmul_shapes(&pattern->subject->model, shapes, SHAPES_MAX), taken = 0, elements = 0;
    enum status status = STATUS_OK;

    count = count < SHAPES_MAX ? count : SHAPES_MAX;
    for (size_t i = 0; i < count && taken < profile->matmul_shapes && !status; i++) {
        if (shapes[i]->rows * shapes[i]->columns == elements)
            continue;
        elements = shapes[i]->rows * shapes[i]->columns;
        taken++;
        status = add_products(plan, pattern, shapes[i], shapes[i]->type, profile->matmul_tokens, options, error);
        if (!status && shapes[i]->columns % dtype_info(DTYPE_INT8)->block_elements == 0)
            status = add_products(plan, pattern, shapes[i], DTYPE_INT8, channel_tokens, options, error);
    }
    return status;
}

static bool choice_first_of_lengths(const struct choice *choice)
{
    for (size_t i = 0; i < AXES; i++)
        if (axes[i] != OPTION_ENGINE && axes[i] != OPTION_THREADS && choice->at[i])
            return false;
    return true;
}

/* A number of launches is exact; a precision that is asked for goes before the number that a profile has. */
static struct stopping_rule stopping_rule(const struct options *options, const struct profile *profile)
{
    size_t launches = options_size(options, OPTION_LAUNCHES, 0);
    size_t least = profile && profile->launches_least ? profile->launches_least : STOPPING_LAUNCHES_LEAST;
    bool sustained = profile && profile->sustained_seconds > 0;
    bool adaptive = !launches || (!sustained && options_given(options, OPTION_PRECISION) &&
                                  !options_given(options, OPTION_LAUNCHES));

    return (struct stopping_rule){.least = adaptive ? least : launches,
                                  .most = adaptive ? LAUNCHES_MOST : launches,
                                  .precision_ratio = options_number(options, OPTION_PRECISION, 0) / 100};
}

static double seconds_or(const struct options *options, enum option_id id, double otherwise)
{
    return options_count(options, id) ? options_number(options, id, 0) : otherwise;
}

static enum status add_subject_cases(struct plan *plan, const struct subject *subject, const struct options *options,
                                     const struct profile *profile, struct error *error)
{
    struct choice choice = {0};
    enum status status = STATUS_OK;
    bool sustained = profile && profile->sustained_seconds > 0;

    do {
        struct plan_case pattern = {
            .kind = sustained ? CASE_SUSTAINED : CASE_LLM,
            .subject = subject,
            .engine = engine_find(chosen_text(options, &choice, OPTION_ENGINE)),
            .threads = (size_t)chosen(options, &choice, OPTION_THREADS, 0),
            .choice = options_choice(options, chosen_index(&choice, OPTION_THREADS)),
            .kv_type = DTYPE_F16,
            .no_repack = options_flag(options, OPTION_NO_REPACK),
            .rule = stopping_rule(options, profile),
            .repetitions = options_size(options, OPTION_REPETITIONS, 0),
            .work_seconds = sustained ? seconds_or(options, OPTION_DURATION, profile->sustained_seconds) : 0.5,
            .warmup_seconds = profile && profile->warmup_seconds > 0 ? profile->warmup_seconds : 2,
            .sample_hertz = options_size(options, OPTION_SAMPLE_HERTZ, 0),
            .energy_seconds = options_number(options, OPTION_ENERGY_SECONDS, 0),
        };
        dtype_from_name(chosen_text(options, &choice, OPTION_KV_TYPE), &pattern.kv_type);
        status = add_language_case(plan, &pattern, options, &choice, error);
        pattern.work_seconds = profile ? profile->matmul_seconds : 0;
        if (!status && profile && profile->matmul_shapes && choice_first_of_lengths(&choice))
            status = add_matmul_cases(plan, &pattern, options, profile, error);
    } while (!status && choice_advance(&choice, options));
    return status;
}

static enum status add_subject(struct plan *plan, const char *request, const char *quant, const char *output,
                               struct error *error)
{
    struct subject **more = realloc(plan->subjects, (plan->subject_count + 1) * sizeof *more);
    struct subject *subject = calloc(1, sizeof *subject);
    enum status status;

    if (more)
        plan->subjects = more;
    if (!more || !subject) {
        free(subject);
        return error_set(error, STATUS_MEMORY, "out of memory for the plan");
    }
    status = subject_open(subject, request, quant, output, plan->seed, error);
    if (status)
        free(subject);
    else
        plan->subjects[plan->subject_count++] = subject;
    return status;
}

/* Opens every distinct model × type × output type. */
static enum status add_subjects(struct plan *plan, const struct options *options, struct error *error)
{
    size_t outputs = options_count(options, OPTION_OUTPUT_TYPE);
    enum status status = STATUS_OK;

    for (size_t m = 0; m < options_count(options, OPTION_MODEL) && !status; m++) {
        const char *request = options_text(options, OPTION_MODEL, m);
        bool file = subject_is_file(request);

        if (file && (options_given(options, OPTION_QUANT) || outputs))
            return error_set(error, STATUS_MISUSE, "%s: a file has types of its own; leave out --%s", request,
                             outputs ? "output-tensor-type" : "quant");
        status = subject_check_repack(request, options_flag(options, OPTION_NO_REPACK), error);
        for (size_t q = 0; q < (file ? 1 : options_count(options, OPTION_QUANT)) && !status; q++)
            for (size_t o = 0; o < (outputs ? outputs : 1) && !status; o++)
                status = add_subject(plan, request, file ? NULL : options_text(options, OPTION_QUANT, q),
                                     outputs ? options_text(options, OPTION_OUTPUT_TYPE, o) : NULL, error);
    }
    return status;
}

/* Finds the profile and lets it fill in what the user left open. */
static enum status apply_profile(struct plan *plan, struct options *options, const struct profile **found,
                                 struct error *error)
{
    static const enum option_id replaced[] = {OPTION_MODEL,     OPTION_QUANT,       OPTION_OUTPUT_TYPE, OPTION_PROMPT,
                                              OPTION_GENERATE,  OPTION_SCENARIO,    OPTION_DEPTH,       OPTION_CONTEXT,
                                              OPTION_ENGINE,    OPTION_THREADS,     OPTION_KV_TYPE,     OPTION_LAUNCHES,
                                              OPTION_PRECISION, OPTION_REPETITIONS, OPTION_TIME_BUDGET, OPTION_SEED,
                                              OPTION_CELLS,     OPTION_NO_REPACK,   OPTION_DURATION};
    const char *name = options->argument_count                ? options->arguments[0]
                       : options_given(options, OPTION_MODEL) ? NULL
                                                              : "quick";
    const struct profile *profile = name ? profile_find(name) : NULL;

    *found = profile;
    if (name && !profile) {
        const char *suggestion = profile_suggest(name);
        if (subject_is_file(name))
            return error_set(error, STATUS_MISUSE, "there is no profile '%s'; a model file is given with -m", name);
        return error_set(error, STATUS_MISUSE,
                         "there is no profile '%s'%s%s%s (see 'pocketmark list profiles'; models: -m)", name,
                         suggestion ? "; did you mean '" : "", suggestion ? suggestion : "", suggestion ? "'?" : "");
    }
    if (options_given(options, OPTION_DURATION) && !(profile && profile->sustained_seconds > 0))
        return error_set(error, STATUS_MISUSE,
                         "--duration is for profile sustained; elsewhere --repetitions says how much is measured");
    snprintf(plan->name, sizeof plan->name, "%s", profile ? profile->name : "custom");
    snprintf(plan->version, sizeof plan->version, "%s", profile ? profile->version : "1");
    plan->roof_seconds = profile ? profile->roof_seconds : 1;
    plan->standard = profile != NULL;
    for (size_t i = 0; i < sizeof replaced / sizeof *replaced; i++)
        plan->standard &= !options_given(options, replaced[i]);
    return profile ? profile_fill_in(profile, options, error) : STATUS_OK;
}

/* The hash covers what was asked for, not what a machine makes of it, nor how often it was done. */
static enum status hash_definition(struct plan *plan, struct error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return error_set(error, STATUS_MEMORY, "out of memory for the plan");
    fprintf(stream, "seed=%llu\n", (unsigned long long)plan->seed);
    for (size_t i = 0; i < plan->case_count; i++) {
        const struct plan_case *item = &plan->cases[i];
        fprintf(stream, "%s repetitions=%zu context=%zu", item->id, item->repetitions, item->context_tokens);
        if (item->kind == CASE_SUSTAINED)
            fprintf(stream, " seconds=%g", item->work_seconds);
        fputc('\n', stream);
    }
    if (fclose(stream) == 0)
        digest_bytes(text, size, plan->definition);
    free(text);
    return STATUS_OK;
}

static enum status check_scenarios(const struct options *options, struct error *error)
{
    static const enum option_id replaced[] = {OPTION_PROMPT, OPTION_GENERATE};

    for (size_t i = 0; i < 2 && options_given(options, OPTION_SCENARIO); i++)
        if (options_given(options, replaced[i]))
            return error_set(error, STATUS_MISUSE, "--scenario %s says how long prompt and answer are; leave out --%s",
                             options_text(options, OPTION_SCENARIO, 0), options_name(replaced[i]));
    return STATUS_OK;
}

static enum status check_launches(const struct options *options, struct error *error)
{
    if (options_given(options, OPTION_LAUNCHES) && options_given(options, OPTION_PRECISION))
        return error_set(error, STATUS_MISUSE,
                         "--launches %s is an exact number, --precision %s leaves it open; give one of them",
                         options_text(options, OPTION_LAUNCHES, 0), options_text(options, OPTION_PRECISION, 0));
    return STATUS_OK;
}

/* The roofs are measured with the most threads that a case has: of a roof of fewer, a case could reach more than all. */
static enum status choose_threads(struct plan *plan, const struct options *options, const struct host *host,
                                  struct error *error)
{
    unsigned cpus[HOST_CPUS_MAX];
    size_t count, most = 0;
    enum status status = STATUS_OK;

    plan->threads = options_size(options, OPTION_THREADS, 0);
    plan->choice = options_choice(options, 0);
    for (size_t i = 0; i < options_count(options, OPTION_THREADS) && host->cpu_count && !status; i++) {
        size_t threads = (size_t)options_number(options, OPTION_THREADS, i);
        status = host_choose_cpus(host, threads, options_choice(options, i), cpus, &count, error);
        if (!status && count > most) {
            most = count;
            plan->threads = threads;
            plan->choice = options_choice(options, i);
        }
    }
    return status;
}

enum status plan_build(struct plan *plan, struct options *options, const struct host *host, struct error *error)
{
    const struct profile *profile = NULL;
    enum status status;

    *plan = (struct plan){0};
    status = check_scenarios(options, error);
    if (!status)
        status = check_launches(options, error);
    if (!status)
        status = apply_profile(plan, options, &profile, error);
    if (!status)
        status = choose_threads(plan, options, host, error);
    if (status)
        return status;
    plan->seed = (uint64_t)options_number(options, OPTION_SEED, 0);
    plan->no_tune = options_flag(options, OPTION_NO_TUNE);
    plan->time_budget_seconds =
        options_count(options, OPTION_TIME_BUDGET) ? options_number(options, OPTION_TIME_BUDGET, 0) : INFINITY;
    /* a budget is for the cases: the roofs, about ten probes, get a tenth of it at most */
    plan->roof_seconds = fmin(plan->roof_seconds, plan->time_budget_seconds / 100);
    if (options_given(options, OPTION_PROBE_SECONDS))
        plan->roof_seconds = options_number(options, OPTION_PROBE_SECONDS, 0);
    plan->hash_model = options_given(options, OPTION_HASH_MODEL);
    plan->root = options_count(options, OPTION_ROOT) ? options_text(options, OPTION_ROOT, 0) : NULL;
    plan->meter = options_count(options, OPTION_METER) ? options_text(options, OPTION_METER, 0) : NULL;
    status = add_subjects(plan, options, error);
    for (size_t i = 0; i < plan->subject_count && !status; i++)
        status = add_subject_cases(plan, plan->subjects[i], options, profile, error);
    if (!status)
        status = plan_keep(plan, options, error);
    return status ? status : hash_definition(plan, error);
}

struct engine_options plan_engine_options(const struct plan_case *item, isa_set isa)
{
    return (struct engine_options){.threads = item->threads,
                                   .choice = item->choice,
                                   .context_tokens = item->context_tokens,
                                   .kv_type = item->kv_type,
                                   .no_repack = item->no_repack,
                                   .isa = isa};
}

size_t plan_gate_context(const struct plan_case *item)
{
    const struct rope *rope = &item->subject->model.rope;

    return rope->scaling == ROPE_LONGROPE && item->context_tokens > rope->original_context_tokens
               ? rope->original_context_tokens + 1
               : 0;
}

double plan_kv_element_bytes(const struct plan_case *item)
{
    const struct dtype_info *info = dtype_info(item->kv_type);

    return (double)info->block_bytes / (double)info->block_elements;
}

void plan_close(struct plan *plan)
{
    for (size_t i = 0; i < plan->subject_count; i++) {
        subject_close(plan->subjects[i]);
        free(plan->subjects[i]);
    }
    free(plan->subjects);
    free(plan->cases);
    *plan = (struct plan){0};
}
