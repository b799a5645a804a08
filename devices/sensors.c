#include "devices/sensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "devices/cgroup.h"
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

    for (const char *line = text; line && *line; line = tree_next_line(line)) {
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

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=123" in microseconds (Linux, accounting/psi). */
static double read_pressure(const char *root, const char *path)
{
    char text[256], *end;
    const char *total = NULL;
    double microseconds;

    if (tree_read(root, path, text, sizeof text) > 0 && strncmp(text, "some ", 5) == 0) {
        text[strcspn(text, "\n")] = '\0';
        total = strstr(text, " total=");
    }
    if (!total || total[7] < '0' || total[7] > '9')
        return NAN;
    microseconds = (double)strtoull(total + 7, &end, 10);
    return *end ? NAN : microseconds * 1e-6;
}

static double read_throttled(const char *root)
{
    int problem;
    char *groups = tree_read_all(root, "proc/self/cgroup", &problem);
    char *mounts = tree_read_all(root, "proc/self/mountinfo", &problem);
    double count = groups ? cgroup_throttled_count(root, groups, mounts) : NAN;

    free(groups);
    free(mounts);
    return count;
}

static double timeval_seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

static double clock_of(clockid_t id)
{
    struct timespec time;

    return clock_gettime(id, &time) == 0 ? (double)time.tv_sec + (double)time.tv_nsec * 1e-9 : NAN;
}

static void read_own(struct sensors *sensors)
{
    struct rusage usage;

    sensors->suspended_seconds = clock_of(CLOCK_BOOTTIME) - clock_of(CLOCK_MONOTONIC);
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return;
    sensors->own_seconds = timeval_seconds(usage.ru_utime) + timeval_seconds(usage.ru_stime);
    sensors->involuntary_switches_count = (double)usage.ru_nivcsw;
    sensors->voluntary_switches_count = (double)usage.ru_nvcsw;
    sensors->major_faults_count = (double)usage.ru_majflt;
}

void sensors_find(struct sensor_set *set, const struct host *host, const char *root)
{
    struct host *recorded = root ? calloc(1, sizeof *recorded) : NULL;
    struct error ignored = {0};

    set->root = root;
    thermal_find(&set->thermal, root);
    set->clocks = (struct clocks){.root = root};
    if (!root)
        clocks_find(&set->clocks, host, NULL);
    else if (recorded && host_read(recorded, root, &ignored) == STATUS_OK)
        clocks_find(&set->clocks, recorded, root);
    free(recorded);
}

void sensors_read(struct sensors *sensors, const struct sensor_set *set)
{
    const char *root = set ? set->root : NULL;

    *sensors = (struct sensors){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    sensors->wall_seconds = clock_seconds(0, clock_now_ns());
    read_processor_times(sensors, root);
    read_own(sensors);
    sensors->cpu_pressure_seconds = read_pressure(root, "proc/pressure/cpu");
    sensors->memory_pressure_seconds = read_pressure(root, "proc/pressure/memory");
    sensors->cgroup_throttled_count = read_throttled(root);
    if (!set)
        return;
    sensors->thermal_throttle_count = clocks_throttle_count(&set->clocks);
    sensors->processor_celsius = thermal_processor_celsius(&set->thermal, NULL);
}

/* Counters tick in steps of 10 ms, so that a difference can come out just below nothing. */
static double share(double seconds, double of_seconds)
{
    if (isnan(seconds) || !(of_seconds > 0))
        return NAN;
    return seconds > 0 ? seconds / of_seconds : 0;
}

/* Of a counter that never falls. */
static double risen(double before, double after)
{
    return after >= before ? after - before : NAN;
}

/* Not above 1: the kernel's clock and ours are read one after the other. */
static double waited(double before, double after, double seconds)
{
    double ratio = share(risen(before, after), seconds);

    return ratio > 1 ? 1 : ratio;
}

struct noise sensors_noise(const struct sensors *before, const struct sensors *after)
{
    double seconds = after->wall_seconds - before->wall_seconds, wall = seconds * after->processors;
    double steal = after->steal_seconds - before->steal_seconds;
    double busy = after->busy_seconds - before->busy_seconds;
    double own = after->own_seconds - before->own_seconds;
    double suspended = after->suspended_seconds - before->suspended_seconds;

    return (struct noise){
        .steal_ratio = share(steal, wall),
        .foreign_load_ratio = share(busy - steal - own, wall),
        .involuntary_switches_count = after->involuntary_switches_count - before->involuntary_switches_count,
        .major_faults_count = after->major_faults_count - before->major_faults_count,
        .cpu_pressure_ratio = waited(before->cpu_pressure_seconds, after->cpu_pressure_seconds, seconds),
        .memory_pressure_ratio = waited(before->memory_pressure_seconds, after->memory_pressure_seconds, seconds),
        .cgroup_throttled_count = risen(before->cgroup_throttled_count, after->cgroup_throttled_count),
        .clock_drift_ratio = fabs(after->clock_hertz - before->clock_hertz) / before->clock_hertz,
        .thermal_throttle_count = risen(before->thermal_throttle_count, after->thermal_throttle_count),
        .temperature_rise_celsius = after->processor_celsius - before->processor_celsius,
        /* the two clocks are not read in one moment */
        .suspended_seconds = suspended < 0.001 ? 0 : suspended,
    };
}
