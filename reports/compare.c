#include "reports/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/compare_factor.h"
#include "reports/compare_judge.h"
#include "reports/compare_match.h"
#include "reports/compare_notes.h"

enum { DIFFERENCES_SHOWN = 4 };

const enum field compare_headline[] = {
    FIELD_decode_tokens_per_second, FIELD_prefill_tokens_per_second, FIELD_time_to_first_token_seconds,
    FIELD_energy_joules_per_token,  FIELD_peak_private_bytes,        FIELD_matmul_macs_per_second,
};
const size_t compare_headline_count = sizeof compare_headline / sizeof *compare_headline;

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {[VERDICT_REGRESSED] = "regressed",
                                        [VERDICT_INCONCLUSIVE] = "inconclusive",
                                        [VERDICT_NOT_COMPARABLE] = "not comparable",
                                        [VERDICT_EQUIVALENT] = "equivalent",
                                        [VERDICT_IMPROVED] = "improved"};

    return names[verdict];
}

void compare_options_default(struct compare_options *options)
{
    *options = (struct compare_options){.fields = compare_headline, .field_count = compare_headline_count};
    for (int i = 0; i < FIELD_COUNT; i++)
        options->delta_ratio[i] = NAN;
}

/* What matching and judging of one pair of records share. */
struct work {
    struct comparison *comparison;
    const struct compare_options *options;
    struct comparison_pair pair; /* with the factors of the records as a whole */
    struct error *error;
};

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_MEMORY, "no memory for the comparison");
}

/* ---- rows ---------------------------------------------------------------------------------------------------------------- */

static enum status row_add(struct work *work, size_t pair, const struct cell *base, const struct cell *candidate,
                           enum field field)
{
    struct comparison *comparison = work->comparison;
    const struct comparison_pair *own = &comparison->pairs[pair];
    struct comparison_row *row;
    enum status status;

    if (comparison->row_count == comparison->row_capacity) {
        size_t capacity = comparison->row_capacity ? 2 * comparison->row_capacity : 32;
        struct comparison_row *rows = realloc(comparison->rows, capacity * sizeof *rows);
        if (!rows)
            return no_memory(work->error);
        comparison->rows = rows;
        comparison->row_capacity = capacity;
    }
    row = &comparison->rows[comparison->row_count];
    *row = (struct comparison_row){.base = base, .candidate = candidate, .pair = pair, .field = field};
    status = judge_measure(row, own, work->options->delta_ratio[field], work->error);
    if (status)
        return status;
    comparison->row_count++;
    if (row->verdict != VERDICT_NOT_COMPARABLE && !*row->reason && strcmp(field_unit(field), "bytes") != 0) {
        judge_disturbance(row->reason, row, own);
        row->disturbed = *row->reason != '\0';
    }
    return notes_launches(comparison, row) ? STATUS_OK : no_memory(work->error);
}

/* A figure that neither side could have is a note, once. */
static enum status rows_add(struct work *work, size_t pair, const struct match *match, enum traits_scope scope)
{
    const struct cell *base = &work->pair.base->cells[match->base];
    const struct cell *candidate = &work->pair.candidate->cells[match->candidate];
    const struct compare_options *options = work->options;
    const enum field *fields = options->fields ? options->fields : compare_headline;
    size_t count = options->fields ? options->field_count : compare_headline_count;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && !status; i++) {
        const struct figure *a = &base->figures[fields[i]], *b = &candidate->figures[fields[i]];
        const char *name = field_info(fields[i])->name;
        bool prefill = strncmp(name, "prefill_", 8) == 0, both = a->present && b->present;
        if (scope != TRAITS_WHOLE && (!both || prefill != (scope == TRAITS_PREFILL)))
            continue;
        if (a->present || b->present)
            status = row_add(work, pair, base, candidate, fields[i]);
        else if (*a->reason && !notes_add(work->comparison, "%s is known on neither side: %s", name, a->reason))
            status = no_memory(work->error);
    }
    if (!status && base->status != CELL_OK && candidate->status != CELL_OK &&
        !notes_add(work->comparison, "%s is on neither side: %s", base->id, base->reason))
        status = no_memory(work->error);
    return status;
}

/* ---- pairs ---------------------------------------------------------------------------------------------------------------- */

