#include "runner/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LOCK_FILE   "/run/lock/pocketmark.lock"
#define SOCKET_NAME "pocketmark.lock"

enum { POLL_NS = 100000000, OPEN_TRIES = 4, BACKLOG = 16 };

/* What came of one try. */
enum hold { HELD, BUSY, ABSENT };

/* Opened without O_CREAT where it exists: in folders like /run/lock the kernel may refuse that to all but the file's owner. */
static int open_file(const char *path)
{
    for (int i = 0; i < OPEN_TRIES; i++) {
        int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 && errno == EACCES)
            fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0 || errno != ENOENT)
            return fd;
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd >= 0) {
            fchmod(fd, 0666); /* others shall be able to leave their number in it, whatever our mask */
            return fd;
        }
        if (errno != EEXIST)
            return fd;
    }
    return -1;
}

/* The number that the holder left; 0 where there is none, or where it is of a process that is gone. */
static pid_t read_holder(int fd)
{
    char text[24] = "";
    ssize_t got = pread(fd, text, sizeof text - 1, 0);
    long number = got > 0 ? strtol(text, NULL, 10) : 0;

    return number > 0 && number <= INT_MAX && (kill((pid_t)number, 0) == 0 || errno == EPERM) ? (pid_t)number : 0;
}

static void write_holder(int fd)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());

    if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)length, 0) != length)
        return; /* the lock holds without it; a message then names no number */
}

static enum hold try_file(struct lock *lock, const char *path, pid_t *holder)
{
    int fd = open_file(path), cause;

    if (fd < 0)
        return ABSENT;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        write_holder(fd);
        lock->fd = fd;
        return HELD;
    }
    cause = errno;
    *holder = cause == EWOULDBLOCK ? read_holder(fd) : 0;
    close(fd);
    errno = cause;
    return cause == EWOULDBLOCK ? BUSY : ABSENT;
}

/* Bound to a name that lives as long as the socket does; whoever finds it taken asks who listens. */
static enum hold try_socket(struct lock *lock, pid_t *holder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + sizeof SOCKET_NAME;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct ucred peer;
    socklen_t peer_size = sizeof peer;
    enum hold hold;

    memcpy(address.sun_path + 1, SOCKET_NAME, sizeof SOCKET_NAME - 1);
    if (fd < 0)
        return ABSENT;
    if (bind(fd, (const struct sockaddr *)&address, size) == 0 && listen(fd, BACKLOG) == 0) {
        lock->fd = fd;
        return HELD;
    }
    hold = errno == EADDRINUSE ? BUSY : ABSENT;
    if (hold == BUSY && connect(fd, (const struct sockaddr *)&address, size) == 0 &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) == 0)
        *holder = peer.pid;
    close(fd);
    return hold;
}

static enum hold try_all(struct lock *lock, const char *asked, pid_t *holder)
{
    enum hold hold = try_file(lock, asked ? asked : LOCK_FILE, holder);

    return hold == ABSENT && !asked ? try_socket(lock, holder) : hold;
}

static void describe_holder(pid_t holder, char *text, size_t size)
{
    if (holder > 0)
        snprintf(text, size, "another run measures on this machine (process %ld)", (long)holder);
    else
        snprintf(text, size, "another run measures on this machine");
}

enum status lock_take(struct lock *lock, bool wait, const volatile sig_atomic_t *signal, struct progress *progress,
                      struct error *error)
{
    const struct timespec pause = {0, POLL_NS};
    const char *asked = getenv("POCKETMARK_LOCK");
    char holder_text[96];
    pid_t holder = 0;
    bool told = false;
    enum hold hold;

    lock->fd = -1;
    asked = asked && *asked ? asked : NULL;
    while ((hold = try_all(lock, asked, &holder)) == BUSY) {
        describe_holder(holder, holder_text, sizeof holder_text);
        if (!wait)
            return error_set(error, STATUS_UNSUPPORTED,
                             "%s: two at a time would measure each other; try again when it is done, or with --wait",
                             holder_text);
        if (!told)
            progress_say(progress, "%s: waiting for it", holder_text);
        told = true;
        if (*signal)
            return error_set(error, STATUS_INTERRUPTED, "stopped while waiting: %s", holder_text);
        nanosleep(&pause, NULL);
    }
    if (hold == ABSENT && asked)
        return error_set(error, STATUS_IO, "POCKETMARK_LOCK: %s: cannot lock it: %s", asked, strerror(errno));
    if (hold == ABSENT)
        return error_set(error, STATUS_UNSUPPORTED,
                         "neither %s nor a socket can be had to keep other runs away: name a file in POCKETMARK_LOCK",
                         LOCK_FILE);
    return STATUS_OK;
}

void lock_release(struct lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}
