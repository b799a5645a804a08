/* What a reader of a comparison should know beside the figures. For compare*.c. */
#ifndef POCKETMARK_REPORTS_COMPARE_NOTES_H
#define POCKETMARK_REPORTS_COMPARE_NOTES_H

#include "reports/compare.h"
#include "reports/compare_match.h"

/* A note that is there already is not added again. False: out of memory. */
bool notes_add(struct comparison *comparison, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Differences that are recorded but do not stand against a comparison: kernel, governor, tool version … */
bool notes_recorded(struct comparison *comparison, const struct comparison_pair *pair);

/* Cells of either side that have no partner. */
bool notes_unmatched(struct comparison *comparison, const struct comparison_pair *pair, const struct matches *matches);

/* What flags say of a record. */
bool notes_flags(struct comparison *comparison, const struct record *record, const char *name);

/* Launches of a row that drift or stand far apart. */
bool notes_launches(struct comparison *comparison, const struct comparison_row *row);

#endif
