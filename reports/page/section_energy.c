/* How much energy does a token take? Sources of unlike scope are never set side by side, nor are recorded ones with real ones. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/page/energy_charts.h"
#include "reports/page/price.h"
#include "reports/page/sections.h"
#include "reports/text.h"
#include "reports/units.h"

enum { GROUPS_MAX = 8 };

static const enum field fields[] = {FIELD_energy_joules_per_token, FIELD_energy_net_joules_per_token,
                                    FIELD_prefill_energy_joules_per_token, FIELD_prefill_energy_net_joules_per_token,
                                    FIELD_average_power_watts};

enum { FIELD_SHOWN = sizeof fields / sizeof *fields };

/* The first of the figures that there is; it tells source, scope and error. NULL: none. */
static const struct figure *energy_of(const struct report_cell *cell)
{
    for (size_t i = 0; i < FIELD_SHOWN; i++)
        if (report_figure(cell, fields[i]))
            return report_figure(cell, fields[i]);
    return NULL;
}

static bool same_group(const struct report_cell *a, const struct report_cell *b)
{
    const struct figure *first = energy_of(a), *second = energy_of(b);

    return first && second && strcmp(first->scope, second->scope) == 0 &&
           a->source->record->origin == b->source->record->origin;
}

/* ---- figures ------------------------------------------------------------------------------------------------------------ */

/* Of electricity, in the currency the price was told in. */
static double million_tokens_price(const struct report *report, const struct report_cell *cell)
{
    return price_of_million_tokens(report_value(cell, FIELD_energy_joules_per_token), report->price_per_kwh);
}

static void add_row(const struct energy_group *group, struct grid *grid, const struct report_cell *cell)
{
    const struct figure *figure = energy_of(cell);

    cases_row(&group->cases, grid, cell);
    for (size_t i = 0; i < FIELD_SHOWN; i++)
        blocks_figure_interval(grid, cell, fields[i]);
    if (isfinite(group->cases.report->price_per_kwh)) {
        double price = million_tokens_price(group->cases.report, cell);
        if (isfinite(price))
            grid_value(grid, price, "%.3g", price);
        else
            grid_text(grid, "%s", blocks_unknown);
    }
    grid_text(grid, "%s", *figure->source ? figure->source : blocks_unknown);
    grid_text(grid, "%s", *figure->scope ? figure->scope : blocks_unknown);
    if (isfinite(figure->error_ratio))
        grid_value(grid, figure->error_ratio, "±%.2g %%", 100 * figure->error_ratio);
    else
        grid_text(grid, "%s", blocks_unknown);
    blocks_count(grid, (double)figure->launches);
}

static void tabulate(const struct energy_group *group, struct page *page)
{
    static const char *const titles[FIELD_SHOWN] = {"decode, gross", "decode, net", "prefill, gross", "prefill, net",
                                                    "power"};
    char id[BLOCKS_ID_MAX], caption[128];
    struct grid *grid;

    blocks_id(id, "energy-table", group->index);
    snprintf(caption, sizeof caption, "Energy, %s", group->title);
    grid = page_grid(page, id, caption);
    if (!grid)
        return;
    grid->sortable = true;
    cases_head(&group->cases, grid);
    for (size_t i = 0; i < FIELD_SHOWN; i++)
        grid_column(grid, titles[i], fields[i] == FIELD_average_power_watts ? "W" : "J/tok", true);
    if (isfinite(group->cases.report->price_per_kwh))
        grid_column(grid, "electricity", "for a million tokens", true);
    grid_column(grid, "source", "", false);
    grid_column(grid, "scope", "", false);
    grid_column(grid, "error", "of the source", true);
    grid_column(grid, "launches", "", true);
    for (size_t i = 0; i < group->cases.count; i++)
        add_row(group, grid, &group->cases.items[i]);
}

static void tell_least(const struct energy_group *group, struct page *page)
{
    const struct report_cell *least = NULL;
    char label[BLOCKS_LABEL_MAX], value[96];

    for (size_t i = 0; i < group->cases.count; i++) {
        double joules = report_value(&group->cases.items[i], FIELD_energy_joules_per_token);
        if (isfinite(joules) && (!least || joules < report_value(least, FIELD_energy_joules_per_token)))
            least = &group->cases.items[i];
    }
    if (!least)
        return;
    cases_label(label, sizeof label, &group->cases, least);
    report_say(value, sizeof value, report_figure(least, FIELD_energy_joules_per_token), FIELD_energy_joules_per_token);
    page_text(page, BLOCK_LEAD, "%s takes %s%s in decode, gross (%s).", label,
              group->cases.count > 1 ? "the least energy: " : "", value, group->title);
}

/* Notes of the meters themselves: "energy.rapl.note". */
static void tell_notes(const struct energy_group *group, struct page *page)
{
    for (size_t i = 0; i < group->cases.count; i++) {
        const struct facts *facts = &group->cases.items[i].cell->observations;
        char label[BLOCKS_LABEL_MAX], note[400];
        for (size_t k = 0; k < facts->count; k++) {
            const struct fact *fact = &facts->items[k];
            size_t length = strlen(fact->path);
            if (fact->type != FACT_TEXT || strncmp(fact->path, "energy.", 7) != 0 || length < 5 ||
                strcmp(fact->path + length - 5, ".note") != 0)
                continue;
            cases_label(label, sizeof label, &group->cases, &group->cases.items[i]);
            text_cut(note, sizeof note, fact->text, 200);
            page_text(page, BLOCK_NOTE, "%s: %s.", label, note);
        }
    }
}

