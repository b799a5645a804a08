/* Names of figures on the command line. */
#ifndef POCKETMARK_RUNNER_METRICS_H
#define POCKETMARK_RUNNER_METRICS_H

#include "reports/record.h"
#include "runner/options.h"

/* The field of that name. STATUS_MISUSE names the option and suggests the nearest name. */
enum status metrics_find(const char *name, enum option_id option, enum field *field, struct error *error);

/* The values of an option, in their order; *count 0 where it was not given. */
enum status metrics_list(const struct options *options, enum option_id option, enum field fields[FIELD_COUNT],
                         size_t *count, struct error *error);

/* Values "METRIC=PERCENT" as ratios by field; fields that are not named are left alone. */
enum status metrics_ratios(const struct options *options, enum option_id option, double ratios[FIELD_COUNT],
                           struct error *error);

#endif
