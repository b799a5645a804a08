#include "devices/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "devices/cgroup.h"
#include "devices/tree.h"

static void bind_to(struct memory *memory, uint64_t bytes, const char *words)
{
    if (bytes >= memory->usable_bytes)
        return;
    memory->usable_bytes = bytes;
    snprintf(memory->binding, sizeof memory->binding, "%s", words);
}

static void read_address_space(struct memory *memory)
{
    struct rlimit limit;
    char text[4096];
    uint64_t mapped = 0;

    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return;
    if (tree_read(NULL, "proc/self/status", text, sizeof text) < 0 || !tree_find_kib(text, "VmSize", &mapped))
        mapped = 0;
    memory->address_space_bytes = limit.rlim_cur > mapped ? limit.rlim_cur - mapped : 0;
}

static void read_cgroup(struct memory *memory, const char *root, struct cgroup_room *room)
{
    int problem;
    char *groups = tree_read_all(root, "proc/self/cgroup", &problem);
    char *mounts = tree_read_all(root, "proc/self/mountinfo", &problem);

    if (groups)
        cgroup_room_read(room, root, groups, mounts);
    memory->cgroup_bytes = room->bytes;
    free(groups);
    free(mounts);
}

enum status memory_read(struct memory *memory, const char *root, struct error *error)
{
    struct cgroup_room room = {.bytes = UINT64_MAX};
    char text[8192];
    char limit[96];
    const char *words;
    uint64_t free_bytes;
    ssize_t length = tree_read(root, "proc/meminfo", text, sizeof text);

    *memory = (struct memory){
        .address_space_bytes = UINT64_MAX,
        .cgroup_bytes = UINT64_MAX,
        .usable_bytes = UINT64_MAX,
        .binding = "no limit seen",
    };
    if (length < 0)
        return error_set(error, STATUS_IO, "%s/proc/meminfo: %s; is /proc mounted?", root ? root : "",
                         strerror((int)-length));
    tree_find_kib(text, "MemTotal", &memory->total_bytes);
    tree_find_kib(text, "SwapTotal", &memory->swap_total_bytes);
    tree_find_kib(text, "SwapFree", &memory->swap_free_bytes);
    if (tree_find_kib(text, "MemAvailable", &memory->available_bytes))
        bind_to(memory, memory->available_bytes, "MemAvailable");
    else if (tree_find_kib(text, "MemFree", &free_bytes)) /* kernels before 3.14; a lower bound */
        bind_to(memory, free_bytes, "MemFree");
    if (!root)
        read_address_space(memory);
    read_cgroup(memory, root, &room);
    bind_to(memory, memory->address_space_bytes, "RLIMIT_AS");
    /* the group's path may name a person or a machine, and results hold these words */
    words = strrchr(room.binding, ' ');
    snprintf(limit, sizeof limit, "cgroup%s", words ? words : "");
    bind_to(memory, memory->cgroup_bytes, limit);
    return STATUS_OK;
}

enum status memory_usage_read(struct memory_usage *usage, struct error *error)
{
    char text[8192];
    ssize_t length = tree_read(NULL, "proc/self/status", text, sizeof text);

    *usage = (struct memory_usage){.hugepage_bytes = UINT64_MAX};
    if (length < 0)
        return error_set(error, STATUS_IO, "/proc/self/status: %s; is /proc mounted?", strerror((int)-length));
    if (!tree_find_kib(text, "VmRSS", &usage->rss_bytes) || !tree_find_kib(text, "VmHWM", &usage->peak_rss_bytes))
        return error_set(error, STATUS_IO, "/proc/self/status: no VmRSS or VmHWM; is /proc that of Linux?");
    tree_find_kib(text, "RssAnon", &usage->anonymous_bytes);
    tree_find_kib(text, "VmSize", &usage->mapped_bytes);
    if (tree_read(NULL, "proc/self/smaps_rollup", text, sizeof text) >= 0)
        tree_find_kib(text, "AnonHugePages", &usage->hugepage_bytes);
    return STATUS_OK;
}
