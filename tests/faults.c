/* Makes calls to the operating system fail on demand, for tests of what a program does when they do.
 *
 *     LD_PRELOAD=build/tests/faults.so POCKETMARK_FAULTS="open:/sys/class/powercap/:EACCES,write:r.json:ENOSPC" program
 *
 * POCKETMARK_FAULTS is a comma list of CALL:PATH:ERRNO[:NTH].
 *   CALL   open     open, open64, openat, openat64, fopen, fopen64
 *          opendir  opendir
 *          read     read, pread, and whatever a stream from fopen or fdopen reads
 *          write    write, pwrite, dprintf, and whatever a stream from fopen or fdopen writes
 *          fsync    fsync, fdatasync
 *          rename   rename, by the old path or the new one
 *          mkdir    mkdir
 *          mmap     mmap, by the path of the file; an anonymous mapping has the path "anonymous"
 *          fork     fork; its path is "fork"
 *   PATH   part of the path as the program gave it, or for a descriptor as /proc/self/fd has it; * is any path.
 *          It may hold colons, not commas.
 *   ERRNO  the name of the error: EACCES, ENOSPC, EIO, ENOMEM … SHORT (read and write only) moves one byte at most.
 *   NTH    fail only the NTH such call, counted from 1; NTH+ fails that one and all that follow. Without it: all.
 *
 * The first row that applies decides. A table that cannot be read ends the process at once with a message and status 99,
 * so that a misspelt row never passes for a fault survived. Calls that the C library makes inside itself are not seen:
 * malloc's own mappings, the program loader, popen, stdout (redirect it to /dev/full to make it fail).
 * POCKETMARK_OPENS=FILE: every path that is opened is appended to it, one a line.
 * Under AddressSanitizer add ASAN_OPTIONS=verify_asan_link_order=0. For 64-bit Linux with glibc 2.32 or newer.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/fault_table.h"

enum { STREAMS_MAX = 32 };

/* A stream that reads and writes through the wrapped calls. */
struct stream {
    FILE *outer, *inner;
};

static struct stream streams[STREAMS_MAX];
static pthread_mutex_t streams_lock = PTHREAD_MUTEX_INITIALIZER;

/* True with errno set if the call is to fail. */
static bool fails(const char *call, const char *path)
{
    int error = fault_count ? fault_of(call, path) : 0;
    if (error)
        errno = error;
    return error != 0;
}

static void path_of_descriptor(int fd, char *path, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, size - 1);
    path[length > 0 ? length : 0] = '\0';
}

/* 0, an errno value, or SHORT_COUNT. Keeps errno. */
static int fault_of_descriptor(const char *call, int fd)
{
    if (!fault_count)
        return 0;
    int saved = errno;
    char path[4096];
    path_of_descriptor(fd, path, sizeof path);
    errno = saved;
    return fault_of(call, path);
}

static bool descriptor_fails(const char *call, int fd)
{
    int error = fault_of_descriptor(call, fd);
    if (error)
        errno = error;
    return error != 0;
}

/* ISO C has no conversion from an object pointer to a function pointer; the bytes are the same on every POSIX system. */
static void next_function(const char *name, void *function)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    if (!symbol)
        abort();
    memcpy(function, &symbol, sizeof symbol);
}

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

