/* The same counters as powercap's, through the PMU "power" of the kernel (arch/x86/events/rapl.c): 64 bits wide, and readable
 * without root where kernel.perf_event_paranoid is 0 or less. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices/cpu_list.h"
#include "devices/energy.h"
#include "devices/perf_event.h"
#include "devices/tree.h"

enum { CPUS_MAX = 4096, PACKAGES_MAX = 32, PATH_CAPACITY = 128 };

static const char pmu[] = "sys/bus/event_source/devices/power";

static const struct event {
    const char *name, *channel;
    enum energy_scope scope;
    bool whole;
} events[] = {
    {"energy-pkg", "perf", SCOPE_PACKAGE, true},       {"energy-psys", "perf-psys", SCOPE_BOARD, true},
    {"energy-cores", "perf-cores", SCOPE_CORE, false}, {"energy-ram", "perf-ram", SCOPE_DEVICE, false},
    {"energy-gpu", "perf-gpu", SCOPE_DEVICE, false},
};
enum { EVENTS = sizeof events / sizeof *events };

struct counter {
    double joules_per_count, start_joules;
    int fds[PACKAGES_MAX];
    size_t fd_count;
};

struct perf {
    bool recorded;
    struct counter counters[EVENTS];
    size_t count;
};

static bool read_double(const char *root, const char *path, double *value)
{
    char text[64], *end;

    if (!tree_read_line(root, path, text, sizeof text))
        return false;
    *value = strtod(text, &end);
    return !*end && *value > 0 && *value < 1;
}

/* What an event's files say. False: there is no such event in joules. */
static bool read_event(const char *root, const char *name, uint64_t *config, double *joules_per_count)
{
    char path[PATH_CAPACITY], text[64];
    char *end;

    snprintf(path, sizeof path, "%s/events/%s", pmu, name);
    if (!tree_read_line(root, path, text, sizeof text) || strncmp(text, "event=", 6) != 0)
        return false;
    errno = 0;
    *config = strtoull(text + 6, &end, 0);
    if (errno || *end || end == text + 6)
        return false;
    snprintf(path, sizeof path, "%s/events/%s.unit", pmu, name);
    if (!tree_read_line(root, path, text, sizeof text) || strcmp(text, "Joules") != 0)
        return false;
    snprintf(path, sizeof path, "%s/events/%s.scale", pmu, name);
    return read_double(root, path, joules_per_count);
}

static void close_counter(struct counter *counter)
{
    for (size_t i = 0; i < counter->fd_count; i++)
        close(counter->fds[i]);
    counter->fd_count = 0;
}

static int start_counter(struct counter *counter, uint32_t type, uint64_t config, const unsigned *cpus,
                         size_t cpu_count)
{
    for (size_t i = 0; i < cpu_count && i < PACKAGES_MAX; i++) {
        int fd = perf_event_start(type, config, (int)cpus[i]);
        if (fd < 0) {
            close_counter(counter);
            return fd;
        }
        counter->fds[counter->fd_count++] = fd;
    }
    return 0;
}

static enum status sum_counts(const struct counter *counter, double *joules, struct error *error)
{
    *joules = 0;
    for (size_t i = 0; i < counter->fd_count; i++) {
        uint64_t count;
        if (read(counter->fds[i], &count, sizeof count) != (ssize_t)sizeof count)
            return error_set(error, STATUS_IO, "/%s: the counter could not be read: %s", pmu, strerror(errno));
        *joules += (double)count * counter->joules_per_count;
    }
    return STATUS_OK;
}

static enum status perf_read(void *state, size_t channel, double *joules, struct error *error)
{
    struct perf *perf = state;
    const struct counter *counter = &perf->counters[channel];
    enum status status;

    if (perf->recorded)
        return error_set(error, STATUS_UNSUPPORTED, "a recorded tree has no performance counters");
    status = sum_counts(counter, joules, error);
    *joules -= counter->start_joules;
    return status;
}

static void perf_close(void *state)
{
    struct perf *perf = state;

    for (size_t i = 0; i < perf->count; i++)
        close_counter(&perf->counters[i]);
    free(perf);
}

