#include "reports/compare_notes.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/compare_factor.h"
#include "reports/flags.h"
#include "reports/statistics.h"
#include "reports/view.h"

enum { NAMES_SHOWN = 6, NOTE_MAX = 1024, NOTES_READ = 100 /* more of them nobody reads */ };

static const double CORRELATION_LEAST = 0.3;
static const double OUTLIER_LEAST = 10;

bool notes_add(struct comparison *comparison, const char *format, ...)
{
    char text[NOTE_MAX], *copy;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < comparison->note_count; i++)
        if (strcmp(comparison->notes[i], text) == 0)
            return true;
    if (comparison->note_count == comparison->note_capacity) {
        size_t capacity = comparison->note_capacity ? 2 * comparison->note_capacity : 8;
        char **notes = realloc(comparison->notes, capacity * sizeof *notes);
        if (!notes)
            return false;
        comparison->notes = notes;
        comparison->note_capacity = capacity;
    }
    copy = strdup(text);
    if (copy)
        comparison->notes[comparison->note_count++] = copy;
    return copy != NULL;
}

/* ---- recorded differences -------------------------------------------------------------------------------------------- */

enum block { BLOCK_TOOL, BLOCK_WORKLOAD, BLOCK_DEVICE, BLOCK_ENVIRONMENT };

static const struct {
    enum block block;
    const char *path, *word;
    enum factor part; /* of that factor, where it says nothing new */
} recorded[] = {
    {BLOCK_TOOL, "version", "version of the program", FACTOR_BUILD},
    {BLOCK_TOOL, "compiler", "compiler", FACTOR_BUILD},
    {BLOCK_TOOL, "libc", "C library", FACTOR_BUILD},
    {BLOCK_WORKLOAD, "mode", "mode", FACTOR_NONE},
    {BLOCK_WORKLOAD, "seed", "seed", FACTOR_NONE},
    {BLOCK_DEVICE, "os.name", "system", FACTOR_DEVICE},
    {BLOCK_DEVICE, "os.kernel", "kernel", FACTOR_DEVICE},
    {BLOCK_DEVICE, "os.hypervisor", "hypervisor", FACTOR_DEVICE},
    {BLOCK_DEVICE, "memory.total_bytes", "memory", FACTOR_DEVICE},
    {BLOCK_DEVICE, "memory_bytes", "memory", FACTOR_DEVICE},
    {BLOCK_DEVICE, "cpu.microcode", "microcode", FACTOR_DEVICE},
    {BLOCK_DEVICE, "cpu.governor", "governor", FACTOR_NONE},
    {BLOCK_ENVIRONMENT, "governor", "governor", FACTOR_NONE},
    {BLOCK_ENVIRONMENT, "power_source", "power source", FACTOR_NONE},
    {BLOCK_ENVIRONMENT, "ambient_celsius", "ambient temperature", FACTOR_NONE},
    {BLOCK_ENVIRONMENT, "virtualized", "virtualisation", FACTOR_DEVICE},
    {BLOCK_ENVIRONMENT, "shared_host", "shared host", FACTOR_NONE},
    {BLOCK_ENVIRONMENT, "resumed_after_reboot", "resumed after a reboot", FACTOR_NONE},
};

static const struct facts *block_of(const struct record *record, enum block block)
{
    switch (block) {
    case BLOCK_TOOL:
        return &record->tool;
    case BLOCK_WORKLOAD:
        return &record->workload;
    case BLOCK_DEVICE:
        return &record->device;
    case BLOCK_ENVIRONMENT:
        break;
    }
    return &record->environment;
}

bool notes_recorded(struct comparison *comparison, const struct comparison_pair *pair)
{
    bool good = true;

    for (size_t i = 0; i < sizeof recorded / sizeof *recorded && good; i++) {
        const char *const paths[] = {recorded[i].path, NULL};
        char a[VIEW_TEXT_MAX], b[VIEW_TEXT_MAX];
        if (recorded[i].part != FACTOR_NONE && recorded[i].part == pair->factor)
            continue;
        view_fact(a, sizeof a, block_of(pair->base, recorded[i].block), paths);
        view_fact(b, sizeof b, block_of(pair->candidate, recorded[i].block), paths);
        if (strcmp(a, b) != 0 && !pair->foreign)
            good = notes_add(comparison, "%s differs: %.200s in %.120s, %.200s in %.120s", recorded[i].word,
                             *a ? a : "unknown", pair->base_name, *b ? b : "unknown", pair->candidate_name);
    }
    return good;
}

