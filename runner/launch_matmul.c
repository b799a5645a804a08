#include "runner/launch.h"

#include <math.h>
#include <string.h>

#include "devices/clock.h"
#include "devices/sensors.h"
#include "runner/lines.h"
#include "runner/workbench.h"
#include "workloads/cost.h"
#include "workloads/matmul.h"

enum { REPETITIONS = 3 };

static const struct tensor *find_tensor(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->tensor_count; i++)
        if (strcmp(model->tensors[i].name, name) == 0)
            return &model->tensors[i];
    return NULL;
}

/* Products back to back for at least that long. */
static enum status repeat_once(struct engine *engine, const struct matmul *work, enum phase phase, double least_seconds,
                               const struct sensor_set *sensors, FILE *out, struct error *error)
{
    uint64_t start_ns, now_ns, end_ns;
    struct sensors before, after;
    double rate_per_second;
    size_t runs = 0;
    enum status status;

    sensors_read(&before, sensors);
    start_ns = clock_now_ns();
    end_ns = start_ns + (uint64_t)(least_seconds * 1e9);
    do {
        status = engine->ops->matmul_run(engine, NULL, error);
        now_ns = clock_now_ns();
        runs++;
    } while (!status && now_ns < end_ns);
    if (status)
        return status;
    sensors_read(&after, sensors);
    rate_per_second = (double)runs / clock_seconds(start_ns, now_ns);
    lines_repetition(out, phase, start_ns);
    lines_value(out, FIELD_matmul_macs_per_second,
                (double)cost_matmul_macs(work->rows, work->columns, work->tokens) * rate_per_second);
    lines_value(out, FIELD_matmul_read_bytes_per_second,
                (double)cost_matmul_bytes(work->type, work->rows, work->columns) * rate_per_second);
    lines_noise(out, &before, &after);
    return STATUS_OK;
}

static void tell_choice(void *context, const char *key, const char *value)
{
    lines_engine(context, key, value);
}

enum status launch_matmul(const struct options *options, FILE *out, struct error *error)
{
    struct workbench bench;
    struct sensor_set sensors;
    const char *name = options_count(options, OPTION_TENSOR) ? options_text(options, OPTION_TENSOR, 0) : "";
    double least_seconds = options_number(options, OPTION_WORK_SECONDS, 0);
    size_t repetitions = options_size(options, OPTION_REPETITIONS, REPETITIONS);
    const struct tensor *tensor;
    struct matmul work;
    enum status status = workbench_open(&bench, options, options_text(options, OPTION_MODEL, 0), error);

    if (status)
        goto out;
    sensors_find(&sensors, &bench.host,
                 options_count(options, OPTION_ROOT) ? options_text(options, OPTION_ROOT, 0) : NULL);
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
        status = bench.engine.ops->matmul_prepare(&bench.engine, &work, error);
    if (!status && bench.engine.ops->describe)
        bench.engine.ops->describe(&bench.engine, tell_choice, out);
    if (!status)
        status = repeat_once(&bench.engine, &work, PHASE_FIRST, least_seconds / 4, &sensors, out, error);
    for (size_t i = 0; i < repetitions && !status; i++)
        status = repeat_once(&bench.engine, &work, PHASE_MEASURED, least_seconds, &sensors, out, error);
out:
    workbench_close(&bench);
    return status;
}
