/* An external meter: any command that prints watts or joules, a line for each reading ("12.3 W", "12.3", "4711 J"). It runs as long
 * as the source is open; what it writes to standard error is shown. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "devices/clock.h"
#include "devices/energy.h"

enum { LINE_CAPACITY = 256, OPEN_LINES = 3, FDS_MAX = 1024 };

/* Until the first lines are there; smart plugs are asked over a network. */
#define OPEN_SECONDS 15.0
/* Without a line for so many times its usual interval, and at least STILL_SECONDS, a meter is taken for dead. */
#define STILL_TIMES   5
#define STILL_SECONDS 3.0
#define END_SECONDS   0.5

struct meter {
    pid_t pid;
    int fd, wake[2]; /* wake: closing its writing end stops the thread */
    pthread_t thread;
    pthread_mutex_t lock;
    /* under the lock */
    size_t lines;
    bool counts;            /* prints joules; else watts */
    double first, value;    /* joules, or watts now */
    double joules;          /* of watts, up to at_ns */
    uint64_t at_ns;         /* of the last line */
    uint64_t changed_ns;    /* of the last line that told something new: any power, another energy */
    double longest_seconds; /* between two of those */
    char problem[200];      /* since the last reading; empty: none */
    char end[100];          /* why no more lines will come */
};

/* Units that a line may end in; the first is meant where there is none. */
static const struct unit {
    const char *name;
    bool joules;
    double factor;
} units[] = {{"", false, 1},     {"W", false, 1},   {"mW", false, 1e-3}, {"kW", false, 1e3},  {"J", true, 1},
             {"mJ", true, 1e-3}, {"kJ", true, 1e3}, {"Wh", true, 3600},  {"kWh", true, 3.6e6}};

static bool parse_line(const char *line, double *value, bool *joules)
{
    char *end;
    size_t length;

    line += strspn(line, " \t");
    if (!isdigit((unsigned char)*line) || line[1] == 'x' || line[1] == 'X' || strlen(line) > LINE_CAPACITY / 2)
        return false;
    *value = strtod(line, &end);
    end += strspn(end, " \t");
    length = strcspn(end, " \t\r");
    if (end[length + strspn(end + length, " \t\r")] || !isfinite(*value))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strlen(units[i].name) == length && strncmp(end, units[i].name, length) == 0) {
            *value *= units[i].factor;
            *joules = units[i].joules;
            return true;
        }
    return false;
}

/* A power holds until the next line. */
static void hold(struct meter *meter, uint64_t now_ns)
{
    if (!meter->counts && meter->lines)
        meter->joules += meter->value * clock_seconds(meter->at_ns, now_ns);
}

static void take_line(struct meter *meter, const char *line, uint64_t now_ns)
{
    double value;
    bool joules;

    if (!line[strspn(line, " \t\r")])
        return;
    if (!parse_line(line, &value, &joules) || (meter->lines && joules != meter->counts)) {
        snprintf(meter->problem, sizeof meter->problem,
                 "the meter printed '%.60s'; lines must be like '12.3 W' or '4711 J'", line);
        return;
    }
    if (!meter->lines)
        meter->first = value;
    hold(meter, now_ns);
    if (meter->lines && joules && value < meter->value) {
        snprintf(meter->problem, sizeof meter->problem, "the meter's counter was set back from %g J to %g J",
                 meter->value, value);
        meter->first -= meter->value - value;
    }
    if (meter->lines && (!joules || value != meter->value))
        meter->longest_seconds = fmax(meter->longest_seconds, clock_seconds(meter->changed_ns, now_ns));
    if (!meter->lines || !joules || value != meter->value)
        meter->changed_ns = now_ns;
    meter->counts = joules;
    meter->value = value;
    meter->at_ns = now_ns;
    meter->lines++;
}

/* Lines until the meter ends, or the source is closed. */
static void *read_lines(void *context)
{
    struct meter *meter = context;
    char line[LINE_CAPACITY];
    size_t used = 0;

    for (;;) {
        struct pollfd fds[] = {{.fd = meter->fd, .events = POLLIN}, {.fd = meter->wake[0], .events = POLLIN}};
        char byte[64];
        ssize_t got;
        uint64_t now_ns;
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        if (fds[1].revents)
            return NULL;
        if (!fds[0].revents)
            continue;
        got = read(meter->fd, byte, sizeof byte);
        if (got <= 0)
            break;
        now_ns = clock_now_ns();
        pthread_mutex_lock(&meter->lock);
        for (ssize_t i = 0; i < got; i++) {
            if (byte[i] != '\n') {
                line[used] = byte[i];
                used += used < sizeof line - 1;
                continue;
            }
            line[used] = '\0';
            used = 0;
            take_line(meter, line, now_ns);
        }
        pthread_mutex_unlock(&meter->lock);
    }
    pthread_mutex_lock(&meter->lock);
    hold(meter, clock_now_ns());
    meter->at_ns = clock_now_ns();
    snprintf(meter->end, sizeof meter->end, "the meter ended");
    pthread_mutex_unlock(&meter->lock);
    return NULL;
}

static enum status complain(struct meter *meter, struct error *error)
{
    double still_seconds = clock_seconds(meter->at_ns, clock_now_ns());
    enum status status = STATUS_OK;

    if (*meter->problem)
        status = error_set(error, STATUS_IO, "%s", meter->problem);
    else if (*meter->end)
        status = error_set(error, STATUS_IO, "%s after %zu lines", meter->end, meter->lines);
    else if (still_seconds > fmax(STILL_SECONDS, STILL_TIMES * meter->longest_seconds))
        status = error_set(error, STATUS_IO, "the meter has printed nothing for %.0f s", still_seconds);
    meter->problem[0] = '\0';
    return status;
}

