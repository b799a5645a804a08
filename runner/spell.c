#include "runner/spell.h"

#include <math.h>

#include "devices/roof.h"

/* Half a giga-MAC and half a gigabyte per second: slower than any device this is for. */
#define SLOWEST_PER_SECOND    5e8
#define STUCK_SECONDS         300.0
#define CANARY_SECONDS        0.05
#define ENERGY_PARTS          6 /* idle before, to settle, after; two phases; and one for good measure */
#define LARGE_FOOTPRINT_BYTES 0x1p32
#define LARGE_FOOTPRINT_RATE  0xap30 /* bytes per second of a probe's time: short probes get a smaller one */

static void begin(struct child_command *command, const char *program, const char *kind)
{
    child_command_open(command, program, "pocketmark");
    child_command_add(command, "child");
    child_command_add(command, "%s", kind);
    child_command_add(command, "--report-fd=%d", CHILD_REPORT_FD);
}

static void add_threads(struct child_command *command, size_t threads, const char *choice)
{
    if (choice)
        child_command_add(command, "--threads=%s", choice);
    else
        child_command_add(command, "--threads=%zu", threads);
}

static void add_subject(struct child_command *command, const struct plan *plan, const struct plan_case *item)
{
    child_command_add(command, "--model=%s", item->subject->request);
    if (!item->subject->file) {
        child_command_add(command, "--quant=%s", item->subject->format);
        if (item->subject->output_differs)
            child_command_add(command, "--output-tensor-type=%s", item->subject->output);
    }
    child_command_add(command, "--engine=%s", item->engine->name);
    if (item->threads || item->choice)
        add_threads(command, item->threads, item->choice);
    if (item->no_repack)
        child_command_add(command, "--no-repack");
    if (plan->no_tune)
        child_command_add(command, "--no-tune");
    child_command_add(command, "--seed=%llu", (unsigned long long)plan->seed);
}

/* A footprint that a cache holds is no roof of memory, but it is the right one for so small a model. */
static size_t choose_footprints(const struct plan *plan, bool large_too, uint64_t taken[ROOF_READS_MAX])
{
    size_t count = 0, subjects = plan->subject_count;
    uint64_t large_bytes = (uint64_t)fmin(LARGE_FOOTPRINT_BYTES, plan->roof_seconds * LARGE_FOOTPRINT_RATE);

    for (size_t i = 0; i < subjects + large_too && count < ROOF_READS_MAX; i++) {
        uint64_t bytes = i < subjects ? model_stored_bytes(&plan->subjects[i]->model) : large_bytes;
        bool near = bytes < 4096;
        for (size_t j = 0; j < count; j++)
            near |= fabs(log2((double)bytes / (double)taken[j])) < 0.25;
        if (!near)
            taken[count++] = bytes;
    }
    return count;
}

void spell_roof(struct child_command *command, const char *program, const struct plan *plan, bool large_too)
{
    uint64_t taken[ROOF_READS_MAX];
    size_t count = choose_footprints(plan, large_too, taken);

    begin(command, program, "roof");
    child_command_add(command, "--probe-seconds=%g", plan->roof_seconds);
    if (plan->threads || plan->choice)
        add_threads(command, plan->threads, plan->choice);
    if (count) {
        char list[ROOF_READS_MAX * 24] = "";
        int used = 0;
        for (size_t i = 0; i < count; i++)
            used +=
                snprintf(list + used, sizeof list - (size_t)used, "%s%llu", i ? "," : "", (unsigned long long)taken[i]);
        child_command_add(command, "--footprints=%s", list);
    }
}

void spell_gate(struct child_command *command, const char *program, const struct plan *plan,
                const struct plan_case *item)
{
    begin(command, program, "gate");
    add_subject(command, plan, item);
    child_command_add(command, "--kv-type=%s", dtype_info(item->kv_type)->name);
    if (plan_gate_context(item))
        child_command_add(command, "--context=%zu", plan_gate_context(item));
}

void spell_identity(struct child_command *command, const char *program)
{
    begin(command, program, "identity");
}

void spell_canary(struct child_command *command, const char *program, const struct plan *plan)
{
    begin(command, program, "canary");
    child_command_add(command, "--probe-seconds=%g", fmin(CANARY_SECONDS, fmax(0.001, plan->roof_seconds / 2)));
    if (plan->threads)
        child_command_add(command, "--threads=%zu", plan->threads);
}

void spell_llama_bench(struct child_command *command, const char *program, const char *llama_bench,
                       const struct plan_case *item)
{
    begin(command, program, "llama-bench");
    child_command_add(command, "--program=%s", llama_bench);
    child_command_add(command, "--model=%s", item->subject->request);
    if (item->threads)
        child_command_add(command, "--threads=%zu", item->threads);
    child_command_add(command, "--prompt=%zu", item->prompt_tokens);
    child_command_add(command, "--generate=%zu", item->generated_tokens);
    child_command_add(command, "--depth=%zu", item->depth_tokens);
    child_command_add(command, "--kv-type=%s", dtype_info(item->kv_type)->name);
}

void spell_launch(struct child_command *command, const char *program, const struct plan *plan,
                  const struct plan_case *item, size_t number)
{
    begin(command, program, item->kind == CASE_MATMUL ? "matmul" : "launch");
    child_command_add(command, "--number=%zu", number);
    if (number == 0 && item->subject->file && item->kind != CASE_MATMUL && item->rule.most > 1)
        child_command_add(command, "--cold");
    add_subject(command, plan, item);
    child_command_add(command, "--prompt=%zu", item->prompt_tokens);
    child_command_add(command, "--work-seconds=%g", item->work_seconds);
    child_command_add(command, "--warmup-seconds=%g", item->warmup_seconds);
    if (item->repetitions)
        child_command_add(command, "--repetitions=%zu", item->repetitions);
    if (plan->root)
        child_command_add(command, "--root=%s", plan->root);
    if (item->kind == CASE_MATMUL) {
        child_command_add(command, "--tensor=%s", item->tensor.name);
        child_command_add(command, "--tensor-type=%s", dtype_info(item->tensor.type)->name);
        return;
    }
    if (plan->meter)
        child_command_add(command, "--meter=%s", plan->meter);
    child_command_add(command, "--energy-seconds=%g", item->energy_seconds);
    child_command_add(command, "--sample-hertz=%zu", item->sample_hertz);
    child_command_add(command, "--generate=%zu", item->generated_tokens);
    child_command_add(command, "--depth=%zu", item->depth_tokens);
    child_command_add(command, "--context=%zu", item->context_tokens);
    child_command_add(command, "--kv-type=%s", dtype_info(item->kv_type)->name);
}

double spell_timeout_seconds(const struct plan_case *item)
{
    double pass_seconds = (double)model_stored_bytes(&item->subject->model) / SLOWEST_PER_SECOND;
    double tokens = (double)(item->generated_tokens + item->prompt_tokens);
    double repetitions = (double)(item->repetitions ? item->repetitions : 2);

    return STUCK_SECONDS + 4 * item->work_seconds + ENERGY_PARTS * item->energy_seconds + 10 * pass_seconds +
           pass_seconds * tokens * (repetitions + 1);
}
