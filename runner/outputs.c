#include "runner/outputs.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/chart.h"
#include "reports/document.h"
#include "reports/writer.h"
#include "runner/terminal.h"

static const char *asked_path(const struct outputs *outputs, size_t index)
{
    return options_text(outputs->options, OPTION_OUTPUT, index);
}

static enum status check_suffix(const char *path, struct error *error)
{
    char known[128] = "";
    size_t used = 0;

    if (writer_for_path(path))
        return STATUS_OK;
    for (size_t i = 0; writers[i] && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, " %s", writers[i]->suffix);
    return error_set(error, STATUS_MISUSE, "--output %s: the end of the name chooses the format, one of%s", path,
                     known);
}

/* Two runs that began within a second of each other both keep their results: the later one's name gets a number. */
static void make_unique(struct outputs *outputs)
{
    size_t length = strlen(outputs->base);
    char path[sizeof outputs->base + 8];

    for (unsigned number = 2; number < 1000; number++) {
        snprintf(path, sizeof path, "%s.json", outputs->base);
        if (access(path, F_OK) != 0)
            return;
        snprintf(outputs->base + length, sizeof outputs->base - length, "-%u", number);
    }
}

/* "2026-11-22T17:04:00Z" becomes "20261122T170400Z". */
static void name_base(struct outputs *outputs, const struct record *record)
{
    const struct fact *device = facts_find(&record->device, "device_id");
    char time[sizeof record->created], *to = time;

    for (const char *from = record->created; *from; from++)
        if (isalnum((unsigned char)*from))
            *to++ = *from;
    *to = '\0';
    snprintf(outputs->base, sizeof outputs->base, "results/%s-%s", time,
             device && device->type == FACT_TEXT ? device->text : "unknown-device");
}

enum status outputs_open(struct outputs *outputs, const struct options *options, const struct record *record,
                         struct error *error)
{
    char path[sizeof outputs->base + 8];
    enum status status = STATUS_OK;

    *outputs = (struct outputs){.options = options};
    for (size_t i = 0; i < options_count(options, OPTION_OUTPUT) && !status; i++)
        status = check_suffix(asked_path(outputs, i), error);
    for (size_t i = 0; i < options_count(options, OPTION_OUTPUT) && !status; i++)
        status = writer_probe(asked_path(outputs, i), error);
    if (status)
        return status;
    name_base(outputs, record);
    if (mkdir("results", 0777) && errno != EEXIST)
        return error_set(error, STATUS_IO,
                         "results: %s: results are kept in a folder of that name here; run where it can be made",
                         strerror(errno));
    make_unique(outputs);
    snprintf(path, sizeof path, "%s.json", outputs->base);
    return writer_probe(path, error);
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

/* What could not be saved is at least shown. */
static void dump_document(const struct record *record)
{
    char *text = NULL;
    struct error ignored = {0};

    if (document_text(record, &text, &ignored) == STATUS_OK)
        fprintf(stderr, "%s\n", text);
    free(text);
}

static enum status save_one(const struct record *record, const char *path, struct progress *progress,
                            struct error *error)
{
    struct error problem = {0};
    enum status status = writer_save(writer_for_path(path), record, path, &problem);

    if (status) {
        progress_say(progress, "not written: %s", problem.text);
        if (!error->status)
            *error = problem;
    }
    return status;
}

static void save_chart(const struct outputs *outputs, const struct record *record, struct progress *progress,
                       struct error *error, bool *written)
{
    struct error problem = {0};
    enum status status = chart_save(record, outputs->base, &problem);

    *written = status == STATUS_OK;
    if (status)
        progress_say(progress, "no chart: %s", problem.text);
    if (status == STATUS_IO && !error->status)
        *error = problem;
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
    if (save_one(record, path, progress, &first) == STATUS_OK)
        printf("\nresult: %s\n", path);
    for (size_t i = 0; i < options_count(outputs->options, OPTION_OUTPUT); i++)
        if (save_one(record, asked_path(outputs, i), progress, &first) == STATUS_OK)
            printf("result: %s\n", asked_path(outputs, i));
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
