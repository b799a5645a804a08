#include "reports/chart.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reports/text.h"
#include "reports/view.h"
#include "reports/writer.h"

enum { TIMEOUT_SECONDS = 30, POLL_NS = 2000000, WIDTH = 1100, ROW_HEIGHT = 52, HEAD_HEIGHT = 104, FOOT_HEIGHT = 70 };
enum { LETTER_WIDTH = 8, LABEL_LETTERS_MAX = 40, SIDE_WIDTH = 126, GAP_WIDTH = 26 };

extern char **environ;

static bool bar_known(const struct cell *cell, enum field field)
{
    return cell->figures[field].present && isfinite(cell->figures[field].value) && cell->figures[field].value >= 0;
}

static bool cell_drawn(const struct cell *cell)
{
    return cell->status == CELL_OK && !view_is_matmul(cell) &&
           (bar_known(cell, FIELD_decode_tokens_per_second) || bar_known(cell, FIELD_prefill_tokens_per_second));
}

/* ---- the script ------------------------------------------------------------------------------------------------------- */

struct panel {
    const char *title, *roof;
    enum field speed, share;
};

static const struct panel panels[] = {
    {"Decode", "roof: reading the weights from memory", FIELD_decode_tokens_per_second, FIELD_decode_utilization_ratio},
    {"Prefill", "roof: arithmetic", FIELD_prefill_tokens_per_second, FIELD_prefill_utilization_ratio},
};

/* A string of gnuplot. Within single quotes nothing is expanded, but a quote at its start would end it, doubled or not: a
 * typographic one takes its place. */
static void script_text(FILE *out, const char *text, size_t columns)
{
    char *clean = text_copy(text, TEXT_LINE);
    size_t end = clean ? text_bytes(clean, columns) : 0;

    putc('\'', out);
    for (size_t i = 0; i < end; i++)
        fputs(clean[i] == '\'' ? "’" : (const char[]){clean[i], '\0'}, out);
    fputs(clean && clean[end] ? "…'" : "'", out);
    free(clean);
}

/* Okabe and Ito's colours, which the colour-blind can tell apart; one per format, in the order the formats turn up. */
static unsigned format_colour(const struct record *record, const struct cell *cell)
{
    static const unsigned colours[] = {0x0072b2, 0xe69f00, 0x009e73, 0xcc79a7, 0x56b4e9, 0xf0e442};
    enum { COLOURS = sizeof colours / sizeof *colours };
    static const char *const paths[] = {"quantization", NULL};
    char own[VIEW_TEXT_MAX], seen[COLOURS][32];
    size_t count = 0;

    for (const struct cell *at = record->cells; at <= cell; at++) {
        size_t i = 0;
        if (!cell_drawn(at))
            continue;
        view_fact(own, sizeof own, &at->model, paths);
        while (i < count && strncmp(seen[i], own, sizeof seen[i] - 1) != 0)
            i++;
        if (at == cell)
            return colours[i % COLOURS];
        if (i == count && count < COLOURS)
            snprintf(seen[count++], sizeof seen[0], "%.31s", own);
    }
    return colours[0];
}

/* NaN where the cell has no share to derive it from. */
static double roof_of(const struct cell *cell, const struct panel *panel)
{
    const struct figure *share = &cell->figures[panel->share];

    return bar_known(cell, panel->speed) && share->present && share->value > 0
               ? cell->figures[panel->speed].value / share->value
               : NAN;
}

enum layer { LAYER_BARS, LAYER_WHISKERS, LAYER_ROOFS, LAYER_COUNT };

/* One row of a layer, or nothing where the cell has none: gnuplot would draw what is unknown at zero. */
static bool script_row(FILE *out, const struct record *record, const struct cell *cell, const struct panel *panel,
                       enum layer layer, size_t row)
{
    const struct figure *figure = &cell->figures[panel->speed];
    bool interval = isfinite(figure->ci_low) && isfinite(figure->ci_high);

    if (!bar_known(cell, panel->speed) || (layer == LAYER_WHISKERS && !interval) ||
        (layer == LAYER_ROOFS && !isfinite(roof_of(cell, panel))))
        return false;
    if (layer == LAYER_BARS)
        fprintf(out, "%.9g %zu %u\n", figure->value, row, format_colour(record, cell));
    else if (layer == LAYER_WHISKERS)
        fprintf(out, "%.9g %zu %.9g %.9g\n", figure->value, row, figure->ci_low, figure->ci_high);
    else
        fprintf(out, "%.9g %zu\n", roof_of(cell, panel), row);
    return true;
}

