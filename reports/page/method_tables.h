/* Tables of the section on method. */
#ifndef POCKETMARK_REPORTS_PAGE_METHOD_TABLES_H
#define POCKETMARK_REPORTS_PAGE_METHOD_TABLES_H

#include "reports/page/report.h"

/* Each model and format once, with the hashes that tell its shape or its file. */
void method_models(const struct report *report, struct page *page);

/* Every result: file, id, kind, time, program, hashes, and what it cost. */
void method_results(const struct report *report, struct page *page);

#endif
