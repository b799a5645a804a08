/* Is this a good moment to measure? */
#ifndef POCKETMARK_RUNNER_PREFLIGHT_H
#define POCKETMARK_RUNNER_PREFLIGHT_H

#include "devices/host.h"
#include "devices/memory.h"
#include "reports/facts.h"

enum { PREFLIGHT_MAX = 8 };

struct preflight_finding {
    bool note;      /* for information; never a reason not to run */
    char text[200]; /* what, and what to do about it */
};

struct preflight {
    struct preflight_finding findings[PREFLIGHT_MAX];
    size_t count, warnings;
    double load1;             /* NaN: unknown */
    const char *power_source; /* "mains", "battery", "unknown" */
};

/* Looks at load, governor, memory and power; root NULL: the running machine. */
void preflight_look(struct preflight *preflight, const struct host *host, const struct memory *memory,
                    const char *root);

/* Tells it to the document's environment block. */
void preflight_tell(const struct preflight *preflight, const struct host *host, struct facts *environment);

#endif
