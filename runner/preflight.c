#include "runner/preflight.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "devices/sensors.h"
#include "devices/tree.h"

#define WATCH_SECONDS 0.3
/* Processors kept busy by others: the kernel counts in steps of 10 ms, so that less is lost among them. */
#define BUSY_WARNING 0.25
/* Where nothing can be watched: processes that wait or run, and the share of time in which some had to wait. */
#define LOAD_WARNING     0.5
#define PRESSURE_WARNING 0.1
/* More is not usual on a host that is not crowded. */
#define STEAL_NOTABLE        0.05
#define MEMORY_WARNING_RATIO 0.1
#define SWAP_WARNING_RATIO   0.05
/* Closer to its limit a processor soon slows down; without a known limit this is hot for any. */
#define NEAR_LIMIT_CELSIUS 10.0
#define HOT_CELSIUS        85.0

static void find(struct preflight *preflight, bool note, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void find(struct preflight *preflight, bool note, const char *format, ...)
{
    struct preflight_finding *finding;
    va_list arguments;

    if (preflight->count == PREFLIGHT_MAX)
        return;
    finding = &preflight->findings[preflight->count++];
    finding->note = note;
    preflight->warnings += !note;
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof finding->text, format, arguments);
    va_end(arguments);
}

/* Mains if any mains supply is online; battery if one discharges. */
static const char *read_power_source(const char *root)
{
    int problem;
    DIR *folder = tree_open_folder(root, "sys/class/power_supply", &problem);
    struct dirent *entry;
    bool mains = false, battery = false;

    if (!folder)
        return "unknown";
    while ((entry = readdir(folder))) {
        char path[300], text[64];
        uint64_t online;
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "sys/class/power_supply/%s/online", entry->d_name);
        if (tree_read_u64(root, path, &online) == 0 && online)
            mains = true;
        snprintf(path, sizeof path, "sys/class/power_supply/%s/status", entry->d_name);
        if (tree_read_line(root, path, text, sizeof text) && strcmp(text, "Discharging") == 0)
            battery = true;
    }
    closedir(folder);
    return mains ? "mains" : battery ? "battery" : "unknown";
}

/* Share of the last ten seconds: "some avg10=1.25 …" in percent. NaN: unknown. */
static double read_pressure(const char *root)
{
    char line[128];
    double percent;

    return tree_read_line(root, "proc/pressure/cpu", line, sizeof line) && sscanf(line, "some avg10=%lf", &percent) == 1
               ? percent / 100
               : NAN;
}

/* What others do while we do nothing. */
static struct noise watch(void)
{
    const struct timespec time = {.tv_nsec = (long)(WATCH_SECONDS * 1e9)};
    struct sensors before, after;

    sensors_read(&before, NULL);
    nanosleep(&time, NULL);
    sensors_read(&after, NULL);
    return sensors_noise(&before, &after);
}

static void look_at_load(struct preflight *preflight, const struct host *host, const char *root)
{
    double pressure = read_pressure(root);
    char line[128];

    if (!tree_read_line(root, "proc/loadavg", line, sizeof line) || sscanf(line, "%lf", &preflight->load1) != 1)
        preflight->load1 = NAN;
    if (!root) {
        struct noise noise = watch();
        preflight->busy_processors = noise.foreign_load_ratio * (double)host->logical_cpus;
        if (noise.steal_ratio > STEAL_NOTABLE)
            find(preflight, true, "the hypervisor just took %.0f %% of the processors' time: its other guests are busy",
                 100 * noise.steal_ratio);
    }
    if (preflight->busy_processors >= BUSY_WARNING)
        find(preflight, false, "something else is running (it keeps %.1f processors busy): 'top' shows what; close it",
             preflight->busy_processors);
    else if (isnan(preflight->busy_processors) && pressure > PRESSURE_WARNING)
        find(preflight, false,
             "something else is running (processes waited for a processor %.0f %% of the time): 'top' shows what; "
             "close it",
             100 * pressure);
    else if (preflight->load1 > LOAD_WARNING)
        find(preflight, !isnan(preflight->busy_processors),
             "something else %s running (load %.2f in the last minute): close it or wait a minute",
             isnan(preflight->busy_processors) ? "is" : "was", preflight->load1);
}

static void look_at_clocks(struct preflight *preflight, const char *root)
{
    struct clock_policy *policy = &preflight->policy;
    bool fast;

    clocks_read_policy(policy, root);
    fast = strcmp(policy->governor, "performance") == 0;
    if (*policy->governor && !fast)
        find(preflight, false,
             "the clock governor is '%s'%s%s%s: figures vary less with 'sudo cpupower frequency-set -g performance'",
             policy->governor, *policy->preference ? ", its preference '" : "", policy->preference,
             *policy->preference ? "'" : "");
    else if (*policy->preference && strcmp(policy->preference, "performance") != 0)
        find(preflight, false,
             "the processor prefers '%s': 'echo performance | sudo tee "
             "/sys/devices/system/cpu/cpu*/cpufreq/energy_performance_preference'",
             policy->preference);
    if (policy->turbo == 0)
        find(preflight, false, "turbo is off, which lowers the clocks: 'echo %s | sudo tee /%s'", policy->turbo_on,
             policy->turbo_file);
    if (strcmp(policy->profile, "low-power") == 0 || strcmp(policy->profile, "quiet") == 0 ||
        strcmp(policy->profile, "cool") == 0)
        find(preflight, false,
             "the platform's profile is '%s': 'echo performance | sudo tee /sys/firmware/acpi/platform_profile'",
             policy->profile);
}

