/* Power and energy that drivers show under /sys/class/hwmon (Documentation/hwmon/sysfs-interface.rst): INA3221 rails of boards,
 * ACPI power meters of servers, graphics and neural processors. Chips and rails are told by name and label, never by number. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/energy.h"
#include "devices/tree.h"

enum { FOLDERS_MAX = 64, INPUTS_MAX = 8, RAILS_MAX = 12, LABEL_MAX = 24, PATH_CAPACITY = 160 };

static const char hwmon[] = "sys/class/hwmon";

static const double joules_per_microjoule = 1e-6, watts_per_microwatt = 1e-6;
/* mA × mV */
static const double watts_per_square_milli = 1e-6;
/* Drivers average over a tenth of a second or less, where they do not tell their interval. */
static const double usual_refresh_seconds = 0.1;
/* Shunts of 0.5 to 1 %. */
static const double shunt_error_ratio = 0.01;

/* The chip that measures what the whole machine takes (drivers/hwmon/acpi_power_meter.c); all others measure one device, or nobody
 * knows what. */
static const char whole_chip[] = "power_meter";

/* Rails through which all others are fed: Orin NX and Nano; older modules. */
static const char *const total_rails[] = {"VDD_IN", "POM_5V_IN"};

enum input_kind { INPUT_ENERGY, INPUT_POWER, INPUT_RAIL, INPUT_SUM };

struct input {
    enum input_kind kind;
    char path[PATH_CAPACITY];  /* energy, power; rail: of the current */
    char volts[PATH_CAPACITY]; /* rail only */
    uint64_t first_uj, last_uj;
};

struct hwmon {
    char *root;
    struct input inputs[ENERGY_CHANNELS_MAX]; /* one per channel */
    struct input rails[RAILS_MAX];
    char rail_labels[RAILS_MAX][LABEL_MAX];
    double rail_refresh_seconds;
    size_t rail_count, refused;
};

static enum status refuse(const char *path, int problem, struct error *error)
{
    if (problem == -EACCES || problem == -EPERM)
        return error_set(error, STATUS_IO, "/%s: no permission; run as root", path);
    return error_set(error, STATUS_IO, "/%s: %s", path, problem == -EINVAL ? "not a number" : strerror(-problem));
}

/* Currents may flow back: a rail that feeds itself into another. */
static int read_signed(const char *root, const char *path, double *value)
{
    char text[64];
    ssize_t length = tree_read(root, path, text, sizeof text);
    uint64_t size;

    if (length < 0)
        return (int)length;
    if (strlen(text) != (size_t)length || !tree_parse_u64(text + (*text == '-'), &size))
        return -EINVAL;
    *value = *text == '-' ? -(double)size : (double)size;
    return 0;
}

static enum status read_rail(const struct hwmon *state, const struct input *rail, double *watts, struct error *error)
{
    double milliamperes, millivolts;
    int problem = read_signed(state->root, rail->path, &milliamperes);

    if (problem)
        return refuse(rail->path, problem, error);
    problem = read_signed(state->root, rail->volts, &millivolts);
    if (problem)
        return refuse(rail->volts, problem, error);
    *watts = milliamperes * millivolts * watts_per_square_milli;
    return STATUS_OK;
}

static enum status read_energy(const struct hwmon *state, struct input *input, double *joules, struct error *error)
{
    uint64_t now_uj, before_uj = input->last_uj;
    int problem = tree_read_u64(state->root, input->path, &now_uj);

    if (problem)
        return refuse(input->path, problem, error);
    input->last_uj = now_uj;
    if (now_uj < before_uj) {
        input->first_uj = now_uj - (before_uj - input->first_uj);
        return error_set(error, STATUS_IO, "/%s: the counter was set back; measure again", input->path);
    }
    *joules = (double)(now_uj - input->first_uj) * joules_per_microjoule;
    return STATUS_OK;
}

static enum status hwmon_read(void *context, size_t channel, double *value, struct error *error)
{
    struct hwmon *state = context;
    struct input *input = &state->inputs[channel];
    enum status status = STATUS_OK;
    int problem;

    *value = 0;
    switch (input->kind) {
    case INPUT_ENERGY:
        return read_energy(state, input, value, error);
    case INPUT_RAIL:
        return read_rail(state, input, value, error);
    case INPUT_SUM:
        for (size_t i = 0; i < state->rail_count && !status; i++) {
            double watts = 0;
            status = read_rail(state, &state->rails[i], &watts, error);
            *value += watts;
        }
        return status;
    case INPUT_POWER:
        break;
    }
    problem = read_signed(state->root, input->path, value);
    *value *= watts_per_microwatt;
    return problem ? refuse(input->path, problem, error) : STATUS_OK;
}

