#include "reports/thermal_verdict.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/statistics.h"
#include "reports/sustained.h"
#include "reports/units.h"

#define FALL_RATIO     0.95 /* a clock below this share of what it was has fallen */
#define NEAR_CELSIUS   3.0
#define SPAN_LEAST     60.0 /* seconds */
#define MINUTE_SECONDS 60.0

enum { PARTS = 5, FALLEN_IN_A_ROW = 5 };

/* Begin and end of a series: medians of its first and its last fifth. */
struct course {
    const struct series *series; /* NULL: none, or fewer than two samples */
    double first, last, largest, sum;
};

struct evidence {
    struct course temperature, clock, throttle, brake, speed;
    double begin_seconds, end_seconds, limit_celsius, limit_watts;
};

static struct course course_of(const struct cell *cell, const char *name)
{
    struct course course = {series_find(cell, name), NAN, NAN, NAN, 0};
    size_t count = course.series ? course.series->count : 0, part = (count + PARTS - 1) / PARTS;

    if (count < 2) {
        course.series = NULL;
        return course;
    }
    course.first = statistics_quantile(course.series->values, part, 0.5);
    course.last = statistics_quantile(course.series->values + count - part, part, 0.5);
    for (size_t i = 0; i < count; i++) {
        course.largest = fmax(course.largest, course.series->values[i]);
        course.sum += course.series->values[i];
    }
    return course;
}

static void collect(const struct cell *cell, struct evidence *evidence)
{
    const struct course *courses[] = {&evidence->temperature, &evidence->clock, &evidence->throttle, &evidence->brake};

    evidence->temperature = course_of(cell, "cpu_temperature_celsius");
    evidence->clock = course_of(cell, "clock_performance_hertz");
    evidence->throttle = course_of(cell, "thermal_throttle_count");
    evidence->brake = course_of(cell, "thermal_brake_ratio");
    evidence->speed = course_of(cell, SUSTAINED_SERIES);
    evidence->limit_celsius = facts_get_number(&cell->observations, "thermal.limit_celsius");
    evidence->limit_watts = facts_get_number(&cell->observations, "power.limit_watts");
    evidence->begin_seconds = INFINITY;
    evidence->end_seconds = -INFINITY;
    for (size_t i = 0; i < sizeof courses / sizeof *courses; i++) {
        const struct series *series = courses[i]->series;
        if (!series)
            continue;
        evidence->begin_seconds = fmin(evidence->begin_seconds, series->offsets_seconds[0]);
        evidence->end_seconds = fmax(evidence->end_seconds, series->offsets_seconds[series->count - 1]);
    }
}

/* When the series first was above nothing; infinity: never. */
static double first_event(const struct course *course)
{
    for (size_t i = 0; course->series && i < course->series->count; i++)
        if (course->series->values[i] > 0)
            return course->series->offsets_seconds[i];
    return INFINITY;
}

/* When the clock fell for good measure: several samples in a row. */
static double first_fall(const struct course *clock)
{
    size_t row = 0;

    for (size_t i = 0; clock->series && i < clock->series->count; i++) {
        row = clock->series->values[i] < FALL_RATIO * clock->first ? row + 1 : 0;
        if (row == FALLEN_IN_A_ROW)
            return clock->series->offsets_seconds[i + 1 - row];
    }
    return clock->series ? clock->series->offsets_seconds[clock->series->count - 1] : INFINITY;
}

__attribute__((format(printf, 2, 3))) static void append(struct thermal_verdict *verdict, const char *format, ...)
{
    size_t used = strlen(verdict->evidence);
    va_list arguments;

    if (used)
        used += (size_t)snprintf(verdict->evidence + used, sizeof verdict->evidence - used, ", ");
    if (used >= sizeof verdict->evidence)
        return;
    va_start(arguments, format);
    vsnprintf(verdict->evidence + used, sizeof verdict->evidence - used, format, arguments);
    va_end(arguments);
}

