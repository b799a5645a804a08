/* The folder of a site: which files in it are ours, pages and their charts written, pages of an earlier build removed. */
#ifndef POCKETMARK_REPORTS_PAGE_SITE_OUTPUT_H
#define POCKETMARK_REPORTS_PAGE_SITE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/page/page.h"

struct site_names {
    char **items; /* owned; addresses below the folder */
    size_t count;
};

/* A page that waits for its charts. */
struct site_pending {
    struct page page;
    char *name;
};

struct site_output {
    const char *folder;         /* the caller's */
    struct site_names old, now; /* what an earlier build wrote, and what this one will; sorted from output_begin on */
    struct site_pending *pending;
    size_t pending_count, pending_charts;
    size_t written, removed;
    bool made;     /* the folder, and nothing is in it yet */
    char *undrawn; /* why charts are missing; NULL: none is */
    bool gave_up;  /* no gnuplot: it is not asked again */
};

/* A name as this program gives them: "index.html", "index-prefill.html", "device/…", "model/…" or "pair/….html",
 * "results/….json", of [a-z0-9-]. */
bool site_name_ours(const char *name);

/* Makes the folder if need be and reads which files in it are of an earlier build. STATUS_IO where it is no site of ours
 * and holds more than hidden files. output_close() in every case. */
enum status output_open(struct site_output *output, const char *folder, struct error *error);

/* One more file that will be written. STATUS_IO where one of that name is there that is not ours, or would be written twice. */
enum status output_plan(struct site_output *output, const char *name, struct error *error);

/* Once all are planned: from here on the folder is ours, whatever happens. */
enum status output_begin(struct site_output *output, struct error *error);

/* Writes a planned file in one step; one that has these bytes already is left as it is. */
enum status output_file(struct site_output *output, const char *name, const char *bytes, size_t count,
                        struct error *error);

/* Takes over the page, and writes it once enough charts have come together to be drawn at once. */
enum status output_page(struct site_output *output, const char *name, struct page *page, struct error *error);

/* Writes what waits, removes what an earlier build left, and makes all of it last. */
enum status output_end(struct site_output *output, struct error *error);
void output_close(struct site_output *output);

#endif
