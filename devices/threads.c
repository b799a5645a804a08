#include "devices/threads.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "devices/clock.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { SPIN_NS = 50000, SPINS_PER_CLOCK = 128, LINE = 128 }; /* two cache lines: neighbours are fetched in pairs */

struct worker {
    _Alignas(LINE) struct threads *threads;
    size_t index;
    pthread_t handle;
    bool started;
    _Alignas(LINE) _Atomic uint64_t offers[THREADS_OFFERS];
};

/* `round` counts what the waiting threads wait for: barriers passed, tasks begun. */
struct gate {
    _Alignas(LINE) atomic_uint round;
    _Alignas(LINE) atomic_uint arrived;
    _Alignas(LINE) atomic_uint sleepers;
};

struct threads {
    size_t count;
    struct gate begin, meet;
    void (*task)(void *context, size_t thread);
    void *context;
    bool closing;
    struct {
        _Alignas(LINE) atomic_size_t value;
    } counters[THREADS_COUNTERS];
    struct worker *workers;
};

/* The number of pieces above OFFER_SHIFT, the next one to be taken below: one word, so that no thread sees the one without the
 * other. */
enum { OFFER_SHIFT = 32 };

static void pause_briefly(void)
{
#if defined(__x86_64__)
    _mm_pause();
#endif
}

static long futex(atomic_uint *word, int operation, unsigned value)
{
    return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

/* Returns once gate->round differs from `seen`: spins first, then sleeps. */
static void gate_wait(struct gate *gate, unsigned seen)
{
    uint64_t start = 0;

    for (unsigned spins = 0;; spins++) {
        if (atomic_load_explicit(&gate->round, memory_order_acquire) != seen)
            return;
        pause_briefly();
        if (spins % SPINS_PER_CLOCK)
            continue;
        uint64_t now = clock_now_ns();
        if (!start)
            start = now;
        else if (now - start > SPIN_NS)
            break;
    }
    atomic_fetch_add(&gate->sleepers, 1);
    while (atomic_load(&gate->round) == seen)
        futex(&gate->round, FUTEX_WAIT_PRIVATE, seen);
    atomic_fetch_sub(&gate->sleepers, 1);
}

static void gate_open(struct gate *gate)
{
    atomic_fetch_add(&gate->round, 1);
    if (atomic_load(&gate->sleepers))
        futex(&gate->round, FUTEX_WAKE_PRIVATE, INT_MAX);
}

/* Denormal numbers would make float kernels slow by their values. */
static void flush_denormals(void)
{
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040); /* FTZ and DAZ, Intel SDM volume 1, 10.2.3 */
#endif
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct threads *threads = worker->threads;

    flush_denormals();
    for (unsigned round = 0;; round++) {
        gate_wait(&threads->begin, round);
        if (threads->closing)
            return NULL;
        threads->task(threads->context, worker->index);
        threads_barrier(threads, worker->index);
    }
}

static enum status pin(pthread_t thread, unsigned cpu, struct error *error)
{
    cpu_set_t *set = CPU_ALLOC(cpu + 1);
    size_t bytes = CPU_ALLOC_SIZE(cpu + 1);
    int failure;

    if (!set)
        return error_set(error, STATUS_MEMORY, "out of memory");
    CPU_ZERO_S(bytes, set);
    CPU_SET_S(cpu, bytes, set);
    failure = pthread_setaffinity_np(thread, bytes, set);
    CPU_FREE(set);
    if (failure)
        return error_set(error, STATUS_FAILED, "cannot run a thread on processor %u: %s", cpu, strerror(failure));
    return STATUS_OK;
}

static enum status start_worker(struct threads *threads, size_t index, unsigned cpu, struct error *error)
{
    struct worker *worker = &threads->workers[index];
    int failure;

    worker->threads = threads;
    worker->index = index;
    if (index == 0) {
        worker->handle = pthread_self();
        flush_denormals();
    } else {
        failure = pthread_create(&worker->handle, NULL, worker_main, worker);
        if (failure)
            return error_set(error, STATUS_FAILED, "cannot start thread %zu: %s", index, strerror(failure));
        worker->started = true;
    }
    return pin(worker->handle, cpu, error);
}

enum status threads_open(struct threads **result, const unsigned *cpus, size_t count, struct error *error)
{
    struct threads *threads = aligned_alloc(LINE, sizeof *threads);
    enum status status = STATUS_OK;

    *result = NULL;
    if (!threads)
        return error_set(error, STATUS_MEMORY, "out of memory");
    memset(threads, 0, sizeof *threads);
    threads->count = count;
    threads->workers = aligned_alloc(LINE, count * sizeof *threads->workers);
    if (!threads->workers) {
        free(threads);
        return error_set(error, STATUS_MEMORY, "out of memory");
    }
    memset(threads->workers, 0, count * sizeof *threads->workers);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = start_worker(threads, i, cpus[i], error);
    if (status != STATUS_OK) {
        threads_close(threads);
        return status;
    }
    *result = threads;
    return STATUS_OK;
}

size_t threads_count(const struct threads *threads)
{
    return threads->count;
}

void threads_run(struct threads *threads, void (*task)(void *context, size_t thread), void *context)
{
    threads->task = task;
    threads->context = context;
    gate_open(&threads->begin);
    task(context, 0);
    threads_barrier(threads, 0);
}

void threads_barrier(struct threads *threads, size_t thread)
{
    struct gate *gate = &threads->meet;
    unsigned round = atomic_load_explicit(&gate->round, memory_order_acquire);

    (void)thread;
    if (atomic_fetch_add(&gate->arrived, 1) + 1 == threads->count) {
        atomic_store(&gate->arrived, 0);
        gate_open(gate);
    } else
        gate_wait(gate, round);
}

size_t threads_counter_add(struct threads *threads, size_t slot, size_t amount)
{
    return atomic_fetch_add(&threads->counters[slot].value, amount);
}

void threads_counter_reset(struct threads *threads, size_t slot)
{
    atomic_store(&threads->counters[slot].value, 0);
}

void threads_offer(struct threads *threads, size_t thread, size_t slot, size_t count)
{
    atomic_store(&threads->workers[thread].offers[slot], (uint64_t)count << OFFER_SHIFT);
}

bool threads_take(struct threads *threads, size_t owner, size_t slot, size_t *piece)
{
    _Atomic uint64_t *offer = &threads->workers[owner].offers[slot];
    uint64_t seen = atomic_load(offer);

    /* a look before the leap: a word that all threads only read stays in all their caches */
    if ((uint32_t)seen >= seen >> OFFER_SHIFT)
        return false;
    seen = atomic_fetch_add(offer, 1);
    *piece = (uint32_t)seen;
    return (uint32_t)seen < seen >> OFFER_SHIFT;
}

void threads_share(const struct threads *threads, size_t thread, size_t count, size_t grain, size_t *begin, size_t *end)
{
    size_t grains = (count + grain - 1) / grain, first = grains * thread / threads->count * grain;
    size_t last = grains * (thread + 1) / threads->count * grain;

    *begin = first < count ? first : count;
    *end = last < count ? last : count;
}

void threads_close(struct threads *threads)
{
    if (!threads)
        return;
    threads->closing = true;
    gate_open(&threads->begin);
    for (size_t i = 1; i < threads->count; i++)
        if (threads->workers[i].started)
            pthread_join(threads->workers[i].handle, NULL);
    free(threads->workers);
    free(threads);
}