/* The pair of these two cells: the factors of the records and what the cells differ in. Index; SIZE_MAX: out of memory. */
static size_t pair_find(struct work *work, const struct facts *base, const struct facts *candidate,
                        const struct drops *differ)
{
    struct comparison *comparison = work->comparison;
    struct comparison_pair pair = work->pair, *pairs;

    for (size_t i = 0; i < differ->count; i++)
        if (drops_tells(differ, i))
            factor_tell(&pair, factor_of_trait(differ->names[i]), differ->names[i], trait_text(base, differ->names[i]),
                        trait_text(candidate, differ->names[i]));
    for (size_t i = 0; i < comparison->pair_count; i++) {
        const struct comparison_pair *known = &comparison->pairs[i];
        if (known->base == pair.base && known->candidate == pair.candidate &&
            strcmp(known->base_value, pair.base_value) == 0 &&
            strcmp(known->candidate_value, pair.candidate_value) == 0)
            return i;
    }
    pairs = realloc(comparison->pairs, (comparison->pair_count + 1) * sizeof *pairs);
    if (!pairs)
        return SIZE_MAX;
    comparison->pairs = pairs;
    comparison->pairs[comparison->pair_count] = pair;
    return comparison->pair_count++;
}

static enum status refuse_second(struct work *work, const struct comparison_pair *pair)
{
    return error_set(work->error, STATUS_UNLIKE,
                     "%.60s and %.60s differ in more than one factor, %s: %.80s against %.80s; compare results that "
                     "differ in one, or say --allow-mixed",
                     pair->base_name, pair->candidate_name, pair->factor_name, pair->base_value, pair->candidate_value);
}

static void list_cells(char *out, size_t size, const struct record *record)
{
    size_t used = 0;

    *out = '\0';
    for (size_t i = 0; i < record->cell_count && i < 3 && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%.32s", i ? ", " : "", record->cells[i].id);
    if (record->cell_count > 3 && used < size)
        snprintf(out + used, size - used, ", … (%zu)", record->cell_count);
    if (!record->cell_count)
        snprintf(out, size, "none");
}

/* Nothing was matched: says what there is and what the nearest two differ in. */
static enum status refuse_cells(struct work *work, const struct match_request *request)
{
    const struct comparison_pair *pair = &work->pair;
    struct comparison_pair told = {0};
    char base[128], candidate[128];
    struct match nearest;
    struct drops differ;
    bool fixed = false;
    size_t shown = 0;

    if (request->base == request->candidate)
        return error_set(work->error, STATUS_UNLIKE,
                         "%.80s: no two of its cells differ in one factor alone; give a second result",
                         pair->base_name);
    list_cells(base, sizeof base, pair->base);
    list_cells(candidate, sizeof candidate, pair->candidate);
    if (!matches_nearest(request, &nearest, &differ))
        return error_set(work->error, STATUS_UNLIKE, "no cell is common: %.80s has %s; %.80s has %s", pair->base_name,
                         base, pair->candidate_name, candidate);
    for (size_t i = 0; i < differ.count; i++) {
        fixed |= trait_is_fixed(differ.names[i]);
        if (drops_tells(&differ, i) && shown++ < DIFFERENCES_SHOWN)
            factor_tell(&told, FACTOR_OPTION, differ.names[i],
                        trait_text(&request->base->cells[nearest.base], differ.names[i]),
                        trait_text(&request->candidate->cells[nearest.candidate], differ.names[i]));
    }
    return error_set(work->error, STATUS_UNLIKE,
                     "no cell is common: %.40s has %s; %.40s has %s; the nearest differ in %s%s (%.50s; %.50s)%s",
                     pair->base_name, base, pair->candidate_name, candidate, told.factor_name,
                     shown > DIFFERENCES_SHOWN ? ", …" : "", told.base_value, told.candidate_value,
                     fixed || work->options->allow_mixed ? "" : ": --allow-mixed compares them");
}

static bool origin_fits(const struct work *work, const struct comparison_pair *pair)
{
    enum origin a = pair->base->origin, b = pair->candidate->origin;

    if (work->options->allow_mixed)
        return true;
    if (a == ORIGIN_EMULATED || b == ORIGIN_EMULATED)
        return false;
    return (a == ORIGIN_NATIVE && b == ORIGIN_NATIVE) || pair->factor == FACTOR_ENGINE;
}

static enum status refuse_origin(struct work *work, const struct comparison_pair *pair)
{
    bool base = pair->base->origin != ORIGIN_NATIVE;
    const struct record *record = base ? pair->base : pair->candidate;
    const char *name = base ? pair->base_name : pair->candidate_name;

    if (pair->base->origin == ORIGIN_EMULATED || pair->candidate->origin == ORIGIN_EMULATED)
        return error_set(work->error, STATUS_UNLIKE,
                         "%.120s is emulated, not a measurement of this machine; say --allow-mixed to compare it",
                         name);
    return error_set(work->error, STATUS_UNLIKE,
                     "%.120s is %s, and stands beside others only where the engine is what differs; here it is %s; "
                     "say --allow-mixed to compare it",
                     name, origin_name(record->origin), *pair->factor_name ? pair->factor_name : "nothing");
}

/* ---- one pair of records ------------------------------------------------------------------------------------------------- */

static enum status take_matches(struct work *work, const struct match_request *request, const struct matches *matches,
                                enum traits_scope scope)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < matches->count && !status; i++) {
        const struct match *match = &matches->items[i];
        size_t pair = pair_find(work, &request->base->cells[match->base], &request->candidate->cells[match->candidate],
                                &matches->differ);
        if (pair == SIZE_MAX)
            return no_memory(work->error);
        if (work->comparison->pairs[pair].mixed && !work->options->allow_mixed)
            return refuse_second(work, &work->comparison->pairs[pair]);
        if (!origin_fits(work, &work->comparison->pairs[pair]))
            return refuse_origin(work, &work->comparison->pairs[pair]);
        status = rows_add(work, pair, match, scope);
    }
    return status;
}