static enum status refuse(const char *root, int problem, struct error *error)
{
    char paranoid[16];

    if (problem != -EACCES && problem != -EPERM)
        return error_set(error, STATUS_IO, "/%s: the kernel refuses its events: %s", pmu, strerror(-problem));
    tree_read_line(root, "proc/sys/kernel/perf_event_paranoid", paranoid, sizeof paranoid);
    return error_set(
        error, STATUS_IO,
        "/%s: no permission (perf_event_paranoid is %s); sysctl kernel.perf_event_paranoid=0, or CAP_PERFMON", pmu,
        *paranoid ? paranoid : "unknown");
}

/* Would this machine's kernel let an ordinary user count? */
static int recorded_permission(const char *root)
{
    char text[16], *end;

    if (!tree_read_line(root, "proc/sys/kernel/perf_event_paranoid", text, sizeof text))
        return 0;
    return strtol(text, &end, 10) > 0 ? -EACCES : 0;
}

static enum status add_events(struct perf *perf, const struct energy_setting *setting, uint32_t type,
                              const unsigned *cpus, size_t cpu_count, struct energy_found *found, struct error *error)
{
    int problem = 0;

    for (size_t i = 0; i < EVENTS; i++) {
        struct counter *counter = &perf->counters[perf->count];
        uint64_t config;
        int own;
        if (!read_event(setting->root, events[i].name, &config, &counter->joules_per_count))
            continue;
        own = setting->recorded ? recorded_permission(setting->root)
                                : start_counter(counter, type, config, cpus, cpu_count);
        problem = problem ? problem : own;
        if (own || sum_counts(counter, &counter->start_joules, error)) {
            close_counter(counter);
            continue;
        }
        perf->count++;
        found->channels[found->count] = (struct energy_channel){.scope = events[i].scope,
                                                                .whole = events[i].whole,
                                                                .step_joules = counter->joules_per_count,
                                                                .refresh_seconds = 1e-3};
        snprintf(found->channels[found->count++].name, ENERGY_NAME_MAX, "%s", events[i].channel);
    }
    found->forbidden = problem == -EACCES || problem == -EPERM;
    if (!found->count && problem)
        return refuse(setting->root, problem, error);
    if (!found->count && !error->status)
        return error_set(error, STATUS_UNSUPPORTED, "no event energy-* in /%s/events", pmu);
    return found->count ? STATUS_OK : error->status;
}

static enum status perf_open(void **state, const struct energy_setting *setting, struct energy_found *found,
                             struct error *error)
{
    struct error own = {0};
    struct perf *perf;
    char path[PATH_CAPACITY], mask[64];
    unsigned cpus[CPUS_MAX];
    size_t cpu_count = 0;
    uint64_t type;
    enum status status;

    snprintf(path, sizeof path, "%s/type", pmu);
    if (tree_read_u64(setting->root, path, &type))
        return error_set(error, STATUS_UNSUPPORTED, "no PMU /%s", pmu);
    snprintf(path, sizeof path, "%s/cpumask", pmu);
    if (!tree_read_line(setting->root, path, mask, sizeof mask) ||
        !cpu_list_parse(mask, ',', cpus, CPUS_MAX, &cpu_count))
        return error_set(error, STATUS_IO, "/%s/cpumask: not a list of processors", pmu);
    perf = calloc(1, sizeof *perf);
    if (!perf)
        return error_set(error, STATUS_MEMORY, "no memory for the energy counters");
    perf->recorded = setting->recorded;
    status = add_events(perf, setting, (uint32_t)type, cpus, cpu_count, found, &own);
    if (status) {
        perf_close(perf);
        return error_set(error, status, "%s", own.text);
    }
    *state = perf;
    return STATUS_OK;
}

extern const struct energy_ops energy_perf;
const struct energy_ops energy_perf = {
    .name = "perf",
    .summary = "the same counters through the kernel's events; /sys/bus/event_source/devices/power",
    .rank = 20,
    .scope = SCOPE_PACKAGE,
    .open = perf_open,
    .read = perf_read,
    .close = perf_close,
};
