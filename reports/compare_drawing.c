/* Ratios as drawings in characters: each row's interval around 1, on one scale for all rows. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/compare_view.h"

enum { SIDE = 11, CELLS = 2 * SIDE + 1 }; /* the rule at 1 stands in the middle */

static double distance(double ratio)
{
    return ratio > 0 && isfinite(ratio) ? fabs(log(ratio)) : 0;
}

/* How far the scale reaches to either side, as a factor: a round number that all intervals lie within. */
static double scale_reach(const struct comparison *comparison)
{
    static const double steps[] = {1.02, 1.05, 1.1, 1.2, 1.5, 2, 3, 5};
    double reach = 0, decade = 10;

    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct interval *ratio = &comparison->rows[i].ratio;
        reach = fmax(reach, fmax(distance(ratio->value), fmax(distance(ratio->low), distance(ratio->high))));
    }
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (reach <= log(steps[i]))
            return steps[i];
    while (reach > log(decade))
        decade *= 10;
    return decade;
}

void compare_view_scale(char *out, size_t size, const struct comparison *comparison)
{
    double reach = scale_reach(comparison);
    char left[32], right[32];

    snprintf(left, sizeof left, "%.3g", 1 / reach);
    snprintf(right, sizeof right, "%.3g", reach);
    snprintf(out, size, "%s%*s%*s", left, SIDE + 1 - (int)strlen(left), "1", SIDE, right);
}

static size_t cell_of(double ratio, double reach)
{
    return (size_t)lround(SIDE * (1 + fmax(-1, fmin(1, log(ratio) / log(reach)))));
}

void compare_view_drawing(char *out, size_t size, const struct comparison *comparison, const struct comparison_row *row)
{
    double reach = scale_reach(comparison);
    bool known = isfinite(row->ratio.value) && row->ratio.value > 0;
    bool bounded = known && isfinite(row->ratio.high) && row->ratio.low > 0;
    size_t point = known ? cell_of(row->ratio.value, reach) : CELLS;
    size_t low = bounded ? cell_of(row->ratio.low, reach) : point;
    size_t high = bounded ? cell_of(row->ratio.high, reach) : point;

    *out = '\0';
    for (size_t i = 0; i < CELLS && strlen(out) + sizeof "●" <= size; i++) {
        bool within = known && i >= low && i <= high;
        strcat(out, i == point ? "●" : i == SIDE ? within ? "┼" : "│" : within ? "─" : " ");
    }
}
