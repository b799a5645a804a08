#include "reports/page/cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/page/report_traits.h"
#include "reports/view.h"

enum { FORMATS_MAX = 6, TEXT_MAX = 512 };

/* ---- order -------------------------------------------------------------------------------------------------------------- */

static int number_order(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static int cases_compare(const void *a, const void *b)
{
    const struct report_cell *x = a, *y = b;
    const struct facts *model[] = {&x->cell->model, &y->cell->model};
    const struct facts *parameters[] = {&x->cell->parameters, &y->cell->parameters};
    int order =
        number_order(facts_get_number(model[0], "parameter_count"), facts_get_number(model[1], "parameter_count"));

    if (!order)
        order = strcmp(facts_get_text(model[0], "name", ""), facts_get_text(model[1], "name", ""));
    if (!order)
        order = strcmp(facts_get_text(model[0], "quantization", ""), facts_get_text(model[1], "quantization", ""));
    if (!order)
        order = number_order(facts_get_number(parameters[0], "depth_tokens"),
                             facts_get_number(parameters[1], "depth_tokens"));
    if (!order)
        order = number_order(facts_get_number(parameters[0], "prompt_tokens"),
                             facts_get_number(parameters[1], "prompt_tokens"));
    if (!order)
        order = strcmp(x->key, y->key);
    if (!order)
        order = (x->device > y->device) - (x->device < y->device);
    return order ? order : strcmp(y->source->record->created, x->source->record->created);
}

static void case_words(char *out, size_t size, const struct cases *cases, const struct report_cell *cell)
{
    report_traits_words(out, size, cases->items, cases->count, cases->differing, cases->usual, cell);
}

/* The matrix of a case that multiplies one alone, else the model. */
static void case_name(char *out, size_t size, const struct report_cell *cell)
{
    report_trait_text(out, size, cell, TRAIT_MATRIX);
    if (!*out)
        report_model(out, size, cell);
}

bool cases_open(struct cases *cases, const struct report *report, const struct report_cell *cells, size_t count)
{
    char words[TEXT_MAX];

    *cases = (struct cases){.report = report, .items = calloc(count + 1, sizeof *cases->items)};
    if (!cases->items)
        return false;
    if (count)
        memcpy(cases->items, cells, count * sizeof *cells);
    cases->count = count;
    qsort(cases->items, count, sizeof *cases->items, cases_compare);
    cases->differing = report_traits_differing(cases->items, count);
    report_traits_usual(cases->usual, cases->items, count);
    for (size_t i = 1; i < count; i++)
        cases->several_devices |= cells[i].device != cells[0].device;
    for (size_t i = 0; i < count && !cases->has_words; i++) {
        case_words(words, sizeof words, cases, &cases->items[i]);
        cases->has_words = *words;
    }
    return true;
}

void cases_close(struct cases *cases)
{
    free(cases->items);
    *cases = (struct cases){0};
}

bool cases_open_origin(struct cases *cases, const struct report *report, enum origin origin)
{
    struct report_cell *own = calloc(report->cell_count + 1, sizeof *own);
    size_t count = 0;
    bool good;

    for (size_t i = 0; i < report->cell_count && own; i++)
        if (report->cells[i].source->record->origin == origin)
            own[count++] = report->cells[i];
    *cases = (struct cases){0};
    good = own && cases_open(cases, report, own, count);
    free(own);
    return good;
}

void cases_origin_id(char id[64], const char *name, enum origin origin)
{
    snprintf(id, 64, "%s%s%s", name, origin == ORIGIN_NATIVE ? "" : "-",
             origin == ORIGIN_NATIVE ? "" : origin_name(origin));
}

void cases_origin_title(char *out, size_t size, const char *title, enum origin origin)
{
    snprintf(out, size, "%s%s%s", title, origin == ORIGIN_NATIVE ? "" : ", ",
             origin == ORIGIN_NATIVE ? "" : origin_name(origin));
}

/* ---- words -------------------------------------------------------------------------------------------------------------- */

void cases_label(char *out, size_t size, const struct cases *cases, const struct report_cell *cell)
{
    char model[TEXT_MAX], format[TEXT_MAX], words[TEXT_MAX];

    case_name(model, sizeof model, cell);
    report_format(format, sizeof format, cell);
    case_words(words, sizeof words, cases, cell);
    snprintf(out, size, "%s%s%s%s%s%s%s", model, *format ? " " : "", format, *words ? ", " : "", words,
             cases->several_devices ? ", " : "",
             cases->several_devices ? cases->report->devices[cell->device].name : "");
}

void cases_head(const struct cases *cases, struct grid *grid)
{
    bool matrices = cases->count && *facts_get_text(&cases->items[0].cell->parameters, "matrix", "");

    grid_column(grid, matrices ? "matrix" : "model", "", false);
    grid_column(grid, "format", "", false);
    if (cases->has_words)
        grid_column(grid, "case", "", false);
    if (cases->several_devices)
        grid_column(grid, "device", "", false);
}

void cases_row(const struct cases *cases, struct grid *grid, const struct report_cell *cell)
{
    char text[TEXT_MAX];

    case_name(text, sizeof text, cell);
    grid_text(grid, "%s", text);
    if (cell->source->href)
        grid_href(grid, cell->source->href);
    report_format(text, sizeof text, cell);
    grid_text(grid, "%s", text);
    if (cases->has_words) {
        case_words(text, sizeof text, cases, cell);
        grid_text(grid, "%s", text);
    }
    if (cases->several_devices)
        grid_text(grid, "%s", cases->report->devices[cell->device].name);
}

void cases_launches(char *out, size_t size, const struct cases *cases, enum field field)
{
    size_t least = 0, most = 0;

    for (size_t i = 0; i < cases->count; i++) {
        const struct figure *figure = report_figure(&cases->items[i], field);
        if (!figure || !figure->launches)
            continue;
        least = !least || figure->launches < least ? figure->launches : least;
        most = figure->launches > most ? figure->launches : most;
    }
    if (!most)
        out[0] = '\0';
    else if (least == most)
        snprintf(out, size, "%zu launch%s", most, most == 1 ? "" : "es");
    else
        snprintf(out, size, "%zu to %zu launches", least, most);
}

void cases_common(const struct cases *cases, struct page *page, enum field field)
{
    const uint32_t told =
        ~(1u << TRAIT_MODEL | 1u << TRAIT_FORMAT | 1u << TRAIT_FILE | 1u << TRAIT_MATRIX | 1u << TRAIT_PROGRAM);
    char usual[TEXT_MAX], launches[64];
    bool all = true;

    for (int trait = 0; trait < TRAIT_COUNT; trait++)
        all &= !cases->usual[trait] || !(cases->differing & told & 1u << trait);
    report_traits_usual_words(usual, sizeof usual, cases->items, cases->count, cases->usual);
    cases_launches(launches, sizeof launches, cases, field);
    if (*usual || *launches)
        page_text(page, BLOCK_NOTE, "%s: %s%s%s.", all ? "All cases" : "Unless a case says otherwise", usual,
                  *usual && *launches ? "; " : "", launches);
}

/* ---- charts ------------------------------------------------------------------------------------------------------------- */

/* Series of one panel: bars and points per launch of each format, and the roofs. */
struct panel {
    struct chart *chart;
    struct chart_panel *panel;
    const struct cases_bars *bars;
    char formats[FORMATS_MAX][TEXT_MAX];
    size_t series[FORMATS_MAX], raw[FORMATS_MAX], format_count, roofs;
};

/* Formats beyond the last colour share it. */
static size_t panel_format(struct panel *panel, const struct report_cell *cell)
{
    char format[TEXT_MAX];
    size_t index = 0, count = panel->format_count;

    report_format(format, sizeof format, cell);
    while (index < count && strcmp(panel->formats[index], format) != 0)
        index++;
    if (index < count || count == FORMATS_MAX)
        return index < count ? index : count - 1;
    snprintf(panel->formats[count], sizeof panel->formats[count], "%s", format);
    panel->series[count] = chart_series(panel->chart, panel->panel, format);
    panel->raw[count] = chart_series(panel->chart, panel->panel, "");
    if (panel->raw[count] < panel->panel->series_count) {
        panel->panel->series[panel->raw[count]].raw = true;
        panel->panel->series[panel->raw[count]].like = panel->series[count];
    }
    return panel->format_count++;
}

static void panel_raw(struct panel *panel, const struct report_cell *cell, size_t series, double row)
{
    size_t room = cell->cell->repetition_count, count = 0;
    double *values = calloc(room + 1, sizeof *values);

    if (values)
        count = cell_launch_values(cell->cell, panel->bars->field, values, room);
    for (size_t i = 0; i < count && count > 1; i++)
        chart_add(panel->chart, panel->panel, series, values[i] * panel->bars->scale, row, NAN, NAN, NULL);
    panel->chart->failed |= !values;
    free(values);
}

static void panel_case(struct panel *panel, const struct report_cell *cell, double row)
{
    const struct figure *figure = report_figure(cell, panel->bars->field);
    double scale = panel->bars->scale, share = NAN;
    size_t format = panel_format(panel, cell);

    chart_add(panel->chart, panel->panel, panel->series[format], figure->value * scale, row, figure->ci_low * scale,
              figure->ci_high * scale, NULL);
    panel_raw(panel, cell, panel->raw[format], row);
    if (panel->bars->share != FIELD_COUNT)
        share = report_value(cell, panel->bars->share);
    if (!(share > 0))
        return;
    if (panel->roofs == SIZE_MAX) {
        panel->roofs = chart_series(panel->chart, panel->panel, panel->bars->roof);
        if (panel->roofs < panel->panel->series_count)
            panel->panel->series[panel->roofs].limit = true;
    }
    chart_add(panel->chart, panel->panel, panel->roofs, figure->value / share * scale, row, NAN, NAN, NULL);
}

size_t cases_chart(struct chart *chart, const struct cases *cases, const struct cases_bars *bars)
{
    struct panel panel = {.chart = chart, .bars = bars, .roofs = SIZE_MAX};
    char label[BLOCKS_LABEL_MAX];
    size_t left_out = 0, rows = 0;

    /* All formats before the first roof, which then stands last in the key. */
    for (size_t i = 0; i < cases->count && chart && rows < CHART_ROWS_MAX; i++) {
        if (!report_figure(&cases->items[i], bars->field))
            continue;
        if (!panel.panel && !(panel.panel = chart_panel(chart, CHART_BARS, bars->title, bars->unit, "")))
            return 0;
        panel_format(&panel, &cases->items[i]);
        rows++;
    }
    for (size_t i = 0; i < cases->count && chart; i++) {
        size_t row;
        if (!report_figure(&cases->items[i], bars->field))
            continue;
        cases_label(label, sizeof label, cases, &cases->items[i]);
        row = chart_row(chart, panel.panel, "%s", label);
        if (row == SIZE_MAX)
            left_out++;
        else
            panel_case(&panel, &cases->items[i], (double)row);
    }
    return left_out;
}
