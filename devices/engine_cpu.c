/* The CPU engine: packed weights, pinned threads, the best kernels of the processor. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/clock.h"
#include "devices/cpu/cpu.h"
#include "devices/cpu/tune.h"
#include "devices/cpu/trial.h"

/* As many as could be chosen; the engine's opening says what is wrong with a choice that cannot be met. */
static size_t thread_count(const struct host *host, const struct engine_options *options)
{
    unsigned cpus[HOST_CPUS_MAX];
    size_t count = 0;

    host_choose_cpus(host, options->threads, options->choice, cpus, &count, NULL);
    return count;
}

static size_t batch_for(const struct engine_options *options)
{
    size_t batch = options->batch_tokens ? options->batch_tokens : ENGINE_BATCH_TOKENS;

    batch = batch < GEMM_TOKENS_MAX ? batch : GEMM_TOKENS_MAX;
    return batch < options->context_tokens ? batch : options->context_tokens;
}

static enum dtype kv_type_for(const struct engine_options *options)
{
    return options->kv_type == DTYPE_Q8_0 ? DTYPE_Q8_0 : DTYPE_F16;
}

static void cpu_predict(const struct model *model, const struct engine_options *options, const struct host *host,
                        struct footprint *footprint)
{
    const struct cpu_cache_plan plan = {
        .type = kv_type_for(options), .context_tokens = options->context_tokens, .batch_tokens = batch_for(options)};

    size_t mapped_bytes;

    footprint->weights_bytes = cpu_pack_bytes(model, options->isa, options->no_repack, &mapped_bytes);
    footprint->mapped_bytes = mapped_bytes;
    footprint->kv_cache_bytes = cpu_cache_bytes(model, &plan);
    footprint->scratch_bytes =
        cpu_scratch_bytes(model, options->isa, options->no_repack, batch_for(options), thread_count(host, options));
}

static enum status cpu_open(struct engine *engine, const struct host *host, const struct engine_options *options,
                            struct error *error)
{
    unsigned cpus[HOST_CPUS_MAX];
    size_t count;
    struct cpu *cpu;

    if (host_choose_cpus(host, options->threads, options->choice, cpus, &count, error) != STATUS_OK)
        return error->status;
    cpu = calloc(1, sizeof *cpu);
    if (!cpu)
        return error_set(error, STATUS_MEMORY, "out of memory");
    engine->state = cpu;
    cpu->isa = options->isa;
    cpu->context_tokens = options->context_tokens;
    cpu->batch_tokens = batch_for(options);
    cpu->host = host;
    cpu->kv_type = kv_type_for(options);
    cpu->tuning = tune_candidates[0];
    cpu->may_tune = !options->no_tune;
    cpu->as_stored = options->no_repack;
    cpu->attend = kernel_best(OP_ATTEND, cpu->kv_type, cpu->isa);
    cpu->norm = kernel_best(OP_NORM, DTYPE_COUNT, cpu->isa);
    cpu->cap = kernel_best(OP_CAP, DTYPE_COUNT, cpu->isa);
    return threads_open(&cpu->threads, cpus, count, error);
}

/* Layers and the tables of angles that they use. */
static enum status set_layers(struct cpu *cpu, struct error *error)
{
    const struct model *model = cpu->model;
    bool halves = model->architecture->pairing == PAIRING_HALVES;
    bool gelu = model->architecture->activation == ACTIVATION_GELU_TANH;

    cpu->rotate = kernel_best(halves ? OP_ROTATE_HALVES : OP_ROTATE, DTYPE_COUNT, cpu->isa);
    cpu->gate = kernel_best(gelu ? OP_GATE_GELU : OP_GATE, DTYPE_COUNT, cpu->isa);
    cpu->layers = calloc(model->layers, sizeof *cpu->layers);
    if (!cpu->layers)
        goto starved;
    for (size_t l = 0; l < model->layers; l++) {
        struct cpu_layer *layer = &cpu->layers[l];
        layer->shape = model_layer(model, l);
        layer->rotation = layer->shape.window != 0 && model->local_rope_base > 0;
        struct cpu_rotation *rotation = &cpu->rotations[layer->rotation];
        if (!layer->shape.rotated || rotation->frequencies)
            continue;
        rotation->frequencies = calloc(model->rope.dimensions / 2, sizeof *rotation->frequencies);
        if (!rotation->frequencies)
            goto starved;
        model_rope(model, l, cpu->context_tokens, rotation->frequencies, &rotation->magnitude);
    }
    return STATUS_OK;
starved:
    return error_set(error, STATUS_MEMORY, "out of memory for the layers of %s", model->name);
}

