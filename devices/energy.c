#include "devices/energy.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "devices/clock.h"

/* A counter that is refreshed more often than that must rise while a processor is busy for BELIEF_SECONDS. */
#define FAST_SECONDS   0.1
#define BELIEF_SECONDS 0.3
/* Slower than that, the true refresh is worth learning: firmware tells its largest. */
#define SLOW_SECONDS  1.0
#define CHANGES_LEAST 4
/* Powers are read ten times a second; counters seldom, so that none starts again twice unseen. */
#define POWER_PERIOD_SECONDS   0.1
#define COUNTER_PERIOD_SECONDS 10.0
/* Two readings of a power further apart than that say nothing of what lies between. */
#define GAP_SECONDS 2.0
/* More than any one machine takes. */
#define WATTS_MOST 20e3

struct entry {
    const struct energy_ops *ops;
    void *state;
    size_t index; /* of the channel within its source */
    struct energy_channel channel;
    double joules, watts, value;
    uint64_t at_ns; /* of watts; 0: none to integrate from */
    size_t losses;
    char loss[240]; /* the last one */
    uint64_t changed_ns;
    double longest_seconds; /* between two changes of the value */
    size_t changes;
};

struct energy {
    struct entry entries[ENERGY_CHANNELS_MAX];
    size_t count, preferred;
    void *states[ENERGY_CHANNELS_MAX]; /* of the sources that are open */
    const struct energy_ops *open[ENERGY_CHANNELS_MAX];
    size_t open_count;
    char reason[ENERGY_REASON_MAX];
    double period_seconds;
    pthread_t thread;
    bool threaded, stop;
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

const char *energy_scope_name(enum energy_scope scope)
{
    static const char *const names[] = {
        [SCOPE_WALL] = "wall",       [SCOPE_BATTERY] = "battery", [SCOPE_BOARD] = "board",
        [SCOPE_PACKAGE] = "package", [SCOPE_CORE] = "core",       [SCOPE_DEVICE] = "device",
    };

    return names[scope];
}

const struct energy_ops *energy_by_rank(size_t index)
{
    for (size_t i = 0; energy_sources[i]; i++) {
        size_t before = 0;
        for (size_t j = 0; energy_sources[j]; j++)
            before += energy_sources[j]->rank < energy_sources[i]->rank ||
                      (energy_sources[j]->rank == energy_sources[i]->rank && j < i);
        if (before == index)
            return energy_sources[i];
    }
    return NULL;
}

double energy_error_ratio(const struct energy_channel *channel, double joules, double seconds)
{
    return channel->gain_ratio + 2 * channel->refresh_seconds / seconds + 2 * channel->step_joules / joules;
}

/* ---- opening ------------------------------------------------------------------------------------------------------ */

/* Guests and some processors have a counter's files and no counter behind them. Keeps the channels that rise; returns how many
 * do not, and names one. */
static size_t drop_still(const struct energy_ops *ops, void *state, struct energy_found *found, size_t kept[],
                         char still[ENERGY_NAME_MAX])
{
    double first[ENERGY_CHANNELS_MAX] = {0}, value;
    bool waiting[ENERGY_CHANNELS_MAX] = {false};
    size_t count = 0, left = 0, dropped = 0;
    uint64_t start_ns = clock_now_ns();

    for (size_t i = 0; i < found->count; i++) {
        const struct energy_channel *channel = &found->channels[i];
        waiting[i] = !channel->power && !ops->learn && channel->refresh_seconds <= FAST_SECONDS &&
                     channel->scope != SCOPE_DEVICE && ops->read(state, i, &first[i], NULL) == STATUS_OK;
        left += waiting[i];
    }
    while (left && clock_seconds(start_ns, clock_now_ns()) < BELIEF_SECONDS)
        for (size_t i = 0; i < found->count; i++)
            if (waiting[i] && ops->read(state, i, &value, NULL) == STATUS_OK && value > first[i]) {
                waiting[i] = false;
                left--;
            }
    for (size_t i = 0; i < found->count; i++) {
        if (waiting[i]) {
            if (!dropped++)
                snprintf(still, ENERGY_NAME_MAX, "%s", found->channels[i].name);
            continue;
        }
        kept[count] = i;
        found->channels[count++] = found->channels[i];
    }
    found->count = count;
    return dropped;
}

/* Opens one source and leaves what is to be believed of it in *found; kept: the source's own numbers of those channels. */
static enum status open_source(const struct energy_ops *ops, const struct energy_setting *setting, void **state,
                               struct energy_found *found, size_t kept[], struct error *error)
{
    char still[ENERGY_NAME_MAX] = "";
    enum status status;

