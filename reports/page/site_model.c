/* The page of a model: all devices that ran it, ranked figure by figure, case by case. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/page/site_list.h"
#include "reports/page/site_pages.h"
#include "reports/page/site_settle.h"
#include "reports/page/site_table.h"
#include "reports/text.h"

enum { CASES_SHOWN = 16, CASES_OPEN = 2, CHARTS_SHOWN = 4, NAME_COLUMNS = 60, LABEL_COLUMNS = 40, ENGINE_COLUMNS = 20 };

/* A case, and of each device and engine the newest that was measured there, fastest decode first. */
struct ranking {
    struct site_groups groups;
    size_t devices;
};

struct rankings {
    struct ranking *items;
    size_t count;
};

/* ---- which cases -------------------------------------------------------------------------------------------------------- */

static const struct board_group *group_at(const struct site_groups *groups, size_t index)
{
    return &groups->board->groups[groups->items[index]];
}

static const struct board_result *newest_of(const struct site_board *board, const struct board_group *group)
{
    return &board->results[board->rows[group->first_row].result];
}

/* Is there a newer build of the same device and engine? */
static bool outdated(const struct site_groups *groups, size_t index)
{
    const struct board_group *own = group_at(groups, index);

    for (size_t i = 0; i < groups->count; i++) {
        const struct board_group *other = group_at(groups, i);
        if (i != index && other->device == own->device && other->engine_trait == own->engine_trait &&
            site_board_newer(newest_of(groups->board, other), newest_of(groups->board, own)) < 0)
            return true;
    }
    return false;
}

static void ranking_open(struct ranking *ranking, const struct site_board *board, size_t model, const char *key,
                         struct page *page)
{
    const struct site_choice choice = {ORIGIN_NATIVE, SIZE_MAX, model, key};
    struct site_groups all;

    site_choose(&all, board, &choice, BOARD_DECODE, page);
    site_choose(&ranking->groups, board, &choice, BOARD_DECODE, page);
    ranking->groups.count = 0;
    for (size_t i = 0; i < all.count && ranking->groups.items; i++) {
        bool seen = false;
        if (outdated(&all, i))
            continue;
        for (size_t k = 0; k < ranking->groups.count; k++)
            seen |= group_at(&ranking->groups, k)->device == group_at(&all, i)->device;
        ranking->devices += !seen;
        ranking->groups.items[ranking->groups.count++] = all.items[i];
    }
    site_groups_close(&all);
}

/* Most devices first, then by what the case is. */
static int rankings_compare(const void *a, const void *b)
{
    const struct ranking *x = a, *y = b;
    const struct board_group *one = group_at(&x->groups, 0), *other = group_at(&y->groups, 0);
    int order;

    if (x->devices != y->devices)
        return x->devices > y->devices ? -1 : 1;
    order = strcmp(one->format, other->format);
    if (!order)
        order = strcmp(one->parameters, other->parameters);
    return order ? order : strcmp(one->key, other->key);
}

static void rankings_open(struct rankings *rankings, const struct site_board *board, size_t model, struct page *page)
{
    const struct site_choice choice = {ORIGIN_NATIVE, SIZE_MAX, model, NULL};
    struct site_groups groups;

    *rankings = (struct rankings){0};
    site_choose(&groups, board, &choice, BOARD_DECODE, page);
    for (size_t i = 0; i < groups.count; i++) {
        const char *key = group_at(&groups, i)->key;
        struct ranking *ranking = NULL;
        size_t k = 0;
        while (k < rankings->count && strcmp(group_at(&rankings->items[k].groups, 0)->key, key) != 0)
            k++;
        if (k < rankings->count)
            continue;
        if (!(ranking = list_add(&rankings->items, &rankings->count, sizeof *ranking))) {
            page->failed = true;
            break;
        }
        ranking_open(ranking, board, model, key, page);
        if (!ranking->groups.count) { /* without memory alone: every key has a group */
            site_groups_close(&ranking->groups);
            rankings->count--;
            break;
        }
    }
    if (rankings->count)
        qsort(rankings->items, rankings->count, sizeof *rankings->items, rankings_compare);
    site_groups_close(&groups);
}

