/* What disturbed a measurement: stolen time, foreign load, switches, faults. Readings are cumulative; take two and
 * subtract. */
#ifndef POCKETMARK_DEVICES_SENSORS_H
#define POCKETMARK_DEVICES_SENSORS_H

#include "kernels/base.h"

/* Cumulative since boot or process start. Unknown is NaN. */
struct sensors {
    double wall_seconds;  /* monotonic */
    double steal_seconds; /* all processors, /proc/stat */
    double busy_seconds;  /* all processors, everything but idle and iowait; stolen time is in it */
    double own_seconds;   /* user + system time of this process */
    double processors;    /* online */
    double involuntary_switches_count, voluntary_switches_count, major_faults_count; /* getrusage, this process */
};

/* root NULL: "/". Own times and switches are always live. */
void sensors_read(struct sensors *sensors, const char *root);

/* What happened between two readings; NaN: unknown. */
struct noise {
    double steal_ratio;        /* stolen processor time over wall time × processors */
    double foreign_load_ratio; /* busy time that was neither ours nor stolen, likewise */
    double involuntary_switches_count, major_faults_count;
    double cpu_pressure_ratio, memory_pressure_ratio; /* share of wall time in which some task waited (PSI) */
    double cgroup_throttled_count;                    /* periods in which a quota stopped us */
    double clock_drift_ratio;        /* |change| of the mean processor frequency ÷ the frequency before */
    double thermal_throttle_count;   /* throttle events, cores and packages */
    double temperature_rise_celsius; /* of the hottest sensor */
    double suspended_seconds;        /* boot time less monotonic time */
};

struct noise sensors_noise(const struct sensors *before, const struct sensors *after);

#endif
