#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/page/cases.h"
#include "reports/page/sections.h"
#include "reports/units.h"

enum { TEXT_MAX = 512, FOLDED_ROWS = 60, POINTS_MAX = 48, COLOURS_MAX = 6, SAMPLES_MAX = 64 };

/* ---- the roofline --------------------------------------------------------------------------------------------------------- */

/* What the chart needs of a case, all of it from the document. Intensities in MACs per byte read. */
struct place {
    double decode_intensity, decode_macs_per_second;
    double prefill_intensity, prefill_macs_per_second;
};

/* Decode multiplies each weight it reads once: its intensity is that of the weights, parameters ÷ stored bytes, and what it does
 * per second follows from the bytes read. Prefill does the MACs that its speed tells over weights read once. NaN: cannot be had. */
static struct place place_of(const struct report_cell *cell)
{
    double parameters = facts_get_number(&cell->cell->model, "parameter_count");
    double stored_bytes = facts_get_number(&cell->cell->model, "stored_bytes");
    double prompt_tokens = facts_get_number(&cell->cell->parameters, "prompt_tokens");
    double macs_per_token =
        report_value(cell, FIELD_prefill_macs_per_second) / report_value(cell, FIELD_prefill_tokens_per_second);
    struct place place = {NAN, NAN, NAN, report_value(cell, FIELD_prefill_macs_per_second)};

    if (!(stored_bytes > 0))
        return place;
    place.decode_intensity = parameters / stored_bytes;
    place.decode_macs_per_second = place.decode_intensity * report_value(cell, FIELD_decode_read_bytes_per_second);
    place.prefill_intensity = macs_per_token * prompt_tokens / stored_bytes;
    return place;
}

static bool place_known(const struct place *place)
{
    return isfinite(place->decode_macs_per_second) ||
           (isfinite(place->prefill_intensity) && isfinite(place->prefill_macs_per_second));
}

/* The newest result of the device that knows both roofs; NULL: none does. */
static const struct record *roofs_of(const struct report_device *device)
{
    for (size_t i = 0; i < device->source_count; i++) {
        const struct facts *environment = &device->sources[i]->record->environment;
        if (facts_get_number(environment, "roofs.read_bytes_per_second") > 0 &&
            facts_get_number(environment, "roofs.int8_macs_per_second") > 0)
            return device->sources[i]->record;
    }
    return NULL;
}

/* From well left of all points to well right of them. Returns where the roofs meet. */
static double draw_roofs(struct chart *chart, struct chart_panel *panel, const struct record *record, double least,
                         double most)
{
    double read = facts_get_number(&record->environment, "roofs.read_bytes_per_second");
    double macs = facts_get_number(&record->environment, "roofs.int8_macs_per_second"), ridge = macs / read;
    double from = fmin(least, ridge) / 2, to = fmax(most, ridge) * 2;
    size_t series = chart_series(chart, panel, "roofs: reading memory, INT8 arithmetic");

    if (series < panel->series_count)
        panel->series[series].slope = true;
    chart_add(chart, panel, series, from, from * read, NAN, NAN, NULL);
    chart_add(chart, panel, series, ridge, macs, NAN, NAN, NULL);
    chart_add(chart, panel, series, to, macs, NAN, NAN, NULL);
    return ridge;
}

/* Cases as colours, where there are few; else phases. */
static void draw_points(struct chart *chart, struct chart_panel *panel, const struct cases *cases, size_t device,
                        size_t count, size_t *left_out)
{
    size_t decode = SIZE_MAX, prefill = SIZE_MAX, drawn = 0;
    struct cases own = *cases; /* labels need not name the panel's device */
    char label[BLOCKS_LABEL_MAX];

    own.several_devices = false;

    if (count > COLOURS_MAX) {
        decode = chart_series(chart, panel, "decode");
        prefill = chart_series(chart, panel, "prefill");
    }
    for (size_t i = 0; i < cases->count; i++) {
        struct place place = place_of(&cases->items[i]);
        if (cases->items[i].device != device || !place_known(&place))
            continue;
        if (drawn++ >= POINTS_MAX) {
            (*left_out)++;
            continue;
        }
        if (count <= COLOURS_MAX) {
            cases_label(label, sizeof label, &own, &cases->items[i]);
            decode = prefill = chart_series(chart, panel, label);
        }
        chart_add(chart, panel, decode, place.decode_intensity, place.decode_macs_per_second, NAN, NAN, NULL);
        chart_add(chart, panel, prefill, place.prefill_intensity, place.prefill_macs_per_second, NAN, NAN, NULL);
    }
}

