#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/digest.h"
#include "reports/emit.h"
#include "reports/page/chart_data.h"
#include "reports/page/html.h"
#include "reports/page/template.h"
#include "reports/units.h"
#include "reports/writer.h"

/* Files of more bytes than that, in all, would make the page too slow to open. */
static const size_t CARRIED_BYTES_MAX = 8000000;

static size_t all_bytes(const struct page *page)
{
    size_t bytes = 0;

    for (size_t i = 0; i < page->attachment_count; i++)
        bytes += page->attachments[i].length;
    return bytes;
}

/* One that can stand in an address as it is. */
static const char *safe_type(const char *media_type)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/+-.;=";

    return *media_type && !media_type[strspn(media_type, signs)] ? media_type : "application/octet-stream";
}

static void write_address(FILE *out, const char *media_type, const void *bytes, size_t length)
{
    TEMPLATE(out, "data:{{type}};base64,", {"type", safe_type(media_type), 0});
    emit_base64(out, bytes, length);
}

void html_file(struct html *html, const char *name, const char *media_type, const void *bytes, size_t length)
{
    char size[32];

    units_format(size, sizeof size, "bytes", (double)length);
    if (html->folder) {
        TEMPLATE(html->out, "{{name}}, {{size}}, attached to this document", {"name", name, HTML_TITLE_MAX},
                 {"size", size, 0});
        return;
    }
    TEMPLATE(html->out, "<a download=\"{{name}}\" href=\"", {"name", name, HTML_TITLE_MAX});
    write_address(html->out, media_type, bytes, length);
    TEMPLATE(html->out, "\">{{name}}</a>, {{size}}", {"name", name, HTML_TITLE_MAX}, {"size", size, 0});
}

static void write_hash(FILE *out, const struct attachment *file)
{
    char hex[DIGEST_HEX];

    digest_bytes(file->bytes, file->length, hex);
    TEMPLATE(out, "<code>SHA-256 {{hex}}</code>", {"hex", hex, 0});
}

void html_files(struct html *html, const struct page *page)
{
    bool carried = all_bytes(page) <= CARRIED_BYTES_MAX;
    char size[32];

    fputs("<section id=\"files\">\n<h2>Files</h2>\n", html->out);
    units_format(size, sizeof size, "bytes", (double)all_bytes(page));
    if (!carried)
        TEMPLATE(
            html->out,
            "<p class=\"note\">The results behind this page, {{size}} in all, are too large to be carried by it. Their "
            "hashes tell which they are.</p>\n",
            {"size", size, 0});
    else
        TEMPLATE(html->out, "<p class=\"note\">The results behind this page, byte for byte.</p>\n", {NULL, NULL, 0});
    fputs("<ul class=\"files\">\n", html->out);
    for (size_t i = 0; i < page->attachment_count; i++) {
        const struct attachment *file = &page->attachments[i];

        fputs("<li>", html->out);
        if (carried) {
            html_file(html, file->name, file->media_type, file->bytes, file->length);
        } else {
            units_format(size, sizeof size, "bytes", (double)file->length);
            TEMPLATE(html->out, "{{name}}, {{size}}", {"name", file->name, HTML_TITLE_MAX}, {"size", size, 0});
        }
        write_hash(html->out, file);
        fputs("</li>\n", html->out);
    }
    fputs("</ul>\n</section>\n", html->out);
}

/* A name that can stand in a folder and in an address, and that nothing in the folder has. NULL without memory. */
static char *free_path(const char *folder, const char *name)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    char safe[100], *path = NULL;
    size_t length = 0;

    for (; name[length] && length < sizeof safe - 1; length++)
        safe[length] = strchr(signs, name[length]) && (length || *name != '.') ? name[length] : '_';
    safe[length] = '\0';
    for (unsigned copy = 1;; copy++) {
        char number[16] = "";

        if (copy > 1)
            snprintf(number, sizeof number, "%u-", copy);
        if (asprintf(&path, "%s/%s%s", folder, number, safe) < 0)
            return NULL;
        if (access(path, F_OK) != 0)
            return path;
        free(path);
    }
}

static enum status write_link(struct html *html, const char *name, const char *bytes, size_t length,
                              struct error *error)
{
    char *path = free_path(html->folder, name);
    enum status status = path ? writer_save_bytes(path, bytes, length, error)
                              : error_set(error, STATUS_MEMORY, "no memory for the files of the page");

    if (!status)
        TEMPLATE(html->out, "<link rel=\"attachment\" title=\"{{name}}\" href=\"file://{{path}}\">\n",
                 {"name", name, HTML_TITLE_MAX}, {"path", path, 0});
    free(path);
    return status;
}

static enum status write_chart_link(struct html *html, const struct chart *chart, struct error *error)
{
    char *bytes, name[CHART_DATA_NAME];
    enum status status;
    size_t length;

    if (!chart_data_file(chart, name, &bytes, &length))
        return error_set(error, STATUS_MEMORY, "no memory for the files of the page");
    status = write_link(html, name, bytes, length, error);
    free(bytes);
    return status;
}

enum status html_file_links(struct html *html, const struct page *page, struct error *error)
{
    size_t carried = all_bytes(page) <= CARRIED_BYTES_MAX ? page->attachment_count : 0, count = page_charts(page, NULL);
    const struct chart **charts = calloc(count + 1, sizeof(const struct chart *));
    enum status status = STATUS_OK;

    if (!charts)
        return error_set(error, STATUS_MEMORY, "no memory for the files of the page");
    page_charts(page, charts);
    for (size_t i = 0; i < carried && !status; i++)
        status =
            write_link(html, page->attachments[i].name, page->attachments[i].bytes, page->attachments[i].length, error);
    for (size_t i = 0; i < count && !status; i++)
        status = write_chart_link(html, charts[i], error);
    free(charts);
    return status;
}
