/* Layer by layer over all tokens at once: a weight row is expanded once and multiplied with every token, and keys and
 * values need room for one layer only. Rows are shared out in panels of PANEL_ROWS; each output is one thread's work in a
 * fixed order of additions, so the result does not depend on the number of threads. */
#include "workloads/oracle.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/blocks.h"

struct pass {
    const struct weights *weights;
    const struct model *model;
    const struct parallel *parallel;
    size_t count; /* tokens */
    /* count rows each, in one allocation that starts at hidden */
    double *hidden, *normed; /* D */
    double *query, *mixed;   /* H·d */
    double *key, *value;     /* K·d */
    double *gate, *up;       /* F */
    double *scores;          /* heads × count: the weights of one query */
    double *vector;          /* one expanded row of D elements */
    uint8_t *stored;         /* the same as stored */
};

/* out (count × rows) = in (count × columns) times the tensor, transposed. */
struct product {
    const struct pass *pass;
    const struct tensor *tensor;
    const double *in;
    double *out;
    atomic_bool starved; /* a thread found no memory */
};

static void dequantise_q8_0(size_t elements, const uint8_t *row, double *out)
{
    for (size_t i = 0; i < elements; i += BLOCK_K) {
        struct block_q8_0 block;
        double scale;

        memcpy(&block, row + i / BLOCK_K * sizeof block, sizeof block);
        scale = half_to_float(block.scale);
        for (size_t j = 0; j < BLOCK_K; j++)
            out[i + j] = scale * block.values[j];
    }
}

static void dequantise_q4_0(size_t elements, const uint8_t *row, double *out)
{
    for (size_t i = 0; i < elements; i += BLOCK_K) {
        struct block_q4_0 block;
        double scale;

        memcpy(&block, row + i / BLOCK_K * sizeof block, sizeof block);
        scale = half_to_float(block.scale);
        for (size_t j = 0; j < BLOCK_K / 2; j++) {
            out[i + j] = scale * ((block.nibbles[j] & 15) - 8);
            out[i + j + BLOCK_K / 2] = scale * ((block.nibbles[j] >> 4) - 8);
        }
    }
}

void oracle_dequantise(enum dtype type, size_t elements, const void *row, double *out)
{
    const uint8_t *bytes = row;

    switch (type) {
    case DTYPE_Q8_0:
        dequantise_q8_0(elements, bytes, out);
        break;
    case DTYPE_Q4_0:
        dequantise_q4_0(elements, bytes, out);
        break;
    case DTYPE_F16:
        for (size_t i = 0; i < elements; i++) {
            uint16_t half;
            memcpy(&half, bytes + i * sizeof half, sizeof half);
            out[i] = half_to_float(half);
        }
        break;
    default:
        for (size_t i = 0; i < elements; i++) {
            float single;
            memcpy(&single, bytes + i * sizeof single, sizeof single);
            out[i] = single;
        }
    }
}

/* Eight sums side by side: additions of one sum wait for each other, and strict arithmetic forbids reordering them. */
static double dot(const double *a, const double *b, size_t count)
{
    typedef double pair __attribute__((vector_size(16)));
    pair sums[4] = {{0}};
    double sum = 0;
    size_t i = 0;

    for (; i + 8 <= count; i += 8)
        for (size_t j = 0; j < 4; j++) {
            pair x, y;
            memcpy(&x, a + i + 2 * j, sizeof x);
            memcpy(&y, b + i + 2 * j, sizeof y);
            sums[j] += x * y;
        }
    for (; i < count; i++)
        sum += a[i] * b[i];
    for (size_t j = 0; j < 4; j++)
        sum += sums[j][0] + sums[j][1];
    return sum;
}

static void multiply_rows(const struct product *product, size_t first, size_t count, const uint8_t *stored, double *row)
{
    const struct tensor *tensor = product->tensor;
    size_t row_bytes = dtype_row_bytes(tensor->type, tensor->columns);

    for (size_t r = 0; r < count; r++) {
        oracle_dequantise(tensor->type, tensor->columns, stored + r * row_bytes, row);
        for (size_t token = 0; token < product->pass->count; token++)
            product->out[token * tensor->rows + first + r] =
                dot(row, product->in + token * tensor->columns, tensor->columns);
    }
}

