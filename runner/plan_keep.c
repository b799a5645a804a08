/* Of a plan, only the cases that are asked for by name. */
#include <stdlib.h>
#include <string.h>

#include "runner/plan.h"
#include "workloads/nearest.h"

static bool is_wanted(const struct options *options, const char *id)
{
    for (size_t i = 0; i < options_count(options, OPTION_CELLS); i++)
        if (strcmp(options_text(options, OPTION_CELLS, i), id) == 0)
            return true;
    return false;
}

static enum status check_ids(const struct plan *plan, const struct options *options, struct error *error)
{
    const char **ids = calloc(plan->case_count ? plan->case_count : 1, sizeof *ids);
    enum status status = ids ? STATUS_OK : error_set(error, STATUS_MEMORY, "out of memory for the plan");

    for (size_t i = 0; i < plan->case_count && !status; i++)
        ids[i] = plan->cases[i].id;
    for (size_t i = 0; i < options_count(options, OPTION_CELLS) && !status; i++) {
        const char *id = options_text(options, OPTION_CELLS, i), *nearest;
        size_t k = 0;
        while (k < plan->case_count && strcmp(ids[k], id) != 0)
            k++;
        if (k < plan->case_count)
            continue;
        nearest = nearest_word(id, ids, plan->case_count);
        status = error_set(error, STATUS_MISUSE, "--cells: none of the %zu cases of this plan has the id '%s'%s%s%s",
                           plan->case_count, id, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                           nearest ? "'?" : "");
    }
    free(ids);
    return status;
}

enum status plan_keep(struct plan *plan, const struct options *options, struct error *error)
{
    size_t kept = 0;
    enum status status;

    if (!options_given(options, OPTION_CELLS))
        return STATUS_OK;
    status = check_ids(plan, options, error);
    if (status)
        return status;
    for (size_t i = 0; i < plan->case_count; i++)
        if (is_wanted(options, plan->cases[i].id))
            plan->cases[kept++] = plan->cases[i];
    plan->case_count = kept;
    return STATUS_OK;
}
