#include "reports/save.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMPORARY_TRIES = 100, TEMPORARY_SPACE = 64 };

enum status save_error(const char *path, const char *what, struct error *error)
{
    const char *remedy = errno == ENOSPC || errno == EDQUOT ? ": free some space or name another folder"
                         : errno == ENOENT                  ? ": make the folder first"
                                                            : "";

    return error_set(error, STATUS_IO, "%s: cannot %s: %s%s", path, what, strerror(errno), remedy);
}

/* The folder that a path lies in, to be freed. */
static char *folder_of(const char *target)
{
    char *copy = strdup(target), *folder = copy ? strdup(dirname(copy)) : NULL;

    free(copy);
    return folder;
}

/* A new file beside `target`, its path in *name, to be freed; −1 with errno set. */
static int temporary_open(const char *target, char **name)
{
    char *folder = folder_of(target);
    size_t size = folder ? strlen(folder) + TEMPORARY_SPACE : 0;
    int file = -1;

    *name = folder ? malloc(size) : NULL;
    errno = *name ? EEXIST : ENOMEM;
    for (int i = 0; i < TEMPORARY_TRIES && *name && file < 0 && errno == EEXIST; i++) {
        snprintf(*name, size, "%s/.pocketmark-%ld-%d.tmp", folder, (long)getpid(), i);
        file = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    free(folder);
    if (file < 0) {
        free(*name);
        *name = NULL;
    }
    return file;
}

bool save_sync_folder(const char *folder)
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

/* Makes the new name itself last. */
static bool sync_folder_of(const char *target)
{
    char *folder = folder_of(target);
    bool good = folder && save_sync_folder(folder);

    free(folder);
    return good;
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
    return *target ? STATUS_OK : save_error(path, "create", error);
}

enum status save_open(struct save *save, const char *path, struct error *error)
{
    enum status status;

    *save = (struct save){.file = -1, .path = path};
    status = target_find(path, &save->target, error);
    if (status)
        return status;
    /* Renaming over /dev/stdout would replace the device. */
    save->file = save->target ? temporary_open(save->target, &save->temporary) : open(path, O_WRONLY | O_CLOEXEC);
    if (save->file < 0) {
        status = save_error(path, save->target ? "create" : "open", error);
        save_abandon(save);
    }
    return status;
}

bool save_put(int file, const void *bytes, size_t count)
{
    while (count) {
        ssize_t done = write(file, bytes, count);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        bytes = (const char *)bytes + done;
        count -= (size_t)done;
    }
    return true;
}

enum status save_write(struct save *save, const void *bytes, size_t count, struct error *error)
{
    return save_put(save->file, bytes, count) ? STATUS_OK : save_error(save->path, "write", error);
}

static enum status commit(struct save *save, bool sync, struct error *error)
{
    enum status status = STATUS_OK;
    int file = save->file;

    if (sync && save->target && fsync(file) != 0)
        status = save_error(save->path, "write", error);
    save->file = -1;
    if (close(file) != 0 && !status)
        status = save_error(save->path, "close", error);
    if (!status && save->target && rename(save->temporary, save->target) != 0)
        status = save_error(save->path, "put into place", error);
    if (!status && save->target) {
        free(save->temporary);
        save->temporary = NULL;
        if (sync && !sync_folder_of(save->target))
            status = save_error(save->path, "sync the folder of", error);
    }
    save_abandon(save);
    return status;
}

enum status save_commit(struct save *save, struct error *error)
{
    return commit(save, true, error);
}

enum status save_commit_unsynced(struct save *save, struct error *error)
{
    return commit(save, false, error);
}

void save_abandon(struct save *save)
{
    if (save->file >= 0)
        close(save->file);
    if (save->temporary)
        unlink(save->temporary);
    free(save->temporary);
    free(save->target);
    *save = (struct save){.file = -1};
}

enum status save_probe(const char *path, struct error *error)
{
    struct save save = {.file = -1};
    char *target;
    enum status status = target_find(path, &target, error);

    if (status)
        return status;
    if (target)
        status = save_open(&save, path, error);
    else if ((save.file = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
        status = save_error(path, "create", error);
    free(target);
    save_abandon(&save);
    return status;
}
