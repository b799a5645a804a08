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

/* What happened between two readings. */
struct noise {
    double steal_ratio;        /* stolen processor time over wall time × processors */
    double foreign_load_ratio; /* busy time that was neither ours nor stolen, likewise */
    double involuntary_switches_count, major_faults_count;
};

struct noise sensors_noise(const struct sensors *before, const struct sensors *after);

#endif
