#include "devices/cpu/trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "devices/cpu/tune.h"
#include "workloads/oracle.h"
#include "workloads/synthetic.h"

enum { CHECK_PANELS = 3 };               /* odd: the kernels' pairs of panels meet a lone one */
#define CACHED_BYTES ((size_t)256 << 20) /* least weights of a one-token trial */
#define MOST_BYTES   ((size_t)1 << 30)
#define PASS_BYTES   ((size_t)32 << 20) /* of a trial of tuning */

struct cpu_trial {
    struct tensor tensor;
    struct model model; /* of that one tensor */
    struct matrix matrix;
    struct buffer weights, work;
    size_t copies, next, tokens, copy_bytes;
    float *x, *out;
    uint8_t *tiles, *gemm; /* gemm: matrix_scratch_bytes a thread */
};

void cpu_trial_close(struct cpu *cpu)
{
    if (!cpu->trial)
        return;
    buffer_close(&cpu->trial->weights);
    buffer_close(&cpu->trial->work);
    free(cpu->trial);
    cpu->trial = NULL;
}

enum dtype cpu_trial_type(const struct cpu *cpu)
{
    return cpu->trial->matrix.type;
}

/* Copies that a one-token product walks through so that no weight is still in a cache; one where weights are reused. */
static size_t count_copies(const struct host *host, const struct matmul *matmul, size_t copy_bytes)
{
    size_t cache = tune_cache_bytes(host), wanted;

    if (matmul->tokens > 1)
        return 1;
    wanted = cache + cache / 4; /* the least recently used copy is gone by the time its turn comes again */
    wanted = wanted > CACHED_BYTES ? wanted : CACHED_BYTES;
    wanted = wanted < MOST_BYTES ? wanted : MOST_BYTES;
    return (wanted + copy_bytes - 1) / copy_bytes;
}

static void fill_activations(float *x, size_t count, uint64_t seed)
{
    uint64_t state = seed * 2 + 1;

    for (size_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u; /* Knuth, MMIX */
        x[i] = (float)((double)(state >> 40) * 0x1p-23 - 1.0);
    }
}

static enum status allocate(struct cpu *cpu, struct cpu_trial *trial, struct error *error)
{
    size_t x_bytes = trial->tokens * trial->matrix.columns * sizeof(float);
    size_t out_bytes = trial->tokens * trial->matrix.panels * PANEL_ROWS * sizeof(float);
    size_t tiles_bytes = (matrix_tiles_bytes(&trial->matrix, trial->tokens) + 63) / 64 * 64;
    size_t threads = threads_count(cpu->threads);
    enum status status = buffer_open(&trial->weights, trial->copies * trial->copy_bytes, true, error);

    x_bytes = (x_bytes + 63) / 64 * 64;
    out_bytes = (out_bytes + 63) / 64 * 64;
    if (status == STATUS_OK)
        status = buffer_open(&trial->work,
                             x_bytes + out_bytes + tiles_bytes + threads * matrix_scratch_bytes(&trial->matrix), true,
                             error);
    if (status != STATUS_OK)
        return status;
    uint8_t *at = trial->work.data;
    trial->x = (float *)at;
    trial->out = (float *)(at += x_bytes);
    trial->tiles = at += out_bytes;
    trial->gemm = at + tiles_bytes;
    return STATUS_OK;
}

struct packing {
    struct cpu *cpu;
    const struct weights *weights;
    uint8_t *scratch; /* one stored panel per thread */
    size_t scratch_bytes;
};

/* Rows as stored, for want of a file that has them. */
static void read_rows(const struct matrix *matrix, const struct weights *weights, size_t begin, size_t end)
{
    size_t first = begin * PANEL_ROWS, last = end * PANEL_ROWS < matrix->rows ? end * PANEL_ROWS : matrix->rows;

    if (first < last)
        weights->ops->read(weights, matrix->tensor, first, last - first,
                           matrix->data + first * dtype_row_bytes(matrix->type, matrix->columns));
}

