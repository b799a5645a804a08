/* Which probes `fit` makes. */
#include <math.h>
#include <string.h>

#include "devices/cpu/tune.h"
#include "runner/fit_probe.h"
#include "runner/room.h"
#include "workloads/cost.h"

#define BEYOND_CACHES 1.25 /* so many times the largest cache: what is read then comes from memory */

enum {
    PROMPT_TOKENS = ENGINE_BATCH_TOKENS,
    GENERATED_TOKENS = 16,
    DEPTH_TOKENS = 2048,
    LAYERS_LEAST = 2,
    LAYERS_STEP = 2, /* between two probes of one model, at least */
};

struct choosing {
    struct fit_probes *probes;
    const struct fit_machine *machine;
    size_t format;
    double cache_bytes;
};

size_t fit_format(const struct fit_probes *probes, const char *name)
{
    size_t i = 0;

    while (i < probes->format_count && strcmp(probes->formats[i], name) != 0)
        i++;
    return i;
}

static enum status find_formats(struct fit_probes *probes, const struct plan *plan, struct error *error)
{
    for (size_t i = 0; i < plan->subject_count; i++) {
        const char *name = plan->subjects[i]->format;
        if (fit_format(probes, name) < probes->format_count)
            continue;
        if (probes->format_count == PREDICT_FORMATS_MAX)
            return error_set(error, STATUS_MISUSE, "--quant: at most %d formats can be probed", PREDICT_FORMATS_MAX);
        snprintf(probes->formats[probes->format_count], sizeof probes->formats[0], "%s", name);
        probes->format_count++;
    }
    return STATUS_OK;
}

static bool has_format(const struct choosing *choosing, const struct plan_case *item)
{
    return strcmp(item->subject->format, choosing->probes->formats[choosing->format]) == 0 && !*item->skip;
}

static bool is_beyond_caches(const struct choosing *choosing, const struct plan_case *item)
{
    return (double)cost_weight_bytes(&item->subject->model) >= BEYOND_CACHES * choosing->cache_bytes;
}

/* Of models as near to `hidden` the one of the fewest parameters; only those strictly between least and most. NULL: none. */
static const struct plan_case *find_width(const struct choosing *choosing, double hidden, double least, double most,
                                          bool beyond)
{
    const struct plan *plan = choosing->machine->plan;
    const struct plan_case *best = NULL;
    double nearest = INFINITY, fewest = INFINITY;

    for (size_t i = 0; i < plan->case_count; i++) {
        const struct plan_case *item = &plan->cases[i];
        const struct model *model = &item->subject->model;
        double distance = fabs(log((double)model->hidden / hidden));
        double parameters = (double)model_parameter_count(model);
        if (!has_format(choosing, item) || (double)model->hidden <= least || (double)model->hidden >= most ||
            (beyond && !is_beyond_caches(choosing, item)))
            continue;
        if (distance > nearest || (distance == nearest && parameters >= fewest))
            continue;
        nearest = distance;
        fewest = parameters;
        best = item;
    }
    return best;
}

/* The model of a probe, to be freed. */
static enum status load_cut(struct model *model, const struct plan_case *item, size_t layers, struct error *error)
{
    enum status status = model_load(model, item->subject->request, error);

    if (!status)
        status = model_cut(model, layers, error);
    return status ? status : model_quantise(model, item->subject->format, NULL, error);
}

/* Adds a probe where there is room for it in memory, and no other like it. */
static enum status add_probe(struct choosing *choosing, const struct plan_case *item, size_t layers, size_t depth,
                             struct error *error)
{
    const struct fit_machine *machine = choosing->machine;
    struct fit_probes *probes = choosing->probes;
    struct fit_probe probe = {.item = item,
                              .format = choosing->format,
                              .layers = layers,
                              .prompt_tokens = PROMPT_TOKENS,
                              .generated_tokens = GENERATED_TOKENS,
                              .depth_tokens = depth,
                              .tokens_per_second = {NAN, NAN},
                              .watts = {NAN, NAN}};
    struct engine_options options = plan_engine_options(item, machine->isa);
    struct model model = {0};
    struct error full = {0};
    struct room room;
    enum status status;

