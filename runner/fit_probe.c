#include "runner/fit_probe.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "devices/clock.h"
#include "reports/labels.h"
#include "runner/child.h"
#include "runner/lines.h"
#include "runner/roofs.h"
#include "runner/spell.h"

#define ROOF_RATIO         0.5 /* of the time of a probe: there are about ten roofs */
#define ROOF_SECONDS_LEAST 0.001
#define ENERGY_SECONDS     1 /* longest work that is added to a probe for a slow source of energy */

struct listening {
    struct outcome *outcome;
    struct progress *progress;
};

static void hear_line(void *context, char *line)
{
    outcome_take(((struct listening *)context)->outcome, line, 0);
}

static void hear_tick(void *context)
{
    progress_tick(((struct listening *)context)->progress);
}

/* STATUS_INTERRUPTED, or what went wrong with it. */
static enum status run_child(const struct fit_machine *machine, const struct child_command *command,
                             double timeout_seconds, struct outcome *outcome, struct error *error)
{
    struct listening listening = {outcome, machine->progress};
    const struct child_hooks hooks = {hear_line, machine->progress->live ? hear_tick : NULL, &listening};
    struct child_end end = {0};
    char ending[120];
    enum status status = child_run(command, timeout_seconds, machine->signal, &hooks, &end, error);

    if (*machine->signal)
        return error_set(error, STATUS_INTERRUPTED, "interrupted");
    if (status)
        return status;
    if (outcome->error.status)
        *error = outcome->error;
    else if (*outcome->skip)
        error_set(error, STATUS_MEMORY, "%s", outcome->skip);
    else if (!outcome->done || end.signal || end.timed_out) {
        child_end_describe(&end, ending, sizeof ending);
        error_set(error, STATUS_FAILED, "%s", ending);
    }
    return error->status;
}

/* Watts of decode are told; those of the prefill follow from its energy and speed. */
static void take_power(struct fit_probes *probes, struct fit_probe *probe, struct outcome *outcome)
{
    static const enum field fields[] = {FIELD_prefill_energy_joules_per_token, FIELD_average_power_watts};
    const struct cell *cell = outcome_cell(outcome);
    const struct figure *decode = &cell->figures[FIELD_average_power_watts];

    probe->watts[PREDICT_DECODE] = outcome->whole[FIELD_average_power_watts];
    probe->watts[PREDICT_PREFILL] =
        outcome->whole[FIELD_prefill_energy_joules_per_token] * probe->tokens_per_second[PREDICT_PREFILL];
    for (int phase = 0; phase < PREDICT_PHASES; phase++)
        probe->watts_error_ratio[phase] = cell->figures[fields[phase]].error_ratio;
    if (*decode->source && !isnan(probe->watts[PREDICT_DECODE])) {
        snprintf(probes->source, sizeof probes->source, "%s", decode->source);
        snprintf(probes->scope, sizeof probes->scope, "%s", decode->scope);
    }
    if (*decode->reason)
        snprintf(probes->energy_reason, sizeof probes->energy_reason, "%s", decode->reason);
}

static void take_speeds(struct fit_probe *probe, struct outcome *outcome)
{
    static const enum field fields[] = {FIELD_prefill_tokens_per_second, FIELD_decode_tokens_per_second};

    for (int phase = 0; phase < PREDICT_PHASES; phase++) {
        double value = NAN;
        if (cell_launch_values(outcome_cell(outcome), fields[phase], &value, 1) == 1)
            probe->tokens_per_second[phase] = value;
    }
}

/* STATUS_INTERRUPTED or STATUS_MEMORY; anything else is the probe's own failure. */
static enum status run_probe(struct fit_probes *probes, struct fit_probe *probe, const struct fit_machine *machine,
                             struct error *error)
{
    struct plan_case item = *probe->item;
    struct child_command command;
    struct outcome outcome;
    struct error failure = {0};
    enum status status = outcome_open(&outcome, error);

