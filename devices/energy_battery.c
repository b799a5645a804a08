/* What flows out of the batteries (Documentation/ABI/testing/sysfs-class-power). Only while they discharge and no mains supply is
 * on line: else it is not what the device takes. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/energy.h"
#include "devices/tree.h"

enum { BATTERIES_MAX = 4, SUPPLY_NAME_MAX = 64, PATH_CAPACITY = 160 };

static const char supplies[] = "sys/class/power_supply";

/* Embedded controllers bring their figures up to date every 1 to 30 s; the true time is learnt while reading. */
static const double refresh_seconds = 30;
/* Controllers count in 10 mWh, chips in 1 mAh. */
static const double energy_step_joules = 36, charge_step_coulombs = 3.6;
/* µW; µA × µV; µWh and µAh × µV to joules. */
static const double watts_per_microwatt = 1e-6, watts_per_square_micro = 1e-12, joules_per_microwatt_hour = 3.6e-3,
                    coulombs_per_microampere_hour = 3.6e-3;

enum kind { KIND_NONE, KIND_DIRECT, KIND_TIMES_VOLTAGE };

struct battery {
    char name[SUPPLY_NAME_MAX]; /* "BAT0" */
    enum kind power, store;     /* power_now or current_now; energy_now or charge_now */
    double left;                /* of the store at the last reading: joules, or coulombs */
};

struct batteries {
    char *root;
    struct battery items[BATTERIES_MAX];
    size_t count;
    bool power; /* channel 0 is power, and the store, if there is one, channel 1; else the store is channel 0 */
    double joules;
};

/* A number of either sign: drivers do not agree on the sign of a current that flows out. 0 or a negative errno. */
static int read_size(const struct batteries *batteries, const char *name, const char *file, double *size)
{
    char path[PATH_CAPACITY], text[64];
    const char *digits = text;
    uint64_t value;

    snprintf(path, sizeof path, "%s/%s/%s", supplies, name, file);
    ssize_t length = tree_read(batteries->root, path, text, sizeof text);
    if (length < 0)
        return (int)length;
    digits += *digits == '-';
    if (strlen(text) != (size_t)length || !tree_parse_u64(digits, &value))
        return -EINVAL;
    *size = (double)value;
    return 0;
}

static bool says(const struct batteries *batteries, const char *name, const char *file, const char *word)
{
    char path[PATH_CAPACITY], text[32];

    snprintf(path, sizeof path, "%s/%s/%s", supplies, name, file);
    return tree_read_line(batteries->root, path, text, sizeof text) && strcmp(text, word) == 0;
}

static enum status refuse(const struct battery *battery, const char *file, int problem, struct error *error)
{
    if (problem == -EACCES || problem == -EPERM)
        return error_set(error, STATUS_IO, "/%s/%s/%s: no permission; run as root", supplies, battery->name, file);
    return error_set(error, STATUS_IO, "/%s/%s/%s: %s", supplies, battery->name, file,
                     problem == -EINVAL ? "not a number" : strerror(-problem));
}

/* Product of two files where the second is named, their own value where not. */
static enum status read_product(const struct batteries *batteries, const struct battery *battery, const char *file,
                                const char *other, double *value, struct error *error)
{
    double factor = 1;
    int problem = read_size(batteries, battery->name, file, value);

    if (problem)
        return refuse(battery, file, problem, error);
    if (other && (problem = read_size(batteries, battery->name, other, &factor)))
        return refuse(battery, other, problem, error);
    *value *= factor;
    return STATUS_OK;
}

static enum status read_watts(const struct batteries *batteries, const struct battery *battery, double *watts,
                              struct error *error)
{
    bool direct = battery->power == KIND_DIRECT;
    enum status status = read_product(batteries, battery, direct ? "power_now" : "current_now",
                                      direct ? NULL : "voltage_now", watts, error);

    *watts *= direct ? watts_per_microwatt : watts_per_square_micro;
    return status;
}

/* Joules that have left the battery since the last reading. */
static enum status read_spent(const struct batteries *batteries, struct battery *battery, double *joules,
                              struct error *error)
{
    bool direct = battery->store == KIND_DIRECT;
    double left, microvolts = 1e6, spent;
    enum status status = read_product(batteries, battery, direct ? "energy_now" : "charge_now", NULL, &left, error);

    if (!status && !direct)
        status = read_product(batteries, battery, "voltage_now", NULL, &microvolts, error);
    if (status)
        return status;
    left *= direct ? joules_per_microwatt_hour : coulombs_per_microampere_hour;
    spent = battery->left - left;
    battery->left = left;
    if (spent < 0)
        return error_set(error, STATUS_IO, "/%s/%s: the charge rose while discharging", supplies, battery->name);
    *joules = spent * (microvolts * 1e-6);
    return STATUS_OK;
}

/* Mains that is on line beside a discharging battery carries part of the load. */
static bool on_mains(const struct batteries *batteries)
{
    int problem;
    DIR *folder = tree_open_folder(batteries->root, supplies, &problem);
    bool found = false;

    for (struct dirent *entry; folder && !found && (entry = readdir(folder)) != NULL;)
        found = entry->d_name[0] != '.' && strlen(entry->d_name) < SUPPLY_NAME_MAX &&
                !says(batteries, entry->d_name, "type", "Battery") && says(batteries, entry->d_name, "online", "1");
    if (folder)
        closedir(folder);
    return found;
}