/* The data block of a layer; false where it stays empty. */
static bool script_layer(FILE *out, const struct record *record, size_t index, enum layer layer, size_t rows)
{
    bool any = false;

    fprintf(out, "$data%zu%d << EOD\n", index, (int)layer);
    for (size_t i = 0, row = rows; i < record->cell_count; i++)
        if (cell_drawn(&record->cells[i]))
            any |= script_row(out, record, &record->cells[i], &panels[index], layer, row--);
    fputs("EOD\n", out);
    return any;
}

static bool panel_used(const struct record *record, const struct panel *panel)
{
    for (size_t i = 0; i < record->cell_count; i++)
        if (cell_drawn(&record->cells[i]) && bar_known(&record->cells[i], panel->speed))
            return true;
    return false;
}

static double panel_largest(const struct record *record, const struct panel *panel)
{
    double largest = 0;

    for (size_t i = 0; i < record->cell_count; i++) {
        const struct cell *cell = &record->cells[i];
        if (!cell_drawn(cell) || !bar_known(cell, panel->speed))
            continue;
        largest = fmax(largest, cell->figures[panel->speed].value);
        largest = fmax(largest, cell->figures[panel->speed].ci_high);
        largest = fmax(largest, roof_of(cell, panel));
    }
    return largest > 0 ? largest : 1;
}

/* Figures beside the bars: value with interval, share of the roof below it. */
static void script_side(FILE *out, const struct record *record, const struct panel *panel, size_t rows)
{
    size_t row = rows;

    for (size_t i = 0; i < record->cell_count; i++) {
        const struct cell *cell = &record->cells[i];
        const struct figure *share = &cell->figures[panel->share];
        char text[VIEW_TEXT_MAX];
        if (!cell_drawn(cell))
            continue;
        view_figure(text, sizeof text, &cell->figures[panel->speed]);
        fputs("set label ", out);
        script_text(out, text, LABEL_LETTERS_MAX);
        fprintf(out, " at graph 1, first %zu offset 1.2,%s left front\n", row, share->present ? "0.45" : "0");
        if (share->present)
            fprintf(out,
                    "set label '%.0f %% of roof' at graph 1, first %zu offset 1.2,-0.55 left front textcolor rgb "
                    "'#666666'\n",
                    100 * share->value, row);
        row--;
    }
}

static void script_head(FILE *out, const struct record *record)
{
    static const char *const names[] = {"cpu.name", "cpu.codename", "device_id", NULL}, *const work[] = {"name", NULL};
    char title[VIEW_TEXT_MAX], name[VIEW_TEXT_MAX / 4], workload[VIEW_TEXT_MAX / 4];

    view_fact(name, sizeof name, &record->device, names);
    view_fact(workload, sizeof workload, &record->workload, work);
    snprintf(title, sizeof title, "%s%s%s%s%s", *name ? name : "unknown device", *workload ? " · " : "", workload,
             record->origin == ORIGIN_NATIVE ? "" : " · ",
             record->origin == ORIGIN_NATIVE ? "" : origin_name(record->origin));
    fputs("set label 100 ", out);
    script_text(out, title, 100);
    fprintf(out, " at screen %.5f, screen 1 offset 0,-1.5 left font ',17'\n", 20.0 / WIDTH);
}

static void script_foot(FILE *out, const struct record *record)
{
    fputs("set label 101 'bars: median of the launches; whiskers: its 95 % interval, from 6 launches on · pocketmark, ",
          out);
    fprintf(out, "%.10s' at screen %.5f, screen 0 offset 0,1 left font ',11' textcolor rgb '#666666'\n",
            record->created, 20.0 / WIDTH);
}

