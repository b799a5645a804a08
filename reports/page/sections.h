/* Builders of the sections of a report; see sections.inc. */
#ifndef POCKETMARK_REPORTS_PAGE_SECTIONS_H
#define POCKETMARK_REPORTS_PAGE_SECTIONS_H

#include "reports/page/report.h"

#define SECTION(id, title) void section_##id(const struct report *report, struct page *page);
#include "reports/page/sections.inc"
#undef SECTION

#endif
