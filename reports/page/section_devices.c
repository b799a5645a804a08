/* Several devices: how fast each is at the same cases, by how much, and what cannot be compared. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/compare_chart.h"
#include "reports/compare_view.h"
#include "reports/page/blocks.h"
#include "reports/page/devices_contest.h"
#include "reports/page/devices_ratio.h"
#include "reports/page/sections.h"
#include "reports/text.h"
#include "reports/units.h"
#include "reports/view.h"

/* How many of each are shown; how many rows a table may have to stand open, and how many are seen at a glance, without sorting. */
enum { CASES_SHOWN = 24, CASES_OPEN = 3, ROWS_SHOWN = 200, ROWS_OPEN = 12, ROWS_SEEN = 3 };
enum { NAME_COLUMNS = 40, LABEL_MAX = 2 * BLOCKS_LABEL_MAX + 2 };

struct column {
    enum field field;
    const char *title, *unit; /* unit "": the cell says it */
    bool bar;
};

static const struct column columns[] = {
    {FIELD_decode_tokens_per_second, "decode", "tok/s", true},
    {FIELD_prefill_tokens_per_second, "prefill", "tok/s", true},
    {FIELD_time_to_first_token_seconds, "first token", "", false},
    {FIELD_peak_private_bytes, "peak memory", "", false},
    {FIELD_energy_joules_per_token, "energy per token", "", false},
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static enum origin origin_of(const struct report_device *device)
{
    return device->sources[0]->record->origin;
}

/* ---- a table of each case ------------------------------------------------------------------------------------------------- */

static void put_figure(struct grid *grid, const struct report_cell *cell, const struct column *column, size_t rank)
{
    const struct figure *figure = report_figure(cell, column->field);
    char text[96], place[24] = "";

    if (!figure) {
        grid_text(grid, "%s", blocks_unknown);
        return;
    }
    if (*column->unit)
        view_figure(text, sizeof text, figure);
    else
        units_format(text, sizeof text, field_unit(column->field), figure->value);
    if (rank)
        snprintf(place, sizeof place, " (%zu)", rank);
    grid_value(grid, figure->value, "%s%s%s%s", text, *figure->scope ? ", " : "", figure->scope, place);
}

/* Columns of figures that any of the cells has; a bit each. */
static unsigned columns_head(struct grid *grid, const struct report_cell *cells, size_t count)
{
    unsigned used = 0;

    for (size_t i = 0; i < COLUMNS; i++)
        if (blocks_any(cells, count, columns[i].field)) {
            grid_column(grid, columns[i].title, columns[i].unit, true);
            used |= 1u << i;
        }
    return used;
}

static double largest(const struct contest *contest, enum field field)
{
    double value = NAN;

    for (size_t i = 0; i < contest->count; i++)
        value = fmax(value, report_value(&contest->cells[i], field));
    return value;
}

static void put_engine(struct grid *grid, const struct report_cell *cell)
{
    grid_text(grid, "%s %s", facts_get_text(&cell->cell->engine, "name", ""),
              facts_get_text(&cell->cell->engine, "version", ""));
}

static void contest_row(struct grid *grid, const struct report *report, const struct contest *contest, size_t index,
                        unsigned used)
{
    const struct report_cell *cell = &contest->cells[index];
    char build[BLOCKS_LABEL_MAX];

    grid_text(grid, "%s", report->devices[cell->device].name);
    if (contest_differs(contest, TRAIT_ENGINE))
        put_engine(grid, cell);
    if (contest_differs(contest, TRAIT_BUILD)) {
        report_trait_text(build, sizeof build, cell, TRAIT_BUILD);
        grid_text(grid, "%s", build);
    }
    for (size_t i = 0; i < COLUMNS; i++) {
        if (!(used & 1u << i))
            continue;
        put_figure(grid, cell, &columns[i], contest_rank(contest, index, columns[i].field));
        if (columns[i].bar)
            blocks_share(grid, report_value(cell, columns[i].field) / largest(contest, columns[i].field));
    }
}

static void show_contest(const struct report *report, struct page *page, const struct contest *contest, size_t index)
{
    char id[BLOCKS_ID_MAX], label[BLOCKS_LABEL_MAX], common[512], caption[800];
    struct grid *grid;

    blocks_id(id, "devices-case", index);
    report_label(label, sizeof label, report, contest->cells, 1, contest->cells);
    report_common(common, sizeof common, report, contest->cells, contest->count);
    snprintf(caption, sizeof caption, "%s%s%s", label, *common ? ", " : "", common);
    grid = page_grid(page, id, caption);
    if (!grid)
        return;
    grid->sortable = contest->count > ROWS_SEEN;
    grid->folded = index >= CASES_OPEN;
    grid_column(grid, "device", "", false);
    if (contest_differs(contest, TRAIT_ENGINE))
        grid_column(grid, "engine", "", false);
    if (contest_differs(contest, TRAIT_BUILD))
        grid_column(grid, "build", "", false);
    unsigned used = columns_head(grid, contest->cells, contest->count);
    for (size_t i = 0; i < contest->count; i++)
        contest_row(grid, report, contest, i, used);
}

/* The device that alone comes first at this case; SIZE_MAX: none does. */
static size_t fastest(const struct contest *contest)
{
    size_t device = SIZE_MAX, leaders = 0;

    for (size_t i = 0; i < contest->count; i++)
        if (contest_rank(contest, i, FIELD_decode_tokens_per_second) == 1) {
            device = contest->cells[i].device;
            leaders++;
        }
    return leaders == 1 ? device : SIZE_MAX;
}

static void tell_fastest(const struct report *report, struct page *page, const struct contests *contests)
{
    size_t device = fastest(&contests->items[0]);
    bool one = contests->count == 1;

    for (size_t i = 1; i < contests->count; i++)
        if (fastest(&contests->items[i]) != device)
            device = SIZE_MAX;
    page_text(page, BLOCK_LEAD, "%zu %s measured on more than one device; %s decodes fastest in %s.", contests->count,
              one ? "case was" : "cases were", device == SIZE_MAX ? "none" : report->devices[device].name,
              one ? "it" : "all of them");
}

static void show_contests(const struct report *report, struct page *page, const struct contests *contests)
{
    if (!contests->count) {
        page_text(page, BLOCK_LEAD, "No case was measured on two devices, so nothing is ranked.");
        return;
    }
    tell_fastest(report, page, contests);
    page_text(
        page, BLOCK_NOTE,
        "Each case stands for itself: same parameters, model and format. In brackets: the place among the devices; "
        "intervals that overlap share one, and a figure without an interval has none. Energy is ranked within "
        "one scope.");
    for (size_t i = 0; i < contests->count && i < CASES_SHOWN; i++)
        show_contest(report, page, &contests->items[i], i);
    if (contests->alone)
        page_text(page, BLOCK_NOTE, "%zu more %s measured on one device alone and %s in the sections below.",
                  contests->alone, contests->alone == 1 ? "case was" : "cases were",
                  contests->alone == 1 ? "stands" : "stand");
    if (contests->count > CASES_SHOWN)
        page_text(page, BLOCK_NOTE, "%zu more cases are in common; their figures stand in the sections below.",
                  contests->count - CASES_SHOWN);
}

/* ---- ratios to the first device ----------------------------------------------------------------------------------------------- */

/* What tells a case from the others of the first device; before it the device that is set against it, where `device` says so. */
static void ratio_label(char out[LABEL_MAX], const struct report *report, const struct device_ratio *ratio, bool device)
{
    char name[BLOCKS_LABEL_MAX], label[BLOCKS_LABEL_MAX];
    size_t count;
    const struct report_cell *cells = blocks_of_device(report->cells, report->cell_count, ratio->base->device, &count);

    report_label(label, sizeof label, report, cells, count, ratio->base);
    text_cut(name, sizeof name, report->devices[ratio->cell->device].name, NAME_COLUMNS);
    snprintf(out, LABEL_MAX, "%s%s%s", device ? name : "", device ? ": " : "", label);
}

/* Is only one device set against the first? */
static bool one_other(const struct device_ratios *ratios)
{
    return ratios->items[0].cell->device == ratios->items[ratios->count - 1].cell->device;
}

static void chart_title(char *out, size_t size, const struct report *report, const struct device_ratios *ratios,
                        const char *base)
{
    char name[BLOCKS_LABEL_MAX];

    text_cut(name, sizeof name, report->devices[ratios->items[0].cell->device].name, NAME_COLUMNS);
    snprintf(out, size, "Speeds%s%s against %s", one_other(ratios) ? " of " : "", one_other(ratios) ? name : "", base);
}

static void show_chart(const struct report *report, struct page *page, const struct device_ratios *ratios,
                       const char *base)
{
    struct compare_chart_row *rows = calloc(ratios->count, sizeof *rows);
    char(*labels)[LABEL_MAX] = calloc(ratios->count, sizeof *labels), title[512];
    struct chart *chart = NULL;
    size_t count = 0;

    for (size_t i = 0; rows && labels && i < ratios->count; i++) {
        const struct device_ratio *ratio = &ratios->items[i];
        if (ratio->row.field != FIELD_decode_tokens_per_second && ratio->row.field != FIELD_prefill_tokens_per_second)
            continue;
        ratio_label(labels[count], report, ratio, !one_other(ratios));
        rows[count] = (struct compare_chart_row){&ratio->row, labels[count]};
        count++;
    }
    chart_title(title, sizeof title, report, ratios, base);
    if (count)
        chart = compare_chart_rows("devices-ratios", title, base, rows, count);
    if (chart)
        page_chart(page, chart);
    page->failed |= !rows || !labels || (count && !chart);
    free(rows);
    free(labels);
}

static void put_verdict(struct grid *grid, const struct comparison_row *row)
{
    static const struct {
        const char *word;
        enum mark mark;
    } verdicts[VERDICT_COUNT] = {[VERDICT_REGRESSED] = {"worse", MARK_NO},
                                 [VERDICT_INCONCLUSIVE] = {"inconclusive", MARK_PART},
                                 [VERDICT_NOT_COMPARABLE] = {"not comparable", MARK_NONE},
                                 [VERDICT_EQUIVALENT] = {"equivalent", MARK_NONE},
                                 [VERDICT_IMPROVED] = {"better", MARK_YES}};

    grid_text(grid, "%s%s%s", verdicts[row->verdict].word, *row->reason ? ": " : "", row->reason);
    grid_mark(grid, verdicts[row->verdict].mark);
}

static void show_ratios(const struct report *report, struct page *page, const struct device_ratios *ratios,
                        const char *base)
{
    char caption[256], text[LABEL_MAX];
    struct grid *grid;

    snprintf(caption, sizeof caption, "Ratios to %s: Hodges–Lehmann over launches, 95 %% interval", base);
    grid = page_grid(page, "devices-ratio-table", caption);
    if (!grid)
        return;
    grid->sortable = ratios->count > ROWS_SEEN;
    grid->folded = ratios->count > ROWS_OPEN;
    grid_column(grid, "device", "", false);
    grid_column(grid, "case", "", false);
    grid_column(grid, "figure", "", false);
    grid_column(grid, "ratio", "", true);
    grid_column(grid, "matters from", "", true);
    grid_column(grid, "verdict", "", false);
    for (size_t i = 0; i < ratios->count; i++) {
        const struct device_ratio *ratio = &ratios->items[i];
        grid_text(grid, "%s", report->devices[ratio->cell->device].name);
        ratio_label(text, report, ratio, false);
        grid_text(grid, "%s", text);
        compare_view_field(text, sizeof text, ratio->row.field);
        grid_text(grid, "%s", text);
        compare_view_ratio(text, sizeof text, &ratio->row.ratio);
        grid_value(grid, ratio->row.ratio.value, "%s", text);
        grid_value(grid, ratio->row.delta_ratio, "%.3g %%", 100 * ratio->row.delta_ratio);
        put_verdict(grid, &ratio->row);
    }
}

static void compare_devices(const struct report *report, struct page *page, size_t base)
{
    struct device_ratios ratios;
    char name[BLOCKS_LABEL_MAX];
    size_t more;

    device_ratios_open(&ratios, report, base);
    more = ratios.count > ROWS_SHOWN ? ratios.count - ROWS_SHOWN : 0;
    ratios.count -= more;
    text_cut(name, sizeof name, report->devices[base].name, NAME_COLUMNS);
    if (ratios.count) {
        show_chart(report, page, &ratios, name);
        show_ratios(report, page, &ratios, name);
    }
    if (more)
        page_text(page, BLOCK_NOTE, "%zu more ratios are left out; `pocketmark compare` has them.", more);
    if (ratios.refusal_count)
        page_text(page, BLOCK_TEXT, "Not compared with %s:", name);
    for (size_t i = 0; i < ratios.refusal_count; i++)
        page_item(page, MARK_WARNING, "%s", ratios.refusals[i]);
    page->failed |= ratios.failed;
    device_ratios_close(&ratios);
}

/* ---- what was not measured here ----------------------------------------------------------------------------------------------- */

static size_t count_foreign(const struct report *report)
{
    size_t count = 0;

    for (size_t i = 0; i < report->cell_count; i++)
        count += origin_of(&report->devices[report->cells[i].device]) != ORIGIN_NATIVE;
    return count;
}

static void foreign_row(struct grid *grid, const struct report *report, const struct report_cell *cell, unsigned used)
{
    size_t count;
    const struct report_cell *cells = blocks_of_device(report->cells, report->cell_count, cell->device, &count);
    char label[BLOCKS_LABEL_MAX];

    grid_text(grid, "%s", report->devices[cell->device].name);
    grid_text(grid, "%s", origin_name(cell->source->record->origin));
    grid_mark(grid, MARK_WARNING);
    put_engine(grid, cell);
    report_label(label, sizeof label, report, cells, count, cell);
    grid_text(grid, "%s", label);
    for (size_t i = 0; i < COLUMNS; i++)
        if (used & 1u << i)
            put_figure(grid, cell, &columns[i], 0);
}

static void show_foreign(const struct report *report, struct page *page)
{
    size_t count = count_foreign(report), shown = 0;
    struct grid *grid;
    unsigned used;

    if (!count)
        return;
    page_text(page, BLOCK_WARNING,
              "Not every figure was measured by this program on the device it is told of. Imported figures are another "
              "program's and unverified; emulated ones have sensors and energy of a recorded machine. They stand in a "
              "table of their own and are not ranked.");
    grid = page_grid(page, "devices-foreign", "Imported and emulated results");
    if (!grid)
        return;
    grid->sortable = count > ROWS_SEEN;
    grid->folded = count > ROWS_OPEN;
    grid_column(grid, "device", "", false);
    grid_column(grid, "origin", "", false);
    grid_column(grid, "engine", "", false);
    grid_column(grid, "case", "", false);
    used = columns_head(grid, report->cells, report->cell_count);
    for (size_t i = 0; i < report->cell_count && shown < ROWS_SHOWN; i++) {
        if (origin_of(&report->devices[report->cells[i].device]) == ORIGIN_NATIVE)
            continue;
        foreign_row(grid, report, &report->cells[i], used);
        shown++;
    }
    if (count > shown)
        page_text(page, BLOCK_NOTE, "%zu more are in the data.", count - shown);
}

/* ---- one device --------------------------------------------------------------------------------------------------------------- */

/* Cases that are there twice were measured by two engines or builds. */
static void show_builds(const struct report *report, struct page *page)
{
    static const enum report_trait traits[] = {TRAIT_ENGINE, TRAIT_BUILD, TRAIT_PROGRAM};
    const struct report_source *told = NULL;

    for (size_t i = 1; i < report->cell_count; i++) {
        const struct report_cell *newer = &report->cells[0], *older = &report->cells[i];
        char a[BLOCKS_LABEL_MAX], b[BLOCKS_LABEL_MAX];
        size_t k = 0;
        while (newer < older && strcmp(newer->key, older->key) != 0)
            newer++;
        while (k < sizeof traits / sizeof *traits && newer->traits[traits[k]] == older->traits[traits[k]])
            k++;
        if (newer == older || older->source == told || k == sizeof traits / sizeof *traits)
            continue;
        if (!told)
            page_text(page, BLOCK_TEXT,
                      "Some cases were measured by more than one build or engine; `pocketmark "
                      "compare` sets such results side by side:");
        report_trait_text(a, sizeof a, newer, traits[k]);
        report_trait_text(b, sizeof b, older, traits[k]);
        page_item(page, MARK_NONE, "%s: %s; %s: %s", newer->source->name, a, older->source->name, b);
        told = older->source;
    }
}

void section_devices(const struct report *report, struct page *page)
{
    struct contests contests;
    size_t natives = 0, first = 0;

    for (size_t i = report->device_count; i--;)
        if (origin_of(&report->devices[i]) == ORIGIN_NATIVE) {
            first = i;
            natives++;
        }
    if (natives > 1) {
        if (contests_open(&contests, report))
            show_contests(report, page, &contests);
        else
            page->failed = true;
        contests_close(&contests);
        compare_devices(report, page, first);
    }
    if (report->device_count > 1)
        show_foreign(report, page);
    else
        show_builds(report, page);
}
