#include "runner/fit_figures.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reports/units.h"
#include "runner/room.h"

enum verdict { VERDICT_FITS, VERDICT_TIGHT, VERDICT_TOO_LARGE, VERDICT_NO_CONTEXT };

static const char *const verdict_words[] = {[VERDICT_FITS] = "fits",
                                            [VERDICT_TIGHT] = "tight",
                                            [VERDICT_TOO_LARGE] = "too large",
                                            [VERDICT_NO_CONTEXT] = "context too short"};

static size_t format_of(const struct plan_case *item, const struct fit_basis *basis)
{
    return fit_format(basis->probes, item->subject->format);
}

struct predicted fit_prefill(const struct plan_case *item, const struct fit_basis *basis, size_t prompt_tokens)
{
    const struct predict_work work =
        predict_prefill(&item->subject->model, format_of(item, basis), prompt_tokens, item->depth_tokens);

    return predict_seconds(basis->costs, &work);
}

struct predicted fit_decode(const struct plan_case *item, const struct fit_basis *basis, size_t prompt_tokens,
                            size_t generated_tokens)
{
    const struct predict_work work = predict_decode(&item->subject->model, format_of(item, basis), generated_tokens,
                                                    item->depth_tokens + prompt_tokens, plan_kv_element_bytes(item));

    return predict_seconds(basis->costs, &work);
}

/* What is refused only because of what runs beside it is tight: a machine with nothing else running would take it. */
static enum verdict judge_room(const struct room *room, const struct memory *memory)
{
    uint64_t bytes = room->predicted_bytes;

    if (bytes <= memory->usable_bytes)
        return VERDICT_FITS;
    return bytes <= memory->total_bytes && bytes <= memory->address_space_bytes && bytes <= memory->cgroup_bytes
               ? VERDICT_TIGHT
               : VERDICT_TOO_LARGE;
}

static struct room room_of(const struct plan_case *item, const struct fit_basis *basis, size_t context_tokens)
{
    struct engine_options options = plan_engine_options(item, basis->machine->isa);

    options.context_tokens = context_tokens;
    return room_predict(item->engine, &item->subject->model, &options, basis->machine->host,
                        basis->machine->runtime_bytes);
}

/* ---- the figures ---------------------------------------------------------------------------------------------------------- */

static void set_range(struct cell *cell, enum field field, double value, double low, double high)
{
    struct figure *figure = &cell->figures[field];

    figure->present = true;
    figure->value = value;
    figure->ci_low = low;
    figure->ci_high = high;
}

static void set_exact(struct cell *cell, enum field field, double value)
{
    set_range(cell, field, value, NAN, NAN);
}

/* The same reason for several figures; the list ends with FIELD_COUNT. */
static void explain_all(struct cell *cell, const enum field *fields, const char *reason)
{
    for (; *fields != FIELD_COUNT; fields++)
        cell_explain(cell, *fields, "%s", reason);
}

static void set_memory(struct cell *cell, const struct room *room, const struct fit_basis *basis)
{
    set_exact(cell, FIELD_weights_bytes, (double)room->footprint.weights_bytes);
    set_exact(cell, FIELD_kv_cache_bytes, (double)room->footprint.kv_cache_bytes);
    set_exact(cell, FIELD_scratch_bytes, (double)room->footprint.scratch_bytes);
    set_exact(cell, FIELD_runtime_bytes, (double)basis->machine->runtime_bytes);
    set_exact(cell, FIELD_predicted_peak_bytes, (double)room->predicted_bytes);
}

static void set_rate(struct cell *cell, enum field field, size_t tokens, struct predicted seconds)
{
    double count = (double)tokens;

    set_range(cell, field, count / seconds.seconds, count / seconds.high, count / seconds.low);
}

static void set_energy(struct cell *cell, const struct plan_case *item, const struct fit_basis *basis,
                       enum predict_phase phase, struct predicted seconds)
{
    enum field field = phase == PREDICT_PREFILL ? FIELD_prefill_energy_joules_per_token : FIELD_energy_joules_per_token;
    double tokens = (double)(phase == PREDICT_PREFILL ? item->prompt_tokens : item->generated_tokens), error_ratio;
    double watts = fit_watts(basis->probes, format_of(item, basis), phase, &error_ratio);
    bool measured = !isnan(watts);
    struct figure *figure = &cell->figures[field];

    if (!measured)
        watts = basis->stated_watts;
    if (isnan(watts)) {
        cell_explain(cell, field, "%s", basis->probes->energy_reason);
        return;
    }
    set_range(cell, field, watts * seconds.seconds / tokens, watts * seconds.low / tokens,
              watts * seconds.high / tokens);
    snprintf(figure->source, sizeof figure->source, "%s", measured ? basis->probes->source : "stated");
    if (measured) {
        snprintf(figure->scope, sizeof figure->scope, "%s", basis->probes->scope);
        figure->error_ratio = error_ratio;
    }
}

