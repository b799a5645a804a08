#include "runner/room.h"

#include <stdio.h>
#include <string.h>

#include "reports/units.h"

struct room room_predict(const struct engine_ops *engine, const struct model *model,
                         const struct engine_options *options, const struct host *host, uint64_t runtime_bytes)
{
    struct room room = {.known = engine->predict != NULL};

    if (room.known) {
        engine->predict(model, options, host, &room.footprint);
        room.predicted_bytes =
            room.footprint.weights_bytes + room.footprint.kv_cache_bytes + room.footprint.scratch_bytes + runtime_bytes;
    }
    return room;
}

enum status room_check(const struct room *room, const struct memory *memory, struct error *error)
{
    char needed[32], usable[32];

    if (!room->known || room->predicted_bytes <= memory->usable_bytes)
        return STATUS_OK;
    units_format(needed, sizeof needed, "bytes", (double)room->predicted_bytes);
    units_format(usable, sizeof usable, "bytes", (double)memory->usable_bytes);
    return error_set(error, STATUS_MEMORY, "needs %s (%llu bytes), but only %s (%llu bytes) are usable (%s)", needed,
                     (unsigned long long)room->predicted_bytes, usable, (unsigned long long)memory->usable_bytes,
                     memory->binding);
}

struct search {
    const struct engine_ops *engine;
    const struct engine_options *options;
    const struct host *host;
    const struct memory *memory;
    uint64_t runtime_bytes, best_parameters;
    char best[96];
};

static bool would_fit(const struct search *search, const struct model *model, const struct engine_options *options)
{
    struct room room = room_predict(search->engine, model, options, search->host, search->runtime_bytes);
    struct error ignored = {0};

    return room_check(&room, search->memory, &ignored) == STATUS_OK;
}

/* Keeps model × type as the answer where it fits and holds more parameters than the best so far. */
static void consider(struct search *search, struct model *model, enum dtype type)
{
    struct error ignored = {0};
    uint64_t parameters = model_parameter_count(model);

    if (model_set_types(model, type, type, &ignored) || parameters <= search->best_parameters)
        return;
    if (!would_fit(search, model, search->options))
        return;
    search->best_parameters = parameters;
    snprintf(search->best, sizeof search->best, "%s as %s", model->name, dtype_info(type)->name);
}

static void consider_name(const char *name, void *context)
{
    struct model model;
    struct error ignored = {0};

    if (model_load(&model, name, &ignored))
        return;
    consider(context, &model, DTYPE_Q4_0);
    model_free(&model);
}

void room_suggest(const struct engine_ops *engine, const struct model *model, const struct engine_options *options,
                  const struct host *host, const struct memory *memory, uint64_t runtime_bytes, bool file,
                  struct error *error)
{
    static const enum dtype smaller_last[] = {DTYPE_F16, DTYPE_Q8_0, DTYPE_Q4_0};
    struct engine_options packed = *options, as_stored = *options;
    struct search search = {engine, &packed, host, memory, runtime_bytes, 0, ""};
    struct model same;
    struct error ignored = {0};
    size_t used = strlen(error->text);

    packed.no_repack = false; /* described models lie in no file */
    as_stored.no_repack = true;
    if (file && !options->no_repack && would_fit(&search, model, &as_stored)) {
        snprintf(error->text + used, sizeof error->text - used, "; --no-repack would read the weights in the file");
        return;
    }
    if (model_load(&same, model->name, &ignored) == STATUS_OK) {
        for (size_t i = 0; i < sizeof smaller_last / sizeof *smaller_last; i++)
            consider(&search, &same, smaller_last[i]);
        model_free(&same);
    }
    if (!*search.best)
        model_list(consider_name, &search, &ignored);
    if (*search.best)
        snprintf(error->text + used, sizeof error->text - used, "; %s would fit", search.best);
}
