#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/page/html.h"
#include "reports/tool.h"

static const char *const arguments[] = {"weasyprint", "--quiet", "--encoding", "utf-8", "-", "-", NULL};

static const struct tool weasyprint = {
    .arguments = arguments, .package = "weasyprint", .purpose = "the PDF was not written", .seconds = 120};

/* A folder for the files that the PDF carries: weasyprint takes their names from where they lie. To be freed. */
static enum status folder_make(char **folder, struct error *error)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    const char *parent = getenv("TMPDIR");
    enum status status;

    if (!parent || parent[0] != '/' ||
        parent[strspn(parent, signs)]) /* others cannot stand in an address as they are */
        parent = "/tmp";
    if (asprintf(folder, "%s/pocketmark-XXXXXX", parent) < 0)
        return error_set(error, STATUS_MEMORY, "no memory for the page");
    if (mkdtemp(*folder))
        return STATUS_OK;
    status = error_set(error, STATUS_IO, "cannot make the folder %s: %s: set TMPDIR to a folder with room", *folder,
                       strerror(errno));
    free(*folder);
    return status;
}

static void folder_remove(const char *folder)
{
    DIR *files = opendir(folder);
    struct dirent *file;

    while (files && (file = readdir(files)) != NULL)
        unlinkat(dirfd(files), file->d_name, 0);
    if (files)
        closedir(files);
    rmdir(folder);
}

/* The page as weasyprint takes it, to be freed. */
static enum status html_make(const struct page *page, const struct page_style *style, const char *folder, char **html,
                             size_t *length, struct error *error)
{
    FILE *memory = open_memstream(html, length);
    enum status status;
    bool whole;

    if (!memory)
        return error_set(error, STATUS_MEMORY, "no memory for the page");
    status = html_write(page, style, folder, memory, error);
    whole = !ferror(memory);
    if (fclose(memory) != 0 || !whole)
        status = error_set(error, STATUS_MEMORY, "no memory for the page");
    return status;
}

static enum status write_pdf(const struct page *page, const struct page_style *style, FILE *out, struct error *error)
{
    char *folder, *html = NULL, *pdf = NULL;
    size_t html_length = 0, pdf_length = 0;
    enum status status = folder_make(&folder, error);

    if (status)
        return status;
    status = html_make(page, style, folder, &html, &html_length, error);
    if (status == STATUS_OK)
        status = tool_run(&weasyprint, html, html_length, &pdf, &pdf_length, error);
    if (status == STATUS_OK)
        fwrite(pdf, 1, pdf_length, out);
    folder_remove(folder);
    free(folder);
    free(html);
    free(pdf);
    return status;
}

const struct page_writer page_pdf = {"pdf", ".pdf", "the same on paper; needs weasyprint", write_pdf};