static bool is_taken(const struct energy_found *found, const char *name)
{
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->channels[i].name, name) == 0)
            return true;
    return false;
}

/* "hwmon-amdgpu-PPT": signs that a name cannot hold become '-'. A second one of that name is numbered. */
static void name_channel(const struct energy_found *found, char name[ENERGY_NAME_MAX], const char *chip,
                         const char *label)
{
    int length =
        snprintf(name, ENERGY_NAME_MAX, "hwmon%s%.16s%s%.16s", *chip ? "-" : "", chip, *label ? "-" : "", label);

    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_')
            *c = '-';
    for (int number = 2; is_taken(found, name) && number < 100; number++)
        snprintf(name + length, (size_t)(ENERGY_NAME_MAX - length), "-%d", number);
}

/* Adds a channel if it can be read. */
static void add_input(struct hwmon *state, struct energy_found *found, const struct input *input,
                      struct energy_channel channel, const char *chip, const char *label)
{
    struct error error = {.text = ""};
    double value;

    if (found->count == ENERGY_CHANNELS_MAX)
        return;
    state->inputs[found->count] = *input;
    if (input->kind == INPUT_ENERGY) {
        int problem = tree_read_u64(state->root, input->path, &state->inputs[found->count].first_uj);
        state->inputs[found->count].last_uj = state->inputs[found->count].first_uj;
        found->forbidden |= problem == -EACCES;
        state->refused += problem != 0;
        if (problem)
            return;
    } else if (hwmon_read(state, found->count, &value, &error)) {
        found->forbidden |= strstr(error.text, "no permission") != NULL;
        state->refused++;
        return;
    }
    name_channel(found, channel.name, chip, label);
    found->channels[found->count++] = channel;
}

/* ---- INA3221: volts and amperes of up to three rails ---------------------------------------------------------------- */

static void add_rails(struct hwmon *state, const char *folder)
{
    char path[PATH_CAPACITY], label[LABEL_MAX];
    uint64_t interval_ms;

    snprintf(path, sizeof path, "%s/%s/update_interval", hwmon, folder);
    if (tree_read_u64(state->root, path, &interval_ms) == 0 && interval_ms <= 10000 &&
        (double)interval_ms * 1e-3 > state->rail_refresh_seconds)
        state->rail_refresh_seconds = (double)interval_ms * 1e-3;
    for (int i = 1; i <= 3 && state->rail_count < RAILS_MAX; i++) {
        struct input *rail = &state->rails[state->rail_count];
        snprintf(path, sizeof path, "%s/%s/in%d_label", hwmon, folder, i);
        if (!tree_read_line(state->root, path, label, sizeof label) || strcmp(label, "NC") == 0)
            continue; /* not connected */
        rail->kind = INPUT_RAIL;
        snprintf(rail->path, sizeof rail->path, "%s/%s/curr%d_input", hwmon, folder, i);
        snprintf(rail->volts, sizeof rail->volts, "%s/%s/in%d_input", hwmon, folder, i);
        snprintf(state->rail_labels[state->rail_count++], LABEL_MAX, "%s", label);
    }
}

static bool is_total(const char *label)
{
    for (size_t i = 0; i < sizeof total_rails / sizeof *total_rails; i++)
        if (strcmp(label, total_rails[i]) == 0)
            return true;
    return false;
}

/* The rail that feeds all others stands for the board, or where there is none the sum of all; the others are parts of it. */
static void make_rail_channels(struct hwmon *state, struct energy_found *found)
{
    struct energy_channel board = {.scope = SCOPE_BOARD,
                                   .whole = true,
                                   .power = true,
                                   .refresh_seconds = state->rail_refresh_seconds,
                                   .gain_ratio = shunt_error_ratio},
                          part = board;
    size_t total = 0;

    if (!state->rail_count)
        return;
    part.whole = false;
    while (total < state->rail_count && !is_total(state->rail_labels[total]))
        total++;
    if (total < state->rail_count)
        add_input(state, found, &state->rails[total], board, "", state->rail_labels[total]);
    else
        add_input(state, found, &(struct input){.kind = INPUT_SUM}, board, "", "rails");
    for (size_t i = 0; i < state->rail_count; i++)
        if (i != total)
            add_input(state, found, &state->rails[i], part, "", state->rail_labels[i]);
}

/* ---- chips that tell power or energy themselves ----------------------------------------------------------------------- */

/* The file of the input of that number, energy before power, and what is known of it. False: there is none. */
static bool find_input(const struct hwmon *state, const char *folder, int number, struct input *input,
                       struct energy_channel *channel)
{
    static const struct {
        const char *form;
        enum input_kind kind;
    } files[] = {{"%s/%s/energy%d_input", INPUT_ENERGY},
                 {"%s/%s/power%d_average", INPUT_POWER},
                 {"%s/%s/power%d_input", INPUT_POWER}};
    char path[PATH_CAPACITY];
    uint64_t interval_ms;

