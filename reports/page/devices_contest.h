/* Cases that several devices measured, and who is better at them, for the section `devices`. */
#ifndef POCKETMARK_REPORTS_PAGE_DEVICES_CONTEST_H
#define POCKETMARK_REPORTS_PAGE_DEVICES_CONTEST_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/page/report.h"

/* A case of at least two devices: of each device and engine the newest, fastest decode first. */
struct contest {
    struct report_cell *cells; /* owned; copies */
    size_t count, devices;
    size_t first; /* place of its first cell in the report */
};

struct contests {
    struct contest *items; /* owned; most devices first, then as in the report */
    size_t count;
    size_t alone; /* cases of one device */
};

/* Of the devices that were measured themselves, neither imported nor emulated, by comparability key. False: out of memory. Close in
 * every case. */
bool contests_open(struct contests *contests, const struct report *report);
void contests_close(struct contests *contests);

/* Place of a cell among those of its contest that can be told apart from it: 1 + how many are better beyond doubt, so that equal
 * places are shared. 0: it has no such figure, no interval to tell by, or nothing to be ranked with. Energy is ranked within one
 * scope. */
size_t contest_rank(const struct contest *contest, size_t index, enum field field);

/* Do the cells differ in it? */
bool contest_differs(const struct contest *contest, enum report_trait trait);

#endif
