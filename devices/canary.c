#include "devices/canary.h"

#include <math.h>
#include <stdlib.h>

#include "devices/buffer.h"
#include "devices/clock.h"
#include "devices/memory.h"
#include "devices/threads.h"
#include "kernels/kernel.h"

enum { PASSES_MAX = 64, PASSES_LEAST = 3, GRAIN = 4096, STREAMS = 4 };
#define BYTES_LEAST      0x1p22
#define BYTES_MOST       0x1p29
#define BYTES_PER_SECOND 0x1p32 /* of the probe's time: filling the buffer must not take most of it */

struct canary {
    struct threads *threads;
    struct buffer buffer;
    const struct kernel *reader;
    uint64_t mixes[HOST_CPUS_MAX];
};

static void fill_part(void *context, size_t thread)
{
    struct canary *canary = context;
    size_t begin, end;

    threads_share(canary->threads, thread, canary->buffer.bytes, GRAIN, &begin, &end);
    for (size_t i = begin; i < end; i += sizeof(uint64_t)) /* differing contents: equal pages could be merged */
        *(uint64_t *)((char *)canary->buffer.data + i) = i * 0x9e3779b97f4a7c15u;
}

static void read_part(void *context, size_t thread)
{
    static const struct gemv_tuning prefetch = {.near_bytes = 2048};
    struct canary *canary = context;
    size_t begin, end;

    threads_share(canary->threads, thread, canary->buffer.bytes, GRAIN, &begin, &end);
    canary->mixes[thread] =
        canary->reader->read((const char *)canary->buffer.data + begin, end - begin, STREAMS, &prefetch);
}

static size_t buffer_bytes(const struct host *host, const struct memory *memory, double seconds)
{
    double caches = BYTES_LEAST;

    for (size_t i = 0; i < host->cache_count; i++)
        caches += (double)host->caches[i].bytes;
    return (size_t)fmin(fmin(2 * caches, BYTES_MOST),
                        fmin(seconds * BYTES_PER_SECOND, (double)memory->usable_bytes / 4)) /
           GRAIN * GRAIN;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median_rate(struct canary *canary, double seconds)
{
    double rates[PASSES_MAX];
    uint64_t start_ns = clock_now_ns(), pass_ns = start_ns;
    size_t count = 0;

    while (count < PASSES_MAX && (count < PASSES_LEAST || clock_seconds(start_ns, pass_ns) < seconds)) {
        uint64_t now_ns;
        threads_run(canary->threads, read_part, canary);
        now_ns = clock_now_ns();
        rates[count++] = (double)canary->buffer.bytes / clock_seconds(pass_ns, now_ns);
        pass_ns = now_ns;
    }
    qsort(rates, count, sizeof *rates, compare_doubles);
    return rates[count / 2];
}

enum status canary_measure(const struct host *host, isa_set isa, size_t threads, double seconds,
                           double *bytes_per_second, struct error *error)
{
    struct canary canary = {.reader = kernel_best(OP_READ, DTYPE_COUNT, isa)};
    struct memory memory;
    unsigned cpus[HOST_CPUS_MAX];
    size_t count = host_performance_cpus(host, cpus, HOST_CPUS_MAX), bytes;
    enum status status = memory_read(&memory, NULL, error);

    if (status)
        return status;
    if (threads > count)
        return error_set(error, STATUS_MISUSE, "--threads %zu: this process may use %zu performance cores only",
                         threads, count);
    bytes = buffer_bytes(host, &memory, seconds);
    if (!bytes)
        return error_set(error, STATUS_MEMORY, "no memory for a probe of reading");
    status = threads_open(&canary.threads, cpus, threads ? threads : count, error);
    if (status)
        return status;
    status = buffer_open(&canary.buffer, bytes, true, error);
    if (!status) {
        threads_run(canary.threads, fill_part, &canary);
        *bytes_per_second = median_rate(&canary, seconds);
        buffer_close(&canary.buffer);
    }
    threads_close(canary.threads);
    return status;
}