/* The first panel drawn carries the names and what frames the picture. */
static void script_panel(FILE *out, const struct record *record, size_t index, size_t rows, double left, double right,
                         bool first)
{
    const struct panel *panel = &panels[index];
    bool any[LAYER_COUNT];
    size_t row = rows;

    fprintf(out, "unset label\nset lmargin at screen %.5f\nset rmargin at screen %.5f\n", left, right);
    if (first) {
        script_head(out, record);
        script_foot(out, record);
    }
    fprintf(out, "set xrange [0:%.9g]\nset yrange [0.4:%zu.6]\n", 1.04 * panel_largest(record, panel), rows);
    fprintf(out, "set label '%s, tokens per second' at graph 0,1 offset 0,2.0 left font ',14'\n", panel->title);
    for (size_t i = 0; i < record->cell_count; i++) {
        if (!first || !cell_drawn(&record->cells[i]))
            continue;
        fputs("set label ", out);
        script_text(out, record->cells[i].title, LABEL_LETTERS_MAX);
        fprintf(out, " at graph 0, first %zu offset -1,0 right textcolor rgb '#222222'\n", row--);
    }
    script_side(out, record, panel, rows);
    for (int layer = 0; layer < LAYER_COUNT; layer++)
        any[layer] = script_layer(out, record, index, (enum layer)layer, rows);
    fprintf(out,
            "plot $data%zu0 using (0):2:(0):1:($2-0.27):($2+0.27):3 with boxxyerror fill solid 1.0 noborder "
            "linecolor rgb variable notitle",
            index);
    if (any[LAYER_WHISKERS])
        fprintf(out,
                ", $data%zu1 using 1:2:3:4 with xerrorbars pointtype 0 linewidth 1.5 linecolor rgb '#222222' notitle",
                index);
    if (any[LAYER_ROOFS])
        fprintf(out,
                ", $data%zu2 using 1:($2-0.4):(0):(0.8) with vectors nohead linewidth 2.5 linecolor rgb '#d55e00' "
                "title '%s'",
                index, panel->roof);
    putc('\n', out);
}

static size_t rows_count(const struct record *record, size_t *letters)
{
    size_t rows = 0;

    *letters = 8;
    for (size_t i = 0; i < record->cell_count; i++)
        if (cell_drawn(&record->cells[i])) {
            size_t own = text_columns(record->cells[i].title);
            *letters = own > *letters ? own : *letters;
            rows++;
        }
    if (*letters > LABEL_LETTERS_MAX + 1)
        *letters = LABEL_LETTERS_MAX + 1;
    return rows;
}

/* The whole script for one terminal; its picture goes to standard output. */
static void script_write(FILE *out, const struct record *record, bool png, size_t rows, size_t letters)
{
    size_t height = HEAD_HEIGHT + FOOT_HEIGHT + rows * ROW_HEIGHT;
    double names = (double)(30 + letters * LETTER_WIDTH);
    double room = (WIDTH - names - 2 * SIDE_WIDTH - GAP_WIDTH) / 2;
    size_t drawn = 0;

    fputs("set encoding utf8\n", out);
    if (png)
        fprintf(out,
                "set terminal pngcairo noenhanced size %d,%zu font 'DejaVu Sans,12' fontscale 2 linewidth 2 background "
                "'#ffffff'\n",
                2 * WIDTH, 2 * height);
    else
        fprintf(out,
                "set terminal svg noenhanced size %d,%zu dynamic name 'pocketmark' font 'DejaVu Sans,sans-serif,12' "
                "background '#ffffff'\n",
                WIDTH, height);
    fprintf(out,
            "set multiplot\nset tmargin at screen %.5f\nset bmargin at screen %.5f\n"
            "set border 2 linecolor rgb '#888888'\nset grid xtics linetype 1 linewidth 0.6 linecolor rgb '#dddddd'\n"
            "set xtics nomirror scale 0 textcolor rgb '#444444' autofreq\nset tics back\nunset ytics\n"
            "set key at graph 0,1 left bottom reverse Left samplen 1.2 spacing 1 textcolor rgb '#666666' font ',11'\n"
            "set bars 0.6\n",
            1 - (double)HEAD_HEIGHT / (double)height, (double)FOOT_HEIGHT / (double)height);
    for (size_t i = 0; i < 2; i++) {
        double left = names + (double)drawn * (room + SIDE_WIDTH + GAP_WIDTH);
        if (panel_used(record, &panels[i]))
            script_panel(out, record, i, rows, left / WIDTH, (left + room) / WIDTH, drawn++ == 0);
    }
    fputs("unset multiplot\n", out);
}

/* ---- gnuplot ---------------------------------------------------------------------------------------------------------- */