/* One device's points and roofs; false where it has no roof or no point. *ridge gets where both roofs meet. */
static bool draw_device(struct chart *chart, const struct cases *cases, size_t device, double *ridge, size_t *left_out)
{
    const struct report *report = cases->report;
    const struct record *record = roofs_of(&report->devices[device]);
    double least = INFINITY, most = 0;
    struct chart_panel *panel;
    size_t count = 0;

    for (size_t i = 0; i < cases->count; i++) {
        struct place place = place_of(&cases->items[i]);
        if (cases->items[i].device != device || !place_known(&place))
            continue;
        least = fmin(fmin(least, place.decode_intensity), place.prefill_intensity);
        most = fmax(fmax(most, place.decode_intensity), place.prefill_intensity);
        count++;
    }
    if (!record || !count ||
        !(panel = chart_panel(chart, CHART_POINTS, report->device_count > 1 ? report->devices[device].name : "",
                              "MACs per byte read", "MACs per second")))
        return false;
    panel->x_log = panel->y_log = true;
    *ridge = draw_roofs(chart, panel, record, least, most);
    draw_points(chart, panel, cases, device, count, left_out);
    return true;
}

/* Least and largest share of the field, as words: "88 %", "88 to 92 %"; "" where there is none. Of native results, where there are
 * any. */
static void range_text(char *out, size_t size, const struct report *report, enum field field)
{
    double least = INFINITY, most = -INFINITY;
    bool native = false;

    for (size_t i = 0; i < report->cell_count; i++)
        native |= report->cells[i].source->record->origin == ORIGIN_NATIVE;
    for (size_t i = 0; i < report->cell_count; i++) {
        double value = report_value(&report->cells[i], field);
        if (native && report->cells[i].source->record->origin != ORIGIN_NATIVE)
            continue;
        least = fmin(least, value);
        most = fmax(most, value);
    }
    out[0] = '\0';
    if (isfinite(least) && round(100 * least) == round(100 * most))
        snprintf(out, size, "%.0f %%", 100 * most);
    else if (isfinite(least))
        snprintf(out, size, "%.0f to %.0f %%", 100 * least, 100 * most);
}

static void finding_text(char *out, size_t size, const struct report *report)
{
    char decode[64], prefill[64];

    range_text(decode, sizeof decode, report, FIELD_decode_utilization_ratio);
    range_text(prefill, sizeof prefill, report, FIELD_prefill_utilization_ratio);
    out[0] = '\0';
    if (*decode)
        snprintf(out, size, "Decode reaches %s of what memory can deliver%s%s%s", decode, *prefill ? ", prefill " : "",
                 prefill, *prefill ? " of what arithmetic can" : "");
    else if (*prefill)
        snprintf(out, size, "Prefill reaches %s of what arithmetic can deliver", prefill);
}

/* Returns how many devices have a panel. */
static size_t build_chart(const struct cases *cases, struct page *page)
{
    struct chart *chart = chart_new("roofline", "Roofline");
    size_t left_out = 0, drawn = 0;
    double ridge = NAN;

    for (size_t i = 0; i < cases->report->device_count && drawn < CHART_PANELS_MAX; i++)
        drawn += draw_device(chart, cases, i, &ridge, &left_out);
    if (drawn == 1)
        chart_finding(chart,
                      "Left of %.3g MACs per byte, where decode stands, reading memory is the bound; right of it, "
                      "where prompts of some length stand, arithmetic is.",
                      ridge);
    else
        chart_finding(chart, "Left of the bend, where decode stands, reading memory is the bound; right of it, where "
                             "prompts of some length stand, arithmetic is.");
    chart_foot(chart, "Lines: roofs measured in the newest run%s; points on the left: decode, on the right: prefill",
               cases->report->device_count > 1 ? " of each device" : "");
    chart_rows_left_out(chart, left_out);
    page_chart(page, chart);
    return drawn;
}

