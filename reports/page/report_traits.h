/* What tells cases apart: read once, then put into words. */
#ifndef POCKETMARK_REPORTS_PAGE_REPORT_TRAITS_H
#define POCKETMARK_REPORTS_PAGE_REPORT_TRAITS_H

#include "reports/page/report.h"

/* Fills cell->traits from its source and cell. */
void report_traits_read(struct report_cell *cell);

/* Set of bits 1 << trait: those in which not all of `cells` are alike. */
uint32_t report_traits_differing(const struct report_cell *cells, size_t count);

/* For each trait a cell of the value that more than half of `cells` have; NULL: no value is so usual. */
void report_traits_usual(const struct report_cell *usual[TRAIT_COUNT], const struct report_cell *cells, size_t count);

/* The words of the differing traits that a label names besides model and format: "depth 4096, 4 threads". Those that are as usual
 * are left out; usual may be NULL: none is. */
void report_traits_words(char *out, size_t size, const struct report_cell *cells, size_t count, uint32_t differing,
                         const struct report_cell *const *usual, const struct report_cell *cell);

/* The words of what is usual: "prompt 128 tokens, 2 threads". */
void report_traits_usual_words(char *out, size_t size, const struct report_cell *cells, size_t count,
                               const struct report_cell *const *usual);

/* What a case is named by: its matrix, else its model. */
void report_traits_name(char *out, size_t size, const struct report_cell *cell);

#endif
