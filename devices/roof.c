#include "devices/roof.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "devices/buffer.h"
#include "devices/clock.h"
#include "devices/median.h"
#include "devices/memory.h"
#include "devices/threads.h"
#include "kernels/kernel.h"

enum { REPETITIONS_LEAST = 5, FINALISTS = 2, CHASE_NODE_BYTES = 128, PART_GRAIN = 4096 };
#define CHASE_BYTES_LEAST      ((size_t)16 << 20)
#define CHASE_BYTES_MOST       0x1p30
#define CHASE_BYTES_PER_SECOND 0x1p33 /* of a probe's time */
#define CHASE_STEPS            ((size_t)200000)
#define PEAK_TRIAL_ROUNDS      ((uint64_t)100000)

/* One way of reading; the roof is the best of them. Distances as prototypes found them worth trying. */
struct way {
    size_t streams;
    struct gemv_tuning prefetch;
};

static const size_t stream_counts[] = {1, 2, 4, 8};
static const struct gemv_tuning prefetches[] = {{.near_bytes = 0},
                                                {.near_bytes = 1024},
                                                {.near_bytes = 2048},
                                                {.near_bytes = 1536, .far_bytes = 4096},
                                                {.near_bytes = 2048, .far_bytes = 8192},
                                                {.near_bytes = 2560, .far_bytes = 3072},
                                                {.near_bytes = 3072, .far_bytes = 3840}};

enum { WAYS = sizeof stream_counts / sizeof *stream_counts * (sizeof prefetches / sizeof *prefetches) };

struct probe {
    const struct host *host;
    const struct roof_options *options;
    struct threads *threads;
    double seconds; /* of the last run */
    /* reading */
    const struct kernel *reader;
    const struct way *way;
    struct way ways[WAYS]; /* fastest first, once `ranked` on the first footprint */
    bool ranked;
    struct buffer buffer;
    uint64_t mixes[HOST_CPUS_MAX];
    /* arithmetic */
    const struct kernel *peak;
    uint64_t rounds;
    size_t active; /* threads that take part */
    uint64_t macs[HOST_CPUS_MAX];
};

static void add_sample(struct roof_figure *figure, double sample, bool higher)
{
    if (figure->count < ROOF_REPETITIONS_MAX)
        figure->samples[figure->count++] = sample;
    if (figure->count == 1 || (higher ? sample > figure->value : sample < figure->value))
        figure->value = sample;
    figure->median = median_of(figure->samples, figure->count);
}

/* ---- reading ---- */

static void touch_part(void *context, size_t thread)
{
    struct probe *probe = context;
    size_t begin, end;

    threads_share(probe->threads, thread, probe->buffer.bytes, PART_GRAIN, &begin, &end);
    for (size_t i = begin; i < end; i += sizeof(uint64_t)) /* differing contents: equal pages could be merged */
        *(uint64_t *)((char *)probe->buffer.data + i) = i * 0x9e3779b97f4a7c15u;
}

static void read_part(void *context, size_t thread)
{
    struct probe *probe = context;
    size_t begin, end;

    threads_share(probe->threads, thread, probe->buffer.bytes, PART_GRAIN, &begin, &end);
    probe->mixes[thread] = probe->reader->read((const char *)probe->buffer.data + begin, end - begin,
                                               probe->way->streams, &probe->way->prefetch);
}

static double read_rate(struct probe *probe, const struct way *way)
{
    uint64_t start = clock_now_ns();

    probe->way = way;
    threads_run(probe->threads, read_part, probe);
    probe->seconds = clock_seconds(start, clock_now_ns());
    return (double)probe->buffer.bytes / probe->seconds;
}

/* All ways in the order of one pass each over the buffer, fastest first. */
static void rank_ways(struct probe *probe)
{
    double rates[WAYS];
    size_t count = 0;

    for (size_t s = 0; s < sizeof stream_counts / sizeof *stream_counts; s++)
        for (size_t p = 0; p < sizeof prefetches / sizeof *prefetches; p++) {
            struct way way = {stream_counts[s], prefetches[p]};
            double rate = read_rate(probe, &way);
            size_t at = count++;
            for (; at > 0 && rates[at - 1] < rate; at--) {
                rates[at] = rates[at - 1];
                probe->ways[at] = probe->ways[at - 1];
            }
            rates[at] = rate;
            probe->ways[at] = way;
        }
}

