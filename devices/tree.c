#include "devices/tree.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 << 20 };

static bool full_path(char *full, size_t capacity, const char *root, const char *path)
{
    int length = snprintf(full, capacity, "%s/%s", root ? root : "", path);

    return length > 0 && (size_t)length < capacity;
}

/* A link of a recorded tree that leads out of it would read the machine at hand instead. */
static bool stays_inside(int fd, const char *root)
{
    char link[64], target[PATH_MAX], *folder;
    ssize_t length;
    size_t folder_length;
    bool inside;

    if (!root)
        return true;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, target, sizeof target - 1);
    folder = realpath(root, NULL);
    if (length < 0 || !folder) {
        free(folder);
        return true;
    }
    target[length] = '\0';
    folder_length = strlen(folder);
    inside = strncmp(target, folder, folder_length) == 0 &&
             (target[folder_length] == '/' || target[folder_length] == '\0' || folder_length == 1);
    free(folder);
    return inside;
}

static void log_path(const char *path, const char *end)
{
    const char *log = getenv(TREE_LOG_VARIABLE);

    if (log && *log && *path)
        dprintf(atoi(log), "%s%s\n", path, end);
}

/* Does a recorded tree tell that its machine had no permission to read that file? */
static bool is_forbidden(const char *root, const char *path)
{
    char full[PATH_MAX], line[512];
    FILE *file = full_path(full, sizeof full, root, TREE_FORBIDDEN_PATH) ? fopen(full, "re") : NULL;
    bool found = false;

    while (file && !found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        found = *line && fnmatch(line, path, FNM_PATHNAME) == 0;
    }
    if (file)
        fclose(file);
    return found;
}

static int tree_open(const char *root, const char *path)
{
    char full[PATH_MAX];
    int fd;

    if (!full_path(full, sizeof full, root, path))
        return -ENAMETOOLONG;
    log_path(path, "");
    if (root && is_forbidden(root, path))
        return -EACCES;
    fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    if (!stays_inside(fd, root)) {
        close(fd);
        return -EXDEV;
    }
    return fd;
}