    *channel = (struct energy_channel){.scope = SCOPE_DEVICE, .refresh_seconds = usual_refresh_seconds};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(input->path, sizeof input->path, files[i].form, hwmon, folder, number);
        if (!tree_exists(state->root, input->path))
            continue;
        input->kind = files[i].kind;
        channel->power = input->kind == INPUT_POWER;
        channel->step_joules = channel->power ? 0 : joules_per_microjoule;
        snprintf(path, sizeof path, "%s/%s/power%d_average_interval", hwmon, folder, number);
        if (channel->power && tree_read_u64(state->root, path, &interval_ms) == 0 && interval_ms)
            channel->refresh_seconds = (double)interval_ms * 1e-3;
        return true;
    }
    return false;
}

static void add_chip(struct hwmon *state, struct energy_found *found, const char *folder, const char *chip)
{
    for (int i = 1; i <= INPUTS_MAX; i++) {
        struct input input;
        struct energy_channel channel;
        char path[PATH_CAPACITY], label[LABEL_MAX];
        if (!find_input(state, folder, i, &input, &channel))
            continue;
        if (strcmp(chip, whole_chip) == 0) {
            channel.scope = SCOPE_BOARD;
            channel.whole = true;
        }
        snprintf(path, sizeof path, "%s/%s/%s%d_label", hwmon, folder, channel.power ? "power" : "energy", i);
        if (!tree_read_line(state->root, path, label, sizeof label))
            snprintf(label, sizeof label, "%d", i);
        add_input(state, found, &input, channel, chip, label);
    }
}

/* ---- all chips ---------------------------------------------------------------------------------------------------------- */

/* Rails first, then what measures the whole machine, then devices. */
enum pass { PASS_RAILS, PASS_WHOLE, PASS_DEVICES, PASSES };

static void take_folder(struct hwmon *state, struct energy_found *found, int number, enum pass pass)
{
    char folder[24], path[PATH_CAPACITY], name[32];
    enum pass own;

    snprintf(folder, sizeof folder, "hwmon%d", number);
    snprintf(path, sizeof path, "%s/%s/name", hwmon, folder);
    if (!tree_read_line(state->root, path, name, sizeof name))
        return;
    own = strcmp(name, "ina3221") == 0 ? PASS_RAILS : strcmp(name, whole_chip) == 0 ? PASS_WHOLE : PASS_DEVICES;
    if (own != pass)
        return;
    if (pass == PASS_RAILS) {
        add_rails(state, folder);
        return;
    }
    /* batteries and chargers are shown here once more */
    snprintf(path, sizeof path, "sys/class/power_supply/%s", name);
    if (!tree_exists(state->root, path))
        add_chip(state, found, folder, name);
}

static enum status find_inputs(struct hwmon *state, struct energy_found *found, struct error *error)
{
    state->rail_refresh_seconds = usual_refresh_seconds;
    for (enum pass pass = PASS_RAILS; pass < PASSES; pass++) {
        for (int i = 0; i < FOLDERS_MAX; i++)
            take_folder(state, found, i, pass);
        if (pass == PASS_RAILS)
            make_rail_channels(state, found);
    }
    if (found->count)
        return STATUS_OK;
    if (found->forbidden)
        return error_set(error, STATUS_IO, "/%s: no permission to read power or energy; run as root", hwmon);
    if (state->refused)
        return error_set(error, STATUS_IO, "/%s: what is there of power and energy cannot be read", hwmon);
    return error_set(error, STATUS_UNSUPPORTED, "no power or energy in /%s", hwmon);
}

static void hwmon_close(void *context)
{
    struct hwmon *state = context;

    free(state->root);
    free(state);
}

static enum status hwmon_open(void **context, const struct energy_setting *setting, struct energy_found *found,
                              struct error *error)
{
    struct hwmon *state = calloc(1, sizeof *state);
    enum status status;

    if (!state || (setting->root && !(state->root = strdup(setting->root))))
        status = error_set(error, STATUS_MEMORY, "no memory for the power sensors");
    else
        status = find_inputs(state, found, error);
    if (!status)
        *context = state;
    else if (state)
        hwmon_close(state);
    return status;
}

extern const struct energy_ops energy_hwmon;
const struct energy_ops energy_hwmon = {
    .name = "hwmon",
    .summary = "power sensors of boards (INA3221), servers, graphics and neural processors; /sys/class/hwmon",
    .rank = 30,
    .scope = SCOPE_BOARD,
    .open = hwmon_open,
    .read = hwmon_read,
    .close = hwmon_close,
};
