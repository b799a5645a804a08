/* What work takes on this machine, from a few pieces of it that were timed. Time is taken to be linear in six amounts:
 *
 *   seconds = weights read ÷ rate(format) + MACs of matrices ÷ rate(format) + MACs of attention × a + cache read × b
 *           + values through matrices × c + passes of a layer × d
 *
 * All amounts come from workloads/cost.h. No input or output here, and no clock. */
#ifndef POCKETMARK_RUNNER_PREDICT_H
#define POCKETMARK_RUNNER_PREDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "workloads/model.h"

enum { PREDICT_FORMATS_MAX = 16, PREDICT_PROBES_MAX = 256 };

enum predict_phase { PREDICT_PREFILL, PREDICT_DECODE, PREDICT_PHASES };

/* The first two have a cost of their own in each format. */
enum predict_amount {
    AMOUNT_WEIGHTS, /* stored bytes of matrices that are read for one token: a decode step, or a batch's output matrix */
    AMOUNT_MACS,    /* of the matrices of all layers, over a batch of tokens */
    AMOUNT_ATTENTION, /* multiply-accumulates */
    AMOUNT_CACHE,     /* bytes of keys and values that decode steps read */
    AMOUNT_VALUES,    /* in and out of the matrices, over a batch of tokens */
    AMOUNT_LAYERS,    /* times that a layer is passed */
    AMOUNT_COUNT,
    AMOUNT_OF_FORMAT = 2,
};

struct predict_work {
    enum predict_phase phase;
    size_t format; /* index, as its caller numbers them */
    double amounts[AMOUNT_COUNT];
    double hidden, weights_bytes; /* of the model: is it like what was probed? */
};

/* A prefill of `tokens` tokens, or as many steps of decode, behind `depth` others. The model's types are set. */
struct predict_work predict_prefill(const struct model *model, size_t format, size_t tokens, size_t depth);
struct predict_work predict_decode(const struct model *model, size_t format, size_t tokens, size_t depth,
                                   double kv_element_bytes);

struct predict_probe {
    struct predict_work work;
    double seconds;
};

struct predict_costs {
    size_t format_count;
    double seconds[PREDICT_FORMATS_MAX][AMOUNT_OF_FORMAT]; /* for each byte or MAC; only of formats that are known */
    double shared_seconds[AMOUNT_COUNT];             /* for each unit of the other amounts; 0: nothing to see of it */
    bool known[PREDICT_FORMATS_MAX][PREDICT_PHASES]; /* was it probed? */
    double residual_ratio
        [PREDICT_PHASES]; /* root mean square of (costs ÷ probe − 1), for the freedom that is left; NaN: none is */
    double hidden_least, hidden_most, weights_bytes_least, weights_bytes_most; /* of the decode probes, else of all */
};

/* Costs that come nearest to the probes, in ratios, and are not negative. Of amounts that the probes cannot tell apart the earlier ones
 * of the list take all. STATUS_UNSUPPORTED where there is no probe, STATUS_MISUSE for more than there is room for and for times
 * that are none. */
enum status predict_learn(struct predict_costs *costs, const struct predict_probe *probes, size_t count,
                          size_t format_count, struct error *error);

struct predicted {
    double seconds, low, high; /* NaN: the format was not probed in this phase */
};

/* The range is twice the residual each way and no less than 5 % (10 % where the probes leave no freedom to judge by), and more for what is
 * unlike the probes: 5 % for each doubling of width beyond theirs, 2 % for each doubling of size above theirs, 10 % below, where caches
 * may hold what they could not hold of the probes. */
struct predicted predict_seconds(const struct predict_costs *costs, const struct predict_work *work);

/* Both one after the other. */
struct predicted predicted_sum(struct predicted a, struct predicted b);

#endif