static void set_speeds(struct cell *cell, const struct plan_case *item, const struct fit_basis *basis)
{
    static const enum field prefills[] = {FIELD_prefill_tokens_per_second, FIELD_time_to_first_token_seconds,
                                          FIELD_prefill_energy_joules_per_token, FIELD_COUNT};
    static const enum field decodes[] = {FIELD_decode_tokens_per_second, FIELD_energy_joules_per_token, FIELD_COUNT};
    struct predicted prefill = fit_prefill(item, basis, item->prompt_tokens);
    struct predicted decode = fit_decode(item, basis, item->prompt_tokens, item->generated_tokens);

    if (isnan(prefill.seconds))
        explain_all(cell, prefills, "no prefill of this format was probed");
    else {
        set_rate(cell, FIELD_prefill_tokens_per_second, item->prompt_tokens, prefill);
        set_range(cell, FIELD_time_to_first_token_seconds, prefill.seconds, prefill.low, prefill.high);
        set_energy(cell, item, basis, PREDICT_PREFILL, prefill);
    }
    if (isnan(decode.seconds))
        explain_all(cell, decodes, "no decode of this format was probed");
    else {
        set_rate(cell, FIELD_decode_tokens_per_second, item->generated_tokens, decode);
        set_energy(cell, item, basis, PREDICT_DECODE, decode);
    }
}

/* ---- scenarios ------------------------------------------------------------------------------------------------------------ */

enum { PATH_BYTES = 192 };

static const char *observation(char path[PATH_BYTES], const struct scenario *scenario, const char *name)
{
    snprintf(path, PATH_BYTES, "scenarios.%s.%s", scenario->name, name);
    return path;
}

static void observe_range(struct facts *facts, const struct scenario *scenario, const char *name,
                          struct predicted seconds)
{
    char path[PATH_BYTES], full[96];

    if (isnan(seconds.seconds)) {
        facts_null(facts, observation(path, scenario, name), NULL, "this format was not probed");
        return;
    }
    facts_number(facts, observation(path, scenario, name), NULL, seconds.seconds);
    snprintf(full, sizeof full, "%s_low", name);
    facts_number(facts, observation(path, scenario, full), NULL, seconds.low);
    snprintf(full, sizeof full, "%s_high", name);
    facts_number(facts, observation(path, scenario, full), NULL, seconds.high);
}

static void observe_scenario(struct cell *cell, const struct plan_case *item, const struct scenario *scenario,
                             const struct fit_basis *basis)
{
    struct facts *facts = &cell->observations;
    size_t needed = scenario->prompt_tokens + scenario->generated_tokens;
    struct room room = room_of(item, basis, needed > item->context_tokens ? needed : item->context_tokens);
    enum verdict verdict =
        needed > item->subject->model.context_tokens ? VERDICT_NO_CONTEXT : judge_room(&room, basis->machine->memory);
    struct predicted prefill = fit_prefill(item, basis, scenario->prompt_tokens);
    struct predicted decode = fit_decode(item, basis, scenario->prompt_tokens, scenario->generated_tokens);
    char path[PATH_BYTES];

    facts_text(facts, observation(path, scenario, "fit"), NULL, verdict_words[verdict]);
    facts_integer(facts, observation(path, scenario, "prompt_tokens"), NULL, (int64_t)scenario->prompt_tokens);
    facts_integer(facts, observation(path, scenario, "generated_tokens"), NULL, (int64_t)scenario->generated_tokens);
    if (verdict == VERDICT_NO_CONTEXT)
        return;
    facts_integer(facts, observation(path, scenario, "predicted_peak_bytes"), NULL, (int64_t)room.predicted_bytes);
    if (verdict == VERDICT_TOO_LARGE)
        return;
    observe_range(facts, scenario, "time_to_first_token_seconds", prefill);
    observe_range(facts, scenario, "total_seconds", predicted_sum(prefill, decode));
}

void fit_fill(struct cell *prediction, const struct plan_case *item, const struct fit_basis *basis)
{
    static const enum field speeds[] = {FIELD_prefill_tokens_per_second,       FIELD_decode_tokens_per_second,
                                        FIELD_time_to_first_token_seconds,     FIELD_energy_joules_per_token,
                                        FIELD_prefill_energy_joules_per_token, FIELD_COUNT};
    struct room room = room_of(item, basis, item->context_tokens);
    enum verdict verdict = *item->skip ? VERDICT_NO_CONTEXT : judge_room(&room, basis->machine->memory);
    struct error full = {0};

    set_memory(prediction, &room, basis);
    facts_text(&prediction->observations, "fit", NULL, verdict_words[verdict]);
    if (verdict == VERDICT_TOO_LARGE)
        room_check(&room, basis->machine->memory, &full);
    if (verdict == VERDICT_TOO_LARGE || verdict == VERDICT_NO_CONTEXT) {
        prediction->status = CELL_SKIPPED;
        snprintf(prediction->reason, sizeof prediction->reason, "%.*s", (int)sizeof prediction->reason - 1,
                 *item->skip ? item->skip : full.text);
        explain_all(prediction, speeds, "it cannot run");
        return;
    }
    prediction->status = CELL_OK;
    set_speeds(prediction, item, basis);
    for (size_t i = 0; i < basis->scenario_count; i++)
        observe_scenario(prediction, item, &basis->scenarios[i], basis);
}
