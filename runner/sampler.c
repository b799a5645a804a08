#include "runner/sampler.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "devices/clock.h"
#include "runner/lines.h"

#define SECOND_NS      UINT64_C(1000000000)
#define COST_MOST      0.004 /* of one processor's time */
#define INTERVAL_MOST  (10 * SECOND_NS)
#define STACK_BYTES    (256 << 10)
#define CAPACITY       4096 /* samples that can wait to be told: almost 7 minutes at 10 Hz */
#define CLOCK_OF(type) (CHANNEL_CLOCKS + (type))

enum channel {
    CHANNEL_TEMPERATURE,
    CHANNEL_BRAKE,
    CHANNEL_STEAL,
    CHANNEL_FOREIGN,
    CHANNEL_CPU_PRESSURE,
    CHANNEL_MEMORY_PRESSURE,
    CHANNEL_THROTTLE,
    CHANNEL_CLOCKS, /* one for each type of core */
    CHANNELS = CHANNEL_CLOCKS + CLOCK_TYPES
};

static const char *const channel_names[CHANNELS] = {
    [CHANNEL_TEMPERATURE] = "cpu_temperature_celsius",
    [CHANNEL_BRAKE] = "thermal_brake_ratio",
    [CHANNEL_STEAL] = "steal_ratio",
    [CHANNEL_FOREIGN] = "foreign_load_ratio",
    [CHANNEL_CPU_PRESSURE] = "cpu_pressure_ratio",
    [CHANNEL_MEMORY_PRESSURE] = "memory_pressure_ratio",
    [CHANNEL_THROTTLE] = "thermal_throttle_count",
    [CLOCK_OF(CORE_PERFORMANCE)] = "clock_performance_hertz",
    [CLOCK_OF(CORE_MIDDLE)] = "clock_middle_hertz",
    [CLOCK_OF(CORE_EFFICIENT)] = "clock_efficient_hertz",
    [CLOCK_OF(CORE_LOW_POWER)] = "clock_low_power_hertz",
};

struct sample {
    uint64_t at_ns;
    float values[CHANNELS]; /* NaN: not seen; single precision keeps the ring small, for it counts as our memory */
};

struct bin { /* a second */
    uint64_t start_ns;
    double sums[CHANNELS];
    size_t counts[CHANNELS];
    bool open;
};

struct sampler {
    const struct sensor_set *set;
    cpu_set_t cpus; /* to run on */
    pthread_t thread;
    pthread_mutex_t mutex; /* of `stop` */
    pthread_cond_t wake;
    bool stop;
    uint64_t start_ns, end_ns, cpu_ns, interval_ns;
    /* A ring: the thread writes, whoever tells reads. */
    atomic_size_t written, told;
    size_t lost;
    struct sensors before; /* of the second that goes on */
    struct bin bin;
    struct sample samples[CAPACITY];
};

/* ---- the thread --------------------------------------------------------------------------------------------------------- */

static bool is_busy(const struct sampler_setting *setting, const struct host_cpu *cpu, bool whole_core)
{
    for (size_t i = 0; i < setting->busy_count; i++) {
        if (setting->busy_cpus[i] == cpu->os_index)
            return true;
        for (size_t j = 0; j < setting->host->cpu_count && whole_core; j++)
            if (setting->host->cpus[j].os_index == setting->busy_cpus[i] && setting->host->cpus[j].core == cpu->core)
                return true;
    }
    return false;
}

/* Cores that do nothing; else the other threads of those that work; else all where we may run. */
static void choose_cpus(const struct sampler_setting *setting, cpu_set_t *cpus)
{
    enum { CORE, THREAD, ANY };

    CPU_ZERO(cpus);
    for (int choice = CORE; choice <= ANY && !CPU_COUNT(cpus); choice++)
        for (size_t i = 0; i < setting->host->cpu_count; i++) {
            const struct host_cpu *cpu = &setting->host->cpus[i];
            if (cpu->allowed && cpu->os_index < CPU_SETSIZE &&
                (choice == ANY || !is_busy(setting, cpu, choice == CORE)))
                CPU_SET(cpu->os_index, cpus);
        }
}

