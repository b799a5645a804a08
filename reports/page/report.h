/* What a report is made from: results, sorted by device. Section builders read it. */
#ifndef POCKETMARK_REPORTS_PAGE_REPORT_H
#define POCKETMARK_REPORTS_PAGE_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/page/page.h"
#include "reports/record.h"

struct report_source {
    const struct record *record; /* the caller's */
    const char *name;            /* of its file, for texts */
    const char *bytes;           /* the document, to be carried by the page; NULL: not */
    size_t length;
    const char *href; /* where a page of a site finds the file; NULL: in the page itself */
};

/* A case that was measured, on a device. */
struct report_cell {
    const struct report_source *source;
    const struct cell *cell;
    size_t device; /* index */
};

struct report_device {
    char name[160];                     /* unlike all others: the processor's name, with a number where two share it */
    const struct report_source *source; /* the newest that tells the machine */
    const struct report_source **sources; /* owned; all of it, newest first */
    size_t source_count;
};

struct report {
    const struct report_source *sources; /* the caller's */
    size_t source_count;
    struct report_device *
        devices; /* owned; in the order of the sources. Imported and emulated results are never one device with native ones */
    size_t device_count;
    struct report_cell
        *cells; /* owned; model cells that are ok, by device, then in the order of sources; of cells with the same
                                * comparability key on one device and build the newest */
    size_t cell_count;
    struct report_cell *products; /* owned; matmul cells likewise */
    size_t product_count;
    struct report_cell *predictions; /* owned; of each device, model and format the newest prediction */
    size_t prediction_count;
    double price_per_kwh, cloud_price; /* as the reader stated; NaN: not */
};

/* Sources must outlive the report. STATUS_MEMORY. report_close() in every case. */
enum status report_open(struct report *report, const struct report_source *sources, size_t count, struct error *error);
void report_close(struct report *report);

/* ---- what builders ask again and again ------------------------------------------------------------------------------------------ */

/* The figure, where it has a value; NULL else. */
const struct figure *report_figure(const struct report_cell *cell, enum field field);

/* Value or NaN. */
double report_value(const struct report_cell *cell, enum field field);

/* "llama-3.2-1b", "q4_0": of a cell or a prediction. */
void report_model(char *out, size_t size, const struct report_cell *cell);
void report_format(char *out, size_t size, const struct report_cell *cell);

/* What tells this cell from all others that the report shows beside it: model, format and only such parameters as differ among
 * `cells`; the device as well where there is more than one: "llama-3.2-1b q4_0, depth 4096". */
void report_label(char *out, size_t size, const struct report *report, const struct report_cell *cells, size_t count,
                  const struct report_cell *cell);

/* What all of `cells` have in common, for the line above a table: "prompt 128 tokens, generated 32 tokens, 2 threads". */
void report_common(char *out, size_t size, const struct report *report, const struct report_cell *cells, size_t count);

/* "48.1 ±0.4 tok/s" for sentences; "–" unknown. */
void report_say(char *out, size_t size, const struct figure *figure, enum field field);

/* Decode and prefill of every cell with intervals, raw points and roofs; what `run` saves beside its result. */
struct chart *report_speed_chart(const struct report *report);

/* Builds the whole page: title, badges, every section of reports/page/sections.inc, the documents as attachments. */
void report_build(const struct report *report, struct page *page);

#endif
