#include "reports/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMPORARY_TRIES = 100 };

const struct writer *writer_for_path(const char *path)
{
    size_t length = strlen(path);

    for (size_t i = 0; writers[i]; i++) {
        size_t suffix = strlen(writers[i]->suffix);
        if (length > suffix && strcmp(path + length - suffix, writers[i]->suffix) == 0)
            return writers[i];
    }
    return NULL;
}

static enum status path_error(struct error *error, const char *path, const char *what)
{
    const char *remedy = errno == ENOSPC || errno == EDQUOT ? ": free some space or name another folder"
                         : errno == ENOENT                  ? ": make the folder first"
                                                            : "";

    return error_set(error, STATUS_IO, "%s: cannot %s: %s%s", path, what, strerror(errno), remedy);
}

bool writer_put(int file, const char *bytes, size_t count)
{
    while (count) {
        ssize_t done = write(file, bytes, count);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        bytes += done;
        count -= (size_t)done;
    }
    return true;
}

/* A new file in `folder`, its path in `name`; −1 with errno set. */
static int temporary_open(const char *folder, char *name, size_t size)
{
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        int file;
        if ((size_t)snprintf(name, size, "%s/.pocketmark-%ld-%d.tmp", folder, (long)getpid(), i) >= size) {
            errno = ENAMETOOLONG;
            return -1;
        }
        file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0 || errno != EEXIST)
            return file;
    }
    return -1;
}

bool writer_sync_folder(const char *folder)
{
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), cause;
    bool good;

    if (file < 0)
        return false;
    /* some file systems cannot sync folders, which is no failure */
    good = fsync(file) == 0 || errno == EINVAL || errno == ENOTSUP;
    cause = errno;
    close(file);
    errno = cause;
    return good;
}

/* Beside the target, synced, renamed over it. */
static enum status replace_file(const char *target, const char *bytes, size_t count, const char *path,
                                struct error *error)
{
    char *copy = strdup(target), temporary[4096 + 64];
    const char *folder = copy ? dirname(copy) : NULL;
    enum status status = STATUS_OK;
    bool made = false;
    int file = -1;

    if (!copy)
        return error_set(error, STATUS_MEMORY, "%s: no memory to write it", path);
    file = temporary_open(folder, temporary, sizeof temporary);
    if (file < 0) {
        status = path_error(error, path, "create");
        goto out;
    }
    made = true;
    if (!writer_put(file, bytes, count) || fsync(file) != 0) {
        status = path_error(error, path, "write");
        goto out;
    }
    if (close(file) != 0) {
        file = -1;
        status = path_error(error, path, "close");
        goto out;
    }
    file = -1;
    if (rename(temporary, target) != 0) {
        status = path_error(error, path, "put into place");
        goto out;
    }
    made = false;
    if (!writer_sync_folder(folder))
        status = path_error(error, path, "sync the folder of");
out:
    if (file >= 0)
        close(file);
    if (made)
        unlink(temporary);
    free(copy);
    return status;
}

/* Devices and pipes are written as they stand: renaming over /dev/stdout would replace the device. */
static enum status write_special(const char *path, const char *bytes, size_t count, struct error *error)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    enum status status = STATUS_OK;

    if (file < 0)
        return path_error(error, path, "open");
    if (!writer_put(file, bytes, count))
        status = path_error(error, path, "write");
    if (close(file) != 0 && status == STATUS_OK)
        status = path_error(error, path, "close");
    return status;
}

static enum status write_stdout(const char *bytes, size_t count, struct error *error)
{
    if (fwrite(bytes, 1, count, stdout) == count && fflush(stdout) == 0)
        return STATUS_OK;
    return path_error(error, "standard output", "write");
}

/* What path stands for: *target is the file to replace (links followed, to be freed), NULL for one to be written in place. */
static enum status target_find(const char *path, char **target, struct error *error)
{
    struct stat about;

    *target = NULL;
    if (!*path)
        return error_set(error, STATUS_IO, "an empty path: name a file");
    if (stat(path, &about) == 0) {
        if (S_ISDIR(about.st_mode))
            return error_set(error, STATUS_IO, "%s: is a folder: name a file in it", path);
        if (!S_ISREG(about.st_mode))
            return STATUS_OK;
        *target = realpath(path, NULL);
    } else if (errno == ENOENT) {
        if (path[strlen(path) - 1] == '/')
            return error_set(error, STATUS_IO, "%s: is a folder: name a file in it", path);
        *target = strdup(path);
    }
    return *target ? STATUS_OK : path_error(error, path, "create");
}

enum status writer_save_bytes(const char *path, const char *bytes, size_t count, struct error *error)
{
    char *target;
    enum status status;

    if (strcmp(path, "-") == 0)
        return write_stdout(bytes, count, error);
    status = target_find(path, &target, error);
    if (status == STATUS_OK)
        status = target ? replace_file(target, bytes, count, path, error) : write_special(path, bytes, count, error);
    free(target);
    return status;
}

enum status writer_save(const struct writer *writer, const struct record *record, const char *path, struct error *error)
{
    static const struct writer_style style = {.colour = false, .utf8 = true, .width = 100};
    char *bytes = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&bytes, &count);
    enum status status;
    bool whole;

    if (!out)
        return error_set(error, STATUS_MEMORY, "%s: no memory to write it", path);
    status = writer->write(record, &style, out, error);
    whole = !ferror(out);
    if (fclose(out) != 0 || !whole)
        status = error_set(error, STATUS_MEMORY, "%s: no memory to write it", path);
    if (status == STATUS_OK)
        status = writer_save_bytes(path, bytes, count, error);
    free(bytes);
    return status;
}

enum status writer_probe(const char *path, struct error *error)
{
    char *target, temporary[4096 + 64];
    enum status status;
    int file;

    if (strcmp(path, "-") == 0)
        return STATUS_OK;
    if ((status = target_find(path, &target, error)) != STATUS_OK)
        return status;
    if (target) {
        file = temporary_open(dirname(target), temporary, sizeof temporary);
        if (file >= 0)
            unlink(temporary);
    } else {
        file = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    }
    if (file < 0)
        status = path_error(error, path, "create");
    else
        close(file);
    free(target);
    return status;
}
