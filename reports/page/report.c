#include "reports/page/report.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reports/document.h"
#include "reports/page/blocks.h"
#include "reports/page/report_traits.h"
#include "reports/text.h"
#include "reports/units.h"
#include "reports/view.h"

enum { NAME_COLUMNS = 56 };

/* ---- devices ------------------------------------------------------------------------------------------------------------ */

double report_time(const char *created)
{
    struct tm tm = {0};
    const char *rest = strptime(created, "%Y-%m-%dT%H:%M:%S", &tm);
    char *end;
    double seconds;
    int hours, minutes;

    if (!rest)
        return -INFINITY;
    seconds = (double)timegm(&tm);
    if (*rest == '.') {
        seconds += strtod(rest, &end);
        rest = end;
    }
    if ((*rest == '+' || *rest == '-') && sscanf(rest + 1, "%2d:%2d", &hours, &minutes) == 2)
        seconds += (*rest == '+' ? -1 : 1) * (3600.0 * hours + 60.0 * minutes);
    return seconds;
}

/* The document's device_id tells devices apart; where there is none, the processor's name; where that is missing too, every
 * result is a device of its own. */
static bool same_device(const struct report_source *a, const struct report_source *b)
{
    static const char *const paths[] = {"device_id", "cpu.name"};

    if (a->record->origin != b->record->origin)
        return false;
    for (size_t i = 0; i < 2; i++) {
        const char *x = facts_get_text(&a->record->device, paths[i], ""),
                   *y = facts_get_text(&b->record->device, paths[i], "");
        if (*x || *y)
            return strcmp(x, y) == 0;
    }
    return a == b;
}

/* Newest first. */
static void device_add(struct report_device *device, const struct report_source *source)
{
    size_t at = device->source_count++;

    for (; at && report_time(source->record->created) > report_time(device->sources[at - 1]->record->created); at--)
        device->sources[at] = device->sources[at - 1];
    device->sources[at] = source;
}

static bool devices_make(struct report *report)
{
    report->devices = calloc(report->source_count + 1, sizeof *report->devices);
    for (size_t i = 0; report->devices && i < report->source_count; i++) {
        const struct report_source *source = &report->sources[i];
        struct report_device *device = report->devices;
        while (device < report->devices + report->device_count && !same_device(device->sources[0], source))
            device++;
        if (device == report->devices + report->device_count) {
            device->sources = calloc(report->source_count, sizeof *device->sources);
            if (!device->sources)
                return false;
            report->device_count++;
        }
        device_add(device, source);
    }
    return report->devices != NULL;
}

/* The processor's name without what a document may leave out, and how the figures came about where not by this program. */
static void device_name(struct report_device *device)
{
    static const char *const paths[] = {"cpu.name", "cpu.codename", "device_id", NULL};
    enum origin origin = device->sources[0]->record->origin;
    char text[VIEW_TEXT_MAX], *clean, name[sizeof device->name - 32];

    device->source = device->sources[0];
    for (size_t i = device->source_count; i--;)
        if (*facts_get_text(&device->sources[i]->record->device, "cpu.name", ""))
            device->source = device->sources[i];
    view_fact(text, sizeof text, &device->source->record->device, paths);
    clean = text_copy(text, TEXT_LINE);
    text_cut(name, sizeof name, clean && *clean ? clean : "unnamed device", NAME_COLUMNS);
    free(clean);
    if (origin == ORIGIN_NATIVE)
        snprintf(device->name, sizeof device->name, "%s", name);
    else
        snprintf(device->name, sizeof device->name, "%s (%s)", name, origin_name(origin));
}

/* " #2" behind names that are not unique. A name may end so of itself: then the next number is tried. */
static void devices_number(struct report *report)
{
    for (size_t i = 0; i < report->device_count; i++) {
        char *name = report->devices[i].name;
        size_t length = strlen(name);
        for (size_t k = 0, number = 2; k < i; k++) {
            if (strcmp(report->devices[k].name, name) != 0)
                continue;
            snprintf(name + length, sizeof report->devices[i].name - length, " #%zu", number++);
            k = SIZE_MAX; /* from the first one on */
        }
    }
}

/* ---- cells -------------------------------------------------------------------------------------------------------------- */

static double parameters_of(const struct report_cell *cell)
{
    double count = facts_get_number(&cell->cell->model, "parameter_count");

    return count > 0 ? count : INFINITY;
}

static int order_of(double a, double b)
{
    return (a > b) - (a < b);
}

/* The order of the lists; cells hold their place in it where all else is equal. */
static int cells_compare(const void *a, const void *b)
{
    const struct report_cell *x = a, *y = b;
    int order = (x->device > y->device) - (x->device < y->device);

    if (!order)
        order = order_of(parameters_of(x), parameters_of(y));
    if (!order)
        order = strcmp(facts_get_text(&x->cell->model, "name", ""), facts_get_text(&y->cell->model, "name", ""));
    if (!order && x->source != y->source)
        order = order_of(report_time(y->source->record->created), report_time(x->source->record->created));
    if (!order && x->source != y->source)
        order = x->source < y->source ? -1 : 1;
    return order ? order : (x->cell > y->cell) - (x->cell < y->cell);
}

/* Of one key, build and engine on one device the newest comes first. */
static int cells_compare_same(const void *a, const void *b)
{
    static const enum report_trait builds[] = {TRAIT_ENGINE, TRAIT_BUILD, TRAIT_PROGRAM};
    const struct report_cell *x = a, *y = b;
    int order = (x->device > y->device) - (x->device < y->device);

    if (!order)
        order = strcmp(x->key, y->key);
    for (size_t i = 0; !order && i < sizeof builds / sizeof *builds; i++)
        order = (x->traits[builds[i]] > y->traits[builds[i]]) - (x->traits[builds[i]] < y->traits[builds[i]]);
    return order;
}

