#include "runner/derive.h"

#include <math.h>

#include "reports/sustained.h"
#include "reports/thermal_verdict.h"
#include "runner/roofs.h"
#include "workloads/cost.h"

/* The type that most of the model's arithmetic is in. */
static enum dtype matrix_type(const struct plan_case *item)
{
    const struct tensor *gate = model_tensor(&item->subject->model, ROLE_GATE, 0);

    if (item->kind == CASE_MATMUL)
        return item->tensor.type;
    if (!gate)
        gate = model_tensor(&item->subject->model, ROLE_GATE_UP, 0);
    return gate ? gate->type : model_output(&item->subject->model)->type;
}

/* MACs per second at best: INT8 for quantised weights, else FP32. */
static double arithmetic_roof(const struct plan_case *item, const struct facts *environment, const char *isa)
{
    return dtype_info(matrix_type(item))->quantised ? roofs_int8(environment, isa) : roofs_fp32(environment);
}

static double read_roof(const struct plan_case *item, const struct facts *environment)
{
    return roofs_read_near(environment, model_stored_bytes(&item->subject->model));
}

static void derive_matmul(const struct plan_case *item, const struct facts *environment, const char *isa,
                          double *values)
{
    double macs = (double)cost_matmul_macs(item->tensor.rows, item->tensor.columns, item->prompt_tokens);
    double bytes = (double)cost_matmul_bytes(item->tensor.type, item->tensor.rows, item->tensor.columns);
    double seconds = macs / values[FIELD_matmul_macs_per_second];
    double computing_seconds = macs / arithmetic_roof(item, environment, isa);
    double reading_seconds = bytes / read_roof(item, environment);

    /* fmax would take one bound for both where the other is unknown */
    if (!isnan(computing_seconds) && !isnan(reading_seconds))
        values[FIELD_matmul_utilization_ratio] = fmax(computing_seconds, reading_seconds) / seconds;
}

void derive_values(const struct plan_case *item, const struct facts *environment, const char *isa,
                   struct repetition *repetition)
{
    const struct model *model = &item->subject->model;
    double *values = repetition->values, bytes = 0;
    size_t start = item->depth_tokens + item->prompt_tokens;

    if (item->kind == CASE_MATMUL) {
        derive_matmul(item, environment, isa, values);
        return;
    }
    if (item->prompt_tokens) {
        double seconds = (double)item->prompt_tokens / values[FIELD_prefill_tokens_per_second];
        double macs = (double)cost_prefill_macs(model, item->prompt_tokens, item->depth_tokens);
        values[FIELD_prefill_macs_per_second] = macs / seconds;
        values[FIELD_prefill_utilization_ratio] = macs / seconds / arithmetic_roof(item, environment, isa);
    }
    if (item->generated_tokens) {
        double seconds = (double)item->generated_tokens / values[FIELD_decode_tokens_per_second];
        for (size_t i = 0; i < item->generated_tokens; i++)
            bytes += (double)cost_decode_bytes(model, start + i, plan_kv_element_bytes(item));
        values[FIELD_decode_read_bytes_per_second] = bytes / seconds;
        values[FIELD_decode_utilization_ratio] = bytes / seconds / read_roof(item, environment);
    }
}

static void explain_arithmetic(const struct plan_case *item, const struct facts *environment, const char *isa,
                               enum field field, struct cell *cell)
{
    if (!isnan(arithmetic_roof(item, environment, isa)))
        return;
    if (!*isa && dtype_info(matrix_type(item))->quantised)
        cell_explain(cell, field, "engine %s does not say which instruction set it used", item->engine->name);
    else
        cell_explain(cell, field, "the arithmetic roof was not measured");
}

void derive_explain(const struct plan_case *item, const struct facts *environment, const char *isa, struct cell *cell)
{
    bool read = !isnan(read_roof(item, environment));

    if (item->kind == CASE_MATMUL) {
        if (!read)
            cell_explain(cell, FIELD_matmul_utilization_ratio, "the read roof was not measured");
        explain_arithmetic(item, environment, isa, FIELD_matmul_utilization_ratio, cell);
        return;
    }
    if (item->prompt_tokens)
        explain_arithmetic(item, environment, isa, FIELD_prefill_utilization_ratio, cell);
    if (item->generated_tokens && !read)
        cell_explain(cell, FIELD_decode_utilization_ratio, "the read roof was not measured");
    if (item->kind == CASE_SUSTAINED)
        sustained_conclude(cell, (double)item->prompt_tokens, (double)item->generated_tokens);
    thermal_verdict_tell(cell, item->kind == CASE_SUSTAINED);
}