static enum status cpu_load(struct engine *engine, const struct model *model, const struct weights *weights,
                            struct error *error)
{
    struct cpu *cpu = engine->state;
    enum status status;

    if (model->head_size > ATTEND_HEAD_MAX)
        return error_set(error, STATUS_UNSUPPORTED, "%s: heads of %zu values; the CPU engine takes up to %d",
                         model->name, model->head_size, ATTEND_HEAD_MAX);
    cpu->model = model;
    cpu->exact = !model_quantised(model);
    status = set_layers(cpu, error);
    if (status == STATUS_OK)
        status = cpu_pack(cpu, weights, error);
    if (status == STATUS_OK)
        status = cpu_cache_open(cpu, error);
    if (status == STATUS_OK)
        status = cpu_scratch_open(cpu, error);
    if (status == STATUS_OK && cpu->may_tune)
        cpu_tune(cpu);
    return status;
}

static enum status check_room(const struct cpu *cpu, size_t tokens, struct error *error)
{
    if (tokens > cpu->context_tokens - cpu->cache.length)
        return error_set(
            error, STATUS_MISUSE,
            "%zu tokens in the cache and %zu more do not fit into a context of %zu; give a larger --context",
            cpu->cache.length, tokens, cpu->context_tokens);
    return STATUS_OK;
}

static enum status check_tokens(const struct cpu *cpu, const int32_t *tokens, size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++)
        if (tokens[i] < 0 || (size_t)tokens[i] >= cpu->model->vocabulary)
            return error_set(error, STATUS_MISUSE, "token %zu is %d: ids of %s are 0 to %zu", i, tokens[i],
                             cpu->model->name, cpu->model->vocabulary - 1);
    return check_room(cpu, count, error);
}

static enum status cpu_prime(struct engine *engine, size_t depth_tokens, uint64_t seed, struct error *error)
{
    struct cpu *cpu = engine->state;

    cpu->cache.length = 0;
    if (check_room(cpu, depth_tokens, error) != STATUS_OK)
        return error->status;
    cpu_cache_prime(cpu, depth_tokens, seed);
    return STATUS_OK;
}

static enum status cpu_mark(struct engine *engine, struct error *error)
{
    return cpu_cache_mark(engine->state, error);
}

static enum status cpu_restore(struct engine *engine, struct error *error)
{
    (void)error;
    cpu_cache_restore(engine->state);
    return STATUS_OK;
}

static enum status cpu_prefill(struct engine *engine, const int32_t *tokens, size_t count, float *logits,
                               struct error *error)
{
    struct cpu *cpu = engine->state;
    enum status status = check_tokens(cpu, tokens, count, error);

    if (status != STATUS_OK)
        return status;
    cpu_forward(cpu, tokens, count);
    if (logits)
        memcpy(logits, cpu->scratch.logits, cpu->model->vocabulary * sizeof *logits);
    return STATUS_OK;
}

static enum status cpu_decode(struct engine *engine, const int32_t *forced, size_t count, uint64_t *done_ns,
                              float *logits, struct error *error)
{
    struct cpu *cpu = engine->state;
    enum status status = check_tokens(cpu, forced, count, error);

    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        cpu_forward(cpu, forced + i, 1);
        if (done_ns)
            done_ns[i] = clock_now_ns();
        if (logits)
            memcpy(logits + i * cpu->model->vocabulary, cpu->scratch.logits, cpu->model->vocabulary * sizeof *logits);
    }
    return status;
}

static enum status cpu_matmul_prepare(struct engine *engine, const struct matmul *matmul, struct error *error)
{
    struct cpu *cpu = engine->state;

    if (matmul->tokens > GEMM_TOKENS_MAX)
        return error_set(error, STATUS_UNSUPPORTED, "a matmul of %zu tokens: the CPU engine takes up to %d",
                         matmul->tokens, GEMM_TOKENS_MAX);
    if (matmul->type == DTYPE_INT8 && matmul->columns > CHANNEL_K_MAX)
        return error_set(error, STATUS_UNSUPPORTED, "a matmul of %s with rows of %zu: the CPU engine takes up to %d",
                         dtype_info(matmul->type)->name, matmul->columns, CHANNEL_K_MAX);
    if (cpu_trial_open(cpu, cpu->host, matmul, error))
        return error->status;
    if (cpu->may_tune)
        cpu_trial_tune(cpu);
    return STATUS_OK;
}

static enum status cpu_matmul_run(struct engine *engine, float *out, struct error *error)
{
    struct cpu *cpu = engine->state;

    if (!cpu->trial)
        return error_set(error, STATUS_MISUSE, "no matmul was prepared");
    cpu_trial_run(cpu, out);
    return STATUS_OK;
}