static void look_at_heat(struct preflight *preflight, const char *root)
{
    struct thermal thermal;
    size_t sensor = 0;
    double limit;

    thermal_find(&thermal, root);
    preflight->celsius = thermal_processor_celsius(&thermal, &sensor);
    if (isnan(preflight->celsius))
        return;
    limit = thermal.sensors[sensor].limit_celsius;
    if (preflight->celsius >= limit - NEAR_LIMIT_CELSIUS)
        find(preflight, false,
             "the processor is at %.0f °C and slows down at %.0f °C (%s): clear its vents and let it cool down",
             preflight->celsius, limit, thermal.sensors[sensor].name);
    else if (isnan(limit) && preflight->celsius >= HOT_CELSIUS)
        find(preflight, false, "the processor is at %.0f °C (%s): clear its vents and let it cool down",
             preflight->celsius, thermal.sensors[sensor].name);
    if (thermal_brake_ratio(&thermal) > 0)
        find(preflight, false,
             "the kernel slows the processor down because of heat: clear its vents and let it cool down");
}

static void look_at_memory(struct preflight *preflight, const struct memory *memory)
{
    double total = (double)memory->total_bytes, swapped;

    swapped = memory->swap_total_bytes > memory->swap_free_bytes
                  ? (double)(memory->swap_total_bytes - memory->swap_free_bytes)
                  : 0;
    if (total > 0 && (double)memory->available_bytes < MEMORY_WARNING_RATIO * total)
        find(preflight, false, "only %.0f %% of the memory is available: 'top -o %%MEM' shows what uses it; close it",
             100 * (double)memory->available_bytes / total);
    if (total > 0 && swapped > SWAP_WARNING_RATIO * total)
        find(preflight, false, "%.1f GB are swapped out: 'sudo swapoff -a && sudo swapon -a' brings them back",
             swapped * 1e-9);
}

/* What this program was built with that makes it slow; NULL: nothing. */
static const char *build_handicap(void)
{
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(undefined_behavior_sanitizer)
    return "with a sanitizer";
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return "with a sanitizer";
#elif !defined(__OPTIMIZE__)
    return "without optimisation";
#else
    return NULL;
#endif
}

void preflight_look(struct preflight *preflight, const struct host *host, const struct memory *memory, const char *root)
{
    const char *handicap = build_handicap();

    *preflight = (struct preflight){.load1 = NAN, .busy_processors = NAN, .celsius = NAN};
    preflight->power_source = read_power_source(root);
    look_at_load(preflight, host, root);
    look_at_clocks(preflight, root);
    look_at_heat(preflight, root);
    look_at_memory(preflight, memory);
    if (strcmp(preflight->power_source, "battery") == 0)
        find(preflight, false, "this device runs on battery, which lowers its clocks: plug it in");
    if (handicap)
        find(preflight, false, "this program was built %s, which makes it slow: 'make clean all'", handicap);
    if (*host->hypervisor)
        find(preflight, true, "this is a virtual machine (%s): neighbours may disturb the figures", host->hypervisor);
}

static void tell_clocks(const struct clock_policy *policy, struct facts *environment)
{
    const struct {
        const char *path, *text;
    } texts[] = {{"governor", policy->governor},
                 {"clock_driver", policy->driver},
                 {"energy_performance_preference", policy->preference},
                 {"platform_profile", policy->profile}};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (*texts[i].text)
            facts_text(environment, texts[i].path, NULL, texts[i].text);
    if (policy->turbo >= 0)
        facts_boolean(environment, "turbo", NULL, policy->turbo);
    if (!isnan(policy->power_limit_watts))
        facts_number(environment, "power_limit_watts", NULL, policy->power_limit_watts);
}

void preflight_tell(const struct preflight *preflight, const struct host *host, struct facts *environment)
{
    facts_text(environment, "power_source", NULL, preflight->power_source);
    tell_clocks(&preflight->policy, environment);
    facts_boolean(environment, "virtualized", NULL, *host->hypervisor != '\0');
    if (!isnan(preflight->load1))
        facts_number(environment, "load1_before", NULL, preflight->load1);
    if (!isnan(preflight->busy_processors))
        facts_number(environment, "busy_processors_before", NULL, preflight->busy_processors);
    if (!isnan(preflight->celsius))
        facts_number(environment, "cpu_temperature_before_celsius", NULL, preflight->celsius);
    if (*host->transparent_hugepage)
        facts_text(environment, "transparent_hugepage", NULL, host->transparent_hugepage);
    for (size_t i = 0; i < preflight->count; i++) {
        char path[48];
        snprintf(path, sizeof path, "preflight[%zu]", i);
        facts_text(environment, path, NULL, preflight->findings[i].text);
    }
}
