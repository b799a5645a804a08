/* What the control groups of a process allow it: how much more memory, and how often a quota stopped it. */
#ifndef POCKETMARK_DEVICES_CGROUP_H
#define POCKETMARK_DEVICES_CGROUP_H

#include <stddef.h>
#include <stdint.h>

struct cgroup_room {
    uint64_t bytes;   /* UINT64_MAX: no limit seen */
    char binding[96]; /* the file that sets it: "cgroup /a/b memory.max"; empty without a limit */
};

/* Limit less usage at the group of every hierarchy and at each of its ancestors up to the mount; the least of them.
 * Page cache that the kernel can drop at once (inactive_file) does not count as usage. Version 1
 * (memory.limit_in_bytes) and 2 (memory.max), also both at a time. groups: text of /proc/self/cgroup; mounts: text
 * of /proc/self/mountinfo, NULL for the usual places under /sys/fs/cgroup. The limit files are read below root
 * (NULL: "/"). What is malformed is passed over. */
void cgroup_room_read(struct cgroup_room *room, const char *root, const char *groups, const char *mounts);

/* Periods in which a quota on processor time stopped us, since the groups were made: nr_throttled of every group as above. NaN: no
 * group has a cpu.stat. */
double cgroup_throttled_count(const char *root, const char *groups, const char *mounts);

#endif
