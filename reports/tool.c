#include "reports/tool.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reports/save.h"
#include "reports/text.h"

enum { POLL_NS = 2000000, OUTPUT_BYTES_MAX = 256 << 20, WORDS_BYTES_MAX = 2048, WORDS_COLUMNS_MAX = 200 };

extern char **environ;

/* Files in memory in place of pipes: whatever is written or left unread, nobody has to wait for anybody. */
struct streams {
    int in, out, err;
};

enum ending { ENDED, LATE, TOO_MUCH };

static enum status streams_open(struct streams *streams, const struct tool *tool, const char *in, size_t in_length,
                                struct error *error)
{
    streams->in = memfd_create("in", MFD_CLOEXEC);
    streams->out = memfd_create("out", MFD_CLOEXEC);
    streams->err = memfd_create("err", MFD_CLOEXEC);
    if (streams->in < 0 || streams->out < 0 || streams->err < 0 || !save_put(streams->in, in, in_length) ||
        lseek(streams->in, 0, SEEK_SET) != 0)
        return error_set(error, STATUS_IO, "cannot hand %s its input, so %s: %s", tool->arguments[0], tool->purpose,
                         strerror(errno));
    return STATUS_OK;
}

static void streams_close(struct streams *streams)
{
    if (streams->in >= 0)
        close(streams->in);
    if (streams->out >= 0)
        close(streams->out);
    if (streams->err >= 0)
        close(streams->err);
}

/* This process's own, and the word by which programs that put times into files put none that changes. The strings stay those of
 * `environ`. To be freed; NULL without memory. */
static char **tool_environment(void)
{
    static char timeless[] = "SOURCE_DATE_EPOCH=0";
    size_t count = 0, kept = 0;
    char **own;

    while (environ[count])
        count++;
    if (!(own = calloc(count + 2, sizeof *own)))
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], timeless, strcspn(timeless, "=") + 1) != 0)
            own[kept++] = environ[i];
    own[kept] = timeless;
    return own;
}

