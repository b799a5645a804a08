#include "runner/predict.h"

#include <math.h>
#include <string.h>

#include "devices/engine.h"
#include "runner/least_squares.h"
#include "workloads/cost.h"

/* Columns: weights and MACs of each format in turn, then what all formats share. */
enum { COLUMNS_MAX = PREDICT_FORMATS_MAX * AMOUNT_OF_FORMAT + AMOUNT_COUNT - AMOUNT_OF_FORMAT };
_Static_assert((int)COLUMNS_MAX <= (int)LEAST_SQUARES_COLUMNS_MAX, "all costs are found at once");

#define SHARE_LEAST       0.03 /* of a column that others do not explain: less is within the noise of probes */
#define RANGE_LEAST       0.05
#define RANGE_BLIND       0.10
#define RANGE_RESIDUALS   2
#define PER_DOUBLED_WIDTH 0.05
#define PER_DOUBLED_SIZE  0.02
#define PER_HALVED_SIZE   0.10

static struct predict_work work_of(const struct model *model, enum predict_phase phase, size_t format)
{
    return (struct predict_work){.phase = phase,
                                 .format = format,
                                 .hidden = (double)model->hidden,
                                 .weights_bytes = (double)cost_weight_bytes(model)};
}

struct predict_work predict_prefill(const struct model *model, size_t format, size_t tokens, size_t depth)
{
    struct predict_work work = work_of(model, PREDICT_PREFILL, format);
    const struct tensor *output = model_output(model);
    double batches = ceil((double)tokens / ENGINE_BATCH_TOKENS);

    work.amounts[AMOUNT_WEIGHTS] = batches * (double)cost_matmul_bytes(output->type, output->rows, output->columns);
    work.amounts[AMOUNT_MACS] = (double)cost_linear_macs(model, tokens);
    work.amounts[AMOUNT_ATTENTION] = (double)cost_attention_macs(model, tokens, depth);
    work.amounts[AMOUNT_VALUES] = (double)cost_linear_values(model) * (double)tokens;
    work.amounts[AMOUNT_LAYERS] = (double)model->layers * batches;
    return work;
}

struct predict_work predict_decode(const struct model *model, size_t format, size_t tokens, size_t depth,
                                   double kv_element_bytes)
{
    struct predict_work work = work_of(model, PREDICT_DECODE, format);

    work.amounts[AMOUNT_WEIGHTS] = (double)cost_weight_bytes(model) * (double)tokens;
    work.amounts[AMOUNT_ATTENTION] = (double)cost_attention_macs(model, tokens, depth);
    for (size_t i = 0; i < tokens; i++)
        work.amounts[AMOUNT_CACHE] += (double)cost_cache_bytes(model, depth + i, kv_element_bytes);
    work.amounts[AMOUNT_LAYERS] = (double)(model->layers * tokens);
    return work;
}

static size_t column_of(size_t format_count, size_t format, int amount)
{
    if (amount < AMOUNT_OF_FORMAT)
        return format * AMOUNT_OF_FORMAT + (size_t)amount;
    return format_count * AMOUNT_OF_FORMAT + (size_t)(amount - AMOUNT_OF_FORMAT);
}

static double apply(const struct predict_costs *costs, const struct predict_work *work)
{
    double seconds = 0;

    for (int i = 0; i < AMOUNT_COUNT; i++)
        seconds +=
            work->amounts[i] * (i < AMOUNT_OF_FORMAT ? costs->seconds[work->format][i] : costs->shared_seconds[i]);
    return seconds;
}

/* What the costs say of the probes they were made of. `parameters`: how many costs were found. */
static void judge(struct predict_costs *costs, const struct predict_probe *probes, size_t count, size_t parameters)
{
    double freedom = (double)count - (double)parameters;

    for (int phase = 0; phase < PREDICT_PHASES; phase++) {
        double sum = 0;
        size_t own = 0;
        for (size_t i = 0; i < count; i++) {
            double off = apply(costs, &probes[i].work) / probes[i].seconds - 1;
            if ((int)probes[i].work.phase != phase)
                continue;
            sum += off * off;
            own++;
        }
        costs->residual_ratio[phase] =
            freedom > 0 && own ? sqrt(sum / (double)own * (double)count / freedom) : (double)NAN;
    }
}

