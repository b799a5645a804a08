#include "devices/cpu/tune.h"

#include "devices/clock.h"
#include "devices/cpu/cpu.h"
#include "devices/median.h"

#define TRIAL_SECONDS 0.25
#define WORTH_RATIO   0.985 /* of the time: less is within the noise */

enum { PASS_BYTES = 32 << 20, ROUNDS_LEAST = 3 };

const struct gemv_tuning tune_candidates[TUNE_CANDIDATES] = {
    {.near_bytes = 1536, .far_bytes = 4096, .streams = 4}, {.near_bytes = 3072, .far_bytes = 3840, .streams = 2},
    {.near_bytes = 2560, .far_bytes = 3072, .streams = 2}, {.near_bytes = 1536, .far_bytes = 2560, .streams = 4},
    {.near_bytes = 2048, .far_bytes = 3072, .streams = 2},
};

size_t tune_choose(double seconds[TUNE_CANDIDATES][TUNE_ROUNDS_MAX], size_t rounds)
{
    double medians[TUNE_CANDIDATES];
    size_t best = 0;

    for (size_t c = 0; c < TUNE_CANDIDATES; c++) {
        medians[c] = median_of(seconds[c], rounds);
        best = medians[c] < medians[best] ? c : best;
    }
    return medians[best] < WORTH_RATIO * medians[0] ? best : 0;
}

bool tune_try(void (*pass)(void *context, const struct gemv_tuning *tuning), void *context, struct gemv_tuning *tuning)
{
    double seconds[TUNE_CANDIDATES][TUNE_ROUNDS_MAX];
    uint64_t begin_ns = clock_now_ns(), start_ns;
    size_t rounds = 0;

    for (; rounds < TUNE_ROUNDS_MAX && clock_seconds(begin_ns, clock_now_ns()) < TRIAL_SECONDS; rounds++)
        for (size_t c = 0; c < TUNE_CANDIDATES; c++) {
            start_ns = clock_now_ns();
            pass(context, &tune_candidates[c]);
            seconds[c][rounds] = clock_seconds(start_ns, clock_now_ns());
        }
    if (rounds < ROUNDS_LEAST)
        return false;
    *tuning = tune_candidates[tune_choose(seconds, rounds)];
    return true;
}

struct reading {
    struct cpu *cpu;
    const struct gemv_tuning *tuning;
    size_t first, count; /* layers */
};

/* As a step of the model does it: pieces, barrier and all. */
static void read_matrix(struct cpu *cpu, const struct matrix *matrix, size_t thread, const struct gemv_tuning *tuning,
                        float *out)
{
    struct matrix_walk walk = matrix_walk(matrix, cpu->threads, thread, 0);
    size_t begin, end;

    while (matrix_walk_next(&walk, &begin, &end))
        matrix_multiply(matrix, begin, end, 1, cpu->scratch.threads[thread].tile, out, 0, tuning, NULL);
    threads_barrier(cpu->threads, thread);
}

static void read_layers(void *context, size_t thread)
{
    const struct reading *reading = context;
    struct cpu *cpu = reading->cpu;

    for (size_t i = 0; i < reading->count; i++) {
        const struct cpu_layer *layer = &cpu->layers[(reading->first + i) % cpu->model->layers];
        read_matrix(cpu, &layer->gate, thread, reading->tuning, cpu->scratch.gate);
        read_matrix(cpu, &layer->up, thread, reading->tuning, cpu->scratch.up);
        read_matrix(cpu, &layer->down, thread, reading->tuning, cpu->scratch.branch);
    }
}

static void read_pass(void *context, const struct gemv_tuning *tuning)
{
    struct reading *reading = context;

    reading->tuning = tuning;
    threads_run(reading->cpu->threads, read_layers, reading);
    reading->first += reading->count;
}

size_t tune_cache_bytes(const struct host *host)
{
    size_t bytes = 0;

    for (size_t i = 0; i < host->cache_count; i++) {
        size_t all = host->caches[i].bytes * host->caches[i].instances;
        bytes = all > bytes ? all : bytes;
    }
    return bytes;
}

void cpu_tune(struct cpu *cpu)
{
    const struct cpu_layer *layer = &cpu->layers[0];
    size_t bytes = matrix_bytes(&layer->gate) + matrix_bytes(&layer->up) + matrix_bytes(&layer->down);
    struct reading reading = {.cpu = cpu, .count = (PASS_BYTES + bytes - 1) / bytes};

    if (cpu->weights.bytes >= tune_cache_bytes(cpu->host))
        cpu->tuned = tune_try(read_pass, &reading, &cpu->tuning);
}
