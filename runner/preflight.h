/* Is this a good moment to measure? */
#ifndef POCKETMARK_RUNNER_PREFLIGHT_H
#define POCKETMARK_RUNNER_PREFLIGHT_H

#include "devices/clocks.h"
#include "devices/memory.h"
#include "reports/facts.h"

enum { PREFLIGHT_MAX = 16 };

struct preflight_finding {
    bool note;      /* for information; never a reason not to run */
    char text[320]; /* what, and what to do about it */
};

struct preflight {
    struct preflight_finding findings[PREFLIGHT_MAX];
    size_t count, warnings;
    double load1;           /* NaN: unknown */
    double busy_processors; /* kept busy by others just now; NaN: unknown */
    double celsius;         /* of the processor; NaN: unknown */
    struct clock_policy policy;
    const char *power_source; /* "mains", "battery", "unknown" */
};

/* Looks at load, clocks, heat, memory, power and the build; root NULL: the running machine, which is watched for a third of a second.
 * A warning spoils figures, and says by which command that is mended. */
void preflight_look(struct preflight *preflight, const struct host *host, const struct memory *memory,
                    const char *root);

/* Tells it to the document's environment block. */
void preflight_tell(const struct preflight *preflight, const struct host *host, struct facts *environment);

#endif
