#include "devices/tree_record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/host_cpuid.h"
#include "devices/host_parts.h"
#include "devices/tree.h"
#include "devices/tree_mask.h"

enum { LINKS_MAX = 40, FILE_BYTES_MAX = 1 << 20 };

struct recorder {
    const char *folder, *root;
    FILE *forbidden; /* collects what we had no permission to read */
    struct tree_mask mask;
    size_t files;
    struct error *error;
    enum status status; /* the first failure to write; nothing is done after it */
};

static void fail(struct recorder *r, const char *path)
{
    if (r->status == STATUS_OK)
        r->status = error_set(r->error, STATUS_IO, "%s/%s: %s", r->folder, path, strerror(errno));
}

enum status tree_record_prepare(const char *folder, struct error *error)
{
    DIR *open;
    size_t entries = 0;

    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return error_set(error, STATUS_IO, "%s: cannot make this folder: %s", folder, strerror(errno));
    open = opendir(folder);
    if (!open)
        return error_set(error, STATUS_IO, "%s: %s; name a folder to record into", folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(open)) != NULL;)
        entries += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(open);
    if (entries)
        return error_set(error, STATUS_MISUSE, "%s: holds something already; name a new folder", folder);
    return STATUS_OK;
}

/* ---- writing ----------------------------------------------------------------------------------------------------------- */

static bool join(char full[PATH_MAX], const char *folder, const char *path)
{
    return snprintf(full, PATH_MAX, "%s/%s", folder, path) < PATH_MAX;
}

static void make_folder(struct recorder *r, const char *path)
{
    char full[PATH_MAX];

    if (join(full, r->folder, path) && mkdir(full, 0777) != 0 && errno != EEXIST)
        fail(r, path);
}

static void write_file(struct recorder *r, const char *path, const char *bytes, size_t length)
{
    char full[PATH_MAX];
    FILE *out = join(full, r->folder, path) ? fopen(full, "wxe") : NULL;

    if (!out) {
        if (errno != EEXIST) /* it is there from another path */
            fail(r, path);
        return;
    }
    if (fwrite(bytes, 1, length, out) != length) {
        fail(r, path);
        fclose(out);
    } else if (fclose(out) != 0)
        fail(r, path);
    r->files++;
}

/* A file of our own making, its folders made. */
static void write_text(struct recorder *r, const char *path, const char *text)
{
    char folder[PATH_MAX];

    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = folder; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
        *slash = '\0';
        make_folder(r, folder);
    }
    write_file(r, path, text, strlen(text));
}

static void copy_file(struct recorder *r, const char *from, const char *to)
{
    char *content = malloc(FILE_BYTES_MAX), *masked;
    ssize_t length = content ? tree_read(r->root, from, content, FILE_BYTES_MAX) : -ENOMEM;
    size_t masked_length;

    if (length >= 0 && length < FILE_BYTES_MAX - 1) {
        masked = tree_mask_content(&r->mask, to, content, (size_t)length, &masked_length);
        if (masked)
            write_file(r, to, masked, masked_length);
        free(masked);
    }
    free(content);
}

/* ---- walking ------------------------------------------------------------------------------------------------------------- */

/* A place on the way to a path: the resolved folder, in the machine and as it is stored, and what is left to walk. */
struct walk {
    char from[PATH_MAX], to[PATH_MAX], rest[PATH_MAX];
    unsigned links;
};

static void cut_last(char *path)
{
    char *slash = strrchr(path, '/');

    *(slash ? slash : path) = '\0';
}

static bool extend(char path[PATH_MAX], const char *name)
{
    size_t used = strlen(path);

    return snprintf(path + used, PATH_MAX - used, "%s%s", used ? "/" : "", name) < (int)(PATH_MAX - used);
}

/* Takes the first part of what is left; false: nothing is left. */
static bool take_part(struct walk *walk, char part[NAME_MAX + 1])
{
    const char *at = walk->rest + strspn(walk->rest, "/");
    size_t length = strcspn(at, "/");

    if (!length || length > NAME_MAX)
        return false;
    snprintf(part, NAME_MAX + 1, "%.*s", (int)length, at);
    memmove(walk->rest, at + length, strlen(at + length) + 1);
    return true;
}

/* The target of a link with every part as it may be stored. */
static void mask_target(const struct recorder *r, const char *target, char masked[PATH_MAX])
{
    struct walk parts = {.links = 0};
    char part[NAME_MAX + 1], name[NAME_MAX + 1];

    snprintf(parts.rest, sizeof parts.rest, "%s", target);
    masked[0] = '\0';
    while (take_part(&parts, part)) {
        tree_mask_name(&r->mask, part, name, sizeof name);
        extend(masked, name);
    }
}

enum link { LINK_NONE, LINK_FOLLOWED, LINK_BARRED };

