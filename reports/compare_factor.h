/* In what two results differ as a whole: device and build; and which origins may be compared. For compare*.c. */
#ifndef POCKETMARK_REPORTS_COMPARE_FACTOR_H
#define POCKETMARK_REPORTS_COMPARE_FACTOR_H

#include <stdbool.h>

#include "reports/compare.h"
#include "reports/facts.h"

/* Factors that differ, told in words: each adds to the pair's name and values. */
bool factor_device(const struct record *base, const struct record *candidate, char base_value[COMPARE_TEXT_MAX],
                   char candidate_value[COMPARE_TEXT_MAX]);
bool factor_build(const struct record *base, const struct record *candidate, char base_value[COMPARE_TEXT_MAX],
                  char candidate_value[COMPARE_TEXT_MAX]);

/* The factor that a trait of cells is. */
enum factor factor_of_trait(const char *trait);

/* One difference more in the words of a pair; the first one is its factor. */
void factor_tell(struct comparison_pair *pair, enum factor factor, const char *name, const char *base_value,
                 const char *candidate_value);

/* The text of a fact, "" where it is missing, null or no text. */
const char *factor_text(const struct facts *facts, const char *path);

#endif