static void pack_copies(void *context, size_t thread)
{
    struct packing *p = context;
    struct cpu_trial *trial = p->cpu->trial;
    size_t begin, end, bytes = panel_bytes(trial->matrix.type, trial->matrix.columns);
    uint8_t *base = trial->weights.data;

    matrix_share(&trial->matrix, p->cpu->threads, thread, &begin, &end);
    if (trial->matrix.as_stored)
        read_rows(&trial->matrix, p->weights, begin, end);
    else
        matrix_pack(&trial->matrix, p->weights, begin, end, p->scratch + thread * p->scratch_bytes);
    for (size_t copy = 1; copy < trial->copies; copy++)
        memcpy(base + copy * trial->copy_bytes + begin * bytes, base + begin * bytes, (end - begin) * bytes);
}

static enum status fill(struct cpu *cpu, uint64_t seed, struct error *error)
{
    struct cpu_trial *trial = cpu->trial;
    struct packing packing = {.cpu = cpu};
    struct weights *weights = NULL;
    enum status status = synthetic_open(&weights, &trial->model, seed, error);

    if (status != STATUS_OK)
        return status;
    packing.weights = weights;
    packing.scratch_bytes = matrix_stored_panel_bytes(&trial->matrix);
    packing.scratch = malloc(packing.scratch_bytes * threads_count(cpu->threads));
    if (packing.scratch)
        threads_run(cpu->threads, pack_copies, &packing);
    else
        status = error_set(error, STATUS_MEMORY, "out of memory");
    free(packing.scratch);
    weights_close(weights);
    fill_activations(trial->x, trial->tokens * trial->matrix.columns, seed);
    return status;
}

enum status cpu_trial_open(struct cpu *cpu, const struct host *host, const struct matmul *matmul, struct error *error)
{
    struct cpu_trial *trial = calloc(1, sizeof *trial);
    enum status status;

    cpu_trial_close(cpu);
    if (!trial)
        return error_set(error, STATUS_MEMORY, "out of memory");
    cpu->trial = trial;
    trial->tensor = (struct tensor){
        .role = ROLE_GATE, .rows = matmul->rows, .columns = matmul->columns, .type = matmul->type, .name = "matmul"};
    trial->model = (struct model){.name = "matmul", .layers = 1, .tensors = &trial->tensor, .tensor_count = 1};
    trial->matrix = matrix_of(&trial->model, &trial->tensor, 0, matmul->rows, cpu->isa, cpu->as_stored);
    trial->tokens = matmul->tokens;
    trial->copy_bytes = matrix_bytes(&trial->matrix);
    trial->copies = count_copies(host, matmul, trial->copy_bytes);
    status = allocate(cpu, trial, error);
    if (status == STATUS_OK) {
        trial->matrix.data = trial->weights.data;
        status = fill(cpu, matmul->seed, error);
    }
    if (status != STATUS_OK)
        cpu_trial_close(cpu);
    return status;
}

static void multiply(void *context, size_t thread)
{
    struct cpu *cpu = context;
    const struct cpu_trial *trial = cpu->trial;
    struct matrix_walk walk;
    size_t begin, end;

    threads_share(cpu->threads, thread, matrix_tile_count(&trial->matrix, trial->tokens), 1, &begin, &end);
    matrix_tile(&trial->matrix, trial->tokens, trial->x, trial->matrix.columns, begin, end, trial->tiles);
    threads_barrier(cpu->threads, thread);
    walk = matrix_walk(&trial->matrix, cpu->threads, thread, 0);
    while (matrix_walk_next(&walk, &begin, &end))
        matrix_multiply(&trial->matrix, begin, end, trial->tokens, trial->tiles, trial->out,
                        trial->matrix.panels * PANEL_ROWS, &cpu->tuning,
                        trial->gemm + thread * matrix_scratch_bytes(&trial->matrix));
}

void cpu_trial_run(struct cpu *cpu, float *out)
{
    struct cpu_trial *trial = cpu->trial;

    trial->matrix.data = (uint8_t *)trial->weights.data + trial->next * trial->copy_bytes;
    trial->next = (trial->next + 1) % trial->copies;
    threads_run(cpu->threads, multiply, cpu);
    for (size_t t = 0; out && t < trial->tokens; t++)
        memcpy(out + t * trial->matrix.rows, trial->out + t * trial->matrix.panels * PANEL_ROWS,
               trial->matrix.rows * sizeof *out);
}

static void run_pass(void *context, const struct gemv_tuning *tuning)
{
    struct cpu *cpu = context;

    cpu->tuning = *tuning;
    for (size_t bytes = 0; bytes < PASS_BYTES; bytes += cpu->trial->copy_bytes)
        cpu_trial_run(cpu, NULL);
}