static void note_extent(struct predict_costs *costs, const struct predict_probe *probes, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++)
        any |= probes[i].work.phase == PREDICT_DECODE;
    costs->hidden_least = costs->weights_bytes_least = INFINITY;
    for (size_t i = 0; i < count; i++) {
        const struct predict_work *work = &probes[i].work;
        if (any && work->phase != PREDICT_DECODE)
            continue;
        costs->hidden_least = fmin(costs->hidden_least, work->hidden);
        costs->hidden_most = fmax(costs->hidden_most, work->hidden);
        costs->weights_bytes_least = fmin(costs->weights_bytes_least, work->weights_bytes);
        costs->weights_bytes_most = fmax(costs->weights_bytes_most, work->weights_bytes);
    }
}

static enum status check_probes(const struct predict_probe *probes, size_t count, size_t format_count,
                                struct error *error)
{
    if (!count)
        return error_set(error, STATUS_UNSUPPORTED, "nothing was timed, so nothing can be predicted");
    if (count > PREDICT_PROBES_MAX || format_count > PREDICT_FORMATS_MAX)
        return error_set(error, STATUS_MISUSE, "%zu probes of %zu formats: at most %d of %d", count, format_count,
                         PREDICT_PROBES_MAX, PREDICT_FORMATS_MAX);
    for (size_t i = 0; i < count; i++)
        if (!isfinite(probes[i].seconds) || probes[i].seconds <= 0 || probes[i].work.format >= format_count)
            return error_set(error, STATUS_MISUSE, "probe %zu took %g s in format %zu: not a time of a format", i,
                             probes[i].seconds, probes[i].work.format);
    return STATUS_OK;
}

enum status predict_learn(struct predict_costs *costs, const struct predict_probe *probes, size_t count,
                          size_t format_count, struct error *error)
{
    double rows[PREDICT_PROBES_MAX * COLUMNS_MAX], values[PREDICT_PROBES_MAX], found[COLUMNS_MAX];
    bool used[COLUMNS_MAX];
    struct least_squares system = {.rows = rows, .values = values, .row_count = count};
    size_t parameters = 0;

    *costs = (struct predict_costs){.format_count = format_count};
    if (check_probes(probes, count, format_count, error))
        return error->status;
    system.column_count = column_of(format_count, 0, AMOUNT_COUNT);
    memset(rows, 0, sizeof rows);
    for (size_t i = 0; i < count; i++) { /* in ratios: the shortest probe counts as much as the longest */
        double *row = rows + i * system.column_count;
        for (int amount = 0; amount < AMOUNT_COUNT; amount++)
            row[column_of(format_count, probes[i].work.format, amount)] =
                probes[i].work.amounts[amount] / probes[i].seconds;
        values[i] = 1;
        costs->known[probes[i].work.format][probes[i].work.phase] = true;
    }
    if (least_squares_choose(&system, SHARE_LEAST, used, error) || least_squares_solve(&system, used, found, error))
        return error->status;
    for (size_t i = 0; i < system.column_count; i++)
        parameters += used[i];
    for (size_t format = 0; format < format_count; format++)
        for (int amount = 0; amount < AMOUNT_OF_FORMAT; amount++)
            costs->seconds[format][amount] = found[column_of(format_count, format, amount)];
    for (int amount = AMOUNT_OF_FORMAT; amount < AMOUNT_COUNT; amount++)
        costs->shared_seconds[amount] = found[column_of(format_count, 0, amount)];
    judge(costs, probes, count, parameters);
    note_extent(costs, probes, count);
    return STATUS_OK;
}

/* How many times `value` would have to be doubled or halved to come into the range. */
static double doublings_above(double value, double most)
{
    return value > most ? log2(value / most) : 0;
}

static double half_range(const struct predict_costs *costs, const struct predict_work *work)
{
    double residual = costs->residual_ratio[work->phase];
    double half = isnan(residual) ? RANGE_BLIND : fmax(RANGE_LEAST, RANGE_RESIDUALS * residual);

    half += PER_DOUBLED_WIDTH *
            (doublings_above(work->hidden, costs->hidden_most) + doublings_above(costs->hidden_least, work->hidden));
    half += PER_DOUBLED_SIZE * doublings_above(work->weights_bytes, costs->weights_bytes_most);
    return half + PER_HALVED_SIZE * doublings_above(costs->weights_bytes_least, work->weights_bytes);
}

struct predicted predict_seconds(const struct predict_costs *costs, const struct predict_work *work)
{
    double seconds, half;

    if (work->format >= costs->format_count || !costs->known[work->format][work->phase])
        return (struct predicted){NAN, NAN, NAN};
    seconds = apply(costs, work);
    half = half_range(costs, work);
    return (struct predicted){seconds, seconds / (1 + half), seconds * (1 + half)};
}

struct predicted predicted_sum(struct predicted a, struct predicted b)
{
    return (struct predicted){a.seconds + b.seconds, a.low + b.low, a.high + b.high};
}