static void describe(const struct evidence *evidence, struct thermal_verdict *verdict)
{
    char first[24], last[24];

    if (evidence->speed.series)
        append(verdict, "speed at the end %.1f %% of that at the begin",
               100 * evidence->speed.last / evidence->speed.first);
    if (evidence->clock.series)
        append(verdict, "clock %s, then %s", units_format(first, sizeof first, "hertz", evidence->clock.first),
               units_format(last, sizeof last, "hertz", evidence->clock.last));
    if (evidence->temperature.series)
        append(verdict, "%.0f °C, then %.0f °C, at most %.0f °C", evidence->temperature.first,
               evidence->temperature.last, evidence->temperature.largest);
    if (isfinite(evidence->limit_celsius))
        append(verdict, "limit %.0f °C", evidence->limit_celsius);
    if (evidence->throttle.series)
        append(verdict, "%.0f throttle events", evidence->throttle.sum);
    if (evidence->brake.series)
        append(verdict, "braked by at most %.0f %%", 100 * evidence->brake.largest);
    if (isfinite(evidence->limit_watts))
        append(verdict, "long-term power limit %.0f W", evidence->limit_watts);
}

static void set_state(struct thermal_verdict *verdict, enum thermal_state state, const char *text)
{
    verdict->state = state;
    snprintf(verdict->text, sizeof verdict->text, "%s", text);
}

static void set_throttled(struct thermal_verdict *verdict, const struct evidence *evidence, double at_seconds)
{
    verdict->state = THERMAL_THROTTLED;
    verdict->at_seconds = at_seconds;
    verdict->minute = (unsigned)((at_seconds - evidence->begin_seconds) / MINUTE_SECONDS) + 1;
    snprintf(verdict->text, sizeof verdict->text, "throttled at minute %u", verdict->minute);
}

void thermal_judge(const struct cell *cell, struct thermal_verdict *verdict)
{
    struct evidence evidence;
    double event;
    bool hot, cool, uncounted, fell;

    *verdict = (struct thermal_verdict){.text = "unknown", .at_seconds = NAN};
    collect(cell, &evidence);
    describe(&evidence, verdict);
    if (evidence.end_seconds < evidence.begin_seconds) {
        append(verdict,
               "no sensors: neither a temperature, nor a clock, nor a throttle counter of the processor can be "
               "read here");
        return;
    }
    event = fmin(first_event(&evidence.throttle), first_event(&evidence.brake));
    hot = evidence.temperature.largest >= evidence.limit_celsius - NEAR_CELSIUS;
    cool = evidence.temperature.largest < evidence.limit_celsius - NEAR_CELSIUS;
    uncounted = evidence.throttle.series && !(evidence.throttle.sum > 0);
    fell = evidence.clock.last < FALL_RATIO * evidence.clock.first;
    if (isfinite(event))
        set_throttled(verdict, &evidence, event);
    else if (evidence.end_seconds - evidence.begin_seconds < SPAN_LEAST)
        append(verdict, "watched for %.0f s only: a verdict needs a minute",
               evidence.end_seconds - evidence.begin_seconds);
    else if (fell && hot)
        set_throttled(verdict, &evidence, first_fall(&evidence.clock));
    else if (fell && (uncounted || cool))
        set_state(verdict, THERMAL_POWER_LIMITED, "power-limited");
    else if (fell)
        append(verdict, "the clock fell, but nothing tells why");
    else if (evidence.clock.series || uncounted || cool)
        set_state(verdict, THERMAL_STEADY, "steady");
    else
        append(verdict, "neither clock nor throttle counter nor a limit of the temperature can be read here");
}

void thermal_verdict_tell(struct cell *cell, bool always)
{
    struct thermal_verdict verdict;

    thermal_judge(cell, &verdict);
    if (verdict.state == THERMAL_UNKNOWN && !always)
        return;
    facts_text(&cell->observations, "thermal.verdict", NULL, verdict.text);
    facts_text(&cell->observations, "thermal.evidence", NULL, verdict.evidence);
}
