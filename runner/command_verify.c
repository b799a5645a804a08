/* `pocketmark verify` and `pocketmark logits`: the arithmetic, in this process. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/save.h"
#include "runner/referee.h"
#include "workloads/oracle.h"
#include "workloads/synthetic.h"
#include "workloads/tokens.h"

enum {
    TOKENS_FEW = 4,   /* a described model has over 10⁹ weights, and the referee reads each in float64 */
    TOKENS_MORE = 12, /* enough for two whole prefills of 7 and a rest */
    BATCH_SOME = 7,   /* no whole part of any tile */
    BATCH_LARGE = 64, /* whole tiles */
    BEGINNINGS = 8,   /* of the list of tokens, that are fed through prefills */
    LOGITS_ROWS = 16, /* rows kept in memory while writing */
};

struct verification {
    struct workbench bench;
    int32_t *tokens;
    size_t count;
    double *exact;
    float *got, *seen_got;
    double *seen_exact;
    bool *seen, *taken;
};

static enum status take_tokens(struct verification *v, const struct options *options, struct error *error)
{
    size_t vocabulary = v->bench.subject.model.vocabulary;

    if (options_count(options, OPTION_TOKENS))
        return tokens_read(options_text(options, OPTION_TOKENS, 0), vocabulary, &v->tokens, &v->count, error);
    v->count = v->bench.subject.file ? TOKENS_MORE : TOKENS_FEW;
    if (v->bench.subject.model.context_tokens < v->count)
        v->count = v->bench.subject.model.context_tokens;
    v->tokens = malloc(v->count * sizeof *v->tokens);
    if (!v->tokens)
        return error_set(error, STATUS_MEMORY, "out of memory for %zu tokens", v->count);
    synthetic_tokens(v->bench.seed, vocabulary, v->count, v->tokens);
    return STATUS_OK;
}

/* Exact logits from a file of float32 rows, one per token. */
static enum status read_exact(struct verification *v, const char *path, struct error *error)
{
    size_t total = v->count * v->bench.subject.model.vocabulary, got;
    FILE *file = fopen(path, "rb");
    enum status status = STATUS_OK;

    if (!file)
        return error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
    got = fread(v->got, sizeof *v->got, total, file);
    if (ferror(file))
        status = error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
    else if (got != total || fgetc(file) != EOF)
        status = error_set(error, STATUS_FORMAT, "%s: expected %zu rows of %zu float32 (%zu bytes), one row per token",
                           path, v->count, v->bench.subject.model.vocabulary, total * sizeof *v->got);
    for (size_t i = 0; i < total && !status; i++)
        v->exact[i] = (double)v->got[i];
    fclose(file);
    return status;
}

static enum status make_room(struct verification *v, struct error *error)
{
    size_t total = v->count * v->bench.subject.model.vocabulary;

    v->exact = calloc(total, sizeof *v->exact);
    v->seen_exact = calloc(total, sizeof *v->seen_exact);
    v->got = calloc(total, sizeof *v->got);
    v->seen_got = calloc(total, sizeof *v->seen_got);
    v->seen = calloc(v->count, sizeof *v->seen);
    v->taken = calloc(v->count, sizeof *v->taken);
    if (!v->exact || !v->seen_exact || !v->got || !v->seen_got || !v->seen || !v->taken)
        return error_set(error, STATUS_MEMORY, "out of memory for the logits of %zu tokens", v->count);
    return STATUS_OK;
}

/* Adds the rows that were seen now and not before to those that are compared. */
static void take_rows(struct verification *v, size_t count, size_t *rows)
{
    size_t vocabulary = v->bench.subject.model.vocabulary;

    for (size_t t = 0; t < count; t++) {
        if (!v->seen[t] || v->taken[t])
            continue;
        memcpy(v->seen_got + *rows * vocabulary, v->got + t * vocabulary, vocabulary * sizeof *v->got);
        memcpy(v->seen_exact + *rows * vocabulary, v->exact + t * vocabulary, vocabulary * sizeof *v->exact);
        v->taken[t] = true;
        ++*rows;
    }
}

/* Feeds the tokens one way and prints how it compares. *passed becomes false where the bar is not met. A prefill gives the
 * logits of its last token alone, so that several beginnings of the list are fed. */
static enum status compare(struct verification *v, size_t batch, const char *name, double bar, bool *passed,
                           struct error *error)
{
    size_t passes = batch < 2 ? 1 : v->count < BEGINNINGS ? v->count : BEGINNINGS, rows = 0;
    struct agreement agreement;
    enum status status = STATUS_OK;
    bool met;

    memset(v->taken, 0, v->count * sizeof *v->taken);
    for (size_t i = 1; i <= passes && !status; i++) {
        size_t count = v->count * i / passes;
        status = referee_feed(&v->bench, v->tokens, count, batch, v->got, v->seen, error);
        if (!status)
            take_rows(v, count, &rows);
    }
    if (status)
        return status;
    agreement = referee_compare(v->seen_got, v->seen_exact, rows, v->bench.subject.model.vocabulary);
    met = agreement.nmse <= bar;
    *passed &= met;
    printf("%-28s nmse %10.3e  same first choice %zu of %zu  %s\n", name, agreement.nmse, agreement.same_top,
           agreement.rows, met ? "ok" : "FAILED");
    return STATUS_OK;
}

