#include "reports/stopping.h"

#include <math.h>

#include "reports/statistics.h"

#define STABLE_RATIO 0.9 /* of the width before the window */

/* Half of the interval ÷ the median; infinity where there is no interval. */
static double half_width(const double *values, size_t count)
{
    struct interval interval = statistics_median(values, count);

    if (isnan(interval.low) || !(interval.value > 0))
        return INFINITY;
    return (interval.high - interval.low) / (2 * interval.value);
}

static bool noise_stable(const struct stopping_sample *sample, double width)
{
    if (sample->count < STOPPING_STABLE_LAUNCHES)
        return false;
    return width > STABLE_RATIO * half_width(sample->values, sample->count - STOPPING_STABLE_WINDOW);
}

bool stopping_decide(const struct stopping_rule *rule, size_t launches, const struct stopping_sample *samples,
                     size_t sample_count, enum stop_reason *reason)
{
    bool any = false, precise = true, settled = true;

    for (size_t i = 0; i < sample_count && rule->least < rule->most; i++) {
        double width;
        if (!samples[i].count)
            continue;
        any = true;
        width = half_width(samples[i].values, samples[i].count);
        if (samples[i].count >= rule->least && width <= rule->precision_ratio)
            continue;
        precise = false;
        settled &= samples[i].count >= rule->least && noise_stable(&samples[i], width);
    }
    if (any && settled)
        *reason = precise ? STOP_PRECISION : STOP_NOISE_STABLE;
    else if (launches >= rule->most)
        *reason = STOP_REPETITIONS;
    else
        return false;
    return true;
}
