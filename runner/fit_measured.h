/* What was measured before on this device of what `fit` predicts: it takes the place of predictions and tells how good they are. */
#ifndef POCKETMARK_RUNNER_FIT_MEASURED_H
#define POCKETMARK_RUNNER_FIT_MEASURED_H

#include "reports/record.h"
#include "runner/fit_figures.h"

struct fit_measured {
    struct record *records; /* owned */
    size_t count, capacity;
};

/* Reads the results of those paths, or where there is none the ones in results/, of which those that cannot be read are told and
 * left out. STATUS_IO, STATUS_FORMAT, STATUS_MEMORY. Close in every case. */
enum status fit_measured_open(struct fit_measured *measured, const char *const *paths, size_t count,
                              struct progress *progress, struct error *error);
void fit_measured_close(struct fit_measured *measured);

/* The newest cell of a prediction's model, format and cache type that this device ran natively, on `threads` threads of the engine cpu,
 * with an empty cache and a prompt of at least 128 tokens: rates hardly depend on the rest. NULL: none. `from` (may be NULL) gets
 * its record. */
const struct cell *fit_measured_find(const struct fit_measured *measured, const struct cell *prediction,
                                     const char *device_id, size_t threads, const struct record **from);

/* How far the costs are from what was measured, over all predictions. NaN: nothing to judge by. */
struct fit_errors {
    size_t cases;
    double median_ratio[PREDICT_PHASES], most_ratio[PREDICT_PHASES]; /* of |predicted ÷ measured − 1| */
};

/* Tells it in observations "measured." of the predictions (predicted[i] is that of the plan's case i), with the same tokens as were
 * measured, and over all of them in the environment, "fit.measured.". */
struct fit_errors fit_measured_tell(const struct fit_measured *measured, struct record *record,
                                    const struct fit_basis *basis, size_t threads);

#endif
