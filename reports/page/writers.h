/* Writers of pages: one file reports/page/page_<format>.c each. Output depends on the page alone. */
#ifndef POCKETMARK_REPORTS_PAGE_WRITERS_H
#define POCKETMARK_REPORTS_PAGE_WRITERS_H

#include <stdio.h>

#include "reports/page/page.h"
#include "reports/writer.h"

/* What to do about charts: drawn into the page, or left out, with the reason told on the page. */
struct page_style {
    struct writer_style terminal; /* of the text form */
    const char
        *charts_folder; /* where Markdown finds NAME.svg of its charts, "" for the same folder; NULL: no charts */
    const char *home;   /* of pages of a site: address of its index, NULL: none */
    bool sorts;         /* HTML: with the small script that sorts and filters tables */
    /* HTML: SVG of the page's charts in their order, where the caller had those of many pages drawn at once; NULL: the writer has
     * them drawn. bytes NULL: that one could not be, and `undrawn` says why. */
    const struct picture *pictures;
    const char *undrawn;
};

struct page_writer {
    const char *name, *suffix, *summary;
    /* Charts that could not be drawn are no failure: STATUS_OK is returned, with `error` set to what is missing and why. */
    enum status (*write)(const struct page *page, const struct page_style *style, FILE *out, struct error *error);
};

/* All of this build, NULL-terminated. */
extern const struct page_writer *const page_writers[];

/* By file name suffix; NULL where none fits. */
const struct page_writer *page_writer_for_path(const char *path);

/* Writes the file in one step. STATUS_IO names path and cause. A missing or failing gnuplot is no error: the page says what it
 * lacks, and so does `warning` (status 0 where nothing does). */
enum status page_save(const struct page *page, const struct page_style *style, const char *path, struct error *warning,
                      struct error *error);

/* NAME.svg and NAME.png of every chart of the page in a folder, which is made if need be; *count: charts drawn. */
enum status page_save_charts(const struct page *page, const char *folder, size_t *count, struct error *error);

#endif