/* Fills the buffer as far as the file goes. */
static ssize_t read_fully(int fd, char *text, size_t capacity)
{
    size_t length = 0;

    while (length < capacity) {
        ssize_t got = read(fd, text + length, capacity - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

ssize_t tree_read(const char *root, const char *path, char *text, size_t capacity)
{
    int fd = tree_open(root, path);
    ssize_t length = fd;

    if (fd >= 0) {
        length = read_fully(fd, text, capacity - 1);
        close(fd);
    }
    text[length < 0 ? 0 : length] = '\0';
    return length;
}

char *tree_read_all(const char *root, const char *path, int *problem)
{
    size_t capacity = 16384, length = 0;
    char *text = NULL, *larger;
    ssize_t got = 0;
    int fd = tree_open(root, path);

    *problem = fd < 0 ? fd : 0;
    while (*problem == 0) {
        larger = capacity <= FILE_BYTES_MAX ? realloc(text, capacity) : NULL;
        if (!larger) {
            *problem = capacity <= FILE_BYTES_MAX ? -ENOMEM : -EFBIG;
            break;
        }
        text = larger;
        got = read_fully(fd, text + length, capacity - 1 - length);
        if (got < 0) {
            *problem = (int)got;
            break;
        }
        length += (size_t)got;
        text[length] = '\0';
        if (length < capacity - 1)
            break;
        capacity *= 2;
    }
    if (fd >= 0)
        close(fd);
    if (*problem) {
        free(text);
        text = NULL;
    }
    return text;
}

bool tree_read_line(const char *root, const char *path, char *text, size_t capacity)
{
    char buffer[4096], *start = buffer;
    size_t length;

    text[0] = '\0';
    if (tree_read(root, path, buffer, sizeof buffer) < 0)
        return false;
    length = strcspn(buffer, "\n");
    while (length > 0 && isspace((unsigned char)*start))
        start++, length--;
    while (length > 0 && isspace((unsigned char)start[length - 1]))
        length--;
    snprintf(text, capacity, "%.*s", (int)length, start);
    return text[0] != '\0';
}

bool tree_parse_u64(const char *text, uint64_t *value)
{
    unsigned long long number;
    char *end;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    number = strtoull(text, &end, 10);
    if (errno)
        return false;
    while (isspace((unsigned char)*end))
        end++;
    if (*end)
        return false;
    *value = number;
    return true;
}

int tree_read_u64(const char *root, const char *path, uint64_t *value)
{
    char text[64];
    ssize_t length = tree_read(root, path, text, sizeof text);

    if (length < 0)
        return (int)length;
    return (size_t)length < sizeof text - 1 && strlen(text) == (size_t)length && tree_parse_u64(text, value) ? 0
                                                                                                             : -EINVAL;
}

DIR *tree_open_folder(const char *root, const char *path, int *problem)
{
    char full[PATH_MAX];
    DIR *folder;

    *problem = -ENAMETOOLONG;
    if (!full_path(full, sizeof full, root, path))
        return NULL;
    log_path(path, "/");
    folder = opendir(full);
    *problem = folder ? 0 : -errno;
    if (folder && !stays_inside(dirfd(folder), root)) {
        closedir(folder);
        folder = NULL;
        *problem = -EXDEV;
    }
    return folder;
}

bool tree_exists(const char *root, const char *path)
{
    int fd = tree_open(root, path);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

const char *tree_next_line(const char *line)
{
    const char *end = strchr(line, '\n');

    return end ? end + 1 : NULL;
}

int tree_access(const char *root, const char *path, int mode)
{
    char full[PATH_MAX];
    int fd, problem = 0;

    if (!full_path(full, sizeof full, root, path))
        return -ENAMETOOLONG;
    log_path(path, "?");
    if (root && is_forbidden(root, path))
        return -EACCES;
    if (!root)
        return faccessat(AT_FDCWD, full, mode, AT_EACCESS) == 0 ? 0 : -errno;
    fd = open(full, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (!stays_inside(fd, root))
        problem = -EXDEV;
    close(fd);
    return problem;
}

bool tree_find_value(const char *text, const char *key, char *value, size_t capacity)
{
    size_t key_length = strlen(key);

    value[0] = '\0';
    for (const char *line = text; line && *line; line = tree_next_line(line)) {
        const char *end = line + strcspn(line, "\n"), *at = line + key_length;

        if (strncmp(line, key, key_length) != 0)
            continue;
        at += strspn(at, " \t");
        if (*at != ':')
            continue;
        at++;
        at += strspn(at, " \t");
        while (end > at && isspace((unsigned char)end[-1]))
            end--;
        snprintf(value, capacity, "%.*s", end > at ? (int)(end - at) : 0, at);
        return true;
    }
    return false;
}

bool tree_find_property(const char *text, const char *key, char *value, size_t capacity)
{
    size_t length = strlen(key);

    value[0] = '\0';
    for (const char *line = text; line && *line; line = tree_next_line(line))
        if (strncmp(line, key, length) == 0 && line[length] == '=') {
            snprintf(value, capacity, "%.*s", (int)strcspn(line + length + 1, "\r\n"), line + length + 1);
            return true;
        }
    return false;
}

bool tree_find_kib(const char *text, const char *key, uint64_t *bytes)
{
    char value[48];
    uint64_t kib;
    char *unit;

    if (!tree_find_value(text, key, value, sizeof value))
        return false;
    unit = strstr(value, " kB");
    if (!unit || strcmp(unit, " kB") != 0)
        return false;
    *unit = '\0';
    if (!tree_parse_u64(value, &kib) || kib > UINT64_MAX / 1024)
        return false;
    *bytes = kib * 1024;
    return true;
}
