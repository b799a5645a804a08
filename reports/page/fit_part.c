#include "reports/page/fit_part.h"

void fit_part_open(struct fit_part *part, const struct report *report, const struct fit_list *list, size_t device)
{
    size_t first = 0, end;

    while (first < list->count && list->items[first].device != device)
        first++;
    for (end = first; end < list->count && list->items[end].device == device;)
        end++;
    *part = (struct fit_part){.report = report, .device = device, .items = list->items + first, .count = end - first};
    for (size_t i = 0; i < part->count; i++) {
        size_t k = 0;
        part->predicted |= part->items[i].prediction != NULL;
        part->measured |= part->items[i].measured != NULL;
        while (k < part->format_count && part->formats[k] != part->items[i].format)
            k++;
        if (k < part->format_count || k == FIT_FORMATS_MAX)
            continue;
        part->formats[k] = part->items[i].format;
        report_format(part->format_names[k], sizeof part->format_names[k], fit_case_cell(&part->items[i]));
        part->format_count++;
    }
}

size_t fit_part_model_end(const struct fit_part *part, size_t index)
{
    size_t end = index;

    while (end < part->count && part->items[end].model == part->items[index].model)
        end++;
    return end;
}

const struct fit_case *fit_part_in_format(const struct fit_part *part, size_t first, size_t end, size_t format)
{
    for (size_t i = first; i < end; i++)
        if (part->items[i].format == part->formats[format])
            return &part->items[i];
    return NULL;
}
