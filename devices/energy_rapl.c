/* Running average power limit counters of Intel and AMD processors, through the powercap folder of Linux
 * (Documentation/power/powercap/powercap.rst). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/energy.h"
#include "devices/tree.h"

enum { ZONES_MAX = 64, ZONE_NAME_MAX = 64, PATH_CAPACITY = 160 };

static const char powercap[] = "sys/class/powercap";

/* The counters are refreshed about once a millisecond (Khan et al., RAPL in Action, TOMPECS 2018). */
static const double refresh_seconds = 1e-3;
static const double joules_per_microjoule = 1e-6;

/* What zones count, by the beginning of their names, best first. A package holds its cores and graphics; psys is the whole
 * platform, as its maker calibrated it. */
static const struct domain {
    const char *prefix, *channel;
    bool top; /* a zone of its own, else part of a package's */
    enum energy_scope scope;
    bool whole;
} domains[] = {
    {"package-", "rapl", true, SCOPE_PACKAGE, true},       {"psys", "rapl-psys", true, SCOPE_BOARD, true},
    {"core", "rapl-core", false, SCOPE_CORE, false},       {"dram", "rapl-dram", false, SCOPE_DEVICE, false},
    {"uncore", "rapl-uncore", false, SCOPE_DEVICE, false},
};
enum { DOMAINS = sizeof domains / sizeof *domains };

struct zone {
    size_t domain;
    char folder[ZONE_NAME_MAX]; /* "intel-rapl:0:1" */
    char name[ZONE_NAME_MAX];   /* "package-0" */
    uint64_t range_uj;          /* the largest value before the counter starts again at 0 */
    uint64_t last_uj;
};

struct rapl {
    char *root; /* NULL: the running machine */
    struct zone zones[ZONES_MAX];
    size_t count;
    size_t domain_of[DOMAINS]; /* by channel */
    uint64_t total_uj[DOMAINS];
};

static enum status refuse(const char *path, int problem, struct error *error)
{
    if (problem == -EACCES || problem == -EPERM)
        return error_set(error, STATUS_IO, "/%s: no permission; run as root, or make energy_uj readable by a udev rule",
                         path);
    return error_set(error, STATUS_IO, "/%s: %s", path,
                     problem == -EINVAL ? "not a number of microjoules" : strerror(-problem));
}

/* Zones are named intel-rapl:N, on AMD too, their parts intel-rapl:N:M. intel-rapl-mmio:N is a second view of the same counter. */
static bool is_zone(const char *name, bool *top)
{
    static const char prefix[] = "intel-rapl:";
    const char *number = name + sizeof prefix - 1;
    size_t digits, more;

    if (strncmp(name, prefix, sizeof prefix - 1) != 0 || strlen(name) >= ZONE_NAME_MAX)
        return false;
    digits = strspn(number, "0123456789");
    *top = number[digits] == '\0';
    if (!digits || *top)
        return digits > 0;
    more = strspn(number + digits + 1, "0123456789");
    return number[digits] == ':' && more && number[digits + 1 + more] == '\0';
}

static bool domain_of_name(const char *name, bool top, size_t *domain)
{
    for (*domain = 0; *domain < DOMAINS; ++*domain)
        if (domains[*domain].top == top && strncmp(name, domains[*domain].prefix, strlen(domains[*domain].prefix)) == 0)
            return true;
    return false;
}

static bool is_known(const struct rapl *rapl, const char *name)
{
    for (size_t i = 0; i < rapl->count; i++)
        if (domains[rapl->zones[i].domain].top && strcmp(rapl->zones[i].name, name) == 0)
            return true;
    return false;
}

static int read_zone(const struct rapl *rapl, const struct zone *zone, const char *file, uint64_t *value,
                     char path[PATH_CAPACITY])
{
    snprintf(path, PATH_CAPACITY, "%s/%s/%s", powercap, zone->folder, file);
    return tree_read_u64(rapl->root, path, value);
}

/* Adds the zone if it counts what we know. Only packages must be readable: parts are left out where they are not. */
static enum status add_zone(struct rapl *rapl, const char *folder, bool top, struct energy_found *found,
                            struct error *error)
{
    struct zone zone = {.folder = ""};
    char path[PATH_CAPACITY];
    ssize_t length;
    int problem;

    snprintf(zone.folder, sizeof zone.folder, "%.*s", ZONE_NAME_MAX - 1, folder);
    snprintf(path, sizeof path, "%s/%s/name", powercap, zone.folder);
    length = tree_read(rapl->root, path, zone.name, sizeof zone.name);
    if (length < 0 && length != -ENOENT && top)
        return refuse(path, (int)length, error);
    zone.name[strcspn(zone.name, "\n")] = '\0';
    if (!domain_of_name(zone.name, top, &zone.domain) || (top && is_known(rapl, zone.name)))
        return STATUS_OK;
    if (rapl->count == ZONES_MAX)
        return error_set(error, STATUS_UNSUPPORTED, "%s: more than %d zones", powercap, ZONES_MAX);
    problem = read_zone(rapl, &zone, "max_energy_range_uj", &zone.range_uj, path);
    if (problem == 0 && zone.range_uj == 0)
        problem = -EINVAL;
    if (problem == 0)
        problem = read_zone(rapl, &zone, "energy_uj", &zone.last_uj, path);
    if (problem == -EACCES || problem == -EPERM)
        found->forbidden = true;
    if (problem && zone.domain == 0)
        return refuse(path, problem, error);
    if (!problem)
        rapl->zones[rapl->count++] = zone;
    return STATUS_OK;
}