/* What costs more, and what a tick of the kernel is too coarse for, once a second. */
static void look_at_noise(struct sampler *sampler, struct sample *sample)
{
    struct sensors now;
    struct noise noise;

    if (sample->at_ns < (uint64_t)(sampler->before.wall_seconds * 1e9) + SECOND_NS)
        return;
    sensors_read(&now, sampler->set);
    noise = sensors_noise(&sampler->before, &now);
    sampler->before = now;
    sample->values[CHANNEL_STEAL] = (float)noise.steal_ratio;
    sample->values[CHANNEL_FOREIGN] = (float)noise.foreign_load_ratio;
    sample->values[CHANNEL_CPU_PRESSURE] = (float)noise.cpu_pressure_ratio;
    sample->values[CHANNEL_MEMORY_PRESSURE] = (float)noise.memory_pressure_ratio;
    sample->values[CHANNEL_THROTTLE] = (float)noise.thermal_throttle_count;
}

static void take_sample(struct sampler *sampler)
{
    size_t written = atomic_load_explicit(&sampler->written, memory_order_relaxed);
    struct sample *sample = &sampler->samples[written % CAPACITY];
    double hertz[CLOCK_TYPES];

    if (written - atomic_load_explicit(&sampler->told, memory_order_acquire) == CAPACITY) {
        sampler->lost++;
        return;
    }
    sample->at_ns = clock_now_ns();
    for (int i = 0; i < CHANNELS; i++)
        sample->values[i] = NAN;
    clocks_read_hertz(&sampler->set->clocks, hertz);
    for (int type = 0; type < CLOCK_TYPES; type++)
        sample->values[CLOCK_OF(type)] = (float)hertz[type];
    sample->values[CHANNEL_TEMPERATURE] = (float)thermal_processor_celsius(&sampler->set->thermal, NULL);
    sample->values[CHANNEL_BRAKE] = (float)thermal_brake_ratio(&sampler->set->thermal);
    look_at_noise(sampler, sample);
    atomic_store_explicit(&sampler->written, written + 1, memory_order_release);
}

static uint64_t own_cpu_ns(void)
{
    struct timespec time;

    return clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0
               ? (uint64_t)time.tv_sec * SECOND_NS + (uint64_t)time.tv_nsec
               : 0;
}

/* False: it is time to stop. */
static bool wait_until(struct sampler *sampler, uint64_t at_ns)
{
    const struct timespec time = {.tv_sec = (time_t)(at_ns / SECOND_NS), .tv_nsec = (long)(at_ns % SECOND_NS)};
    bool stop;

    pthread_mutex_lock(&sampler->mutex);
    while (!sampler->stop && pthread_cond_timedwait(&sampler->wake, &sampler->mutex, &time) == 0)
        ;
    stop = sampler->stop;
    pthread_mutex_unlock(&sampler->mutex);
    return !stop;
}

static void *work(void *context)
{
    struct sampler *sampler = context;
    uint64_t next_ns = sampler->start_ns;

    /* it inherits the processor of the thread that opened it; where it may not leave, it stays */
    pthread_setaffinity_np(pthread_self(), sizeof sampler->cpus, &sampler->cpus);
    do {
        uint64_t now_ns;
        take_sample(sampler);
        now_ns = clock_now_ns();
        sampler->cpu_ns = own_cpu_ns();
        if ((double)sampler->cpu_ns > COST_MOST * (double)(now_ns - sampler->start_ns + SECOND_NS) &&
            sampler->interval_ns < INTERVAL_MOST)
            sampler->interval_ns *= 2;
        next_ns += sampler->interval_ns;
        if (next_ns < now_ns)
            next_ns = now_ns + sampler->interval_ns;
    } while (wait_until(sampler, next_ns));
    sampler->cpu_ns = own_cpu_ns();
    return NULL;
}

static bool start_thread(struct sampler *sampler)
{
    pthread_condattr_t clock;
    pthread_attr_t small;
    bool started;

    pthread_mutex_init(&sampler->mutex, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&sampler->wake, &clock);
    pthread_condattr_destroy(&clock);
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK_BYTES);
    started = pthread_create(&sampler->thread, &small, work, sampler) == 0;
    pthread_attr_destroy(&small);
    return started;
}

struct sampler *sampler_open(const struct sampler_setting *setting)
{
    struct sampler *sampler = setting->hertz > 0 ? calloc(1, sizeof *sampler) : NULL;

