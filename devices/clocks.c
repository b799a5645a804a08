#include "devices/clocks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "devices/tree.h"

enum { PATH_MAX_HERE = 128, CONSTRAINTS_MAX = 4 };

static enum core_type type_of(const struct host *host, const struct host_cpu *cpu)
{
    return cpu->kind >= 0 && (size_t)cpu->kind < host->core_kinds ? host->kinds[cpu->kind].type : CORE_PERFORMANCE;
}

void clocks_find(struct clocks *clocks, const struct host *host, const char *root)
{
    size_t cores = 0, step, seen = 0;

    *clocks = (struct clocks){.root = root};
    for (size_t i = 0; i < host->cpu_count; i++)
        cores += host->cpus[i].first_of_core;
    step = (cores + CLOCKS_MAX - 1) / CLOCKS_MAX;
    for (size_t i = 0; i < host->cpu_count; i++)
        if (host->cpus[i].first_of_core && seen++ % step == 0)
            clocks->clocks[clocks->count++] =
                (struct clock){host->cpus[i].os_index, type_of(host, &host->cpus[i]), host->cpus[i].package};
}

void clocks_read_hertz(const struct clocks *clocks, double hertz[CLOCK_TYPES])
{
    double sums[CLOCK_TYPES] = {0}, counts[CLOCK_TYPES] = {0};

    for (size_t i = 0; i < clocks->count; i++) {
        char path[PATH_MAX_HERE];
        uint64_t kilohertz;
        snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%u/cpufreq/scaling_cur_freq", clocks->clocks[i].cpu);
        if (tree_read_u64(clocks->root, path, &kilohertz) != 0 || !kilohertz)
            continue;
        sums[clocks->clocks[i].type] += (double)kilohertz * 1e3;
        counts[clocks->clocks[i].type]++;
    }
    for (int type = 0; type < CLOCK_TYPES; type++)
        hertz[type] = counts[type] > 0 ? sums[type] / counts[type] : NAN;
}

/* NaN: no such counter. */
static double read_count(const struct clocks *clocks, size_t index, const char *name)
{
    char path[PATH_MAX_HERE];
    uint64_t count;

    snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%u/thermal_throttle/%s", clocks->clocks[index].cpu, name);
    return tree_read_u64(clocks->root, path, &count) == 0 ? (double)count : NAN;
}

double clocks_throttle_count(const struct clocks *clocks)
{
    double total = NAN;

    for (size_t i = 0; i < clocks->count; i++) {
        double core = read_count(clocks, i, "core_throttle_count");
        bool first = true;
        for (size_t j = 0; j < i && first; j++)
            first = clocks->clocks[j].package != clocks->clocks[i].package;
        if (!isnan(core))
            total = (isnan(total) ? 0 : total) + core;
        if (first) {
            double package = read_count(clocks, i, "package_throttle_count");
            if (!isnan(package))
                total = (isnan(total) ? 0 : total) + package;
        }
    }
    return total;
}

static void read_turbo(struct clock_policy *policy, const char *root)
{
    static const struct {
        const char *file;
        uint64_t on;
        const char *text;
    } switches[] = {{"sys/devices/system/cpu/intel_pstate/no_turbo", 0, "0"},
                    {"sys/devices/system/cpu/cpufreq/boost", 1, "1"}};

    policy->turbo = -1;
    for (size_t i = 0; i < sizeof switches / sizeof *switches && policy->turbo < 0; i++) {
        uint64_t value;
        if (tree_read_u64(root, switches[i].file, &value) != 0 || value > 1)
            continue;
        policy->turbo = value == switches[i].on;
        policy->turbo_file = switches[i].file;
        policy->turbo_on = switches[i].text;
    }
}

static double read_power_limit(const char *root)
{
    for (int i = 0; i < CONSTRAINTS_MAX; i++) {
        char path[PATH_MAX_HERE], name[32];
        uint64_t microwatts;
        snprintf(path, sizeof path, "sys/class/powercap/intel-rapl:0/constraint_%d_name", i);
        if (!tree_read_line(root, path, name, sizeof name))
            break;
        snprintf(path, sizeof path, "sys/class/powercap/intel-rapl:0/constraint_%d_power_limit_uw", i);
        if (strcmp(name, "long_term") == 0 && tree_read_u64(root, path, &microwatts) == 0 && microwatts)
            return (double)microwatts * 1e-6;
    }
    return NAN;
}

void clocks_read_policy(struct clock_policy *policy, const char *root)
{
    const struct {
        const char *path;
        char *text;
        size_t size;
    } texts[] = {
        {"sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", policy->driver, sizeof policy->driver},
        {"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", policy->governor, sizeof policy->governor},
        {"sys/devices/system/cpu/cpu0/cpufreq/energy_performance_preference", policy->preference,
         sizeof policy->preference},
        {"sys/firmware/acpi/platform_profile", policy->profile, sizeof policy->profile},
    };

    *policy = (struct clock_policy){0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        tree_read_line(root, texts[i].path, texts[i].text, texts[i].size);
    read_turbo(policy, root);
    policy->power_limit_watts = read_power_limit(root);
}
