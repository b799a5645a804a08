/* When has a case had launches enough? A pure function of what its launches gave. */
#ifndef POCKETMARK_REPORTS_STOPPING_H
#define POCKETMARK_REPORTS_STOPPING_H

#include "reports/record.h"

/* Under six launches a median has no interval. A figure is precise when half of its 95 % interval is at most precision_ratio of the median. Its noise is stable when, at
 * STOPPING_STABLE_LAUNCHES or more, the last STOPPING_STABLE_WINDOW launches made the interval less than a tenth narrower: then
 * more launches would only cost time. Rule and numbers follow NVBench and hyperfine; under it the interval keeps its coverage to
 * two points (tests/test_stopping.c). */
enum { STOPPING_LAUNCHES_LEAST = 6, STOPPING_STABLE_LAUNCHES = 20, STOPPING_STABLE_WINDOW = 8 };

struct stopping_rule {
    size_t least, most;     /* launches; equal: exactly so many */
    double precision_ratio; /* 0.02: ±2 % */
};

/* One value per launch of one figure, in the order of the launches. */
struct stopping_sample {
    const double *values;
    size_t count;
};

/* True where no more launches are needed, with the reason: STOP_PRECISION where all figures are precise, STOP_NOISE_STABLE where
 * each is precise or its noise stable. `launches` were begun; at `most` it is STOP_REPETITIONS. Figures without values do not
 * take part; where none has any, only `most` ends it. */
bool stopping_decide(const struct stopping_rule *rule, size_t launches, const struct stopping_sample *samples,
                     size_t sample_count, enum stop_reason *reason);

#endif
