/* Speed against how much is in the cache already. For section_speed.c. */
#ifndef POCKETMARK_REPORTS_PAGE_DEPTH_H
#define POCKETMARK_REPORTS_PAGE_DEPTH_H

#include "reports/page/cases.h"

/* A chart of tokens per second over depth where cases differ in nothing else, at two depths or more; nothing where none do. */
void depth_build(struct page *page, const struct cases *cases, enum origin origin);

#endif
