/* A page as HTML: the parts of which page_html.c and page_pdf.c make theirs. All of it goes through reports/page/template.h. */
#ifndef POCKETMARK_REPORTS_PAGE_HTML_H
#define POCKETMARK_REPORTS_PAGE_HTML_H

#include <stdbool.h>
#include <stdio.h>

#include "reports/page/page.h"
#include "reports/page/writers.h"

/* Longer texts are cut for display, in characters. */
enum { HTML_TITLE_MAX = 160, HTML_CELL_MAX = 240, HTML_TEXT_MAX = 4000 };

struct html {
    FILE *out;
    const struct page_style *style;
    const struct picture *pictures; /* of the page's charts, in their order: SVG, on paper PNG */
    size_t picture_next;
    const char *undrawn; /* why pictures are missing */
    const char
        *folder; /* to be printed: where its files lie, to be attached to the document; NULL: they stand in the page */
    bool failed; /* what was written is not whole */
    struct error error; /* why, unless it is out of memory */
};

/* The whole page, as page_writer.write does; `folder` as in struct html: it must be there, and gets the files. */
enum status html_write(const struct page *page, const struct page_style *style, const char *folder, FILE *out,
                       struct error *error);

/* What stands in a section, without its heading. */
void html_blocks(struct html *html, const struct section *section);

/* The sign for the eye and the word for the ear, and a blank behind; nothing for MARK_NONE, no word where the text says it. */
void html_mark(FILE *out, enum mark mark, const char *text);

/* Does a page of ours lead there: a relative address, or https? */
bool html_href_allowed(const char *href);

/* Nothing of a table without rows. */
void html_grid(struct html *html, const struct grid *grid);

/* Figure, finding and, folded, the data. */
void html_chart(struct html *html, const struct chart *chart);

/* All files that the page carries, with sizes and hashes. */
void html_files(struct html *html, const struct page *page);

/* Of a page to be printed: puts its files and the data of its charts into the folder, and <link>s to them into the head. */
enum status html_file_links(struct html *html, const struct page *page, struct error *error);

/* One of them, by name and size: a link that saves it; of a page to be printed the words alone. */
void html_file(struct html *html, const char *name, const char *media_type, const void *bytes, size_t length);

#endif
