#include "reports/flags.h"

#include <math.h>
#include <stdlib.h>

#include "reports/statistics.h"

#define SWITCHES_LEAST  20.0
#define SWITCHES_FACTOR 3.0

static double median_of(const double *values, size_t count)
{
    return count ? statistics_quantile(values, count, 0.5) : NAN;
}

/* More than that many switches are flagged; `room` holds one number per repetition. Infinity where none are known. */
static double switches_limit(const struct cell *cell, double *room)
{
    size_t count = 0;

    for (size_t i = 0; i < cell->repetition_count; i++)
        if (cell->repetitions[i].phase == PHASE_MEASURED &&
            isfinite(cell->repetitions[i].noise[NOISE_involuntary_switches_count]))
            room[count++] = cell->repetitions[i].noise[NOISE_involuntary_switches_count];
    return count ? fmax(SWITCHES_LEAST, SWITCHES_FACTOR * median_of(room, count)) : INFINITY;
}

static unsigned noise_flags(const struct repetition *repetition, double switches)
{
    unsigned flags = 0;

    for (int kind = 0; kind < NOISE_COUNT; kind++) {
        double limit = kind == NOISE_involuntary_switches_count ? switches : noise_info((enum noise_kind)kind)->limit;
        if (repetition->noise[kind] > limit) /* not where either is NaN */
            flags |= 1u << kind;
    }
    return flags;
}

/* Flags the repetitions of a launch, which stand together, by the canary that one of them tells. Returns the first of the next. */
static size_t flag_launch(struct cell *cell, size_t first, double canary)
{
    double own = NAN;
    size_t next = first;

    for (; next < cell->repetition_count && cell->repetitions[next].launch == cell->repetitions[first].launch; next++)
        if (isfinite(cell->repetitions[next].values[FIELD_canary_read_bytes_per_second]))
            own = cell->repetitions[next].values[FIELD_canary_read_bytes_per_second];
    if (fabs(own / canary - 1) > FLAGS_CANARY_RATIO)
        for (size_t i = first; i < next; i++)
            cell->repetitions[i].flags |= 1u << FLAG_CANARY;
    return next;
}

static double tell_canaries(struct facts *environment, const double *canaries, size_t count)
{
    double median = median_of(canaries, count), least = INFINITY, largest = -INFINITY;

    for (size_t i = 0; i < count; i++) {
        least = fmin(least, canaries[i]);
        largest = fmax(largest, canaries[i]);
    }
    if (!count)
        return NAN;
    facts_number(environment, "canary.median_bytes_per_second", NULL, median);
    facts_number(environment, "canary.least_bytes_per_second", NULL, least);
    facts_number(environment, "canary.largest_bytes_per_second", NULL, largest);
    return median;
}

void flags_set(struct record *record)
{
    size_t most = 1, count = 0;
    double *room, canary;

    for (size_t i = 0; i < record->cell_count; i++)
        most += record->cells[i].repetition_count;
    room = malloc(most * sizeof *room);
    if (!room)
        return;
    for (size_t i = 0; i < record->cell_count; i++)
        for (size_t k = 0; k < record->cells[i].repetition_count; k++)
            if (isfinite(record->cells[i].repetitions[k].values[FIELD_canary_read_bytes_per_second]))
                room[count++] = record->cells[i].repetitions[k].values[FIELD_canary_read_bytes_per_second];
    canary = tell_canaries(&record->environment, room, count);
    for (size_t i = 0; i < record->cell_count; i++) {
        struct cell *cell = &record->cells[i];
        double switches = switches_limit(cell, room);
        for (size_t k = 0; k < cell->repetition_count; k++)
            cell->repetitions[k].flags = noise_flags(&cell->repetitions[k], switches);
        for (size_t k = 0; k < cell->repetition_count;)
            k = flag_launch(cell, k, canary);
    }
    free(room);
}

size_t flags_count(const struct record *record, unsigned flag)
{
    unsigned mask = flag == FLAG_COUNT ? ~0u : 1u << flag;
    size_t count = 0;

    for (size_t i = 0; i < record->cell_count; i++)
        for (size_t k = 0; k < record->cells[i].repetition_count; k++)
            count +=
                record->cells[i].repetitions[k].phase == PHASE_MEASURED && record->cells[i].repetitions[k].flags & mask;
    return count;
}
