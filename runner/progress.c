#include "runner/progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "devices/clock.h"

void progress_open(struct progress *progress, FILE *out, bool quiet, size_t total)
{
    const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");
    bool dumb = !terminal || strcmp(terminal, "dumb") == 0;

    *progress =
        (struct progress){.out = out, .quiet = quiet, .total = total, .start_ns = clock_now_ns(), .left_seconds = NAN};
    progress->live = !quiet && isatty(fileno(out)) && !dumb;
    progress->colour = progress->live && !(no_colour && *no_colour);
}

static void format_seconds(char *text, size_t size, double seconds)
{
    long whole = lround(seconds);

    if (isnan(seconds))
        snprintf(text, size, "?");
    else if (whole < 60)
        snprintf(text, size, "%ld s", whole);
    else if (whole < 3600)
        snprintf(text, size, "%ld:%02ld", whole / 60, whole % 60);
    else
        snprintf(text, size, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
}

static void clear_line(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", progress->out);
    progress->shown = false;
}

static void show(struct progress *progress)
{
    double elapsed_seconds = clock_seconds(progress->start_ns, clock_now_ns());
    char elapsed[32], left[32], line[400];
    struct winsize size;
    int columns = ioctl(fileno(progress->out), TIOCGWINSZ, &size) == 0 && size.ws_col > 10 ? size.ws_col : 80;

    format_seconds(elapsed, sizeof elapsed, elapsed_seconds);
    format_seconds(left, sizeof left, progress->left_seconds);
    if (progress->live) {
        /* cut to the terminal: a wrapped line could not be taken back */
        snprintf(line, sizeof line, "[%zu/%zu] %s elapsed, %s left: %s", progress->done, progress->total, elapsed, left,
                 progress->what);
        clear_line(progress);
        fprintf(progress->out, "%s%.*s%s", progress->colour ? "\033[2m" : "", columns - 1, line,
                progress->colour ? "\033[0m" : "");
        progress->shown = true;
    } else
        fprintf(progress->out, "[%zu/%zu] %s (%s elapsed, %s left)\n", progress->done, progress->total, progress->what,
                elapsed, left);
    fflush(progress->out);
}

void progress_step(struct progress *progress, const char *what, double left_seconds)
{
    progress->done++;
    progress->left_seconds = left_seconds;
    snprintf(progress->what, sizeof progress->what, "%s", what);
    if (!progress->quiet)
        show(progress);
}

void progress_tick(struct progress *progress)
{
    if (!progress->live)
        return;
    if (progress->left_seconds >= 1)
        progress->left_seconds -= 1;
    show(progress);
}

void progress_say(struct progress *progress, const char *format, ...)
{
    va_list arguments;

    clear_line(progress);
    va_start(arguments, format);
    vfprintf(progress->out, format, arguments);
    va_end(arguments);
    fputc('\n', progress->out);
    fflush(progress->out);
}

void progress_close(struct progress *progress)
{
    clear_line(progress);
    fflush(progress->out);
}
