#include "runner/launch_energy.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "devices/clock.h"
#include "devices/energy.h"
#include "runner/lines.h"

/* Figures of a larger error are refused. What is left of the gross when idle is taken away has more. */
#define ERROR_MOST     0.10
#define NET_ERROR_MOST 0.25
/* Windows are made longer than the error asks for: powers are no constants. */
#define MARGIN 1.2
/* Idle power is even, so its window needs fewer updates: 10 of them, or 2 where they are slow. */
#define IDLE_SECONDS_LEAST 0.25
#define IDLE_UPDATES       10
#define IDLE_UPDATES_LEAST 2
#define SETTLE_UPDATES     2
#define SETTLE_SECONDS     0.05
/* Idle that differs by more before and after the work is remarked upon. */
#define DRIFT_NOTABLE 0.05

enum { BEFORE, AFTER, SIDES };

struct sums {
    double joules, seconds;
    size_t windows, tokens;
    char loss[240]; /* why a window was lost, the last one */
};

struct launch_energy {
    struct energy *energy;
    FILE *out;
    double limit_seconds;
    struct energy_mark mark;
    struct sums sums[ENERGY_PHASES][ENERGY_CHANNELS_MAX], idle[SIDES][ENERGY_CHANNELS_MAX];
    char refused[ENERGY_PHASES][240];
    bool wanted[ENERGY_PHASES];
};

/* One figure of one channel; NaN: none, for that reason. */
struct result {
    double value, error_ratio;
    char reason[320];
};

static bool has_source(const struct launch_energy *energy)
{
    return energy->energy && energy_preferred(energy->energy) < energy_count(energy->energy);
}

static void wait_seconds(double seconds)
{
    nanosleep(&(struct timespec){(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)}, NULL);
}

static void add_windows(struct launch_energy *energy, struct sums sums[ENERGY_CHANNELS_MAX], size_t tokens)
{
    struct energy_mark now;

    energy_read(energy->energy, &now);
    for (size_t i = 0; i < energy_count(energy->energy); i++) {
        struct error error = {.text = ""};
        double joules, seconds;
        if (energy_between(energy->energy, i, &energy->mark, &now, &joules, &seconds, &error)) {
            snprintf(sums[i].loss, sizeof sums[i].loss, "%.*s", (int)sizeof sums[i].loss - 1, error.text);
            continue;
        }
        sums[i].joules += joules;
        sums[i].seconds += seconds;
        sums[i].tokens += tokens;
        sums[i].windows++;
    }
}

static double refresh_seconds(struct launch_energy *energy, size_t channel)
{
    return energy_channel(energy->energy, channel).refresh_seconds;
}

/* How often a slow source is refreshed may come to light while we watch. */
static void watch_idle(struct launch_energy *energy, int side)
{
    size_t preferred = energy_preferred(energy->energy);
    uint64_t start_ns;
    double wanted_seconds;

    if (side == AFTER)
        wait_seconds(
            fmin(fmax(SETTLE_SECONDS, SETTLE_UPDATES * refresh_seconds(energy, preferred)), energy->limit_seconds));
    energy_read(energy->energy, &energy->mark);
    start_ns = clock_now_ns();
    do {
        wait_seconds(SETTLE_SECONDS);
        wanted_seconds =
            fmin(fmax(IDLE_SECONDS_LEAST, IDLE_UPDATES * refresh_seconds(energy, preferred)), energy->limit_seconds);
    } while (clock_seconds(start_ns, clock_now_ns()) < wanted_seconds);
    add_windows(energy, energy->idle[side], 0);
}

static void tell_reason(const struct launch_energy *energy, enum energy_phase phase, const char *reason)
{
    static const enum field decode[] = {FIELD_energy_net_joules_per_token, FIELD_energy_joules_per_token,
                                        FIELD_average_power_watts},
                            prefill[] = {FIELD_prefill_energy_net_joules_per_token,
                                         FIELD_prefill_energy_joules_per_token};
    const enum field *fields = phase == ENERGY_DECODE ? decode : prefill;
    size_t count = phase == ENERGY_DECODE ? 3 : 2;

    for (size_t i = 0; i < count; i++)
        lines_null(energy->out, fields[i], reason);
}