static enum status cpu_check(struct engine *engine, const struct model *model, size_t tokens, double *nmse,
                             struct error *error)
{
    return cpu_self_check(engine->state, model, tokens, nmse, error);
}

static void cpu_footprint(const struct engine *engine, struct footprint *footprint)
{
    const struct cpu *cpu = engine->state;

    footprint->weights_bytes = cpu->weights.bytes;
    footprint->mapped_bytes = cpu->mapped_bytes;
    footprint->kv_cache_bytes = cpu_cache_allocated_bytes(cpu);
    footprint->scratch_bytes = cpu->scratch.buffer.bytes;
}

/* Types whose matrices stay in the file, or are packed all the same. */
static void list_types(const struct cpu *cpu, bool as_stored, char *list, size_t size)
{
    bool there[DTYPE_COUNT] = {false};
    size_t used = 0;

    for (size_t i = 0; i < cpu->model->tensor_count; i++)
        there[cpu->model->tensors[i].type] |= cpu->model->tensors[i].rows > 1;
    *list = '\0';
    for (int type = 0; type < DTYPE_COUNT && used < size; type++)
        if (there[type] && as_stored == (kernel_best(OP_GEMV_ROWS, (enum dtype)type, cpu->isa) != NULL))
            used += (size_t)snprintf(list + used, size - used, "%s%s", used ? ", " : "",
                                     dtype_info((enum dtype)type)->name);
}

static void describe_stored(const struct cpu *cpu, void (*visit)(void *context, const char *key, const char *value),
                            void *context)
{
    char text[128];

    snprintf(text, sizeof text, "%zu", cpu->mapped_bytes);
    visit(context, "mapped_weights_bytes", text);
    list_types(cpu, true, text, sizeof text);
    if (*text)
        visit(context, "mapped_types", text);
    list_types(cpu, false, text, sizeof text);
    if (*text)
        visit(context, "packed_types", text);
}

static void cpu_describe(const struct engine *engine, void (*visit)(void *context, const char *key, const char *value),
                         void *context)
{
    const struct cpu *cpu = engine->state;
    enum dtype type = cpu->trial ? cpu_trial_type(cpu) : cpu->model ? cpu->layers[0].gate.type : DTYPE_Q4_0;
    const struct kernel *gemm = kernel_best(OP_GEMM, type, cpu->isa);
    const struct kernel *rows = cpu->as_stored ? kernel_best(OP_GEMV_ROWS, type, cpu->isa) : NULL;
    char threads[32], prefetch[80];

    snprintf(threads, sizeof threads, "%zu", threads_count(cpu->threads));
    visit(context, "threads", threads);
    visit(context, "isa", isa_name(gemm->isa));
    visit(context, "prefill_kernel", gemm->name);
    visit(context, "decode_kernel", rows ? rows->name : kernel_best(OP_GEMV, type, cpu->isa)->name);
    visit(context, "attention_kernel", cpu->attend->name);
    snprintf(prefetch, sizeof prefetch, "%zu streams, %zu and %zu bytes ahead, %s", cpu->tuning.streams,
             cpu->tuning.near_bytes, cpu->tuning.far_bytes, cpu->tuned ? "tuned at load" : "not tuned");
    visit(context, "prefetch", prefetch);
    visit(context, "pages", cpu->weights.huge ? "huge pages requested" : "base");
    if (cpu->as_stored && cpu->model)
        describe_stored(cpu, visit, context);
}

static void cpu_close(struct engine *engine)
{
    struct cpu *cpu = engine->state;

    if (!cpu)
        return;
    cpu_trial_close(cpu);
    threads_close(cpu->threads);
    buffer_close(&cpu->weights);
    cpu_cache_close(cpu);
    buffer_close(&cpu->scratch.buffer);
    free(cpu->scratch.threads);
    free(cpu->layers);
    for (size_t i = 0; i < CPU_ROTATIONS; i++)
        free(cpu->rotations[i].frequencies);
    free(cpu);
    engine->state = NULL;
}

const struct engine_ops engine_cpu = {
    .name = "cpu",
    .summary = "our own kernels on the processor's cores",
    .predict = cpu_predict,
    .open = cpu_open,
    .load = cpu_load,
    .prime = cpu_prime,
    .mark = cpu_mark,
    .restore = cpu_restore,
    .prefill = cpu_prefill,
    .decode = cpu_decode,
    .matmul_prepare = cpu_matmul_prepare,
    .matmul_run = cpu_matmul_run,
    .self_check = cpu_check,
    .footprint = cpu_footprint,
    .describe = cpu_describe,
    .close = cpu_close,
};
