#include "reports/page/fit_list.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/page/report_traits.h"
#include "reports/view.h"

/* Shorter prompts do not fill the processor: their speed is not what the prediction is about. */
enum { PROMPT_LEAST = 128 };

/* ---- which cell ----------------------------------------------------------------------------------------------------------- */

static bool is_cpu(const struct report_cell *cell)
{
    return strcmp(facts_get_text(&cell->cell->engine, "name", ""), "cpu") == 0;
}

/* How near a measured case is to an empty cache, a prompt of some length and our own engine. */
static int likeness(const struct report_cell *cell)
{
    double depth = facts_get_number(&cell->cell->parameters, "depth_tokens");

    return 4 * !(depth > 0) + 2 * (facts_get_number(&cell->cell->parameters, "prompt_tokens") >= PROMPT_LEAST) +
           is_cpu(cell);
}

/* Of two that are equally like, the first: it is newer. */
static const struct report_cell *nearer(const struct report_cell *a, const struct report_cell *b)
{
    return !a || (b && likeness(b) > likeness(a)) ? b : a;
}

/* As predicted, where the prediction tells it. */
static bool parameter_alike(const struct report_cell *measured, const struct report_cell *prediction,
                            enum report_trait trait, const char *name)
{
    return !facts_find(&prediction->cell->parameters, name) || measured->traits[trait] == prediction->traits[trait];
}

static bool is_comparable(const struct report_cell *measured, const struct report_cell *prediction)
{
    if (!measured || likeness(measured) != 7)
        return false;
    return !prediction || (parameter_alike(measured, prediction, TRAIT_THREADS, "threads") &&
                           parameter_alike(measured, prediction, TRAIT_CACHE, "kv_type"));
}

/* ---- the list ------------------------------------------------------------------------------------------------------------- */

/* A new case of that cell, at the end; room is there. */
static struct fit_case *list_add(struct fit_list *list, const struct report_cell *cell)
{
    list->items[list->count] = (struct fit_case){.device = cell->device,
                                                 .model = cell->traits[TRAIT_MODEL],
                                                 .format = cell->traits[TRAIT_FORMAT],
                                                 .parameters = facts_get_number(&cell->cell->model, "parameter_count"),
                                                 .order = list->count};
    return &list->items[list->count++];
}

static int same_compare(const void *a, const void *b)
{
    const struct fit_case *x = a, *y = b;

    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (x->model != y->model)
        return x->model < y->model ? -1 : 1;
    return (x->format > y->format) - (x->format < y->format);
}

