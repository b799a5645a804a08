#include "runner/outputs.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/chart.h"
#include "reports/compare_writer.h"
#include "reports/document.h"
#include "reports/history.h"
#include "reports/page/report.h"
#include "reports/page/writers.h"
#include "reports/writer.h"
#include "runner/resume.h"
#include "runner/terminal.h"

enum { WIDTH_WHOLE = 180 /* of a comparison: a file or a pipe gets every column */ };

static const char *asked_path(const struct outputs *outputs, size_t index)
{
    return options_text(outputs->options, OPTION_OUTPUT, index);
}

static enum status check_suffix(const char *path, struct error *error)
{
    char known[128] = "";
    size_t used = 0;

    if (writer_for_path(path) || page_writer_for_path(path))
        return STATUS_OK;
    for (size_t i = 0; writers[i] && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, " %s", writers[i]->suffix);
    return error_set(error, STATUS_MISUSE, "--output %s: the end of the name chooses the format, one of%s .html .pdf",
                     path, known);
}

/* Two runs that began within a second of each other both keep their results: the later one's name gets a number. */
static void make_unique(char base[JOURNAL_FOLDER_MAX])
{
    size_t length = strlen(base);
    char path[JOURNAL_FOLDER_MAX + 8], folder[JOURNAL_FOLDER_MAX + 8];

    for (unsigned number = 2; number < 1000; number++) {
        snprintf(path, sizeof path, "%s.json", base);
        snprintf(folder, sizeof folder, "%s" RESUME_FOLDER_SUFFIX, base);
        if (access(path, F_OK) != 0 && access(folder, F_OK) != 0)
            return;
        snprintf(base + length, JOURNAL_FOLDER_MAX - length, "-%u", number);
    }
}

/* "2026-11-22T17:04:00Z" becomes "20261122T170400Z". */
enum status outputs_name(char base[JOURNAL_FOLDER_MAX], const struct record *record, const char *mark,
                         struct error *error)
{
    const struct fact *device = facts_find(&record->device, "device_id");
    char time[sizeof record->created], path[JOURNAL_FOLDER_MAX + 8], *to = time;

    for (const char *from = record->created; *from; from++)
        if (isalnum((unsigned char)*from))
            *to++ = *from;
    *to = '\0';
    snprintf(base, JOURNAL_FOLDER_MAX, "results/%s-%s%s", time,
             device && device->type == FACT_TEXT ? device->text : "unknown-device", mark);
    if (mkdir("results", 0777) && errno != EEXIST)
        return error_set(error, STATUS_IO,
                         "results: %s: results are kept in a folder of that name here; run where it can be made",
                         strerror(errno));
    make_unique(base);
    snprintf(path, sizeof path, "%s.json", base);
    return writer_probe(path, error);
}

/* "a/b.json" becomes "a/b-against.json". False where that is too long for a path. */
static bool mark_path(const char *path, char marked[PATH_MAX])
{
    const char *suffix = strrchr(path, '.');

    return snprintf(marked, PATH_MAX, "%.*s%s%s", (int)(suffix - path), path, OUTPUTS_AGAINST, suffix) < PATH_MAX;
}

static enum status probe_asked(const struct outputs *outputs, size_t index, bool against, struct error *error)
{
    char marked[PATH_MAX];
    enum status status = check_suffix(asked_path(outputs, index), error);

    if (!status)
        status = writer_probe(asked_path(outputs, index), error);
    if (status || !against)
        return status;
    if (!mark_path(asked_path(outputs, index), marked))
        return error_set(error, STATUS_MISUSE, "--output %s: the name is too long", asked_path(outputs, index));
    return writer_probe(marked, error);
}

enum status outputs_open(struct outputs *outputs, const struct options *options, const struct record *record,
                         bool against, const char *result, struct error *error)
{
    enum status status = STATUS_OK;

    *outputs = (struct outputs){.options = options};
    for (size_t i = 0; i < options_count(options, OPTION_OUTPUT) && !status; i++)
        status = probe_asked(outputs, i, against, error);
    if (status)
        return status;
    if (result) {
        snprintf(outputs->base, sizeof outputs->base, "%.*s", (int)(strlen(result) - strlen(".json")), result);
        return writer_probe(result, error);
    }
    return outputs_name(outputs->base, record, "", error);
}

static enum status print_table(const struct record *record, struct error *error)
{
    const struct writer_style style = terminal_style();
    const struct writer *text = writer_for_path("table.txt");
    enum status status = text ? text->write(record, &style, stdout, error)
                              : error_set(error, STATUS_UNSUPPORTED, "no text writer in this build");

    if (!status && (fflush(stdout) || ferror(stdout)))
        status = error_set(error, STATUS_IO, "standard output: %s", strerror(errno));
    return status;
}

/* What could not be saved is at least shown, between lines by which it is found in a log. */
static void dump_document(const struct record *record)
{
    char *text = NULL;
    struct error ignored = {0};

    if (document_text(record, &text, &ignored) == STATUS_OK)
        fprintf(stderr, "----- begin result %s -----\n%s\n----- end result %s -----\n", record->result_id, text,
                record->result_id);
    free(text);
}

