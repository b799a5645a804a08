/* A page as content: sections of texts, tables and charts, in order. Section builders fill it, page writers lay it out. Every text
 * is plain text from wherever, of any bytes: what a format needs escaped, its writer escapes. */
#ifndef POCKETMARK_REPORTS_PAGE_PAGE_H
#define POCKETMARK_REPORTS_PAGE_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/chart.h"

/* What a value or a text is, said by a sign and a word, never by colour alone. */
enum mark {
    MARK_NONE,
    MARK_YES,       /* ✔ fits, holds, better */
    MARK_PART,      /* ◐ with a limit, inconclusive */
    MARK_NO,        /* ✖ does not fit, failed, worse */
    MARK_WARNING,   /* ! */
    MARK_MEASURED,  /* ● */
    MARK_PREDICTED, /* ○ */
};

struct grid_column {
    char *title, *unit; /* unit "" for none */
    bool numeric;
};

struct grid_cell {
    char *text;   /* for people */
    double value; /* what the column is sorted by, where it is numeric; NaN: last */
    double share; /* of a bar behind the text, 0 to 1; NaN: none */
    enum mark mark;
    char *href; /* relative address or NULL */
};

/* A table. The first column names the row. */
struct grid {
    char id[64]; /* unique on the page, [a-z0-9-] */
    char *caption;
    struct grid_column *columns;
    size_t column_count;
    struct grid_cell *cells; /* row by row */
    size_t cell_count;
    bool folded;   /* long, and not what most come for: closed until asked for, open in print */
    bool sortable; /* rows may be sorted and filtered by whoever reads */
    bool *failed;  /* of the page */
};

/* A labelled line. */
struct pair {
    char *label, *text;
    enum mark mark;
};

enum block_kind {
    BLOCK_TEXT,    /* a paragraph */
    BLOCK_LEAD,    /* the sentence that answers the section's question */
    BLOCK_NOTE,    /* what qualifies it: small */
    BLOCK_WARNING, /* what must not be missed */
    BLOCK_LIST,    /* pairs without labels */
    BLOCK_PAIRS,   /* labelled lines */
    BLOCK_GRID,
    BLOCK_CHART,
    BLOCK_LINK, /* text leads to href */
};

struct block {
    enum block_kind kind;
    char *text, *href;
    struct pair *pairs;
    size_t pair_count;
    struct grid *grid;
    struct chart *chart;
};

struct section {
    char id[64];
    char *title;
    struct block *blocks;
    size_t block_count;
};

/* A file that the page carries with it: the data behind its figures. */
struct attachment {
    char *name, *media_type, *bytes;
    size_t length;
};

struct page {
    char *title, *subtitle;
    char **badges; /* "virtual machine", "emulated", "partial": what a reader must know before any figure */
    size_t badge_count;
    struct section *sections;
    size_t section_count;
    struct attachment *attachments;
    size_t attachment_count;
    bool failed; /* out of memory: nothing more is added, and no writer writes it */
};

/* All functions copy what they are given. Without memory they set page->failed and return what can be used all the same: an object
 * whose content is lost. So builders need no checks; writers look at `failed` once. */
void page_open(struct page *page, const char *title, const char *subtitle);
void page_close(struct page *page);
void page_badge(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
void page_attach(struct page *page, const char *name, const char *media_type, const char *bytes, size_t length);

/* Begins a section; all blocks go into the last one. One that stays empty is dropped when the next begins or the page is written. */
void page_section(struct page *page, const char *id, const char *title);
bool section_used(const struct section *section);

/* BLOCK_TEXT, BLOCK_LEAD, BLOCK_NOTE, BLOCK_WARNING. */
void page_text(struct page *page, enum block_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
void page_link(struct page *page, const char *href, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* One more line of the list, or of the labelled lines, that the section ends with; begins one where it does not. */
void page_item(struct page *page, enum mark mark, const char *format, ...) __attribute__((format(printf, 3, 4)));
void page_pair(struct page *page, enum mark mark, const char *label, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A new table at the end of the section; the address is good until the page is closed. Columns first, then cells, left to right
 * and row by row. */
struct grid *page_grid(struct page *page, const char *id, const char *caption);
void grid_column(struct grid *grid, const char *title, const char *unit, bool numeric);
void grid_text(struct grid *grid, const char *format, ...) __attribute__((format(printf, 2, 3)));
void grid_value(struct grid *grid, double value, const char *format, ...) __attribute__((format(printf, 3, 4)));
void grid_mark(struct grid *grid, enum mark mark); /* of the last cell */
void grid_share(struct grid *grid, double share);  /* of the last cell */
void grid_href(struct grid *grid, const char *href);
size_t grid_rows(const struct grid *grid);

/* Takes over a chart that chart_new made (reports/chart.h). One without any point is dropped. */
void page_chart(struct page *page, struct chart *chart);

/* Writes the page's charts, in their order, to `charts` unless that is NULL, and returns how many there are. */
size_t page_charts(const struct page *page, const struct chart **charts);

/* "✔", "●", … and in ASCII; the word for those who hear it: "yes", "measured". "" for MARK_NONE. */
const char *mark_sign(enum mark mark, bool utf8);
const char *mark_word(enum mark mark);

#endif
