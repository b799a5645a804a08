#include "devices/cgroup.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "devices/tree.h"

/* Version 1 writes "no limit" as the largest page-aligned number (9223372036854771712 with pages of 4 KiB). */
#define UNLIMITED_V1 (UINT64_C(1) << 62)

/* FOLDER: a mount point with a group below it; FILE: and the name of a file in it. */
enum { GROUP_PATH_MAX = 1024, FOLDER_PATH_MAX = 2 * GROUP_PATH_MAX, FILE_PATH_MAX = FOLDER_PATH_MAX + 64 };

/* The files of one version. */
struct version {
    const char *limit, *usage, *reclaimable;
};

static const struct version version_1 = {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"};
static const struct version version_2 = {"memory.max", "memory.current", "inactive_file"};

/* What is looked for, and what is done at each group: folder of the file system, relative to the root; group: its name in the
 * hierarchy. */
struct search {
    const char *root, *controller;
    void (*look)(const struct search *search, const char *folder, const char *group, bool is_v2);
    void *found;
};

/* One mounted hierarchy: which of its groups is mounted where. */
struct mount {
    char root[GROUP_PATH_MAX], point[GROUP_PATH_MAX];
    bool is_v2;
};

/* Number after "key " at the start of a line of a file; 0 where there is none: nothing can be given back, nothing was stopped. */
static uint64_t read_number(const char *root, const char *folder, const char *file, const char *key)
{
    char path[FILE_PATH_MAX], text[8192], number[32];
    size_t length = strlen(key);
    uint64_t value = 0;

    snprintf(path, sizeof path, "%s/%s", folder, file);
    if (tree_read(root, path, text, sizeof text) < 0)
        return 0;
    for (const char *line = text; line && *line; line = tree_next_line(line))
        if (strncmp(line, key, length) == 0 && line[length] == ' ') {
            snprintf(number, sizeof number, "%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
            return tree_parse_u64(number, &value) ? value : 0;
        }
    return 0;
}

/* A long path is cut at its front. */
static void describe_binding(struct cgroup_room *room, const char *group, const char *file)
{
    size_t length = strlen(group), space = sizeof room->binding - sizeof "cgroup ... " - strlen(file);
    bool cut = length > space;

    snprintf(room->binding, sizeof room->binding, "cgroup %s%.*s %s", cut ? "..." : "", (int)space,
             cut      ? group + (length - space)
             : length ? group
                      : "/",
             file);
}

static void look_at_memory(const struct search *search, const char *folder, const char *group, bool is_v2)
{
    const struct version *version = is_v2 ? &version_2 : &version_1;
    struct cgroup_room *room = search->found;
    char path[FILE_PATH_MAX];
    uint64_t limit, usage = 0, reclaimable, left;

    snprintf(path, sizeof path, "%s/%s", folder, version->limit);
    if (tree_read_u64(search->root, path, &limit) != 0 || (!is_v2 && limit >= UNLIMITED_V1))
        return;
    snprintf(path, sizeof path, "%s/%s", folder, version->usage);
    if (tree_read_u64(search->root, path, &usage) != 0)
        usage = 0;
    reclaimable = read_number(search->root, folder, "memory.stat", version->reclaimable);
    usage -= reclaimable < usage ? reclaimable : usage;
    left = limit > usage ? limit - usage : 0;
    if (left < room->bytes) {
        room->bytes = left;
        describe_binding(room, group, version->limit);
    }
}

/* From the group itself up to the mount point. */
static void look_upwards(const struct search *search, const struct mount *mount, const char *below)
{
    char folder[FOLDER_PATH_MAX], group[FOLDER_PATH_MAX], rest[GROUP_PATH_MAX];

    snprintf(rest, sizeof rest, "%s", below);
    for (;;) {
        char *slash;

        snprintf(folder, sizeof folder, "%s%s", mount->point + strspn(mount->point, "/"), rest);
        snprintf(group, sizeof group, "%s%s", strcmp(mount->root, "/") == 0 ? "" : mount->root, rest);
        search->look(search, folder, group, mount->is_v2);
        slash = strrchr(rest, '/');
        if (!slash)
            return;
        *slash = '\0';
    }
}

/* What is left of the group's path below the root of the mount, "" or "/a/b"; NULL where the mount shows another
 * branch. */
static const char *path_below(const char *mount_root, const char *group)
{
    size_t length = strlen(mount_root);

    if (strcmp(mount_root, "/") == 0)
        return strcmp(group, "/") == 0 ? "" : group;
    if (strncmp(group, mount_root, length) == 0 && (group[length] == '\0' || group[length] == '/'))
        return group + length;
    return NULL;
}

/* Undoes the octal escapes of mountinfo: \040 is a blank. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from; to++) {
        if (from[0] == '\\' && isdigit((unsigned char)from[1]) && isdigit((unsigned char)from[2]) &&
            isdigit((unsigned char)from[3])) {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else
            *to = *from++;
    }
    *to = '\0';
}

/* Is `word` an element of the comma list, which ends at a blank or the end of the line? */
static bool list_has(const char *list, const char *word)
{
    size_t length = strlen(word), end = strcspn(list, " \n");

    for (size_t at = 0; at < end; at += strcspn(list + at, ", \n") + 1)
        if (strcspn(list + at, ", \n") == length && strncmp(list + at, word, length) == 0)
            return true;
    return false;
}

/* "id parent major:minor ROOT POINT options [optional …] - TYPE source OPTIONS" (Linux, proc_pid_mountinfo(5)).
 * False for a line that does not mount a hierarchy with that controller, or whose paths are too long. */
static bool parse_mount(const char *line, const char *controller, struct mount *mount)
{
    char text[4096], type[32], options[1024];
    const char *separator;
    size_t length = strcspn(line, "\n");

    if (length >= sizeof text)
        return false;
    memcpy(text, line, length);
    text[length] = '\0';
    separator = strstr(text, " - ");
    if (!separator || sscanf(text, "%*u %*u %*s %1023s %1023s", mount->root, mount->point) != 2 ||
        sscanf(separator + 3, "%31s %*s %1023s", type, options) != 2)
        return false;
    unescape(mount->root);
    unescape(mount->point);
    mount->is_v2 = strcmp(type, "cgroup2") == 0;
    return mount->is_v2 || (strcmp(type, "cgroup") == 0 && list_has(options, controller));
}

/* The path of our group in the hierarchy of that version: "4:memory:/a/b" or "0::/a/b". */
static bool find_group(const char *groups, bool is_v2, const char *controller, char *path, size_t capacity)
{
    for (const char *line = groups; line && *line; line = tree_next_line(line)) {
        char controllers[512] = "";
        size_t length = strcspn(line, "\n");
        const char *first = memchr(line, ':', length);
        const char *second = first ? memchr(first + 1, ':', length - (size_t)(first + 1 - line)) : NULL;

        if (!second || second[1] != '/')
            continue;
        snprintf(controllers, sizeof controllers, "%.*s", (int)(second - first - 1), first + 1);
        if (is_v2 ? controllers[0] != '\0' || strncmp(line, "0:", 2) != 0 : !list_has(controllers, controller))
            continue;
        snprintf(path, capacity, "%.*s", (int)(length - (size_t)(second + 1 - line)), second + 1);
        return strlen(path) == length - (size_t)(second + 1 - line);
    }
    return false;
}

/* Mounts that hold our own branch first; only without any is a mount taken as it is, for inside a container its top
 * stands for our group. Returns whether one was seen. */
static bool look_at_mounts(const struct search *search, const char *groups, const char *mounts, bool strict)
{
    bool seen = false;

    for (const char *line = mounts; line && *line; line = tree_next_line(line)) {
        char group[GROUP_PATH_MAX];
        struct mount mount;
        const char *below;

        if (!parse_mount(line, search->controller, &mount) ||
            !find_group(groups, mount.is_v2, search->controller, group, sizeof group))
            continue;
        below = strstr(group, "/..") ? NULL : path_below(mount.root, group);
        if (!below && strict)
            continue;
        look_upwards(search, &mount, below ? below : "");
        seen = true;
    }
    return seen;
}

/* Every group from ours up to the top of its hierarchy. */
static void look_everywhere(const struct search *search, const char *groups, const char *mounts)
{
    static const char usual[] = "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 none rw\n"
                                "2 0 0:2 / /sys/fs/cgroup/unified rw - cgroup2 none rw\n"
                                "3 0 0:3 / /sys/fs/cgroup/memory rw - cgroup none memory\n"
                                "4 0 0:4 / /sys/fs/cgroup/cpu rw - cgroup none cpu\n";

    if (!look_at_mounts(search, groups, mounts ? mounts : usual, true))
        look_at_mounts(search, groups, mounts ? mounts : usual, false);
}

void cgroup_room_read(struct cgroup_room *room, const char *root, const char *groups, const char *mounts)
{
    *room = (struct cgroup_room){.bytes = UINT64_MAX};
    look_everywhere(&(struct search){root, "memory", look_at_memory, room}, groups, mounts);
}

/* Without a quota a group has the file, and 0 in it, or no such line. */
static void look_at_quota(const struct search *search, const char *folder, const char *group, bool is_v2)
{
    double *count = search->found;
    char path[FILE_PATH_MAX];

    (void)group, (void)is_v2;
    snprintf(path, sizeof path, "%s/cpu.stat", folder);
    if (tree_exists(search->root, path))
        *count = (isnan(*count) ? 0 : *count) + (double)read_number(search->root, folder, "cpu.stat", "nr_throttled");
}

double cgroup_throttled_count(const char *root, const char *groups, const char *mounts)
{
    double count = NAN;

    look_everywhere(&(struct search){root, "cpu", look_at_quota, &count}, groups, mounts);
    return count;
}
