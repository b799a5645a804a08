/* What a report is made from: results, sorted by device. Section builders read it. */
#ifndef POCKETMARK_REPORTS_PAGE_REPORT_H
#define POCKETMARK_REPORTS_PAGE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reports/page/page.h"
#include "reports/record.h"

struct report_source {
    const struct record *record; /* the caller's */
    const char *name;            /* of its file, for texts */
    const char *bytes;           /* the document, to be carried by the page; NULL: not */
    size_t length;
    const char *href; /* where a page of a site finds the file; NULL: in the page itself */
};

/* What tells cases apart; report_label and report_common put it into words. */
enum report_trait {
    TRAIT_MODEL,
    TRAIT_MATRIX,
    TRAIT_FORMAT,
    TRAIT_FILE, /* or the shape of synthetic weights */
    TRAIT_WEIGHTS,
    TRAIT_TOKENS,
    TRAIT_SCENARIO,
    TRAIT_PROMPT,
    TRAIT_GENERATED,
    TRAIT_DEPTH,
    TRAIT_CONTEXT,
    TRAIT_CACHE,
    TRAIT_THREADS, /* as requested */
    TRAIT_OTHER,   /* all other parameters */
    TRAIT_ENGINE,
    TRAIT_BUILD,
    TRAIT_PROGRAM, /* tells builds apart on one device */
    TRAIT_COUNT
};

/* A case that was measured, on a device. */
struct report_cell {
    const struct report_source *source;
    const struct cell *cell;
    size_t device;                /* index */
    uint64_t traits[TRAIT_COUNT]; /* equal where the trait's texts are */
    char key[65];                 /* cell_key(): cells of one key may be compared across devices */
};

/* Imported and emulated results are never one device with native ones. */
struct report_device {
    char name[160]; /* unlike all others: the processor's, "(imported)" or "(emulated)", a number where two share it */
    const struct report_source *source;   /* the newest that tells the machine */
    const struct report_source **sources; /* owned; all of it, newest first */
    size_t source_count;
};

struct report {
    const struct report_source *sources; /* the caller's */
    size_t source_count;
    struct report_device *devices; /* owned; in the order of the sources */
    size_t device_count;
    /* Owned, all by device, then by the model's parameters, then newest first. Of cases with the same comparability key on one
     * device, build and engine the newest alone. */
    struct report_cell *cells; /* of models, that are ok */
    size_t cell_count;
    struct report_cell *products; /* of single matrices, that are ok */
    size_t product_count;
    struct report_cell *predictions; /* of each device, model and format the newest; those that do not fit as well */
    size_t prediction_count;
    double price_per_kwh, cloud_price; /* per million tokens; as the reader stated, NaN: not */
};

/* Sources must outlive the report. No price is set. STATUS_MEMORY. report_close() in every
 * case. */
enum status report_open(struct report *report, const struct report_source *sources, size_t count, struct error *error);
void report_close(struct report *report);

/* ---- what builders ask again and again ------------------------------------------------------------------------------------------ */

/* The figure, where it has a value; NULL else. */
const struct figure *report_figure(const struct report_cell *cell, enum field field);

/* Value or NaN. */
double report_value(const struct report_cell *cell, enum field field);

/* Seconds since 1970 of "2026-11-22T15:04:05.25+01:00", to sort by; a text that is no date is older than all. */
double report_time(const char *created);

/* "llama-3.2-1b", "q4_0": of a cell or a prediction. */
void report_model(char *out, size_t size, const struct report_cell *cell);
void report_format(char *out, size_t size, const struct report_cell *cell);

/* What tells this cell from all others that the report shows beside it: model, format and only such parameters as differ among
 * `cells`; the device as well where there is more than one: "llama-3.2-1b q4_0, depth 4096". */
void report_label(char *out, size_t size, const struct report *report, const struct report_cell *cells, size_t count,
                  const struct report_cell *cell);

/* What all of `cells` have in common, for the line above a table: "prompt 128 tokens, generated 32 tokens, 2 threads". */
void report_common(char *out, size_t size, const struct report *report, const struct report_cell *cells, size_t count);

/* The words of a trait: "prompt 128 tokens", "depth 4096", "engine cpu 0.1.0"; "" where the case has none. */
void report_trait_text(char *out, size_t size, const struct report_cell *cell, enum report_trait trait);

/* "48.1 ±0.4 tok/s" for sentences; "–" unknown. */
void report_say(char *out, size_t size, const struct figure *figure, enum field field);

/* Decode and prefill of every cell with intervals, raw points and roofs, of one origin (native, if any is); what `run` saves beside
 * its result. NULL without memory. */
struct chart *report_speed_chart(const struct report *report);

/* Builds the whole page: title, badges, every section of reports/page/sections.inc, the documents as attachments. */
void report_build(const struct report *report, struct page *page);

#endif