/* Does a relative link in that folder lead out of the tree? */
static bool leads_out(const char *folder, const char *target)
{
    size_t depth = *folder != '\0';
    struct walk parts = {.links = 0};
    char part[NAME_MAX + 1];

    for (const char *at = folder; *at; at++)
        depth += *at == '/';
    snprintf(parts.rest, sizeof parts.rest, "%s", target);
    while (take_part(&parts, part)) {
        if (strcmp(part, "..") == 0 && depth-- == 0)
            return true;
        depth += strcmp(part, "..") != 0 && strcmp(part, ".") != 0;
    }
    return false;
}

/* The link at walk->from/part: stores it, and goes on at its target. LINK_NONE: it is walked like a folder. */
static enum link follow_link(struct recorder *r, struct walk *walk, const char *part, const char *name)
{
    char full[PATH_MAX], target[PATH_MAX], masked[PATH_MAX], path[PATH_MAX], rest[PATH_MAX];
    ssize_t length;

    if (!join(path, walk->from, part) || !join(full, r->root ? r->root : "", *walk->from ? path : part))
        return LINK_NONE;
    length = readlink(full, target, sizeof target - 1);
    if (length <= 0 || target[0] == '/' || walk->links++ == LINKS_MAX)
        return LINK_NONE;
    target[length] = '\0';
    if (leads_out(walk->from, target))
        return LINK_BARRED;
    mask_target(r, target, masked);
    snprintf(path, sizeof path, "%s", walk->to);
    if (!extend(path, name) || !join(full, r->folder, path))
        return LINK_NONE;
    if (symlink(masked, full) != 0 && errno != EEXIST)
        fail(r, path);
    if (snprintf(rest, sizeof rest, "%s/%s", target, walk->rest) >= (int)sizeof rest)
        return LINK_NONE;
    memcpy(walk->rest, rest, sizeof rest);
    return LINK_FOLLOWED;
}

/* Copies one path of the machine and the links on the way to it; of a file the content too, if that is asked for. */
static void copy_path(struct recorder *r, const char *path, bool content)
{
    struct walk walk = {.links = 0};
    char part[NAME_MAX + 1], name[NAME_MAX + 1], full[PATH_MAX];
    struct stat status;
    enum link link;

    snprintf(walk.rest, sizeof walk.rest, "%s", path);
    while (r->status == STATUS_OK && take_part(&walk, part)) {
        if (strcmp(part, "..") == 0) {
            cut_last(walk.from);
            cut_last(walk.to);
            continue;
        }
        if (strcmp(part, ".") == 0)
            continue;
        tree_mask_name(&r->mask, part, name, sizeof name);
        /* proc/self leads to a number that changes */
        link = strcmp(walk.from, "proc") == 0 ? LINK_NONE : follow_link(r, &walk, part, name);
        if (link == LINK_BARRED)
            return;
        if (link == LINK_FOLLOWED)
            continue;
        if (!extend(walk.from, part) || !extend(walk.to, name) || !join(full, r->root ? r->root : "", walk.from) ||
            !tree_mask_allows(walk.from) || stat(full, &status) != 0)
            return;
        if (S_ISDIR(status.st_mode))
            make_folder(r, walk.to);
        else if (S_ISREG(status.st_mode) && content)
            copy_file(r, walk.from, walk.to);
        if (!S_ISDIR(status.st_mode))
            return;
    }
}

/* The names in a folder that was looked through matter as well: folders and links in it are stored, files only where they were
 * read. */
static void copy_names(struct recorder *r, const char *path)
{
    int problem;
    DIR *folder = tree_open_folder(r->root, path, &problem);

    for (struct dirent *entry; folder && r->status == STATUS_OK && (entry = readdir(folder)) != NULL;) {
        char full[PATH_MAX];
        if (entry->d_name[0] != '.' && (entry->d_type == DT_DIR || entry->d_type == DT_LNK) &&
            join(full, path, entry->d_name))
            copy_path(r, full, false);
    }
    if (folder)
        closedir(folder);
}

/* ---- what hwloc reads ------------------------------------------------------------------------------------------------------ */

static void copy_matching(struct recorder *r, const char *path, const char *const *names)
{
    char full[PATH_MAX];

    for (; *names; names++)
        if (join(full, path, *names))
            copy_path(r, full, true);
}

static void copy_caches(struct recorder *r, const char *cpu)
{
    static const char *const names[] = {
        "level",          "type", "size", "coherency_line_size", "number_of_sets", "physical_line_partition",
        "shared_cpu_map", "id",   NULL};
    char path[PATH_MAX];

    for (unsigned i = 0; i < 8; i++)
        if (snprintf(path, sizeof path, "%s/cache/index%u", cpu, i) < (int)sizeof path && tree_exists(r->root, path))
            copy_matching(r, path, names);
}

