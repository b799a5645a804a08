/* Charts of the section on energy. */
#ifndef POCKETMARK_REPORTS_PAGE_ENERGY_CHARTS_H
#define POCKETMARK_REPORTS_PAGE_ENERGY_CHARTS_H

#include "reports/page/cases.h"

/* Cells metered at the same scope, all native, all emulated or all imported. */
struct energy_group {
    struct cases cases;
    size_t index;
    char title[64]; /* scope and origin: "package, sensors emulated" */
};

/* Joules per token, gross and net. */
void energy_chart_tokens(const struct energy_group *group, struct page *page);

/* Speed against energy with the front of those that no other beats in both; from three cells that have both. */
void energy_chart_pareto(const struct energy_group *group, struct page *page);

#endif
