/* One device's part of the list of what fits, its models and formats. For section_fit.c and fit_chart.c. */
#ifndef POCKETMARK_REPORTS_PAGE_FIT_PART_H
#define POCKETMARK_REPORTS_PAGE_FIT_PART_H

#include "reports/page/fit_list.h"

enum { FIT_FORMATS_MAX = 8 };

struct fit_part {
    const struct report *report;
    size_t device;
    const struct fit_case *items; /* of the list; cases of one model stand together */
    size_t count;
    uint64_t formats[FIT_FORMATS_MAX]; /* traits, in the order they turn up */
    char format_names[FIT_FORMATS_MAX][64];
    size_t format_count;
    bool predicted, measured; /* is any case? */
};

void fit_part_open(struct fit_part *part, const struct report *report, const struct fit_list *list, size_t device);

/* The cases of the model at `index` are [index, the result). */
size_t fit_part_model_end(const struct fit_part *part, size_t index);

/* The case in the format of that number among [first, end); NULL: none. */
const struct fit_case *fit_part_in_format(const struct fit_part *part, size_t first, size_t end, size_t format);

#endif
