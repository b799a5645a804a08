/* A pool of pinned threads that run one function together and meet at a barrier. */
#ifndef POCKETMARK_DEVICES_THREADS_H
#define POCKETMARK_DEVICES_THREADS_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"

struct threads;

/* One thread per entry of cpus (the kernel's processor numbers), each pinned; the caller is thread 0 and is pinned too.
 * Flush-to-zero is set in each. STATUS_FAILED names the processor that refused. */
enum status threads_open(struct threads **threads, const unsigned *cpus, size_t count, struct error *error);
size_t threads_count(const struct threads *threads);

/* Runs task(context, thread) on every thread, 0 ≤ thread < count, and returns when all are done. */
void threads_run(struct threads *threads, void (*task)(void *context, size_t thread), void *context);

/* Inside a task: waits until all threads are here. Spins for about 50 µs, then sleeps. */
void threads_barrier(struct threads *threads, size_t thread);

/* Inside a task: fetch-and-add on the shared counter `slot` (0..THREADS_COUNTERS−1), for claiming work. Reset by a thread
 * between two barriers with threads_counter_reset. */
enum { THREADS_COUNTERS = 4 };
size_t threads_counter_add(struct threads *threads, size_t slot, size_t amount);
void threads_counter_reset(struct threads *threads, size_t slot);

/* Inside a task: each thread offers pieces of its own work, numbered from 0, which any thread may take; a piece is taken once. Offers
 * of one slot (0..THREADS_OFFERS−1) must lie a barrier apart, and all pieces must be taken before it. */
enum { THREADS_OFFERS = 3 };
void threads_offer(struct threads *threads, size_t thread, size_t slot, size_t count);

/* False where `owner` has no piece left. */
bool threads_take(struct threads *threads, size_t owner, size_t slot, size_t *piece);

/* Splits [0, count) into whole multiples of `grain` and gives the share of `thread`. */
void threads_share(const struct threads *threads, size_t thread, size_t count, size_t grain, size_t *begin,
                   size_t *end);

void threads_close(struct threads *threads);

#endif