/* Adds to `found` how many cells were matched; the last scope refuses where none were in any. */
static enum status compare_scope(struct work *work, enum traits_scope scope, size_t *found)
{
    bool self = work->pair.base == work->pair.candidate;
    struct traits base = {0}, candidate = {0};
    struct match_request request = {.base = &base,
                                    .candidate = self ? &base : &candidate,
                                    .all_bases = scope != TRAITS_WHOLE,
                                    .mixed = work->options->allow_mixed};
    struct matches matches = {0};
    enum status status = traits_read(&base, work->pair.base, scope, work->error);

    if (!status && !self)
        status = traits_read(&candidate, work->pair.candidate, scope, work->error);
    if (!status && scope != TRAITS_WHOLE)
        drops_add_partial(&request.ignored, request.base, request.candidate);
    if (!status)
        status = matches_find(&matches, &request, work->error);
    if (!status && matches.count)
        status = take_matches(work, &request, &matches, scope);
    else if (!status && (scope == TRAITS_WHOLE || (scope == TRAITS_DECODE && !*found)))
        status = refuse_cells(work, &request);
    if (!status && scope == TRAITS_WHOLE && !self && !notes_unmatched(work->comparison, &work->pair, &matches))
        status = no_memory(work->error);
    *found += matches.count;
    matches_close(&matches);
    traits_close(&base);
    traits_close(&candidate);
    return status;
}

/* A program that is not this one times prefill and decode each on its own. */
static enum status compare_foreign(struct work *work)
{
    struct comparison_pair *pair = &work->pair;
    size_t found = 0;
    enum status status = compare_scope(work, TRAITS_PREFILL, &found);

    if (!status)
        status = compare_scope(work, TRAITS_DECODE, &found);
    if (!status &&
        !notes_add(
            work->comparison,
            "%.120s against %.120s: foreign figures are unverified; prefill and decode are matched each by their own "
            "length, and what stood in the cache before a decode may differ",
            pair->candidate_name, pair->base_name))
        return no_memory(work->error);
    return status;
}

static bool were_interleaved(const struct record *a, const struct record *b)
{
    return strcmp(factor_text(&a->environment, "interleaved_with"), b->result_id) == 0 ||
           strcmp(factor_text(&b->environment, "interleaved_with"), a->result_id) == 0;
}