/* The fastest ways in turn until the time is up; the best joins `read`. */
static void read_pages(struct probe *probe, double seconds, struct roof_read *read)
{
    struct roof_figure figures[FINALISTS] = {0};
    uint64_t start = clock_now_ns();

    for (size_t r = 0; r < ROOF_REPETITIONS_MAX; r++) {
        if (r >= REPETITIONS_LEAST && clock_seconds(start, clock_now_ns()) > seconds)
            break;
        for (size_t f = 0; f < FINALISTS; f++)
            add_sample(&figures[f], read_rate(probe, &probe->ways[f]), true);
    }
    for (size_t f = 0; f < FINALISTS; f++)
        if (figures[f].value > read->figure.value) {
            read->figure = figures[f];
            read->huge_pages = probe->buffer.huge;
            read->streams = probe->ways[f].streams;
            read->prefetch_bytes = probe->ways[f].prefetch.near_bytes;
        }
}

static enum status measure_read(struct probe *probe, uint64_t footprint, struct roof_read *read, struct error *error)
{
    *read = (struct roof_read){.footprint_bytes = footprint};
    for (int huge = 1; huge >= 0; huge--) {
        enum status status = buffer_open(&probe->buffer, footprint, huge, error);
        if (status != STATUS_OK)
            return status;
        threads_run(probe->threads, touch_part, probe);
        if (!probe->ranked)
            rank_ways(probe);
        probe->ranked = true;
        read_pages(probe, probe->options->seconds / 2, read);
        buffer_close(&probe->buffer);
    }
    return STATUS_OK;
}

static enum status measure_reads(struct probe *probe, struct roofs *roofs, struct error *error)
{
    struct memory memory;
    enum status status = memory_read(&memory, NULL, error);

    probe->reader = kernel_best(OP_READ, DTYPE_COUNT, probe->options->isa);
    for (size_t i = 0; i < probe->options->footprint_count && i < ROOF_READS_MAX && status == STATUS_OK; i++) {
        uint64_t bytes = probe->options->footprints[i];
        bytes = bytes < memory.usable_bytes / 2 ? bytes : memory.usable_bytes / 2;
        bytes = bytes / PART_GRAIN * PART_GRAIN;
        if (bytes)
            status = measure_read(probe, bytes, &roofs->reads[roofs->read_count++], error);
    }
    return status;
}

/* ---- arithmetic ---- */

static void peak_part(void *context, size_t thread)
{
    struct probe *probe = context;
    float sink;

    probe->macs[thread] = thread < probe->active ? probe->peak->peak(probe->rounds, &sink) : 0;
}

static double peak_rate(struct probe *probe)
{
    uint64_t start = clock_now_ns(), macs = 0;

    threads_run(probe->threads, peak_part, probe);
    probe->seconds = clock_seconds(start, clock_now_ns());
    for (size_t t = 0; t < probe->active; t++)
        macs += probe->macs[t];
    return (double)macs / probe->seconds;
}

static void measure_peak(struct probe *probe, const struct kernel *kernel, size_t active, struct roof_figure *figure)
{
    const double sample_seconds = probe->options->seconds / (2 * REPETITIONS_LEAST);
    uint64_t start;

    if (!kernel)
        return;
    probe->peak = kernel;
    probe->active = active;
    probe->rounds = PEAK_TRIAL_ROUNDS;
    start = clock_now_ns();
    while (peak_rate(probe), clock_seconds(start, clock_now_ns()) < sample_seconds) /* the clock rises with the load */
        ;
    probe->rounds = (uint64_t)((double)PEAK_TRIAL_ROUNDS * fmax(1, sample_seconds / probe->seconds));
    for (size_t r = 0; r < REPETITIONS_LEAST; r++)
        add_sample(figure, peak_rate(probe), true);
}