static void multiply_panels(void *context, size_t begin, size_t end)
{
    struct product *product = context;
    const struct weights *weights = product->pass->weights;
    const struct tensor *tensor = product->tensor;
    size_t index = (size_t)(tensor - product->pass->model->tensors);
    size_t last = end * PANEL_ROWS < tensor->rows ? end * PANEL_ROWS : tensor->rows;
    double *row = malloc(tensor->columns * sizeof *row);
    uint8_t *scratch = malloc(PANEL_ROWS * dtype_row_bytes(tensor->type, tensor->columns));

    if (!row || !scratch) {
        atomic_store(&product->starved, true);
        goto out;
    }
    for (size_t first = begin * PANEL_ROWS; first < last; first += PANEL_ROWS) {
        size_t count = last - first < PANEL_ROWS ? last - first : PANEL_ROWS;
        const uint8_t *stored = weights->ops->view(weights, index, first);

        if (!stored) {
            weights->ops->read(weights, index, first, count, scratch);
            stored = scratch;
        }
        multiply_rows(product, first, count, stored, row);
        if (weights->ops->release)
            weights->ops->release(weights, index, first, count);
    }
out:
    free(row);
    free(scratch);
}

static void run_parallel(const struct parallel *parallel, size_t count, void (*task)(void *, size_t, size_t),
                         void *context)
{
    if (parallel)
        parallel->run(parallel->pool, count, task, context);
    else
        task(context, 0, count);
}

static enum status multiply(const struct pass *pass, const struct tensor *tensor, const double *in, double *out,
                            struct error *error)
{
    struct product product = {pass, tensor, in, out, false};

    run_parallel(pass->parallel, panel_count(tensor->rows), multiply_panels, &product);
    if (atomic_load(&product.starved))
        return error_set(error, STATUS_MEMORY, "reference pass: no memory for rows of %s (%zu elements)", tensor->name,
                         tensor->columns);
    return STATUS_OK;
}

/* Expands one row of D elements into pass->vector. */
static const double *expand_row(const struct pass *pass, const struct tensor *tensor, size_t row)
{
    const struct weights *weights = pass->weights;
    size_t index = (size_t)(tensor - pass->model->tensors);
    const void *stored = weights->ops->view(weights, index, row);

    if (!stored) {
        weights->ops->read(weights, index, row, 1, pass->stored);
        stored = pass->stored;
    }
    oracle_dequantise(tensor->type, tensor->columns, stored, pass->vector);
    return pass->vector;
}

static void embed(const struct pass *pass, const int32_t *tokens)
{
    const struct model *model = pass->model;
    const struct tensor *embedding = model_tensor(model, ROLE_TOKEN_EMBEDDING, -1);

    for (size_t token = 0; token < pass->count; token++)
        memcpy(pass->hidden + token * model->hidden, expand_row(pass, embedding, (size_t)tokens[token]),
               model->hidden * sizeof *pass->hidden);
}

static void normalise(const struct pass *pass, enum role role, int layer)
{
    const struct model *model = pass->model;
    const double *gain = expand_row(pass, model_tensor(model, role, layer), 0);

    for (size_t token = 0; token < pass->count; token++) {
        const double *in = pass->hidden + token * model->hidden;
        double *out = pass->normed + token * model->hidden;
        double scale = 1 / sqrt(dot(in, in, model->hidden) / (double)model->hidden + model->norm_epsilon);

        for (size_t i = 0; i < model->hidden; i++)
            out[i] = in[i] * scale * gain[i];
    }
}

