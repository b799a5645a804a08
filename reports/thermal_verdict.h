/* Did heat or a limit of power hold the processor back? Judged by the series of a cell. */
#ifndef POCKETMARK_REPORTS_THERMAL_VERDICT_H
#define POCKETMARK_REPORTS_THERMAL_VERDICT_H

#include "reports/record.h"

enum thermal_state { THERMAL_UNKNOWN, THERMAL_STEADY, THERMAL_THROTTLED, THERMAL_POWER_LIMITED };

struct thermal_verdict {
    enum thermal_state state;
    unsigned minute;    /* THERMAL_THROTTLED: counted from 1 */
    double at_seconds;  /* THERMAL_THROTTLED: when it began, since the start of the run; else NaN */
    char text[48];      /* "steady", "throttled at minute 3", "power-limited", "unknown" */
    char evidence[400]; /* what was seen: temperatures, clocks, throttle events, speed; or why nothing was */
};

/* Looks at the series that runner/sampler.h tells, decode_tokens_per_second, and the observations thermal.limit_celsius and
 * power.limit_watts. Throttled: the kernel braked or counted throttle events, or the clock fell by more than 5 % while the
 * temperature was within 3 °C of its limit. Power-limited: the clock fell so far and heat is ruled out by a counter that stood
 * still, or by the temperature. Less than a minute without an event is too short for a verdict. */
void thermal_judge(const struct cell *cell, struct thermal_verdict *verdict);

/* Tells it as the observations thermal.verdict and thermal.evidence; one that is unknown only where `always`. */
void thermal_verdict_tell(struct cell *cell, bool always);

#endif
