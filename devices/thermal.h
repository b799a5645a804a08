/* Heat: temperature sensors, and what the kernel does against it. */
#ifndef POCKETMARK_DEVICES_THERMAL_H
#define POCKETMARK_DEVICES_THERMAL_H

#include <stdbool.h>
#include <stddef.h>

enum { THERMAL_SENSORS_MAX = 64, THERMAL_BRAKES_MAX = 32, THERMAL_PATH_MAX = 96, THERMAL_NAME_MAX = 48 };

struct thermal_sensor {
    char name[THERMAL_NAME_MAX];   /* "coretemp Package id 0", "x86_pkg_temp" */
    char source[THERMAL_PATH_MAX]; /* the file, relative to the root */
    unsigned rank;                 /* how well it stands for the processor: 1 best, 0 not at all */
    double limit_celsius;          /* where the system begins to slow down or says that it is hot; NaN: unknown */
};

/* Something that the kernel slows down because of heat: a cooling device that is no fan. */
struct thermal_brake {
    char name[THERMAL_NAME_MAX], source[THERMAL_PATH_MAX];
    double most; /* its state when it brakes hardest */
};

struct thermal {
    const char *root;
    struct thermal_sensor sensors[THERMAL_SENSORS_MAX];
    struct thermal_brake brakes[THERMAL_BRAKES_MAX];
    size_t sensor_count, brake_count;
    unsigned rank; /* of the sensors that stand for the processor: the best there is; 0: none */
};

/* Finds what there is below sys/class/hwmon and sys/class/thermal. root NULL: "/"; it must outlive the struct. */
void thermal_find(struct thermal *thermal, const char *root);

/* One sensor. NaN where it cannot be read, and outside of −40 to 150 °C: blocks without power tell −256. */
double thermal_read_celsius(const struct thermal *thermal, size_t sensor);

/* The hottest of those that stand for the processor. NaN: none can be read. *sensor, unless NULL, is which one. */
double thermal_processor_celsius(const struct thermal *thermal, size_t *sensor);

/* How hard the kernel brakes: the largest state of a cooling device over its most. 0: not at all; NaN: no such device. */
double thermal_brake_ratio(const struct thermal *thermal);

#endif