    if (status)
        return status;
    item.prompt_tokens = probe->prompt_tokens;
    item.generated_tokens = probe->generated_tokens;
    item.depth_tokens = probe->depth_tokens;
    item.context_tokens = probe->depth_tokens + probe->prompt_tokens + probe->generated_tokens;
    item.work_seconds = machine->probe_seconds;
    item.warmup_seconds = 0;
    item.sample_hertz = 0;
    item.energy_seconds = ENERGY_SECONDS;
    spell_launch(&command, "/proc/self/exe", machine->plan, &item, 1);
    child_command_add(&command, "--layers=%zu", probe->layers);
    if (run_child(machine, &command, spell_timeout_seconds(&item), &outcome, &failure)) {
        snprintf(probe->failure, sizeof probe->failure, "%.*s", (int)sizeof probe->failure - 1, failure.text);
        if (failure.status == STATUS_INTERRUPTED)
            *error = failure;
        else
            progress_say(machine->progress, "a probe failed, %s of %zu layers: %s", item.title, probe->layers,
                         failure.text);
    } else {
        take_speeds(probe, &outcome);
        take_power(probes, probe, &outcome);
    }
    outcome_close(&outcome);
    return error->status;
}

/* As long for each step as those before took; NaN at first. */
static double left_seconds(const struct progress *progress)
{
    double elapsed = clock_seconds(progress->start_ns, clock_now_ns());

    return progress->done ? elapsed / (double)progress->done * (double)(progress->total - progress->done) : (double)NAN;
}

enum status fit_probes_run(struct fit_probes *probes, const struct fit_machine *machine, struct error *error)
{
    size_t good = 0;
    char what[160];

    for (size_t i = 0; i < probes->count; i++) {
        struct fit_probe *probe = &probes->items[i];
        snprintf(what, sizeof what, "probe: %zu layers of %s %s%s", probe->layers, probe->item->subject->model.name,
                 probes->formats[probe->format], probe->depth_tokens ? ", with a filled cache" : "");
        progress_step(machine->progress, what, left_seconds(machine->progress));
        if (run_probe(probes, probe, machine, error))
            return error->status;
        good += !*probe->failure;
    }
    if (good)
        return STATUS_OK;
    return probes->count ? error_set(error, STATUS_FAILED, "no probe came to its end: %s", probes->items[0].failure)
                         : error_set(error, STATUS_MEMORY, "no model can be probed: even two layers do not fit");
}

enum status fit_roofs(struct facts *environment, const struct fit_machine *machine, struct error *error)
{
    struct plan plan = *machine->plan;
    struct child_command command;
    struct outcome outcome;
    struct error failure = {0};
    enum status status = outcome_open(&outcome, error);

    if (status)
        return status;
    plan.subject_count = 0; /* one footprint that only memory holds will do */
    plan.roof_seconds = fmax(ROOF_RATIO * machine->probe_seconds, ROOF_SECONDS_LEAST);
    progress_step(machine->progress, "roofs: what this machine can do at best", NAN);
    spell_roof(&command, "/proc/self/exe", &plan, true);
    if (!run_child(machine, &command, 60 + 60 * machine->probe_seconds, &outcome, &failure))
        roofs_join(environment, &outcome.facts);
    else if (failure.status == STATUS_INTERRUPTED)
        *error = failure;
    else {
        facts_null(environment, "roofs", NULL, failure.text);
        progress_say(machine->progress, "no roofs: %s", failure.text);
    }
    outcome_close(&outcome);
    return error->status;
}

/* ---- what they gave ------------------------------------------------------------------------------------------------------- */

enum status fit_learn(struct predict_costs *costs, const struct fit_probes *probes, struct error *error)
{
    struct predict_probe timed[PREDICT_PROBES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < probes->count; i++)
        for (int phase = 0; phase < PREDICT_PHASES; phase++) {
            const struct fit_probe *probe = &probes->items[i];
            size_t tokens = phase == PREDICT_PREFILL ? probe->prompt_tokens : probe->generated_tokens;
            if (!isnan(probe->tokens_per_second[phase]))
                timed[count++] = (struct predict_probe){.work = probe->works[phase],
                                                        .seconds = (double)tokens / probe->tokens_per_second[phase]};
        }
    return predict_learn(costs, timed, count, probes->format_count, error);
}