/* In a process group of its own, with the signals as they are by default. 0 or the cause. */
static int tool_spawn(const struct tool *tool, const struct streams *streams, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char **environment = tool_environment();
    sigset_t none, all;
    int cause = environment ? posix_spawn_file_actions_init(&actions) : ENOMEM;

    if (cause)
        goto out;
    if ((cause = posix_spawnattr_init(&attributes)) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        goto out;
    }
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    cause = posix_spawn_file_actions_adddup2(&actions, streams->in, 0);
    if (!cause)
        cause = posix_spawn_file_actions_adddup2(&actions, streams->out, 1);
    if (!cause)
        cause = posix_spawn_file_actions_adddup2(&actions, streams->err, 2);
    if (!cause)
        cause =
            posix_spawnp(child, tool->arguments[0], &actions, &attributes, (char *const *)tool->arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
out:
    free(environment);
    return cause;
}

static enum status tool_start(const struct tool *tool, const struct streams *streams, pid_t *child, struct error *error)
{
    const char *name = tool->arguments[0];
    int cause = tool_spawn(tool, streams, child);

    if (cause == ENOENT || cause == ENOTDIR)
        return error_set(error, STATUS_UNSUPPORTED, "%s is not installed, so %s: install %s (Debian: %s)", name,
                         tool->purpose, name, tool->package);
    if (cause == EACCES)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s may not be executed, so %s: look at its permissions, or install %s (Debian: %s)", name,
                         tool->purpose, name, tool->package);
    if (cause)
        return error_set(error, STATUS_FAILED, "cannot start %s, so %s: %s", name, tool->purpose, strerror(cause));
    return STATUS_OK;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

static size_t file_size(int file)
{
    struct stat about;

    return fstat(file, &about) == 0 && about.st_size > 0 ? (size_t)about.st_size : 0;
}

/* Waits until it ends, or ends it. The group is killed in either case, before the child is reaped: until then its number cannot
 * be another's. */
static enum ending tool_wait(const struct tool *tool, const struct streams *streams, pid_t child, int *state)
{
    const struct timespec pause = {0, POLL_NS};
    enum ending ending = ENDED;
    struct timespec start;

    clock_gettime(CLOCK_MONOTONIC, &start);
    for (;;) {
        siginfo_t about = {0};
        if (waitid(P_PID, (id_t)child, &about, WEXITED | WNOWAIT | WNOHANG) == 0 && about.si_pid == child)
            break;
        if (seconds_since(&start) >= tool->seconds)
            ending = LATE;
        else if (file_size(streams->out) > OUTPUT_BYTES_MAX || file_size(streams->err) > OUTPUT_BYTES_MAX)
            ending = TOO_MUCH;
        if (ending != ENDED)
            break;
        nanosleep(&pause, NULL);
    }
    kill(-child, SIGKILL);
    while (waitpid(child, state, 0) < 0)
        if (errno != EINTR)
            break;
    return ending;
}

/* The last `limit` bytes of a file, or all of it, ended by a 0 that does not count, to be freed; NULL: out of memory. */
static char *file_tail(int file, size_t limit, size_t *length)
{
    size_t size = file_size(file), from = size > limit ? size - limit : 0;
    char *bytes = malloc(size - from + 1);

    *length = 0;
    for (ssize_t got = 1; bytes && got > 0 && *length < size - from;) {
        got = pread(file, bytes + *length, size - from - *length, (off_t)(from + *length));
        *length += got > 0 ? (size_t)got : 0;
    }
    if (bytes)
        bytes[*length] = '\0';
    return bytes;
}

/* Runs of white space become one space; those at the ends go. */
static void squeeze(char *text)
{
    char *out = text;

    for (const char *at = text; *at; at++)
        if (!strchr(" \t\r\n", *at))
            *out++ = *at;
        else if (out > text && out[-1] != ' ')
            *out++ = ' ';
    if (out > text && out[-1] == ' ')
        out--;
    *out = '\0';
}

static enum status ended_badly(const struct tool *tool, int err, int state, struct error *error)
{
    size_t length, columns;
    char *raw = file_tail(err, WORDS_BYTES_MAX, &length), *words = NULL, how[64];
    const char *last = "it said nothing";

    for (size_t i = 0; raw && i < length; i++)
        raw[i] = raw[i] ? raw[i] : ' ';
    if (raw)
        squeeze(raw);
    if (raw && *raw && (words = text_copy(raw, TEXT_LINE)) != NULL) {
        columns = text_columns(words);
        last = columns > WORDS_COLUMNS_MAX ? words + text_bytes(words, columns - WORDS_COLUMNS_MAX) : words;
    }
    if (WIFSIGNALED(state))
        snprintf(how, sizeof how, "was ended by signal %d", WTERMSIG(state));
    else
        snprintf(how, sizeof how, "failed with exit code %d", WEXITSTATUS(state));
    error_set(error, STATUS_FAILED, "%s %s, so %s: %s", tool->arguments[0], how, tool->purpose, last);
    free(words);
    free(raw);
    return STATUS_FAILED;
}

static enum status tool_judge(const struct tool *tool, const struct streams *streams, enum ending ending, int state,
                              struct error *error)
{
    const char *name = tool->arguments[0];

    if (ending == LATE)
        return error_set(error, STATUS_FAILED, "%s took more than %g s and was ended, so %s", name, tool->seconds,
                         tool->purpose);
    if (ending == TOO_MUCH)
        return error_set(error, STATUS_FAILED, "%s wrote more than %d MiB and was ended, so %s", name,
                         OUTPUT_BYTES_MAX >> 20, tool->purpose);
    if (!WIFEXITED(state) || WEXITSTATUS(state) != 0)
        return ended_badly(tool, streams->err, state, error);
    return STATUS_OK;
}

enum status tool_run(const struct tool *tool, const char *in, size_t in_length, char **out, size_t *out_length,
                     struct error *error)
{
    struct streams streams = {-1, -1, -1};
    enum ending ending;
    enum status status;
    pid_t child;
    int state = 0;

    *out = NULL;
    *out_length = 0;
    if ((status = streams_open(&streams, tool, in, in_length, error)) != STATUS_OK ||
        (status = tool_start(tool, &streams, &child, error)) != STATUS_OK)
        goto out;
    ending = tool_wait(tool, &streams, child, &state);
    status = tool_judge(tool, &streams, ending, state, error);
    if (status == STATUS_OK && !(*out = file_tail(streams.out, OUTPUT_BYTES_MAX, out_length)))
        status =
            error_set(error, STATUS_MEMORY, "no memory for what %s wrote, so %s", tool->arguments[0], tool->purpose);
out:
    streams_close(&streams);
    return status;
}
