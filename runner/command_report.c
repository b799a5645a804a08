/* `pocketmark report`: what results say, as a page, a document, charts or a table of figures. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/figures.h"
#include "reports/page/writers.h"
#include "reports/printed.h"
#include "reports/text.h"
#include "runner/options.h"
#include "runner/report_inputs.h"
#include "runner/report_site.h"
#include "runner/terminal.h"

enum { WIDTH_WHOLE = 180 /* a file or a pipe gets every column */ };

#define RESULTS_FOLDER "results"
#define CHARTS_FOLDER  "charts"

enum target { TARGET_PAGE, TARGET_FIGURES, TARGET_FOLDER, TARGET_UNKNOWN };

static void warn(const char *text)
{
    fprintf(stderr, "pocketmark: %s\n", text);
}

static enum target target_of(const char *path)
{
    struct stat about;

    if ((*path && path[strlen(path) - 1] == '/') || (stat(path, &about) == 0 && S_ISDIR(about.st_mode)))
        return TARGET_FOLDER;
    return page_writer_for_path(path) ? TARGET_PAGE : text_ends_in(path, ".csv") ? TARGET_FIGURES : TARGET_UNKNOWN;
}

/* "a/" and "b.html" make "a/b.html". */
static enum status join(char path[PATH_MAX], const char *folder, const char *name, struct error *error)
{
    const char *between = folder[strlen(folder) - 1] == '/' ? "" : "/";

    if (snprintf(path, PATH_MAX, "%s%s%s", folder, between, name) < PATH_MAX)
        return STATUS_OK;
    return error_set(error, STATUS_MISUSE, "%.200s…: the name is too long", folder);
}

/* ---- before any work -------------------------------------------------------------------------------------------------- */

static enum status check_folder(const char *folder, struct error *error)
{
    char path[PATH_MAX];

    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return error_set(error, STATUS_IO, "%s: cannot make the folder: %s", folder, strerror(errno));
    return join(path, folder, "report.html", error) ? error->status : writer_probe(path, error);
}

static enum status check_target(const char *path, struct error *error)
{
    char known[128] = "";

    switch (target_of(path)) {
    case TARGET_FOLDER:
        return check_folder(path, error);
    case TARGET_PAGE:
    case TARGET_FIGURES:
        return writer_probe(path, error);
    case TARGET_UNKNOWN:
        break;
    }
    for (size_t i = 0; page_writers[i]; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s ", page_writers[i]->suffix);
    return error_set(error, STATUS_MISUSE,
                     "--output %s: the end of the name chooses the form, one of %s.csv, or / for a folder", path,
                     known);
}

static enum status check_targets(const struct options *options, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < options_count(options, OPTION_REPORT_OUTPUT) && !status; i++)
        status = check_target(options_text(options, OPTION_REPORT_OUTPUT, i), error);
    if (!status && options_count(options, OPTION_CHARTS))
        status = check_folder(options_text(options, OPTION_CHARTS, 0), error);
    return status;
}

static enum status read_inputs(struct report_inputs *inputs, const struct options *options, struct error *error)
{
    char **paths;
    size_t count;
    enum status status = options->argument_count
                             ? report_paths(options->arguments, options->argument_count, &paths, &count, error)
                             : report_paths_newest(RESULTS_FOLDER, &paths, &count, error);

    return status ? status : report_inputs_open(inputs, paths, count, warn, error);
}

/* ---- writing ---------------------------------------------------------------------------------------------------------- */

struct work {
    const struct options *options;
    const struct report *report;
    const struct page *page;
    const char *charts; /* folder with the charts of this page, NULL: none */
};

static enum status print_page(const struct page *page, struct error *error)
{
    struct page_style style = {.terminal = terminal_style()};
    enum status status;

    if (!isatty(STDOUT_FILENO))
        style.terminal.width = WIDTH_WHOLE;
    status = page_writer_for_path("report.txt")->write(page, &style, stdout, error);
    if (!status && (fflush(stdout) || ferror(stdout)))
        status = error_set(error, STATUS_IO, "standard output: %s", strerror(errno));
    return status;
}

static enum status save_figures(const struct report *report, const char *path, struct error *error)
{
    const struct record **records = calloc(report->source_count, sizeof *records);
    struct printed printed = {0};
    enum status status = records ? printed_open(&printed, path, error)
                                 : error_set(error, STATUS_MEMORY, "%s: no memory to write it", path);

    for (size_t i = 0; i < report->source_count && !status; i++)
        records[i] = report->sources[i].record;
    if (!status) {
        figures_write(records, report->source_count, printed.out);
        status = printed_close(&printed, STATUS_OK, error);
    }
    if (!status)
        status = writer_save_bytes(path, printed.bytes, printed.length, error);
    free(printed.bytes);
    free(records);
    return status;
}

