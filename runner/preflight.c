#include "runner/preflight.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "devices/tree.h"

/* A processor that is half busy with something else is a disturbance; so is memory that is nearly used up. */
#define LOAD_WARNING         0.5
#define MEMORY_WARNING_RATIO 0.1

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

void preflight_look(struct preflight *preflight, const struct host *host, const struct memory *memory, const char *root)
{
    char line[128];

    *preflight = (struct preflight){.load1 = NAN};
    preflight->power_source = read_power_source(root);
    if (!tree_read_line(root, "proc/loadavg", line, sizeof line) || sscanf(line, "%lf", &preflight->load1) != 1)
        preflight->load1 = NAN;
    if (preflight->load1 > LOAD_WARNING)
        find(preflight, false, "something else is running (load %.2f in the last minute): close it or wait a minute",
             preflight->load1);
    if (*host->governor && strcmp(host->governor, "performance") != 0)
        find(preflight, false,
             "the clock governor is '%s': figures vary less with 'cpupower frequency-set -g performance'",
             host->governor);
    if (memory->total_bytes && (double)memory->available_bytes < MEMORY_WARNING_RATIO * (double)memory->total_bytes)
        find(preflight, false, "only %.0f %% of the memory is available: close what uses it",
             100 * (double)memory->available_bytes / (double)memory->total_bytes);
    if (strcmp(preflight->power_source, "battery") == 0)
        find(preflight, false, "this device runs on battery, which lowers its clocks: plug it in");
    if (*host->hypervisor)
        find(preflight, true, "this is a virtual machine (%s): neighbours may disturb the figures", host->hypervisor);
}

void preflight_tell(const struct preflight *preflight, const struct host *host, struct facts *environment)
{
    facts_text(environment, "power_source", NULL, preflight->power_source);
    if (*host->governor)
        facts_text(environment, "governor", NULL, host->governor);
    facts_boolean(environment, "virtualized", NULL, *host->hypervisor != '\0');
    if (!isnan(preflight->load1))
        facts_number(environment, "load1_before", NULL, preflight->load1);
    if (*host->transparent_hugepage)
        facts_text(environment, "transparent_hugepage", NULL, host->transparent_hugepage);
    for (size_t i = 0; i < preflight->count; i++) {
        char path[48];
        snprintf(path, sizeof path, "preflight[%zu]", i);
        facts_text(environment, path, NULL, preflight->findings[i].text);
    }
}