/* ---- tables --------------------------------------------------------------------------------------------------------------- */

static void build_shares(const struct report *report, struct page *page, enum origin origin)
{
    static const struct {
        enum field rate, share;
    } pairs[] = {{FIELD_decode_read_bytes_per_second, FIELD_decode_utilization_ratio},
                 {FIELD_prefill_macs_per_second, FIELD_prefill_utilization_ratio}};
    char id[64], caption[TEXT_MAX];
    struct cases cases;
    struct grid *grid;

    page->failed |= !cases_open_origin(&cases, report, origin);
    if (!blocks_any(cases.items, cases.count, pairs[0].share) &&
        !blocks_any(cases.items, cases.count, pairs[1].share)) {
        cases_close(&cases);
        return;
    }
    cases_origin_id(id, "roof-shares", origin);
    cases_origin_title(caption, sizeof caption, "Share of the roof of every case", origin);
    grid = page_grid(page, id, caption);
    cases_head(&cases, grid);
    grid_column(grid, "decode reads", "", true);
    grid_column(grid, "of the read roof", "", true);
    grid_column(grid, "prefill computes", "", true);
    grid_column(grid, "of the arithmetic roof", "", true);
    for (size_t i = 0; i < cases.count; i++) {
        cases_row(&cases, grid, &cases.items[i]);
        for (size_t k = 0; k < 2; k++) {
            blocks_figure(grid, &cases.items[i], pairs[k].rate);
            blocks_figure(grid, &cases.items[i], pairs[k].share);
            blocks_share(grid, report_value(&cases.items[i], pairs[k].share));
        }
    }
    if (grid) {
        grid->sortable = true;
        grid->folded = cases.count > FOLDED_ROWS;
    }
    cases_close(&cases);
}

/* How many samples a roof is the best of; 0: not told. */
static size_t samples_of(const struct facts *environment, const char *folder, const char *leaf)
{
    char path[TEXT_MAX];
    size_t count = 0;

    while (count < SAMPLES_MAX) {
        snprintf(path, sizeof path, "%.200s.samples_%.200s[%zu]", folder, leaf, count);
        if (!facts_find(environment, path))
            break;
        count++;
    }
    return count;
}

/* A labelled fact of the roofs, and what else is told of it. */
struct roof {
    const struct fact *fact;
    double value, median;
    size_t samples;
};

static struct roof roof_of(const struct facts *environment, const struct fact *fact)
{
    const char *leaf = strrchr(fact->path, '.') + 1;
    char folder[TEXT_MAX], path[TEXT_MAX];

    snprintf(folder, sizeof folder, "%.*s", (int)(leaf - 1 - fact->path), fact->path);
    snprintf(path, sizeof path, "%.200s.median_%.200s", folder, leaf);
    return (struct roof){fact, facts_get_number(environment, fact->path), facts_get_number(environment, path),
                         samples_of(environment, folder, leaf)};
}

/* The next labelled roof at or behind *index; false: there are no more. */
static bool roof_next(const struct facts *environment, size_t *index, struct roof *roof)
{
    for (; *index < environment->count; (*index)++) {
        const struct fact *fact = &environment->items[*index];
        if (!fact->label || strncmp(fact->path, "roofs.", 6) != 0)
            continue;
        *roof = roof_of(environment, fact);
        (*index)++;
        return true;
    }
    return false;
}

/* The newest result of the device that tells roofs; NULL: none does. */
static const struct facts *roofs_told(const struct report_device *device)
{
    struct roof roof;

    for (size_t i = 0; i < device->source_count; i++) {
        const struct facts *environment = &device->sources[i]->record->environment;
        if (roof_next(environment, &(size_t){0}, &roof))
            return environment;
    }
    return NULL;
}