static void rankings_close(struct rankings *rankings)
{
    for (size_t i = 0; i < rankings->count; i++)
        site_groups_close(&rankings->items[i].groups);
    free(rankings->items);
}

/* ---- places ------------------------------------------------------------------------------------------------------------- */

/* The range that a figure is told with; memory is counted, not timed, and needs none. */
static bool range_of(const struct board_figure *figure, int which, double *low, double *high)
{
    bool exact = which == BOARD_MEMORY && !isfinite(figure->low);

    *low = exact ? figure->value : figure->low;
    *high = exact ? figure->value : figure->high;
    return isfinite(figure->value) && isfinite(*low) && isfinite(*high);
}

/* 1 + how many are better beyond their ranges, so that equal places are shared; 0: there is nothing to tell by. Energy is ranked
 * within one scope. */
static size_t place_of(const struct site_groups *groups, size_t index, int which)
{
    const struct board_group *own = group_at(groups, index);
    bool higher = field_info(site_board_fields[which])->better == BETTER_HIGHER;
    double low, high, other_low, other_high;
    size_t place = 1;

    if (!range_of(&own->figures[which], which, &low, &high))
        return 0;
    for (size_t i = 0; i < groups->count; i++) {
        const struct board_group *other = group_at(groups, i);
        if (i == index || !range_of(&other->figures[which], which, &other_low, &other_high) ||
            (which == BOARD_ENERGY && strcmp(other->scope, own->scope) != 0))
            continue;
        place += higher ? other_low > high : other_high < low;
    }
    return place;
}

/* ---- a case ------------------------------------------------------------------------------------------------------------- */

static bool figure_used(const struct site_groups *groups, int which)
{
    for (size_t i = 0; i < groups->count; i++)
        if (isfinite(group_at(groups, i)->figures[which].value))
            return true;
    return false;
}

static double largest(const struct site_groups *groups, int which)
{
    double most = 0;

    for (size_t i = 0; i < groups->count; i++)
        most = fmax(most, group_at(groups, i)->figures[which].value);
    return most;
}

/* The text of a figure with its place behind it. */
static void put_place(struct grid *grid, const struct site_groups *groups, size_t index, int which)
{
    size_t place = place_of(groups, index, which);
    struct grid_cell *cell;
    char *text;

    if (!place || !grid->cell_count)
        return;
    cell = &grid->cells[grid->cell_count - 1];
    if (!cell->text || asprintf(&text, "%s (%zu)", cell->text, place) < 0) {
        *grid->failed = true;
        return;
    }
    free(cell->text);
    cell->text = text;
}

static void put_rank(struct grid *grid, const struct site_groups *groups, size_t index)
{
    const struct board_group *group = group_at(groups, index);
    const struct board_device *device = &groups->board->devices[group->device];
    char address[SITE_ADDRESS_MAX], text[SITE_TEXT_MAX];

    grid_text(grid, "%s", device->name);
    site_device_address(address, "../", device);
    grid_href(grid, address);
    site_engine_text(text, sizeof text, group);
    grid_text(grid, "%s", text);
    site_group_address(address, "../", groups->board, group);
    for (int i = 0; i < BOARD_FIGURES; i++) {
        if (!figure_used(groups, i))
            continue;
        site_put_figure(grid, group, i, address);
        put_place(grid, groups, index, i);
        if ((i == BOARD_DECODE || i == BOARD_PREFILL) && group->figures[i].value >= 0)
            grid_share(grid, group->figures[i].value / largest(groups, i));
    }
    grid_value(grid, (double)group->row_count, "%zu · %zu", group->row_count, group->launches);
}

