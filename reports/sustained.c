#include "reports/sustained.h"

#include <math.h>
#include <string.h>

enum { REPETITIONS_LEAST = 5, PARTS = 5 };

#define MINUTE_SECONDS 60.0
/* Less of a last minute says little. */
#define MINUTE_LEAST_SECONDS 5.0

struct tokens {
    double prompt, generated;
};

/* When the decode of a repetition began and ended. False: it is none that counts. */
static bool decode_span(const struct repetition *repetition, unsigned launch, const struct tokens *tokens,
                        double *begin, double *end)
{
    double prefill_seconds = tokens->prompt / repetition->values[FIELD_prefill_tokens_per_second];
    double seconds = tokens->generated / repetition->values[FIELD_decode_tokens_per_second];

    if (repetition->launch != launch || repetition->phase != PHASE_MEASURED || !isfinite(seconds) || !(seconds > 0))
        return false;
    *begin = repetition->start_offset_seconds + (isfinite(prefill_seconds) ? prefill_seconds : 0);
    *end = *begin + seconds;
    return true;
}

/* Tokens per second of the decode that fell into that time; *seconds is how much did. NaN: none. */
static double rate_between(const struct cell *cell, unsigned launch, const struct tokens *tokens, double from,
                           double to, double *seconds)
{
    double sum = 0;

    *seconds = 0;
    for (size_t i = 0; i < cell->repetition_count; i++) {
        const struct repetition *repetition = &cell->repetitions[i];
        double begin, end, overlap;
        if (!decode_span(repetition, launch, tokens, &begin, &end))
            continue;
        overlap = fmin(end, to) - fmax(begin, from);
        if (overlap <= 0)
            continue;
        sum += overlap * repetition->values[FIELD_decode_tokens_per_second];
        *seconds += overlap;
    }
    return sum / *seconds;
}

const struct series *series_find(const struct cell *cell, const char *name)
{
    for (size_t i = 0; i < cell->series_count; i++)
        if (strcmp(cell->series[i].name, name) == 0)
            return &cell->series[i];
    return NULL;
}

static bool add_minutes(struct cell *cell, unsigned launch, const struct tokens *tokens, double begin, double end)
{
    bool good = true;

    for (double from = begin; from < end && good; from += MINUTE_SECONDS) {
        double seconds, rate = rate_between(cell, launch, tokens, from, from + MINUTE_SECONDS, &seconds);
        if (seconds >= MINUTE_LEAST_SECONDS || (from == begin && seconds > 0))
            good = cell_add_sample(cell, SUSTAINED_SERIES, from, rate);
    }
    return good;
}

static bool conclude_launch(struct cell *cell, unsigned launch, const struct tokens *tokens, bool minutes)
{
    double first_begin = INFINITY, last_end = -INFINITY, fifth, ignored;
    struct repetition *first = NULL;
    size_t count = 0;

    for (size_t i = 0; i < cell->repetition_count; i++) {
        double begin, end;
        if (!decode_span(&cell->repetitions[i], launch, tokens, &begin, &end))
            continue;
        first = first ? first : &cell->repetitions[i];
        first_begin = fmin(first_begin, begin);
        last_end = fmax(last_end, end);
        count++;
    }
    if (!first)
        return true;
    fifth = (last_end - first_begin) / PARTS;
    if (count >= REPETITIONS_LEAST)
        first->values[FIELD_sustained_ratio] =
            rate_between(cell, launch, tokens, last_end - fifth, last_end, &ignored) /
            rate_between(cell, launch, tokens, first_begin, first_begin + fifth, &ignored);
    else
        cell_explain(cell, FIELD_sustained_ratio, "needs %d repetitions in a launch; there were %zu", REPETITIONS_LEAST,
                     count);
    return !minutes || add_minutes(cell, launch, tokens, first_begin, last_end);
}

bool sustained_conclude(struct cell *cell, double prompt_tokens, double generated_tokens)
{
    const struct tokens tokens = {prompt_tokens, generated_tokens};
    bool good = true, minutes = !series_find(cell, SUSTAINED_SERIES);
    unsigned launches = 0;

    for (size_t i = 0; i < cell->repetition_count; i++)
        launches = cell->repetitions[i].launch >= launches ? cell->repetitions[i].launch + 1 : launches;
    for (unsigned launch = 0; launch < launches && good; launch++)
        good = conclude_launch(cell, launch, &tokens, minutes);
    return good;
}