void cpu_trial_tune(struct cpu *cpu)
{
    struct gemv_tuning chosen = cpu->tuning;

    if (cpu->trial->tokens > 1 || cpu->as_stored)
        return;
    cpu->tuned = tune_try(run_pass, cpu, &chosen);
    cpu->tuning = chosen;
}

/* Value (token, i) of the activation tiles, as the kernels see it. */
static double activation(const struct cpu_trial *trial, size_t token, size_t i)
{
    const struct matrix *m = &trial->matrix;
    size_t width = trial->tokens == 1 ? 1 : m->gemm->width, k = m->columns, t = token % width;
    const uint8_t *tile = trial->tiles + token / width * tile_bytes(m->type, k, width);

    if (!dtype_info(m->type)->quantised)
        return ((const float *)tile)[i * width + t];
    size_t block = tile_block(m->type, k);
    const float *scales = (const float *)(tile + k * width + k / block * width * sizeof(int32_t));
    return (double)((const int8_t *)tile)[(i / 4 * width + t) * 4 + i % 4] * (double)scales[i / block * width + t];
}

/* NMSE of what cpu_trial_run has left in `out`. */
static double trial_nmse(const struct cpu_trial *trial, float *row, double *a, double *want, float *got)
{
    const struct matrix *m = &trial->matrix;
    size_t stride = m->panels * PANEL_ROWS;

    for (size_t t = 0; t < trial->tokens; t++) {
        for (size_t i = 0; i < m->columns; i++)
            a[i] = activation(trial, t, i);
        for (size_t r = 0; r < m->rows; r++) {
            double sum = 0;
            matrix_row(m, r, row);
            for (size_t i = 0; i < m->columns; i++)
                sum += (double)row[i] * a[i];
            want[t * m->rows + r] = sum;
            got[t * m->rows + r] = trial->out[t * stride + r];
        }
    }
    return oracle_nmse(got, want, trial->tokens * m->rows);
}

static enum status check(struct cpu *cpu, const struct tensor *tensor, size_t tokens, double *worst,
                         struct error *error)
{
    struct host no_caches = {0};
    struct matmul matmul = {.type = tensor->type, .columns = tensor->columns, .tokens = tokens, .seed = tokens};
    enum status status = STATUS_OK;
    double nmse;

    matmul.rows = tensor->rows < CHECK_PANELS * PANEL_ROWS ? tensor->rows : CHECK_PANELS * PANEL_ROWS - 1;
    float *row = malloc(matmul.columns * sizeof *row), *got = malloc(tokens * matmul.rows * sizeof *got);
    double *a = malloc(matmul.columns * sizeof *a), *want = malloc(tokens * matmul.rows * sizeof *want);
    if (row && got && a && want)
        status = cpu_trial_open(cpu, &no_caches, &matmul, error);
    else
        status = error_set(error, STATUS_MEMORY, "out of memory");
    if (status == STATUS_OK) {
        cpu_trial_run(cpu, NULL);
        nmse = trial_nmse(cpu->trial, row, a, want, got);
        *worst = nmse > *worst ? nmse : *worst;
        cpu_trial_close(cpu);
    }
    free(row);
    free(got);
    free(a);
    free(want);
    return status;
}

/* True where an earlier tensor asks the kernels for the same. */
static bool seen_before(const struct model *model, size_t index)
{
    const struct tensor *tensor = &model->tensors[index];

    for (size_t i = 0; i < index; i++)
        if (model->tensors[i].rows > 1 && model->tensors[i].columns == tensor->columns &&
            model->tensors[i].type == tensor->type)
            return true;
    return false;
}

enum status cpu_self_check(struct cpu *cpu, const struct model *model, size_t tokens, double *nmse, struct error *error)
{
    const size_t counts[] = {1, 13, tokens};
    enum status status = STATUS_OK;

    *nmse = 0;
    for (size_t i = 0; i < model->tensor_count && status == STATUS_OK; i++)
        if (model->tensors[i].rows > 1 && !seen_before(model, i))
            for (size_t c = 0; c < 3 && status == STATUS_OK; c++)
                status = check(cpu, &model->tensors[i], counts[c], nmse, error);
    return status;
}
