#include "runner/launch.h"

#include <math.h>
#include <string.h>

#include "devices/clock.h"
#include "devices/sensors.h"
#include "runner/lines.h"
#include "runner/workbench.h"
#include "workloads/cost.h"
#include "workloads/matmul.h"
#include "workloads/oracle.h"

enum { REPETITIONS = 3, WARMUPS_MOST = 3, CHECKED_TOKENS = 4 };
#define WARMUP_RATIO 0.05 /* two repetitions that differ by no more are warm */

static const struct tensor *find_tensor(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->tensor_count; i++)
        if (strcmp(model->tensors[i].name, name) == 0)
            return &model->tensors[i];
    return NULL;
}

struct product {
    struct engine *engine;
    struct matmul work;
    struct sensor_set sensors;
    FILE *out;
    double rate_per_second; /* of the last repetition */
};

/* Products back to back for at least that long. */
static enum status repeat_once(struct product *product, enum phase phase, double least_seconds, struct error *error)
{
    const struct matmul *work = &product->work;
    FILE *out = product->out;
    uint64_t start_ns, now_ns, end_ns;
    struct sensors before, after;
    size_t runs = 0;
    enum status status;

    sensors_read(&before, &product->sensors);
    start_ns = clock_now_ns();
    end_ns = start_ns + (uint64_t)(least_seconds * 1e9);
    do {
        status = product->engine->ops->matmul_run(product->engine, NULL, error);
        now_ns = clock_now_ns();
        runs++;
    } while (!status && now_ns < end_ns);
    if (status)
        return status;
    sensors_read(&after, &product->sensors);
    product->rate_per_second = (double)runs / clock_seconds(start_ns, now_ns);
    lines_repetition(out, phase, start_ns);
    lines_value(out, FIELD_matmul_macs_per_second,
                (double)cost_matmul_macs(work->rows, work->columns, work->tokens) * product->rate_per_second);
    lines_value(out, FIELD_matmul_read_bytes_per_second,
                (double)cost_matmul_bytes(work->type, work->rows, work->columns) * product->rate_per_second);
    lines_noise(out, &before, &after);
    return STATUS_OK;
}

/* The first repetition, and more until one is as fast as the one before it. */
static enum status warm_up(struct product *product, double least_seconds, struct error *error)
{
    enum status status = repeat_once(product, PHASE_FIRST, least_seconds / 4, error);
    bool warm = false;

    for (size_t i = 0; i < WARMUPS_MOST && !warm && !status; i++) {
        double before = product->rate_per_second;
        status = repeat_once(product, PHASE_WARMUP, least_seconds, error);
        warm = fabs(product->rate_per_second - before) <= WARMUP_RATIO * before;
    }
    return status;
}

/* The type that --tensor-type names, or the tensor's own. The gate has met the kernels of the model's types alone: those of another
 * are checked here. */
static enum status choose_type(struct engine *engine, const struct options *options, const struct tensor *tensor,
                               struct matmul *work, struct error *error)
{
    const char *name = options_count(options, OPTION_TENSOR_TYPE) ? options_text(options, OPTION_TENSOR_TYPE, 0) : NULL;
    struct tensor other = *tensor;
    const struct model one = {.name = "matmul", .layers = 1, .tensors = &other, .tensor_count = 1};
    double nmse = NAN;
    enum status status;

    if (name && !dtype_from_name(name, &work->type))
        return error_set(error, STATUS_MISUSE, "--tensor-type '%s': there is no such type", name);
    other.type = work->type;
    if (other.type == tensor->type || !engine->ops->self_check)
        return STATUS_OK;
    if (other.columns % dtype_info(other.type)->block_elements)
        return error_set(error, STATUS_MISUSE, "--tensor-type %s: rows of %zu are no multiple of its block of %zu",
                         name, other.columns, dtype_info(other.type)->block_elements);
    status = engine->ops->self_check(engine, &one, CHECKED_TOKENS, &nmse, error);
    if (!status && !(nmse <= ORACLE_BAR_KERNEL))
        status = error_set(error, STATUS_MISMATCH, "kernels of %s: error %.3g is over the bar %.3g", name, nmse,
                           ORACLE_BAR_KERNEL);
    return status;
}

static void tell_choice(void *context, const char *key, const char *value)
{
    lines_engine(context, key, value);
}

enum status launch_matmul(const struct options *options, FILE *out, struct error *error)
{
    struct workbench bench;
    struct product product = {.engine = &bench.engine, .out = out};
    const char *name = options_count(options, OPTION_TENSOR) ? options_text(options, OPTION_TENSOR, 0) : "";
    double least_seconds = options_number(options, OPTION_WORK_SECONDS, 0);
    size_t repetitions = options_size(options, OPTION_REPETITIONS, REPETITIONS);
    const struct tensor *tensor;
    enum status status = workbench_open(&bench, options, options_text(options, OPTION_MODEL, 0), error);

    if (status)
        goto out;
    sensors_find(&product.sensors, &bench.host,
                 options_count(options, OPTION_ROOT) ? options_text(options, OPTION_ROOT, 0) : NULL);
    tensor = find_tensor(&bench.subject.model, name);
    if (!tensor || !options_size(options, OPTION_PROMPT, 0)) {
        status = tensor ? error_set(error, STATUS_MISUSE, "-p 0: a product needs at least one vector")
                        : error_set(error, STATUS_MISUSE, "--tensor '%s': %s has no such tensor", name,
                                    bench.subject.model.name);
        goto out;
    }
    product.work = matmul_of(&bench.subject.model, tensor, options_size(options, OPTION_PROMPT, 0), bench.seed);
    if (!bench.engine.ops->matmul_prepare || !bench.engine.ops->matmul_run) {
        status =
            error_set(error, STATUS_UNSUPPORTED, "engine %s cannot multiply single matrices", bench.engine.ops->name);
        goto out;
    }
    status = workbench_start(&bench, 1, error);
    if (!status)
        status = choose_type(&bench.engine, options, tensor, &product.work, error);
    if (!status)
        status = bench.engine.ops->matmul_prepare(&bench.engine, &product.work, error);
    if (!status && bench.engine.ops->describe)
        bench.engine.ops->describe(&bench.engine, tell_choice, out);
    if (!status)
        status = warm_up(&product, least_seconds, error);
    for (size_t i = 0; i < repetitions && !status; i++)
        status = repeat_once(&product, PHASE_MEASURED, least_seconds, error);
out:
    workbench_close(&bench);
    return status;
}