static enum status compare_records(struct work *work, const struct record *base, const char *base_name,
                                   const struct record *candidate, const char *candidate_name)
{
    struct comparison_pair *pair = &work->pair;
    char a[COMPARE_TEXT_MAX], b[COMPARE_TEXT_MAX];
    size_t found = 0;
    enum status status;

    *pair = (struct comparison_pair){.base = base, .candidate = candidate};
    snprintf(pair->base_name, sizeof pair->base_name, "%s", base_name);
    snprintf(pair->candidate_name, sizeof pair->candidate_name, "%s", candidate_name);
    pair->foreign = base->origin == ORIGIN_IMPORTED || candidate->origin == ORIGIN_IMPORTED;
    if (base != candidate) {
        pair->interleaved = were_interleaved(base, candidate);
        if (factor_device(base, candidate, a, b))
            factor_tell(pair, FACTOR_DEVICE, "device", a, b);
        if (!pair->foreign && factor_build(base, candidate, a, b))
            factor_tell(pair, FACTOR_BUILD, "build", a, b);
    }
    status = pair->foreign ? compare_foreign(work) : compare_scope(work, TRAITS_WHOLE, &found);
    if (!status &&
        (!notes_recorded(work->comparison, pair) || !notes_flags(work->comparison, candidate, candidate_name)))
        status = no_memory(work->error);
    return status;
}

/* ---- all of them -------------------------------------------------------------------------------------------------------- */

/* Worst first; equals in the order of cells and fields. */
static int rows_compare(const void *a, const void *b)
{
    const struct comparison_row *x = a, *y = b;
    double loss_x = comparison_loss(x), loss_y = comparison_loss(y);

    if (x->verdict != y->verdict)
        return (x->verdict > y->verdict) - (x->verdict < y->verdict);
    if (isnan(loss_x) != isnan(loss_y))
        return isnan(loss_x) - isnan(loss_y);
    if (loss_x != loss_y && !isnan(loss_x))
        return (loss_x < loss_y) - (loss_x > loss_y);
    if (x->base != y->base)
        return (x->base > y->base) - (x->base < y->base);
    return (x->field > y->field) - (x->field < y->field);
}

static enum status judge_all(struct comparison *comparison, struct error *error)
{
    size_t count = comparison->row_count, tests = 0;
    double *p = malloc((count ? count : 1) * sizeof *p);
    bool good = p != NULL;

    for (size_t i = 0; good && i < count; i++) {
        p[i] = comparison->rows[i].p;
        tests += !isnan(p[i]);
    }
    good = good && statistics_holm(p, count, p);
    for (size_t i = 0; good && i < count; i++) {
        struct comparison_row *row = &comparison->rows[i];
        row->p_holm = p[i];
        judge_decide(row, tests);
        comparison->verdicts[row->verdict]++;
    }
    free(p);
    if (count)
        qsort(comparison->rows, count, sizeof *comparison->rows, rows_compare);
    return good ? STATUS_OK : no_memory(error);
}

static enum status check_twice(const struct record *const *records, const char *const *names, size_t count,
                               struct error *error)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++)
            if (records[i] == records[k] || strcmp(records[i]->result_id, records[k]->result_id) == 0)
                return error_set(
                    error, STATUS_UNLIKE,
                    "%.120s and %.120s are the same result, %s: name two runs, or one alone to compare its "
                    "cells with each other",
                    names[i], names[k], records[i]->result_id);
    return STATUS_OK;
}

enum status comparison_make(struct comparison *comparison, const struct record *const *records,
                            const char *const *names, size_t count, const struct compare_options *options,
                            struct error *error)
{
    struct work work = {.comparison = comparison, .options = options, .error = error};
    enum status status;

    *comparison = (struct comparison){0};
    status = check_twice(records, names, count, error);
    if (!status && !notes_flags(comparison, records[0], names[0]))
        status = no_memory(error);
    for (size_t i = count > 1 ? 1 : 0; i < count && !status; i++)
        status = compare_records(&work, records[0], names[0], records[i], names[i]);
    return status ? status : judge_all(comparison, error);
}

void comparison_close(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->note_count; i++)
        free(comparison->notes[i]);
    free(comparison->notes);
    free(comparison->rows);
    free(comparison->pairs);
    *comparison = (struct comparison){0};
}
