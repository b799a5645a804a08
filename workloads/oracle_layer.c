/* One layer, as its architecture's row and the model's figures say: branch = f(norm(x)), x += scale · norm(branch). */
#include <math.h>
#include <string.h>

#include "workloads/oracle_pass.h"

/* Rotates pairs of elements of every head of `vectors` (count × heads × head_size) by the token's position. */
static void rotate(const struct pass *pass, size_t layer, size_t heads, double *vectors)
{
    const struct model *model = pass->model;
    bool halves = pass->layer.architecture->pairing == PAIRING_HALVES;
    size_t pairs = model->rope.dimensions / 2;
    double frequencies[MODEL_HEAD_SIZE_MAX / 2], magnitude;

    model_rope(model, layer, pass->context_tokens, frequencies, &magnitude);
    for (size_t i = 0; i < pairs; i++)
        for (size_t token = 0; token < pass->count; token++) {
            double angle = (double)token * frequencies[i];
            double cosine = magnitude * cos(angle), sine = magnitude * sin(angle);

            for (size_t head = 0; head < heads; head++) {
                double *vector = vectors + (token * heads + head) * model->head_size;
                double *first = vector + (halves ? i : 2 * i), *second = first + (halves ? pairs : 1);
                double x = *first, y = *second;
                *first = x * cosine - y * sine;
                *second = x * sine + y * cosine;
            }
        }
}

/* In place: queries or keys as the matrix gave them become those that meet in a score. */
static void norm_and_rotate(const struct pass *pass, size_t layer, enum role role, size_t heads, double *vectors)
{
    const struct model *model = pass->model;
    enum qk_norm norm = pass->layer.architecture->qk_norm;
    const struct tensor *gains = norm == QK_NORM_NONE ? NULL : model_tensor(model, role, (int)layer);

    if (norm == QK_NORM_WIDE)
        oracle_normalise(pass, gains, 1, heads * model->head_size, vectors, vectors);
    if (norm == QK_NORM_HEAD)
        oracle_normalise(pass, gains, heads, model->head_size, vectors, vectors);
    if (pass->layer.rotated)
        rotate(pass, layer, heads, vectors);
    if (norm == QK_NORM_HEAD_ROTATED)
        oracle_normalise(pass, gains, heads, model->head_size, vectors, vectors);
}

/* Rounds a token's keys, or values, of all heads to 8 bits: the largest magnitude becomes 127, ties go to even. Apple has not
 * published the scales of its model, which lie in its file; one taken from the token itself has the same steps at best. */
static void round_to_bytes(const struct pass *pass, double *vectors)
{
    size_t width = pass->model->kv_heads * pass->model->head_size;

    for (size_t token = 0; token < pass->count; token++, vectors += width) {
        double largest = 0, scale;

        for (size_t i = 0; i < width; i++)
            largest = fmax(largest, fabs(vectors[i]));
        scale = largest / 127;
        for (size_t i = 0; i < width && largest > 0; i++)
            vectors[i] = scale * fmin(fmax(nearbyint(vectors[i] / scale), -128), 127);
    }
}

static void add_bias(const struct pass *pass, enum role role, size_t layer, size_t width, double *vectors)
{
    const double *bias = oracle_expand_row(pass, model_tensor(pass->model, role, (int)layer), 0);

    for (size_t token = 0; token < pass->count; token++)
        for (size_t i = 0; i < width; i++)
            vectors[token * width + i] += bias[i];
}

/* Queries, keys and values of all tokens as the matrices give them. A layer that reads the keys and values of another has
 * queries only. */
static enum status project(const struct pass *pass, size_t layer, const double *in, struct error *error)
{
    const struct model *model = pass->model;
    const struct architecture *architecture = pass->layer.architecture;
    size_t width = model->heads * model->head_size, kv_width = model->kv_heads * model->head_size;
    const struct {
        enum role role, bias;
        double *out;
        size_t width;
    } parts[] = {
        {ROLE_QUERY, ROLE_QUERY_BIAS, pass->query, width},
        {ROLE_KEY, ROLE_KEY_BIAS, pass->key, kv_width},
        {ROLE_VALUE, ROLE_VALUE_BIAS, pass->value, kv_width},
    };
    const struct tensor *fused = architecture->fused_qkv ? model_tensor(model, ROLE_QKV, (int)layer) : NULL;
    enum status status;

    for (size_t i = 0, first = 0; i < (pass->layer.own_kv ? 3 : 1); first += parts[i++].width) {
        const struct tensor *tensor = fused ? fused : model_tensor(model, parts[i].role, (int)layer);

        status = oracle_multiply(pass, tensor, fused ? first : 0, parts[i].width, in, parts[i].out, error);
        if (status)
            return status;
        if (architecture->qkv_bias)
            add_bias(pass, parts[i].bias, layer, parts[i].width, parts[i].out);
    }
    return STATUS_OK;
}

/* In place: scores become weights that add up to 1. */
static void softmax(double *scores, size_t count)
{
    double largest = scores[0], sum = 0;

    for (size_t i = 1; i < count; i++)
        largest = fmax(largest, scores[i]);
    for (size_t i = 0; i < count; i++)
        sum += scores[i] = exp(scores[i] - largest);
    for (size_t i = 0; i < count; i++)
        scores[i] /= sum;
}

