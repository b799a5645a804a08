/* Where each value of the device block comes from. */
#include <stdio.h>
#include <string.h>

#include "devices/host_cpuid.h"
#include "runner/detect_parts.h"

struct source {
    const char *path;     /* of a fact, or of the object or list that it stands in */
    const char *live;     /* of the running machine */
    const char *recorded; /* of a recorded one; NULL: the same */
};

#define CPU_FILES "sys/devices/system/cpu/cpu*/"
#define IDENTITY  "CPUID (libcpuid), else proc/cpuinfo"

/* NULL in `live`: told by the host itself, see below. */
static const struct source sources[] = {
    {"device_id", "hash of etc/machine-id, else of sys/class/dmi/id and proc/device-tree/model; and of cpu.name", NULL},
    {"kind", "sys/class/dmi/id/chassis_type, system/build.prop, proc/device-tree/model; see kind_basis", NULL},
    {"kind_basis", "names what decided", NULL},
    {"board", "sys/class/dmi/id, proc/device-tree, system/build.prop", NULL},
    {"memory_bytes", "proc/meminfo: MemTotal", NULL},
    {"cpu.name", IDENTITY, "proc/cpuinfo"},
    {"cpu.vendor", IDENTITY, "proc/cpuinfo"},
    {"cpu.codename", "table of vendor, family and model", NULL},
    {"cpu.family", IDENTITY, "proc/cpuinfo"},
    {"cpu.model", IDENTITY, "proc/cpuinfo"},
    {"cpu.stepping", IDENTITY, "proc/cpuinfo"},
    {"cpu.microcode", "proc/cpuinfo", NULL},
    {"cpu.packages", "hwloc: " CPU_FILES "topology", NULL},
    {"cpu.cores_physical", "hwloc: " CPU_FILES "topology", NULL},
    {"cpu.logical_cpus", "hwloc: " CPU_FILES "topology, else proc/cpuinfo", NULL},
    {"cpu.smt", "cores and logical processors", NULL},
    {"cpu.clusters", "hwloc: " CPU_FILES "topology/cluster_cpus", NULL},
    {"cpu.core_kinds", NULL, NULL},
    {"cpu.kinds", NULL, NULL},
    {"cpu.default_threads", "cpu.kinds and the processors that this process may use", NULL},
    {"cpu.max_hertz", CPU_FILES "cpufreq/cpuinfo_max_freq", NULL},
    {"cpu.isa", "cpu.features", NULL},
    {"cpu.features", NULL, NULL},
    {"cpu.instructions", "cpu.features", NULL},
    {"cpu.amx_permission", "arch_prctl in a child process", CPUID_PATH},
    {"cpu.caches", "hwloc: " CPU_FILES "cache", NULL},
    {"memory.total_bytes", "proc/meminfo: MemTotal", NULL},
    {"memory.available_bytes", "proc/meminfo: MemAvailable", NULL},
    {"memory.usable_bytes", "the least of available, address space and cgroup", NULL},
    {"memory.usable_binding", "names which of them", NULL},
    {"memory.address_space_bytes", "RLIMIT_AS", NULL},
    {"memory.cgroup_bytes", "proc/self/cgroup, sys/fs/cgroup", NULL},
    {"memory.hwloc_total_bytes", "hwloc: sys/devices/system/node/node*/meminfo", NULL},
    {"memory.swap_total_bytes", "proc/meminfo: SwapTotal", NULL},
    {"memory.type", NULL, NULL},
    {"memory.transfers_per_second", NULL, NULL},
    {"memory.channels", NULL, NULL},
    {"memory.data_bits", NULL, NULL},
    {"memory.modules", NULL, NULL},
    {"memory.modules_source", "names the file", NULL},
    {"memory.nominal_bytes_per_second", "memory.transfers_per_second × memory.data_bits ÷ 8", NULL},
    {"memory.nominal_basis", "memory.type, its source", NULL},
    {"memory.numa_nodes", "hwloc: sys/devices/system/node", NULL},
    {"memory.nodes", "hwloc: sys/devices/system/node; first_touch_local: move_pages", NULL},
    {"memory.first_touch", "a thread on each node; move_pages", NULL},
    {"memory.huge_page_bytes", "proc/meminfo: Hugepagesize", NULL},
    {"memory.huge_pages_reserved", "proc/meminfo: HugePages_Total", NULL},
    {"memory.pressure_ratio", "proc/pressure/memory", NULL},
    {"os.name", "etc/os-release", NULL},
    {"os.kernel", "uname", "proc/sys/kernel/osrelease"},
    {"os.machine", "uname", "proc/cpuinfo"},
    {"governor", "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", NULL},
    {"transparent_hugepage", "sys/kernel/mm/transparent_hugepage/enabled", NULL},
    {"hypervisor", "CPUID, sys/hypervisor, sys/class/dmi/id", NULL},
};

static bool stands_in(const char *path, const char *outer)
{
    size_t length = strlen(outer);

    return strncmp(path, outer, length) == 0 && (!path[length] || path[length] == '.' || path[length] == '[');
}

static bool occurs(const struct facts *device, const char *outer)
{
    for (size_t i = 0; i < device->count; i++)
        if (stands_in(device->items[i].path, outer))
            return true;
    return false;
}

/* What the reading itself found out about where it came from. */
static const char *source_told(const struct host *host, const struct facts *device, const char *path)
{
    const struct fact *modules = facts_find(device, "memory.modules_source");

    if (strcmp(path, "cpu.features") == 0)
        return host->features_source ? host->features_source : "none";
    if (strncmp(path, "cpu.", 4) == 0)
        return *host->kinds_source ? host->kinds_source : "nothing tells cores apart";
    return modules && modules->type == FACT_TEXT ? modules->text : "none";
}

void detect_sources(struct facts *device, const struct host *host)
{
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        const struct source *source = &sources[i];
        const char *text = !host->live && source->recorded ? source->recorded : source->live;
        char path[DETECT_PATH_MAX];

        if (!occurs(device, source->path))
            continue;
        snprintf(path, sizeof path, "sources.%s", source->path);
        facts_text(device, path, NULL, text ? text : source_told(host, device, source->path));
    }
}