static void copy_processors(struct recorder *r, const struct host *host)
{
    static const char *const names[] = {"topology/core_cpus",
                                        "topology/thread_siblings",
                                        "topology/core_id",
                                        "topology/package_cpus",
                                        "topology/core_siblings",
                                        "topology/die_cpus",
                                        "topology/die_id",
                                        "topology/cluster_cpus",
                                        "topology/cluster_id",
                                        "topology/book_siblings",
                                        "topology/book_id",
                                        "topology/physical_package_id",
                                        "cpufreq/cpuinfo_max_freq",
                                        "cpufreq/base_frequency",
                                        "cpu_capacity",
                                        "online",
                                        NULL};
    static const char *const lists[] = {"online", "possible", "present", NULL};

    copy_matching(r, "sys/devices/system/cpu", lists);
    for (size_t i = 0; i < host->cpu_count && r->status == STATUS_OK; i++) {
        char path[64];
        snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%u", host->cpus[i].os_index);
        copy_matching(r, path, names);
        copy_caches(r, path);
    }
}

static void copy_nodes(struct recorder *r, const struct host *host)
{
    static const char *const names[] = {"cpumap", "cpulist", "meminfo", "distance", NULL};

    copy_path(r, "sys/devices/system/node/online", true);
    for (size_t i = 0; i < host->numa_nodes && i < HOST_NODES_MAX; i++) {
        char path[64];
        snprintf(path, sizeof path, "sys/devices/system/node/node%u", host->nodes[i].os_index);
        copy_matching(r, path, names);
    }
}

/* ---- the whole --------------------------------------------------------------------------------------------------------------- */

/* Notes a file that is there for others only. */
static void note_forbidden(struct recorder *r, const char *path)
{
    char byte[2];
    ssize_t length = tree_read(r->root, path, byte, sizeof byte);

    if (length == -EACCES || length == -EPERM)
        fprintf(r->forbidden, "%s\n", path);
}

static void write_forbidden(struct recorder *r, char *text, size_t length)
{
    size_t masked_length;
    char *masked = length ? tree_mask_content(&r->mask, TREE_FORBIDDEN_PATH, text, length, &masked_length) : NULL;

    if (masked)
        write_text(r, TREE_FORBIDDEN_PATH, masked);
    free(masked);
}

/* A library, or a device's node, which is of use only where it can be written too: only that it is there, and open to us. */
static void copy_presence(struct recorder *r, const char *path)
{
    char full[PATH_MAX];
    struct stat status;
    bool device = join(full, r->root ? r->root : "", path) && stat(full, &status) == 0 && S_ISCHR(status.st_mode);
    int access = tree_access(r->root, path, device ? R_OK | W_OK : R_OK);

    if (access == 0)
        write_text(r, path, "");
    else if (access == -EACCES || access == -EPERM)
        fprintf(r->forbidden, "%s\n", path);
}

static void copy_log(struct recorder *r, const char *log)
{
    for (const char *line = log; *line && r->status == STATUS_OK;) {
        size_t length = strcspn(line, "\n");
        char path[PATH_MAX];

        snprintf(path, sizeof path, "%.*s", length < sizeof path ? (int)length : 0, line);
        if (length && line[length - 1] == '?') {
            path[length - 1] = '\0';
            copy_presence(r, path);
        } else {
            copy_path(r, path, true);
            note_forbidden(r, path);
        }
        if (length && line[length - 1] == '/')
            copy_names(r, path);
        line += length + (line[length] == '\n');
    }
}

/* What the running machine tells by calls, in the files that a recorded one is read from. */
static void write_told(struct recorder *r, const struct host *host, const char *device_id)
{
    char *text = host->live ? host_cpuid_text(host) : NULL;
    char line[128];

    if (text)
        write_text(r, CPUID_PATH, text);
    free(text);
    if (host->live) {
        snprintf(line, sizeof line, "%s\n", host->kernel);
        write_text(r, "proc/sys/kernel/osrelease", line);
    }
    if (device_id) {
        snprintf(line, sizeof line, "%s\n", device_id);
        write_text(r, DEVICE_ID_PATH, line);
    }
}

enum status tree_record(const char *folder, const char *root, const struct host *host, const char *device_id,
                        const char *log, size_t *files, struct error *error)
{
    struct recorder *r = calloc(1, sizeof *r);
    char *forbidden = NULL;
    size_t forbidden_length = 0;
    enum status status;

    *files = 0;
    if (!r || !(r->forbidden = open_memstream(&forbidden, &forbidden_length))) {
        free(r);
        return error_set(error, STATUS_MEMORY, "out of memory");
    }
    r->folder = folder;
    r->root = root;
    r->error = error;
    tree_mask_open(&r->mask, root);
    write_told(r, host, device_id); /* first: what was read otherwise must not replace it */
    copy_log(r, log);
    copy_processors(r, host);
    copy_nodes(r, host);
    if (fclose(r->forbidden) == 0)
        write_forbidden(r, forbidden, forbidden_length);
    free(forbidden);
    *files = r->files;
    status = r->status;
    free(r);
    return status;
}
