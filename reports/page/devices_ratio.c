#include "reports/page/devices_ratio.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/compare_view.h"
#include "reports/page/blocks.h"
#include "reports/text.h"

/* More results of a device than that are not set against each other one by one. */
enum { PAIRS_MAX = 16, REFUSALS_MAX = 24, NAME_COLUMNS = 56 };

static const enum field fields[] = {FIELD_decode_tokens_per_second, FIELD_prefill_tokens_per_second,
                                    FIELD_time_to_first_token_seconds, FIELD_peak_private_bytes,
                                    FIELD_energy_joules_per_token};

/* Two results that have a case in common. */
struct source_pair {
    const struct report_source *base, *candidate;
};

/* The cells of the first device and of another one. */
struct work {
    const struct report *report;
    struct device_ratios *ratios;
    const struct report_cell *base_cells, *cells;
    size_t base_count, count;
    const struct report_device *base, *device;
};

__attribute__((format(printf, 2, 3))) static void refuse(struct device_ratios *ratios, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    size_t i = 0;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    while (text && i < ratios->refusal_count && strcmp(ratios->refusals[i], text) != 0)
        i++;
    if (text && i == ratios->refusal_count && i < REFUSALS_MAX)
        ratios->refusals[ratios->refusal_count++] = text;
    else
        free(text);
    ratios->failed |= !text;
}

static size_t find_pairs(const struct work *work, struct source_pair pairs[PAIRS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < work->count; i++)
        for (size_t k = 0; k < work->base_count; k++) {
            struct source_pair pair = {work->base_cells[k].source, work->cells[i].source};
            size_t known = 0;
            if (strcmp(work->cells[i].key, work->base_cells[k].key) != 0)
                continue;
            while (known < count && (pairs[known].base != pair.base || pairs[known].candidate != pair.candidate))
                known++;
            if (known == count && count < PAIRS_MAX)
                pairs[count++] = pair;
        }
    return count;
}

static const struct report_cell *cell_find(const struct report_cell *cells, size_t count, const struct cell *cell)
{
    for (size_t i = 0; i < count; i++)
        if (cells[i].cell == cell)
            return &cells[i];
    return NULL;
}

static void take_row(struct work *work, const struct comparison_row *row)
{
    struct device_ratios *ratios = work->ratios;
    const struct report_cell *base = cell_find(work->base_cells, work->base_count, row->base);
    const struct report_cell *cell = cell_find(work->cells, work->count, row->candidate);
    char field[96];

    if (!base || !cell || strcmp(base->key, cell->key) != 0)
        return;
    if (row->verdict == VERDICT_NOT_COMPARABLE) {
        compare_view_field(field, sizeof field, row->field);
        refuse(ratios, "%s, %s: %s", work->device->name, field, row->reason);
        return;
    }
    if (ratios->count == ratios->capacity) {
        size_t capacity = ratios->capacity ? 2 * ratios->capacity : 32;
        struct device_ratio *items = realloc(ratios->items, capacity * sizeof *items);
        if (!items) {
            ratios->failed = true;
            return;
        }
        ratios->items = items;
        ratios->capacity = capacity;
    }
    ratios->items[ratios->count++] = (struct device_ratio){base, cell, *row};
}

static void compare_sources(struct work *work, const struct source_pair *pair)
{
    const struct record *const records[] = {pair->base->record, pair->candidate->record};
    char base_name[256], name[256];
    const char *const names[] = {base_name, name};
    struct compare_options options;
    struct comparison comparison;
    struct error error = {0};

    text_cut(base_name, sizeof base_name, work->base->name, NAME_COLUMNS);
    text_cut(name, sizeof name, work->device->name, NAME_COLUMNS);
    compare_options_default(&options);
    options.fields = fields;
    options.field_count = sizeof fields / sizeof *fields;
    if (comparison_make(&comparison, records, names, 2, &options, &error) == STATUS_OK)
        for (size_t i = 0; i < comparison.row_count; i++)
            take_row(work, &comparison.rows[i]);
    else
        refuse(work->ratios, "%s: %s", work->device->name, error.text);
    comparison_close(&comparison);
}

static size_t field_place(enum field field)
{
    size_t place = 0;

    while (place < sizeof fields / sizeof *fields && fields[place] != field)
        place++;
    return place;
}

static int ratios_compare(const void *a, const void *b)
{
    const struct device_ratio *x = a, *y = b;
    size_t place_x = field_place(x->row.field), place_y = field_place(y->row.field);

    if (x->cell->device != y->cell->device)
        return x->cell->device < y->cell->device ? -1 : 1;
    if (x->base != y->base)
        return x->base < y->base ? -1 : 1;
    if (place_x != place_y)
        return place_x < place_y ? -1 : 1;
    return (x->cell > y->cell) - (x->cell < y->cell);
}

void device_ratios_open(struct device_ratios *ratios, const struct report *report, size_t base)
{
    struct work work = {.report = report, .ratios = ratios, .base = &report->devices[base]};

    *ratios = (struct device_ratios){.refusals = calloc(REFUSALS_MAX, sizeof *ratios->refusals)};
    if (!ratios->refusals) {
        ratios->failed = true;
        return;
    }
    work.base_cells = blocks_of_device(report->cells, report->cell_count, base, &work.base_count);
    for (size_t i = 0; i < report->device_count; i++) {
        const struct report_device *device = &report->devices[i];
        struct source_pair pairs[PAIRS_MAX];
        size_t count;
        if (i == base || device->sources[0]->record->origin != ORIGIN_NATIVE)
            continue;
        work.device = device;
        work.cells = blocks_of_device(report->cells, report->cell_count, i, &work.count);
        if (!work.base_count || !work.count) {
            refuse(ratios, "%s: no model was measured", work.count ? work.base->name : device->name);
            continue;
        }
        /* Without a case in common the refusal tells what the nearest ones differ in. */
        if (!(count = find_pairs(&work, pairs)))
            pairs[count++] = (struct source_pair){work.base_cells[0].source, work.cells[0].source};
        for (size_t k = 0; k < count; k++)
            compare_sources(&work, &pairs[k]);
    }
    if (ratios->count)
        qsort(ratios->items, ratios->count, sizeof *ratios->items, ratios_compare);
}

void device_ratios_close(struct device_ratios *ratios)
{
    for (size_t i = 0; i < ratios->refusal_count; i++)
        free(ratios->refusals[i]);
    free(ratios->refusals);
    free(ratios->items);
    *ratios = (struct device_ratios){0};
}
