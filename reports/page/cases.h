/* Measured cases as rows of tables and bars of charts: like ones side by side, named alike everywhere. */
#ifndef POCKETMARK_REPORTS_PAGE_CASES_H
#define POCKETMARK_REPORTS_PAGE_CASES_H

#include "reports/page/report.h"

struct cases {
    const struct report *report;
    struct report_cell *items; /* owned; by model, format, depth and what else differs, then by device */
    size_t count;
    uint32_t differing;                           /* traits */
    const struct report_cell *usual[TRAIT_COUNT]; /* of the value that most have; NULL: none */
    bool several_devices, has_words;              /* beside model and format, of any case */
};

/* Copies and sorts them. False: out of memory; then there are none. cases_close() in every case. */
bool cases_open(struct cases *cases, const struct report *report, const struct report_cell *cells, size_t count);
void cases_close(struct cases *cases);

/* The report's cells of one origin alone: native, emulated and imported figures never stand in one table. */
bool cases_open_origin(struct cases *cases, const struct report *report, enum origin origin);

/* "speed", "speed-imported"; "Speed", "Speed, imported". */
void cases_origin_id(char id[64], const char *name, enum origin origin);
void cases_origin_title(char *out, size_t size, const char *title, enum origin origin);

/* Name, format and what is unusual about the case, device included: "llama-3.2-1b q4_0, depth 4096". */
void cases_label(char *out, size_t size, const struct cases *cases, const struct report_cell *cell);

/* The first columns of a table of cases, and the first cells of a row. */
void cases_head(const struct cases *cases, struct grid *grid);
void cases_row(const struct cases *cases, struct grid *grid, const struct report_cell *cell);

/* What is usual, which labels leave unsaid, and the launches behind the field's figures, as a note: "All cases: prompt 128 tokens,
 * 2 threads; 6 launches." */
void cases_common(const struct cases *cases, struct page *page, enum field field);

/* "6 launches", "2 to 6 launches"; "" where no figure of the field stands on launches. */
void cases_launches(char *out, size_t size, const struct cases *cases, enum field field);

/* A panel of bars: the field's figures times `scale`, one colour a format, intervals as whiskers and a pale point per launch. Where
 * `share` is not FIELD_COUNT, it is a share of a roof, which is drawn as a stroke of that name. Rows beyond CHART_ROWS_MAX are left
 * out; returns how many. */
struct cases_bars {
    enum field field, share;
    double scale;
    const char *title, *unit, *roof;
};
size_t cases_chart(struct chart *chart, const struct cases *cases, const struct cases_bars *bars);

#endif
