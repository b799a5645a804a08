#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chart.h"
#include "reports/chart_script.h"
#include "reports/chart_svg.h"
#include "reports/tool.h"
#include "reports/writer.h"

enum { TIMEOUT_SECONDS = 30 };

/* Stands behind each picture in what gnuplot writes. No SVG has "<<" in it, and the others are compressed. */
#define MARKER "\n<<pocketmark picture %zu>>\n"

/* All charts one after the other. */
static char *charts_script(const struct chart *const *charts, size_t count, enum chart_form form, size_t *length)
{
    char *script = NULL;
    FILE *out = open_memstream(&script, length);
    bool good = out != NULL;

    if (!out)
        return NULL;
    fputs("set print '-'\n", out);
    for (size_t i = 0; i < count && good; i++) {
        good = script_write(out, charts[i], form, i);
        fprintf(out, "print \"\\n<<pocketmark picture %zu>>\"\n", i);
    }
    if (fclose(out) == 0 && good)
        return script;
    free(script);
    return NULL;
}

/* cairo writes the time into a PDF; equal charts are to give equal bytes. The date keeps its length, so offsets stay right. */
static void pdf_undate(char *bytes, size_t length)
{
    static const char key[] = "/CreationDate (D:", zero[] = "20000101000000";
    char *at = memmem(bytes, length, key, sizeof key - 1);

    if (at && (size_t)(bytes + length - at) >= sizeof key + sizeof zero)
        for (size_t i = 0; zero[i] && at[sizeof key - 1 + i] >= '0' && at[sizeof key - 1 + i] <= '9'; i++)
            at[sizeof key - 1 + i] = zero[i];
}

static enum status picture_take(const struct chart *chart, enum chart_form form, const char *bytes, size_t length,
                                struct picture *picture, struct error *error)
{
    if (form == CHART_SVG || form == CHART_SVG_FILE)
        return chart_svg(chart, bytes, length, picture, error);
    if (length < 4 || memcmp(bytes, form == CHART_PNG ? "\x89PNG" : "%PDF", 4) != 0)
        return error_set(error, STATUS_FAILED, "gnuplot drew no picture of %s, so the charts were left out", chart->id);
    if (!(picture->bytes = malloc(length)))
        return error_set(error, STATUS_MEMORY, "%s: no memory for the chart", chart->id);
    memcpy(picture->bytes, bytes, length);
    picture->length = length;
    if (form == CHART_PDF)
        pdf_undate(picture->bytes, length);
    return STATUS_OK;
}

/* Cuts what gnuplot wrote into the pictures. */
static enum status pictures_take(const struct chart *const *charts, size_t count, enum chart_form form,
                                 const char *bytes, size_t length, struct picture *pictures, struct error *error)
{
    const char *at = bytes, *end = bytes + length;

    for (size_t i = 0; i < count; i++) {
        char marker[64];
        size_t marker_length = (size_t)snprintf(marker, sizeof marker, MARKER, i);
        const char *behind = memmem(at, (size_t)(end - at), marker, marker_length);
        enum status status;
        if (!behind)
            return error_set(error, STATUS_FAILED, "gnuplot ended before it had drawn %s, so the charts were left out",
                             charts[i]->id);
        status = picture_take(charts[i], form, at, (size_t)(behind - at), &pictures[i], error);
        if (status != STATUS_OK)
            return status;
        at = behind + marker_length;
    }
    return STATUS_OK;
}

enum status chart_draw(const struct chart *const *charts, size_t count, enum chart_form form, struct picture *pictures,
                       struct error *error)
{
    static const char *const arguments[] = {"gnuplot", "--default-settings", "-", NULL};
    static const struct tool gnuplot = {arguments, "gnuplot-nox", "the charts were left out", TIMEOUT_SECONDS};
    char *script, *bytes = NULL;
    size_t script_length, length;
    enum status status;

    for (size_t i = 0; i < count; i++)
        pictures[i] = (struct picture){0};
    if (!count)
        return STATUS_OK;
    if (!(script = charts_script(charts, count, form, &script_length)))
        return error_set(error, STATUS_MEMORY, "no memory to draw the charts");
    status = tool_run(&gnuplot, script, script_length, &bytes, &length, error);
    if (status == STATUS_OK)
        status = pictures_take(charts, count, form, bytes, length, pictures, error);
    for (size_t i = 0; i < count && status != STATUS_OK; i++) {
        free(pictures[i].bytes);
        pictures[i] = (struct picture){0};
    }
    free(bytes);
    free(script);
    return status;
}

enum status chart_save(const struct chart *chart, const char *base, struct error *error)
{
    static const struct {
        enum chart_form form;
        const char *suffix;
    } files[] = {{CHART_SVG_FILE, "svg"}, {CHART_PNG, "png"}};
    enum status status = STATUS_OK;

    if (!chart_used(chart))
        return error_set(error, STATUS_UNSUPPORTED, "%s: nothing to draw, so the chart was left out", base);
    for (size_t i = 0; i < sizeof files / sizeof *files && status == STATUS_OK; i++) {
        struct picture picture = {0};
        char *path = NULL;
        if (asprintf(&path, "%s.%s", base, files[i].suffix) < 0)
            return error_set(error, STATUS_MEMORY, "%s: no memory to draw the chart", base);
        if ((status = writer_probe(path, error)) == STATUS_OK &&
            (status = chart_draw(&chart, 1, files[i].form, &picture, error)) == STATUS_OK)
            status = writer_save_bytes(path, picture.bytes, picture.length, error);
        free(picture.bytes);
        free(path);
    }
    return status;
}