static enum status find_zones(struct rapl *rapl, struct energy_found *found, struct error *error)
{
    int problem;
    DIR *folder = tree_open_folder(rapl->root, powercap, &problem);
    enum status status = STATUS_OK;
    bool top;

    if (!folder && problem != -ENOENT && problem != -ENOTDIR)
        return refuse(powercap, problem, error);
    for (struct dirent *entry; folder && status == STATUS_OK && (entry = readdir(folder)) != NULL;)
        if (is_zone(entry->d_name, &top))
            status = add_zone(rapl, entry->d_name, top, found, error);
    if (folder)
        closedir(folder);
    return status;
}

/* One channel for all zones of a domain. The hardware counter has 32 bits, and the range is 2³² of its units. */
static void make_channels(struct rapl *rapl, struct energy_found *found)
{
    for (size_t domain = 0; domain < DOMAINS; domain++) {
        struct energy_channel channel = {
            .scope = domains[domain].scope, .whole = domains[domain].whole, .refresh_seconds = refresh_seconds};
        for (size_t i = 0; i < rapl->count; i++)
            if (rapl->zones[i].domain == domain)
                channel.step_joules += (double)rapl->zones[i].range_uj * joules_per_microjoule * 0x1p-32;
        if (!(channel.step_joules > 0))
            continue;
        snprintf(channel.name, sizeof channel.name, "%s", domains[domain].channel);
        rapl->domain_of[found->count] = domain;
        found->channels[found->count++] = channel;
    }
}

/* Adds what the counter of one zone has moved since the last reading. A counter that falls has started again at 0, if that makes
 * for less than half of its range: readings come often enough for that. Anything else is a counter that was set back (by a
 * suspend, or by software); that stretch is lost, an error says so, and the next one counts again. */
static enum status advance(struct rapl *rapl, struct zone *zone, struct error *error)
{
    uint64_t now_uj, before_uj = zone->last_uj, range_uj = zone->range_uj, *total_uj = &rapl->total_uj[zone->domain];
    char path[PATH_CAPACITY];
    int problem = read_zone(rapl, zone, "energy_uj", &now_uj, path);

    if (problem)
        return refuse(path, problem, error);
    zone->last_uj = now_uj;
    if (now_uj >= before_uj) {
        *total_uj += now_uj - before_uj;
        return STATUS_OK;
    }
    if (before_uj > range_uj || now_uj + (range_uj - before_uj) >= range_uj / 2)
        return error_set(error, STATUS_IO, "/%s: the counter was set back from %llu to %llu; measure again", path,
                         (unsigned long long)before_uj, (unsigned long long)now_uj);
    *total_uj += now_uj + (range_uj - before_uj);
    return STATUS_OK;
}

static enum status rapl_read(void *state, size_t channel, double *joules, struct error *error)
{
    struct rapl *rapl = state;
    size_t domain = rapl->domain_of[channel];
    enum status status = STATUS_OK;

    /* Every counter is read even after an error, so that all of them start the next stretch together. */
    for (size_t i = 0; i < rapl->count; i++)
        if (rapl->zones[i].domain == domain) {
            enum status one = advance(rapl, &rapl->zones[i], status == STATUS_OK ? error : NULL);
            status = status == STATUS_OK ? one : status;
        }
    *joules = (double)rapl->total_uj[domain] * joules_per_microjoule;
    return status;
}

static void rapl_close(void *state)
{
    struct rapl *rapl = state;

    free(rapl->root);
    free(rapl);
}

static enum status rapl_open(void **state, const struct energy_setting *setting, struct energy_found *found,
                             struct error *error)
{
    struct rapl *rapl = calloc(1, sizeof *rapl);
    enum status status;

    if (!rapl || (setting->root && !(rapl->root = strdup(setting->root)))) {
        status = error_set(error, STATUS_MEMORY, "no memory for the energy counters");
        goto out;
    }
    status = find_zones(rapl, found, error);
    if (!status)
        make_channels(rapl, found);
    if (!status && !found->count)
        status = error_set(error, STATUS_UNSUPPORTED, "no package zone in /%s/intel-rapl:*", powercap);
    if (status)
        goto out;
    *state = rapl;
    rapl = NULL;
out:
    if (rapl)
        rapl_close(rapl);
    return status;
}

extern const struct energy_ops energy_rapl;
const struct energy_ops energy_rapl = {
    .name = "rapl",
    .summary =
        "processor packages, cores, memory, platform of Intel and AMD; /sys/class/powercap/intel-rapl:*/energy_uj",
    .rank = 10,
    .scope = SCOPE_PACKAGE,
    .open = rapl_open,
    .read = rapl_read,
    .close = rapl_close,
};
