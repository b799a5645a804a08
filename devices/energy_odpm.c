/* The rail monitor of Pixel phones (s2mpg1x-odpm), through the industrial I/O folder of Linux: microjoules per rail, several rails
 * to a file. Readable by root and adb shell, not by apps. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/energy.h"
#include "devices/tree.h"

enum { MONITORS_MAX = 4, DEVICES_MAX = 32, RAILS_MAX = 32, PATH_CAPACITY = 96, RAIL_NAME_MAX = 32 };

static const char devices[] = "sys/bus/iio/devices";

static const double joules_per_microjoule = 1e-6;
/* Between 8 ms and 2.6 s as the sampling rate is set; the true time is learnt while reading. */
static const double refresh_seconds = 2.6;

/* What rails feed, by a part of their names. Rails that feed other rails are left out, or they would count twice. */
static const struct group {
    const char *channel;
    enum energy_scope scope;
    bool whole;
    const char *parts[4];
} groups[] = {
    {"odpm-cpu", SCOPE_CORE, true, {"VDD_CPUCL"}},
    {"odpm-memory", SCOPE_DEVICE, false, {"VDDQ_MEM", "VDD2L", "VDD2H_MEM"}},
    {"odpm-gpu", SCOPE_DEVICE, false, {"VDD_G3D"}},
    {"odpm-tpu", SCOPE_DEVICE, false, {"VDD_TPU"}},
};
enum { GROUPS = sizeof groups / sizeof *groups };

struct rail {
    char name[RAIL_NAME_MAX];
    size_t group;
    uint64_t last_uj;
};

struct odpm {
    char *root;
    char paths[MONITORS_MAX][PATH_CAPACITY]; /* of energy_value */
    size_t monitor_count;
    struct rail rails[RAILS_MAX];
    size_t rail_count;
    size_t group_of[GROUPS]; /* by channel */
    uint64_t total_uj[GROUPS];
};

static bool group_of_name(const char *name, size_t *group)
{
    for (*group = 0; *group < GROUPS; ++*group)
        for (size_t i = 0; i < 4 && groups[*group].parts[i]; i++)
            if (strstr(name, groups[*group].parts[i]))
                return true;
    return false;
}

/* A line "CH4(T=473848)[S2M_VDD_CPUCL2], 91822310", or in older kernels "S2M_VDD_CPUCL2, 91822310". False: another line. */
static bool parse_line(const char *line, size_t length, char name[RAIL_NAME_MAX], uint64_t *microjoules)
{
    char text[128], *start = text, *comma, *bracket;

    if (length >= sizeof text)
        return false;
    memcpy(text, line, length);
    text[length] = '\0';
    comma = strrchr(text, ',');
    if (!comma)
        return false;
    *comma++ = '\0';
    bracket = strchr(text, '[');
    if (bracket) {
        start = bracket + 1;
        start[strcspn(start, "]")] = '\0';
    }
    snprintf(name, RAIL_NAME_MAX, "%.*s", RAIL_NAME_MAX - 1, start);
    return *name && tree_parse_u64(comma + strspn(comma, " "), microjoules);
}

static struct rail *find_rail(struct odpm *odpm, const char *name)
{
    for (size_t i = 0; i < odpm->rail_count; i++)
        if (strcmp(odpm->rails[i].name, name) == 0)
            return &odpm->rails[i];
    return NULL;
}

/* Adds what each known rail has moved. While opening, unknown rails of a group become known. */
static enum status take_text(struct odpm *odpm, const char *path, const char *text, bool opening, struct error *error)
{
    enum status status = STATUS_OK;

