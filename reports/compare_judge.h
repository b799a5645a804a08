/* One cell and field, base against candidate: the numbers, and what they allow to be said. For compare*.c. */
#ifndef POCKETMARK_REPORTS_COMPARE_JUDGE_H
#define POCKETMARK_REPORTS_COMPARE_JUDGE_H

#include "reports/compare.h"

/* Fills ratio, p, launches, delta and what could have been seen, and the reason where that cannot be had. `delta_ratio` is the
 * user's, or NaN. STATUS_MEMORY. */
enum status judge_measure(struct comparison_row *row, const struct comparison_pair *pair, double delta_ratio,
                          struct error *error);

/* Did the machine or what else ran on it differ between the two? Writes how, or "". Beyond that, changes are not the work's. */
void judge_disturbance(char text[COMPARE_TEXT_MAX], const struct comparison_row *row,
                       const struct comparison_pair *pair);

/* The verdict, once p_holm is set; `tests` is the number of rows that were tested together. Keeps a reason that is there, which
 * makes the row inconclusive or not comparable. */
void judge_decide(struct comparison_row *row, size_t tests);

#endif
