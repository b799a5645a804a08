#include "runner/workbench.h"

#include "devices/clock.h"

static const char *only_text(const struct options *options, enum option_id id)
{
    return options_count(options, id) ? options_text(options, id, 0) : NULL;
}

/* These commands work on one of each; lists are for `run`. */
static enum status refuse_lists(const struct options *options, struct error *error)
{
    static const enum option_id single[] = {OPTION_QUANT,   OPTION_OUTPUT_TYPE, OPTION_ENGINE,
                                            OPTION_THREADS, OPTION_CONTEXT,     OPTION_KV_TYPE};

    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        if (options_count(options, single[i]) > 1)
            return error_set(error, STATUS_MISUSE, "--%s: one value only here", options_name(single[i]));
    return STATUS_OK;
}

enum status workbench_open(struct workbench *bench, const struct options *options, const char *request,
                           struct error *error)
{
    uint64_t start_ns;
    enum status status;

    *bench = (struct workbench){.seed = (uint64_t)options_number(options, OPTION_SEED, 0)};
    bench->engine.ops = engine_find(options_text(options, OPTION_ENGINE, 0));
    status = refuse_lists(options, error);
    if (!status)
        status = host_read(&bench->host, NULL, error);
    if (!status)
        status = host_usable_isa(&bench->host, &bench->isa, error);
    if (status || !request)
        return status;
    if (subject_is_file(request) &&
        (options_given(options, OPTION_QUANT) || options_given(options, OPTION_OUTPUT_TYPE)))
        return error_set(error, STATUS_MISUSE, "%s: a file has types of its own; leave out --%s", request,
                         options_given(options, OPTION_QUANT) ? "quant" : "output-tensor-type");
    status = subject_check_repack(request, options_flag(options, OPTION_NO_REPACK), error);
    if (status)
        return status;
    start_ns = clock_now_ns();
    status =
        subject_open_cut(&bench->subject, request, options_size(options, OPTION_LAYERS, 0),
                         only_text(options, OPTION_QUANT), only_text(options, OPTION_OUTPUT_TYPE), bench->seed, error);
    bench->subject_seconds = clock_seconds(start_ns, clock_now_ns());
    bench->engine_options = (struct engine_options){.threads = options_size(options, OPTION_THREADS, 0),
                                                    .choice = options_choice(options, 0),
                                                    .kv_type = DTYPE_F16,
                                                    .no_repack = options_flag(options, OPTION_NO_REPACK),
                                                    .no_tune = options_flag(options, OPTION_NO_TUNE),
                                                    .isa = bench->isa};
    if (options_count(options, OPTION_KV_TYPE))
        dtype_from_name(options_text(options, OPTION_KV_TYPE, 0), &bench->engine_options.kv_type);
    return status;
}

enum status workbench_start(struct workbench *bench, size_t context_tokens, struct error *error)
{
    const struct engine_ops *ops = bench->engine.ops;

    bench->engine_options.context_tokens = context_tokens;
    if (!ops->open)
        return error_set(error, STATUS_UNSUPPORTED, "engine %s cannot be opened", ops->name);
    return ops->open(&bench->engine, &bench->host, &bench->engine_options, error);
}

enum status workbench_load(struct workbench *bench, struct error *error)
{
    const struct engine_ops *ops = bench->engine.ops;
    enum status status;

    if (!ops->load)
        return error_set(error, STATUS_UNSUPPORTED, "engine %s cannot run whole models", ops->name);
    status = ops->load(&bench->engine, &bench->subject.model, bench->subject.weights, error);
    if (!status && ops->mark)
        status = ops->mark(&bench->engine, error);
    return status;
}

void workbench_stop(struct workbench *bench)
{
    /* an engine that could not be opened may have got half way */
    if (bench->engine.state && bench->engine.ops->close)
        bench->engine.ops->close(&bench->engine);
    bench->engine.state = NULL;
}

void workbench_close(struct workbench *bench)
{
    workbench_stop(bench);
    subject_close(&bench->subject);
}