    if (!sampler)
        return NULL;
    sampler->set = setting->set;
    choose_cpus(setting, &sampler->cpus);
    sampler->interval_ns = (uint64_t)(1e9 / setting->hertz);
    sensors_read(&sampler->before, setting->set);
    sampler->start_ns = clock_now_ns();
    if (start_thread(sampler))
        return sampler;
    pthread_mutex_destroy(&sampler->mutex);
    pthread_cond_destroy(&sampler->wake);
    free(sampler);
    return NULL;
}

/* ---- telling ------------------------------------------------------------------------------------------------------------ */

static void tell_bin(struct bin *bin, FILE *out)
{
    for (int i = 0; i < CHANNELS && bin->open; i++)
        if (bin->counts[i])
            lines_sample(out, channel_names[i], bin->start_ns, bin->sums[i] / (double)bin->counts[i]);
    *bin = (struct bin){0};
}

static void add_to_bin(struct bin *bin, const struct sample *sample)
{
    if (!bin->open) {
        bin->open = true;
        bin->start_ns = sample->at_ns;
    }
    for (int i = 0; i < CHANNELS; i++)
        if (!isnan(sample->values[i])) {
            bin->sums[i] += sample->values[i];
            bin->counts[i]++;
        }
}

void sampler_tell(struct sampler *sampler, FILE *out)
{
    size_t written, told;

    if (!sampler)
        return;
    written = atomic_load_explicit(&sampler->written, memory_order_acquire);
    told = atomic_load_explicit(&sampler->told, memory_order_relaxed);
    for (; told < written; told++) {
        const struct sample *sample = &sampler->samples[told % CAPACITY];
        if (sampler->bin.open && sample->at_ns >= sampler->bin.start_ns + SECOND_NS)
            tell_bin(&sampler->bin, out);
        add_to_bin(&sampler->bin, sample);
    }
    atomic_store_explicit(&sampler->told, told, memory_order_release);
}

void sampler_clocks(struct sampler *sampler, uint64_t start_ns, uint64_t end_ns, double *first_hertz,
                    double *last_hertz)
{
    double sums[2][CLOCK_TYPES] = {{0}}, counts[2][CLOCK_TYPES] = {{0}};
    size_t written = sampler ? atomic_load_explicit(&sampler->written, memory_order_acquire) : 0;
    size_t told = sampler ? atomic_load_explicit(&sampler->told, memory_order_relaxed) : 0;

    *first_hertz = *last_hertz = NAN;
    for (; told < written; told++) {
        const struct sample *sample = &sampler->samples[told % CAPACITY];
        bool last = sample->at_ns >= start_ns + (end_ns - start_ns) / 2;
        if (sample->at_ns < start_ns || sample->at_ns > end_ns)
            continue;
        for (int type = 0; type < CLOCK_TYPES; type++)
            if (!isnan(sample->values[CLOCK_OF(type)])) {
                sums[last][type] += sample->values[CLOCK_OF(type)];
                counts[last][type]++;
            }
    }
    for (int type = 0; type < CLOCK_TYPES && isnan(*first_hertz); type++)
        if (counts[0][type] >= 2 && counts[1][type] >= 2) {
            *first_hertz = sums[0][type] / counts[0][type];
            *last_hertz = sums[1][type] / counts[1][type];
        }
}

static void tell_cost(const struct sampler *sampler, FILE *out)
{
    double seconds = clock_seconds(sampler->start_ns, sampler->end_ns);
    struct facts facts = {0};

    facts_number(&facts, "sampler.cpu_ratio", NULL, (double)sampler->cpu_ns * 1e-9 / seconds);
    facts_number(&facts, "sampler.hertz", NULL, (double)atomic_load(&sampler->written) / seconds);
    facts_integer(&facts, "sampler.lost_count", NULL, (int64_t)sampler->lost);
    lines_facts(out, &facts);
    facts_free(&facts);
}

void sampler_close(struct sampler *sampler, FILE *out)
{
    if (!sampler)
        return;
    pthread_mutex_lock(&sampler->mutex);
    sampler->stop = true;
    pthread_cond_signal(&sampler->wake);
    pthread_mutex_unlock(&sampler->mutex);
    pthread_join(sampler->thread, NULL);
    sampler->end_ns = clock_now_ns();
    if (out) {
        sampler_tell(sampler, out);
        tell_bin(&sampler->bin, out);
        tell_cost(sampler, out);
    }
    pthread_mutex_destroy(&sampler->mutex);
    pthread_cond_destroy(&sampler->wake);
    free(sampler);
}
