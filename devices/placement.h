/* Where memory comes to lie: the page that a thread touches first should be on the node that the thread runs on. */
#ifndef POCKETMARK_DEVICES_PLACEMENT_H
#define POCKETMARK_DEVICES_PLACEMENT_H

#include "devices/host.h"

enum placement_state { PLACEMENT_UNKNOWN, PLACEMENT_LOCAL, PLACEMENT_REMOTE };

struct placement {
    enum placement_state
        nodes[HOST_NODES_MAX]; /* by the host's nodes; unknown where this process may run on none of its
                                                   processors */
    char reason[160];          /* why nodes are unknown; empty where all are known */
};

/* Tries it out: a thread on each node touches a few pages and the kernel is asked where they are. Not on a recorded machine.
 * The calling thread is where it was afterwards. */
void placement_check(struct placement *placement, const struct host *host);

#endif
