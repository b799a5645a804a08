#include "reports/page/writers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reports/printed.h"
#include "reports/text.h"

const struct page_writer *page_writer_for_path(const char *path)
{
    for (size_t i = 0; page_writers[i]; i++)
        if (text_ends_in(path, page_writers[i]->suffix))
            return page_writers[i];
    return NULL;
}

enum status page_save(const struct page *page, const struct page_style *style, const char *path, struct error *warning,
                      struct error *error)
{
    const struct page_writer *writer = page_writer_for_path(path);
    struct printed printed;
    struct error told = {0};
    enum status status;

    if (!writer)
        return error_set(error, STATUS_MISUSE, "%s: the end of the name chooses no form of a report", path);
    if ((status = printed_open(&printed, path, error)) != STATUS_OK)
        return status;
    status = writer->write(page, style, printed.out, &told);
    if (status) {
        *error = told;
        error_prefix(error, "%s", path);
    } else if (told.status) {
        *warning = told;
    }
    status = printed_close(&printed, status, error);
    if (!status)
        status = writer_save_bytes(path, printed.bytes, printed.length, error);
    free(printed.bytes);
    return status;
}

/* ---- charts as files -------------------------------------------------------------------------------------------------- */

static enum status save_form(const struct chart *const *charts, size_t count, enum chart_form form, const char *folder,
                             struct picture *pictures, struct error *error)
{
    enum status status = chart_draw(charts, count, form, pictures, error);

    for (size_t i = 0; i < count; i++) {
        char *path = NULL;
        if (!status && asprintf(&path, "%s/%s.%s", folder, charts[i]->id, form == CHART_PNG ? "png" : "svg") < 0)
            status = error_set(error, STATUS_MEMORY, "%s: no memory to write the charts", folder);
        if (!status && pictures[i].bytes)
            status = writer_save_bytes(path, pictures[i].bytes, pictures[i].length, error);
        free(path);
        free(pictures[i].bytes);
        pictures[i] = (struct picture){0};
    }
    return status;
}

enum status page_save_charts(const struct page *page, const char *folder, size_t *count, struct error *error)
{
    size_t found = page_charts(page, NULL);
    const struct chart **charts = calloc(found + 1, sizeof *charts);
    struct picture *pictures = calloc(found + 1, sizeof *pictures);
    enum status status = STATUS_OK;

    *count = 0;
    if (!charts || !pictures || page->failed)
        status = error_set(error, STATUS_MEMORY, "%s: no memory to draw the charts", folder);
    else if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        status = error_set(error, STATUS_IO, "%s: cannot make the folder: %s", folder, strerror(errno));
    if (!status && found) {
        page_charts(page, charts);
        status = save_form(charts, found, CHART_SVG_FILE, folder, pictures, error);
        if (!status)
            status = save_form(charts, found, CHART_PNG, folder, pictures, error);
        *count = status ? 0 : found;
    }
    free(charts);
    free(pictures);
    return status;
}