struct launch_energy *launch_energy_open(const struct options *options, FILE *out)
{
    struct launch_energy *energy = calloc(1, sizeof *energy);
    bool rooted = options_count(options, OPTION_ROOT), metered = options_count(options, OPTION_METER);
    struct energy_setting setting = {.root = rooted ? options_text(options, OPTION_ROOT, 0) : NULL,
                                     .recorded = rooted,
                                     .meter = metered ? options_text(options, OPTION_METER, 0) : NULL};

    if (!energy)
        return NULL;
    energy->out = out;
    energy->limit_seconds = options_number(options, OPTION_ENERGY_SECONDS, 0);
    energy->wanted[ENERGY_PREFILL] = options_size(options, OPTION_PROMPT, 0) > 0;
    energy->wanted[ENERGY_DECODE] = options_size(options, OPTION_GENERATE, 0) > 0;
    energy->energy = energy_open(&setting);
    for (int phase = 0; phase < ENERGY_PHASES; phase++)
        if (energy->wanted[phase])
            tell_reason(energy, (enum energy_phase)phase,
                        !energy->energy       ? "out of memory for energy sources"
                        : !has_source(energy) ? energy_reason(energy->energy)
                                              : "the launch did not come to its end");
    if (has_source(energy))
        watch_idle(energy, BEFORE);
    return energy;
}

void launch_energy_begin(struct launch_energy *energy)
{
    if (energy->energy)
        energy_read(energy->energy, &energy->mark);
}

void launch_energy_end(struct launch_energy *energy, enum energy_phase phase, size_t tokens)
{
    if (energy->energy && tokens)
        add_windows(energy, energy->sums[phase], tokens);
}

/* ---- long windows --------------------------------------------------------------------------------------------------------- */

static double window_error(const struct energy_channel *channel, const struct sums *sums)
{
    double windows = (double)sums->windows;

    return sums->windows ? energy_error_ratio(channel, sums->joules / windows, sums->seconds / windows) : INFINITY;
}

/* How long a window must be for an error of ERROR_MOST, by the power seen so far. */
static double needed_seconds(const struct energy_channel *channel, const struct sums *sums)
{
    double step_seconds = sums->joules > 0 ? channel->step_joules * sums->seconds / sums->joules : 0;

    return MARGIN * 2 * (channel->refresh_seconds + step_seconds) / (ERROR_MOST - channel->gain_ratio);
}

bool launch_energy_is_short(struct launch_energy *energy, enum energy_phase phase)
{
    struct energy_channel channel;
    const struct sums *sums;
    double needed;

    if (!has_source(energy))
        return false;
    channel = energy_channel(energy->energy, energy_preferred(energy->energy));
    sums = &energy->sums[phase][energy_preferred(energy->energy)];
    if (window_error(&channel, sums) <= ERROR_MOST)
        return false;
    needed = needed_seconds(&channel, sums);
    if (needed <= energy->limit_seconds)
        return true;
    snprintf(energy->refused[phase], sizeof energy->refused[phase],
             "%s (%s) is refreshed every %.3g s: that takes %.3g s of work, and --energy-seconds allows %.3g",
             channel.name, energy_scope_name(channel.scope), channel.refresh_seconds, ceil(needed),
             energy->limit_seconds);
    return false;
}

enum status launch_energy_lengthen(struct launch_energy *energy, enum energy_phase phase, size_t tokens,
                                   enum status (*work)(void *context, struct error *error), void *context,
                                   struct error *error)
{
    size_t preferred = energy_preferred(energy->energy), done = 0;
    const struct sums short_sums = energy->sums[phase][preferred];
    struct energy_channel channel = energy_channel(energy->energy, preferred);
    uint64_t start_ns;
    enum status status = STATUS_OK;

