#include "reports/page/blocks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"
#include "reports/units.h"
#include "reports/view.h"

const char blocks_unknown[] = "–";

enum { REASONS_MAX = 12 };

void blocks_id(char id[BLOCKS_ID_MAX], const char *name, size_t index)
{
    if (index)
        snprintf(id, BLOCKS_ID_MAX, "%s-%zu", name, index + 1);
    else
        snprintf(id, BLOCKS_ID_MAX, "%s", name);
}

const struct report_cell *blocks_of_device(const struct report_cell *cells, size_t count, size_t device, size_t *found)
{
    size_t first = 0, end;

    while (first < count && cells[first].device != device)
        first++;
    for (end = first; end < count && cells[end].device == device;)
        end++;
    *found = end - first;
    return *found ? cells + first : NULL;
}

void blocks_quantity(struct grid *grid, const char *unit, double value)
{
    char text[64];

    grid_value(grid, value, "%s", units_format(text, sizeof text, unit, value));
}

void blocks_count(struct grid *grid, double count)
{
    if (isfinite(count))
        grid_value(grid, count, "%.0f", count);
    else
        grid_text(grid, "%s", blocks_unknown);
}

void blocks_figure(struct grid *grid, const struct report_cell *cell, enum field field)
{
    blocks_quantity(grid, field_unit(field), report_value(cell, field));
}

void blocks_figure_interval(struct grid *grid, const struct report_cell *cell, enum field field)
{
    char text[64];

    view_figure(text, sizeof text, &cell->cell->figures[field]);
    grid_value(grid, report_value(cell, field), "%s", text);
}

void blocks_percent_range(char *out, size_t size, double least_ratio, double most_ratio)
{
    char least[32], most[32];

    snprintf(least, sizeof least, "%.3g", 100 * least_ratio);
    snprintf(most, sizeof most, "%.3g", 100 * most_ratio);
    if (strcmp(least, most) == 0)
        snprintf(out, size, "%s %%", most);
    else
        snprintf(out, size, "%s to %s %%", least, most);
}

void blocks_share(struct grid *grid, double share)
{
    if (isfinite(share))
        grid_share(grid, fmax(0, fmin(share, 1)));
}

bool blocks_any(const struct report_cell *cells, size_t count, enum field field)
{
    for (size_t i = 0; i < count; i++)
        if (report_figure(&cells[i], field))
            return true;
    return false;
}

/* ---- reasons ------------------------------------------------------------------------------------------------------------ */

struct reason {
    const char *text;
    bool explains[FIELD_COUNT];
};

/* The entry of that reason; NULL where there is no room for another. */
static struct reason *reason_entry(struct reason *reasons, size_t *count, const char *text)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(reasons[i].text, text) == 0)
            return &reasons[i];
    if (*count == REASONS_MAX)
        return NULL;
    reasons[*count] = (struct reason){.text = text};
    return &reasons[(*count)++];
}

static void reason_tell(struct page *page, const struct reason *reason)
{
    char fields[1024] = "";
    size_t used = 0;

    for (int field = 0; field < FIELD_COUNT && used < sizeof fields; field++)
        if (reason->explains[field])
            used += (size_t)snprintf(fields + used, sizeof fields - used, "%s%s", used ? ", " : "",
                                     field_info((enum field)field)->name);
    page_text(page, BLOCK_NOTE, "Not had: %s (%s).", fields, reason->text);
}

void blocks_missing(struct page *page, const struct report_cell *cells, size_t count, const enum field *fields,
                    size_t field_count)
{
    struct reason reasons[REASONS_MAX];
    size_t used = 0;
    bool more = false;

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < field_count; k++) {
            const struct figure *figure = &cells[i].cell->figures[fields[k]];
            struct reason *reason;
            if (figure->present || !*figure->reason)
                continue;
            if ((reason = reason_entry(reasons, &used, figure->reason)))
                reason->explains[fields[k]] = true;
            else
                more = true;
        }
    for (size_t i = 0; i < used; i++)
        reason_tell(page, &reasons[i]);
    if (more)
        page_text(page, BLOCK_NOTE, "More reasons why figures are missing stand in the results.");
}
