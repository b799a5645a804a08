/* Names of cases: ids for programs, titles for people. */
#ifndef POCKETMARK_RUNNER_PLAN_NAME_H
#define POCKETMARK_RUNNER_PLAN_NAME_H

#include "runner/plan.h"

/* Sets id and title from what the case is. */
void plan_name_case(struct plan_case *item, bool many_engines);

/* Two files of the same name get numbers, so that ids stay unique in the plan, which may hold the case itself. */
void plan_make_unique(const struct plan *plan, struct plan_case *item);

#endif
