/* Running average power limit counters of Intel and AMD processors, through the powercap folder of Linux
 * (Documentation/power/powercap/powercap.rst). */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "devices/energy.h"
#include "devices/tree.h"

enum { PACKAGES_MAX = 32, NAME_MAX_CHARS = 64, MOVE_TRIES = 200 };

static const char powercap[] = "sys/class/powercap";

/* The counters are refreshed about once a millisecond (Khan et al., RAPL in Action, TOMPECS 2018). */
static const double refresh_seconds = 1e-3;
static const double joules_per_microjoule = 1e-6;

struct package {
    char name[NAME_MAX_CHARS];     /* "package-0" */
    char path[2 * NAME_MAX_CHARS]; /* of energy_uj, relative to the root */
    uint64_t range_uj;             /* the largest value before the counter starts again at 0 */
    uint64_t last_uj;
};

struct rapl {
    char *root; /* NULL: the running machine */
    struct package packages[PACKAGES_MAX];
    size_t count;
    uint64_t total_uj;
};

static enum status refuse(const struct rapl *rapl, const char *path, int problem, struct error *error)
{
    const char *root = rapl->root ? rapl->root : "";

    if (problem == -EACCES || problem == -EPERM)
        return error_set(error, STATUS_IO,
                         "%s/%s: no permission to read; run as root, or add a udev rule that makes energy_uj readable",
                         root, path);
    if (problem == -EINVAL)
        return error_set(error, STATUS_IO, "%s/%s: not a number of microjoules", root, path);
    return error_set(error, STATUS_IO, "%s/%s: %s", root, path, strerror(-problem));
}

/* Top-level zones are named intel-rapl:N, on AMD too. Their parts, intel-rapl:N:M, are inside the package's figure
 * already, and intel-rapl-mmio:N is a second view of the same counter. */
static bool is_top_zone(const char *name)
{
    static const char prefix[] = "intel-rapl:";
    const char *number = name + sizeof prefix - 1;

    return strncmp(name, prefix, sizeof prefix - 1) == 0 && *number && strspn(number, "0123456789") == strlen(number) &&
           strlen(name) < NAME_MAX_CHARS;
}

static bool is_known(const struct rapl *rapl, const char *name)
{
    for (size_t i = 0; i < rapl->count; i++)
        if (strcmp(rapl->packages[i].name, name) == 0)
            return true;
    return false;
}

/* Adds the zone if it is a package; other top-level zones (psys: the whole platform) have another scope. */
static enum status add_zone(struct rapl *rapl, const char *zone, struct error *error)
{
    struct package *package = &rapl->packages[rapl->count];
    char path[sizeof package->path];
    ssize_t length;
    int problem;

    snprintf(path, sizeof path, "%s/%.63s/name", powercap, zone);
    length = tree_read(rapl->root, path, package->name, sizeof package->name);
    if (length < 0 && length != -ENOENT)
        return refuse(rapl, path, (int)length, error);
    package->name[strcspn(package->name, "\n")] = '\0';
    if (strncmp(package->name, "package-", 8) != 0 || is_known(rapl, package->name))
        return STATUS_OK;
    if (rapl->count == PACKAGES_MAX - 1)
        return error_set(error, STATUS_UNSUPPORTED, "%s: more than %d packages", powercap, PACKAGES_MAX - 1);
    snprintf(path, sizeof path, "%s/%.63s/max_energy_range_uj", powercap, zone);
    problem = tree_read_u64(rapl->root, path, &package->range_uj);
    if (problem == 0 && package->range_uj == 0)
        problem = -EINVAL;
    if (problem)
        return refuse(rapl, path, problem, error);
    snprintf(package->path, sizeof package->path, "%s/%.63s/energy_uj", powercap, zone);
    problem = tree_read_u64(rapl->root, package->path, &package->last_uj);
    if (problem)
        return refuse(rapl, package->path, problem, error);
    rapl->count++;
    return STATUS_OK;
}

static enum status find_packages(struct rapl *rapl, struct error *error)
{
    const char *root = rapl->root ? rapl->root : "";
    int problem;
    DIR *folder = tree_open_folder(rapl->root, powercap, &problem);
    enum status status = STATUS_OK;