static enum status meter_read(void *state, size_t channel, double *joules, struct error *error)
{
    struct meter *meter = state;
    enum status status;

    (void)channel;
    pthread_mutex_lock(&meter->lock);
    status = complain(meter, error);
    *joules = meter->counts ? meter->value - meter->first
                            : meter->joules + meter->value * clock_seconds(meter->at_ns, clock_now_ns());
    pthread_mutex_unlock(&meter->lock);
    return status;
}

/* Its interval is what its lines have shown. */
static void meter_learn(void *state, size_t channel, struct energy_channel *known)
{
    struct meter *meter = state;

    (void)channel;
    pthread_mutex_lock(&meter->lock);
    known->refresh_seconds = fmax(meter->longest_seconds, clock_seconds(meter->changed_ns, clock_now_ns()));
    pthread_mutex_unlock(&meter->lock);
}

/* In the child, between fork and exec: async-signal-safe calls only. */
static void become(const char *command, int out, pid_t parent)
{
    sigset_t none;
    char *const arguments[] = {"sh", "-c", (char *)command, NULL};
    int nothing = open("/dev/null", O_RDONLY);

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(nothing, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    for (int fd = 3; fd < FDS_MAX; fd++) /* a pipe that it kept would never seem closed to its reader */
        close(fd);
    execv("/bin/sh", arguments);
    _exit(127);
}

static enum status start(struct meter *meter, const char *command, struct error *error)
{
    pid_t parent = getpid();
    int ends[2] = {-1, -1};

    if (pipe2(meter->wake, O_CLOEXEC) || pipe2(ends, O_CLOEXEC))
        return error_set(error, STATUS_FAILED, "no pipe for the meter: %s", strerror(errno));
    meter->fd = ends[0];
    meter->pid = fork();
    if (meter->pid == 0)
        become(command, ends[1], parent);
    close(ends[1]);
    if (meter->pid < 0)
        return error_set(error, STATUS_FAILED, "no process for the meter: %s", strerror(errno));
    setpgid(meter->pid, meter->pid);
    return STATUS_OK;
}

/* Its first lines show that it works, what it prints, and how often. */
static enum status await_lines(struct meter *meter, struct error *error)
{
    uint64_t start_ns = clock_now_ns();
    enum status status = STATUS_OK;
    size_t lines = 0;
    bool ended = false;

    while (!status && !ended && lines < OPEN_LINES && clock_seconds(start_ns, clock_now_ns()) < OPEN_SECONDS) {
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        pthread_mutex_lock(&meter->lock);
        lines = meter->lines;
        ended = *meter->end != '\0';
        if (*meter->problem || ended)
            status = complain(meter, error);
        pthread_mutex_unlock(&meter->lock);
    }
    if (!status && lines < OPEN_LINES)
        status =
            error_set(error, STATUS_IO, "the meter printed %zu lines in %.0f s; it must print one for each reading",
                      lines, OPEN_SECONDS);
    return status;
}

/* The meter's whole process group is told to end, and after a second made to. */
static void stop(struct meter *meter)
{
    uint64_t start_ns = clock_now_ns();

    if (meter->pid <= 0)
        return;
    kill(-meter->pid, SIGTERM);
    while (waitpid(meter->pid, NULL, WNOHANG) == 0) {
        if (clock_seconds(start_ns, clock_now_ns()) > END_SECONDS)
            kill(-meter->pid, SIGKILL);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    kill(-meter->pid, SIGKILL);
}

static void release(struct meter *meter, bool threaded)
{
    if (meter->wake[1] >= 0)
        close(meter->wake[1]);
    if (threaded)
        pthread_join(meter->thread, NULL);
    stop(meter);
    if (meter->fd >= 0)
        close(meter->fd);
    if (meter->wake[0] >= 0)
        close(meter->wake[0]);
    pthread_mutex_destroy(&meter->lock);
    free(meter);
}

static void meter_close(void *state)
{
    release(state, true);
}

static enum status meter_open(void **state, const struct energy_setting *setting, struct energy_found *found,
                              struct error *error)
{
    struct meter *meter = calloc(1, sizeof *meter);
    bool threaded = false;
    enum status status;

    if (!meter)
        return error_set(error, STATUS_MEMORY, "no memory for the meter");
    meter->fd = meter->wake[0] = meter->wake[1] = -1;
    pthread_mutex_init(&meter->lock, NULL);
    status = start(meter, setting->meter, error);
    if (!status) {
        threaded = pthread_create(&meter->thread, NULL, read_lines, meter) == 0;
        status = threaded ? await_lines(meter, error) : error_set(error, STATUS_FAILED, "no thread for the meter");
    }
    if (status) {
        release(meter, threaded);
        return status;
    }
    found->channels[found->count++] = (struct energy_channel){
        .name = "meter", .scope = SCOPE_WALL, .whole = true, .refresh_seconds = meter->longest_seconds};
    *state = meter;
    return STATUS_OK;
}

extern const struct energy_ops energy_meter;
const struct energy_ops energy_meter = {
    .name = "meter",
    .summary = "an external meter: a command that prints watts or joules line by line; run --meter 'COMMAND'",
    .rank = 80, /* asked for by name, it stands before all others */
    .on_request = true,
    .scope = SCOPE_WALL,
    .open = meter_open,
    .read = meter_read,
    .learn = meter_learn,
    .close = meter_close,
};
