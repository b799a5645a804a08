#include "devices/perf_event.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

int perf_event_start(uint32_t pmu_type, uint64_t config, int cpu)
{
    struct perf_event_attr attributes = {.type = pmu_type, .size = sizeof attributes, .config = config};
    long fd = syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

    return fd < 0 ? -errno : (int)fd;
}