static int cells_compare_age(const void *a, const void *b)
{
    int order = cells_compare_same(a, b);

    return order ? order : cells_compare(a, b);
}

/* Leaves the first of each run of equal ones. */
static size_t cells_thin(struct report_cell *cells, size_t count)
{
    size_t kept = 0;

    qsort(cells, count, sizeof *cells, cells_compare_age);
    for (size_t i = 0; i < count; i++)
        if (!kept || cells_compare_same(&cells[kept - 1], &cells[i]) != 0)
            cells[kept++] = cells[i];
    qsort(cells, kept, sizeof *cells, cells_compare);
    return kept;
}

enum list { LIST_CELLS, LIST_PRODUCTS, LIST_PREDICTIONS };

static bool belongs(const struct cell *cell, enum list list)
{
    return list == LIST_PREDICTIONS || (cell->status == CELL_OK && view_is_matmul(cell) == (list == LIST_PRODUCTS));
}

/* A prediction has no build: only what it predicts counts. */
static bool cell_take(struct report_cell *cell, enum list list)
{
    report_traits_read(cell);
    if (list != LIST_PREDICTIONS)
        return cell_key(cell->cell, cell->key);
    cell->traits[TRAIT_ENGINE] = cell->traits[TRAIT_BUILD] = cell->traits[TRAIT_PROGRAM] = 0;
    snprintf(cell->key, sizeof cell->key, "%016jx%016jx", (uintmax_t)cell->traits[TRAIT_MODEL],
             (uintmax_t)cell->traits[TRAIT_FORMAT]);
    return true;
}

/* The list's cells of one result; room is there. */
static bool cells_add(struct report_cell *cells, size_t *count, const struct report_source *source, size_t device,
                      enum list list)
{
    bool predictions = list == LIST_PREDICTIONS;
    const struct cell *own = predictions ? source->record->predictions : source->record->cells;
    size_t own_count = predictions ? source->record->prediction_count : source->record->cell_count;

    for (size_t i = 0; i < own_count; i++) {
        if (!belongs(&own[i], list))
            continue;
        cells[*count] = (struct report_cell){.source = source, .cell = &own[i], .device = device};
        if (!cell_take(&cells[(*count)++], list))
            return false;
    }
    return true;
}

static bool cells_make(struct report *report, enum list list, struct report_cell **cells, size_t *count)
{
    size_t room = 1;

    for (size_t i = 0; i < report->source_count; i++)
        room += report->sources[i].record->prediction_count + report->sources[i].record->cell_count;
    if (!(*cells = calloc(room, sizeof **cells)))
        return false;
    for (size_t d = 0; d < report->device_count; d++)
        for (size_t i = 0; i < report->devices[d].source_count; i++)
            if (!cells_add(*cells, count, report->devices[d].sources[i], d, list))
                return false;
    *count = cells_thin(*cells, *count);
    return true;
}

enum status report_open(struct report *report, const struct report_source *sources, size_t count, struct error *error)
{
    *report = (struct report){.sources = sources, .source_count = count, .price_per_kwh = NAN, .cloud_price = NAN};
    if (!devices_make(report))
        return error_set(error, STATUS_MEMORY, "no memory to sort %zu results", count);
    for (size_t i = 0; i < report->device_count; i++)
        device_name(&report->devices[i]);
    devices_number(report);
    if (!cells_make(report, LIST_CELLS, &report->cells, &report->cell_count) ||
        !cells_make(report, LIST_PRODUCTS, &report->products, &report->product_count) ||
        !cells_make(report, LIST_PREDICTIONS, &report->predictions, &report->prediction_count))
        return error_set(error, STATUS_MEMORY, "no memory to sort the cases of %zu results", count);
    return STATUS_OK;
}

void report_close(struct report *report)
{
    for (size_t i = 0; i < report->device_count; i++)
        free(report->devices[i].sources);
    free(report->devices);
    free(report->cells);
    free(report->products);
    free(report->predictions);
    *report = (struct report){0};
}

/* ---- figures ------------------------------------------------------------------------------------------------------------ */

const struct figure *report_figure(const struct report_cell *cell, enum field field)
{
    const struct figure *figure = &cell->cell->figures[field];

    return figure->present && isfinite(figure->value) ? figure : NULL;
}

double report_value(const struct report_cell *cell, enum field field)
{
    const struct figure *figure = report_figure(cell, field);

    return figure ? figure->value : NAN;
}

/* The figure in the scale of its unit's prefix: 0.3331 s as 333.1 of "ms". */
void report_say(char *out, size_t size, const struct figure *figure, enum field field)
{
    struct figure scaled = *figure;
    char text[64], shown[64], *unit;
    double factor;

    units_format(text, sizeof text, field_unit(field), figure->present ? figure->value : NAN);
    unit = strchr(text, ' ');
    factor = strtod(text, NULL) / figure->value;
    if (!unit || !(factor > 0)) {
        snprintf(out, size, "%s", text);
        return;
    }
    factor = pow(10, round(log10(factor)));
    scaled.value *= factor;
    scaled.ci_low *= factor;
    scaled.ci_high *= factor;
    view_figure(shown, sizeof shown, &scaled);
    snprintf(out, size, "%s%s", shown, unit);
}