/* ---- cells ------------------------------------------------------------------------------------------------------------ */

static bool note_alone(struct comparison *comparison, const struct record *record, const bool *matched,
                       const char *name, const char *other)
{
    char list[NOTE_MAX / 2] = "";
    size_t alone = 0, used = 0;

    for (size_t i = 0; i < record->cell_count; i++)
        if (!matched[i] && alone++ < NAMES_SHOWN && used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", record->cells[i].id);
    if (!alone)
        return true;
    return notes_add(comparison, "only in %.120s, with no partner in %.120s: %s%s (%zu of %zu cells)", name, other,
                     list, alone > NAMES_SHOWN ? ", …" : "", alone, record->cell_count);
}

bool notes_unmatched(struct comparison *comparison, const struct comparison_pair *pair, const struct matches *matches)
{
    size_t a = pair->base->cell_count, b = pair->candidate->cell_count;
    bool *matched = calloc(a + b + 1, sizeof *matched), good = matched != NULL;

    for (size_t i = 0; good && i < matches->count; i++)
        matched[matches->items[i].base] = matched[a + matches->items[i].candidate] = true;
    good = good && note_alone(comparison, pair->base, matched, pair->base_name, pair->candidate_name) &&
           note_alone(comparison, pair->candidate, matched + a, pair->candidate_name, pair->base_name);
    free(matched);
    return good;
}

bool notes_flags(struct comparison *comparison, const struct record *record, const char *name)
{
    char list[NOTE_MAX / 2] = "";
    size_t used = 0, measured = 0;

    for (size_t i = 0; i < record->cell_count; i++)
        for (size_t k = 0; k < record->cells[i].repetition_count; k++)
            measured += record->cells[i].repetitions[k].phase == PHASE_MEASURED;
    for (unsigned flag = 0; flag < FLAG_COUNT && used < sizeof list; flag++) {
        size_t count = flags_count(record, flag);
        if (count)
            used +=
                (size_t)snprintf(list + used, sizeof list - used, "%s%s %zu", used ? ", " : "", flag_name(flag), count);
    }
    if (!used)
        return true;
    return notes_add(comparison, "%.120s: of %zu repetitions %zu are flagged: %s", name, measured,
                     flags_count(record, FLAG_COUNT), list);
}

static bool note_cell(struct comparison *comparison, const struct cell *cell, enum field field, double *values,
                      const char *name)
{
    size_t count = cell_launch_values(cell, field, values, cell->repetition_count);
    double correlation = statistics_autocorrelation(values, count), outlier = statistics_outlier(values, count);
    bool good = true;

    /* two standard errors of a correlation that is not there */
    if (correlation > fmax(CORRELATION_LEAST, 2 / sqrt((double)count)))
        good = notes_add(comparison,
                         "%.120s: %s of %s drifts from launch to launch (correlation %.2f): %zu launches are "
                         "worth %.0f",
                         name, field_info(field)->name, cell->id, correlation, count,
                         statistics_effective_count(count, correlation));
    if (good && count >= COMPARE_LAUNCHES_LEAST && isfinite(outlier) && outlier > OUTLIER_LEAST)
        good = notes_add(comparison,
                         "%.120s: a launch stands far out in %s of %s (%.0f deviations from the median); it counts "
                         "all the same",
                         name, field_info(field)->name, cell->id, outlier);
    return good;
}

bool notes_launches(struct comparison *comparison, const struct comparison_row *row)
{
    size_t a = row->base->repetition_count, b = row->candidate->repetition_count;
    const struct comparison_pair *pair = &comparison->pairs[row->pair];
    double *values;
    bool good;

    if (strcmp(field_unit(row->field), "bytes") == 0 || comparison->note_count > NOTES_READ)
        return true;
    values = malloc(((a > b ? a : b) + 1) * sizeof *values);
    good = values && note_cell(comparison, row->base, row->field, values, pair->base_name) &&
           note_cell(comparison, row->candidate, row->field, values, pair->candidate_name);
    free(values);
    return good;
}