static int found_compare(const void *a, const void *b)
{
    const struct fit_case *x = a, *y = b;
    int order = same_compare(a, b);

    return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int shown_compare(const void *a, const void *b)
{
    const struct fit_case *x = a, *y = b;
    const struct report_cell *p = fit_case_cell(x), *q = fit_case_cell(y);
    int order;

    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (isnan(x->parameters) != isnan(y->parameters))
        return isnan(x->parameters) ? 1 : -1;
    if (x->parameters != y->parameters && !isnan(x->parameters))
        return x->parameters < y->parameters ? -1 : 1;
    order = strcmp(facts_get_text(&p->cell->model, "name", ""), facts_get_text(&q->cell->model, "name", ""));
    return order ? order
                 : strcmp(facts_get_text(&p->cell->model, "quantization", ""),
                          facts_get_text(&q->cell->model, "quantization", ""));
}

/* What one case of a model tells of its parameters holds for the others, which stand beside it. */
static void share_parameters(struct fit_list *list)
{
    for (size_t i = 0, end; i < list->count; i = end) {
        double known = NAN;
        for (end = i; end < list->count && list->items[end].device == list->items[i].device &&
                      list->items[end].model == list->items[i].model;
             end++)
            known = isnan(known) ? list->items[end].parameters : known;
        for (size_t k = i; k < end; k++)
            list->items[k].parameters = known;
    }
}

/* One case for each device, model and format. */
static void list_merge(struct fit_list *list)
{
    size_t kept = 0;

    qsort(list->items, list->count, sizeof *list->items, found_compare);
    for (size_t i = 0; i < list->count; i++) {
        struct fit_case *into = kept ? &list->items[kept - 1] : NULL, *from = &list->items[i];
        if (!into || same_compare(into, from) != 0) {
            list->items[kept++] = *from;
            continue;
        }
        into->prediction = into->prediction ? into->prediction : from->prediction;
        into->measured = nearer(into->measured, from->measured);
        if (!into->left_out.cell)
            into->left_out = from->left_out;
        if (isnan(into->parameters))
            into->parameters = from->parameters;
    }
    list->count = kept;
    share_parameters(list);
    for (size_t i = 0; i < kept; i++)
        list->items[i].comparable = is_comparable(list->items[i].measured, list->items[i].prediction);
    qsort(list->items, kept, sizeof *list->items, shown_compare);
}

static void add_left_out(struct fit_list *list, const struct report *report, size_t device)
{
    for (size_t s = 0; s < report->devices[device].source_count; s++) {
        const struct report_source *source = report->devices[device].sources[s];
        for (size_t i = 0; i < source->record->cell_count; i++) {
            struct report_cell cell = {.source = source, .cell = &source->record->cells[i], .device = device};
            if (cell.cell->status == CELL_OK || view_is_matmul(cell.cell))
                continue;
            report_traits_read(&cell);
            list_add(list, &cell)->left_out = cell;
        }
    }
}

bool fit_list_open(struct fit_list *list, const struct report *report)
{
    size_t room = report->prediction_count + report->cell_count + 1;

    for (size_t i = 0; i < report->source_count; i++)
        room += report->sources[i].record->cell_count;
    *list = (struct fit_list){.items = calloc(room, sizeof *list->items)};
    if (!list->items)
        return false;
    for (size_t i = 0; i < report->prediction_count; i++)
        list_add(list, &report->predictions[i])->prediction = &report->predictions[i];
    for (size_t i = 0; i < report->cell_count; i++)
        list_add(list, &report->cells[i])->measured = &report->cells[i];
    for (size_t i = 0; i < report->device_count; i++)
        add_left_out(list, report, i);
    list_merge(list);
    return true;
}

void fit_list_close(struct fit_list *list)
{
    free(list->items);
    *list = (struct fit_list){0};
}

/* ---- a case ----------------------------------------------------------------------------------------------------------------- */

const struct report_cell *fit_case_cell(const struct fit_case *item)
{
    return item->prediction ? item->prediction : item->measured ? item->measured : &item->left_out;
}

const struct figure *fit_case_figure(const struct fit_case *item, enum field field, enum mark *mark)
{
    const struct figure *predicted = item->prediction ? report_figure(item->prediction, field) : NULL;
    const struct figure *measured = item->measured ? report_figure(item->measured, field) : NULL;

    if (measured && (item->comparable || !predicted)) {
        *mark = MARK_MEASURED;
        return measured;
    }
    *mark = predicted ? MARK_PREDICTED : MARK_NONE;
    return predicted;
}

enum mark fit_case_fits(const struct fit_case *item)
{
    const char *word = item->prediction ? facts_get_text(&item->prediction->cell->observations, "fit", "") : "";

    if (strcmp(word, "too large") == 0 && !item->measured)
        return MARK_NO;
    if (strcmp(word, "tight") == 0)
        return MARK_PART;
    return item->measured || strcmp(word, "fits") == 0 ? MARK_YES : MARK_NONE;
}

double fit_case_bytes(const struct fit_case *item)
{
    static const enum field fields[] = {FIELD_peak_private_bytes, FIELD_peak_rss_bytes, FIELD_predicted_peak_bytes};
    const struct report_cell *cells[] = {item->measured, item->prediction};

    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
            if (cells[i] && report_figure(cells[i], fields[k]))
                return report_value(cells[i], fields[k]);
    return NAN;
}

double fit_usable_bytes(const struct report_device *device)
{
    static const char *const paths[] = {"memory.usable_bytes", "memory.total_bytes", "memory_bytes"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        double bytes = facts_get_number(&device->source->record->device, paths[i]);
        if (bytes > 0)
            return bytes;
    }
    return NAN;
}

void fit_figure_text(char *out, size_t size, const struct figure *figure, enum mark mark)
{
    struct figure value = {0}, low, high;
    char texts[3][64];

    if (!figure) {
        snprintf(out, size, "%s", blocks_unknown);
        return;
    }
    if (mark != MARK_PREDICTED || !isfinite(figure->ci_low) || !isfinite(figure->ci_high)) {
        view_figure(out, size, figure);
        return;
    }
    value = low = high = (struct figure){.present = true, .ci_low = NAN, .ci_high = NAN};
    value.value = figure->value;
    low.value = figure->ci_low;
    high.value = figure->ci_high;
    view_figure(texts[0], sizeof texts[0], &value);
    view_figure(texts[1], sizeof texts[1], &low);
    view_figure(texts[2], sizeof texts[2], &high);
    snprintf(out, size, "%s (%s–%s)", texts[0], texts[1], texts[2]);
}
