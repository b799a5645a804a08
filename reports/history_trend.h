/* Figures over time: a chart of each series in text, and where its level changed. */
#ifndef POCKETMARK_REPORTS_HISTORY_TREND_H
#define POCKETMARK_REPORTS_HISTORY_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "kernels/base.h"
#include "reports/history.h"
#include "reports/writer.h"

/* Prints every series of the filter; a series is one figure of one cell with one engine on one device. *series tells how many there
 * were. */
enum status history_trend_print(struct history *history, const struct history_filter *filter, FILE *out,
                                const struct writer_style *style, size_t *series, struct error *error);

/* The same as one JSON object: {"series": [{device_id, cell_id, metric, …, points: [], changes: []}]}. */
enum status history_trend_json(struct history *history, const struct history_filter *filter, FILE *out, size_t *series,
                               struct error *error);

/* CSV for Apache Otava, of one device: STATUS_MISUSE where the filter leaves several. *rows and *left_out: results that were
 * written, and those that lack a figure of the latest one. */
enum status history_otava(struct history *history, const struct history_filter *filter, FILE *out, size_t *rows,
                          size_t *left_out, struct error *error);

#endif
