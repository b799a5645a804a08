#include "reports/page/stretch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/statistics.h"
#include "reports/sustained.h"
#include "reports/units.h"

enum { REPETITIONS_LEAST = 5, WINDOW_LEAST = 5, WINDOW_PART = 20, MEDIANS_MAX = 400 };

static const double least_seconds = 60;

/* ---- when --------------------------------------------------------------------------------------------------------------- */

/* The launch whose repetitions begin at index `first`: when it began and ended. Returns the first index of the next. The last
 * repetition is taken to be as long as the longest before it. */
static size_t launch_span(const struct cell *cell, size_t first, double *begin, double *end, size_t *measured)
{
    const struct repetition *repetitions = cell->repetitions;
    double longest = 0;
    size_t i = first;

    *measured = 0;
    for (; i < cell->repetition_count && repetitions[i].launch == repetitions[first].launch; i++) {
        *measured += repetitions[i].phase == PHASE_MEASURED;
        if (i > first)
            longest = fmax(longest, repetitions[i].start_offset_seconds - repetitions[i - 1].start_offset_seconds);
    }
    *begin = repetitions[first].start_offset_seconds;
    *end = repetitions[i - 1].start_offset_seconds + longest;
    return i;
}

static bool is_drawn(const char *unit)
{
    return strcmp(unit, "celsius") == 0 || strcmp(unit, "hertz") == 0 || strcmp(unit, "watts") == 0;
}

static bool wanted(const struct series *series)
{
    return series->count && (is_drawn(units_of_name(series->name)) || strcmp(series->name, SUSTAINED_SERIES) == 0);
}

static void find_longest_launch(struct stretch *stretch, const struct cell *cell)
{
    size_t launches = 0;

    for (size_t i = 0; i < cell->repetition_count; launches++) {
        double begin, end;
        size_t measured;
        i = launch_span(cell, i, &begin, &end, &measured);
        if (measured >= REPETITIONS_LEAST && end - begin > stretch->end_seconds - stretch->begin_seconds) {
            stretch->begin_seconds = begin;
            stretch->end_seconds = end;
        }
    }
    stretch->part = launches > 1;
}

/* From the first to the last of all that was seen. */
static void find_all(struct stretch *stretch, const struct cell *cell)
{
    double begin = INFINITY, end = -INFINITY, ignored;
    size_t measured;

    for (size_t i = 0; i < cell->repetition_count;) {
        double last;
        size_t next = launch_span(cell, i, &ignored, &last, &measured);
        begin = fmin(begin, ignored);
        end = fmax(end, last);
        i = next;
    }
    for (size_t i = 0; i < cell->series_count; i++) {
        if (!wanted(&cell->series[i]))
            continue;
        begin = fmin(begin, cell->series[i].offsets_seconds[0]);
        end = fmax(end, cell->series[i].offsets_seconds[cell->series[i].count - 1]);
    }
    if (end > begin) {
        stretch->begin_seconds = begin;
        stretch->end_seconds = end;
    }
}

/* ---- what --------------------------------------------------------------------------------------------------------------- */

static bool course_reserve(struct course *course, size_t room)
{
    course->minutes = malloc((room + 1) * sizeof *course->minutes);
    course->values = malloc((room + 1) * sizeof *course->values);
    return course->minutes && course->values;
}

static void course_add(const struct stretch *stretch, struct course *course, double seconds, double value)
{
    if (!isfinite(value) || seconds < stretch->begin_seconds || seconds > stretch->end_seconds)
        return;
    course->minutes[course->count] = (seconds - stretch->begin_seconds) / 60;
    course->values[course->count++] = value;
}

static bool add_series(struct stretch *stretch, const struct series *series)
{
    struct course *course = &stretch->courses[stretch->count++];

    if (!course_reserve(course, series->count))
        return false;
    for (size_t i = 0; i < series->count; i++)
        course_add(stretch, course, series->offsets_seconds[i], series->values[i]);
    return true;
}

static bool add_repetitions(struct stretch *stretch, const struct cell *cell, enum field field)
{
    struct course *course = &stretch->courses[stretch->count++];

    if (!course_reserve(course, cell->repetition_count))
        return false;
    for (size_t i = 0; i < cell->repetition_count; i++)
        if (cell->repetitions[i].phase == PHASE_MEASURED)
            course_add(stretch, course, cell->repetitions[i].start_offset_seconds, cell->repetitions[i].values[field]);
    return true;
}