/* From the folder that a file lies in to another folder, for links: "../charts". False where it cannot be told. */
static bool relative_folder(char out[PATH_MAX], const char *file, const char *folder)
{
    char copy[PATH_MAX], from[PATH_MAX], to[PATH_MAX], *slash;
    size_t same = 0, used = 0;

    if ((size_t)snprintf(copy, sizeof copy, "%s", file) >= sizeof copy)
        return false;
    slash = strrchr(copy, '/');
    if (slash)
        slash[slash == copy] = '\0';
    if (!realpath(slash ? copy : ".", from) || !realpath(folder, to))
        return false;
    for (size_t i = 0;; i++) {
        if ((!from[i] || from[i] == '/') && (!to[i] || to[i] == '/'))
            same = i; /* a whole name ends here in both */
        if (from[i] != to[i] || !from[i])
            break;
    }
    *out = '\0';
    for (const char *at = from + same; (at = strchr(at, '/')); at++)
        if (at[1] && used + 3 < PATH_MAX)
            used += (size_t)snprintf(out + used, PATH_MAX - used, "../");
    return used + strlen(to + same) < PATH_MAX &&
           snprintf(out + used, PATH_MAX - used, "%s", to[same] ? to + same + 1 : "") >= 0;
}

static enum status save_page(const struct work *work, const char *path, const char *charts, struct error *error)
{
    struct page_style style = {.terminal = {.utf8 = true, .width = WIDTH_WHOLE}};
    struct error warning = {0};
    char folder[PATH_MAX];
    enum status status;

    if (charts && relative_folder(folder, path, charts))
        style.charts_folder = folder;
    status = page_save(work->page, &style, path, &warning, error);
    if (warning.status)
        warn(warning.text);
    if (!status)
        printf("report: %s\n", path);
    return status;
}

static enum status save_folder(const struct work *work, const char *folder, struct error *error)
{
    char charts[PATH_MAX], html[PATH_MAX], markdown[PATH_MAX];
    struct error problem = {0};
    size_t drawn;
    enum status status = join(charts, folder, CHARTS_FOLDER, error);

    if (!status)
        status = join(html, folder, "report.html", error);
    if (!status)
        status = join(markdown, folder, "report.md", error);
    if (status)
        return status;
    status = page_save_charts(work->page, charts, &drawn, &problem);
    if (status == STATUS_IO || status == STATUS_MEMORY) {
        *error = problem;
        return status;
    }
    status = save_page(work, markdown, status ? NULL : charts, error);
    return status ? status : save_page(work, html, NULL, error);
}

static enum status save_target(const struct work *work, const char *path, struct error *error)
{
    enum status status;

    switch (target_of(path)) {
    case TARGET_FOLDER:
        return save_folder(work, path, error);
    case TARGET_FIGURES:
        status = save_figures(work->report, path, error);
        if (!status)
            printf("figures: %s\n", path);
        return status;
    default:
        return save_page(work, path, work->charts, error);
    }
}

/* Charts first, since Markdown shows them. Every file is tried; the first failure is the one that is told. */
static enum status write_all(struct work *work, struct error *error)
{
    const struct options *options = work->options;
    enum status status = STATUS_OK;
    size_t drawn = 0;

    if (options_count(options, OPTION_CHARTS)) {
        const char *folder = options_text(options, OPTION_CHARTS, 0);
        status = page_save_charts(work->page, folder, &drawn, error);
        if (!status) {
            work->charts = folder;
            printf("charts: %s (%zu, each as SVG and PNG)\n", folder, drawn);
        }
    } else if (!options_count(options, OPTION_REPORT_OUTPUT)) {
        status = print_page(work->page, error);
    }
    for (size_t i = 0; i < options_count(options, OPTION_REPORT_OUTPUT); i++) {
        struct error problem = {0};
        if (save_target(work, options_text(options, OPTION_REPORT_OUTPUT, i), &problem) && !status) {
            *error = problem;
            status = problem.status;
        }
    }
    return status;
}

static double number_or_nan(const struct options *options, enum option_id id)
{
    return options_count(options, id) ? options_number(options, id, 0) : NAN;
}

int command_report(const struct invocation *invocation, struct error *error)
{
    const struct options *options = invocation->options;
    struct report_inputs inputs = {0};
    struct report report = {0};
    struct page page = {0};
    enum status status;

    if (options_count(options, OPTION_SITE))
        return exit_code_of(report_site(options, RESULTS_FOLDER, error));
    status = report_site_missing(options, error);
    if (!status)
        status = check_targets(options, error);
    if (!status)
        status = read_inputs(&inputs, options, error);
    if (!status)
        status = report_open(&report, inputs.sources, inputs.count, error);
    if (!status) {
        report.price_per_kwh = number_or_nan(options, OPTION_PRICE);
        report.cloud_price = number_or_nan(options, OPTION_CLOUD_PRICE);
        report_build(&report, &page);
        status = write_all(&(struct work){options, &report, &page, NULL}, error);
    }
    page_close(&page);
    report_close(&report);
    report_inputs_close(&inputs);
    /* what failed is a tool, no case */
    return exit_code_of(status == STATUS_FAILED ? STATUS_UNSUPPORTED : status);
}
