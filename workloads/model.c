#include "workloads/model.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workloads/data.h"
#include "workloads/description.h"
#include "workloads/nearest.h"

const char *model_directory(void)
{
    return data_directory("models");
}

struct names {
    char **items;
    size_t count, capacity;
};

static void names_free(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
    *names = (struct names){0};
}

static enum status names_add(struct names *names, const char *name, size_t length, struct error *error)
{
    if (names->count == names->capacity) {
        size_t capacity = names->capacity ? 2 * names->capacity : 32;
        char **items = realloc(names->items, capacity * sizeof *items);
        if (!items)
            return error_set(error, STATUS_MEMORY, "no memory for %zu model names", capacity);
        names->items = items;
        names->capacity = capacity;
    }
    names->items[names->count] = strndup(name, length);
    if (!names->items[names->count])
        return error_set(error, STATUS_MEMORY, "no memory for a model name");
    names->count++;
    return STATUS_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The described models in alphabetical order; the caller frees them, in case of an error too. */
static enum status names_read(struct names *names, struct error *error)
{
    const char *folder = model_directory();
    DIR *directory = opendir(folder);
    enum status status = STATUS_OK;

    if (!directory)
        return error_set(error, STATUS_IO,
                         "cannot read the folder of model descriptions %s: %s; POCKETMARK_DATA names "
                         "the folder that holds \"models\"",
                         folder, strerror(errno));
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (!entry)
            break;
        size_t length = strlen(entry->d_name);
        if (length > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 5, ".json") == 0)
            status = names_add(names, entry->d_name, length - 5, error);
        if (status)
            goto out;
    }
    if (errno)
        status =
            error_set(error, STATUS_IO, "cannot read the folder of model descriptions %s: %s", folder, strerror(errno));
    if (names->count)
        qsort(names->items, names->count, sizeof *names->items, compare_names);
out:
    closedir(directory);
    return status;
}

enum status model_list(void (*visit)(const char *name, void *context), void *context, struct error *error)
{
    struct names names = {0};
    enum status status = names_read(&names, error);

    for (size_t i = 0; i < names.count && !status; i++)
        visit(names.items[i], context);
    names_free(&names);
    return status;
}

static enum status refuse_name(const char *name, struct error *error)
{
    struct names names = {0};
    enum status status = names_read(&names, error);
    const char *near;

    if (!status) {
        near = nearest_word(name, (const char *const *)names.items, names.count);
        status = error_set(error, STATUS_MISUSE, "there is no model '%.80s'; %s%s%s'pocketmark list models' names all",
                           name, near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
    }
    names_free(&names);
    return status;
}

/* Reads a whole small file; *length is at most `room`. */
static enum status read_file(int file, const char *path, char *text, size_t room, size_t *length, struct error *error)
{
    *length = 0;
    while (*length < room) {
        ssize_t got = read(file, text + *length, room - *length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(error, STATUS_IO, "cannot read %s: %s", path, strerror(errno));
        if (got == 0)
            break;
        *length += (size_t)got;
    }
    return STATUS_OK;
}

enum status model_load(struct model *model, const char *name, struct error *error)
{
    char path[PATH_MAX], *text = NULL;
    enum status status;
    size_t length;
    int file = -1;

    *model = (struct model){0};
    if (!description_is_name(name))
        return refuse_name(name, error);
    snprintf(path, sizeof path, "%s/%s.json", model_directory(), name);
    file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0 && errno == ENOENT)
        return refuse_name(name, error);
    if (file < 0)
        return error_set(error, STATUS_IO, "cannot open %s: %s", path, strerror(errno));
    text = malloc(DESCRIPTION_BYTES_MAX + 1);
    if (!text) {
        status = error_set(error, STATUS_MEMORY, "no memory to read %s", path);
        goto out;
    }
    status = read_file(file, path, text, DESCRIPTION_BYTES_MAX + 1, &length, error);
    if (!status)
        status = model_parse(model, text, length, path, error);
    if (!status && strcmp(model->name, name) != 0) {
        status = error_set(error, STATUS_FORMAT, "%s: key 'name': is '%s'; it must be the file's name, '%s'", path,
                           model->name, name);
        model_free(model);
    }
out:
    free(text);
    close(file);
    return status;
}