static void case_name(char *out, size_t size, const struct board_group *group)
{
    char parameters[SITE_TEXT_MAX];

    text_cut(parameters, sizeof parameters, group->parameters, NAME_COLUMNS);
    snprintf(out, size, "%.60s%s%.180s", group->format, *group->format && *parameters ? ", " : "", parameters);
}

static void build_ranking(const struct ranking *ranking, size_t index, struct page *page)
{
    const struct site_groups *groups = &ranking->groups;
    char id[BLOCKS_ID_MAX], name[SITE_TEXT_MAX], caption[2 * SITE_TEXT_MAX];
    struct grid *grid;

    blocks_id(id, "ranking", index);
    case_name(name, sizeof name, group_at(groups, 0));
    snprintf(caption, sizeof caption, "%s: %zu device%s", name, ranking->devices, ranking->devices == 1 ? "" : "s");
    if (!(grid = page_grid(page, id, caption)))
        return;
    grid->sortable = true;
    grid->folded = index >= CASES_OPEN;
    grid_column(grid, "device", "", false);
    grid_column(grid, "engine", "", false);
    for (int i = 0; i < BOARD_FIGURES; i++)
        if (figure_used(groups, i))
            grid_column(grid, site_figure_title(i), i == BOARD_DECODE || i == BOARD_PREFILL ? "tok/s" : "", true);
    grid_column(grid, "results", "· launches", true);
    for (size_t i = 0; i < groups->count; i++)
        put_rank(grid, groups, i);
}

/* ---- its chart ---------------------------------------------------------------------------------------------------------- */

/* The device, and its engine where the device is there with another one too. */
static void row_label(char *out, size_t size, const struct site_groups *groups, size_t index)
{
    const struct board_group *group = group_at(groups, index);
    char name[SITE_TEXT_MAX], engine[SITE_TEXT_MAX];
    bool twice = false;

    for (size_t i = 0; i < groups->count; i++)
        twice |= i != index && group_at(groups, i)->device == group->device;
    text_cut(name, sizeof name, groups->board->devices[group->device].name, LABEL_COLUMNS);
    text_cut(engine, sizeof engine, group->engine, ENGINE_COLUMNS);
    snprintf(out, size, "%.160s%s%.90s", name, twice ? ", " : "", twice ? engine : "");
}

/* Returns how many rows found no place. */
static size_t panel_fill(struct chart *chart, const struct site_groups *groups, int which, const char *title)
{
    struct chart_panel *panel = chart_panel(chart, CHART_BARS, title, "tokens per second", "");
    size_t series = chart_series(chart, panel, ""), left_out = 0;

    for (size_t i = 0; i < groups->count; i++) {
        const struct board_group *group = group_at(groups, i);
        const struct board_figure *figure = &group->figures[which];
        char name[SITE_TEXT_MAX];
        size_t row;
        if (!isfinite(figure->value))
            continue;
        row_label(name, sizeof name, groups, i);
        row = chart_row(chart, panel, "%s", name);
        left_out += row == SIZE_MAX;
        chart_add(chart, panel, series, figure->value, (double)row, figure->low, figure->high, NULL);
    }
    return left_out;
}

/* "X 48.1 ±0.4 tok/s" of the fastest and the slowest. */
static void build_chart(const struct ranking *ranking, size_t index, struct page *page)
{
    const struct site_groups *groups = &ranking->groups;
    const struct board_group *best = group_at(groups, 0), *last = group_at(groups, groups->count - 1);
    char id[BLOCKS_ID_MAX], name[SITE_TEXT_MAX], most[SITE_TEXT_MAX], least[SITE_TEXT_MAX];
    struct chart *chart;
    size_t left_out[2];

    blocks_id(id, "devices", index);
    case_name(name, sizeof name, best);
    chart = chart_new(id, name);
    left_out[0] = panel_fill(chart, groups, BOARD_DECODE, "Decode");
    left_out[1] = panel_fill(chart, groups, BOARD_PREFILL, "Prefill");
    site_figure_text(most, sizeof most, &best->figures[BOARD_DECODE], BOARD_DECODE, best->row_count > 1);
    site_figure_text(least, sizeof least, &last->figures[BOARD_DECODE], BOARD_DECODE, last->row_count > 1);
    if (groups->count > 1)
        chart_finding(chart, "Decode: from %s tok/s on %s down to %s on %s.", most,
                      groups->board->devices[best->device].name, least, groups->board->devices[last->device].name);
    else
        chart_finding(chart, "Decode: %s tok/s on %s, the only device so far.", most,
                      groups->board->devices[best->device].name);
    chart_foot(chart,
               "Bar: the result's median over launches, or the median over results; whisker: its 95 %% interval, "
               "or the quartiles over results");
    chart_rows_left_out(chart, left_out[0] > left_out[1] ? left_out[0] : left_out[1]);
    page_chart(page, chart);
}