/* Rotates the pairs (2i, 2i+1) of every head of `vectors` (count × heads × head_size) by the token's position. */
static void rotate(const struct pass *pass, size_t heads, double *vectors)
{
    const struct model *model = pass->model;

    for (size_t i = 0; i < model->rope_dimensions / 2; i++) {
        double frequency =
            pow(model->rope_base, -2.0 * (double)i / (double)model->rope_dimensions) / (double)model->rope_divisors[i];

        for (size_t token = 0; token < pass->count; token++) {
            double cosine = cos((double)token * frequency), sine = sin((double)token * frequency);

            for (size_t head = 0; head < heads; head++) {
                double *pair = vectors + (token * heads + head) * model->head_size + 2 * i;
                double x = pair[0], y = pair[1];
                pair[0] = x * cosine - y * sine;
                pair[1] = x * sine + y * cosine;
            }
        }
    }
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

static void attend_heads(void *context, size_t begin, size_t end)
{
    const struct pass *pass = context;
    const struct model *model = pass->model;
    size_t size = model->head_size, key_width = model->kv_heads * size;

    for (size_t head = begin; head < end; head++) {
        size_t shared = head / (model->heads / model->kv_heads) * size;
        double *scores = pass->scores + head * pass->count;

        for (size_t token = 0; token < pass->count; token++) {
            const double *query = pass->query + (token * model->heads + head) * size;
            double *out = pass->mixed + (token * model->heads + head) * size;

            for (size_t seen = 0; seen <= token; seen++)
                scores[seen] = dot(query, pass->key + seen * key_width + shared, size) / sqrt((double)size);
            softmax(scores, token + 1);
            memset(out, 0, size * sizeof *out);
            for (size_t seen = 0; seen <= token; seen++)
                for (size_t i = 0; i < size; i++)
                    out[i] += scores[seen] * pass->value[seen * key_width + shared + i];
        }
    }
}

/* hidden += normed, where the output of a branch was left. */
static void add_branch(const struct pass *pass)
{
    for (size_t i = 0; i < pass->count * pass->model->hidden; i++)
        pass->hidden[i] += pass->normed[i];
}

/* One matrix of a layer. */
static enum status apply(const struct pass *pass, enum role role, int layer, const double *in, double *out,
                         struct error *error)
{
    return multiply(pass, model_tensor(pass->model, role, layer), in, out, error);
}

static enum status attention(struct pass *pass, int layer, struct error *error)
{
    const struct model *model = pass->model;
    enum status status;

    normalise(pass, ROLE_ATTENTION_NORM, layer);
    if ((status = apply(pass, ROLE_QUERY, layer, pass->normed, pass->query, error)) ||
        (status = apply(pass, ROLE_KEY, layer, pass->normed, pass->key, error)) ||
        (status = apply(pass, ROLE_VALUE, layer, pass->normed, pass->value, error)))
        return status;
    rotate(pass, model->heads, pass->query);
    rotate(pass, model->kv_heads, pass->key);
    run_parallel(pass->parallel, model->heads, attend_heads, pass);
    if ((status = apply(pass, ROLE_ATTENTION_OUTPUT, layer, pass->mixed, pass->normed, error)))
        return status;
    add_branch(pass);
    return STATUS_OK;
}

static enum status feed_forward(const struct pass *pass, int layer, struct error *error)
{
    enum status status;

    normalise(pass, ROLE_FFN_NORM, layer);
    if ((status = apply(pass, ROLE_GATE, layer, pass->normed, pass->gate, error)) ||
        (status = apply(pass, ROLE_UP, layer, pass->normed, pass->up, error)))
        return status;
    for (size_t i = 0; i < pass->count * pass->model->feed_forward; i++)
        pass->gate[i] = pass->gate[i] / (1 + exp(-pass->gate[i])) * pass->up[i];
    if ((status = apply(pass, ROLE_DOWN, layer, pass->gate, pass->normed, error)))
        return status;
    add_branch(pass);
    return STATUS_OK;
}

static enum status pass_open(struct pass *pass, struct error *error)
{
    const struct model *model = pass->model;
    size_t width = model->heads * model->head_size, key_width = model->kv_heads * model->head_size;
    size_t per_token = 2 * (model->hidden + width + key_width + model->feed_forward) + model->heads;
    size_t bytes;
    double *next;

    if (__builtin_mul_overflow(per_token, pass->count, &bytes) ||
        __builtin_add_overflow(bytes, model->hidden, &bytes) ||
        __builtin_mul_overflow(bytes, sizeof *pass->hidden, &bytes) || !(pass->hidden = malloc(bytes)) ||
        !(pass->stored = malloc(model->hidden * sizeof(float)))) /* no type is wider than f32 */
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

enum status oracle_logits(const struct weights *weights, const int32_t *tokens, size_t count, double *logits,
                          const struct parallel *parallel, struct error *error)
{
    struct pass pass = {.weights = weights, .model = weights->model, .parallel = parallel, .count = count};
    enum status status = pass_open(&pass, error);

    if (status)
        goto out;
    embed(&pass, tokens);
    for (size_t layer = 0; layer < pass.model->layers; layer++)
        if ((status = attention(&pass, (int)layer, error)) || (status = feed_forward(&pass, (int)layer, error)))
            goto out;
    normalise(&pass, ROLE_OUTPUT_NORM, -1);
    status = multiply(&pass, model_output(pass.model), pass.normed, logits, error);
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
    for (size_t i = 0; i < model->tensor_count; i++)
        if (dtype_info(model->tensors[i].type)->quantised)
            return 2.5e-4 * sqrt((double)model->layers);
    return 1e-6;
}