    memset(found, 0, sizeof *found);
    if (ops->on_request && !setting->meter)
        return error_set(error, STATUS_UNSUPPORTED, "not asked for; run --meter 'COMMAND'");
    status = ops->open(state, setting, found, error);
    if (status)
        return status;
    for (size_t i = 0; i < found->count; i++)
        kept[i] = i;
    if (!setting->recorded && drop_still(ops, *state, found, kept, still) && !found->count) {
        ops->close(*state);
        return error_set(error, STATUS_UNSUPPORTED, "%s is there, but stands still under load", still);
    }
    return STATUS_OK;
}

void energy_look(struct energy_state *state, const struct energy_ops *ops, const struct energy_setting *setting)
{
    struct error error = {.text = ""};
    size_t kept[ENERGY_CHANNELS_MAX];
    void *own = NULL;
    enum status status = open_source(ops, setting, &own, &state->found, kept, &error);

    state->ops = ops;
    if (!status)
        ops->close(own);
    if (!status)
        state->word = "ready";
    else if (ops->on_request && !setting->meter)
        state->word = "on request";
    else if (state->found.forbidden)
        state->word = "no permission";
    else
        state->word = status == STATUS_UNSUPPORTED ? "absent" : "unreadable";
    snprintf(state->reason, sizeof state->reason, "%.*s", (int)sizeof state->reason - 1, error.text);
}

static void explain(struct energy *energy, const char *name, const char *text)
{
    size_t length = strlen(energy->reason);

    snprintf(energy->reason + length, sizeof energy->reason - length, "%s%s: %s", length ? "; " : "", name, text);
}

/* Adds the channels of one source. Those that cannot be read are left out. */
static void add_source(struct energy *energy, const struct energy_ops *ops, const struct energy_setting *setting)
{
    struct energy_found found;
    struct error error = {.text = ""};
    size_t kept[ENERGY_CHANNELS_MAX], before = energy->count;
    bool whole = false, asked = ops->on_request || !setting->meter; /* a meter that was asked for stands alone */
    void *state = NULL;

    if (open_source(ops, setting, &state, &found, kept, &error)) {
        if (asked)
            explain(energy, ops->name, error.text);
        return;
    }
    for (size_t i = 0; i < found.count && energy->count < ENERGY_CHANNELS_MAX; i++) {
        struct entry *entry = &energy->entries[energy->count];
        double value;
        if (ops->read(state, kept[i], &value, &error))
            continue;
        *entry = (struct entry){.ops = ops, .state = state, .index = kept[i], .channel = found.channels[i]};
        if (entry->channel.whole && energy->preferred == ENERGY_CHANNELS_MAX && asked)
            energy->preferred = energy->count;
        whole |= entry->channel.whole;
        energy->count++;
    }
    if (!whole && asked)
        explain(energy, ops->name, *error.text ? error.text : "covers other devices only");
    if (energy->count == before) {
        ops->close(state);
        return;
    }
    energy->states[energy->open_count] = state;
    energy->open[energy->open_count++] = ops;
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static void lose(struct entry *entry, const char *text)
{
    entry->losses++;
    entry->at_ns = 0;
    snprintf(entry->loss, sizeof entry->loss, "%.*s", (int)sizeof entry->loss - 1, text);
}

static void learn_refresh(struct entry *entry, double value, uint64_t now_ns)
{
    if (value == entry->value)
        return;
    if (entry->changes++)
        entry->longest_seconds = fmax(entry->longest_seconds, clock_seconds(entry->changed_ns, now_ns));
    entry->value = value;
    entry->changed_ns = now_ns;
}

/* With the lock held. Returns the middle of the time that the reading took. */
static uint64_t read_entry(struct entry *entry)
{
    struct error error = {.text = ""};
    double value = 0;
    uint64_t before_ns = clock_now_ns(), now_ns;
    enum status status = entry->ops->read(entry->state, entry->index, &value, &error);

    now_ns = before_ns + (clock_now_ns() - before_ns) / 2;
    if (status) {
        lose(entry, error.text);
        return now_ns;
    }
    learn_refresh(entry, value, now_ns);
    if (!entry->channel.power) {
        entry->joules = value;
        return now_ns;
    }
    if (entry->channel.whole && !(value > 0)) {
        lose(entry, "the source tells 0 W");
        return now_ns;
    }
    if (entry->at_ns) {
        double seconds = clock_seconds(entry->at_ns, now_ns);
        entry->joules += (entry->watts + value) / 2 * seconds;
        if (seconds > GAP_SECONDS)
            lose(entry, "the power was not read for more than two seconds");
    }
    entry->watts = value;
    entry->at_ns = now_ns;
    return now_ns;
}

static void *poll_entries(void *context)
{
    struct energy *energy = context;
    double whole_seconds, part = modf(energy->period_seconds, &whole_seconds);
    struct timespec next;

    pthread_mutex_lock(&energy->lock);
    while (!energy->stop) {
        clock_gettime(CLOCK_MONOTONIC, &next);
        next.tv_sec += (time_t)whole_seconds;
        next.tv_nsec += (long)(part * 1e9);
        if (next.tv_nsec >= 1000000000) {
            next.tv_nsec -= 1000000000;
            next.tv_sec++;
        }
        while (!energy->stop && pthread_cond_timedwait(&energy->wake, &energy->lock, &next) == 0)
            ;
        for (size_t i = 0; i < energy->count && !energy->stop; i++)
            read_entry(&energy->entries[i]);
    }
    pthread_mutex_unlock(&energy->lock);
    return NULL;
}

static void start_polling(struct energy *energy)
{
    pthread_condattr_t attributes;
    bool often = false;

    for (size_t i = 0; i < energy->count; i++) {
        often |= energy->entries[i].channel.power || energy->entries[i].channel.refresh_seconds > SLOW_SECONDS;
        read_entry(&energy->entries[i]);
    }
    energy->period_seconds = often ? POWER_PERIOD_SECONDS : COUNTER_PERIOD_SECONDS;
    pthread_mutex_init(&energy->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&energy->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    energy->threaded = energy->count && pthread_create(&energy->thread, NULL, poll_entries, energy) == 0;
}

struct energy *energy_open(const struct energy_setting *setting)
{
    struct energy *energy = calloc(1, sizeof *energy);
    const struct energy_ops *ops;

    if (!energy)
        return NULL;
    energy->preferred = ENERGY_CHANNELS_MAX;
    for (size_t i = 0; (ops = energy_by_rank(i)); i++)
        add_source(energy, ops, setting);
    if (energy->preferred < energy->count)
        energy->reason[0] = '\0';
    else
        energy->preferred = energy->count;
    start_polling(energy);
    return energy;
}

size_t energy_count(const struct energy *energy)
{
    return energy->count;
}

size_t energy_preferred(const struct energy *energy)
{
    return energy->preferred;
}

const char *energy_reason(const struct energy *energy)
{
    return energy->reason;
}

struct energy_channel energy_channel(struct energy *energy, size_t index)
{
    struct entry *entry = &energy->entries[index];
    struct energy_channel known;

    pthread_mutex_lock(&energy->lock);
    known = entry->channel;
    if (entry->ops->learn)
        entry->ops->learn(entry->state, entry->index, &known);
    else if (known.refresh_seconds > SLOW_SECONDS && entry->changes > CHANGES_LEAST)
        known.refresh_seconds =
            fmax(POWER_PERIOD_SECONDS, fmax(entry->longest_seconds, clock_seconds(entry->changed_ns, clock_now_ns())));
    else if (known.power)
        known.refresh_seconds = fmax(POWER_PERIOD_SECONDS, known.refresh_seconds);
    pthread_mutex_unlock(&energy->lock);
    return known;
}

void energy_read(struct energy *energy, struct energy_mark *mark)
{
    pthread_mutex_lock(&energy->lock);
    for (size_t i = 0; i < energy->count; i++) {
        mark->at_ns[i] = read_entry(&energy->entries[i]);
        mark->joules[i] = energy->entries[i].joules;
        mark->losses[i] = energy->entries[i].losses;
    }
    pthread_mutex_unlock(&energy->lock);
}

enum status energy_between(struct energy *energy, size_t channel, const struct energy_mark *from,
                           const struct energy_mark *to, double *joules, double *seconds, struct error *error)
{
    const struct entry *entry = &energy->entries[channel];
    enum status status = STATUS_OK;

    *joules = to->joules[channel] - from->joules[channel];
    *seconds = clock_seconds(from->at_ns[channel], to->at_ns[channel]);
    pthread_mutex_lock(&energy->lock);
    if (to->losses[channel] != from->losses[channel])
        status = error_set(error, STATUS_IO, "%s", entry->loss);
    else if (!(*joules >= 0) || *joules > WATTS_MOST * *seconds)
        status = error_set(error, STATUS_IO, "%s: %g J in %g s is no power that a device has", entry->channel.name,
                           *joules, *seconds);
    pthread_mutex_unlock(&energy->lock);
    return status;
}

void energy_close(struct energy *energy)
{
    if (!energy)
        return;
    if (energy->threaded) {
        pthread_mutex_lock(&energy->lock);
        energy->stop = true;
        pthread_cond_signal(&energy->wake);
        pthread_mutex_unlock(&energy->lock);
        pthread_join(energy->thread, NULL);
    }
    for (size_t i = 0; i < energy->open_count; i++)
        energy->open[i]->close(energy->states[i]);
    pthread_cond_destroy(&energy->wake);
    pthread_mutex_destroy(&energy->lock);
    free(energy);
}