static void roof_row(struct grid *grid, const struct roof *roof, bool samples)
{
    const char *unit = units_of_name(roof->fact->path);

    grid_text(grid, "%s", roof->fact->label);
    blocks_quantity(grid, unit, roof->value);
    if (samples) {
        blocks_quantity(grid, unit, roof->median);
        blocks_quantity(grid, "count", roof->samples ? (double)roof->samples : NAN);
    }
}

/* Roofs of every device that tells any; false: none does. */
static bool build_roofs(const struct report *report, struct page *page)
{
    bool samples = false, any = false;
    const struct facts *environment;
    struct grid *grid = NULL;
    struct roof roof;

    for (size_t d = 0; d < report->device_count; d++)
        for (size_t i = 0; (environment = roofs_told(&report->devices[d])) && roof_next(environment, &i, &roof);) {
            samples |= roof.samples > 0;
            any = true;
        }
    if (!any)
        return false;
    grid = page_grid(page, "roofs", "The roofs, as measured");
    if (report->device_count > 1)
        grid_column(grid, "device", "", false);
    grid_column(grid, "roof", "", false);
    grid_column(grid, samples ? "best" : "value", "", true);
    if (samples) {
        grid_column(grid, "median", "", true);
        grid_column(grid, "samples", "", true);
    }
    for (size_t d = 0; d < report->device_count; d++)
        for (size_t i = 0; (environment = roofs_told(&report->devices[d])) && roof_next(environment, &i, &roof);) {
            if (report->device_count > 1)
                grid_text(grid, "%s", report->devices[d].name);
            roof_row(grid, &roof, samples);
        }
    return true;
}

/* ---- the section ------------------------------------------------------------------------------------------------------------ */

static void tell_missing(const struct cases *cases, struct page *page)
{
    size_t decode = 0, prefill = 0;

    for (size_t i = 0; i < cases->count; i++) {
        struct place place = place_of(&cases->items[i]);
        decode += isfinite(place.decode_macs_per_second);
        prefill += isfinite(place.prefill_intensity) && isfinite(place.prefill_macs_per_second);
    }
    if (decode < cases->count || prefill < cases->count)
        page_text(
            page, BLOCK_NOTE,
            "Of %zu cases, %zu stand in the chart with decode and %zu with prefill: the results of the others do not "
            "tell their parameters, stored bytes or arithmetic.",
            cases->count, decode, prefill);
}

void section_roof(const struct report *report, struct page *page)
{
    static const enum field fields[] = {FIELD_decode_utilization_ratio, FIELD_prefill_utilization_ratio};
    char finding[TEXT_MAX];
    struct cases cases;
    size_t drawn;

    if (!cases_open(&cases, report, report->cells, report->cell_count)) {
        page->failed = true;
        return;
    }
    finding_text(finding, sizeof finding, report);
    if (*finding) {
        page_text(page, BLOCK_LEAD, "%s.", finding);
        drawn = build_chart(&cases, page);
        for (int origin = ORIGIN_NATIVE; origin <= ORIGIN_IMPORTED; origin++)
            build_shares(report, page, (enum origin)origin);
        if (drawn) {
            page_text(
                page, BLOCK_NOTE,
                "x of decode: parameters ÷ stored bytes, for each weight read is multiplied once; x of prefill: its "
                "MACs ÷ stored bytes, each weight read once at least. y: what was achieved. Shares are told against "
                "the roof of a like footprint and of the instruction set used, in the same run.");
            tell_missing(&cases, page);
        }
        blocks_missing(page, cases.items, cases.count, fields, 2);
    }
    if (build_roofs(report, page))
        page_text(
            page, BLOCK_NOTE,
            "Reading: all threads sum over memory of that footprint. Arithmetic: multiply-accumulates in registers "
            "at that instruction set.");
    cases_close(&cases);
}