/* "clock_performance_hertz" is "performance", "cpu_temperature_celsius" "cpu temperature". */
static void name_course(struct course *course, const char *series)
{
    static const char clock[] = "clock_";
    const char *start = strncmp(series, clock, sizeof clock - 1) == 0 ? series + sizeof clock - 1 : series;
    size_t length = strlen(start), unit = strlen(units_of_name(series)) + 1;

    snprintf(course->name, sizeof course->name, "%.*s", (int)(length > unit ? length - unit : length), start);
    for (char *at = course->name; (at = strchr(at, '_'));)
        *at = ' ';
    course->unit = units_of_name(series);
}

/* A course without samples makes room for the next. */
static void drop_empty(struct stretch *stretch)
{
    struct course *last = &stretch->courses[stretch->count - 1];

    if (last->count)
        return;
    free(last->minutes);
    free(last->values);
    *last = (struct course){0};
    stretch->count--;
}

static bool take_speed(struct stretch *stretch, const struct cell *cell)
{
    const struct series *series = series_find(cell, SUSTAINED_SERIES);
    size_t measured = 0;
    bool good;

    for (size_t i = 0; i < cell->repetition_count; i++)
        measured += cell->repetitions[i].phase == PHASE_MEASURED;
    good = series && series->count > measured ? add_series(stretch, series)
                                              : add_repetitions(stretch, cell, FIELD_decode_tokens_per_second);
    snprintf(stretch->courses[0].name, sizeof stretch->courses[0].name, "decode");
    stretch->courses[0].unit = "tokens_per_second";
    return good;
}

static bool take_sensors(struct stretch *stretch, const struct cell *cell)
{
    bool good = true;

    for (size_t i = 0; i < cell->series_count && stretch->count < STRETCH_COURSES_MAX - 1 && good; i++) {
        const struct series *series = &cell->series[i];
        if (!series->count || !is_drawn(units_of_name(series->name)))
            continue;
        good = add_series(stretch, series);
        name_course(&stretch->courses[stretch->count - 1], series->name);
        drop_empty(stretch);
    }
    if (!good || !add_repetitions(stretch, cell, FIELD_average_power_watts))
        return false;
    snprintf(stretch->courses[stretch->count - 1].name, sizeof stretch->courses[0].name, "mean of a repetition");
    stretch->courses[stretch->count - 1].unit = "watts";
    drop_empty(stretch);
    return true;
}

static bool take_median(struct stretch *stretch)
{
    const struct course *speed = &stretch->courses[0];
    struct course *median = &stretch->median;
    size_t half = (speed->count / WINDOW_PART > WINDOW_LEAST ? speed->count / WINDOW_PART : WINDOW_LEAST) / 2;
    size_t stride = speed->count / MEDIANS_MAX + 1;

    if (!course_reserve(median, speed->count))
        return false;
    for (size_t i = 0; i < speed->count && speed->count >= WINDOW_LEAST; i += stride) {
        size_t first = i > half ? i - half : 0, end = i + half + 1 < speed->count ? i + half + 1 : speed->count;
        median->minutes[median->count] = speed->minutes[i];
        median->values[median->count++] = statistics_quantile(speed->values + first, end - first, 0.5);
    }
    return true;
}

bool stretch_open(struct stretch *stretch, const struct cell *cell, bool sustained, bool *failed)
{
    *stretch = (struct stretch){0};
    if (sustained)
        find_all(stretch, cell);
    else
        find_longest_launch(stretch, cell);
    if (!isfinite(stretch->end_seconds - stretch->begin_seconds) || !(stretch->end_seconds > stretch->begin_seconds) ||
        (!sustained && stretch->end_seconds - stretch->begin_seconds < least_seconds))
        return false;
    if (!take_speed(stretch, cell) || !take_sensors(stretch, cell) || !take_median(stretch)) {
        *failed = true;
        return false;
    }
    return stretch->courses[0].count > 1;
}

void stretch_close(struct stretch *stretch)
{
    for (size_t i = 0; i < STRETCH_COURSES_MAX; i++) {
        free(stretch->courses[i].minutes);
        free(stretch->courses[i].values);
    }
    free(stretch->median.minutes);
    free(stretch->median.values);
    *stretch = (struct stretch){0};
}

/* The samples of that time: the first one, and how many. */
static size_t samples_between(const struct course *course, double from, double to, size_t *first)
{
    size_t end;

    for (*first = 0; *first < course->count && course->minutes[*first] < from;)
        ++*first;
    for (end = *first; end < course->count && course->minutes[end] < to;)
        end++;
    return end - *first;
}

double stretch_mean(const struct course *course, double from, double to)
{
    size_t first, count = samples_between(course, from, to, &first);
    double sum = 0;

    for (size_t i = first; i < first + count; i++)
        sum += course->values[i];
    return count ? sum / (double)count : NAN;
}

double stretch_median(const struct course *course, double from, double to)
{
    size_t first, count = samples_between(course, from, to, &first);

    return count ? statistics_quantile(course->values + first, count, 0.5) : NAN;
}