static void show(const struct energy_group *group, struct page *page)
{
    tell_least(group, page);
    energy_chart_tokens(group, page);
    energy_chart_pareto(group, page);
    tabulate(group, page);
    cases_common(&group->cases, page, FIELD_energy_joules_per_token);
    tell_notes(group, page);
    blocks_missing(page, group->cases.items, group->cases.count, fields, FIELD_SHOWN);
}

/* All cells that belong with the one of that index. */
static void show_group(const struct report *report, size_t first, size_t index, struct page *page)
{
    struct report_cell *cells = calloc(report->cell_count, sizeof *cells);
    struct energy_group group = {.index = index};
    const struct figure *figure = energy_of(&report->cells[first]);
    enum origin origin = report->cells[first].source->record->origin;
    size_t count = 0;

    for (size_t i = first; cells && i < report->cell_count; i++)
        if (same_group(&report->cells[first], &report->cells[i]))
            cells[count++] = report->cells[i];
    snprintf(group.title, sizeof group.title, "%s%s", *figure->scope ? figure->scope : "scope unknown",
             origin == ORIGIN_NATIVE     ? ""
             : origin == ORIGIN_EMULATED ? ", sensors emulated"
                                         : ", imported");
    if (cells && cases_open(&group.cases, report, cells, count))
        show(&group, page);
    else
        page->failed = true;
    cases_close(&group.cases);
    free(cells);
}

/* ---- none ----------------------------------------------------------------------------------------------------------------- */

/* The text of "energy_sources[INDEX].NAME"; "" for none. */
static const char *source_word(const struct facts *device, size_t index, const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "energy_sources[%zu].%s", index, name);
    return facts_get_text(device, path, "");
}

/* A source that is there, or comes when it is asked for. */
static bool could_tell(const char *state)
{
    return strcmp(state, "ready") == 0 || strcmp(state, "on request") == 0;
}

/* What each source says; its reason tells the remedy. True: one is ready, so that its lack is the figures' own. */
static bool list_sources(const struct facts *device, size_t count, struct page *page)
{
    bool ready = false;

    for (size_t i = 0; i < count; i++) {
        const char *state = source_word(device, i, "state"), *scope = source_word(device, i, "scope");
        char label[96], name[48], reason[400];
        text_cut(name, sizeof name, source_word(device, i, "name"), 24);
        text_cut(reason, sizeof reason, source_word(device, i, "reason"), 300);
        snprintf(label, sizeof label, "%s%s%.16s%s", name, *scope ? " (" : "", scope, *scope ? ")" : "");
        page_pair(page, could_tell(state) ? MARK_PART : MARK_NO, label, "%s%s%s", *state ? state : "unknown",
                  *reason ? ": " : "", reason);
        ready |= strcmp(state, "ready") == 0;
    }
    return ready;
}

static void tell_none(const struct report *report, size_t device, struct page *page)
{
    const struct facts *facts = &report->devices[device].source->record->device;
    const char *name = report->devices[device].name;
    size_t sources = 0, count;
    const struct report_cell *cells = blocks_of_device(report->cells, report->cell_count, device, &count);

    while (*source_word(facts, sources, "name"))
        sources++;
    if (sources)
        page_text(page, BLOCK_LEAD, "No energy on %s: of the %zu sources looked for, none gave a figure.", name,
                  sources);
    else
        page_text(page, BLOCK_LEAD, "No energy on %s: its results do not tell which sources were looked for.", name);
    if (list_sources(facts, sources, page) || !sources)
        blocks_missing(page, cells, count, fields, FIELD_SHOWN);
}

static bool has_cells(const struct report *report, size_t device, bool *energy)
{
    size_t count;
    const struct report_cell *cells = blocks_of_device(report->cells, report->cell_count, device, &count);

    *energy = false;
    for (size_t i = 0; i < count; i++)
        *energy |= energy_of(&cells[i]) != NULL;
    return count > 0;
}

void section_energy(const struct report *report, struct page *page)
{
    size_t groups = 0;

    for (size_t i = 0; i < report->cell_count && groups < GROUPS_MAX; i++) {
        bool before = !energy_of(&report->cells[i]);
        for (size_t k = 0; k < i && !before; k++)
            before = same_group(&report->cells[k], &report->cells[i]);
        if (!before)
            show_group(report, i, groups++, page);
    }
    for (size_t device = 0; device < report->device_count; device++) {
        bool energy;
        if (has_cells(report, device, &energy) && !energy)
            tell_none(report, device, page);
    }
    if (groups)
        page_text(page, BLOCK_NOTE,
                  "Gross: all that flowed; net: without what the idle machine takes in that time. The scope says what "
                  "was metered: package is the processor alone, wall the whole machine; figures of unlike scope are "
                  "not compared. Error: how far off the source itself may be, either way.");
}