    options.context_tokens = depth + PROMPT_TOKENS + GENERATED_TOKENS;
    if (options.context_tokens > item->subject->model.context_tokens || probes->count == FIT_PROBES_MAX)
        return STATUS_OK;
    for (size_t i = 0; i < probes->count; i++)
        if (probes->items[i].item == item && probes->items[i].layers == layers &&
            probes->items[i].depth_tokens == depth)
            return STATUS_OK;
    status = load_cut(&model, item, layers, error);
    if (!status) {
        room = room_predict(item->engine, &model, &options, machine->host, machine->runtime_bytes);
        probe.works[PREDICT_PREFILL] = predict_prefill(&model, choosing->format, PROMPT_TOKENS, depth);
        probe.works[PREDICT_DECODE] = predict_decode(&model, choosing->format, GENERATED_TOKENS, depth + PROMPT_TOKENS,
                                                     plan_kv_element_bytes(item));
        if (room_check(&room, machine->memory, &full) == STATUS_OK)
            probes->items[probes->count++] = probe;
    }
    model_free(&model);
    return status;
}

/* So many layers that their weights and the output matrix lie beyond the caches, at least two; all where nearly all are needed. */
static size_t least_layers(const struct choosing *choosing, const struct model *model)
{
    const struct tensor *output = model_output(model);
    double output_bytes = (double)cost_matmul_bytes(output->type, output->rows, output->columns);
    double layer_bytes = ((double)cost_weight_bytes(model) - output_bytes) / (double)model->layers;
    double wanted = ceil((BEYOND_CACHES * choosing->cache_bytes - output_bytes) / layer_bytes);
    size_t layers = wanted > LAYERS_LEAST ? (size_t)wanted : LAYERS_LEAST;

    return layers + LAYERS_STEP <= model->layers ? layers : model->layers;
}

/* Some more than the least, for what a layer takes is seen where their number differs; all, where there are no more. */
static size_t more_layers(const struct choosing *choosing, const struct model *model)
{
    size_t layers = least_layers(choosing, model) + LAYERS_STEP;

    return layers < model->layers ? layers : model->layers;
}

/* The narrow model is cheap: half of it is run where that is more. What is cached costs the same in all formats, so that the first
 * one shows it. */
static enum status choose_narrow(struct choosing *choosing, const struct plan_case *item, struct error *error)
{
    const struct model *model = &item->subject->model;
    size_t least = least_layers(choosing, model), half = model->layers / 2;
    enum status status = add_probe(choosing, item, least, 0, error);

    if (!status)
        status = add_probe(choosing, item, half >= least + LAYERS_STEP ? half : more_layers(choosing, model), 0, error);
    return status || choosing->format ? status : add_probe(choosing, item, least, DEPTH_TOKENS, error);
}

static enum status choose_for_format(struct choosing *choosing, struct error *error)
{
    const struct plan_case *narrow = find_width(choosing, 1, 0, INFINITY, true), *middle, *wide;
    enum status status;

    if (!narrow)
        narrow = find_width(choosing, 1, 0, INFINITY, false);
    if (!narrow)
        return STATUS_OK;
    wide = find_width(choosing, 1e9, 0, INFINITY, false);
    middle = find_width(choosing, sqrt((double)narrow->subject->model.hidden * (double)wide->subject->model.hidden),
                        (double)narrow->subject->model.hidden, (double)wide->subject->model.hidden, false);
    status = choose_narrow(choosing, narrow, error);
    if (!status && middle)
        status = add_probe(choosing, middle, more_layers(choosing, &middle->subject->model), 0, error);
    if (!status)
        status = add_probe(choosing, wide, least_layers(choosing, &wide->subject->model), 0, error);
    return status ? status : add_probe(choosing, wide, more_layers(choosing, &wide->subject->model), 0, error);
}

enum status fit_probes_choose(struct fit_probes *probes, const struct fit_machine *machine, struct error *error)
{
    struct choosing choosing = {
        .probes = probes, .machine = machine, .cache_bytes = (double)tune_cache_bytes(machine->host)};
    enum status status;

    *probes = (struct fit_probes){.energy_reason = "no probe told its power"};
    status = find_formats(probes, machine->plan, error);
    for (; choosing.format < probes->format_count && !status; choosing.format++)
        status = choose_for_format(&choosing, error);
    return status;
}
