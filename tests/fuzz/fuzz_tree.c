/* libFuzzer target: any bytes as the files of a recorded machine. The input is a row of files: one byte chooses the path, two tell
 * the length (little-endian), the content follows. The folder that hwloc reads is left out: it is not ours to test. */
#include <stdint.h>

#include "devices/host_parts.h"
#include "tests/scratch_tree.h"
#include "tests/tree_readers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* New ones go to the end, so that the seeds keep their meaning. */
static const char *const paths[] = {
    "proc/cpuinfo",
    "proc/meminfo",
    "proc/stat",
    "proc/loadavg",
    "proc/version",
    "proc/self/cgroup",
    "proc/self/mountinfo",
    "proc/pressure/memory",
    "proc/pressure/cpu",
    "proc/device-tree/model",
    "proc/device-tree/compatible",
    "proc/sys/kernel/osrelease",
    "proc/sys/kernel/hostname",
    "etc/os-release",
    "etc/machine-id",
    "system/build.prop",
    "pocketmark/cpuid.txt",
    "pocketmark/device-id",
    "sys/class/dmi/id/product_name",
    "sys/class/dmi/id/chassis_type",
    "sys/firmware/dmi/tables/DMI",
    "sys/firmware/dmi/entries/17-0/raw",
    "sys/devices/system/edac/mc/mc0/dimm0/size",
    "sys/devices/system/edac/mc/mc0/dimm0/dimm_mem_type",
    "sys/devices/cpu_core/cpus",
    "sys/devices/cpu_atom/cpus",
    "sys/kernel/mm/transparent_hugepage/enabled",
    "sys/fs/cgroup/memory.max",
    "sys/fs/cgroup/memory.current",
    "sys/fs/cgroup/a/memory.max",
    "sys/class/devfreq/dmc/cur_freq",
    "sys/class/powercap/intel-rapl:0/name",
    "sys/class/powercap/intel-rapl:0/energy_uj",
    "sys/class/powercap/intel-rapl:0/max_energy_range_uj",
    "sys/class/power_supply/BAT0/type",
    "sys/class/power_supply/BAT0/status",
    "sys/class/power_supply/BAT0/uevent",
    "sys/class/power_supply/BAT0/energy_now",
    "sys/class/power_supply/BAT0/charge_now",
    "sys/class/power_supply/BAT0/voltage_now",
    "sys/class/power_supply/BAT0/current_now",
    "sys/class/power_supply/BAT0/power_now",
    "sys/class/hwmon/hwmon0/name",
    "sys/class/hwmon/hwmon0/in1_label",
    "sys/class/hwmon/hwmon0/in1_input",
    "sys/class/hwmon/hwmon0/curr1_input",
    "sys/class/hwmon/hwmon0/power1_input",
    "sys/class/hwmon/hwmon0/energy1_input",
    "sys/class/hwmon/hwmon0/temp1_input",
    "sys/bus/iio/devices/iio:device0/name",
    "sys/bus/iio/devices/iio:device0/energy_value",
    "sys/class/thermal/thermal_zone0/type",
    "sys/class/thermal/thermal_zone0/temp",
    "sys/class/accel/accel0/device/vendor",
    "sys/class/accel/accel0/device/device",
    "sys/class/accel/accel0/device/uevent",
    "sys/class/drm/card0/device/vendor",
    "sys/class/drm/card0/device/gpu_metrics",
    "sys/bus/pci/devices/0000:00:0b.0/vendor",
    "sys/bus/pci/devices/0000:00:0b.0/device",
    "sys/bus/pci/devices/0000:00:0b.0/class",
};
enum { PATHS = sizeof paths / sizeof *paths };

/* Kinds of cores without hwloc's help. */
static void settle(const char *root)
{
    struct host *host = calloc(1, sizeof *host);
    struct cpuid_dump dump;

    if (!host)
        abort();
    cpuid_read(&dump, root);
    host->cpu_count = 8;
    for (unsigned i = 0; i < 8; i++)
        host->cpus[i] = (struct host_cpu){
            .os_index = i, .core = i / 2, .first_of_core = i % 2 == 0, .kind = -1, .l3 = (int)i / 6 - 1};
    host_kinds_settle(host, root, &dump);
    for (size_t i = 0; i < host->cpu_count; i++)
        if (host->cpus[i].kind >= (int)host->core_kinds)
            abort();
    free(host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scratch_tree tree;

    scratch_open(&tree);
    while (size >= 3) {
        const char *path = paths[data[0] % PATHS];
        size_t length = (size_t)data[1] | (size_t)data[2] << 8;

        length = length < size - 3 ? length : size - 3;
        scratch_write_bytes(&tree, path, data + 3, length);
        data += 3 + length;
        size -= 3 + length;
    }
    tree_readers_run(tree.root);
    settle(tree.root);
    scratch_close(&tree);
    return 0;
}
