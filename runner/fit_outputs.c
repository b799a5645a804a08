#include "runner/fit_outputs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document.h"
#include "reports/figures.h"
#include "reports/page/report.h"
#include "reports/page/writers.h"
#include "reports/printed.h"
#include "reports/text.h"
#include "reports/writer.h"

static bool is_document(const char *path)
{
    return text_ends_in(path, ".json");
}

static bool is_figures(const char *path)
{
    return text_ends_in(path, ".csv");
}

enum status fit_outputs_check(const struct options *options, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < options_count(options, OPTION_FIT_OUTPUT) && !status; i++) {
        const char *path = options_text(options, OPTION_FIT_OUTPUT, i);
        if (is_document(path) || is_figures(path) || page_writer_for_path(path))
            status = writer_probe(path, error);
        else
            status = error_set(error, STATUS_MISUSE,
                               "--output %s: the end of the name chooses the form, one of .json .csv .html .pdf .md "
                               ".txt",
                               path);
    }
    return status;
}

static enum status save_figures(const struct record *record, const char *path, struct error *error)
{
    struct printed printed = {0};
    enum status status = printed_open(&printed, path, error);

    if (!status) {
        figures_write(&record, 1, printed.out);
        status = writer_save_printed(&printed, STATUS_OK, error);
    }
    return status;
}

static bool same_device(const struct record *record, const struct record *other)
{
    const struct fact *device = facts_find(&record->device, "device_id");
    const struct fact *other_device = facts_find(&other->device, "device_id");

    return device && other_device && device->type == FACT_TEXT && other_device->type == FACT_TEXT &&
           strcmp(device->text, other_device->text) == 0;
}

/* A page of the prediction and of what was measured on this device. */
static enum status save_page(const struct record *record, const struct fit_measured *measured,
                             const struct options *options, const char *document, const char *path,
                             struct progress *progress, struct error *error)
{
    struct page_style style = {.terminal = {.utf8 = true, .width = 100}};
    struct report_source *sources = calloc(measured->count + 1, sizeof *sources);
    struct error warning = {0};
    struct report report = {0};
    struct page page = {0};
    size_t count = 1;
    enum status status = sources ? STATUS_OK : error_set(error, STATUS_MEMORY, "%s: no memory to write it", path);

    if (!status) {
        const char *slash = strrchr(document, '/');
        sources[0] = (struct report_source){.record = record, .name = slash ? slash + 1 : document};
        for (size_t i = 0; i < measured->count; i++) {
            const struct record *other = &measured->records[i];
            if (other->origin == ORIGIN_NATIVE && other->cell_count && same_device(record, other))
                sources[count++] = (struct report_source){.record = other, .name = other->result_id};
        }
        status = report_open(&report, sources, count, error);
    }
    if (!status) {
        if (options_count(options, OPTION_PRICE))
            report.price_per_kwh = options_number(options, OPTION_PRICE, 0);
        if (options_count(options, OPTION_CLOUD_PRICE))
            report.cloud_price = options_number(options, OPTION_CLOUD_PRICE, 0);
        report_build(&report, &page);
        status = page_save(&page, &style, path, &warning, error);
    }
    if (warning.status)
        progress_say(progress, "%s", warning.text);
    page_close(&page);
    report_close(&report);
    free(sources);
    return status;
}

enum status fit_outputs_write(const struct record *record, const struct fit_measured *measured,
                              const struct options *options, const char *path, FILE *out, struct progress *progress,
                              struct error *error)
{
    enum status status = writer_save(writer_for_path(path), record, path, error);

    if (!status)
        fprintf(out, "prediction: %s\n", path);
    for (size_t i = 0; i < options_count(options, OPTION_FIT_OUTPUT); i++) {
        const char *asked = options_text(options, OPTION_FIT_OUTPUT, i);
        struct error problem = {0};
        enum status own;
        if (is_document(asked))
            own = writer_save(writer_for_path(asked), record, asked, &problem);
        else if (is_figures(asked))
            own = save_figures(record, asked, &problem);
        else
            own = save_page(record, measured, options, path, asked, progress, &problem);
        if (!own)
            fprintf(out, "prediction: %s\n", asked);
        else if (!status) {
            *error = problem;
            status = own;
        } else
            progress_say(progress, "not written: %s", problem.text);
    }
    return status;
}