double fit_watts(const struct fit_probes *probes, size_t format, enum predict_phase phase, double *error_ratio)
{
    double sum = 0;
    size_t count = 0;

    *error_ratio = NAN;
    for (size_t i = 0; i < probes->count; i++) {
        const struct fit_probe *probe = &probes->items[i];
        if (probe->format != format || isnan(probe->watts[phase]))
            continue;
        sum += probe->watts[phase];
        *error_ratio = fmax(*error_ratio, probe->watts_error_ratio[phase]);
        count++;
    }
    return count ? sum / (double)count : (double)NAN;
}

/* A number of the environment, at a path of up to two names behind "fit.". */
static void tell(struct facts *environment, double number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void tell(struct facts *environment, double number, const char *format, ...)
{
    char path[128] = "fit.", label[LABEL_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(path + 4, sizeof path - 4, format, arguments);
    va_end(arguments);
    if (isnan(number))
        facts_null(environment, path, label_of_path(path, label) ? label : NULL, "too few probes to judge by");
    else
        facts_number(environment, path, label_of_path(path, label) ? label : NULL, number);
}

/* Unknown is left out: what the costs hold is 0 where the probes showed nothing of it. */
static void tell_rate(struct facts *environment, const char *name, double seconds)
{
    if (seconds > 0)
        tell(environment, 1 / seconds, "%s", name);
}

static void tell_probe(struct facts *environment, const struct fit_probes *probes, const struct predict_costs *costs,
                       size_t index)
{
    static const char *const phases[] = {"prefill", "decode"};
    const struct fit_probe *probe = &probes->items[index];
    const struct {
        const char *name;
        size_t value;
    } counts[] = {{"layers_count", probe->layers},
                  {"prompt_tokens", probe->prompt_tokens},
                  {"generated_tokens", probe->generated_tokens},
                  {"depth_tokens", probe->depth_tokens}};
    char path[96];

    snprintf(path, sizeof path, "fit.probes[%zu].model", index);
    facts_text(environment, path, NULL, probe->item->subject->model.name);
    snprintf(path, sizeof path, "fit.probes[%zu].quantization", index);
    facts_text(environment, path, NULL, probes->formats[probe->format]);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        snprintf(path, sizeof path, "fit.probes[%zu].%s", index, counts[i].name);
        facts_integer(environment, path, NULL, (int64_t)counts[i].value);
    }
    for (int phase = 0; phase < PREDICT_PHASES; phase++) {
        size_t tokens = phase == PREDICT_PREFILL ? probe->prompt_tokens : probe->generated_tokens;
        double seconds = predict_seconds(costs, &probe->works[phase]).seconds, speed = probe->tokens_per_second[phase];
        snprintf(path, sizeof path, "fit.probes[%zu].%s_tokens_per_second", index, phases[phase]);
        if (isnan(speed)) {
            facts_null(environment, path, NULL, *probe->failure ? probe->failure : "the probe did not tell it");
            continue;
        }
        facts_number(environment, path, NULL, speed);
        tell(environment, (double)tokens / seconds / speed - 1, "probes[%zu].%s_error_ratio", index, phases[phase]);
    }
}

void fit_tell(struct facts *environment, const struct fit_probes *probes, const struct predict_costs *costs)
{
    char name[64];

    for (size_t format = 0; format < probes->format_count; format++) {
        snprintf(name, sizeof name, "formats.%s.read_bytes_per_second", probes->formats[format]);
        tell_rate(environment, name, costs->seconds[format][AMOUNT_WEIGHTS]);
        snprintf(name, sizeof name, "formats.%s.macs_per_second", probes->formats[format]);
        tell_rate(environment, name, costs->seconds[format][AMOUNT_MACS]);
    }
    tell_rate(environment, "attention_macs_per_second", costs->shared_seconds[AMOUNT_ATTENTION]);
    tell_rate(environment, "cache_bytes_per_second", costs->shared_seconds[AMOUNT_CACHE]);
    tell_rate(environment, "values_per_second", costs->shared_seconds[AMOUNT_VALUES]);
    if (costs->shared_seconds[AMOUNT_LAYERS] > 0)
        tell(environment, costs->shared_seconds[AMOUNT_LAYERS], "layer_seconds");
    tell(environment, costs->residual_ratio[PREDICT_PREFILL], "prefill_residual_ratio");
    tell(environment, costs->residual_ratio[PREDICT_DECODE], "decode_residual_ratio");
    for (size_t i = 0; i < probes->count; i++)
        tell_probe(environment, probes, costs, i);
}