static void note_open(const char *path)
{
    const char *notes = getenv("POCKETMARK_OPENS");
    int fd = notes ? (int)syscall(SYS_openat, AT_FDCWD, notes, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    if (fd < 0)
        return;
    syscall(SYS_write, fd, path, strlen(path));
    syscall(SYS_write, fd, "\n", 1);
    syscall(SYS_close, fd);
}

static int open_at(int directory, const char *path, int flags, mode_t mode)
{
    if (fault_count || getenv("POCKETMARK_OPENS")) {
        char full[8192] = "";
        if (directory != AT_FDCWD && path[0] != '/') {
            path_of_descriptor(directory, full, sizeof full / 2);
            strcat(full, "/");
        }
        snprintf(full + strlen(full), sizeof full - strlen(full), "%s", path);
        note_open(full);
        if (fails("open", full))
            return -1;
    }
    return (int)syscall(SYS_openat, directory, path, flags, mode);
}

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

#define OPEN_WRAPPER(name)                                                                                             \
    int name(const char *path, int flags, ...)                                                                         \
    {                                                                                                                  \
        va_list arguments;                                                                                             \
        va_start(arguments, flags);                                                                                    \
        mode_t mode = mode_of(flags, arguments);                                                                       \
        va_end(arguments);                                                                                             \
        return open_at(AT_FDCWD, path, flags, mode);                                                                   \
    }
#define OPENAT_WRAPPER(name)                                                                                           \
    int name(int directory, const char *path, int flags, ...)                                                          \
    {                                                                                                                  \
        va_list arguments;                                                                                             \
        va_start(arguments, flags);                                                                                    \
        mode_t mode = mode_of(flags, arguments);                                                                       \
        va_end(arguments);                                                                                             \
        return open_at(directory, path, flags, mode);                                                                  \
    }
OPEN_WRAPPER(open)
OPEN_WRAPPER(open64)
OPENAT_WRAPPER(openat)
OPENAT_WRAPPER(openat64)

static size_t shortened(int error, size_t size)
{
    return error == SHORT_COUNT && size > 1 ? 1 : size;
}

ssize_t read(int fd, void *buffer, size_t size)
{
    int error = fault_of_descriptor("read", fd);
    if (error > 0) {
        errno = error;
        return -1;
    }
    return syscall(SYS_read, fd, buffer, shortened(error, size));
}

static ssize_t read_at(int fd, void *buffer, size_t size, off_t offset)
{
    int error = fault_of_descriptor("read", fd);
    if (error > 0) {
        errno = error;
        return -1;
    }
    return syscall(SYS_pread64, fd, buffer, shortened(error, size), offset);
}

ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
    return read_at(fd, buffer, size, offset);
}

ssize_t pread64(int fd, void *buffer, size_t size, off64_t offset)
{
    return read_at(fd, buffer, size, offset);
}

static ssize_t write_by(long call, int fd, const void *buffer, size_t size, off_t offset)
{
    int error = fault_of_descriptor("write", fd);
    if (error > 0) {
        errno = error;
        return -1;
    }
    return syscall(call, fd, buffer, shortened(error, size), offset);
}

ssize_t write(int fd, const void *buffer, size_t size)
{
    return write_by(SYS_write, fd, buffer, size, 0); /* which takes no offset and sees none */
}

ssize_t pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
    return write_by(SYS_pwrite64, fd, buffer, size, offset);
}

ssize_t pwrite64(int fd, const void *buffer, size_t size, off64_t offset)
{
    return write_by(SYS_pwrite64, fd, buffer, size, offset);
}

int vdprintf(int fd, const char *format, va_list arguments)
{
    char *text = NULL;
    int length = vasprintf(&text, format, arguments);
    if (length < 0)
        return -1;
    int done = 0;
    while (done < length) {
        ssize_t count = write(fd, text + done, (size_t)(length - done));
        if (count < 0)
            break;
        done += (int)count;
    }
    int saved = errno;
    free(text);
    errno = saved;
    return done == length ? length : -1;
}

int dprintf(int fd, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vdprintf(fd, format, arguments);
    va_end(arguments);
    return length;
}

