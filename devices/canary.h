/* The canary: a quick probe of reading memory, always the same. Beside each launch it tells whether the machine itself has become
 * faster or slower. It is no roof: it looks for no best way. */
#ifndef POCKETMARK_DEVICES_CANARY_H
#define POCKETMARK_DEVICES_CANARY_H

#include "devices/host.h"

/* Bytes read per second by `threads` threads (0: one per performance core) in passes over one buffer, for about `seconds`: the
 * median of the passes. The buffer is beyond the caches where 512 MiB, a quarter of the usable memory and the time allow it.
 * STATUS_MEMORY, STATUS_MISUSE for too many threads, STATUS_FAILED. */
enum status canary_measure(const struct host *host, isa_set isa, size_t threads, double seconds,
                           double *bytes_per_second, struct error *error);

#endif