static enum status verify(struct verification *v, const struct options *options, struct error *error)
{
    const struct model *model = &v->bench.subject.model;
    double bar = oracle_bar(model, v->bench.engine_options.kv_type);
    bool passed = true;
    const struct {
        size_t batch;
        const char *name;
    } ways[] = {{0, "one at a time"},
                {1, "prefill of 1 token each"},
                {BATCH_SOME, "prefill of 7 tokens each"},
                {BATCH_LARGE, "prefill of 64 tokens each"},
                {v->count, "prefill of all tokens"}};
    enum status status = STATUS_OK;

    if (options_count(options, OPTION_LOGITS))
        status = read_exact(v, options_text(options, OPTION_LOGITS, 0), error);
    if (!status)
        status = workbench_start(&v->bench, options_size(options, OPTION_CONTEXT, v->count), error);
    if (!status)
        status = workbench_load(&v->bench, error);
    /* after the load: what does not fit is told before the long part */
    if (!status && !options_count(options, OPTION_LOGITS))
        status = referee_logits(&v->bench, v->tokens, v->count, v->exact, error);
    if (status)
        return status;
    printf("%s %s on engine %s, %zu tokens, cache %s, bar %.3e\n", model->name, v->bench.subject.format,
           v->bench.engine.ops->name, v->count, dtype_info(v->bench.engine_options.kv_type)->name, bar);
    for (size_t i = 0; i < sizeof ways / sizeof *ways && !status; i++)
        if (ways[i].batch != BATCH_LARGE || v->count > BATCH_LARGE) /* else it is the prefill of all */
            status = compare(v, ways[i].batch, ways[i].name, bar, &passed, error);
    if (!status && !passed)
        status =
            error_set(error, STATUS_MISMATCH, "%s %s: the arithmetic is wrong", model->name, v->bench.subject.format);
    return status;
}

static enum status check_context(const struct options *options, const struct model *model, size_t count,
                                 struct error *error)
{
    size_t context = options_size(options, OPTION_CONTEXT, count);

    if (context < count)
        return error_set(error, STATUS_MISUSE, "--context %zu is too small for %zu tokens; leave it out", context,
                         count);
    if (count > model->context_tokens)
        return error_set(error, STATUS_MISUSE, "%zu tokens are more than the %zu that %s was made for", count,
                         model->context_tokens, model->name);
    return STATUS_OK;
}

int command_verify(const struct invocation *invocation, struct error *error)
{
    const struct options *options = invocation->options;
    struct verification v = {0};
    enum status status;

    if (options_count(options, OPTION_LOGITS) && !options_count(options, OPTION_TOKENS))
        return exit_code_of(error_set(error, STATUS_MISUSE, "--logits needs --tokens: logits of which tokens?"));
    status = workbench_open(&v.bench, options, options->arguments[0], error);
    if (!status)
        status = take_tokens(&v, options, error);
    if (!status)
        status = check_context(options, &v.bench.subject.model, v.count, error);
    if (!status)
        status = make_room(&v, error);
    if (!status)
        status = verify(&v, options, error);
    workbench_close(&v.bench);
    free(v.tokens);
    free(v.exact);
    free(v.seen_exact);
    free(v.got);
    free(v.seen_got);
    free(v.seen);
    free(v.taken);
    return exit_code_of(status);
}

/* Steps through the tokens and writes a row for each. */
static enum status write_rows(struct workbench *bench, const int32_t *tokens, size_t count, struct save *save,
                              struct error *error)
{
    size_t vocabulary = bench->subject.model.vocabulary;
    float *rows = malloc(LOGITS_ROWS * vocabulary * sizeof *rows);
    enum status status =
        rows ? STATUS_OK : error_set(error, STATUS_MEMORY, "out of memory for %d rows of logits", LOGITS_ROWS);

    for (size_t t = 0; t < count && !status; t += LOGITS_ROWS) {
        size_t now = count - t < LOGITS_ROWS ? count - t : LOGITS_ROWS;
        status = bench->engine.ops->decode(&bench->engine, tokens + t, now, NULL, rows, error);
        if (!status)
            status = save_write(save, rows, now * vocabulary * sizeof *rows, error);
    }
    free(rows);
    return status;
}

static enum status save_rows(struct workbench *bench, const int32_t *tokens, size_t count, const char *path,
                             struct error *error)
{
    struct save save;
    enum status status = save_open(&save, path, error);

    if (status)
        return status;
    status = write_rows(bench, tokens, count, &save, error);
    if (!status)
        return save_commit(&save, error);
    save_abandon(&save);
    return status;
}

int command_logits(const struct invocation *invocation, struct error *error)
{
    const struct options *options = invocation->options;
    const char *path = options->arguments[2];
    struct workbench bench;
    int32_t *tokens = NULL;
    size_t count = 0;
    enum status status = workbench_open(&bench, options, options->arguments[0], error);

    if (!status)
        status = tokens_read(options->arguments[1], bench.subject.model.vocabulary, &tokens, &count, error);
    if (!status)
        status = check_context(options, &bench.subject.model, count, error);
    if (!status)
        status = workbench_start(&bench, options_size(options, OPTION_CONTEXT, count), error);
    if (!status)
        status = workbench_load(&bench, error);
    if (!status && !bench.engine.ops->decode)
        status = error_set(error, STATUS_UNSUPPORTED, "engine %s cannot decode", bench.engine.ops->name);
    if (!status)
        status = save_rows(&bench, tokens, count, path, error);
    workbench_close(&bench);
    free(tokens);
    return exit_code_of(status);
}
