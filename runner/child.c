#include "runner/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "devices/clock.h"

enum { LINE_MAX_BYTES = 1 << 16, EXEC_FAILED = 127 };

void child_command_open(struct child_command *command, const char *path, const char *name)
{
    command->path = path;
    command->count = command->used = 0;
    command->overflow = command->hears_output = false;
    child_command_add(command, "%s", name);
}

void child_command_add(struct child_command *command, const char *format, ...)
{
    size_t left = sizeof command->text - command->used;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(command->text + command->used, left, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= left || command->count == CHILD_ARGUMENTS_MAX) {
        command->overflow = true;
        return;
    }
    command->argv[command->count++] = command->text + command->used;
    command->argv[command->count] = NULL;
    command->used += (size_t)length + 1;
}

/* In the child, between fork and exec: async-signal-safe calls only. */
static void become(const struct child_command *command, int report_fd, pid_t parent, const sigset_t *mask)
{
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* the parent died before the line above */
        _exit(EXEC_FAILED);
    if (command->hears_output)
        dup2(report_fd, STDOUT_FILENO);
    else if (report_fd == CHILD_REPORT_FD)
        fcntl(report_fd, F_SETFD, 0);
    else if (dup2(report_fd, CHILD_REPORT_FD) < 0)
        _exit(EXEC_FAILED);
    if (!command->hears_output)
        dup2(STDERR_FILENO, STDOUT_FILENO);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execv(command->path, command->argv);
    _exit(EXEC_FAILED);
}

struct listener {
    const struct child_hooks *hooks;
    char buffer[LINE_MAX_BYTES];
    size_t used;
};

/* Hands over all whole lines; one that is too long is handed over in pieces, which the listener will not understand. */
static void hand_over(struct listener *listener)
{
    char *start = listener->buffer, *end = listener->buffer + listener->used, *newline;

    while ((newline = memchr(start, '\n', (size_t)(end - start)))) {
        *newline = '\0';
        listener->hooks->line(listener->hooks->context, start);
        start = newline + 1;
    }
    listener->used = (size_t)(end - start);
    memmove(listener->buffer, start, listener->used);
    if (listener->used == sizeof listener->buffer - 1) {
        listener->buffer[listener->used] = '\0';
        listener->hooks->line(listener->hooks->context, listener->buffer);
        listener->used = 0;
    }
}

/* Listens until the pipe closes, time is up or *stop is set. Signals are blocked but for the wait itself, so that none is
 * missed between looking at *stop and going to sleep. */
static void listen_to(struct listener *listener, int fd, double timeout_seconds, const volatile sig_atomic_t *stop,
                      const sigset_t *waiting, struct child_end *end)
{
    uint64_t start_ns = clock_now_ns();

    for (;;) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        double left = timeout_seconds - clock_seconds(start_ns, clock_now_ns());
        double wait = listener->hooks->tick && left > 1 ? 1 : left;
        struct timespec time = {(time_t)wait, (long)((wait - (double)(time_t)wait) * 1e9)};
        ssize_t got;
        int ready;

        end->interrupted = *stop != 0;
        end->timed_out = !end->interrupted && left <= 0;
        if (end->interrupted || end->timed_out)
            return;
        ready = ppoll(&poll_fd, 1, &time, waiting);
        if (ready == 0 && listener->hooks->tick)
            listener->hooks->tick(listener->hooks->context);
        if (ready <= 0)
            continue;
        got = read(fd, listener->buffer + listener->used, sizeof listener->buffer - 1 - listener->used);
        if (got == 0 || (got < 0 && errno != EINTR))
            return;
        listener->used += got > 0 ? (size_t)got : 0;
        hand_over(listener);
    }
}

/* The child has closed its pipe or must die. One that closed the pipe but goes on is given until the deadline. */
static void reap(pid_t pid, double timeout_seconds, const volatile sig_atomic_t *stop, struct child_end *end)
{
    const struct timespec pause = {0, 2000000};
    uint64_t start_ns = clock_now_ns();
    int status = 0;

    if (end->interrupted || end->timed_out)
        kill(pid, SIGKILL);
    for (;;) {
        pid_t done = waitpid(pid, &status, WNOHANG);
        if (done == pid || (done < 0 && errno != EINTR))
            break;
        if (!end->interrupted && !end->timed_out &&
            (*stop || clock_seconds(start_ns, clock_now_ns()) > timeout_seconds)) {
            end->interrupted = *stop != 0;
            end->timed_out = !end->interrupted;
            kill(pid, SIGKILL);
        }
        nanosleep(&pause, NULL);
    }
    end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    end->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

enum status child_run(const struct child_command *command, double timeout_seconds, const volatile sig_atomic_t *stop,
                      const struct child_hooks *hooks, struct child_end *end, struct error *error)
{
    int ends[2];
    sigset_t blocked, before;
    struct listener *listener = NULL;
    pid_t pid, parent = getpid();
    enum status status = STATUS_OK;

    *end = (struct child_end){0};
    if (command->overflow)
        return error_set(error, STATUS_FAILED, "the arguments of a launch are too long");
    if (pipe2(ends, O_CLOEXEC))
        return error_set(error, STATUS_FAILED, "no pipe for a launch: %s", strerror(errno));
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    listener = malloc(sizeof *listener);
    fflush(NULL);
    pid = listener ? fork() : -1;
    if (pid == 0)
        become(command, ends[1], parent, &before);
    close(ends[1]);
    if (pid < 0)
        status = error_set(error, STATUS_FAILED, "no process for a launch: %s", strerror(listener ? errno : ENOMEM));
    else {
        listener->hooks = hooks;
        listener->used = 0;
        listen_to(listener, ends[0], timeout_seconds, stop, &before, end);
        reap(pid, timeout_seconds, stop, end);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(ends[0]);
    free(listener);
    return status;
}

void child_end_describe(const struct child_end *end, char *text, size_t size)
{
    if (end->timed_out)
        snprintf(text, size, "took too long and was ended");
    else if (end->interrupted)
        snprintf(text, size, "interrupted");
    else if (end->signal == SIGKILL)
        snprintf(text, size, "killed by SIGKILL, probably out of memory");
    else if (end->signal)
        snprintf(text, size, "crashed by SIG%s", sigabbrev_np(end->signal) ? sigabbrev_np(end->signal) : "?");
    else if (end->code == EXEC_FAILED)
        snprintf(text, size, "could not be started");
    else
        snprintf(text, size, "ended with exit code %d before it was done", end->code);
}