    memset(energy->sums[phase], 0, sizeof energy->sums[phase]);
    energy_read(energy->energy, &energy->mark);
    start_ns = clock_now_ns();
    /* a source that must show its refresh may turn out to be slower than it seemed */
    while (!status && clock_seconds(start_ns, clock_now_ns()) <
                          fmin(needed_seconds(&channel, &short_sums), energy->limit_seconds)) {
        status = work(context, error);
        done += tokens;
        channel = energy_channel(energy->energy, preferred);
    }
    add_windows(energy, energy->sums[phase], done);
    return status;
}

/* ---- figures ---------------------------------------------------------------------------------------------------------------- */

static struct result no_result(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct result no_result(const char *format, ...)
{
    struct result result = {.value = NAN, .error_ratio = NAN};
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(result.reason, sizeof result.reason, format, arguments);
    va_end(arguments);
    return result;
}

/* Joules per token of a phase, idle included. */
static struct result gross_of(struct launch_energy *energy, enum energy_phase phase, size_t index)
{
    const struct energy_channel channel = energy_channel(energy->energy, index);
    const struct sums *sums = &energy->sums[phase][index];
    struct result result = {.error_ratio = window_error(&channel, sums)};

    if (!sums->windows)
        return no_result("%s", *sums->loss ? sums->loss : "no window was measured");
    if (!(sums->joules > 0))
        return no_result("%s (%s) stood still in %.3g s of work", channel.name, energy_scope_name(channel.scope),
                         sums->seconds);
    if (!(result.error_ratio <= ERROR_MOST)) {
        if (*energy->refused[phase] && index == energy_preferred(energy->energy))
            return no_result("%s", energy->refused[phase]);
        return no_result("%.3g s of work are too short for %s (%s), which is refreshed every %.3g s",
                         sums->seconds / (double)sums->windows, channel.name, energy_scope_name(channel.scope),
                         channel.refresh_seconds);
    }
    result.value = sums->joules / (double)sums->tokens;
    return result;
}

/* Watts of the idle machine on one side of the work. */
static struct result idle_of(struct launch_energy *energy, int side, size_t index)
{
    struct energy_channel channel = energy_channel(energy->energy, index);
    const struct sums *sums = &energy->idle[side][index];
    const char *when = side == BEFORE ? "before" : "after";

    channel.gain_ratio = 0; /* the same on both sides and in the work */
    if (!sums->windows)
        return no_result("idle %s the work: %s", when, *sums->loss ? sums->loss : "not measured");
    if (sums->seconds < IDLE_UPDATES_LEAST * channel.refresh_seconds)
        return no_result("idle %s the work: %.3g s are too short for %s", when, sums->seconds, channel.name);
    if (!(sums->joules > 0))
        return no_result("idle %s the work: %s stood still for %.3g s", when, channel.name, sums->seconds);
    return (struct result){.value = sums->joules / sums->seconds,
                           .error_ratio = energy_error_ratio(&channel, sums->joules, sums->seconds) / 2};
}

/* Gross less what the idle machine takes in that time. */
static struct result net_of(struct launch_energy *energy, enum energy_phase phase, size_t index)
{
    const struct sums *sums = &energy->sums[phase][index];
    struct result gross = gross_of(energy, phase, index), before = idle_of(energy, BEFORE, index),
                  after = idle_of(energy, AFTER, index), net = {.value = NAN};
    double idle_joules, idle_error;

    if (isnan(gross.value) || isnan(before.value) || isnan(after.value))
        return isnan(gross.value) ? gross : isnan(before.value) ? before : after;
    idle_joules = (before.value + after.value) / 2 * sums->seconds / (double)sums->tokens;
    idle_error =
        fmax(before.error_ratio, after.error_ratio) + fabs(after.value - before.value) / (after.value + before.value);
    net.value = gross.value - idle_joules;
    net.error_ratio = (gross.error_ratio * gross.value + idle_error * idle_joules) / net.value;
    if (net.value > 0 && net.error_ratio <= NET_ERROR_MOST)
        return net;
    return no_result("the idle machine takes %.3g W of %.3g W: the rest is lost in the error",
                     (before.value + after.value) / 2, sums->joules / sums->seconds);
}

static void tell_figure(struct launch_energy *energy, enum field field, const struct result *result, double scale)
{
    const struct energy_channel channel = energy_channel(energy->energy, energy_preferred(energy->energy));

    lines_source(energy->out, field, channel.name, energy_scope_name(channel.scope), result->error_ratio);
    if (isnan(result->value))
        lines_null(energy->out, field, result->reason);
    else
        lines_whole(energy->out, field, result->value * scale);
}

static void tell_phase(struct launch_energy *energy, enum energy_phase phase)
{
    size_t preferred = energy_preferred(energy->energy);
    const struct sums *sums = &energy->sums[phase][preferred];
    struct result gross = gross_of(energy, phase, preferred), net = net_of(energy, phase, preferred);

    if (phase == ENERGY_PREFILL) {
        tell_figure(energy, FIELD_prefill_energy_joules_per_token, &gross, 1);
        tell_figure(energy, FIELD_prefill_energy_net_joules_per_token, &net, 1);
        return;
    }
    tell_figure(energy, FIELD_energy_joules_per_token, &gross, 1);
    tell_figure(energy, FIELD_energy_net_joules_per_token, &net, 1);
    tell_figure(energy, FIELD_average_power_watts, &gross, (double)sums->tokens / sums->seconds);
}

static void observe(struct facts *facts, const char *channel, const char *key, const struct result *result)
{
    char path[ENERGY_NAME_MAX + 40];

    snprintf(path, sizeof path, "energy.%s.%s", channel, key);
    if (isnan(result->value))
        facts_null(facts, path, NULL, result->reason);
    else
        facts_number(facts, path, NULL, result->value);
}

static void observe_channel(struct launch_energy *energy, struct facts *facts, size_t index)
{
    const struct energy_channel channel = energy_channel(energy->energy, index);
    enum energy_phase phase = energy->wanted[ENERGY_DECODE] ? ENERGY_DECODE : ENERGY_PREFILL;
    struct result gross = gross_of(energy, phase, index), before = idle_of(energy, BEFORE, index),
                  after = idle_of(energy, AFTER, index);
    double drift = after.value / before.value - 1;
    char path[ENERGY_NAME_MAX + 40], text[96];

    snprintf(path, sizeof path, "energy.%s.scope", channel.name);
    facts_text(facts, path, NULL, energy_scope_name(channel.scope));
    observe(facts, channel.name, phase == ENERGY_DECODE ? "joules_per_token" : "prefill_joules_per_token", &gross);
    if (!isnan(gross.value))
        observe(facts, channel.name, "error_ratio", &(struct result){.value = gross.error_ratio});
    observe(facts, channel.name, "idle_before_watts", &before);
    observe(facts, channel.name, "idle_after_watts", &after);
    if (index == energy_preferred(energy->energy) && fabs(drift) > DRIFT_NOTABLE) {
        snprintf(text, sizeof text, "idle power changed by %+.0f %% over a launch", 100 * drift);
        snprintf(path, sizeof path, "energy.%s.note", channel.name);
        facts_text(facts, path, NULL, text);
    }
}

void launch_energy_close(struct launch_energy *energy, bool told)
{
    struct facts facts = {0};

    if (!energy)
        return;
    if (told && has_source(energy)) {
        watch_idle(energy, AFTER);
        for (int phase = 0; phase < ENERGY_PHASES; phase++)
            if (energy->wanted[phase])
                tell_phase(energy, (enum energy_phase)phase);
    }
    for (size_t i = 0; told && energy->energy && i < energy_count(energy->energy); i++)
        observe_channel(energy, &facts, i);
    lines_facts(energy->out, &facts);
    facts_free(&facts);
    energy_close(energy->energy);
    free(energy);
}
