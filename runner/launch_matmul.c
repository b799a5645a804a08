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

enum { REPETITIONS = 3, CHECKED_TOKENS = 4 };

static const struct tensor *find_tensor(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->tensor_count; i++)
        if (strcmp(model->tensors[i].name, name) == 0)
            return &model->tensors[i];
    return NULL;
}

/* Products back to back for at least that long. */
static enum status repeat_once(struct engine *engine, const struct matmul *work, enum phase phase, double least_seconds,
                               const char *root, FILE *out, struct error *error)
{
    uint64_t start_ns, now_ns, end_ns;
    struct sensors before, after;
    double rate_per_second;
    size_t runs = 0;
    enum status status;

    sensors_read(&before, root);
    start_ns = clock_now_ns();
    end_ns = start_ns + (uint64_t)(least_seconds * 1e9);
    do {
        status = engine->ops->matmul_run(engine, NULL, error);
        now_ns = clock_now_ns();
        runs++;
    } while (!status && now_ns < end_ns);
    if (status)
        return status;
    sensors_read(&after, root);
    rate_per_second = (double)runs / clock_seconds(start_ns, now_ns);
    lines_repetition(out, phase, start_ns);
    lines_value(out, FIELD_matmul_macs_per_second,
                (double)cost_matmul_macs(work->rows, work->columns, work->tokens) * rate_per_second);
    lines_value(out, FIELD_matmul_read_bytes_per_second,
                (double)cost_matmul_bytes(work->type, work->rows, work->columns) * rate_per_second);
    lines_noise(out, &before, &after);
    return STATUS_OK;
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
    const char *name = options_count(options, OPTION_TENSOR) ? options_text(options, OPTION_TENSOR, 0) : "";
    const char *root = options_count(options, OPTION_ROOT) ? options_text(options, OPTION_ROOT, 0) : NULL;
    double least_seconds = options_number(options, OPTION_WORK_SECONDS, 0);
    size_t repetitions = options_size(options, OPTION_REPETITIONS, REPETITIONS);
    const struct tensor *tensor;
    struct matmul work;
    enum status status = workbench_open(&bench, options, options_text(options, OPTION_MODEL, 0), error);

    if (status)
        goto out;
    tensor = find_tensor(&bench.subject.model, name);
    if (!tensor || !options_size(options, OPTION_PROMPT, 0)) {
        status = tensor ? error_set(error, STATUS_MISUSE, "-p 0: a product needs at least one vector")
                        : error_set(error, STATUS_MISUSE, "--tensor '%s': %s has no such tensor", name,
                                    bench.subject.model.name);
        goto out;
    }
    work = matmul_of(&bench.subject.model, tensor, options_size(options, OPTION_PROMPT, 0), bench.seed);
    if (!bench.engine.ops->matmul_prepare || !bench.engine.ops->matmul_run) {
        status =
            error_set(error, STATUS_UNSUPPORTED, "engine %s cannot multiply single matrices", bench.engine.ops->name);
        goto out;
    }
    status = workbench_start(&bench, 1, error);
    if (!status)
        status = choose_type(&bench.engine, options, tensor, &work, error);
    if (!status)
        status = bench.engine.ops->matmul_prepare(&bench.engine, &work, error);
    if (!status && bench.engine.ops->describe)
        bench.engine.ops->describe(&bench.engine, tell_choice, out);
    if (!status)
        status = repeat_once(&bench.engine, &work, PHASE_FIRST, least_seconds / 4, root, out, error);
    for (size_t i = 0; i < repetitions && !status; i++)
        status = repeat_once(&bench.engine, &work, PHASE_MEASURED, least_seconds, root, out, error);
out:
    workbench_close(&bench);
    return status;
}
