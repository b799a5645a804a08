#include "reports/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_BYTES = 1 << 16, BYTES_MAX = 1 << 30 };

/* Makes room for more; false with errno set where there may be or is none. */
static bool input_grow(char **text, size_t *capacity)
{
    size_t larger = *capacity ? 2 * *capacity : FIRST_BYTES;
    char *grown;

    if (larger > BYTES_MAX) {
        errno = EFBIG;
        return false;
    }
    if (!(grown = realloc(*text, larger)))
        return false;
    *text = grown;
    *capacity = larger;
    return true;
}

/* Grows as it reads: the size that a pipe or a growing file tells is no promise. */
enum status input_read(const char *path, char **text, size_t *length, struct error *error)
{
    bool standard = strcmp(path, "-") == 0;
    int file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    size_t capacity = 0;
    ssize_t got = file < 0 ? -1 : 1;

    *text = NULL;
    *length = 0;
    while (got > 0) {
        if (*length == capacity && !input_grow(text, &capacity)) {
            got = -1;
            break;
        }
        do
            got = read(file, *text + *length, capacity - *length);
        while (got < 0 && errno == EINTR);
        *length += got > 0 ? (size_t)got : 0;
    }
    if (got < 0)
        error_set(error, STATUS_IO, "%s: cannot read: %s", standard ? "standard input" : path, strerror(errno));
    if (file >= 0 && !standard)
        close(file);
    return got < 0 ? STATUS_IO : STATUS_OK;
}