    for (const char *line = text, *end; *line; line = end + (*end == '\n')) {
        char name[RAIL_NAME_MAX];
        uint64_t now_uj;
        struct rail *rail;
        size_t group;
        end = line + strcspn(line, "\n");
        if (!parse_line(line, (size_t)(end - line), name, &now_uj))
            continue;
        rail = find_rail(odpm, name);
        if (!rail && opening && group_of_name(name, &group) && odpm->rail_count < RAILS_MAX) {
            rail = &odpm->rails[odpm->rail_count++];
            *rail = (struct rail){.group = group, .last_uj = now_uj};
            snprintf(rail->name, sizeof rail->name, "%s", name);
        }
        if (!rail)
            continue;
        if (now_uj >= rail->last_uj)
            odpm->total_uj[rail->group] += now_uj - rail->last_uj;
        else
            status = error_set(error, STATUS_IO, "/%s: the counter of %s was set back; measure again", path, name);
        rail->last_uj = now_uj;
    }
    return status;
}

static enum status read_monitor(struct odpm *odpm, const char *path, bool opening, struct error *error)
{
    char text[4096];
    ssize_t length = tree_read(odpm->root, path, text, sizeof text);

    if (length == -EACCES || length == -EPERM)
        return error_set(error, STATUS_IO, "/%s: no permission; run as root or by adb shell", path);
    if (length <= 0)
        return error_set(error, STATUS_IO, "/%s: %s", path, length ? strerror((int)-length) : "empty");
    return take_text(odpm, path, text, opening, error);
}

static enum status odpm_read(void *state, size_t channel, double *joules, struct error *error)
{
    struct odpm *odpm = state;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < odpm->monitor_count; i++) {
        enum status one = read_monitor(odpm, odpm->paths[i], false, status ? NULL : error);
        status = status ? status : one;
    }
    *joules = (double)odpm->total_uj[odpm->group_of[channel]] * joules_per_microjoule;
    return status;
}

static enum status find_monitors(struct odpm *odpm, struct energy_found *found, struct error *error)
{
    char path[PATH_CAPACITY], name[64];

    for (int i = 0; i < DEVICES_MAX && odpm->monitor_count < MONITORS_MAX; i++) {
        enum status status;
        snprintf(path, sizeof path, "%s/iio:device%d/name", devices, i);
        if (!tree_read_line(odpm->root, path, name, sizeof name) || !strstr(name, "odpm"))
            continue;
        snprintf(odpm->paths[odpm->monitor_count], PATH_CAPACITY, "%s/iio:device%d/energy_value", devices, i);
        status = read_monitor(odpm, odpm->paths[odpm->monitor_count], true, error);
        found->forbidden |= status && strstr(error->text, "no permission") != NULL;
        if (status)
            return status;
        odpm->monitor_count++;
    }
    for (size_t group = 0; group < GROUPS; group++) {
        size_t rails = 0;
        for (size_t i = 0; i < odpm->rail_count; i++)
            rails += odpm->rails[i].group == group;
        if (!rails)
            continue;
        odpm->group_of[found->count] = group;
        found->channels[found->count] = (struct energy_channel){.scope = groups[group].scope,
                                                                .whole = groups[group].whole,
                                                                .step_joules = (double)rails * joules_per_microjoule,
                                                                .refresh_seconds = refresh_seconds};
        snprintf(found->channels[found->count++].name, ENERGY_NAME_MAX, "%s", groups[group].channel);
    }
    if (found->count)
        return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED, "no odpm in /%s", devices);
}

static void odpm_close(void *state)
{
    struct odpm *odpm = state;

    free(odpm->root);
    free(odpm);
}

static enum status odpm_open(void **state, const struct energy_setting *setting, struct energy_found *found,
                             struct error *error)
{
    struct odpm *odpm = calloc(1, sizeof *odpm);
    enum status status;

    if (!odpm || (setting->root && !(odpm->root = strdup(setting->root))))
        status = error_set(error, STATUS_MEMORY, "no memory for the rail monitor");
    else
        status = find_monitors(odpm, found, error);
    if (!status)
        *state = odpm;
    else if (odpm)
        odpm_close(odpm);
    return status;
}

extern const struct energy_ops energy_odpm;
const struct energy_ops energy_odpm = {
    .name = "odpm",
    .summary = "power rails of Pixel phones; /sys/bus/iio/devices/*/energy_value",
    .rank = 60,
    .scope = SCOPE_CORE,
    .open = odpm_open,
    .read = odpm_read,
    .close = odpm_close,
};
