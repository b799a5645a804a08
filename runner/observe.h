/* What launches observe beside figures, gathered in their cell. */
#ifndef POCKETMARK_RUNNER_OBSERVE_H
#define POCKETMARK_RUNNER_OBSERVE_H

#include "reports/record.h"

/* Adds what one launch told to what `launches` launches before it told: a number becomes the mean over launches, anything else the
 * last one's. */
void observe_fact(struct facts *observations, const struct fact *told, size_t launches);

/* Appends a launch's series to those of its cell. False: out of memory. */
bool observe_series(struct cell *cell, const struct cell *told);

#endif