int fsync(int fd)
{
    return descriptor_fails("fsync", fd) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return descriptor_fails("fsync", fd) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

static void *map(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (flags & MAP_ANONYMOUS ? fails("mmap", "anonymous") : descriptor_fails("mmap", fd))
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset); /* -1 is MAP_FAILED */
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    return map(address, size, protection, flags, fd, offset);
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset)
{
    return map(address, size, protection, flags, fd, offset);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

int rename(const char *from, const char *to)
{
    if (fails("rename", from) || (strcmp(from, to) != 0 && fails("rename", to)))
        return -1;
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int mkdir(const char *path, mode_t mode)
{
    return fails("mkdir", path) ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

DIR *opendir(const char *path)
{
    note_open(path);
    if (fails("opendir", path))
        return NULL;
    DIR *(*real)(const char *);
    next_function("opendir", &real);
    return real(path);
}

pid_t fork(void)
{
    if (fails("fork", "fork"))
        return -1;
    pid_t (*real)(void);
    next_function("fork", &real);
    return real();
}

/* ---- streams: the C library reads and writes them with calls of its own, so a watched one goes through a cookie ------ */

static int real_fileno(FILE *stream)
{
    int (*real)(FILE *);
    next_function("fileno", &real);
    return real(stream);
}

int fileno(FILE *stream)
{
    FILE *inner = stream;
    pthread_mutex_lock(&streams_lock);
    for (size_t i = 0; i < STREAMS_MAX; i++)
        if (streams[i].outer == stream)
            inner = streams[i].inner;
    pthread_mutex_unlock(&streams_lock);
    return real_fileno(inner);
}

static ssize_t stream_read(void *cookie, char *buffer, size_t size)
{
    return read(real_fileno(((struct stream *)cookie)->inner), buffer, size);
}

static ssize_t stream_write(void *cookie, const char *buffer, size_t size)
{
    int fd = real_fileno(((struct stream *)cookie)->inner);
    size_t done = 0;
    while (done < size) {
        ssize_t count = write(fd, buffer + done, size - done);
        if (count < 0)
            break;
        done += (size_t)count;
    }
    return (ssize_t)done; /* fewer than asked for is how a cookie reports an error */
}

static int stream_seek(void *cookie, off64_t *offset, int whence)
{
    off_t position = lseek(real_fileno(((struct stream *)cookie)->inner), *offset, whence);
    if (position < 0)
        return -1;
    *offset = position;
    return 0;
}

static int stream_close(void *cookie)
{
    struct stream *stream = cookie;
    pthread_mutex_lock(&streams_lock);
    FILE *inner = stream->inner;
    *stream = (struct stream){NULL, NULL};
    pthread_mutex_unlock(&streams_lock);
    return fclose(inner);
}

static bool stream_is_watched(const char *path)
{
    for (size_t i = 0; i < fault_count; i++)
        if ((strcmp(faults[i].call, "read") == 0 || strcmp(faults[i].call, "write") == 0) &&
            strstr(path, faults[i].path))
            return true;
    return false;
}

static FILE *stream_watch(FILE *inner, const char *mode)
{
    if (!inner || !fault_count)
        return inner;
    char path[4096];
    path_of_descriptor(real_fileno(inner), path, sizeof path);
    if (!stream_is_watched(path))
        return inner;
    FILE *outer = NULL;
    pthread_mutex_lock(&streams_lock);
    for (size_t i = 0; i < STREAMS_MAX && !outer; i++) {
        if (streams[i].inner)
            continue;
        cookie_io_functions_t calls = {stream_read, stream_write, stream_seek, stream_close};
        outer = fopencookie(&streams[i], mode, calls);
        streams[i] = (struct stream){outer, outer ? inner : NULL};
    }
    pthread_mutex_unlock(&streams_lock);
    if (!outer)
        abort();
    return outer;
}

static FILE *stream_open(const char *name, const char *path, const char *mode)
{
    note_open(path);
    if (fails("open", path))
        return NULL;
    FILE *(*real)(const char *, const char *);
    next_function(name, &real);
    return stream_watch(real(path, mode), mode);
}

FILE *fopen(const char *path, const char *mode)
{
    return stream_open("fopen", path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    return stream_open("fopen64", path, mode);
}

FILE *fdopen(int fd, const char *mode)
{
    FILE *(*real)(int, const char *);
    next_function("fdopen", &real);
    return stream_watch(real(fd, mode), mode);
}
