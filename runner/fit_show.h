/* What `fit` found, as a table for a terminal. */
#ifndef POCKETMARK_RUNNER_FIT_SHOW_H
#define POCKETMARK_RUNNER_FIT_SHOW_H

#include <stdio.h>

#include "reports/writer.h"
#include "runner/fit_measured.h"

struct fit_shown {
    const struct record *record;
    const struct fit_measured *measured;
    struct fit_errors errors;
    size_t threads, probe_count;
    double price_per_kwh, cloud_price; /* per kWh and per million tokens; NaN: not stated */
};

/* One row for each prediction, what was measured in place of what was predicted, and what it all stands on. STATUS_MEMORY, STATUS_IO. */
enum status fit_show(const struct fit_shown *shown, const struct writer_style *style, FILE *out, struct error *error);

#endif
