#include "workloads/data.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The build names the folder of the sources. */
#ifndef POCKETMARK_SOURCE
#define POCKETMARK_SOURCE "."
#endif

static bool is_directory(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* PREFIX/bin/program → PREFIX/share/pocketmark/KIND; false where there is no such folder. */
static bool beside_program(const char *kind, char *path, size_t size)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

    for (int level = 0; level < 2 && length > 0; level++) {
        program[length] = '\0';
        char *slash = strrchr(program, '/');
        length = slash ? slash - program : 0;
    }
    if (length <= 0)
        return false;
    snprintf(path, size, "%.*s/share/pocketmark/%s", (int)length, program, kind);
    return is_directory(path);
}

const char *data_directory(const char *kind)
{
    static _Thread_local char path[2 * PATH_MAX];
    const char *data = getenv("POCKETMARK_DATA");

    if (data && *data)
        snprintf(path, sizeof path, "%s/%s", data, kind);
    else if (!beside_program(kind, path, sizeof path))
        snprintf(path, sizeof path, "%s/workloads/%s", POCKETMARK_SOURCE, kind);
    return path;
}

enum status data_object(const char *text, size_t length, size_t most_bytes, cJSON **object, struct error *error)
{
    const char *end = NULL;
    enum status status = STATUS_OK;
    char *copy;

    *object = NULL;
    if (length > most_bytes)
        return error_set(error, STATUS_FORMAT, "longer than %zu bytes", most_bytes);
    copy = malloc(length + 1);
    if (!copy)
        return error_set(error, STATUS_MEMORY, "no memory for %zu bytes", length);
    /* cJSON reads past the end of texts without a zero byte, and takes an escaped one for the end of a string. */
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (strlen(copy) != length || strstr(copy, "\\u0000")) {
        status = error_set(error, STATUS_FORMAT, "holds a zero byte");
        goto out;
    }
    *object = cJSON_ParseWithLengthOpts(copy, length + 1, &end, true);
    if (!*object)
        status = error_set(error, STATUS_FORMAT, "not valid JSON at byte %zu", end ? (size_t)(end - copy) : 0);
    else if (!cJSON_IsObject(*object))
        status = error_set(error, STATUS_FORMAT, "must be a JSON object");
    if (status) {
        cJSON_Delete(*object);
        *object = NULL;
    }
out:
    free(copy);
    return status;
}