    if (!folder && problem != -ENOENT && problem != -ENOTDIR)
        return refuse(rapl, powercap, problem, error);
    for (struct dirent *entry; folder && status == STATUS_OK && (entry = readdir(folder)) != NULL;)
        if (is_top_zone(entry->d_name))
            status = add_zone(rapl, entry->d_name, error);
    if (folder)
        closedir(folder);
    if (status == STATUS_OK && !rapl->count)
        status = error_set(error, STATUS_UNSUPPORTED, "no package zone in %s/%s/intel-rapl:*", root, powercap);
    return status;
}

/* Adds what the counter of one package has moved since the last reading. A counter that falls has started again at
 * 0, if that makes for less than half of its range: readings come often enough for that. Anything else is a counter
 * that was set back (by a suspend, or by software); that stretch is lost, an error says so, and the next one counts
 * again. */
static enum status advance(struct rapl *rapl, struct package *package, struct error *error)
{
    uint64_t now_uj, before_uj = package->last_uj, range_uj = package->range_uj;
    int problem = tree_read_u64(rapl->root, package->path, &now_uj);

    if (problem)
        return refuse(rapl, package->path, problem, error);
    package->last_uj = now_uj;
    if (now_uj >= before_uj) {
        rapl->total_uj += now_uj - before_uj;
        return STATUS_OK;
    }
    if (before_uj > range_uj || now_uj + (range_uj - before_uj) >= range_uj / 2)
        return error_set(error, STATUS_IO, "%s/%s: the counter was set back from %llu to %llu; measure again",
                         rapl->root ? rapl->root : "", package->path, (unsigned long long)before_uj,
                         (unsigned long long)now_uj);
    rapl->total_uj += now_uj + (range_uj - before_uj);
    return STATUS_OK;
}

static enum status rapl_read(void *state, double *joules, struct error *error)
{
    struct rapl *rapl = state;
    enum status status = STATUS_OK;

    /* Every counter is read even after an error, so that all of them start the next stretch together. */
    for (size_t i = 0; i < rapl->count; i++) {
        enum status one = advance(rapl, &rapl->packages[i], status == STATUS_OK ? error : NULL);

        status = status == STATUS_OK ? one : status;
    }
    *joules = (double)rapl->total_uj * joules_per_microjoule;
    return status;
}

/* Guests can have the folder and no counter behind it. Only where time passes can that be seen. */
static enum status require_movement(struct rapl *rapl, struct error *error)
{
    double joules;

    for (int i = 0; i < MOVE_TRIES; i++) {
        enum status status = rapl_read(rapl, &joules, error);

        if (status != STATUS_OK || joules > 0)
            return status;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return error_set(error, STATUS_UNSUPPORTED, "/%s: the counter does not move", rapl->packages[0].path);
}

static void rapl_close(void *state)
{
    struct rapl *rapl = state;

    free(rapl->root);
    free(rapl);
}

static enum status rapl_open(void **state, const char *root, struct error *error)
{
    struct rapl *rapl = calloc(1, sizeof *rapl);
    enum status status = STATUS_MEMORY;

    if (!rapl || (root && !(rapl->root = strdup(root)))) {
        error_set(error, STATUS_MEMORY, "no memory for the energy counters");
        goto out;
    }
    status = find_packages(rapl, error);
    if (status == STATUS_OK && !root)
        status = require_movement(rapl, error);
    if (status != STATUS_OK)
        goto out;
    rapl->total_uj = 0;
    *state = rapl;
    rapl = NULL;
out:
    if (rapl)
        rapl_close(rapl);
    return status;
}

/* The hardware counter has 32 bits, and the range is 2³² of its units. */
static void rapl_resolution(const void *state, double *joules, double *seconds)
{
    const struct rapl *rapl = state;

    *joules = 0;
    for (size_t i = 0; i < rapl->count; i++)
        *joules += (double)rapl->packages[i].range_uj * joules_per_microjoule * 0x1p-32;
    *seconds = refresh_seconds;
}

extern const struct energy_ops energy_rapl;
const struct energy_ops energy_rapl = {
    .name = "rapl",
    .summary = "processor package counters of Intel and AMD, /sys/class/powercap/intel-rapl:*/energy_uj",
    .scope = SCOPE_PACKAGE,
    .open = rapl_open,
    .read = rapl_read,
    .resolution = rapl_resolution,
    .close = rapl_close,
};
