/* Ratios of devices: what every other one measured against what the first did, for the section `devices`. */
#ifndef POCKETMARK_REPORTS_PAGE_DEVICES_RATIO_H
#define POCKETMARK_REPORTS_PAGE_DEVICES_RATIO_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/compare.h"
#include "reports/page/report.h"

struct device_ratio {
    const struct report_cell *base, *cell; /* in the report, of one comparability key */
    struct comparison_row row;
};

struct device_ratios {
    struct device_ratio *items; /* owned; by device, case and figure */
    size_t count, capacity;
    char **refusals; /* owned; what could not be set against the first device, and why */
    size_t refusal_count;
    bool failed; /* out of memory: some are missing */
};

/* Of the devices that were measured themselves, neither imported nor emulated. `base` is the index of one of them. Close in every
 * case. */
void device_ratios_open(struct device_ratios *ratios, const struct report *report, size_t base);
void device_ratios_close(struct device_ratios *ratios);

#endif