static enum status child_start(pid_t *child, int in, int out, int err, struct error *error)
{
    char *const arguments[] = {"gnuplot", "--default-settings", "-", NULL};
    posix_spawn_file_actions_t actions;
    int cause;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return error_set(error, STATUS_MEMORY, "no memory to start gnuplot");
    cause = posix_spawn_file_actions_adddup2(&actions, in, 0);
    if (!cause)
        cause = posix_spawn_file_actions_adddup2(&actions, out, 1);
    if (!cause)
        cause = posix_spawn_file_actions_adddup2(&actions, err, 2);
    if (!cause)
        cause = posix_spawnp(child, "gnuplot", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (cause == ENOENT || cause == EACCES || cause == ENOTDIR)
        return error_set(
            error, STATUS_UNSUPPORTED,
            "gnuplot is not installed, so the charts were left out: install gnuplot (Debian: gnuplot-nox)");
    if (cause)
        return error_set(error, STATUS_FAILED, "cannot start gnuplot: %s", strerror(cause));
    return STATUS_OK;
}

/* Waits for the child; one that takes too long is killed. False: it did not end well; *late tells why. */
static bool child_wait(pid_t child, bool *late)
{
    const struct timespec pause = {0, POLL_NS};
    struct timespec start, now;
    pid_t ended;
    int state;

    *late = false;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while ((ended = waitpid(child, &state, *late ? 0 : WNOHANG)) != child) {
        if (ended < 0 && errno != EINTR)
            return false;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (!*late && now.tv_sec - start.tv_sec > TIMEOUT_SECONDS) {
            *late = true;
            kill(child, SIGKILL);
        }
        nanosleep(&pause, NULL);
    }
    return WIFEXITED(state) && WEXITSTATUS(state) == 0 && !*late;
}

/* The whole of a file in memory, to be freed; NULL: none, or out of memory. */
static char *file_bytes(int file, size_t *count)
{
    struct stat about;
    char *bytes;
    ssize_t got;

    *count = 0;
    if (fstat(file, &about) != 0 || about.st_size <= 0 || !(bytes = malloc((size_t)about.st_size + 1)))
        return NULL;
    got = pread(file, bytes, (size_t)about.st_size, 0);
    *count = got > 0 ? (size_t)got : 0;
    bytes[*count] = '\0';
    return bytes;
}

static enum status gnuplot_failed(int err, bool late, struct error *error)
{
    size_t count;
    char *words = file_bytes(err, &count), *line = words ? words : "";

    if (late)
        error_set(error, STATUS_FAILED, "gnuplot took more than %d s and was ended; the charts were left out",
                  TIMEOUT_SECONDS);
    else {
        for (char *at = line; *at; at++)
            if (*at == '\n')
                *at = ' ';
        error_set(error, STATUS_FAILED, "gnuplot failed, the charts were left out: %.200s",
                  *line ? line + strspn(line, " ") : "it said nothing");
    }
    free(words);
    return STATUS_FAILED;
}

/* Runs the script; the picture in *bytes is to be freed. */
static enum status gnuplot_run(const char *script, size_t length, char **bytes, size_t *count, struct error *error)
{
    int in = memfd_create("script", MFD_CLOEXEC), out = memfd_create("picture", MFD_CLOEXEC);
    int err = memfd_create("messages", MFD_CLOEXEC);
    enum status status;
    pid_t child;
    bool late;

    *bytes = NULL;
    if (in < 0 || out < 0 || err < 0 || write(in, script, length) != (ssize_t)length || lseek(in, 0, SEEK_SET) != 0) {
        status = error_set(error, STATUS_FAILED, "cannot hand gnuplot its script: %s", strerror(errno));
        goto out;
    }
    if ((status = child_start(&child, in, out, err, error)) != STATUS_OK)
        goto out;
    if (!child_wait(child, &late) || !(*bytes = file_bytes(out, count)))
        status = gnuplot_failed(err, late, error);
out:
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    if (err >= 0)
        close(err);
    return status;
}

static enum status chart_draw(const struct record *record, bool png, const char *path, struct error *error)
{
    char *script = NULL, *bytes = NULL;
    size_t length, count, letters, rows = rows_count(record, &letters);
    FILE *out = open_memstream(&script, &length);
    enum status status;

    if (out)
        script_write(out, record, png, rows, letters);
    if (!out || fclose(out) != 0) {
        free(script);
        return error_set(error, STATUS_MEMORY, "%s: no memory to draw it", path);
    }
    status = gnuplot_run(script, length, &bytes, &count, error);
    if (status == STATUS_OK)
        status = writer_save_bytes(path, bytes, count, error);
    free(script);
    free(bytes);
    return status;
}

enum status chart_save(const struct record *record, const char *base, struct error *error)
{
    enum status status = STATUS_OK;
    size_t letters;

    if (!rows_count(record, &letters))
        return error_set(error, STATUS_UNSUPPORTED,
                         "nothing to draw: no model cell has a decode or prefill speed, so the charts were left out");
    for (int png = 0; png < 2 && status == STATUS_OK; png++) {
        char *path = NULL;
        if (asprintf(&path, "%s.%s", base, png ? "png" : "svg") < 0)
            return error_set(error, STATUS_MEMORY, "%s: no memory to draw the charts", base);
        if ((status = writer_probe(path, error)) == STATUS_OK)
            status = chart_draw(record, png, path, error);
        free(path);
    }
    return status;
}
