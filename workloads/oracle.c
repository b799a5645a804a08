#include "workloads/oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/oracle_pass.h"

static void embed(const struct pass *pass, const int32_t *tokens)
{
    const struct model *model = pass->model;
    const struct tensor *embedding = model_tensor(model, ROLE_TOKEN_EMBEDDING, -1);

    for (size_t token = 0; token < pass->count; token++) {
        const double *row = oracle_expand_row(pass, embedding, (size_t)tokens[token]);

        for (size_t i = 0; i < model->hidden; i++)
            pass->hidden[token * model->hidden + i] = model->embedding_scale * row[i];
    }
}

static void finish_logits(const struct model *model, size_t count, double *logits)
{
    double cap = model->logit_softcap;

    for (size_t i = 0; i < count * model->vocabulary; i++) {
        logits[i] /= model->logit_divisor;
        if (cap > 0)
            logits[i] = cap * tanh(logits[i] / cap);
    }
}

static enum status pass_open(struct pass *pass, struct error *error)
{
    const struct model *model = pass->model;
    size_t width = model->heads * model->head_size, key_width = model->kv_heads * model->head_size;
    size_t per_token = 2 * (model->hidden + width + key_width + model->feed_forward) + model->heads;
    size_t widest = model->hidden > width ? model->hidden : width;
    size_t bytes;
    double *next;

    if (__builtin_mul_overflow(per_token, pass->count, &bytes) || __builtin_add_overflow(bytes, widest, &bytes) ||
        __builtin_mul_overflow(bytes, sizeof *pass->hidden, &bytes) || !(pass->hidden = malloc(bytes)) ||
        !(pass->stored = malloc(widest * sizeof(float)))) /* no type is wider than f32 */
        return error_set(error, STATUS_MEMORY,
                         "reference pass: no memory for the activations of %zu tokens; ask for fewer", pass->count);
    next = pass->hidden + pass->count * model->hidden;
    const struct {
        double **array;
        size_t width;
    } arrays[] = {
        {&pass->normed, model->hidden},   {&pass->query, width},         {&pass->mixed, width},
        {&pass->key, key_width},          {&pass->value, key_width},     {&pass->gate, model->feed_forward},
        {&pass->up, model->feed_forward}, {&pass->scores, model->heads},
    };
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i].array = next;
        next += pass->count * arrays[i].width;
    }
    pass->vector = next;
    return STATUS_OK;
}

enum status oracle_logits(const struct weights *weights, const int32_t *tokens, size_t count, size_t context_tokens,
                          double *logits, const struct parallel *parallel, struct error *error)
{
    const struct model *model = weights->model;
    struct pass pass = {
        .weights = weights, .model = model, .parallel = parallel, .count = count, .context_tokens = context_tokens};
    enum status status = pass_open(&pass, error);

    if (status)
        goto out;
    embed(&pass, tokens);
    for (size_t layer = 0; layer < model->layers; layer++) {
        status = oracle_layer(&pass, layer, error);
        if (status)
            goto out;
    }
    oracle_normalise(&pass, model_tensor(model, ROLE_OUTPUT_NORM, -1), 1, model->hidden, pass.hidden, pass.normed);
    status = oracle_multiply(&pass, model_output(model), 0, model->vocabulary, pass.normed, logits, error);
    if (!status)
        finish_logits(model, count, logits);
out:
    free(pass.hidden);
    free(pass.stored);
    return status;
}

double oracle_nmse(const float *got, const double *want, size_t count)
{
    double error = 0, power = 0;

    for (size_t i = 0; i < count; i++) {
        double difference = (double)got[i] - want[i];
        error += difference * difference;
        power += want[i] * want[i];
    }
    /* Nothing to compare with passes no bar; a NaN or infinity in `got` has made `error` one. */
    if (!isfinite(error) || !isfinite(power) || power == 0)
        return INFINITY;
    return error / power;
}

double oracle_bar_exact(const struct model *model)
{
    return model_quantised(model) ? 2.5e-4 * sqrt((double)model->layers) : 1e-6;
}

double oracle_bar(const struct model *model, enum dtype kv_type)
{
    double exact = oracle_bar_exact(model);

    return kv_type == DTYPE_Q8_0 ? fmax(exact, 2e-3) : exact;
}
