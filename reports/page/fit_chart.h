/* Bars of decode by model. For section_fit.c. */
#ifndef POCKETMARK_REPORTS_PAGE_FIT_CHART_H
#define POCKETMARK_REPORTS_PAGE_FIT_CHART_H

#include "reports/page/fit_part.h"

/* One more panel: a row a model that has a speed, in each format measured or predicted, and a rule at the speed of reading. Of more
 * models than there are rows for, those that were measured first, of the others some from the smallest to the largest in equal
 * steps; returns how many are left out. Nothing where one model was measured alone. */
size_t fit_chart_draw(struct chart *chart, const struct fit_part *part);

#endif
