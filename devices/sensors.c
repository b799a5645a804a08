#include "devices/sensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "devices/clock.h"
#include "devices/tree.h"

/* Fields of a "cpu" line of /proc/stat (Linux, proc_stat(5)). Guest time is inside user time already. */
enum { FIELD_USER, FIELD_NICE, FIELD_SYSTEM, FIELD_IDLE, FIELD_IOWAIT, FIELD_IRQ, FIELD_SOFTIRQ, FIELD_STEAL, FIELDS };

/* Fills the ticks that the line has; returns how many. A field that is no number ends the line. */
static size_t parse_ticks(const char *line, double ticks[FIELDS])
{
    size_t count = 0;

    while (count < FIELDS) {
        char *end;

        line += strspn(line, " ");
        if (*line < '0' || *line > '9')
            break;
        ticks[count++] = (double)strtoull(line, &end, 10);
        line = end;
    }
    return count;
}

static void read_processor_times(struct sensors *sensors, const char *root)
{
    double ticks[FIELDS], processors = 0, per_second = (double)sysconf(_SC_CLK_TCK);
    int problem;
    char *text = tree_read_all(root, "proc/stat", &problem);
    size_t count = 0;

    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        if (strncmp(line, "cpu ", 4) == 0)
            count = parse_ticks(line + 4, ticks);
        else if (strncmp(line, "cpu", 3) == 0 && line[3] >= '0' && line[3] <= '9')
            processors++;
    }
    free(text);
    if (processors > 0)
        sensors->processors = processors;
    if (count > FIELD_STEAL) {
        sensors->steal_seconds = ticks[FIELD_STEAL] / per_second;
        sensors->busy_seconds = (ticks[FIELD_USER] + ticks[FIELD_NICE] + ticks[FIELD_SYSTEM] + ticks[FIELD_IRQ] +
                                 ticks[FIELD_SOFTIRQ] + ticks[FIELD_STEAL]) /
                                per_second;
    }
}

static double timeval_seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

void sensors_read(struct sensors *sensors, const char *root)
{
    struct rusage usage;

    *sensors = (struct sensors){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    sensors->wall_seconds = clock_seconds(0, clock_now_ns());
    read_processor_times(sensors, root);
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        sensors->own_seconds = timeval_seconds(usage.ru_utime) + timeval_seconds(usage.ru_stime);
        sensors->involuntary_switches_count = (double)usage.ru_nivcsw;
        sensors->voluntary_switches_count = (double)usage.ru_nvcsw;
        sensors->major_faults_count = (double)usage.ru_majflt;
    }
}

/* Counters tick in steps of 10 ms, so that a difference can come out just below nothing. */
static double share(double seconds, double of_seconds)
{
    if (isnan(seconds) || !(of_seconds > 0))
        return NAN;
    return seconds > 0 ? seconds / of_seconds : 0;
}

struct noise sensors_noise(const struct sensors *before, const struct sensors *after)
{
    double wall = (after->wall_seconds - before->wall_seconds) * after->processors;
    double steal = after->steal_seconds - before->steal_seconds;
    double busy = after->busy_seconds - before->busy_seconds;
    double own = after->own_seconds - before->own_seconds;

    return (struct noise){
        .steal_ratio = share(steal, wall),
        .foreign_load_ratio = share(busy - steal - own, wall),
        .involuntary_switches_count = after->involuntary_switches_count - before->involuntary_switches_count,
        .major_faults_count = after->major_faults_count - before->major_faults_count,
        .cpu_pressure_ratio = NAN,
        .memory_pressure_ratio = NAN,
        .cgroup_throttled_count = NAN,
        .clock_drift_ratio = NAN,
        .thermal_throttle_count = NAN,
        .temperature_rise_celsius = NAN,
        .suspended_seconds = NAN,
    };
}
