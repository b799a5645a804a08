/* What disturbed a measurement: stolen time, foreign load, waiting, switches, faults, heat. Readings are cumulative; take two and
 * subtract. */
#ifndef POCKETMARK_DEVICES_SENSORS_H
#define POCKETMARK_DEVICES_SENSORS_H

#include "devices/clocks.h"
#include "devices/thermal.h"
#include "kernels/base.h"

/* Where to read; found once. */
struct sensor_set {
    const char *root;
    struct thermal thermal;
    struct clocks clocks;
};

/* root NULL: the running machine, which `host` describes; else a recorded one, whose own topology is read and `host` ignored. Not
 * while other threads run. root must outlive the set. */
void sensors_find(struct sensor_set *set, const struct host *host, const char *root);

/* Cumulative since boot or process start, the last two as they are now. Unknown is NaN. */
struct sensors {
    double wall_seconds;  /* monotonic */
    double steal_seconds; /* all processors, /proc/stat */
    double busy_seconds;  /* all processors, everything but idle and iowait; stolen time is in it */
    double own_seconds;   /* user + system time of this process */
    double processors;    /* online */
    double involuntary_switches_count, voluntary_switches_count, major_faults_count; /* getrusage, this process */
    double cpu_pressure_seconds, memory_pressure_seconds;                            /* some task waited (PSI) */
    double cgroup_throttled_count, thermal_throttle_count;
    double suspended_seconds;
    double processor_celsius;
    double
        clock_hertz; /* sensors_read leaves it NaN: a clock tells something only while work goes on, see runner/sampler.h */
};

/* Own times, switches and suspension are always live. set NULL: nothing else than /proc of the running machine. */
void sensors_read(struct sensors *sensors, const struct sensor_set *set);

/* What happened between two readings; NaN: unknown. */
struct noise {
    double steal_ratio;        /* stolen processor time over wall time × processors */
    double foreign_load_ratio; /* busy time that was neither ours nor stolen, likewise */
    double involuntary_switches_count, major_faults_count;
    double cpu_pressure_ratio, memory_pressure_ratio; /* share of wall time in which some task waited (PSI) */
    double cgroup_throttled_count;                    /* periods in which a quota stopped us */
    double clock_drift_ratio;        /* |change| of the mean processor frequency ÷ the frequency before */
    double thermal_throttle_count;   /* throttle events, cores and packages */
    double temperature_rise_celsius; /* of the processor's hottest sensor; below 0 where it cooled down */
    double suspended_seconds;        /* boot time less monotonic time */
};

/* A counter that fell, because it was reset or a processor went away, tells nothing: NaN. */
struct noise sensors_noise(const struct sensors *before, const struct sensors *after);

#endif
