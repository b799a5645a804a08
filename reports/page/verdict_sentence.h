/* The sentence that answers "what can this device do?", and its words. For section_summary.c. */
#ifndef POCKETMARK_REPORTS_PAGE_VERDICT_SENTENCE_H
#define POCKETMARK_REPORTS_PAGE_VERDICT_SENTENCE_H

#include "reports/page/report.h"

/* The case a device is introduced by: with an empty cache, where there is one, the fastest. NULL: none has a speed. */
const struct report_cell *verdict_headline(const struct report *report, size_t device);

/* Adds the sentence as the section's lead: of one device, or a ranking of several in a case that all of them ran. False: there is
 * nothing to say of any speed, measured or predicted, and nothing was added. */
bool verdict_tell(const struct report *report, struct page *page);

/* "llama-3.2-1b in q4_0"; "47.4 tokens/s (±1.4)"; "about nine times as fast as people read silently". */
void verdict_case(char *out, size_t size, const struct report_cell *cell);
void verdict_speed(char *out, size_t size, const struct figure *decode);
void verdict_reading(char *out, size_t size, double tokens_per_second);

/* Appends to a text; what does not fit is cut. */
void verdict_append(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