static enum status require_discharge(const struct batteries *batteries, struct error *error)
{
    for (size_t i = 0; i < batteries->count; i++)
        if (!says(batteries, batteries->items[i].name, "status", "Discharging"))
            return error_set(error, STATUS_IO, "/%s/%s is not discharging any more; measure on battery, without mains",
                             supplies, batteries->items[i].name);
    if (on_mains(batteries))
        return error_set(error, STATUS_IO, "mains is on line, and carries part of the load; unplug it");
    return STATUS_OK;
}

static enum status battery_read(void *state, size_t channel, double *value, struct error *error)
{
    struct batteries *batteries = state;
    bool power = batteries->power && channel == 0;
    enum status status = require_discharge(batteries, error);
    double sum = 0;

    for (size_t i = 0; i < batteries->count; i++) {
        double one = 0;
        enum status own = power ? read_watts(batteries, &batteries->items[i], &one, status ? NULL : error)
                                : read_spent(batteries, &batteries->items[i], &one, status ? NULL : error);
        status = status ? status : own;
        sum += one;
    }
    if (!power && !status)
        batteries->joules += sum;
    *value = power ? sum : batteries->joules;
    return status;
}

static bool has(const struct batteries *batteries, const char *name, const char *file)
{
    double size;

    return read_size(batteries, name, file, &size) == 0;
}

/* A battery of the device itself, not of a mouse, that discharges. */
static void add_battery(struct batteries *batteries, const char *name, size_t *idle)
{
    struct battery battery = {.name = ""};
    double left;

    if (strlen(name) >= SUPPLY_NAME_MAX || !says(batteries, name, "type", "Battery") ||
        says(batteries, name, "scope", "Device") || says(batteries, name, "present", "0"))
        return;
    if (!says(batteries, name, "status", "Discharging") || batteries->count == BATTERIES_MAX) {
        ++*idle;
        return;
    }
    snprintf(battery.name, sizeof battery.name, "%.*s", SUPPLY_NAME_MAX - 1, name);
    if (has(batteries, name, "power_now"))
        battery.power = KIND_DIRECT;
    else if (has(batteries, name, "current_now") && has(batteries, name, "voltage_now"))
        battery.power = KIND_TIMES_VOLTAGE;
    if (read_size(batteries, name, "energy_now", &left) == 0) {
        battery.store = KIND_DIRECT;
        battery.left = left * joules_per_microwatt_hour;
    } else if (has(batteries, name, "voltage_now") && read_size(batteries, name, "charge_now", &left) == 0) {
        battery.store = KIND_TIMES_VOLTAGE;
        battery.left = left * coulombs_per_microampere_hour;
    }
    batteries->items[batteries->count++] = battery;
}

/* A channel only where every battery has it. */
static void make_channels(struct batteries *batteries, struct energy_found *found)
{
    bool store = true;
    double step_joules = 0;

    batteries->power = true;
    for (size_t i = 0; i < batteries->count; i++) {
        const struct battery *battery = &batteries->items[i];
        double microvolts = 0;
        batteries->power &= battery->power != KIND_NONE;
        store &= battery->store != KIND_NONE;
        if (battery->store == KIND_TIMES_VOLTAGE)
            read_size(batteries, battery->name, "voltage_now", &microvolts);
        step_joules += microvolts > 0 ? charge_step_coulombs * microvolts * 1e-6 : energy_step_joules;
    }
    if (batteries->power)
        found->channels[found->count++] = (struct energy_channel){.name = "battery",
                                                                  .scope = SCOPE_BATTERY,
                                                                  .whole = true,
                                                                  .power = true,
                                                                  .refresh_seconds = refresh_seconds};
    if (store)
        found->channels[found->count++] = (struct energy_channel){.name = "battery-charge",
                                                                  .scope = SCOPE_BATTERY,
                                                                  .whole = true,
                                                                  .step_joules = step_joules,
                                                                  .refresh_seconds = refresh_seconds};
}

static void battery_close(void *state)
{
    struct batteries *batteries = state;

    free(batteries->root);
    free(batteries);
}

static enum status find_batteries(struct batteries *batteries, struct error *error)
{
    int problem;
    DIR *folder = tree_open_folder(batteries->root, supplies, &problem);
    size_t idle = 0;

    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.')
            add_battery(batteries, entry->d_name, &idle);
    if (folder)
        closedir(folder);
    if (batteries->count)
        return require_discharge(batteries, error);
    if (idle)
        return error_set(error, STATUS_UNSUPPORTED, "the battery does not discharge; unplug mains to measure by it");
    return error_set(error, STATUS_UNSUPPORTED, "none in /%s", supplies);
}

static enum status battery_open(void **state, const struct energy_setting *setting, struct energy_found *found,
                                struct error *error)
{
    struct batteries *batteries = calloc(1, sizeof *batteries);
    enum status status;

    if (!batteries || (setting->root && !(batteries->root = strdup(setting->root)))) {
        status = error_set(error, STATUS_MEMORY, "no memory for the batteries");
        goto out;
    }
    status = find_batteries(batteries, error);
    if (!status)
        make_channels(batteries, found);
    if (!status && !found->count)
        status =
            error_set(error, STATUS_IO, "/%s/%s tells neither power nor charge", supplies, batteries->items[0].name);
    if (status)
        goto out;
    *state = batteries;
    batteries = NULL;
out:
    if (batteries)
        battery_close(batteries);
    return status;
}

extern const struct energy_ops energy_battery;
const struct energy_ops energy_battery = {
    .name = "battery",
    .summary = "what flows out of the batteries while they discharge; /sys/class/power_supply",
    .rank = 50,
    .scope = SCOPE_BATTERY,
    .open = battery_open,
    .read = battery_read,
    .close = battery_close,
};