static void measure_peaks(struct probe *probe, struct roofs *roofs)
{
    for (int isa = 0; isa < ISA_COUNT; isa++)
        if (probe->options->isa >> isa & 1) {
            const struct kernel *kernel = kernel_at(OP_PEAK_INT8, DTYPE_COUNT, (enum isa)isa);
            measure_peak(probe, kernel, roofs->threads, &roofs->int8[isa]);
            measure_peak(probe, kernel, 1, &roofs->int8_one[isa]);
        }
    measure_peak(probe, kernel_best(OP_PEAK_FP32, DTYPE_COUNT, probe->options->isa), roofs->threads, &roofs->fp32);
    measure_peak(probe, kernel_best(OP_PEAK_FP32, DTYPE_COUNT, probe->options->isa), 1, &roofs->fp32_one);
}

/* ---- latency ---- */

/* Twice the largest cache, so that few loads hit it; less where time is short, as filling it takes most of the probe. */
static size_t chase_bytes(const struct host *host, const struct memory *memory, double seconds)
{
    size_t bytes = CHASE_BYTES_LEAST, most = (size_t)fmin(CHASE_BYTES_MOST, seconds * CHASE_BYTES_PER_SECOND);

    for (size_t i = 0; i < host->cache_count; i++)
        if (2 * host->caches[i].bytes > bytes)
            bytes = 2 * host->caches[i].bytes;
    bytes = bytes < most ? bytes : most;
    while (bytes > memory->usable_bytes / 2 && bytes > CHASE_NODE_BYTES)
        bytes /= 2;
    return bytes;
}

/* Links nodes into one cycle through all of them in the order of a full-period congruential generator (Hull and Dobell 1962: odd
 * increment, multiplier 1 modulo 4, a power of two of nodes), which no prefetcher follows. One node per pair of lines. */
static void link_nodes(char *base, size_t nodes)
{
    for (size_t i = 0; i < nodes; i++) {
        size_t next = (i * 2862933555777941757u + 3037000493u) & (nodes - 1);
        *(void **)(base + i * CHASE_NODE_BYTES) = base + next * CHASE_NODE_BYTES;
    }
}

static void *chase(void *node, size_t steps)
{
    for (size_t i = 0; i < steps; i++)
        node = *(void *volatile *)node;
    return node;
}

static enum status measure_latency(const struct probe *probe, struct roof_figure *figure, struct error *error)
{
    struct memory memory;
    struct buffer buffer;
    enum status status = memory_read(&memory, NULL, error);
    size_t nodes = 1;
    void *node;

    if (status != STATUS_OK)
        return status;
    while (2 * nodes * CHASE_NODE_BYTES <= chase_bytes(probe->host, &memory, probe->options->seconds))
        nodes *= 2;
    status = buffer_open(&buffer, nodes * CHASE_NODE_BYTES, true, error);
    if (status != STATUS_OK)
        return status;
    link_nodes(buffer.data, nodes);
    node = chase(buffer.data, CHASE_STEPS);
    for (size_t r = 0; r < REPETITIONS_LEAST; r++) {
        uint64_t start = clock_now_ns();
        node = chase(node, CHASE_STEPS);
        add_sample(figure, clock_seconds(start, clock_now_ns()) / (double)CHASE_STEPS, false);
    }
    buffer_close(&buffer);
    return STATUS_OK;
}

enum status roof_measure(struct roofs *roofs, const struct host *host, const struct roof_options *options,
                         struct error *error)
{
    unsigned cpus[HOST_CPUS_MAX];
    size_t count;
    struct probe *probe = calloc(1, sizeof *probe);
    enum status status;

    memset(roofs, 0, sizeof *roofs);
    if (!probe)
        return error_set(error, STATUS_MEMORY, "out of memory");
    status = host_choose_cpus(host, options->threads, options->choice, cpus, &count, error);
    if (status != STATUS_OK)
        goto out;
    roofs->threads = count;
    probe->host = host;
    probe->options = options;
    status = threads_open(&probe->threads, cpus, roofs->threads, error);
    if (status != STATUS_OK)
        goto out;
    measure_peaks(probe, roofs);
    status = measure_reads(probe, roofs, error);
    if (status == STATUS_OK)
        status = measure_latency(probe, &roofs->latency, error);
out:
    threads_close(probe->threads);
    free(probe);
    return status;
}
