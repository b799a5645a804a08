/* One measuring run per machine: two at a time would measure each other. Whoever measures holds the lock; children do not take
 * it, and the death of its holder frees it. */
#ifndef POCKETMARK_RUNNER_LOCK_H
#define POCKETMARK_RUNNER_LOCK_H

#include <signal.h>
#include <stdbool.h>

#include "kernels/base.h"
#include "runner/progress.h"

struct lock {
    int fd; /* −1: not held */
};

/* Takes the lock: the file that the environment variable POCKETMARK_LOCK names, else /run/lock/pocketmark.lock, else, where that
 * folder is not to be had, an abstract socket. Where another process holds it: STATUS_UNSUPPORTED with that process's number, or
 * with `wait` until it is free, told once through `progress`, or until *signal (STATUS_INTERRUPTED). STATUS_IO for a file of
 * POCKETMARK_LOCK that cannot be opened. Release with lock_release in every case. */
enum status lock_take(struct lock *lock, bool wait, const volatile sig_atomic_t *signal, struct progress *progress,
                      struct error *error);

void lock_release(struct lock *lock);

#endif
