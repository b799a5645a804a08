/* What a device runs: for each model and format what was measured, what was predicted, and what was left out. */
#ifndef POCKETMARK_REPORTS_PAGE_FIT_LIST_H
#define POCKETMARK_REPORTS_PAGE_FIT_LIST_H

#include "reports/page/report.h"

struct fit_case {
    size_t device;
    uint64_t model, format; /* traits */
    double parameters;      /* NaN: unknown */
    /* Any of them may be NULL, not all. Of measured cases the one that is most like the prediction. */
    const struct report_cell *prediction, *measured;
    struct report_cell left_out; /* skipped or failed; its cell is NULL where none was */
    size_t order;                /* in which it was found */
    bool comparable; /* measured with what the prediction is about: an empty cache and a prompt of some length */
};

struct fit_list {
    struct fit_case *items; /* owned; by device, parameters, model, format */
    size_t count;
};

/* False: out of memory; the list is empty then. The report must outlive it. */
bool fit_list_open(struct fit_list *list, const struct report *report);
void fit_list_close(struct fit_list *list);

/* Whichever of the case's cells names it. */
const struct report_cell *fit_case_cell(const struct fit_case *item);

/* Measured where it was with like parameters, else predicted; NULL where neither is known. *mark gets MARK_MEASURED or MARK_PREDICTED. */
const struct figure *fit_case_figure(const struct fit_case *item, enum field field, enum mark *mark);

/* Does it fit? MARK_YES, MARK_PART (not beside what now runs), MARK_NO, MARK_NONE: unknown. */
enum mark fit_case_fits(const struct fit_case *item);

/* Peak memory, measured or predicted; and what the device has to give. NaN: unknown. */
double fit_case_bytes(const struct fit_case *item);
double fit_usable_bytes(const struct report_device *device);

/* "47.4 ±1.4" measured, "45.2 (41.0–49.4)" predicted, "–" for NULL; no unit. */
void fit_figure_text(char *out, size_t size, const struct figure *figure, enum mark mark);

#endif