/* out (head_size) = mix of the values that the query of `token` sees, where keys and values of one head begin at key, value. */
static void attend(const struct pass *pass, size_t token, const double *query, const double *key, const double *value,
                   double *scores, double *out)
{
    const struct model *model = pass->model;
    size_t size = model->head_size, stride = model->kv_heads * size, window = pass->layer.window;
    size_t begin = window > 0 && token + 1 > window ? token + 1 - window : 0;
    double scale = model->attention_scale * model_query_factor(model, token), cap = model->attention_softcap;

    for (size_t seen = begin; seen <= token; seen++) {
        double score = scale * oracle_dot(query, key + seen * stride, size);
        scores[seen] = cap > 0 ? cap * tanh(score / cap) : score;
    }
    softmax(scores + begin, token + 1 - begin);
    memset(out, 0, size * sizeof *out);
    for (size_t seen = begin; seen <= token; seen++)
        for (size_t i = 0; i < size; i++)
            out[i] += scores[seen] * value[seen * stride + i];
}

static void attend_heads(void *context, size_t begin, size_t end)
{
    const struct pass *pass = context;
    const struct model *model = pass->model;
    size_t size = model->head_size, queries_per_kv = model->heads / model->kv_heads;

    for (size_t head = begin; head < end; head++)
        for (size_t token = 0; token < pass->count; token++) {
            size_t own = (token * model->heads + head) * size, shared = head / queries_per_kv * size;
            attend(pass, token, pass->query + own, pass->key + shared, pass->value + shared,
                   pass->scores + head * pass->count, pass->mixed + own);
        }
}

/* What a branch works on: the hidden state, normed where the architecture says so. */
static const double *branch_input(const struct pass *pass, enum role norm, size_t layer)
{
    if (!pass->layer.architecture->pre_norm)
        return pass->hidden;
    oracle_normalise(pass, model_tensor(pass->model, norm, (int)layer), 1, pass->model->hidden, pass->hidden,
                     pass->normed);
    return pass->normed;
}

/* Adds the output of a branch, which lies in `normed`. */
static void add_branch(const struct pass *pass, enum role norm, size_t layer)
{
    const struct model *model = pass->model;

    if (pass->layer.architecture->post_norm)
        oracle_normalise(pass, model_tensor(model, norm, (int)layer), 1, model->hidden, pass->normed, pass->normed);
    for (size_t i = 0; i < pass->count * model->hidden; i++)
        pass->hidden[i] += model->residual_scale * pass->normed[i];
}

static enum status attention(struct pass *pass, size_t layer, struct error *error)
{
    const struct model *model = pass->model;
    enum status status = project(pass, layer, branch_input(pass, ROLE_ATTENTION_NORM, layer), error);

    if (status)
        return status;
    norm_and_rotate(pass, layer, ROLE_QUERY_NORM, model->heads, pass->query);
    if (pass->layer.own_kv) {
        norm_and_rotate(pass, layer, ROLE_KEY_NORM, model->kv_heads, pass->key);
        if (pass->layer.architecture->rounds_kv) {
            round_to_bytes(pass, pass->key);
            round_to_bytes(pass, pass->value);
        }
    }
    oracle_share_out(pass, model->heads, attend_heads, pass);
    status = oracle_multiply(pass, model_tensor(model, ROLE_ATTENTION_OUTPUT, (int)layer), 0, model->hidden,
                             pass->mixed, pass->normed, error);
    if (status)
        return status;
    add_branch(pass, ROLE_POST_ATTENTION_NORM, layer);
    return STATUS_OK;
}

static double activate(enum activation activation, double x)
{
    const double pi = 3.14159265358979323846;

    if (activation == ACTIVATION_SILU)
        return x / (1 + exp(-x));
    return 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x)));
}

static enum status feed_forward(const struct pass *pass, size_t layer, struct error *error)
{
    const struct model *model = pass->model;
    const struct architecture *architecture = pass->layer.architecture;
    size_t inside = model->feed_forward;
    const struct tensor *fused = architecture->fused_gate_up ? model_tensor(model, ROLE_GATE_UP, (int)layer) : NULL;
    const struct tensor *gate = fused ? fused : model_tensor(model, ROLE_GATE, (int)layer);
    const struct tensor *up = fused ? fused : model_tensor(model, ROLE_UP, (int)layer);
    const double *in = branch_input(pass, ROLE_FFN_NORM, layer);
    enum status status;

    if ((status = oracle_multiply(pass, gate, 0, inside, in, pass->gate, error)) ||
        (status = oracle_multiply(pass, up, fused ? inside : 0, inside, in, pass->up, error)))
        return status;
    for (size_t i = 0; i < pass->count * inside; i++)
        pass->gate[i] = activate(architecture->activation, pass->gate[i]) * pass->up[i];
    status = oracle_multiply(pass, model_tensor(model, ROLE_DOWN, (int)layer), 0, model->hidden, pass->gate,
                             pass->normed, error);
    if (status)
        return status;
    add_branch(pass, ROLE_POST_FFN_NORM, layer);
    return STATUS_OK;
}

enum status oracle_layer(struct pass *pass, size_t layer, struct error *error)
{
    enum status status;

    pass->layer = model_layer(pass->model, layer);
    status = attention(pass, layer, error);
    return status ? status : feed_forward(pass, layer, error);
}
