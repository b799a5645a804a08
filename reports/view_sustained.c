#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/sustained.h"
#include "reports/units.h"
#include "reports/view.h"

enum { BARS_MAX = 60 };

/* One bar per minute, full at the fastest; minutes that do not fit share a bar. */
static void spark(char *out, size_t size, const struct series *series)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    size_t count = series->count < BARS_MAX ? series->count : BARS_MAX, used = 0;
    double largest = 0;

    for (size_t i = 0; i < series->count; i++)
        largest = fmax(largest, series->values[i]);
    out[0] = '\0';
    for (size_t i = 0; i < count && largest > 0 && used + 4 < size; i++) {
        double share = series->values[i * series->count / count] / largest;
        int level = (int)ceil(share * 8) - 1;
        used += (size_t)snprintf(out + used, size - used, "%s", bars[level < 0 ? 0 : level > 7 ? 7 : level]);
    }
}

bool view_sustained_line(const struct record *record, size_t index, struct view_line *line)
{
    static const char *const verdicts[] = {"thermal.verdict", NULL}, *const evidence[] = {"thermal.evidence", NULL};

    for (size_t i = 0; i < record->cell_count; i++) {
        const struct cell *cell = &record->cells[i];
        const struct series *series = series_find(cell, SUSTAINED_SERIES);
        const struct figure *ratio = &cell->figures[FIELD_sustained_ratio];
        char bars[4 * BARS_MAX + 4], first[24], last[24] = "", held[64] = "", verdict[64], why[400];
        if (!series || !series->count || index--)
            continue;
        spark(bars, sizeof bars, series);
        if (ratio->present && isfinite(ratio->value))
            snprintf(held, sizeof held, ", last fifth %.1f %% of the first", 100 * ratio->value);
        view_fact(verdict, sizeof verdict, &cell->observations, verdicts);
        view_fact(why, sizeof why, &cell->observations, evidence);
        snprintf(line->label, sizeof line->label, "%.90s", cell->title);
        units_format(first, sizeof first, "tokens_per_second", series->values[0]);
        if (series->count > 1)
            units_format(last, sizeof last, "tokens_per_second", series->values[series->count - 1]);
        snprintf(line->text, sizeof line->text, "%s  %s%s%s by the minute%s; heat: %s%s%s", bars, first,
                 *last ? " to " : "", last, held, *verdict ? verdict : "not judged", *why ? ": " : "", why);
        return true;
    }
    return false;
}
