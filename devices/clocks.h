/* Processor clocks: how fast they run, who decides, and how often heat stopped them. */
#ifndef POCKETMARK_DEVICES_CLOCKS_H
#define POCKETMARK_DEVICES_CLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "devices/host.h"

enum { CLOCKS_MAX = 64, CLOCK_TYPES = CORE_LOW_POWER + 1 };

struct clocks {
    const char *root;
    struct clock {
        unsigned cpu;        /* the kernel's number; one thread per core */
        enum core_type type; /* of its core */
        int package;
    } clocks[CLOCKS_MAX]; /* evenly taken from the cores where there are more */
    size_t count;
};

/* Finds the cores of `host`, which is the machine of `root` (NULL: "/", the running one) and need not live longer; root must. */
void clocks_find(struct clocks *clocks, const struct host *host, const char *root);

/* Mean of scaling_cur_freq over the cores of each type. NaN: no such cores, or they do not tell (as in most virtual machines). */
void clocks_read_hertz(const struct clocks *clocks, double hertz[CLOCK_TYPES]);

/* Thermal throttle events since boot: of the cores, and once for each package, whose count every processor repeats. NaN: there are
 * no such counters (they are Intel's). */
double clocks_throttle_count(const struct clocks *clocks);

/* What decides about clocks. Empty or −1: unknown. */
struct clock_policy {
    char driver[32], governor[32], preference[32]; /* of cpu0; preference: EPP */
    char profile[32];                              /* platform_profile of the firmware */
    int turbo;                                     /* 1 on, 0 off */
    const char *turbo_file, *turbo_on;             /* where it is set, and what to write there; static storage */
    double power_limit_watts;                      /* long-term limit of the first package; NaN: unknown */
};

void clocks_read_policy(struct clock_policy *policy, const char *root);

#endif