/* ---- the page ----------------------------------------------------------------------------------------------------------- */

static void build_rankings(const struct rankings *rankings, struct page *page)
{
    page_section(page, "ranking", "Devices, case by case");
    if (!rankings->count)
        return;
    page_text(
        page, BLOCK_NOTE,
        "Each case stands for itself. Of each device and engine the newest build counts. In brackets behind a figure: "
        "its place. Figures whose ranges overlap share one; a figure without a range has none; energy is ranked "
        "within one scope.");
    for (size_t i = 0; i < rankings->count && i < CASES_SHOWN; i++) {
        if (i < CHARTS_SHOWN)
            build_chart(&rankings->items[i], i, page);
        build_ranking(&rankings->items[i], i, page);
    }
    if (rankings->count > CASES_SHOWN)
        page_text(page, BLOCK_NOTE, "%zu more cases stand in the table below alone.", rankings->count - CASES_SHOWN);
}

static void build_short(const struct rankings *rankings, const char *name, struct page *page)
{
    const struct ranking *first = rankings->items;
    char words[SITE_TEXT_MAX], speed[SITE_TEXT_MAX];
    const struct board_group *best;

    page_section(page, "short", "In short");
    if (!rankings->count) {
        page_text(page, BLOCK_LEAD,
                  "No device has measured %s with this program; what is known is imported or emulated.", name);
        return;
    }
    best = group_at(&first->groups, 0);
    case_name(words, sizeof words, best);
    site_figure_text(speed, sizeof speed, &best->figures[BOARD_DECODE], BOARD_DECODE, best->row_count > 1);
    page_text(page, BLOCK_LEAD,
              "%s was measured on %zu device%s in the case that most have in common (%s); decode is fastest "
              "on %s, with %s tok/s.",
              name, first->devices, first->devices == 1 ? "" : "s", words,
              first->groups.board->devices[best->device].name, speed);
}

void site_model_build(const struct site *site, size_t model, struct page *page)
{
    const struct site_board *board = &site->board;
    const struct site_choice choice = {ORIGIN_NATIVE, SIZE_MAX, model, NULL};
    struct rankings rankings;
    struct site_groups groups;
    char name[SITE_TEXT_MAX], subtitle[64];

    text_cut(name, sizeof name, board->models[model].name, NAME_COLUMNS);
    page_open(page, name, "");
    rankings_open(&rankings, board, model, page);
    snprintf(subtitle, sizeof subtitle, "%zu case%s", rankings.count, rankings.count == 1 ? "" : "s");
    free(page->subtitle);
    page->failed |= !(page->subtitle = strdup(subtitle));
    build_short(&rankings, name, page);
    build_rankings(&rankings, page);
    site_choose(&groups, board, &choice, BOARD_DECODE, page);
    page_section(page, "figures", "All figures of this model");
    if (groups.count) {
        site_table(page, "figures", "Measured on the devices themselves, by decode, the fastest first", &groups, "../");
        site_table_notes(page);
    }
    site_groups_close(&groups);
    rankings_close(&rankings);
    site_foreign_tables(site, &choice, BOARD_DECODE, "../", page);
}
