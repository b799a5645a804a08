#include "devices/thermal.h"

#include <fnmatch.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/tree.h"

#define CELSIUS_LEAST (-40.0)
#define CELSIUS_MOST  150.0
/* A sensor that knows only where it gives up is called hot this much earlier. */
#define CRITICAL_MARGIN_CELSIUS 10.0

enum { TRIPS_MAX = 12, FOLDER_MAX = 32, INPUTS_MAX = 32 };

/* Names of sensors that stand for the processor, the best first; zones by their type, chips of hwmon by "name label". */
static unsigned rank_of(const char *name)
{
    static const struct {
        const char *pattern;
        unsigned rank;
    } table[] = {
        {"coretemp Package id *", 1},
        {"coretemp Physical id *", 1},
        {"k10temp Tctl", 1},
        {"zenpower Tdie", 1},
        {"k8temp*", 2},
        {"x86_pkg_temp", 2},
        {"cpu_thermal*", 2},
        {"cpu-thermal*", 2},
        {"cpu[0-9]*thermal*", 2},
        {"cpuss*", 2},
        {"bigcore*", 2},
        {"littlecore*", 2},
        {"BIG", 2},
        {"MID", 2},
        {"LITTLE", 2},
        {"TCPU*", 2},
        {"coretemp Core *", 3},
        {"k10temp*", 3},
        {"soc-thermal*", 4},
        {"soc_thermal*", 4},
        {"soc[0-9]-thermal*", 4},
        {"package-thermal*", 4},
        {"scpi_sensors*", 4},
        {"acpitz*", 5},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (fnmatch(table[i].pattern, name, 0) == 0)
            return table[i].rank;
    return 0;
}

/* Millidegrees; NaN for anything else, and for what no chip that works has. */
static double read_celsius(const char *root, const char *path)
{
    char text[32], *end;
    double celsius;

    if (!tree_read_line(root, path, text, sizeof text))
        return NAN;
    celsius = (double)strtoll(text, &end, 10) / 1000;
    return *end || celsius < CELSIUS_LEAST || celsius > CELSIUS_MOST ? NAN : celsius;
}

static double read_limit(const char *root, const char *path)
{
    double celsius = read_celsius(root, path);

    return celsius > 0 ? celsius : NAN;
}

static struct thermal_sensor *add_sensor(struct thermal *thermal, const char *source)
{
    struct thermal_sensor *sensor;

    if (thermal->sensor_count == THERMAL_SENSORS_MAX)
        return NULL;
    sensor = &thermal->sensors[thermal->sensor_count++];
    *sensor = (struct thermal_sensor){.limit_celsius = NAN};
    snprintf(sensor->source, sizeof sensor->source, "%s", source);
    return sensor;
}

static void rank_sensor(struct thermal *thermal, struct thermal_sensor *sensor)
{
    sensor->rank = rank_of(sensor->name);
    if (sensor->rank && (!thermal->rank || sensor->rank < thermal->rank))
        thermal->rank = sensor->rank;
}

/* The first of the names in that folder, in the order of their numbers, so that two readings find the same. */
static size_t list_folder(const char *root, const char *folder, const char *prefix, unsigned *numbers, size_t capacity)
{
    int problem;
    DIR *open = tree_open_folder(root, folder, &problem);
    struct dirent *entry;
    size_t count = 0, length = strlen(prefix);

    while (open && count < capacity && (entry = readdir(open))) {
        uint64_t number;
        size_t at;
        if (strncmp(entry->d_name, prefix, length) != 0 || !tree_parse_u64(entry->d_name + length, &number) ||
            number > 99999)
            continue;
        for (at = count++; at && numbers[at - 1] > number; at--)
            numbers[at] = numbers[at - 1];
        numbers[at] = (unsigned)number;
    }
    if (open)
        closedir(open);
    return count;
}

/* ---- hwmon ------------------------------------------------------------------------------------------------------------ */

static void find_input(struct thermal *thermal, unsigned chip, const char *name, unsigned input)
{
    char path[THERMAL_PATH_MAX], label[THERMAL_NAME_MAX];
    struct thermal_sensor *sensor;
    double critical;

    snprintf(path, sizeof path, "sys/class/hwmon/hwmon%u/temp%u_input", chip, input);
    if (isnan(read_celsius(thermal->root, path)))
        return;
    sensor = add_sensor(thermal, path);
    if (!sensor)
        return;
    snprintf(path, sizeof path, "sys/class/hwmon/hwmon%u/temp%u_label", chip, input);
    tree_read_line(thermal->root, path, label, sizeof label);
    snprintf(sensor->name, sizeof sensor->name, "%.20s%s%.26s", name, *label ? " " : "", label);
    snprintf(path, sizeof path, "sys/class/hwmon/hwmon%u/temp%u_max", chip, input);
    sensor->limit_celsius = read_limit(thermal->root, path);
    snprintf(path, sizeof path, "sys/class/hwmon/hwmon%u/temp%u_crit", chip, input);
    critical = read_limit(thermal->root, path) - CRITICAL_MARGIN_CELSIUS;
    sensor->limit_celsius = fmin(sensor->limit_celsius, critical);
    rank_sensor(thermal, sensor);
}

static void find_chips(struct thermal *thermal)
{
    unsigned chips[FOLDER_MAX];
    size_t count = list_folder(thermal->root, "sys/class/hwmon", "hwmon", chips, FOLDER_MAX);

    for (size_t i = 0; i < count; i++) {
        char path[THERMAL_PATH_MAX], name[THERMAL_NAME_MAX];
        snprintf(path, sizeof path, "sys/class/hwmon/hwmon%u/name", chips[i]);
        if (!tree_read_line(thermal->root, path, name, sizeof name))
            continue;
        for (unsigned input = 1; input <= INPUTS_MAX; input++)
            find_input(thermal, chips[i], name, input);
    }
}

/* ---- zones and cooling devices ---------------------------------------------------------------------------------------- */

/* Of the zone's trip points: passive ones slow the processor down, hot and critical ones are the end. */
static double zone_limit(const char *root, unsigned zone)
{
    double limit = NAN;

    for (unsigned trip = 0; trip < TRIPS_MAX; trip++) {
        char path[THERMAL_PATH_MAX], type[32];
        double celsius;
        snprintf(path, sizeof path, "sys/class/thermal/thermal_zone%u/trip_point_%u_type", zone, trip);
        if (!tree_read_line(root, path, type, sizeof type))
            break;
        snprintf(path, sizeof path, "sys/class/thermal/thermal_zone%u/trip_point_%u_temp", zone, trip);
        celsius = read_limit(root, path);
        if (strcmp(type, "passive") == 0)
            limit = fmin(limit, celsius);
        else if (strcmp(type, "hot") == 0 || strcmp(type, "critical") == 0)
            limit = fmin(limit, celsius - CRITICAL_MARGIN_CELSIUS);
    }
    return limit;
}

static void find_zones(struct thermal *thermal)
{
    unsigned zones[THERMAL_SENSORS_MAX];
    size_t count = list_folder(thermal->root, "sys/class/thermal", "thermal_zone", zones, THERMAL_SENSORS_MAX);

    for (size_t i = 0; i < count; i++) {
        char path[THERMAL_PATH_MAX], type[THERMAL_NAME_MAX];
        struct thermal_sensor *sensor;
        snprintf(path, sizeof path, "sys/class/thermal/thermal_zone%u/type", zones[i]);
        if (!tree_read_line(thermal->root, path, type, sizeof type))
            continue;
        snprintf(path, sizeof path, "sys/class/thermal/thermal_zone%u/temp", zones[i]);
        if (isnan(read_celsius(thermal->root, path)) || !(sensor = add_sensor(thermal, path)))
            continue;
        snprintf(sensor->name, sizeof sensor->name, "%s", type);
        sensor->limit_celsius = zone_limit(thermal->root, zones[i]);
        rank_sensor(thermal, sensor);
    }
}

static void find_brakes(struct thermal *thermal)
{
    unsigned devices[THERMAL_SENSORS_MAX];
    size_t count = list_folder(thermal->root, "sys/class/thermal", "cooling_device", devices, THERMAL_SENSORS_MAX);

    for (size_t i = 0; i < count && thermal->brake_count < THERMAL_BRAKES_MAX; i++) {
        struct thermal_brake *brake = &thermal->brakes[thermal->brake_count];
        char path[THERMAL_PATH_MAX];
        uint64_t most;
        snprintf(path, sizeof path, "sys/class/thermal/cooling_device%u/type", devices[i]);
        if (!tree_read_line(thermal->root, path, brake->name, sizeof brake->name) ||
            (fnmatch("[Pp]rocessor*", brake->name, 0) != 0 && fnmatch("*cpu*", brake->name, 0) != 0))
            continue;
        snprintf(path, sizeof path, "sys/class/thermal/cooling_device%u/max_state", devices[i]);
        if (tree_read_u64(thermal->root, path, &most) != 0 || !most)
            continue;
        brake->most = (double)most;
        snprintf(brake->source, sizeof brake->source, "sys/class/thermal/cooling_device%u/cur_state", devices[i]);
        thermal->brake_count++;
    }
}

void thermal_find(struct thermal *thermal, const char *root)
{
    *thermal = (struct thermal){.root = root};
    find_chips(thermal);
    find_zones(thermal);
    find_brakes(thermal);
}

double thermal_read_celsius(const struct thermal *thermal, size_t sensor)
{
    return read_celsius(thermal->root, thermal->sensors[sensor].source);
}

double thermal_processor_celsius(const struct thermal *thermal, size_t *sensor)
{
    double hottest = NAN;

    for (size_t i = 0; i < thermal->sensor_count; i++) {
        double celsius;
        if (!thermal->rank || thermal->sensors[i].rank != thermal->rank)
            continue;
        celsius = thermal_read_celsius(thermal, i);
        if (isnan(celsius) || celsius <= hottest)
            continue;
        hottest = celsius;
        if (sensor)
            *sensor = i;
    }
    return hottest;
}

double thermal_brake_ratio(const struct thermal *thermal)
{
    double ratio = NAN;

    for (size_t i = 0; i < thermal->brake_count; i++) {
        uint64_t state;
        if (tree_read_u64(thermal->root, thermal->brakes[i].source, &state) == 0)
            ratio = fmax(ratio, fmin((double)state / thermal->brakes[i].most, 1));
    }
    return ratio;
}