/* The report of this one result, made from what its document says; `document` is the path that it is kept at. */
static enum status save_report(const struct record *record, const char *document, const char *path,
                               struct progress *progress, struct error *error)
{
    struct page_style style = {.terminal = {.utf8 = true}};
    struct record read = {0};
    struct report_source source = {.record = &read, .name = basename(document)};
    struct error warning = {0};
    struct report report = {0};
    struct page page = {0};
    char *text = NULL;
    enum status status = document_text(record, &text, error);

    if (!status) {
        source.bytes = text;
        source.length = strlen(text);
        status = document_read(text, source.length, &read, error);
    }
    if (!status)
        status = report_open(&report, &source, 1, error);
    if (!status) {
        report_build(&report, &page);
        status = page_save(&page, &style, path, &warning, error);
    }
    if (warning.status)
        progress_say(progress, "%s", warning.text);
    page_close(&page);
    report_close(&report);
    record_close(&read);
    free(text);
    return status;
}

static enum status save_one(const struct record *record, const char *document, const char *path,
                            struct progress *progress, struct error *error)
{
    const struct writer *writer = writer_for_path(path);
    struct error problem = {0};
    enum status status =
        writer ? writer_save(writer, record, path, &problem) : save_report(record, document, path, progress, &problem);

    if (status) {
        progress_say(progress, "not written: %s", problem.text);
        if (!error->status)
            *error = problem;
    }
    return status;
}

/* Saves and says so; *first is the first error. */
static bool save_and_tell(const struct record *record, const char *document, const char *path, const char *lead,
                          struct progress *progress, struct error *first)
{
    if (save_one(record, document, path, progress, first) != STATUS_OK)
        return false;
    printf("%sresult: %s\n", lead, path);
    return true;
}

static void save_chart(const struct outputs *outputs, const struct record *record, struct progress *progress,
                       struct error *error, bool *written)
{
    const struct report_source source = {.record = record, .name = basename(outputs->base)};
    struct error problem = {0};
    struct report report = {0};
    struct chart *chart = NULL;
    enum status status = report_open(&report, &source, 1, &problem);

    if (!status && !(chart = report_speed_chart(&report)))
        status = error_set(&problem, STATUS_MEMORY, "no memory for it");
    if (!status) {
        chart_foot(chart, "%s · %s, %.10s", chart->foot ? chart->foot : "", report.devices[0].name, record->created);
        status = chart_save(chart, outputs->base, &problem);
    }
    chart_free(chart);
    report_close(&report);
    *written = status == STATUS_OK;
    if (status)
        progress_say(progress, "no chart: %s", problem.text);
    if (status == STATUS_IO && !error->status)
        *error = problem;
}

/* Who has an index wants the result in it; that it is not must not fail a run, and a rebuild brings it in. */
static void index_result(const char *path, struct progress *progress)
{
    struct error problem = {0};

    if (history_note(HISTORY_FILE, path, &problem))
        progress_say(progress, "not in the index of results: %s", problem.text);
}

enum status outputs_write(const struct outputs *outputs, const struct record *record, struct progress *progress,
                          struct error *error)
{
    char path[sizeof outputs->base + 8];
    struct error first = {0}, table = {0};
    bool chart = false;

    progress_close(progress);
    print_table(record, &table);
    snprintf(path, sizeof path, "%s.json", outputs->base);
    if (save_and_tell(record, path, path, "\n", progress, &first))
        index_result(path, progress);
    for (size_t i = 0; i < options_count(outputs->options, OPTION_OUTPUT); i++)
        save_and_tell(record, path, asked_path(outputs, i), "", progress, &first);
    save_chart(outputs, record, progress, &first, &chart);
    if (chart)
        printf("chart:  %s.svg, %s.png\n", outputs->base, outputs->base);
    if (first.status)
        dump_document(record);
    if (!first.status)
        first = table;
    if (!first.status && fflush(stdout))
        error_set(&first, STATUS_IO, "standard output: %s", strerror(errno));
    if (!first.status)
        return STATUS_OK;
    *error = first;
    return error->status = STATUS_IO;
}

enum status outputs_write_against(const struct outputs *outputs, const struct record *record, struct progress *progress,
                                  struct error *error)
{
    char path[sizeof outputs->base + 24], marked[PATH_MAX];
    struct error first = {0};

    snprintf(path, sizeof path, "%s" OUTPUTS_AGAINST ".json", outputs->base);
    if (save_and_tell(record, path, path, "", progress, &first))
        index_result(path, progress);
    for (size_t i = 0; i < options_count(outputs->options, OPTION_OUTPUT); i++)
        if (mark_path(asked_path(outputs, i), marked))
            save_and_tell(record, path, marked, "", progress, &first);
    if (!first.status)
        return STATUS_OK;
    dump_document(record);
    *error = first;
    return error->status = STATUS_IO;
}

enum status outputs_print_comparison(const struct comparison *comparison, struct error *error)
{
    struct writer_style style = terminal_style();
    enum status status;

    if (!isatty(STDOUT_FILENO))
        style.width = WIDTH_WHOLE;
    status = compare_writer_for_path("table.txt")->write(comparison, &style, stdout, error);
    if (!status && (fflush(stdout) || ferror(stdout)))
        status = error_set(error, STATUS_IO, "standard output: %s", strerror(errno));
    return status;
}
